"""Records whose length one flipped bit would make right, and that take other records in."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from acctrecover.kinds import Kinds
from acctrecover.shape import Shape
from acctrecover.stream import Found, Offsets, among
from acctrecover.telling import CLOSE, HOUR, LOOKED, alike, told

LEAD = 16
"""Bytes of a payload before the stream that it carries, at most."""
HABIT = 3
"""Records of a type that take in others of the stream's own history, from which on that is what their writer does."""
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


def misled(judge: Judge, octets: Octets, found: Found, landing: Offsets, which: Offsets) -> list[int]:
    """Which candidates, of those `taking` others in, have a wrong length, by a flipped bit or because they were cut.

    Their payload ends in a chain of records that starts just where the payload would end with that bit flipped back. One
    such record is damage; where several of a type are alike, it is their writer's habit. But a record that breaks the rules
    that tell where it ends is damage in any case, and so is one that breaks others and may have no other length. And so is a
    sound one in whose middle records of the very history begin that goes on behind it: chance lets it end where one of them does.
    `landing` is where the record behind each candidate must start.
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
    odd = np.flatnonzero(apart | (_heads(found, landing, which, following) > 1))  # or another one behind it
    which, taken = which.take(odd), taken.pick(odd)
    following, numbers = following.take(odd).tolist(), judge.types(octets, taken).tolist()
    each = zip(which.tolist(), following, numbers, sound[odd].tolist(), endless[odd].tolist(), strict=True)
    out: dict[int, list[int]] = {}
    own: dict[int, list[int]] = {}
    sure: list[int] = []
    for i, behind, number, whole, unclosed in each:
        starts, lands_on = found.starts[i:behind].tolist(), landing[i:behind].tolist()
        ends: set[int] = set()
        for start, land in zip(starts[:0:-1], lands_on[:0:-1], strict=True):
            if land == lands_on[0] or land in ends:
                ends.add(start)
        heads = ends.difference(lands_on[1:])
        if not heads:
            continue
        length, lead_in = int(found.sizes[i]) - judge.head, min(heads) - starts[0] - judge.head
        carrier = lead_in > LEAD and 0 <= starts[1] - starts[0] - judge.head <= LEAD
        one_bit = (lead_in - judge.shift ^ length - judge.shift).bit_count() == 1
        late = lead_in > LEAD
        if unclosed:
            sure.append(i)
        elif whole and (late or one_bit) and _own(judge, octets, found, landing, min(heads), lands_on[0], sure=not late):
            own.setdefault(number, []).append(i)
        elif whole and 0 <= lead_in <= LEAD:
            continue
        elif (lead_in < 0 or not whole or one_bit) and not (whole and carrier):
            low, high = judge.kinds.span(number)
            proven = (lead_in > LEAD or low == high) and _proof(judge, octets, found, ends) >= TELLING
            if not whole and low == high and proven:
                sure.append(i)
            elif (lead_in < 0 or not whole or proven) and low <= max(lead_in, 0) <= high:
                out.setdefault(number, []).append(i)
    sure += [i for group in own.values() if len(group) < HABIT for i in group]
    return sorted(sure + [group[0] for group in out.values() if len(group) == 1])


def _heads(found: Found, landing: Offsets, which: Offsets, following: Offsets) -> Offsets:
    """How many of the candidates inside each of some others no other of them lands on."""
    counts = following - which - 1
    numbers = np.repeat(np.arange(len(which)), counts)
    inside = np.arange(len(numbers)) + np.repeat(which + 1 - np.cumsum(counts) + counts, counts)
    landed = among(found.starts.take(inside), np.sort(landing.take(inside)))
    return np.bincount(numbers[~landed], minlength=len(which))


def _own(judge: Judge, octets: Octets, found: Found, landing: Offsets, low: int, high: int, *, sure: bool) -> bool:
    """Whether the records from `low` on, which end at `high`, tell of the history that goes on there; `sure`: by clocks, too."""
    within, onward = _along(found, landing, low, high), _along(found, landing, high)
    some = found.pick(np.array(within + onward, np.int64))
    numbers = told(judge.shapes(octets, some, "serial", "clock"), octets, some, "serial", "clock").tolist()
    serial, clock = (
        alike(values[: len(within)], values[len(within) :], reach) for values, reach in zip(numbers, (CLOSE, HOUR), strict=True)
    )
    return serial is not False and clock is not False and bool(clock or (serial and not sure))


def _along(found: Found, landing: Offsets, at: int, end: int | None = None) -> list[int]:
    """The first candidates that follow each other from offset `at` on, by their indices."""
    out: list[int] = []
    while len(out) < 4 * LOOKED and at != end:
        index = int(np.searchsorted(found.starts, at))
        if index == len(found.starts) or found.starts[index] != at:
            break
        out.append(index)
        at = int(landing[index])
    return out


def _proof(judge: Judge, octets: Octets, found: Found, starts: set[int]) -> float:
    """The evidence in bits of the candidates that begin at some offsets."""
    which = np.searchsorted(found.starts, np.array(sorted(starts), np.int64))
    return float(judge.bits(octets, found.pick(which)).sum())
