"""Two sequences of records brought onto one axis, by the records they share and the distances between them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from acctrecover.joint import Line, carried, joined, lay
from acctrecover.stream import Offsets

DEEP = 8
"""How often what lies between shared records is searched again for such as are rare only there."""
STRAY = 3
"""Shared records in a row below which another distance, between two equal ones, is taken for a coincidence of repeats."""

CLASHES = 2
"""Records that overlap others by chance or damage; more of them at one end show that bytes are missing."""
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Alignment:
    """Where the records of two lines stand on one axis (int64), and which are repeats out of place, to be left out.

    `shared` counts the records that are the same in both, `against` those that cannot both be right.
    """

    first: Offsets
    second: Offsets
    first_strays: Bools
    second_strays: Bools
    shared: int
    against: int


def align(a: Line, b: Line) -> Alignment | None:
    """Bring two lines onto one axis; None where they share no record.

    Records that both have just once are matched, as many as keep one order; between two matches at the same distance, offsets
    count, so that damage in place leaves no doubt. Where the distance changes, bytes were lost or put in: what stands there
    is matched by what is rare there, then laid in order. Takes O(n log n) for n records.
    """
    i, j = _matches(a, b, 0, len(a), 0, len(b))
    if not len(i):
        i, j = _by_distance(a, b)
    if not len(i):
        return None
    i, j = _without_coincidences(a, b, i, j)
    i, j = _refined(a, b, i, j)
    distances = b.at[j] - a.at[i]
    changes = np.flatnonzero(np.diff(distances))
    first, second = a.at.copy(), b.at - distances[0]
    strays = np.zeros(len(a), np.bool_), np.zeros(len(b), np.bool_)
    against = moved = 0
    for change in changes.tolist():
        p, q = (int(i[change]), int(i[change + 1])), (int(j[change]), int(j[change + 1]))
        laid = lay(a.part(*p), b.part(*q))
        start = int(a.stops[p[0]]) + moved
        first[p[0] + 1 : p[1]] = start + laid.first
        second[q[0] + 1 : q[1]] = start + laid.second
        strays[0][p[0] + 1 : p[1]] = laid.first_out
        strays[1][q[0] + 1 : q[1]] = laid.second_out
        against += laid.against
        moved = start + laid.room - int(a.at[p[1]])
        last = changes[-1] == change
        stop = len(a) if last else int(i[changes[np.searchsorted(changes, change) + 1]]) + 1
        first[p[1] : stop] = a.at[p[1] : stop] + moved
        stop = len(b) if last else int(j[changes[np.searchsorted(changes, change) + 1]]) + 1
        second[q[1] : stop] = b.at[q[1] : stop] - distances[change + 1] + moved
    against += _ends(a, b, (i, j), (first, second), strays)
    alive = ~strays[1]
    strays[1][alive] |= _repeated(b, second, a, first, ~strays[0])[alive]
    strays[0][:] |= _repeated(a, first, b, second, ~strays[1])
    return Alignment(first, second, *strays, _same(a, b, first, second), against + _against(a, b, first, second))


def _ends(a: Line, b: Line, pairs: tuple[Offsets, Offsets], at: tuple[Offsets, Offsets], strays: tuple[Bools, Bools]) -> int:
    """Look at what stands before the first pair and behind the last: bytes may be missing there with nothing shared beyond.

    There offsets contradict each other; what one copy has linked to the shared records comes next to them, then the rest.
    """
    against = 0
    for last in (False, True):
        p, q = (int(side[-1 if last else 0]) for side in pairs)
        mine, theirs = (slice(n + 1, None) if last else slice(0, n) for n in (p, q))
        parts = a.cut(p, last=last).sealed(last=last), b.cut(q, last=last).sealed(last=last)
        strays[0][mine] = carried(*parts, ~strays[0][mine], ~strays[1][theirs])
        strays[1][theirs] = carried(*parts[::-1], ~strays[1][theirs], ~strays[0][mine])
        kept = np.flatnonzero(~strays[0][mine]) + (mine.start or 0), np.flatnonzero(~strays[1][theirs]) + (theirs.start or 0)
        if _clashes(a.stops - a.at, b.stops - b.at, at, *kept) > CLASHES:
            laid = lay(*parts)
            start = int(at[0][p] + a.stops[p] - a.at[p]) if last else int(at[0][p]) - laid.room
            at[0][mine], at[1][theirs] = start + laid.first, start + laid.second
            strays[0][mine], strays[1][theirs] = laid.first_out, laid.second_out
            against += laid.against
    return against


def _clashes(sizes: Offsets, others: Offsets, at: tuple[Offsets, Offsets], mine: Offsets, theirs: Offsets) -> int:
    """How many records overlap one of the other line that begins elsewhere."""
    starts, stops = at[0][mine], at[0][mine] + sizes[mine]
    rivals, ends = at[1][theirs], at[1][theirs] + others[theirs]
    if not len(starts) or not len(rivals):
        return 0
    near = np.searchsorted(rivals, stops, "left") - 1
    hit = (near >= 0) & (ends[near] > starts) & (rivals[near] != starts)
    return int(hit.sum())


def _matches(a: Line, b: Line, a0: int, a1: int, b0: int, b1: int) -> tuple[Offsets, Offsets]:
    """(indices in a, in b), both ascending, of records that stand just once in both ranges and keep one order."""
    sides = []
    for line, low, high in ((a, a0, a1), (b, b0, b1)):
        order = np.argsort(line.marks[low:high], kind="stable")
        ordered = line.marks[low:high][order]
        new = np.concatenate((ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]))
        once = new & np.concatenate((new[1:], ordered[:1] == ordered[:1]))
        sides.append((ordered[once], order[once] + low))
    (left, i), (right, j) = sides
    at = np.searchsorted(right, left)
    hit = at < len(right)
    hit[hit] = right[at[hit]] == left[hit]
    i, j = i[hit], j[at[hit]]
    order = np.argsort(i)
    return _rising(i[order], j[order])


def _rising(i: Offsets, j: Offsets) -> tuple[Offsets, Offsets]:
    """The most pairs whose second numbers rise with the first."""
    if bool((np.diff(j) > 0).all()):
        return i, j
    tops: list[int] = []
    places: list[int] = []
    before = np.full(len(j), -1, np.int64)
    for index, value in enumerate(j.tolist()):
        height = bisect_left(tops, value)
        if height == len(tops):
            tops.append(value)
            places.append(index)
        else:
            tops[height], places[height] = value, index
        if height:
            before[index] = places[height - 1]
    kept, at = [], places[-1]
    while at >= 0:
        kept.append(at)
        at = int(before[at])
    keep = np.array(kept[::-1], np.int64)
    return i[keep], j[keep]


def _by_distance(a: Line, b: Line) -> tuple[Offsets, Offsets]:
    """Where every record repeats: the same ones at the same distance from the start, or else from the end."""
    if not len(a) or not len(b):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    trials = [_level(a, b, distance, 0, len(a)) for distance in (0, int(b.stops[-1] - a.stops[-1]))]
    return max(trials, key=lambda pair: len(pair[0]))


def _level(a: Line, b: Line, distance: int, low: int, high: int) -> tuple[Offsets, Offsets]:
    """The pairs of the same records at one distance, of a's records [low, high)."""
    wanted = a.at[low:high] + distance
    j = np.minimum(np.searchsorted(b.at, wanted), len(b) - 1)
    hit = np.flatnonzero((b.at[j] == wanted) & (b.marks[j] == a.marks[low:high]))
    return hit + low, j[hit]


