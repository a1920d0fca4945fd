"""Serial numbers that no record has: what was left out of a stream leaves skipped ones beyond what its own pace explains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acctrecover.stream import different
from acctrecover.trail import Bools, Marks, Trail, Whole

BLOCK = 32
"""Records whose middle number tells where the numbers have got to."""
RESTART = 1000
"""How far that falls when numbers start over."""
EDGE = 16
"""Records at either end of a stream, and around a break in it, whose neighbours may have been written elsewhere, or later."""
JOIN = 48
"""Numbers that may stand between skipped ones of one place, at most, and an eighth of those that do on average."""
LEAST = 5
"""Skipped numbers at one place that are worth a look."""
AROUND = 1 << 12
"""Numbers on either side by which the pace of a place is told."""
HABIT = 0.1
"""The share of the records of one name before so many skipped numbers that makes them its habit, as of a program with threads."""
SELDOM = 3
"""What ran less often than that has shown no habit yet, and may have this one."""
AHEAD = 32
"""Numbers that others may take between a program and its threads."""
MOSTLY = 0.3
"""The share of a program's runs that have as many skipped numbers close behind, where they are its threads."""
LIVED = 1.0
"""Seconds that a program ran which may have made threads once."""
BEFORE, SINGLE = 4, 1.25
"""Places that any stream is taken to have had before, and the skipped numbers at each."""
FEW = 3
"""Places of like sizes that may all be odd: more are how the stream goes."""
TAIL = 8
"""So many other places tell how heavy the tail of their sizes is."""
MOST = 64
"""Places looked at, the largest first."""
REACH = 24
"""Records on either side in the file between which numbers stand that were cut out at one place of it."""
MOST_OF = 0.75
"""Of skipped numbers, the share that must stand so near each other for a cut to explain them."""
NEAR = 8
"""Records on either side by which the place in the file is found."""


@dataclass(frozen=True)
class Skip:
    """`count` numbers between `low` and `high` have no record; they would stand between records `after` and `before`.

    `expected` is how many such places an untouched stream of this pace would show.
    """

    count: int
    low: int
    high: int
    after: int
    before: int
    expected: float


