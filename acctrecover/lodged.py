"""Records behind a wound that are of another history than those beyond them: they may be a stream that a lost record carried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import numbers
from acctrecover.extent import Oddity
from acctrecover.fill import SHARED
from acctrecover.framed import FramedDialect
from acctrecover.misled import LEAD, bordering
from acctrecover.stream import Found, Offsets, Read, different
from acctrecover.survey import Chain
from acctrecover.telling import CLOSE, alike

LOOKED, LEAST, SHARE, HALF = 8, 3, 0.75, 0.5
"""Serial numbers beyond that tell the history of the stream, at most and at least, and the share that must agree, on one side and
on the other."""
FEW, LEAP, ANEW = 2, 50, 1024
"""How many numbers of one kind, at least, tell that they rise; how many times their largest step no step is; and where they may
begin anew."""
SPAN, NEXT = 1 << 12, 3
"""Bytes of a chain that are looked at, and chains behind a short one."""
PROBED, SEVERAL = 8, 8
"""Bytes by which a copy is looked for, and how many byte strings that begin alike are known at most."""
WITHIN = "may be a part of a lost record, of which more stands beside it"
TOLD = "may be what a lost record carried: its process ids are of another history than those beyond"
STRANGE = "may be what a lost record carried: it is of another format than the records around it"
TURNED = "may be what a record carried whose header is cut off: what follows is of the other byte order"
HEADED = "may be what a record carried of which the header stands right before it, and the end does not"
AMID = "may be what chance makes of a record's payload: a header before it says that one goes on behind it"
ROOM = "may be what a lost record carried: what is lost around it is no more than one may have"

Numbers = npt.NDArray[np.float64]
First = Callable[[Chain], tuple[Found, Numbers]]
"""The first records of a chain, by offsets in it, and their serial numbers, NaN where there is none."""
KEPT = 4 * NEXT
"""Chains of which these are kept: each is asked for as one behind, as itself, and as one before."""


def lodged(chains: Sequence[Chain], size: int, read: Read) -> list[Oddity]:
    """The first records of chains behind gaps, or all of a short one, where the serial numbers are far from those beyond.

    Also all of one between two gaps that one lost record may fill, where they do not agree with those beyond, or the header of one
    that may carry them stands before them; and, where records are made of their like, all of one between two gaps, or a gap and the
    end of an input of `size` bytes, that one may fill.
    """
    first: First = lru_cache(KEPT)(partial(_records, read=read))
    between = zip(chains, chains[1:], chains[2:], strict=False)
    strange = [chain for before, chain, after in between if _carriable(before, chain, after)]
    out = [odd for chain in strange for odd in _suspect(chain, _found(chain, read), chain.count, STRANGE)]
    places = {chain.start for chain in strange}
    chains = [chain for chain in chains if chain.start not in places]
    told: list[tuple[int, int]] = []
    untold: list[Chain] = []
    for index, chain in enumerate(chains):
        dialect, low = chain.dialect, chains[index - 1].stop if index else 0
        if not isinstance(dialect, FramedDialect):
            continue
        if chain.start == low:
            out += _headless(chain, chains[index + 1 : index + 2], first, read) if not index and dialect.loose else []
            continue
        high = chains[index + 1].start if index + 1 < len(chains) else size
        if dialect.nests:
            if high - low <= dialect.largest and (chain.stop < high or _reaches(dialect, low, high, read)):
                found, _ = first(chain)
                out += _suspect(chain, found, len(found.starts), WITHIN)
        elif dialect.loose:
            found, serials = first(chain)
            reach = dialect.largest - dialect.head
            count = _strangers(reach, found, serials)
            close = high <= low + dialect.largest + SHARED
            short = chain.stop - chain.start <= reach
            behind = _behind(chains[index + 1 : index + 1 + NEXT], first) if short or (close and not count) else serials[:0]
            if short:
                count = count or _against(serials, behind)
            known = [each for each in chains[max(0, index - NEXT) : index] if each.start not in places][-1:]
            within = _between(known, serials, chains[index + 1 : index + 1 + NEXT], first, read)
            inside = 0 < within < len(serials) and found.starts[within] <= reach
            count = max(count, within if short or inside else 0)
            out += _suspect(chain, found, count, TOLD)
            if count:
                told.append((chain.start, int(found.stops[count - 1])))
            else:
                untold.append(chain)
            if count == chain.count:
                places.add(chain.start)
            claimed = 0 if count else _claimed(dialect, low, read)
            if chain.stop < high and chain.stop <= claimed and chain.start <= low + dialect.head + LEAD:
                out += _suspect(chain, found, len(found.starts), HEADED)
            elif chain.start + int(found.stops[0]) < claimed and _amid(dialect, low, chain, found.part(0, 1), read):
                out += _suspect(chain, found, 1, AMID)
            if count or not close:
                continue
            before = chains[index - 1] if index and chain.stop == size else None
            cut = before is not None and isinstance(before.dialect, FramedDialect) and _reaches(before.dialect, low, high, read)
            beside = _last(before, read) if before is not None and cut else behind
            if (cut or chain.stop < high) and not alike(serials.tolist(), beside.tolist(), CLOSE):
                out += _suspect(chain, found, len(found.starts), ROOM)
    return out + _copies(told, untold, read)


def _copies(told: Sequence[tuple[int, int]], untold: Sequence[Chain], read: Read) -> list[Oddity]:
    """The first records of chains as suspect that are byte for byte what was told of another one: (start, bytes) of each."""
    lodged: dict[bytes, list[bytes]] = {}
    for start, size in told:
        octets = read(start, start + size).tobytes()
        alike = lodged.setdefault(octets[:PROBED], [])
        if octets not in alike and len(alike) < SEVERAL:
            alike.append(octets)
    out: list[Oddity] = []
    for chain in untold if lodged else ():
        here = read(chain.start, min(chain.stop, chain.start + SPAN)).tobytes()
        for octets in lodged.get(here[:PROBED], ()):
            if here.startswith(octets):
                found = _found(chain, read)
                out += _suspect(chain, found, int(np.searchsorted(found.stops, len(octets), "right")), TOLD)
    return out


def _carriable(before: Chain, chain: Chain, after: Chain) -> bool:
    """Whether a chain of another format stands between two of one whose records may carry as much."""
    dialect = before.dialect
    return (
        isinstance(dialect, FramedDialect)
        and bool(dialect.loose)
        and after.dialect is dialect
        and chain.dialect.declared is not dialect.declared
        and chain.stop - chain.start <= dialect.largest - dialect.head
    )


def _headless(chain: Chain, after: Sequence[Chain], first: First, read: Read) -> list[Oddity]:
    """The first records of an input as suspect that a record carried whose header is cut off: all of a short chain right before
    one of the other byte order, or those whose numbers rise as those beyond do, but are far from them."""
    dialect = chain.dialect
    assert isinstance(dialect, FramedDialect)
    found, serials = first(chain)
    reach = dialect.largest - dialect.head
    for other in after:
        turned = other.dialect.declared is dialect.declared and other.dialect is not dialect
        if turned and other.start <= chain.start + reach and other.count > chain.count:
            return _suspect(chain, found, len(found.starts), TURNED)
    count = _strangers(reach, found, serials, all_of=True)
    kinds = dialect.types(read(chain.start, min(chain.stop, chain.start + SPAN)), found)
    return _suspect(chain, found, count, TOLD) if _leap(kinds, serials, count) else []


def _leap(kinds: Offsets, serials: Numbers, count: int) -> bool:
    """Whether the numbers of one kind of records rise step by step among the first ones, and among the others, and leap between
    them; not down to where they begin anew."""
    for kind in different(kinds[:count]):
        own = kinds == kind
        first, others = (part[~np.isnan(part)] for part in (serials[:count][own[:count]], serials[count:][own[count:]]))
        if len(first) >= FEW and len(others) >= LEAST:
            steps = np.concatenate((np.diff(first), np.diff(others)))
            leap = others[0] - first[-1]
            if steps.min() >= 0 and (leap > LEAP * max(1.0, steps.max()) or (leap < 0 and others[0] > ANEW)):
                return True
    return False


def _claimed(dialect: FramedDialect, low: int, read: Read) -> int:
    """Where a record should end whose header stands at `low` and which may carry others; 0 where none stands there."""
    octets, head = _header(dialect, low, read)
    return low + int(head.sizes[0]) if len(head.sizes) and dialect.loosely(octets, head)[0] else 0


def _amid(dialect: FramedDialect, low: int, chain: Chain, first: Found, read: Read) -> bool:
    """Whether the first record of a chain behind `low` is of a type of any length, and no block begins shortly before it: in a
    payload full of cookies chance makes such headers."""
    octets = read(chain.start, chain.start + dialect.header.size)
    return bool(dialect.loosely(octets, first)[0]) and not bordering(low - 1, chain.start)


def _reaches(dialect: FramedDialect, low: int, high: int, read: Read) -> bool:
    """Whether a header at `low` tells of a record that goes on behind `high`."""
    _, head = _header(dialect, low, read)
    return bool((head.sizes > high - low).any())


def _header(dialect: FramedDialect, low: int, read: Read) -> tuple[npt.NDArray[np.uint8], Found]:
    """The bytes of the header at `low`, and the record that it announces, or none."""
    octets = read(low, low + dialect.header.size)
    heads = dialect.heads(octets)
    return octets, heads.pick(heads.starts == 0)


def _suspect(chain: Chain, found: Found, count: int, why: str) -> list[Oddity]:
    """The first records of a chain as suspect."""
    each = zip(found.starts[:count].tolist(), found.sizes[:count].tolist(), strict=True)
    return [Oddity(chain.start + start, size, "suspect", why) for start, size in each]


def _records(chain: Chain, read: Read) -> tuple[Found, Numbers]:
    """What `First` gives."""
    found = _found(chain, read)
    return found, numbers(chain.dialect, read(chain.start, min(chain.stop, chain.start + SPAN)), found, "serial")[0]


def _found(chain: Chain, read: Read) -> Found:
    """The first records of a chain, by offsets in it."""
    octets = read(chain.start, min(chain.stop, chain.start + SPAN))
    return chain.dialect.offsets(octets, 0, len(octets), chain.start)


def _last(chain: Chain, read: Read) -> Numbers:
    """The serial numbers of the last records of a chain, the last one first."""
    start = chain.tail[0] if chain.tail else chain.stop
    octets = read(start, chain.stop)
    assert isinstance(chain.dialect, FramedDialect)
    found = chain.dialect.offsets(octets, 0, len(octets), start)
    out: Numbers = numbers(chain.dialect, octets, found, "serial")[0][::-1]
    return out


def _behind(chains: Sequence[Chain], first: First) -> Numbers:
    """The first serial numbers of some chains, without those that may be lodged in front of them."""
    out: list[Numbers] = [np.zeros(0)]
    for chain in chains:
        if isinstance(chain.dialect, FramedDialect) and sum(map(len, out)) < LEAST:
            _, serials = first(chain)
            told = serials[~np.isnan(serials)]
            out.append(told[_against(told, told[-LOOKED:]) :])
    return np.concatenate(out)


def _between(before: Sequence[Chain], serials: Numbers, behind: Sequence[Chain], first: First, read: Read) -> int:
    """How many of the first records of a chain are of another history than that of the records before it, which goes on at its end
    or behind it."""
    last = [_last(chain, read) for chain in before if isinstance(chain.dialect, FramedDialect)]
    next_ones = [first(chain)[1] for chain in behind if isinstance(chain.dialect, FramedDialect)]
    sides = np.concatenate((serials[:0], *last)), serials, np.concatenate((serials[:0], *next_ones))[: 8 * LOOKED]
    known, own, beyond = (part[~np.isnan(part)] for part in sides)
    if len(known) < FEW:
        return 0
    middle = float(np.median(known[:LOOKED]))
    near = [np.abs(part - middle) <= CLOSE for part in (known[:LOOKED], beyond if len(beyond) else own[-FEW:])]
    agreed = np.mean(near[0]) >= SHARE and np.count_nonzero(near[1]) >= FEW and np.mean(near[1]) >= HALF
    return _up_to(serials, middle) if agreed else 0


def _strangers(reach: int, found: Found, serials: Numbers, *, all_of: bool = False) -> int:
    """How many of the first records of a chain are strange to its further ones; `reach` is the most that a record carries.

    `all_of`: none where more are strange than it may carry.
    """
    beyond = serials[found.starts > reach]
    beyond = beyond[~np.isnan(beyond)]
    if len(beyond) < LEAST:
        told = serials[~np.isnan(serials)]
        beyond = told[-LEAST:] if len(told) >= 2 * LEAST else told[:0]
    strange, most = _against(serials, beyond), int(np.searchsorted(found.stops, reach, "right"))
    return 0 if all_of and strange > most else min(strange, most)


def _against(serials: Numbers, beyond: Numbers) -> int:
    """How many of the first records are of another history than that of some serial numbers: all up to the first one of it."""
    if len(beyond) < LEAST:
        return 0
    middle = float(np.median(beyond[:LOOKED]))
    if np.mean(np.abs(beyond[:LOOKED] - middle) <= CLOSE) < SHARE:
        return 0
    return _up_to(serials, middle)


def _up_to(serials: Numbers, middle: float) -> int:
    """How many of the first records stand before the one whose number is close to one beyond, and nearer than to the first."""
    told = np.flatnonzero(~np.isnan(serials))
    away, at = np.abs(serials[told] - middle), 0
    while at < len(told) and away[at] > CLOSE:
        own = np.flatnonzero(away[at:] < np.abs(serials[told[at:]] - serials[told[at]]))
        at = at + int(own[0]) if len(own) else len(told)
    return int(told[at]) if at and at < len(told) else len(serials) * (at > 0)