def _without_coincidences(a: Line, b: Line, i: Offsets, j: Offsets) -> tuple[Offsets, Offsets]:
    """The pairs without a few at another distance than those before and behind them."""
    for _ in range(2):
        distances = b.at[j] - a.at[i]
        edges = np.concatenate(([0], np.flatnonzero(np.diff(distances)) + 1, [len(i)]))
        values, lengths = distances[edges[:-1]], np.diff(edges)
        stray = np.zeros(len(values), np.bool_)
        stray[1:-1] = (lengths[1:-1] < STRAY) & (values[:-2] == values[2:])
        if not stray.any():
            break
        keep = ~np.repeat(stray, lengths)
        i, j = i[keep], j[keep]
    return i, j


def _refined(a: Line, b: Line, i: Offsets, j: Offsets) -> tuple[Offsets, Offsets]:
    """The pairs, and those between two of them at different distances that only there are without rivals."""
    more: list[tuple[Offsets, Offsets]] = [(i, j)]
    todo = []
    changes = np.flatnonzero(np.diff(b.at[j] - a.at[i])).tolist()
    todo = [(int(i[k]), int(i[k + 1]), int(j[k]), int(j[k + 1]), 0) for k in changes]
    while todo:
        a0, a1, b0, b1, depth = todo.pop()
        if a1 - a0 < 2 or b1 - b0 < 2 or depth == DEEP:
            continue
        left, right = int(b.at[b0] - a.at[a0]), int(b.at[b1] - a.at[a1])
        found = _split(a, b, (a0, a1, b0, b1), left, right)
        if not len(found[0]):
            found = _matches(a, b, a0 + 1, a1, b0 + 1, b1)
        if len(found[0]):
            more.append(found)
            steps = [(a0, b0), *zip(found[0].tolist(), found[1].tolist(), strict=True), (a1, b1)]
            for (x0, y0), (x1, y1) in pairwise(steps):
                if b.at[y0] - a.at[x0] != b.at[y1] - a.at[x1]:
                    todo.append((x0, x1, y0, y1, depth + 1))
    i, j = (np.concatenate(part) for part in zip(*more, strict=True))
    order = np.argsort(i)
    return i[order], j[order]


