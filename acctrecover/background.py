"""What chance leaves in the bytes that are really there: a record's evidence measured on an input's unexplained bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf, log2

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import clocks
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.stream import Found, Read
from acctrecover.survey import RISK, Chain, dated
from acctrecover.voids import Voids

PIECE, PIECES = 1 << 12, 16
"""Bytes of a place where the background is measured, and how many of these there are at most, evenly spread."""
WIDE = 32
"""How many times as many bytes are searched for headers, which takes less time."""
MEMBERS = 64
"""Offsets that must have kept a rule for the next one to be measured over these alone."""
OWN = 0.5
"""The share of an input from which on it is a stream of the dialect that explains it, and no background."""
SURE = 20.0
"""Bits beyond the whole input from which a chain stands for its stream, and others of it are expected nearby."""
NEARBY = 1 << 16
"""Bytes from a chain that is believed in which other records of its stream are expected."""
PRIOR = 0.1
"""Headers that are counted as seen at the rate of uniform bytes, before any is."""
DAY, AGREE = 86400.0, 13.0
"""Seconds between clocks that agree, and the bits that is worth: dates are taken from 54 years."""
MONTH = 30 * 86400.0
"""Seconds between two records' clocks up to which one history can have both."""
BATCH = 1 << 15
"""Records whose clocks are looked at together."""

TELLING = 12.0
"""Bits of a record from which it is no table's."""
SHARES = ((10.0, 1 / 3), (22.0, 1 / 2))
"""Bits of a record below which records prove that share of what they would if they were independent of each other, as a table's
are not; and their chains have the input's room."""

Floats = npt.NDArray[np.float64]


