"""What the payloads of candidates hold: the records that they begin with, and others that go across their ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from acctrecover.costs import NEARBY
from acctrecover.grammar import END, Candidates, Grammar
from acctrecover.misled import LEAD

PASSING = 3
"""Records that lead over the end of another one, from which on it is the other one that is cut."""


class Payloads:
    """`at` is the candidate at each (dialect, offset) that the skeleton has come to, `into` where those start that land there."""

    def __init__(
        self,
        given: Candidates,
        grammars: Sequence[Grammar],
        at: Mapping[tuple[int, int], int],
        into: Mapping[tuple[int, int], list[int]],
    ) -> None:
        self.given, self.grammars, self.at, self.into = given, grammars, at, into

    def carried(self, i: int) -> int:
        """The record that the payload of a candidate begins with, or END: what breaks the rules of its type carries nothing."""
        given, dialect = self.given, self.given.dialects[i]
        first, landing = given.starts[i] + self.grammars[dialect].head, given.landings[i]
        if not given.loose[i] or given.unsound[i] or landing == first:
            return END
        j = bisect_left(given.starts, first)
        while j < len(self.given.starts) and given.starts[j] <= min(first + LEAD, landing):
            if given.dialects[j] == dialect and given.landings[j] < landing and given.bits[j] > 0:
                return j
            j += 1
        return END

    def held(self, j: int, start: int) -> bool:
        """Whether candidate `j` is the first that a candidate behind `start` carries which another one follows."""
        given, k = self.given, j - 1
        head = self.grammars[given.dialects[j]].head
        while k >= 0 and given.starts[k] >= max(start + head, given.starts[j] - head - LEAD):
            if given.dialects[k] == given.dialects[j] and given.landings[k] >= given.landings[j] and self.carried(k) == j:
                return self.onward(given.dialects[k], given.landings[k])
            k -= 1
        return False

    def entered(self, i: int, t: int) -> bool:
        """Whether PASSING records that follow each other, the first of them in the payload of candidate `i`, lead to `t`."""
        dialect, first = self.given.dialects[i], self.given.starts[i] + self.grammars[self.given.dialects[i]].head
        for _ in range(PASSING):
            t = self.into.get((dialect, t), (END,))[-1]  # the nearest: they are in order
            if t < first:
                return False
        return True

    def passed(self, i: int) -> bool:
        """Whether so many lead from inside the payload of candidate `i` to a record behind its end."""
        given, landing = self.given, self.given.landings[i]
        j = bisect_left(given.starts, landing) - 1
        while j > i and given.landings[j] > landing - 1 and given.dialects[j] == given.dialects[i]:
            if (given.dialects[j], given.landings[j]) in self.at and self.entered(i, given.landings[j]):
                return True
            j -= 1
        return False

    def last_carried(self, i: int) -> int:
        """The last of the linked records that the payload of a candidate begins with, or END."""
        j = self.carried(i)
        while j != END and (after := self.at.get((self.given.dialects[i], self.given.landings[j]), END)) != END:
            j = after
        return j

    def carried_to(self, i: int) -> int:
        """Where that last one should end, or END."""
        last = self.last_carried(i)
        return self.given.landings[last] if last != END else END

    def onward(self, dialect: int, at: int) -> bool:
        """Whether a record that another one follows begins just there."""
        n = self.at.get((dialect, at), END)
        return n != END and (dialect, self.given.landings[n]) in self.at

    def crossed(self, i: int) -> bool:
        """Whether a linked record begins inside the header of candidate `i`."""
        start, dialect = self.given.starts[i], self.given.dialects[i]
        inside = range(start + 1, start + self.grammars[dialect].head)
        near = i + 1 < len(self.given.starts) and self.given.starts[i + 1] < inside.stop
        return near and any(self.onward(dialect, t) for t in inside)

    def straddled(self, i: int, t: int) -> bool:
        """Whether the record at `t` behind candidate `i` is not the first of its chain, and the chain does not begin in it.

        It does where `i` carries a stream whose records before and behind the bytes put in lie as far apart as those are many.
        """
        given, dialect = self.given, self.given.dialects[i]
        start, landing = given.starts[i], given.landings[i]
        head = next((s for s in self.into.get((dialect, t), ()) if s > start), END)
        if head == END or (self.carried(i) != END and t - landing <= NEARBY):
            return False
        if head >= landing or self.carried(i) == END:
            return True
        while (back := next((s for s in self.into.get((dialect, head), ()) if start < s), END)) != END:
            head = back
        return (dialect, head - (t - landing)) not in self.into

    def rivalled(self, j: int, landing: int) -> bool:
        """Whether records that begin almost at `landing`, all of them inside candidate `j`, lead to where `j` ends."""
        given, dialect = self.given, self.given.dialects[j]
        for t in range(landing, landing + NEARBY + 1):
            after = self.at.get((dialect, t), END)
            while after != END and given.landings[after] < given.landings[j]:
                after = self.at.get((dialect, given.landings[after]), END)
            if after != END and given.landings[after] == given.landings[j]:
                return True
        return False
