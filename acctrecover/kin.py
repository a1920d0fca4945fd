"""Whether records behind a wound go on the history before it: their serial numbers and clocks beside those of its last records."""

from __future__ import annotations

from functools import cached_property

from acctrecover.grammar import END, Candidates
from acctrecover.telling import CLOSE, HOUR, LOOKED, alike


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
            close = alike([values[i] for i in before], [values[i] for i in behind], reach)
            if close is not None:
                return close
        return False
