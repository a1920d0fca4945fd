"""Records whose length one flipped bit would make right, and that take other records in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, compress, pairwise
from math import isnan
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from acctrecover.kinds import Kinds
from acctrecover.shape import Shape
from acctrecover.stream import BLOCK, Found, Offsets, among, different
from acctrecover.telling import CLOSE, HOUR, LOOKED, alike, told

LEAD = 16
"""Bytes of a payload before the stream that it carries, at most."""
HABIT = 3
"""Records of a type that take in others of the stream's own history, from which on that is what their writer does."""
CARRIERS = 16
"""Records at most, at once, of which also what those that they carry take in is looked at: in a hostile input many carry many."""
MOST, BESIDE = 4 * LOOKED, 64
"""Records that are followed at most where their history is asked, and candidates that are looked at together for that."""
REST = 72
"""Bytes of another record's end, at most, that a block may begin with: more than of most records."""
TELLING = 24.0
"""Bits of the records that a sound one takes in, from which its length is wrong: fewer are there by chance in long streams."""
Octets = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


class Judge(Protocol):
    """What a dialect says of its records: see `FramedDialect`."""

    head: int
    shift: int
    kinds: Kinds

    def sound(self, octets: Octets, found: Found) -> Bools: ...

    def ends(self, octets: Octets, found: Found) -> tuple[Bools, Bools]: ...

    def types(self, octets: Octets, found: Found) -> Offsets: ...

    def bits(self, octets: Octets, found: Found) -> npt.NDArray[np.float64]: ...

    def shapes(self, octets: Octets, found: Found, *having: str) -> list[tuple[Shape, int, Offsets]]: ...


def taking(found: Found, landing: Offsets) -> Offsets:
    """The candidates inside which another one begins, that end where another one ends."""
    which = np.flatnonzero(found.starts[1:] < found.stops[:-1])
    if not len(which):
        return which
    inner = np.append(False, found.starts[1:] < np.maximum.accumulate(found.stops)[:-1])
    inner[which] = True
    lands = np.sort(landing[inner])
    return which[among(landing.take(which), lands[1:][lands[1:] == lands[:-1]])]


def misled(
    judge: Judge, octets: Octets, found: Found, landing: Offsets, which: Offsets, base: int, *, nested: bool = True
) -> list[int]:
    """Which candidates, of those `taking` others in, have a wrong length, by a flipped bit or because they were cut.

    Their payload ends in a chain of records that starts just where the payload would end with that bit flipped back. One
    such record is damage; where several of a type are alike, it is their writer's habit. But a record that breaks the rules
    that tell where it ends is damage in any case, and so is one that breaks others and may have no other length. And so is a
    sound one in whose middle records of the very history begin that goes on behind it: chance lets it end where one of them does.
    `landing` is where the record behind each candidate must start; the bytes begin at `base` of the input. `nested`: those that the
    first ones carry are looked at, too.
    """
    which = which[found.starts.take(which + 1) < found.stops.take(which)]
    if not len(which):
        return []
    taken = found.pick(which)
    sound, (closed, kept) = judge.sound(octets, taken), judge.ends(octets, taken)
    endless = closed & ~kept
    following = np.searchsorted(found.starts, taken.stops)
    lead = found.starts.take(which + 1) - taken.starts - judge.head
    apart = endless | ~sound | (lead < 0) | (lead > LEAD)  # all others carry a stream from their payload's start on
    differing = lead - judge.shift ^ taken.sizes - judge.head - judge.shift
    apart |= differing & differing - 1 == 0  # or have no payload but for a flipped bit
    apart |= _several(found, landing, which, following)  # or another one behind it
    apart |= bordering(taken.starts + base, found.starts.take(which + 1) + base)  # or may begin where another block does
    odd = np.flatnonzero(apart)
    which, taken = which.take(odd), taken.pick(odd)
    following, numbers = following.take(odd).tolist(), judge.types(octets, taken).tolist()
    each = zip(which.tolist(), following, numbers, sound[odd].tolist(), endless[odd].tolist(), strict=True)
    looked = [one for i, behind, *rest in each if (one := _taken(judge, found, landing, base, i, behind, *rest)) is not None]
    out = _wrong(judge, octets, found, landing, looked)
    carriers = [one for one in looked if one.whole and not one.unclosed and 0 <= one.lead <= LEAD][:CARRIERS] if nested else []
    if carriers:  # those in which one begins inside another
        crossed = np.flatnonzero(found.starts[1:] < found.stops[:-1])
        low, high = np.searchsorted(crossed, np.array([(one.at + 1, one.behind - 1) for one in carriers]).T)
        carriers = list(compress(carriers, (low < high).tolist()))
    inner = [taking(found.part(one.at + 1, one.behind), landing[one.at + 1 : one.behind]) + one.at + 1 for one in carriers]
    within = different(np.concatenate(inner)) if carriers else which[:0]
    bad = frozenset(misled(judge, octets, found, landing, within, base, nested=False))
    if bad:  # what leads to the end of one through a misled record does not lead there
        anew = (
            _taken(judge, found, landing, base, one.at, one.behind, one.number, one.whole, one.unclosed, bad) for one in carriers
        )
        out += _wrong(judge, octets, found, landing, [one for one in anew if one is not None and one.lead > LEAD])
    return sorted(out)


