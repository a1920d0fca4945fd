"""The records of several copies on one axis, and of every place the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from acctrecover.align import align
from acctrecover.copies import GOOD, Held
from acctrecover.errors import AcctrecoverError
from acctrecover.joint import Line, joined
from acctrecover.stream import Offsets

Bools = npt.NDArray[np.bool_]
Read = Callable[[int, int, int], bytes]
"""The bytes [start, stop) of a copy, as (copy, start, stop)."""


@dataclass(frozen=True)
class Placed:
    """The records of all copies: of which copy, its how manyth, where on the axis; each column of shape (n,).

    `spans` are bytes up to where the next record must start, `amid` says how many intact neighbours a record is linked to,
    `falls` how often the clock of its copy falls around it.
    """

    copies: Offsets
    numbers: Offsets
    at: Offsets
    sizes: Offsets
    spans: Offsets
    marks: npt.NDArray[np.uint64]
    ranks: npt.NDArray[np.int8]
    amid: npt.NDArray[np.int8]
    falls: Offsets


@dataclass(frozen=True)
class Conflict:
    """Two records, as (copy, number), for one place: `kept` was chosen, `other` is as good but has other bytes or borders."""

    kept: tuple[int, int]
    other: tuple[int, int]


@dataclass(frozen=True)
class Collation:
    """Of every place the record that was chosen, in order: of which copy, its how manyth; where on the axis it starts, and
    where the next one must, int64 of shape (n,).

    `alike` says of each copy's records whether the same bytes were chosen for their place; `axis`, where they stand;
    `strays`, which of them are repeats out of place or put together of two, with no place at all.
    """

    copies: Offsets
    numbers: Offsets
    at: Offsets
    stops: Offsets
    alike: list[Bools]
    axis: list[Offsets]
    strays: list[Bools]
    conflicts: list[Conflict]


def collate(copies: Sequence[Held], names: Sequence[str], read: Read) -> Collation:
    """Bring the records of copies of one stream onto one axis, the best copy first, and choose for every place.

    An intact record is better than a healed one, that than a suspect one, and all of these than one that does not belong
    where it stands; of as good ones of the same place, the one that most copies have is chosen, or else the one with intact
    records on both sides in its copy, or else that of the copy whose clock falls less often there, or else the first copy's.
    Raises AcctrecoverError where copies share no record, or contradict each other more than they agree.
    """
    turn = sorted(range(len(copies)), key=lambda c: (-int((copies[c].ranks > GOOD).sum()), int(copies[c].marks.sum())))
    axis = [held.starts.copy() for held in copies]
    strays = [np.zeros(len(held), np.bool_) for held in copies]
    waiting = [c for c in turn if len(copies[c])]
    done, waiting = waiting[:1], waiting[1:]
    while waiting:
        track = _track(_placed(copies, done, axis, strays), copies, read)
        trials = ((c, align(track, _line(copies[c], c, read))) for c in waiting)
        found = next(((c, both) for c, both in trials if both is not None), None)
        if found is None:
            others = " or ".join(names[c] for c in sorted(done))
            raise AcctrecoverError(f"{names[waiting[0]]} shares no record with {others}: repair each on its own")
        c, both = found
        if both.against > both.shared:
            raise AcctrecoverError(
                f"{names[c]} has {both.shared} records in common with {names[done[0]]} and {both.against} that differ "
                "in the same places: no copies of one stream"
            )
        for d in done:
            strays[d] |= _marked(axis[d], copies[d].marks, track, both.first_strays)
            axis[d] = _moved(axis[d], track.at, both.first, both.first_strays)
        axis[c], strays[c] = both.second, both.second_strays
        done.append(c)
        waiting.remove(c)
    return _chosen(copies, done, axis, strays)


def _line(held: Held, copy: int, read: Read) -> Line:
    def octets(number: int) -> bytes:
        return read(copy, int(held.starts[number]), int(held.starts[number] + held.sizes[number]))

    return Line(held.starts, held.stops, held.marks, held.ranks, held.clocks, octets)


def _placed(copies: Sequence[Held], done: list[int], axis: list[Offsets], strays: list[Bools]) -> Placed:
    parts = []
    for c in done:
        held, alive = copies[c], np.flatnonzero(~strays[c])
        parts.append(
            Placed(
                np.full(len(alive), c),
                alive,
                axis[c][alive],
                held.sizes[alive],
                (held.stops - held.starts)[alive],
                held.marks[alive],
                held.ranks[alive],
                _amid(held)[alive],
                held.falls[alive],
            )
        )
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Placed(*map(np.concatenate, columns))


def _amid(held: Held) -> npt.NDArray[np.int8]:
    sound = held.ranks == 2 * GOOD
    out = np.zeros(len(held), np.int8)
    out[:-1] += held.linked & sound[1:]
    out[1:] += held.linked & sound[:-1]
    out[:1] += held.starts[:1] == 0
    return out


def _track(placed: Placed, copies: Sequence[Held], read: Read) -> Line:
    """What was chosen so far, as one line."""
    best, stops, _ = _best(placed)
    clocks = np.full(len(best), np.nan)
    for c in np.unique(placed.copies[best]).tolist():
        own = placed.copies[best] == c
        clocks[own] = copies[c].clocks[placed.numbers[best][own]]

    def octets(number: int) -> bytes:
        copy, start = (
            int(placed.copies[best[number]]),
            int(copies[placed.copies[best[number]]].starts[placed.numbers[best[number]]]),
        )
        return read(copy, start, start + int(placed.sizes[best[number]]))

    return Line(placed.at[best], stops, placed.marks[best], placed.ranks[best], clocks, octets)


def _marked(at: Offsets, marks: npt.NDArray[np.uint64], track: Line, which: Bools) -> Bools:
    """Which records stand where, and are what, the marked ones of a track are."""
    return np.isin(joined(at, marks), joined(track.at[which], track.marks[which]))


def _moved(at: Offsets, old: Offsets, new: Offsets, strays: Bools) -> Offsets:
    """Places on the axis after it was stretched: each moves as the last record of the track before it did."""
    old, new = old[~strays], new[~strays]
    index = np.maximum(np.searchsorted(old, at, "right") - 1, 0)
    return np.asarray(at + (new - old)[index])


def _best(placed: Placed) -> tuple[Offsets, Offsets, list[tuple[int, int]]]:
    """(rows chosen, in order; where the record behind each must start; rows as (chosen, as good but other))."""
    p = placed
    order = np.lexsort((p.copies, -p.spans, -p.ranks, p.marks, p.sizes, p.at))
    same = np.ones(max(0, len(order) - 1), np.bool_)
    for column in (p.at, p.sizes, p.marks):
        same &= column[order][1:] == column[order][:-1]
    firsts = np.flatnonzero(np.concatenate((np.ones(min(1, len(order)), np.bool_), ~same)))
    if not len(firsts):
        return firsts, firsts, []
    heads = order[firsts]
    stops = p.at[heads] + np.maximum.reduceat(p.spans[order], firsts)
    reach = np.maximum.accumulate(p.at[heads] + p.sizes[heads])
    apart = p.at[heads][1:] >= reach[:-1]
    keep = np.ones(len(heads), np.bool_)
    rivals: list[tuple[int, int]] = []
    edges = np.concatenate(([0], np.flatnonzero(apart) + 1, [len(heads)]))
    holders = np.append(firsts, len(order))
    for low, high in zip(edges[:-1][np.diff(edges) > 1].tolist(), edges[1:][np.diff(edges) > 1].tolist(), strict=True):
        groups = [_Group.of(p, order[holders[g] : holders[g + 1]]) for g in range(low, high)]
        winners = _winners(groups)
        keep[low:high] = [group in winners for group in groups]
        for group in groups:
            if group not in winners:
                rivals += [(w.row, group.row) for w in winners if _rivals(w, group)][:1]
    return heads[keep], stops[keep], rivals


@dataclass(frozen=True)
class _Group:
    """The same record in the same place of one or more copies; `row` is the best of them."""

    row: int
    start: int
    stop: int
    rank: int
    amid: int
    falls: int
    copies: tuple[int, ...]

    @classmethod
    def of(cls, placed: Placed, rows: Offsets) -> _Group:
        row = int(rows[0])
        start = int(placed.at[row])
        copies = tuple(sorted(placed.copies[rows].tolist()))
        return cls(
            row,
            start,
            start + int(placed.sizes[row]),
            int(placed.ranks[row]),
            int(placed.amid[rows].max()),
            int(placed.falls[rows].min()),
            copies,
        )

    def clashes(self, other: _Group) -> bool:
        """Whether the two overlap, unless one copy has both: its own neighbours may share a byte."""
        return self.start < other.stop and other.start < self.stop and not set(self.copies) & set(other.copies)


def _winners(groups: list[_Group]) -> list[_Group]:
    """The groups to keep of some that overlap."""
    if len({(group.start, group.stop) for group in groups}) == 1:
        ranked = sorted(groups, key=lambda g: (-g.rank, -len(g.copies), -g.amid, g.falls, g.copies))
    else:
        # borders differ: a copy is believed that accounts for most of the bytes with intact records. A record in the payload
        # of a lost one accounts for less than that one, whole, in another copy
        def weight(copy: int) -> tuple[int, ...]:
            own = [g for g in groups if copy in g.copies]
            sound = sum(g.stop - g.start for g in own if g.rank == 2 * GOOD)
            return sound, sum(g.stop - g.start for g in own), sum(len(g.copies) for g in own), len(own), -copy

        best = max({c for g in groups for c in g.copies}, key=weight)
        ranked = sorted(groups, key=lambda g: (best not in g.copies, -g.rank, -len(g.copies), g.start, g.copies))
    out: list[_Group] = []
    for group in ranked:
        if not any(group.clashes(other) for other in out):
            out.append(group)
    return out


def _rivals(kept: _Group, other: _Group) -> bool:
    """Whether what was not kept is as good as what was, and no part of its payload."""
    if not kept.clashes(other) or other.rank < kept.rank:
        return False
    same = (kept.start, kept.stop) == (other.start, other.stop)
    return same or not kept.start <= other.start < other.stop <= kept.stop


def _chosen(copies: Sequence[Held], done: list[int], axis: list[Offsets], strays: list[Bools]) -> Collation:
    if not done:
        nothing = np.zeros(0, np.int64)
        empty = [np.zeros(0, np.bool_) for _ in copies]
        return Collation(nothing, nothing, nothing, nothing, empty, axis, strays, [])
    placed = _placed(copies, done, axis, strays)
    rows, stops, rivals = _best(placed)
    at = placed.at[rows]
    where = np.clip(np.searchsorted(at, placed.at, "right") - 1, 0, max(0, len(at) - 1))
    like = (at[where] == placed.at) & (placed.marks[rows][where] == placed.marks)
    alike = [np.zeros(len(held), np.bool_) for held in copies]
    for c in done:
        own = placed.copies == c
        alike[c][placed.numbers[own]] = like[own]

    def spot(row: int) -> tuple[int, int]:
        return int(placed.copies[row]), int(placed.numbers[row])

    conflicts = [Conflict(spot(kept), spot(other)) for kept, other in rivals]
    return Collation(placed.copies[rows], placed.numbers[rows], at, stops, alike, axis, strays, conflicts)


def kept(found: Collation, which: Bools) -> Collation:
    """Only some of the chosen records; the others are as if no copy had them alike."""
    alike = [mark.copy() for mark in found.alike]
    gone = np.sort(found.at[~which])
    for mark, at in zip(alike, found.axis, strict=True):
        mark[np.isin(at, gone)] = False
    columns = {name: getattr(found, name)[which] for name in ("copies", "numbers", "at", "stops")}
    return replace(found, alike=alike, **columns)


def missing(found: Collation, copies: Sequence[Held], sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    """(index of the chosen record behind it, start, stop) on the axis of what no copy has whole; `sizes` are the copies' bytes."""
    ends = [
        (int(at[0] - held.starts[0]), int(at[-1] - held.starts[-1]) + size)
        for at, held, size in zip(found.axis, copies, sizes, strict=True)
        if len(held)
    ]
    if not ends:
        return []
    head, tail = min(low for low, _ in ends), max(high for _, high in ends)
    starts, stops = np.append(found.at, tail), np.concatenate(([head], np.maximum.accumulate(found.stops)))
    holes = np.flatnonzero(starts > stops)
    return [(int(n), int(stops[n]), int(starts[n])) for n in holes]


def here(held: Held, at: Offsets, strays: Bools, start: int, stop: int, size: int) -> tuple[int, int]:
    """What a copy of `size` bytes has between two places of the axis where it has no record: [start, stop) by its own offsets."""
    alive = np.flatnonzero(~strays)
    if not len(alive):
        return 0, size
    behind = int(np.searchsorted(at[alive], start, "right"))
    low, high = 0, size
    wishes = [0, size]
    if behind:
        before = alive[behind - 1]
        low = int(held.stops[before])
        wishes = [int(held.starts[before] - at[before]) + edge for edge in (start, stop)]
    if behind < len(alive):
        after = alive[behind]
        high = int(held.starts[after])
        own = [int(held.starts[after] - at[after]) + edge for edge in (start, stop)]
        wishes = own if not behind else [wishes[0], own[1]]
    first, last = (min(max(wish, low), high) for wish in wishes)
    return first, max(first, last)
