"""Holes in time without holes in bytes: pauses in a stream beyond what its own pace explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acctrecover.trail import Trail

AROUND = 1 << 8
"""Pauses on either side that tell the pace of a place."""
LEAST = 60.0
"""Seconds that a pause must last to be worth a look."""
TENTH = 10
"""The longest tenth of the pauses around tells how pauses of a stream get longer."""
EVEN = 0.15
"""How fast the chance of a longer pause falls at most: no clockwork is so even that one of twice its beat could not be."""
MOST = 16
"""Pauses looked at, the longest first."""


@dataclass(frozen=True)
class Lull:
    """Nothing was written for `seconds` between two records, by number; an untouched stream has `expected` such pauses."""

    seconds: float
    after: int
    before: int
    expected: float


def lulls(trail: Trail, most: float) -> list[Lull]:
    """The pauses of a stream that are `expected` at most so often, in order.

    Where records have serial numbers these tell more: nothing is missing in a pause in which none was skipped.
    """
    timed = np.flatnonzero(np.isfinite(trail.clocks))
    if trail.numbers.any() or len(timed) < AROUND:
        return []
    pauses = np.diff(np.maximum.accumulate(trail.clocks[timed]))
    out = []
    for at in np.argsort(-pauses, kind="stable")[:MOST].tolist():
        if pauses[at] < LEAST:
            break
        near = np.delete(pauses[max(0, at - AROUND) : at + AROUND + 1], min(at, AROUND)) + 1
        top = np.sort(near)[-(len(near) // TENTH) :]
        slope = max(EVEN, float(np.log(top / top[0]).mean()))
        chance = len(top) / len(near) * float((pauses[at] + 1) / top[0]) ** (-1 / slope)
        after, before = int(timed[at]), int(timed[at + 1])
        broken = bool(((trail.breaks > after) & (trail.breaks <= before)).any())
        if chance * len(pauses) <= most and not broken:
            out.append(Lull(float(pauses[at]), after, before, chance * len(pauses)))
    return sorted(out, key=lambda lull: lull.before)
