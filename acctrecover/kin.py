"""Whether records behind a wound go on the history before it: their serial numbers and clocks beside those of its last records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import isnan

from acctrecover.grammar import END, Candidates

LOOKED = 4
"""Records with a number on either side that are asked, of so many times as many records."""
CLOSE = 600.0
"""How far the middle one of them may be from the other side's, and the first from the last, in serial numbers."""
HOUR = 3600.0
"""The same in seconds."""


class Kin:
    """What the linked records that end at a place, and those from a candidate on, tell of the history they are of."""

    def __init__(self, given: Candidates) -> None:
        self.given = given
        self.known: dict[tuple[int, int, int], bool] = {}

    @cached_property
    def onward(self) -> list[int]:
        """The candidate on which each lands, or END."""
        given = self.given
        at = {key: i for i, key in enumerate(zip(given.dialects, given.starts, strict=True))}
        return [at.get(key, END) for key in zip(given.dialects, given.landings, strict=True)]

    @cached_property
    def ending(self) -> dict[tuple[int, int], int]:
        """The candidate that ends at each place of a dialect: of several the first, which carries the others."""
        given, out = self.given, {}
        for i in range(len(given.starts) - 1, -1, -1):
            if given.bits[i] > 0:
                out[given.dialects[i], given.landings[i]] = i
        return out

    def goes_on(self, dialect: int, place: int, t: int) -> bool:
        """Whether the chain from candidate `t` on tells much the same numbers as the one that ends at `place`.

        That it does not says little: stale blocks and spliced streams are of another history too.
        """
        key = (dialect, place, t)
        if key not in self.known:
            self.known[key] = self._told(dialect, place, t)
        return self.known[key]

    def _told(self, dialect: int, place: int, t: int) -> bool:
        before: list[int] = []
        behind: list[int] = []
        i = self.ending.get((dialect, place), END)
        while i != END and len(before) < 4 * LOOKED:
            before.append(i)
            i = self.ending.get((dialect, self.given.starts[i]), END)
        while t != END and len(behind) < 4 * LOOKED:
            behind.append(t)
            t = self.onward[t]
        for values, reach in ((self.given.serials, CLOSE), (self.given.clocks, HOUR)):
            left, right = _few(before, values), _few(behind, values)
            if left and right and left[-1] - left[0] <= reach and right[-1] - right[0] <= reach:
                return abs(left[len(left) // 2] - right[len(right) // 2]) <= reach
        return False


def _few(chain: Sequence[int], values: Sequence[float]) -> list[float]:
    """The first numbers of some records, in ascending order."""
    return sorted([values[i] for i in chain if not isnan(values[i])][:LOOKED])
