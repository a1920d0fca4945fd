"""Every candidate of every dialect in a stretch of the input, and the chains that the skeleton makes of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from acctrecover.chain import Skeleton
from acctrecover.dialect import Dialect, numbers
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.grammar import Candidates, Grammar
from acctrecover.misled import misled, taking
from acctrecover.sightings import Sightings, alone
from acctrecover.stream import among

TAKEN_IN = 2
"""Records, each with an end of its own, that a record would have to take in for its length to be wrong."""
LINKED, PLAIN, TAKEN_OVER = 16, 16.0, 4
"""Records of a chain from which on what stands behind is of no matter to where it begins, the bits that each has to prove, and how
many times as long as the largest one they have to be."""
RISK = 1e-3
"""The E-value up to which a chain is believed."""
DAY = 86400.0
YEARS = (6.0e8, 2.3e9)
"""Clocks that need no excuse: 1989 to 2042. Only a preference between readings, never a veto."""
MISLED = 1.5
"""What a record costs whose length takes a series of others in: more than a gap, where one flipped bit explains them."""
EMPTY = 0.1
"""What a record without a payload costs the skeleton."""
DOUBLED = 0.5
"""What a record costs whose header is the cookie twice, as payloads full of cookies have at every second byte."""
CUT = 3.0
"""What it costs more where the second one begins a record that another one follows: the first is all that was written of one."""
UNSOUND = 0.3
"""What a record with a broken payload costs the skeleton: less than a gap."""
FOREIGN = 2e-4
"""What a record of another dialect than the one before the wound costs: only a preference."""
CROWD, DENSE, FEW = 16, 6, 256
"""Bytes for each candidate inside another and for each candidate, and how many of them at least, from which they are a crowd:
where an input is made so that everything in it may be a record, the skeleton would look at every pair of neighbours."""
CANDIDATE = np.dtype(
    [
        ("start", "i8"),
        ("size", "i8"),
        ("landing", "i8"),
        ("owner", "i8"),
        ("bits", "f8"),
        ("cost", "f8"),
        ("unsound", "f8"),
        ("whole", "f8"),
        ("loose", "?"),
        ("clock", "f8"),
        ("serial", "f8"),
    ]
)


@dataclass(frozen=True, slots=True)
class Chain:
    """Linked records [start, stop) of one dialect; `tail` is where the last few start."""

    dialect: Dialect
    start: int
    stop: int
    count: int
    bits: float
    tail: tuple[int, ...]
    measured: bool = False
    """Whether its evidence was measured on the input's own background."""


