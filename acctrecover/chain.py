"""The skeleton: of all ways to lay linked records over a stretch of bytes, the one with the fewest and likeliest breaks.

A dynamic programme from right to left over the candidates. What a break costs is what would have caused it:

* GAP for being there at all, and a little per byte of it;
* UNMET more where a record's end is met by no header, nor by the phase of a fixed-size stream;
* instead of that READ where one damaged byte of a header explains the bytes up to the next record exactly;
* SLIP, growing with the bytes missing or put in, where a record's own header stands but the next one comes too early or late.

So a record that a header at its end confirms beats the one that overlaps it, a record beats whatever its payload holds, and
of the records behind a cut carrier the one nearest to the carrier's announced end is believed to be the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import log2

from acctrecover.costs import (
    CARRIED,
    EMPTY,
    FIRM,
    GAP,
    IN_PHASE,
    INNER,
    KIN,
    LAPPED,
    NEARBY,
    PADDED,
    PASSED,
    PER_BYTE,
    PER_RECORD,
    READ_BIT,
    READ_BYTE,
    READ_SLIP,
    RESUMED,
    SKIPPED,
    SLIP,
    SLIP_GROWTH,
    SOUND,
    STRADDLED,
    SWITCH,
    UNMET,
    Lowest,
)
from acctrecover.grammar import END, Candidates, Grammar, Step, containers
from acctrecover.kin import Kin
from acctrecover.misled import LEAD, TELLING
from acctrecover.payloads import Payloads


class Skeleton:
    """The programme over one stretch [low, high), `final` where the input ends there.

    `path` gives the chosen candidates from left to right.
    """

    def __init__(self, given: Candidates, grammars: Sequence[Grammar], low: int, high: int, *, final: bool) -> None:
        self.given, self.grammars, self.low, self.high, self.final = given, grammars, low, high, final
        self.n = len(given.starts)
        self.plain = all(grammar.pitch is not None for grammar in grammars)
        self.cost, self.follow, self.cut = [0.0] * self.n, [END] * self.n, [False] * self.n
        self.at: dict[tuple[int, int], int] = {}
        self.into: dict[tuple[int, int], list[int]] = {}
        for i in range(self.n):
            if given.bits[i] > 0:
                self.into.setdefault((given.dialects[i], given.landings[i]), []).append(given.starts[i])
        known = set(zip(given.dialects, given.starts, strict=True))
        self.within = containers(given, self.into.keys(), known)
        self.kin = Kin(given)
        self.payloads = Payloads(given, grammars, self.at, self.into)
        onward = ((dialect, landing) in known for dialect, landing in zip(given.dialects, given.landings, strict=True))
        self.linked = [0, *accumulate(onward)]
        self.best, self.best_at = [0.0] * (self.n + 1), [END] * (self.n + 1)
        self.best[self.n] = PER_BYTE * high + PER_RECORD * self.linked[self.n]
        self.read: dict[tuple[int, int], list[tuple[int, float]]] = {}
        self.phase: dict[tuple[int, int], int] = {}
        largest = max((grammar.largest for grammar in grammars), default=0)
        self.lowest, self.near = Lowest(RESUMED + 4 * largest), Lowest(4 * largest)
        """The least costs as far as breaks behind any candidate, and behind one that carries nothing, reach."""
        for i in range(self.n - 1, -1, -1):
            self._settle(i)

    def path(self, before: int | None) -> list[Step]:
        """The chosen candidates; `before` is the dialect of a record that ends at `low`."""
        opening = GAP + (UNMET / 2 if before is None else 0.0)  # as dear as a tail cut short, so that neither is preferred
        total, chosen = opening + self.best[0] - PER_BYTE * self.low, self.best_at[0]
        for dialect, grammar in enumerate(self.grammars):
            if before in (None, dialect) and grammar.pitch is None and (self.low == 0 or before is not None):
                for t, extra in self._readable(self.low, dialect):
                    if GAP + extra + self.cost[t] <= total:
                        total, chosen = GAP + extra + self.cost[t], t
            first = self.at.get((dialect, self.low), END)
            if first != END:
                here = self.cost[first] + (GAP + SWITCH if before not in (None, dialect) else 0.0)
                if here <= total:
                    total, chosen = here, first
        path = []
        while chosen != END:
            path.append(Step(chosen, self.cut[chosen]))
            chosen = self.follow[chosen]
        return path

    def _settle(self, i: int) -> None:
        given = self.given
        start, landing, dialect = given.starts[i], given.landings[i], given.dialects[i]
        grammar = self.grammars[dialect]
        linked, cut = self.at.get((dialect, landing), END), False
        firm = linked != END and grammar.pitch is None and not self.payloads.crossed(linked)
        lowest = self.near if self.payloads.carried(i) == END else self.lowest
        surely = firm and self.cost[linked] + given.unsound[i] + given.whole[i] <= GAP + lowest.behind(start)  # as any break
        if landing >= self.high:
            total, after = 0.0, END
        elif self.plain and linked != END and self.cost[linked] + given.unsound[i] < GAP / 2:  # no break costs less than GAP
            total, after = self.cost[linked] + given.unsound[i], linked
        else:
            if firm:  # what follows the header there is that header's own affair
                total, after = self.cost[linked] + given.unsound[i], linked
            else:
                met = linked != END and (grammar.pitch is None or self._overlaps(linked))  # else nothing speaks for a cut before it
                total, after = self._break(i, met=met or (dialect, landing) in given.heads)
            if grammar.pitch is None and not surely:
                crossed = GAP + (STRADDLED if self.payloads.crossed(i) else 0.0)
                for t, extra in self._late(i, landing, dialect):
                    if crossed + extra + self.cost[t] < total:
                        total, after = crossed + extra + self.cost[t], t
            if linked != END and self.cost[linked] + given.unsound[i] <= total:
                total, after = self.cost[linked] + given.unsound[i], linked
        total += given.whole[i]
        if grammar.pitch is None and not surely:
            forsaken = GAP + (UNMET if firm and not given.whole[i] else 0.0) + (STRADDLED if self.payloads.crossed(i) else 0.0)
            for t, extra in self._early(i, start, min(landing, self.high), dialect):
                # what a header at its end confirms is not cut for its kin alone
                price = forsaken + (max(extra, 0.0) if firm else extra)
                if price + self.cost[t] < total:
                    total, after, cut = price + self.cost[t], t, True
        self.cost[i], self.follow[i], self.cut[i] = total + given.costs[i], after, cut
        self.lowest.add(start, self.cost[i])
        self.near.add(start, self.cost[i])
        value = self.cost[i] + PER_BYTE * start + PER_RECORD * self.linked[i]
        nearest = value <= self.best[i + 1]
        self.best[i], self.best_at[i] = (value, i) if nearest else (self.best[i + 1], self.best_at[i + 1])
        if grammar.pitch is not None:
            key = (dialect, start % grammar.pitch)
            same = self.phase.get(key, END)
            if same == END or value <= self.cost[same] + PER_BYTE * given.starts[same] + PER_RECORD * self.linked[same]:
                self.phase[key] = i
        self.at[dialect, start] = i

    def _overlaps(self, i: int) -> bool:
        """Whether a record begins in the last bytes of candidate `i`, of the same dialect, with FIRM evidence behind it, or the
        input's end where what is left behind `i` is no record's beginning: `i` has lost as many bytes."""
        given, dialect, stop = self.given, self.given.dialects[i], self.given.landings[i]
        lapped = max(LAPPED, self.grammars[dialect].name)
        for j in range(max(i + 1, bisect_left(given.starts, stop - lapped)), bisect_left(given.starts, stop)):
            if given.dialects[j] == dialect:
                after, bits = j, 0.0
                while after != END and given.landings[after] < self.high and bits < FIRM:
                    bits += given.bits[after]
                    after = self.at.get((dialect, given.landings[after]), END)
                if after != END and (bits >= FIRM or (dialect, stop) not in given.heads):
                    return True
        return False

    def _break(self, i: int, *, met: bool) -> tuple[float, int]:
        """The cheapest gap of any size behind candidate `i`, whole: its cost, and what follows."""
        given, dialect = self.given, self.given.dialects[i]
        landing, grammar = given.landings[i], self.grammars[dialect]
        first = bisect_left(given.starts, landing)
        total, after = self.best[first] - PER_BYTE * landing - PER_RECORD * self.linked[first], self.best_at[first]
        cut = landing + (grammar.pitch or grammar.head) > self.high  # what is left holds no header: the stream was cut there
        if self.final and grammar.pitch is None and (dialect, landing) in given.heads and (dialect, landing) not in self.at:
            return self._ending(landing, dialect)
        if self.final and grammar.pitch is None and self._damage(self.high, landing, dialect):
            return GAP + READ_BYTE, END
        total += GAP + (0.0 if met else UNMET / 2 if cut else UNMET)
        total += KIN if given.loose[i] and not met and self.payloads.passed(i) else 0.0
        if after != END and given.dialects[after] != dialect:
            total += SWITCH
        if grammar.pitch is not None:
            same = self.phase.get((dialect, given.starts[i] % grammar.pitch), END)
            if same != END and given.starts[same] - landing <= IN_PHASE:
                kept = self.cost[same] + GAP + PER_BYTE * (given.starts[same] - landing)
                if kept < total:
                    return kept, same
        return total, after

    def _ending(self, landing: int, dialect: int) -> tuple[float, int]:
        """The input ends inside the record at `landing`, or that has a byte too many, or too few, in its header, by which its
        end fits another record exactly; or its length is damaged, and a chain that it passes over runs to the end of the input."""
        out, readable = [], self._readable(landing, dialect)
        sizes, loose = self.grammars[dialect].reader(landing)
        if (loose is None and not sizes) or (loose is not None and loose[1] == loose[2]):  # of a type that carries nothing
            readable = [(t, READ_BYTE) for t in range(bisect_left(self.given.starts, landing + 1), self.n)]
        for t, extra in [pair for pair in readable if self.given.dialects[pair[0]] == dialect]:
            start, total = self.given.starts[t], GAP + extra + self.cost[t]
            slips = self._damage(start, landing, dialect) < 0
            carried = start <= landing + self.grammars[dialect].head + LEAD or (dialect, start) in self.into
            if total < GAP + CARRIED if slips else self.cost[t] < GAP and not carried and self._proof(t) >= TELLING:
                out.append((total, t))
        return min(out, default=(GAP, END))

    def _proof(self, t: int) -> float:
        """The bits of a candidate and of what it is followed by."""
        bits = 0.0
        while t != END and bits < TELLING:
            bits, t = bits + self.given.bits[t], self.follow[t]
        return bits

    def _damage(self, stop: int, landing: int, dialect: int) -> int:
        """What one damaged byte of a header at `landing` makes the record end at `stop`, 0 for none."""
        return self.grammars[dialect].reader(landing)[0].get(stop - landing, 0)

    def _readable(self, landing: int, dialect: int) -> list[tuple[int, float]]:
        """(candidate, cost) of the records that one damaged byte of a header at `landing` leads to."""
        if (dialect, landing) not in self.read:
            self.read[dialect, landing] = self._read(landing, dialect)
        return self.read[dialect, landing]

    def _read(self, landing: int, dialect: int) -> list[tuple[int, float]]:
        given, grammar = self.given, self.grammars[dialect]
        sizes, loose = grammar.reader(landing)
        own = self.at.get((dialect, landing), END)
        out = []
        skipped, first, passed = 0, landing, END
        last = landing + max([0, *sizes, *([] if loose is None else [grammar.head + loose[2]])])
        straddled = own == END and any(self.payloads.onward(dialect, at) for at in range(landing + 1, landing + grammar.head - 1))
        j = bisect_left(given.starts, landing + grammar.head - 1)
        while j < self.n and given.starts[j] <= last:
            if given.dialects[j] == dialect:
                size = given.starts[j] - landing
                damage = sizes.get(size)
                if damage is None and loose is not None and loose[1] <= size - grammar.head <= loose[2]:
                    damage = (loose[0] ^ size - grammar.head).bit_count()
                late = own != END and given.starts[j] > given.landings[own]  # then the record itself is kept, as `_late` has it
                if damage and (damage < 0 or not late):
                    extra = READ_SLIP if damage < 0 else READ_BIT if damage == 1 else READ_BYTE
                    if own == END:
                        carried = first <= landing + grammar.head + LEAD
                        extra += min(SKIPPED * skipped / 5, CARRIED) if carried else min(SKIPPED * skipped, EMPTY)
                    else:
                        inner = any(s > landing for s in self.into.get((dialect, given.starts[j]), ()))
                        empty = given.landings[own] == landing + grammar.head
                        if damage > 0 and not empty and self._forsakes(j, given.landings[own], dialect):
                            extra += UNMET
                        if inner or size == grammar.head:
                            extra += EMPTY if damage != 1 or size == grammar.head else SOUND
                        elif damage < 0 or empty or (damage > 1 and self.payloads.carried(own) != END):
                            extra += SOUND
                    if straddled or self.within[j] > landing:
                        extra += STRADDLED
                    if skipped:
                        extra += KIN * self.kin.goes_on(dialect, landing, passed)
                    out.append((j, extra))
                if (dialect, given.landings[j]) in self.at:
                    first, passed, skipped = (first, passed, skipped + 1) if skipped else (given.starts[j], j, 1)
            j += 1
        return out

    def _forsakes(self, j: int, landing: int, dialect: int) -> bool:
        """Whether the path from candidate `j` on goes past a record at `landing`, or a linked one almost exactly there."""
        own = self.at.get((dialect, landing), END)
        near = {landing} if own != END and not self.payloads.crossed(own) else set()
        for t in range(landing - NEARBY, landing + NEARBY + 1):
            if self.payloads.onward(dialect, t):
                near.add(t)
        while near and j != END and self.given.starts[j] <= landing + NEARBY:
            near.discard(self.given.starts[j])
            j = self.follow[j]
        return bool(near)

    def _late(self, i: int, landing: int, dialect: int) -> list[tuple[int, float]]:
        """(candidate, cost) of the records that may come next though they begin behind `landing`."""
        given, grammar = self.given, self.grammars[dialect]
        out = self._readable(landing, dialect)
        own = self.at.get((dialect, landing), END)
        if own != END and not self.payloads.crossed(own):
            return out
        start, j = given.starts[i], bisect_left(given.starts, landing + 1)
        passed, goes_on = self.linked[j], self.payloads.carried_to(i)
        beyond = self.linked[max(j, bisect_left(given.starts, goes_on))]
        while j < self.n and given.starts[j] <= landing + grammar.largest:
            if given.dialects[j] == dialect:
                stream = PASSED * (self.linked[j] - passed)
                extra = SLIP + SLIP_GROWTH * log2(given.starts[j] - landing) + stream
                if self.payloads.straddled(i, given.starts[j]):
                    extra += STRADDLED
                elif (landing, given.starts[j]) in given.padded:
                    extra = PADDED - GAP
                elif given.loose[i] and given.starts[j] <= start + grammar.largest:  # or its length is what is wrong
                    foreign = PASSED * max(0, self.linked[j] - beyond)
                    extra = min(extra, READ_BYTE + foreign + (SOUND if goes_on != END or landing == start + grammar.head else 0.0))
                if self.within[j] > start:
                    extra += STRADDLED
                if goes_on != END:
                    extra += KIN * self.kin.goes_on(dialect, start, self.payloads.carried(i))
                if given.loose[i] and self.payloads.entered(i, given.starts[j]):
                    extra += KIN
                out.append((j, extra))
            j += 1
        behind = [(j, extra + PASSED * (self.linked[j] - passed)) for j, extra in self._resumed(i) if given.starts[j] > landing]
        return out + behind

    def _early(self, i: int, start: int, landing: int, dialect: int) -> list[tuple[int, float]]:
        """(candidate, cost) of the records that may come next though they begin before `landing`."""
        given, grammar = self.given, self.grammars[dialect]
        out, first = [], start + grammar.head
        carried, goes_on = self.payloads.carried(i), self.payloads.carried_to(i)
        carried_from = given.starts[carried] if carried != END else END
        heads: dict[int, int] = {}
        j = i + 1
        while j < self.n and given.starts[j] < landing:
            t = given.starts[j]
            own = given.dialects[j] == dialect
            head = heads.get(t, t)
            if own:
                heads.setdefault(given.landings[j], head)
            if own and t >= first:
                extra, missing = SLIP + SLIP_GROWTH * log2(landing - t), landing - t
                if head != t:
                    may = carried_from - first + missing <= LEAD if head == carried_from else END != goes_on <= head
                    one = carried != END and missing <= NEARBY
                    extra += 0.0 if one else INNER if may else STRADDLED
                    extra += KIN * self.kin.goes_on(dialect, start, self.at[dialect, head])
                if self.within[j] > start or (head == t and self.payloads.held(j, start)):
                    extra += STRADDLED
                elif head == t and given.bits[j] > 0 and not given.whole[j] and self.kin.goes_on(dialect, start, j):
                    extra -= 0.0 if self.payloads.rivalled(j, landing) else KIN
                out.append((j, extra))
            j += 1
        return out + [(j, extra) for j, extra in self._resumed(i) if given.starts[j] < landing]

    def _resumed(self, i: int) -> list[tuple[int, float]]:
        """(candidate, cost) of the records as far from where candidate `i` ends as the stream that it carries goes on from
        where its last sound record should end: one wound explains both."""
        given, dialect, landing = self.given, self.given.dialects[i], self.given.landings[i]
        out: list[tuple[int, float]] = []
        broken = self.payloads.last_carried(i)
        last = given.landings[broken] if broken != END else END
        if last == END or last >= landing + LEAD:
            return out
        j = bisect_left(given.starts, given.starts[broken] + self.grammars[dialect].head)
        while j < self.n and given.starts[j] <= last + RESUMED:
            start = given.starts[j]
            t = self.at.get((dialect, landing + start - last), END)
            if t != END and start not in (last, given.starts[t]) and given.dialects[j] == dialect:
                first = (dialect, start) not in self.into
                pair = self.at.get((dialect, given.landings[j]), END)
                if first and (start < landing or (pair != END and given.starts[pair] < given.starts[t])):
                    out.append((t, READ_BYTE))
            j += 1
        return out
