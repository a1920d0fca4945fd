"""What two copies hold between two records they share whose distance differs: laid side by side in one order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.copies import Marks
from acctrecover.stream import Offsets

MOST = 1 << 28
"""Records times bytes of the other copy that these are looked for in, at most."""


@dataclass(frozen=True)
class Line:
    """Records in order: where each starts, where the next one must, its mark, rank and clock; each column of shape (n,).

    `octets` gives the bytes of a record by its number.
    """

    at: Offsets
    stops: Offsets
    marks: Marks
    ranks: npt.NDArray[np.int8]
    clocks: npt.NDArray[np.float64]
    octets: Callable[[int], bytes]

    def __len__(self) -> int:
        return len(self.at)

    def part(self, before: int, after: int) -> Line:
        """The records from `before` to `after`, both of them included."""
        which = slice(before, after + 1)
        columns = (self.at[which], self.stops[which], self.marks[which], self.ranks[which], self.clocks[which])
        return Line(*columns, lambda number: self.octets(before + number))

    def cut(self, at: int, *, last: bool) -> Line:
        """The record `at` and all behind it, or else all before it."""
        return self.part(at, len(self) - 1) if last else self.part(0, at)

    def sealed(self, *, last: bool) -> Line:
        """The same with a record of no bytes one byte behind the last one, or else before the first."""
        end = self.stops[-1:] + 1 if last else self.at[:1] - 1

        def longer(column: npt.NDArray[Any], value: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.concatenate((column, value) if last else (value, column)).astype(column.dtype)

        return Line(
            longer(self.at, end),
            longer(self.stops, end),
            longer(self.marks, np.zeros(1)),
            longer(self.ranks, np.zeros(1)),
            longer(self.clocks, np.full(1, np.nan)),
            lambda number: self.octets(number if last else number - 1),
        )


@dataclass(frozen=True)
class Laid:
    """Where the records between two shared ones stand, from the end of the first on; which contradict the other side's.

    `room` is the distance to the second shared one; `against` counts what cannot be true of both.
    """

    first: Offsets
    second: Offsets
    first_out: npt.NDArray[np.bool_]
    second_out: npt.NDArray[np.bool_]
    room: int
    against: int


class _Side:
    """One copy's records between two shared ones, which are its first and its last here."""

    def __init__(self, line: Line) -> None:
        self.line, self.count = line, len(line) - 2
        self.room = int(line.at[-1] - line.stops[0])
        self.sizes = (line.stops - line.at)[1:-1].tolist()
        self.gaps = (line.at[1:] > line.stops[:-1]).tolist()
        """Whether bytes are missing before each record but the first."""
        self.out = np.zeros(self.count, np.bool_)
        self.at = (line.at[1:-1] - line.stops[0]).tolist()

    def parts(self) -> tuple[list[int], list[int], list[int]]:
        """The numbers of the records that follow the first shared one without a break, of those that stand alone, and of
        those that lead up to the second."""
        if not any(self.gaps):
            return [n for n in range(self.count) if not self.out[n]], [], []
        first = self.gaps.index(True)
        last = len(self.gaps) - 1 - self.gaps[::-1].index(True)
        left, middle, right = range(first), range(first, last), range(last, self.count)
        return tuple([n for n in part if not self.out[n]] for part in (left, middle, right))  # type: ignore[return-value]

    def beside(self, *, last: bool) -> list[int]:
        """The numbers of the records linked to the first shared one, from there on, or of those to the last, back from there."""
        gaps = self.gaps[::-1] if last else self.gaps
        numbers = range(self.count)[: gaps.index(True) if True in gaps else self.count]
        return [self.count - 1 - n for n in numbers] if last else list(numbers)

    def weight(self, number: int) -> tuple[int, bool, int]:
        """What speaks for a record against the other copy's: its rank, that nothing is missing here, how much stands here."""
        return int(self.line.ranks[number + 1]), not any(self.gaps), self.room


