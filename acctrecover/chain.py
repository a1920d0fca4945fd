"""The skeleton: of all ways to lay linked records over a stretch of bytes, the one with the fewest breaks.

A dynamic programme from right to left over the candidates, linear in their number. Every gap costs GAP and a little per
byte; one more where a record's end is met by no header and the phase of a fixed-size stream is not kept either. So a
record that a header at its end confirms beats the one that overlaps it, and a record beats whatever its payload holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

GAP = 1.0
UNMET = 1.0
SWITCH = 2.0
PER_BYTE = 1 / 1024
HEADER = 4
END = -1


@dataclass(frozen=True)
class Candidates:
    """Parallel lists in ascending order of `starts`; `landings` is where the next record must start."""

    starts: Sequence[int]
    landings: Sequence[int]
    dialects: Sequence[int]
    costs: Sequence[float]
    heads: frozenset[tuple[int, int]]
    """(dialect, offset) of further headers, which confirm what lands on them though their own records are cut."""


def skeleton(given: Candidates, pitches: Sequence[int | None], low: int, high: int, before: int | None) -> list[int]:
    """Indices of the chosen candidates, left to right, over the bytes [low, high).

    `pitches` has each dialect's fixed distance of records, or None. `before` is the dialect of a record that ends at `low`.
    A record may land behind `high`: what follows there is not judged.
    """
    starts, landings, dialects = given.starts, given.landings, given.dialects
    n = len(starts)
    cost, follow = [0.0] * n, [END] * n
    best, best_at = [0.0] * (n + 1), [END] * (n + 1)
    best[n] = PER_BYTE * high
    at: dict[tuple[int, int], int] = {}
    phase: dict[tuple[int, int], int] = {}

    for i in range(n - 1, -1, -1):
        landing, dialect = landings[i], dialects[i]
        linked = at.get((dialect, landing), END)
        if landing >= high:
            total, after = 0.0, END
        else:
            first = bisect_left(starts, landing)
            total, after = best[first] - PER_BYTE * landing, best_at[first]
            cut = landing + (pitches[dialect] or HEADER) > high  # what is left holds no header: the stream was cut there
            met = linked != END or (dialect, landing) in given.heads
            total += GAP + (0.0 if met else UNMET / 2 if cut else UNMET)
            if after != END and dialects[after] != dialect:
                total += SWITCH
            pitch = pitches[dialect]
            if pitch is not None:
                same = phase.get((dialect, starts[i] % pitch), END)
                if same != END:
                    kept = cost[same] + GAP + PER_BYTE * (starts[same] - landing)
                    if kept < total:
                        total, after = kept, same
            if linked != END and cost[linked] <= total:
                total, after = cost[linked], linked
        cost[i], follow[i] = total + given.costs[i], after
        value = cost[i] + PER_BYTE * starts[i]
        if value <= best[i + 1]:
            best[i], best_at[i] = value, i
        else:
            best[i], best_at[i] = best[i + 1], best_at[i + 1]
        pitch = pitches[dialect]
        if pitch is not None:
            key = (dialect, starts[i] % pitch)
            if key not in phase or cost[i] + PER_BYTE * starts[i] <= cost[phase[key]] + PER_BYTE * starts[phase[key]]:
                phase[key] = i
        at[dialect, starts[i]] = i

    opening = GAP + (UNMET / 2 if before is None else 0.0)  # as dear as a tail cut short, so that neither is preferred
    total, chosen = opening + best[0] - PER_BYTE * low, best_at[0]
    for dialect in range(len(pitches)):
        first = at.get((dialect, low), END)
        if first != END:
            here = cost[first] + (GAP + SWITCH if before not in (None, dialect) else 0.0)
            if here <= total:
                total, chosen = here, first
    path = []
    while chosen != END:
        path.append(chosen)
        chosen = follow[chosen]
    return path