def skips(trail: Trail, most: float) -> list[Skip]:
    """The places of a stream with serial numbers that are `expected` at most so often, in offset order."""
    if len(trail) < 4 * BLOCK or not trail.numbers.any():
        return []
    keys = _keys(trail)
    if keys is None:
        return []
    ordered, index = np.unique(keys, return_index=True)
    gaps = np.diff(ordered) - 1
    gaps[gaps >= 1 << 31] = 0  # from one run of numbers to the next
    every = np.flatnonzero(gaps)
    where = every[~_usual(gaps[every], trail.names[index[every]], trail.names)]
    if not len(where):
        return []
    join = min(JOIN, 1 + len(ordered) // (8 * len(where)))
    begins = np.flatnonzero(np.diff(where, prepend=-JOIN - 1) > join)
    ends = np.append(begins[1:], len(where)) - 1
    clumps = _Clumps(where[begins], where[ends], np.add.reduceat(gaps[where], begins))
    low, high = int(keys[:EDGE].max()), int(np.maximum.accumulate(keys)[-EDGE])
    inside = (ordered[clumps.first] >= low) & (ordered[clumps.last + 1] <= high)
    clumps = clumps.of(inside & _dense(ordered, clumps))
    habits = _Habits(trail, index, gaps)
    clumps = clumps.of(
        np.array(
            [not (_scattered(index, gaps, first, last) or habits.explain(first, size)) for first, last, size in clumps.rows()],
            np.bool_,
        )
    )
    out = []
    for number in np.argsort(-clumps.sizes, kind="stable")[:MOST].tolist():
        expected = _expected(clumps, number, every, len(ordered))
        if clumps.sizes[number] < LEAST or expected > most or habits.may_explain(int(clumps.first[number])):
            continue
        after, before = _place(index, clumps.first[number], clumps.last[number], len(trail))
        if _near(trail, after, before):
            continue
        edges = (int(ordered[clumps.first[number]]) & 0xFFFFFFFF, int(ordered[clumps.last[number] + 1]) & 0xFFFFFFFF)
        out.append(Skip(int(clumps.sizes[number]), *edges, after, before, expected))
    return sorted(out, key=lambda skip: skip.before)


@dataclass(frozen=True)
class _Clumps:
    """Places with skipped numbers: behind which of the ordered ones the first and the last are skipped, and how many in all."""

    first: Whole
    last: Whole
    sizes: Whole

    def of(self, which: Bools) -> _Clumps:
        return _Clumps(self.first[which], self.last[which], self.sizes[which])

    def rows(self) -> list[tuple[int, int, int]]:
        """(first, last, size) of each."""
        return list(zip(self.first.tolist(), self.last.tolist(), self.sizes.tolist(), strict=True))


def _keys(trail: Trail) -> Whole | None:
    """The numbers, with how often they have started over before them above bit 32: in the order in which they were given out.

    None where they do not rise.
    """
    order = np.argsort(trail.began, kind="stable") if not np.isnan(trail.began).any() else np.arange(len(trail))
    numbers = trail.numbers[order]
    blocks = len(numbers) // BLOCK
    middles = np.partition(numbers[: blocks * BLOCK].reshape(blocks, BLOCK), BLOCK // 2, axis=1)[:, BLOCK // 2]
    falls = np.flatnonzero(np.diff(middles) < -RESTART)
    if len(falls) * 8 > blocks or np.count_nonzero(np.diff(middles) < 0) * 3 > blocks:
        return None
    laps = np.zeros(len(numbers), np.int64)
    for fall in falls.tolist():
        low, high = max(0, fall - 1) * BLOCK, min(blocks, fall + 3) * BLOCK
        laps[high:] += 1
        laps[low:high] += numbers[low:high] < (middles[fall] + middles[fall + 1]) // 2
    out = np.empty(len(numbers), np.int64)
    out[order] = laps << 32 | numbers
    return out


def _dense(ordered: Whole, clumps: _Clumps) -> Bools:
    """Which places have numbers in use on both sides of them: where not, a few numbers are of another count."""
    low, high = np.maximum(clumps.first - NEAR, 0), np.minimum(clumps.last + 1 + NEAR, len(ordered) - 1)
    room = np.maximum(clumps.sizes, 8 * NEAR)
    return np.asarray((ordered[clumps.first] - ordered[low] <= room) & (ordered[high] - ordered[clumps.last + 1] <= room))


def _usual(sizes: Whole, before: Marks, names: Marks) -> Bools:
    """Which of some gaps, by size and by what ran before them, are a habit of that: shape (gaps,).

    What runs once in a while, and is followed once by skipped numbers, may do so each time: as a program with threads does.
    """
    known, kinds = np.unique(names, return_inverse=True)
    runs = np.bincount(kinds)
    kind = np.searchsorted(known, before)
    capped = np.minimum(sizes, 1 << 31)
    ordered = np.sort(kind << 32 | capped)
    alike = np.searchsorted(ordered, (kind + 1) << 32) - np.searchsorted(ordered, kind << 32 | (capped + 1) // 2)
    habit = (runs[kind] < SELDOM) | ((alike > 1) & (alike >= HABIT * runs[kind]))
    return np.asarray(habit & (len(known) > 1))


def _scattered(index: Whole, gaps: Whole, first: int, last: int) -> bool:
    """Whether skipped numbers are of a long stretch of the file, as of a program that makes a thread now and then.

    What is cut out at one place of it has its numbers between those of the records around that place.
    """
    if last - first <= REACH // 2:
        return False
    where = first + np.flatnonzero(gaps[first : last + 1])
    around = np.clip(where[:, None] + np.arange(-2, 3), 0, len(index) - 1)
    stands = np.median(index[around], axis=1)
    order = np.argsort(stands, kind="stable")
    stands, sizes = stands[order], gaps[where][order]
    sums = np.concatenate(([0], np.cumsum(sizes)))
    near = sums[np.searchsorted(stands, stands + REACH, "right")] - sums[: len(stands)]
    return bool(near.max() < MOST_OF * sizes.sum())


class _Habits:
    """What programs mostly leave behind them, by the octave of how many numbers are skipped: of numbers in order."""

    def __init__(self, trail: Trail, index: Whole, gaps: Whole) -> None:
        known, self.codes = np.unique(trail.names[index], return_inverse=True)
        self.gaps, self.named = gaps, known != 0
        self.runs = np.bincount(self.codes, minlength=len(known))
        self.long = trail.clocks[index] - trail.began[index] >= LIVED
        self._told: dict[int, tuple[Whole, Whole, Bools]] = {}

    def _of(self, size: int) -> tuple[Whole, Whole, Bools]:
        """(places, how many of them each program has shortly before, whether it mostly has one) of so many numbers, or half."""
        octave = size.bit_length() - 1
        if octave not in self._told:
            many = np.flatnonzero(self.gaps >= 1 << octave)
            rows = np.arange(len(self.codes))
            followed = np.searchsorted(many, rows + AHEAD) > np.searchsorted(many, rows)
            hits = np.bincount(self.codes[followed], minlength=len(self.runs))
            around = np.sort(self.codes[np.maximum(many[:, None] - np.arange(AHEAD), 0)], axis=1)
            once = np.diff(around, axis=1, prepend=-1) != 0
            behind = np.bincount(around[once], minlength=len(self.runs))
            self._told[octave] = many, behind, (hits > 1) & (hits >= MOSTLY * self.runs) & self.named
        return self._told[octave]

    def explain(self, first: int, size: int) -> bool:
        """Whether a program that began shortly before a place mostly has as many skipped numbers behind it, and had none yet."""
        many, behind, mostly = self._of(size)
        low = max(0, first - AHEAD + 1)
        before = self.codes[low : first + 1]
        for code in different(before[mostly[before]]).tolist():
            here = low + np.flatnonzero(before == code)
            due = math.ceil(len(here) * int(behind[code]) / int(self.runs[code]))
            if due > np.searchsorted(many, first) - np.searchsorted(many, here[0]):
                return True
        return False

    def may_explain(self, first: int) -> bool:
        """Whether a program that ran long, and but once or twice, began shortly before a place."""
        rows = np.arange(max(0, first - AHEAD + 1), first + 1)
        codes = self.codes[rows]
        return bool((self.named[codes] & (self.runs[codes] < SELDOM) & self.long[rows]).any())


def _expected(clumps: _Clumps, number: int, every: Whole, total: int) -> float:
    """How many places with as many skipped numbers a whole untouched stream of the pace around this one has.

    `every` are all places, also those that a habit explains: each might have been one as large. Where there are more than a
    FEW like it, or half as large, so many. Else the sizes of the smaller places around tell the chance of one as large: as if
    each further skipped number came with the same chance, or, where there are many, by the slower fall of their own largest
    tenth, as slow as it may be by its standard error.
    """
    at, size = clumps.first[number], int(clumps.sizes[number])
    near = np.flatnonzero(np.abs(clumps.first - at) <= AROUND)
    near = near[near != number]
    large = np.count_nonzero(2 * clumps.sizes >= size) - 1
    if large >= FEW:
        return float(large)
    sizes = clumps.sizes[near[4 * clumps.sizes[near] < 3 * size]].astype(np.float64)
    room = min(total, 2 * AROUND)
    mean = (sizes.sum() + BEFORE * SINGLE) / (len(sizes) + BEFORE)
    chance = (1 - 1 / mean) ** (size - 1)
    top = sizes[:0]
    if len(sizes) >= TAIL:
        top = np.sort(sizes)[-max(TAIL, len(sizes) // 10) :]
        top = top[top >= 2]
    if len(top):
        slope = float(np.log(top / (top[0] - 0.5)).mean()) * (1 + len(top) ** -0.5)
        chance = max(chance, len(top) / len(sizes) * (size / (float(top[0]) - 0.5)) ** (-1 / slope))
    others = np.count_nonzero((np.abs(every - at) <= AROUND) & ((every < at) | (every > clumps.last[number])))
    return float((others + 1) * chance * total / room)


def _place(index: Whole, first: int, last: int, count: int) -> tuple[int, int]:
    """The records, by number in the file, between which the skipped ones belong: as few others as may be on the wrong side."""
    below, above = index[max(0, first - NEAR + 1) : first + 1], index[last + 1 : last + 1 + NEAR]
    borders = different(np.concatenate((below + 1, above)))
    wrong = [np.count_nonzero(below >= border) + np.count_nonzero(above < border) for border in borders.tolist()]
    best = borders[np.array(wrong) == min(wrong)]
    return max(0, int(best[0]) - 1), min(int(best[-1]), count - 1)


def _near(trail: Trail, after: int, before: int) -> bool:
    """Whether the stream is broken there anyway, or its writer stopped and went on."""
    if len(trail.breaks) and np.abs(trail.breaks - before).min() <= EDGE:
        return True
    return bool(trail.closes[max(0, after - EDGE) : before + EDGE].any()) or before >= len(trail) - EDGE