def dated(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which clocks tell a date that needs no excuse."""
    return np.asarray((seconds >= YEARS[0]) & (seconds <= YEARS[1]))


def join(out: list[Chain], chain: Chain) -> None:
    """Append a chain, or lengthen the last one with it where they touch."""
    last = out[-1] if out else None
    pitch = chain.dialect.pitch
    if (
        last
        and last.stop == chain.start
        and last.dialect is chain.dialect
        and (pitch is None or (chain.start - last.start) % pitch == 0)
    ):
        tail = tuple(start for start in (*last.tail, *chain.tail) if start > chain.stop - chain.dialect.tail)
        out[-1] = replace(last, stop=chain.stop, count=last.count + chain.count, bits=last.bits + chain.bits, tail=tail)
    else:
        out.append(chain)


@dataclass(frozen=True)
class Survey:
    """All candidates of all dialects in a stretch of the input, in offset order; offsets are absolute.

    `found` has the fields of CANDIDATE: `landing` is where the next record must start, `owner` the index of the dialect.
    """

    octets: npt.NDArray[np.uint8]
    low: int
    dialects: Sequence[Dialect]
    found: npt.NDArray[np.void]
    heads: frozenset[tuple[int, int]]
    """(dialect, offset) of sensible headers, also of those whose records are not there whole."""

    def chains(self, high: int, before: Dialect | None, *, final: bool) -> list[Chain]:
        """The skeleton's chains over [low, high), `final` where the input ends there; in a crowd the likeliest ones."""
        if self.crowded():
            return self.likeliest(len(self.octets), set() if before is None else {self.low}, longest=True)
        names = ("start", "landing", "owner", "cost", "unsound", "whole", "bits", "loose", "clock", "serial")
        found = {name: self.found[name].tolist() for name in names}
        given = Candidates(
            starts=found["start"],
            landings=found["landing"],
            dialects=found["owner"],
            costs=found["cost"],
            unsound=found["unsound"],
            whole=found["whole"],
            bits=found["bits"],
            loose=found["loose"],
            clocks=found["clock"],
            serials=found["serial"],
            heads=self.heads | self.begun(high) if final else self.heads,
            padded=self.padded(),
        )
        known = None if before is None else next(i for i, d in enumerate(self.dialects) if d is before)
        grammars = [
            Grammar(d.pitch, d.smallest, d.largest, d.reader(self.octets, self.low), d.name_size if isinstance(d, Fixed) else 0)
            for d in self.dialects
        ]
        path = Skeleton(given, grammars, self.low, high, final=final).path(known)
        return self.linked([step.index for step in path if not step.cut])

    def settled(self, at: int, bits: float) -> int:
        """Where a chain that begins behind `at` proves that much, each of its records not too little, and is so long that no record
        of these dialects takes it in: what stands further on says nothing of where it begins. The end of the bytes where there is
        none."""
        room = TAKEN_OVER * max(dialect.largest for dialect in self.dialects)
        chains: dict[tuple[int, int], tuple[int, int, float]] = {}
        columns = (self.found[name].tolist() for name in ("owner", "start", "landing", "bits"))
        for owner, start, landing, own in zip(*columns, strict=True):
            first, count, proof = chains.pop((owner, start), (start, 0, 0.0))
            if first > at:
                if count >= LINKED and proof >= max(bits, PLAIN * count) and landing - first >= room:
                    return int(landing)
                chains[owner, landing] = first, count + 1, proof + own
        return self.low + len(self.octets)

    def up_to(self, high: int) -> Survey:
        """The same of the bytes before `high` alone."""
        ends = self.found["start"] + self.found["size"]
        cut = self.found[(self.found["start"] < high) & (ends > high)]
        heads = self.heads.union(zip(cut["owner"].tolist(), cut["start"].tolist(), strict=True))
        kept = frozenset(head for head in heads if head[1] < high)
        return Survey(self.octets[: high - self.low], self.low, self.dialects, self.found[ends <= high], kept)

    def crowded(self) -> bool:
        """Whether more candidates begin, or begin inside others, than a wound in a stream leaves: one for every DENSE or CROWD
        bytes."""
        inside = self.found["start"][1:] < np.maximum.accumulate(self.found["landing"])[:-1]
        many = max(int(np.count_nonzero(inside)) * CROWD, len(self.found) * DENSE)
        return many > max(FEW * CROWD, len(self.octets))

    def likeliest(
        self, room: int, edges: set[int], risk: float = RISK, *, longest: bool = False, ends: Mapping[int, set[int]] | None = None
    ) -> list[Chain]:
        """The chains whose E-value over `room` bytes is at most `risk`, of those that overlap the best, or the `longest`: what
        carries a stream is longer than the stream. None that another of its dialect holds as a whole. In offset order.

        A chain that starts or stops at one of `edges`, where other chains end or begin, needs no room; nor does one at the `ends`
        of its dialect, by its number. In linear time, but for sorting: many chains may share their last records.
        """
        owners, starts, landings, bits = (self.found[name].tolist() for name in ("owner", "start", "landing", "bits"))
        ahead = {key: i for i, key in enumerate(zip(owners, starts, strict=True))}
        links = [ahead.get(key, -1) for key in zip(owners, landings, strict=True)]
        heads = [True] * len(links)
        for i in range(len(links) - 1, -1, -1):
            if (after := links[i]) != -1:
                heads[after] = False
                bits[i] += bits[after]
                landings[i] = landings[after]  # of the whole chain from here on
        safe = np.log2(room)
        own = [edges | (ends or {}).get(number, set()) for number in range(len(self.dialects))]
        margins = [
            (bits[i] - (0 if starts[i] in own[owners[i]] or landings[i] in own[owners[i]] else safe), i)
            for i, head in enumerate(heads)
            if head
        ]
        taken: list[tuple[int, int, int]] = []  # (start, stop, head), none overlapping another
        high = self.low + len(self.octets)
        believed = [(margin, head) for margin, head in margins if 2.0**-margin <= risk]
        carried, reached = set(), [self.low] * len(self.dialects)
        for _, head in sorted(believed, key=lambda pair: (starts[pair[1]], -landings[pair[1]])):
            if landings[head] <= reached[owners[head]]:
                carried.add(head)
            elif landings[head] <= high:
                reached[owners[head]] = landings[head]
        believed = [pair for pair in believed if pair[1] not in carried]
        for _, head in sorted(believed, key=lambda pair: (starts[pair[1]] - landings[pair[1]] if longest else -pair[0], pair[1])):
            at = bisect_left(taken, (landings[head],))
            if landings[head] <= high and (not at or taken[at - 1][1] <= starts[head]):
                taken.insert(at, (starts[head], landings[head], head))
        out: list[int] = []
        for _, _, at in taken:
            while at != -1:
                out.append(at)
                at = links[at]
        return self.linked(out)

    def begun(self, high: int) -> frozenset[tuple[int, int]]:
        """(dialect, offset) behind records of fixed size where less than one is left up to `high`, as sound as it can be."""
        found = self.found
        out = set()
        for number, dialect in enumerate(self.dialects):
            if isinstance(dialect, Fixed):
                ends = found["landing"][(found["owner"] == number) & (found["landing"] > high - dialect.size)]
                rests = ((end, self.octets[end - self.low : high - self.low].tobytes()) for end in set(ends.tolist()) - {high})
                out |= {(number, end) for end, rest in rests if dialect.shape.prefix(rest)[2]}
        return frozenset(out)

    def padded(self) -> frozenset[tuple[int, int]]:
        """(end, start) of framed records between which stand fewer zero bytes than a header has, and nothing else."""
        filled = [isinstance(d, FramedDialect) and d.declared.fill is not None for d in self.dialects]
        framed = self.found[np.array(filled)[self.found["owner"]]]
        stops, starts = framed["start"] + framed["size"], framed["start"]
        pairs: set[tuple[int, int]] = set()
        for width in range(1, min((d.smallest for d, fill in zip(self.dialects, filled, strict=True) if fill), default=1)):
            near = stops[among(stops + width, starts)]
            pairs.update(
                (end, end + width) for end in near.tolist() if not self.octets[end - self.low : end - self.low + width].any()
            )
        return frozenset(pairs)

    def linked(self, path: Sequence[int]) -> list[Chain]:
        """Chosen candidates joined where one lands on the next."""
        chosen = self.found[np.asarray(path, np.int64)]
        starts, landings, owners = chosen["start"], chosen["landing"], chosen["owner"]
        joined = (landings[:-1] == starts[1:]) & (owners[:-1] == owners[1:])
        edges = [0, *(np.flatnonzero(~joined) + 1).tolist(), len(chosen)]
        out: list[Chain] = []
        for low, high in pairwise(edges) if len(chosen) else ():
            dialect = self.dialects[int(owners[low])]
            stop, tail = int(landings[high - 1]), max(low, high - dialect.tail)
            ends = tuple(start for start in starts[tail:high].tolist() if start > stop - dialect.tail)
            bits = float(chosen["bits"][low:high].sum())
            out.append(Chain(dialect, int(starts[low]), stop, high - low, bits, ends))
        return out


def survey(
    octets: npt.NDArray[np.uint8],
    low: int,
    dialects: Sequence[Dialect],
    before: Dialect | None = None,
    risk: float = RISK,
    sightings: Sightings | None = None,
) -> Survey:
    """Find the candidates of every dialect at every offset of `octets`, which begin at `low` of the input, in which `sightings` may
    have found them before.

    Candidates with no neighbour and too little evidence for the room are left out.
    """
    parts: list[npt.NDArray[np.void]] = [np.zeros(0, CANDIDATE)]
    heads: set[tuple[int, int]] = set()
    looked = alone(dialects, octets) if sightings is None else sightings.found(dialects, octets, low, risk)
    for index, found in looked:
        dialect = dialects[index]
        if isinstance(dialect, FramedDialect):
            cut = found.starts[found.starts >= len(octets) - dialect.largest]
            found = dialect.whole(found, len(octets))
            told, kept = dialect.ends(octets, found)
            firm = found.starts[kept]
            cut = cut[len(firm) - np.searchsorted(firm, cut, "right") < TAKEN_IN]
            heads.update((index, low + int(start)) for start in cut)
            inside = np.searchsorted(firm, found.stops) - np.searchsorted(firm, found.starts, "right")
            own = ~told | kept | (inside < TAKEN_IN)
            found = found if own.all() else found.pick(own)
        else:
            found = dialect.candidates(octets, low, found.starts)
        if not len(found.starts):
            continue
        landings = dialect.landing(octets, low, found.stops)
        linked = among(landings, found.starts) | among(found.starts, np.sort(landings)) | (found.starts == 0)
        linked |= landings >= len(octets)
        lone = found.pick(~linked)
        if len(lone.starts):
            linked[~linked] = len(octets) * np.exp2(-dialect.bits(octets, lone)) <= risk
        found, landings = found.pick(linked), landings[linked]
        part = np.zeros(len(found.starts), CANDIDATE)
        part["start"], part["size"], part["landing"], part["owner"] = found.starts + low, found.sizes, landings + low, index
        if isinstance(dialect, FramedDialect):
            part["whole"][misled(dialect, octets, found, landings, taking(found, landings), low)] = MISLED
            part["cost"][found.sizes == dialect.smallest] += EMPTY
            twice = dialect.doubled(octets, found)
            part["cost"][twice] += DOUBLED
            firm = found.starts[~twice & among(landings, found.starts)]
            part["cost"][twice & among(found.starts + len(dialect.opening), firm)] += CUT
        sound, part["bits"] = dialect.judged(octets, found)
        part["clock"], part["serial"] = numbers(dialect, octets, found, "clock", "serial")
        part["cost"] += _incoherence(part["clock"]) + (FOREIGN if before not in (None, dialect) else 0.0)
        part["unsound"] = np.where(sound, 0.0, UNSOUND)
        part["loose"] = dialect.loosely(octets, found)
        parts.append(part)
    joined = np.concatenate(parts)
    return Survey(octets, low, dialects, joined[np.argsort(joined["start"], kind="stable")], frozenset(heads))


def stranded(
    octets: npt.NDArray[np.uint8],
    low: int,
    room: int,
    edges: set[int],
    dialects: Sequence[Dialect],
    risk: float = RISK,
    ends: tuple[set[int], set[int]] = (set(), set()),
    sightings: Sightings | None = None,
) -> list[Chain]:
    """The chains inside one gap whose E-value over it is at most `risk`, in offset order.

    `octets` is the gap or a part of it, at `low` of the input; `room` the size of the whole gap. A chain that starts or
    stops exactly at one of `edges`, where other chains end or begin, needs no room, nor does one at the input's `ends`, if it is of
    a dialect whose id stands beside them.
    """
    dialects = [dialect for dialect in dialects if dialect.smallest <= len(octets)]
    if not dialects or not octets.any():
        return []
    familiar = {number: ends[0] for number, dialect in enumerate(dialects) if id(dialect) in ends[1]}
    return survey(octets, low, dialects, None, risk, sightings).likeliest(room, edges, risk, ends=familiar)


def _incoherence(seconds: npt.NDArray[np.float64]) -> float:
    """Nearly 0, less than a byte is worth: how far the clocks of candidates are from a history, to tell byte orders apart.

    Leaps of a clock speak louder than dates: some genuine streams are older than YEARS.
    """
    seconds = seconds[~np.isnan(seconds)]
    if not len(seconds):
        return 0.0
    odd = float((~dated(seconds)).mean())
    jumps = float((np.abs(np.diff(seconds)) > DAY).mean()) if len(seconds) > 1 else 0.0
    return 1e-4 * (odd + 2 * jumps)
