"""What a break between records costs the skeleton, by what would have caused it, a gap costing 1; and how far it looks."""

from __future__ import annotations

from collections import deque
from math import inf

GAP = 1.0
UNMET = 1.0
SWITCH = 2.0
PER_BYTE = 1 / 280
"""So that what one lost carrier may hold is not worth a gap, while a chain longer than that is."""
READ_SLIP, READ_BIT, READ_BYTE = 0.04, 0.05, 0.1
CARRIED = 0.15
SLIP, SLIP_GROWTH = 0.2, 0.06
EMPTY = 0.6
"""More for a damaged length byte that should say 0, or that would take in or leave out a part of a chain."""
SOUND = 0.25
"""More for damage to a header that is sound as it stands, in a way that the bytes behind it do not single out."""
SKIPPED = 0.1
"""More for each linked record that a damaged length byte would take in, up to EMPTY."""
PER_RECORD = 0.08
PASSED = 0.5
"""More for each linked record among bytes put in behind a record: what is put in is no stream."""
INNER = 0.5
"""More for a record behind a cut carrier that is not the first of its chain, unless it begins almost where it should."""
PADDED = 0.3
"""Instead of a gap, for the fill bytes of a buffer that was moved."""
KIN = 1.6
"""Less where the records behind a break go on the history before it, more where such records are passed over."""
STRADDLED = 0.6
"""More for bytes put in behind a record, where a record linked onwards begins inside it: bytes missing are likelier."""
FIRM = 18.0
"""Bits of linked records that no chance makes of a stream read out of step."""
LAPPED = 8
"""Bytes of the next record that one of fixed size may have instead of its own and be sound, where no longer name stands there."""
NEARBY = 1
"""Bytes missing or put in that are told from others of no more than a record."""
IN_PHASE = 1 << 16
"""Bytes of a gap over which a stream of fixed-size records is believed to have kept its phase: over more, chance keeps it."""
RESUMED = 4096
"""How far behind a wound the carried stream may go on."""


class Lowest:
    """The least cost of what begins within `reach` bytes behind a place, of places that come from right to left."""

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.kept: deque[tuple[int, float]] = deque()
        """(start, cost) of what no cheaper one stands before."""

    def add(self, start: int, cost: float) -> None:
        """Something begins at `start`, at or before all that were added."""
        while self.kept and self.kept[0][1] >= cost:
            self.kept.popleft()
        self.kept.appendleft((start, cost))

    def behind(self, start: int) -> float:
        """The least cost behind a place at or before all that were asked; infinite where nothing begins there."""
        while self.kept and self.kept[-1][0] > start + self.reach:
            self.kept.pop()
        return self.kept[-1][1] if self.kept else inf