def _wrong(judge: Judge, octets: Octets, found: Found, landing: Offsets, looked: Sequence[Taking]) -> list[int]:
    """Which of those that take others in have a wrong length."""
    asked = [one for one in looked if one.whole and not one.unclosed and (one.lead > LEAD or one.one_bit or one.bordered)]
    own = {one.at for one, is_own in zip(asked, _own(judge, octets, found, landing, asked), strict=True) if is_own}
    out: dict[int, list[int]] = {}
    owns: dict[int, list[int]] = {}
    sure: list[int] = []
    for one in looked:
        if one.unclosed:
            sure.append(one.at)
        elif one.at in own:
            owns.setdefault(one.number, []).append(one.at)
        elif one.whole and 0 <= one.lead <= LEAD:
            continue
        elif (one.lead < 0 or not one.whole or one.one_bit) and not (one.whole and one.carrier):
            low, high = judge.kinds.span(one.number)
            proven = (one.lead > LEAD or low == high) and _proof(judge, octets, found, one.ends) >= TELLING
            if not one.whole and low == high and proven:
                sure.append(one.at)
            elif (one.lead < 0 or not one.whole or proven) and low <= max(one.lead, 0) <= high:
                out.setdefault(one.number, []).append(one.at)
    sure += [i for group in owns.values() if len(group) < HABIT for i in group]
    return sure + [group[0] for group in out.values() if len(group) == 1]


class Taking(NamedTuple):
    """A candidate that takes others in: of what type, whether it keeps its rules, and whether it breaks those that tell its end."""

    at: int
    behind: int
    """The first candidate behind it."""
    number: int
    whole: bool
    unclosed: bool
    ends: set[int]
    """Where those begin that lead to where it ends, the first of them at `low`, the end at `high`."""
    low: int
    high: int
    lead: int
    """Bytes of its payload before these."""
    one_bit: bool
    """Whether its length is that lead but for one bit."""
    carrier: bool
    """Whether its payload begins with others that do not lead there."""
    bordered: bool
    """Whether these begin with a block, or behind what such a one may hold of another record's end."""


def _taken(
    judge: Judge,
    found: Found,
    landing: Offsets,
    base: int,
    i: int,
    behind: int,
    number: int,
    whole: bool,
    unclosed: bool,
    without: frozenset[int] = frozenset(),
) -> Taking | None:
    """What candidate `i` takes in, of those before the one numbered `behind` and `without` some; None where none of them leads to
    its end."""
    starts, lands_on = found.starts[i:behind].tolist(), landing[i:behind].tolist()
    if without:
        kept = [index == i or index not in without for index in range(i, behind)]
        starts, lands_on = list(compress(starts, kept)), list(compress(lands_on, kept))
    ends: set[int] = set()
    for start, land in zip(starts[:0:-1], lands_on[:0:-1], strict=True):
        if land == lands_on[0] or land in ends:
            ends.add(start)
    low = min(ends.difference(lands_on[1:]), default=None)
    if low is None:
        return None
    first = starts[0] + judge.head
    length, lead = int(found.sizes[i]) - judge.head, low - first
    one_bit = (lead - judge.shift ^ length - judge.shift).bit_count() == 1
    carrier = lead > LEAD and 0 <= starts[1] - first <= LEAD
    bordered = bool(bordering(starts[0] + base, low + base))
    return Taking(i, behind, number, whole, unclosed, ends, low, lands_on[0], lead, one_bit, carrier, bordered)


