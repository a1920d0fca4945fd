"""Serial numbers that no record has: what was left out of a stream leaves skipped ones beyond what its own pace explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acctrecover.trail import Bools, Marks, Trail, Whole

BLOCK = 32
"""Records whose middle number tells where the numbers have got to."""
RESTART = 1000
"""How far that falls when numbers start over."""
EDGE = 16
"""Records at either end of a stream, and around a break in it, whose neighbours may have been written elsewhere, or later."""
JOIN = 24
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
FEW = 3
"""Places of like sizes that may all be odd: more are how the stream goes."""
TAIL = 8
"""So many other places tell how heavy the tail of their sizes is."""
MOST = 64
"""Places looked at, the largest first."""
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
    where = np.flatnonzero(gaps)
    where = where[~_usual(gaps[where], trail.names[index[where]], trail.names)]
    if not len(where):
        return []
    join = min(JOIN, 1 + len(ordered) // (8 * len(where)))
    first = np.flatnonzero(np.diff(where, prepend=-JOIN - 1) > join)
    last = np.append(first[1:], len(where)) - 1
    clumps = _Clumps(where[first], where[last], np.add.reduceat(gaps[where], first))
    low, high = int(keys[:EDGE].max()), int(np.maximum.accumulate(keys)[-EDGE])
    inside = (ordered[clumps.first] >= low) & (ordered[clumps.last + 1] <= high)
    clumps = clumps.of(inside & _dense(ordered, clumps))
    out = []
    for number in np.argsort(-clumps.sizes, kind="stable")[:MOST].tolist():
        expected = _expected(clumps, number, len(ordered))
        if clumps.sizes[number] < LEAST or expected > most:
            continue
        if _threads(trail, index, gaps, int(clumps.first[number]), int(clumps.sizes[number])):
            continue
        after, before = _place(index, clumps.first[number], clumps.last[number], len(trail))
        if _near(trail, after, before):
            continue
        ends = (int(ordered[clumps.first[number]]) & 0xFFFFFFFF, int(ordered[clumps.last[number] + 1]) & 0xFFFFFFFF)
        out.append(Skip(int(clumps.sizes[number]), *ends, after, before, expected))
    return sorted(out, key=lambda skip: skip.before)


@dataclass(frozen=True)
class _Clumps:
    """Places with skipped numbers: behind which of the ordered ones the first and the last are skipped, and how many in all."""

    first: Whole
    last: Whole
    sizes: Whole

    def of(self, which: Bools) -> _Clumps:
        return _Clumps(self.first[which], self.last[which], self.sizes[which])


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


def _threads(trail: Trail, index: Whole, gaps: Whole, at: int, size: int) -> bool:
    """Whether a program that began shortly before skipped numbers mostly has as many behind it, or ran long and but once or twice.

    `at` counts in the order of the numbers, in which `index` gives the records and `gaps` what is skipped behind each.
    """
    names = trail.names[index]
    many = np.flatnonzero(2 * gaps >= size)
    behind = np.zeros(len(names) + 1, np.int64)
    np.add.at(behind, np.maximum(many - AHEAD + 1, 0), 1)
    np.add.at(behind, many + 1, -1)
    followed = np.cumsum(behind[:-1]) > 0
    long = trail.clocks[index] - trail.began[index] >= LIVED
    for row in range(max(0, at - AHEAD + 1), at + 1):
        own = names == names[row]
        runs, hits = np.count_nonzero(own), np.count_nonzero(own & followed)
        if names[row] and ((runs < SELDOM and long[row]) or (hits > 1 and hits >= MOSTLY * runs)):
            return True
    return False


def _expected(clumps: _Clumps, number: int, total: int) -> float:
    """How many places with as many skipped numbers a whole untouched stream of the pace around this one has.

    Where there are more than a FEW like it, or half as large, so many. Else the sizes of the smaller places around tell the
    chance of one as large: as if each further skipped number came with the same chance, or, where there are many, by the
    slower fall of their own largest tenth.
    """
    at, size = clumps.first[number], int(clumps.sizes[number])
    near = np.flatnonzero(np.abs(clumps.first - at) <= AROUND)
    near = near[near != number]
    large = np.count_nonzero(2 * clumps.sizes >= size) - 1
    if large >= FEW:
        return float(large)
    sizes = clumps.sizes[near[2 * clumps.sizes[near] < size]].astype(np.float64)
    room = min(total, 2 * AROUND)
    mean = (sizes.sum() + 1.5) / (len(sizes) + 1)
    chance = (1 - 1 / mean) ** (size - 1)
    if len(sizes) >= TAIL:
        top = np.sort(sizes)[-max(TAIL, len(sizes) // 10) :]
        slope = float(np.log((top + 0.5) / (top[0] - 0.5)).mean())
        chance = max(chance, len(top) / len(sizes) * (size / (float(top[0]) - 0.5)) ** (-1 / slope))
    return float((len(sizes) + 1) * chance * total / room)


def _place(index: Whole, first: int, last: int, count: int) -> tuple[int, int]:
    """The records, by number in the file, between which the skipped ones belong: as few others as may be on the wrong side."""
    below, above = index[max(0, first - NEAR + 1) : first + 1], index[last + 1 : last + 1 + NEAR]
    borders = np.unique(np.concatenate((below + 1, above)))
    wrong = [np.count_nonzero(below >= border) + np.count_nonzero(above < border) for border in borders.tolist()]
    best = borders[np.array(wrong) == min(wrong)]
    return max(0, int(best[0]) - 1), min(int(best[-1]), count - 1)


def _near(trail: Trail, after: int, before: int) -> bool:
    """Whether the stream is broken there anyway, or its writer stopped and went on."""
    if len(trail.breaks) and np.abs(trail.breaks - before).min() <= EDGE:
        return True
    return bool(trail.closes[max(0, after - EDGE) : before + EDGE].any()) or before >= len(trail) - EDGE