def _split(a: Line, b: Line, where: tuple[int, int, int, int], left: int, right: int) -> tuple[Offsets, Offsets]:
    """Pairs at the distance on the left, then at that on the right, cut where most of them hold."""
    a0, a1, b0, b1 = where
    sides = []
    for distance in (left, right):
        i, j = _level(a, b, distance, a0 + 1, a1)
        inside = (j > b0) & (j < b1)
        sides.append((i[inside], j[inside]))
    (li, lj), (ri, rj) = sides
    cuts = np.concatenate(([a0], li))
    behind = len(ri) - np.searchsorted(ri, cuts, "right")
    before = np.arange(len(cuts))
    crossing = np.searchsorted(rj, np.concatenate(([b0], lj)), "right")
    counts = before + np.minimum(behind, len(rj) - crossing)
    best = int(np.argmax(counts))
    first = len(ri) - int(np.minimum(behind, len(rj) - crossing)[best])
    return np.concatenate((li[:best], ri[first:])), np.concatenate((lj[:best], rj[first:]))


def _repeated(line: Line, at: Offsets, other: Line, other_at: Offsets, alive: Bools) -> Bools:
    """Which records stand where the other line leaves no room, though it has them, just once, in another place.

    Two or more different ones in a row are a block that was written twice or put in a wrong place; a single one may be a
    repeat of its own, which the other lost without a trace.
    """
    out = np.zeros(len(line), np.bool_)
    if len(other) < 2:
        return out
    order = np.argsort(other_at, kind="stable")
    behind = np.searchsorted(other_at[order], at, "left")
    inside = np.flatnonzero((behind > 0) & (behind < len(other)))
    before, after = order[behind[inside] - 1], order[behind[inside]]
    stops = other_at + other.stops - other.at
    closed = (after == before + 1) & (other.stops[before] >= other.at[after])
    between = (stops[before] <= at[inside]) & (other_at[after] > at[inside])
    once = np.sort(other.marks[alive])
    low, high = (np.searchsorted(once, line.marks[inside], side) for side in ("left", "right"))
    which = inside[closed & between & (high - low == 1)]
    for group in np.split(which, np.flatnonzero(np.diff(which) != 1) + 1):
        if len(np.unique(line.marks[group])) > 1:
            out[group] = True
    return out


def _same(a: Line, b: Line, first: Offsets, second: Offsets) -> int:
    here = joined(first, a.marks)
    return int(np.isin(here, joined(second, b.marks)).sum())


def _against(a: Line, b: Line, first: Offsets, second: Offsets) -> int:
    """Records of `a` at whose place `b` has another one that begins there too."""
    places = np.isin(first, second)
    return int(places.sum()) - _same(a, b, first, second)