def bordering(starts: Any, firsts: Any) -> Any:
    """Whether a block begins behind each of some places, and up to REST bytes before what stands first behind them."""
    return (firsts // BLOCK > starts // BLOCK) & (firsts % BLOCK <= REST)


def _several(found: Found, landing: Offsets, which: Offsets, following: Offsets) -> Bools:
    """Inside which of some candidates more than one stands on which no other of them lands."""
    jumps = np.flatnonzero(found.starts[1:] != landing[:-1])  # the one behind does not follow it
    out = np.searchsorted(jumps, following - 1) > np.searchsorted(jumps, which + 1)
    some = np.flatnonzero(out)
    first, counts = which.take(some) + 1, (following - which - 1).take(some)
    numbers = np.repeat(np.arange(len(some)), counts)
    inside = np.arange(len(numbers)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    landed = among(found.starts.take(inside), np.sort(landing.take(inside)))
    out[some] = np.bincount(numbers[~landed], minlength=len(some)) > 1
    return out


def _own(judge: Judge, octets: Octets, found: Found, landing: Offsets, asked: Sequence[Taking]) -> Iterator[bool]:
    """Whether the records that some take in tell of the history that goes on behind: by clocks where they stand near its start."""
    inside = _tell(judge, octets, found, [_along(found, landing, one.at + 1, one.low, one.high) for one in asked])
    telling = [any(not isnan(value) for values in each for value in values) for each in inside]  # most have no such number
    paths = [_along(found, landing, one.behind, one.high) if tells else [] for one, tells in zip(asked, telling, strict=True)]
    for one, own, beyond, tells in zip(asked, inside, _tell(judge, octets, found, paths), telling, strict=True):
        if not tells:
            yield False
            continue
        serial, clock = alike(own[0], beyond[0], CLOSE), alike(own[1], beyond[1], HOUR)
        yield serial is not False and clock is not False and bool(clock or (serial and (one.lead > LEAD or one.bordered)))


def _tell(judge: Judge, octets: Octets, found: Found, paths: Sequence[list[int]]) -> list[list[list[float]]]:
    """The serial numbers of the candidates of each of some paths, and their clocks."""
    every = np.array([index for path in paths for index in path], np.int64)
    which = different(every)
    some = found.pick(which)
    shapes = judge.shapes(octets, some, "serial", "clock") if len(which) else []
    rows = told(shapes, octets, some, "serial", "clock").take(np.searchsorted(which, every), axis=1).tolist()
    ends = [0, *accumulate(map(len, paths))]
    return [[row[low:high] for row in rows] for low, high in pairwise(ends)]


def _along(found: Found, landing: Offsets, index: int, at: int, end: int | None = None) -> list[int]:
    """The first candidates that follow each other from offset `at` on, by their indices, of those from `index` on."""
    out: list[int] = []
    for low in range(index, len(found.starts), BESIDE):
        places = found.starts[low : low + BESIDE].tolist(), landing[low : low + BESIDE].tolist()
        for i, (start, land) in enumerate(zip(*places, strict=True), low):
            if len(out) == MOST or at == end or start > at:
                return out
            if start == at:
                out.append(i)
                at = land
    return out


def _proof(judge: Judge, octets: Octets, found: Found, starts: set[int]) -> float:
    """The evidence in bits of the candidates that begin at some offsets."""
    which = np.searchsorted(found.starts, np.array(sorted(starts), np.int64))
    return float(judge.bits(octets, found.pick(which)).sum())