def lay(a: Line, b: Line) -> Laid:
    """Lay out what stands between the first and the last record of two lines, which are the same in both.

    What follows the first one without a break comes first, what leads up to the last comes last; the rest by clocks, or by
    its distance. Where both copies have such a neighbour, and these differ, the worse one goes; of two as good, that of the copy
    with a gap there; else that of the copy with fewer bytes there: it lost some, and the record is put together of two. What
    stands in the payload of the other copy's record was set free by damage, and goes, too.
    """
    sides = _Side(a), _Side(b)
    against = 0
    for last in (False, True):
        pairs = zip(sides[0].beside(last=last), sides[1].beside(last=last), strict=False)
        for index, (ours, theirs) in enumerate(pairs):
            alike = a.ranks[ours + 1] == b.ranks[theirs + 1]
            if index and (alike or sides[0].sizes[ours] != sides[1].sizes[theirs]):
                break
            worse, number = (sides[1], theirs) if sides[0].weight(ours) >= sides[1].weight(theirs) else (sides[0], ours)
            against += not worse.out[number]
            worse.out[number] = True
    for side, other, line, whole in ((*sides, a, b), (*sides[::-1], b, a)):
        side.out |= carried(line, whole, ~side.out, ~other.out)
    parts = [side.parts() for side in sides]
    lead, tail = ([(s, n) for s in (0, 1) for n in parts[s][which]] for which in (0, 2))
    order = lead + _merged(sides, parts[0][1], parts[1][1]) + tail
    total = sum(sides[s].sizes[n] for s, n in order)
    rooms = [side.room for side in sides]
    room = total if total in rooms else max(*rooms, total)
    places = [np.zeros(side.count, np.int64) for side in sides]
    at, left = 0, total
    ending = sum(sides[s].sizes[n] for s, n in tail)
    for index, (s, n) in enumerate(order):
        if index >= len(lead):
            wish = room - ending if index == len(order) - len(tail) else sides[s].at[n] if index < len(order) - len(tail) else at
            at = max(at, min(wish, room - left))
        places[s][n] = at
        at, left = at + sides[s].sizes[n], left - sides[s].sizes[n]
    return Laid(places[0], places[1], sides[0].out, sides[1].out, room, against)


def carried(a: Line, b: Line, mine: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the n records behind the first of `a` stand in the payload of one of the m behind the first of `b`: of shape (n,).

    `mine`, of shape (n,), and `theirs`, of shape (m,), say which of them count at all. One that stands behind a gap may itself
    be made of payload, so that it shows nothing.
    """
    out = np.zeros(len(mine), np.bool_)
    theirs = theirs & (b.at[1 : len(theirs) + 1] <= b.stops[: len(theirs)])
    if not mine.any() or not theirs.any():
        return out
    spans, room = (a.stops - a.at)[1 : len(mine) + 1], (b.stops - b.at)[1 : len(theirs) + 1][theirs]
    which = np.flatnonzero(mine & (spans < room.max()))
    if len(which) * int(room.sum()) > MOST or not len(which):
        return out
    payloads = b"".join(b.octets(n + 1)[1:] for n in np.flatnonzero(theirs).tolist())
    for n in which.tolist():
        out[n] = a.octets(n + 1) in payloads
    return out


def _merged(sides: tuple[_Side, _Side], ours: list[int], theirs: list[int]) -> list[tuple[int, int]]:
    """The records that stand alone, each copy's in its own order."""
    clocks = [[float(sides[s].line.clocks[n + 1]) for n in part] for s, part in enumerate((ours, theirs))]
    timed = not np.isnan([*clocks[0], *clocks[1]]).any()
    keys = clocks if timed else [[sides[s].at[n] for n in part] for s, part in enumerate((ours, theirs))]
    out, i, k = [], 0, 0
    while i < len(ours) or k < len(theirs):
        if k == len(theirs) or (i < len(ours) and keys[0][i] <= keys[1][k]):
            out.append((0, ours[i]))
            i += 1
        else:
            out.append((1, theirs[k]))
            k += 1
    return out


def joined(at: Offsets, marks: Marks) -> Marks:
    """One number for a place and a mark."""
    return np.asarray(at.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ marks)