class Background:
    """The unexplained bytes of an input, and the evidence of each dialect's records over them; measured when first asked for."""

    def __init__(self, chains: Sequence[Chain], size: int, read: Read, voids: Voids | None = None) -> None:
        voids = voids or Voids()
        self.read, self.room = read, max(1, size - voids.size)
        edges = [0, *(edge for chain in chains for edge in (chain.start, chain.stop)), size]
        self.gaps = [part for a, b in zip(edges[::2], edges[1::2], strict=True) for part in voids.solid(a, b)]
        self.known: dict[int, Floats] = {}
        self.lost: dict[int, float] = {}

    def worth(self, dialect: Fixed) -> Floats:
        """Bits of a sound record that has a date, rule by rule and last its date: shape (rules + 1,)."""
        if id(dialect) not in self.known:
            self.known[id(dialect)] = self._fixed(dialect)
        return self.known[id(dialect)]

    def loss(self, dialect: FramedDialect) -> float:
        """The bits that each record of a framed dialect loses here, below 0."""
        if id(dialect) not in self.lost:
            self.lost[id(dialect)] = self._framed(dialect)
        return self.lost[id(dialect)]

    def unused(self) -> int:
        """The NUL bytes of the gaps, which in an array are slots without a record."""
        steps = ((low, min(b, low + BATCH * WIDE)) for a, b in self.gaps for low in range(a, b, BATCH * WIDE))
        return sum(stop - start - int(np.count_nonzero(self.read(start, stop))) for start, stop in steps)

    def _pieces(self, wide: int) -> Iterable[npt.NDArray[np.uint8]]:
        size = PIECE * wide
        every, at = -(-sum(b - a for a, b in self.gaps) // (PIECES * size)), 0
        for a, b in self.gaps:
            count = -(-(b - a) // size)
            for index in range(-at % every, count, every):
                yield self.read(a + index * size, min(b, a + (index + 1) * size))
            at += count

    def _fixed(self, dialect: Fixed) -> Floats:
        """Rule by rule over the offsets that keep those before, so that rules which zeros keep together are not counted twice."""
        shape = dialect.shape
        out = np.zeros(len(shape.rules) + 1)
        views = [shape.gather(part, np.arange(len(part) - shape.size + 1)) for part in self._pieces(1) if len(part) >= shape.size]
        if not views:
            out[:-1] = shape.weights
            return np.asarray(out * min(1.0, shape.bits / out.sum()))
        left = np.concatenate(views)
        for row in (*shape.by_cost, *([] if shape.record.clock is None else [len(shape.rules)])):
            kept = dated(shape.clocks(left)) if row == len(shape.rules) else shape.holds(row, left)
            count = int(np.count_nonzero(kept))
            out[row] = -log2((count + 1) / (len(left) + 1))
            if count >= MEMBERS:
                left = left[kept]
        return np.asarray(out * min(1.0, shape.bits / max(out.sum(), 1e-9)))

    def _framed(self, dialect: FramedDialect) -> float:
        seen = searched = 0
        for part in self._pieces(WIDE):
            seen += len(dialect.heads(part).starts)
            searched += len(part)
        uniform = dialect.header_bits
        return min(0.0, -log2((seen + PRIOR) / (searched + PRIOR * 2**uniform)) - uniform)


def sober(chains: list[Chain], size: int, ground: Background, risk: float = RISK) -> list[Chain]:
    """The chains that are no chance in this input, with their evidence measured on its background where that counts.

    It does not count for the dialect that explains most of the input, nor near a chain of the same dialect that stands by itself.
    """
    explained: dict[int, int] = {}
    for chain in chains:
        explained[id(chain.dialect)] = explained.get(id(chain.dialect), 0) + chain.stop - chain.start
    filled = ground.room - ground.unused() if any(chain.dialect.slots for chain in chains) else ground.room
    own = {name for name, octets in explained.items() if octets >= OWN * filled}
    few = Counter(chain.count for chain in chains if id(chain.dialect) not in own and chain.dialect.pitch is not None)
    weighed = [  # a stream may explain its share only with what was found in its gaps
        replace(chain, measured=False) if id(chain.dialect) in own else weigh(chain, ground, few) for chain in chains
    ]
    sure = [chain for chain in weighed if id(chain.dialect) in own or (chain.count > 3 and chain.bits >= SURE + log2(ground.room))]
    edges = [0, *(edge for chain in sure for edge in (chain.start, chain.stop)), size]
    formats = {id(chain.dialect.declared) for chain in sure}
    out = []
    for chain, weight in zip(chains, weighed, strict=True):
        at = bisect_right(edges, chain.start)
        between = edges[min(at, len(edges) - 1)] - edges[at - 1]
        weak = isinstance(chain.dialect, Fixed) and _share(chain.dialect) < 1
        room = ground.room if chain.count == 1 or weak else max(1, min(ground.room, between))  # what stands alone has the input's
        if not weak and chain.start == 0 and id(chain.dialect.declared) in formats:
            room = 1  # there is but one place to begin a stream of a format that the input holds, if in the other byte order
        if id(chain.dialect) in own or room * 2.0**-weight.bits <= risk:
            out.append(weight)
        elif (near := _near(chain, sure, at // 2, ground.read)) is not None:
            bits = weight.bits + near
            if min(room, 2 * NEARBY) * 2.0**-bits <= risk:
                out.append(replace(weight, bits=bits))
    return out


def _near(chain: Chain, sure: list[Chain], at: int, read: Read) -> float | None:
    """What it adds that one of the sure chains on either side, number `at` the first behind it, is of the same dialect and not
    far: more where their clocks agree. None where there is none."""
    best = None
    for other in sure[max(0, at - 1) : at + 1]:
        if other.dialect is chain.dialect and other.start <= chain.stop + NEARBY and chain.start <= other.stop + NEARBY:
            clock = chain.dialect.pitch is not None and chain.dialect.shape.record.clock is not None  # type: ignore[union-attr]
            agree = clock and abs(_first(chain, read) - _first(other, read)) <= DAY
            best = max(best or 0.0, AGREE if agree else 0.0)
    return best


def _first(chain: Chain, read: Read) -> float:
    """The clock of the first record of a chain."""
    dialect = chain.dialect
    octets = read(chain.start, chain.start + dialect.largest)
    return float(clocks(dialect, octets, Found(np.zeros(1, np.int64), np.array([dialect.largest])))[0])


def weigh(chain: Chain, ground: Background, few: Counter[int]) -> Chain:
    """The chain with its evidence over a background; `few` counts the others, too, by their records.

    What stands in a table looks like a record again and again: of records of one size a link is worth no more than the other
    chains of one and of two records say that it is, and only what is new in a record counts.
    """
    dialect = chain.dialect
    if chain.measured:
        return chain
    if isinstance(dialect, FramedDialect):
        return replace(chain, bits=chain.bits + chain.count * ground.loss(dialect), measured=True)
    worth = ground.worth(dialect)
    alone, pairs = (few[count] - (chain.count == count) for count in (1, 2))
    link = log2((alone + pairs + 1) / (pairs + 1)) if alone + pairs else inf
    told = _told(chain, dialect, worth, link, ground.read)
    return replace(chain, bits=min(chain.bits, told * _share(dialect)), measured=True)


def _share(dialect: Fixed) -> float:
    return next((share for bits, share in SHARES if dialect.shape.bits < bits), 1.0)


def _told(chain: Chain, dialect: Fixed, worth: Floats, link: float, read: Read) -> float:
    """The evidence of a chain's records: none of one without a date, or with one far from that of the record before, nor of rules
    over fields that are NUL; nor, where a record is not TELLING, of fields that are as in the record before, or beyond `link`."""
    shape, total, before = dialect.shape, 0.0, None
    for low in range(chain.start, chain.stop, BATCH * dialect.size):
        octets = read(low, min(chain.stop, low + BATCH * dialect.size))
        found = dialect.offsets(octets, 0, len(octets))
        if not len(found.starts):
            continue
        records = octets[found.starts[:, None] + np.arange(dialect.size)]
        earlier = np.concatenate((np.zeros((1, dialect.size), np.uint8) if before is None else before, records[:-1]))
        new = (records != 0) & ((records != earlier) | (shape.bits >= TELLING))
        bits = np.zeros(len(records))
        for row, reads in enumerate(shape.reads):
            spans = [shape.dtype.fields[name] for name in reads]  # type: ignore[index]
            says = np.any([new[:, at : at + kind.itemsize].any(axis=1) for kind, at in (span[:2] for span in spans)], axis=0)
            bits += worth[row] * says
        if shape.record.clock is not None:
            seconds = clocks(dialect, octets, found)
            good = dated(seconds)
            good[1:] &= np.abs(np.diff(seconds)) <= MONTH
            bits = np.where(good, bits + worth[-1], 0.0)
        capped = np.where(bits < TELLING, np.minimum(bits, link), bits)
        if before is None:  # the first that tells anything is no link
            first = int(np.argmax(bits > 0))
            capped[first] = bits[first]
        total += float(capped.sum())
        before = records[-1:]
    return total
