"""From bytes to chains: follow a stream while it holds, and search every offset where it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from acctrecover.barren import barren
from acctrecover.dialect import Dialect
from acctrecover.sightings import Sightings
from acctrecover.source import Source
from acctrecover.stream import WINDOW, Read, border
from acctrecover.survey import RISK, Chain, join, survey
from acctrecover.voids import WIDE

NEAR, FAR = 1 << 13, 1 << 19
"""Bytes searched at every offset behind a wound: at first, and at most at once, give or take a half."""
LOOSE_ENDS = 256
"""Bytes other than NUL that the formats seen so far may leave unexplained at a wound, or at the end, before all are tried there."""
WASTE = 1 << 14
"""The same where no format makes anything of them."""
OFTEN = 8
"""Breaks close behind each other from which on a search is believed as far as it saw, instead of up to the next chain only."""
RECENT = 1 << 22
"""Bytes for which a format that was followed is among those that are tried first at a wound."""
EAGER, AHEAD = 64, 1 << 18
"""Wounds at most whose bytes are looked at together, and how far ahead the walk goes for each."""
SURE = 20.0
"""Bits beyond the room searched from which a chain needs no neighbours."""


Key = tuple[int, ...]
"""All that a step depends on besides the input's bytes and the formats, as numbers."""


class Step(NamedTuple):
    """What one step of a walk makes: the chains it adds, where it goes on, and the dialect it follows from there."""

    chains: tuple[Chain, ...]
    at: int
    lock: Dialect | None


class Untailed(NamedTuple):
    """Chains without the records that a wound behind them may have touched: the first `kept` ones, and `last` cut short.

    `low` is where a search begins then, `before` the dialect of the record that ends there.
    """

    low: int
    before: Dialect | None
    kept: int
    last: Chain | None


@dataclass
class Walker:
    """One pass over a source; `chains` grows in offset order.

    It goes step by step, and a step depends on its key and the bytes alone: one that is `known`, as another process made it, is
    taken instead of made again. Between steps it may stop, and go on in another process with the same attributes.
    """

    source: Source
    dialects: Sequence[Dialect]
    progress: Callable[[int], None]

    def __post_init__(self) -> None:
        self.chains: list[Chain] = []
        self.largest = max(d.largest for d in self.dialects)
        self.number = {id(dialect): number for number, dialect in enumerate(self.dialects)}
        self.at = 0
        self.lock: Dialect | None = None
        self.start, self.stop = 0, 0
        """The ends of the input, or of the part of it between voids that no record reaches over; at first of none."""
        self.reported = 0
        self.trusted = 0
        self.followed: dict[int, int] = {}
        """Where each dialect, by number, was last followed to."""
        self.breaks = 0
        """How many times in a row a stream was followed and broke again soon, up to OFTEN."""
        self.kept: tuple[int, npt.NDArray[np.uint8]] = (0, np.zeros(0, np.uint8))
        read: Read = lambda start, stop: np.frombuffer(self.source.read(start, stop), np.uint8)  # noqa: E731
        self.sightings = Sightings(read, self.dialects, RISK)
        self.looked: dict[tuple[int, int], bool] = {}
        """Bytes between chains, and whether they are barren: no dialect makes anything of them at the usual RISK."""
        self.eager = 1
        """How many wounds are looked at together: the more, the more of them turned out to be barren."""
        self.hoped: dict[tuple[int, int], npt.NDArray[np.uint8]] | None = None
        """Of one that goes ahead, what is to be barren for its steps to hold."""
        self.marks: list[int] = []
        """Where records start at which the walk went on with a stream, some megabytes apart."""
        self.until: int | None = None
        self.known: dict[Key, Step] = {}
        self.note: Callable[[Key, Step], None] = lambda key, step: None
        self.taking = False
        """Whether its attributes are just being changed: not the moment to stop."""

    def octets(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        """The bytes [start, stop), of a window that is kept: where a stream breaks often, each stretch is asked for often."""
        low, kept = self.kept
        stop = min(stop, self.stop)
        if start < low or stop > low + len(kept):
            low, kept = self.kept = start, np.frombuffer(self.source.read(start, max(stop, border(start))), np.uint8)
        return kept[start - low : stop - low]

    def walk(self, attend: Callable[[Walker], None] = lambda walker: None, until: int | None = None) -> list[Chain]:
        """Every chain the skeleton keeps from where it stands on, and nothing yet of what lies stranded in the gaps.

        `attend` is called before each step; no step begins at `until` or behind.
        """
        self.until = until
        for start, stop in self.source.solid(0, self.source.size, max(WIDE, 2 * self.largest)):
            if stop <= self.at:
                continue
            if (start, stop) != (self.start, self.stop):
                self._begin(start, stop)
            while self.at < (stop if until is None else min(stop, until)):
                attend(self)
                self._step()
        return self.chains

    def _begin(self, start: int, stop: int) -> None:
        self.at = max(start, self.at)
        self.start, self.stop, self.reported, self.lock = start, stop, self.at, None
        if not self._seen():
            first = self.octets(self.at, self.at + NEAR)
            # the formats that run from the first byte on: if one of them explains what follows, no other needs to be weighed
            begun = ((number, dialect) for number, dialect in enumerate(self.dialects) if dialect.begins(first))
            opening = {number: run.count for number, dialect in begun if (run := dialect.run(first, 0)).count > 3}
            self.followed.update(dict.fromkeys(opening, self.at))
            if len(opening) == 1:
                [(number, count)] = opening.items()
                self.lock = self.dialects[number] if count * _typical(self.dialects[number]) > self._enough() else None

    def _seen(self) -> list[int]:
        """The dialects, by number, that were followed lately."""
        return sorted(number for number, at in self.followed.items() if at > self.at - RECENT)

    def _step(self) -> None:
        here = (self.at, self.start, self.stop, self.source.room)
        if self.lock is not None:
            key: Key = (*here, self.number[id(self.lock)], max(0, self.trusted - self.at))
            step = self.known.get(key) or self._follow(self.lock)
            untailed = None
        else:
            untailed, seen, often = self._untail(), self._seen(), self.breaks >= OFTEN
            lost = self.at - max([self.start, *self.followed.values()]) >= FAR
            before = -1 if untailed.before is None else self.number[id(untailed.before)]
            key = (*here, untailed.low, before, often, lost, *seen)
            if key not in self.known and self.hoped is None and self.eager > 1:
                self._go_ahead()
            step = self.known.get(key) or self._search(untailed.low, untailed.before, seen, often=often, lost=lost)
        self.note(key, step)
        self.taking = True
        self._take(step, untailed)
        self.taking = False
        if self.at > self.reported:
            self.progress(self.at - self.reported)
            self.reported = self.at

    def _take(self, step: Step, untailed: Untailed | None) -> None:
        if untailed is None:
            self.breaks = min(self.breaks + 1, OFTEN) if step.at - self.at < NEAR else 0
            self.marks += [step.at] if step.at - self.at >= WINDOW // 2 else []
            lock = self.lock if step.chains else None
        else:
            self.chains[untailed.kept :] = [] if untailed.last is None else [untailed.last]
            self.trusted = self.trusted if step.lock is None else self.at + 1
            lock = step.lock
        for chain in step.chains:
            join(self.chains, chain)
        self.at, self.lock = step.at, step.lock
        if lock is not None:
            self.followed[self.number[id(lock)]] = step.at

    def _go_ahead(self) -> None:
        """Make the next steps as if nothing but what was found up to now were in the wounds, and know those for which that is so.

        Of the wounds of a stream in which little else is, one look at all is enough, where each would cost nearly as much.
        """
        scout = copy(self)
        scout.chains, scout.followed, scout.hoped = self.chains[-EAGER:], dict(self.followed), {}
        scout.progress = lambda done: None
        made: list[tuple[Key, Step, set[tuple[int, int]]]] = []
        scout.note = lambda key, step: made.append((key, step, set(scout.hoped or ())))
        end = min(self.at + self.eager * AHEAD, self.stop if self.until is None else min(self.stop, self.until))
        hoped: dict[tuple[int, int], npt.NDArray[np.uint8]] = {}
        while scout.at < end and len(hoped) < self.eager:
            scout.hoped = {}
            scout._step()
            hoped |= scout.hoped
        self._look(hoped)
        self.known |= {key: step for key, step, gaps in made if all(self.looked[gap] for gap in gaps)}

    def _look(self, stretches: dict[tuple[int, int], npt.NDArray[np.uint8]]) -> bool:
        """Whether some bytes between chains are all barren, from now on known of each."""
        told = barren([(start, octets) for (start, _), octets in stretches.items()], self.sightings.all) if stretches else []
        self.looked |= zip(stretches, told, strict=True)
        self.eager = min(4 * self.eager, EAGER) if all(told) else 1
        return all(told)

    def _follow(self, lock: Dialect) -> Step:
        octets = self.octets(self.at, border(self.at))
        before = self.chains[-1] if self.chains else None
        long = before is not None and before.stop == self.at and before.stop - before.start >= WINDOW  # only how it is looked for
        run = lock.run(octets, 0, self.at, max(0, self.trusted - self.at), long=long)
        at = self.at + run.stop
        cut = at + lock.largest > self.stop or run.stop + lock.largest <= len(octets)
        if not run.count:
            return Step((), at, None)
        tail = tuple(self.at + start for start in run.tail)
        chain = Chain(lock, self.at, at, run.count, run.count * _typical(lock), tail)
        return Step((chain,), at, None if cut else lock)

    def _untail(self) -> Untailed:
        """Take the records of a chain's last bytes back, also behind an earlier wound: this one may have touched them."""
        low, kept = self.at, len(self.chains)
        while kept and self.chains[kept - 1].stop > max(self.start, self.at - self.chains[kept - 1].dialect.tail):
            last = self.chains[kept - 1]
            if not last.tail:  # its last records were taken back before
                return Untailed(last.stop, last.dialect, kept, None)
            left = last.count - len(last.tail)
            if left > 0:
                share = last.bits * left / last.count
                shorter = replace(last, stop=last.tail[0], count=left, bits=share, tail=())
                return Untailed(last.tail[0], last.dialect, kept - 1, shorter)
            low, kept = last.start, kept - 1
        return Untailed(low, None, kept, None)

    def _search(self, low: int, before: Dialect | None, seen: list[int], *, often: bool, lost: bool) -> Step:
        """Look at every offset from here on until a chain can be followed again; `lost` where none was for long."""
        far = max(FAR, 4 * self.largest)
        reach = max(8 * NEAR, 2 * self.largest) if often else far if lost else NEAR
        known = [dialect for number, dialect in enumerate(self.dialects) if number in seen or (seen and dialect is before)]
        while True:
            last = often or reach >= far
            # a search ends at a multiple of its reach, so that wherever searches began they soon are the same ones
            border = (self.at + reach + reach // 2) // reach * reach if last else self.at + reach - 2 * self.largest
            high = min(self.stop, border + 2 * self.largest)
            octets = self.octets(low, high)
            done = high == self.stop
            border = high if done else border
            for dialects in filter(None, (known, self.dialects)):
                found = survey(octets, low, dialects, before, sightings=self.sightings)
                often = often or found.crowded()
                index = None
                if not often and (settled := found.settled(self.at, 2 * self._enough())) < high:
                    parts = found.up_to(settled).chains(settled, before, final=False)
                    index = next(filter(lambda i: self._sure(parts[i]), range(len(parts))), None)
                if index is None:
                    parts = found.chains(high, before, final=done)
                    sure = (i for i, part in enumerate(parts) if self._sure(part) and not (often and part.stop <= border))
                    index = next(sure, None)
                if dialects is known and not self._explained(octets, low, parts, index, done=done):
                    continue
                if index is not None:
                    lock = parts[index]
                    return Step(tuple(parts[:index]), lock.start, lock.dialect)
                break
            if done or last:
                break
            reach *= 8
        kept = []
        for part in parts:
            if part.stop <= border or done:
                kept.append(part)
            else:
                border = min(border, part.start)
        return Step(tuple(kept), max(border, self.at + 1) if not done else self.stop, None)

    def _sure(self, part: Chain) -> bool:
        """Whether a chain can be followed from here on."""
        return part.count > 3 and part.bits > self._enough() and part.stop > self.at

    def _enough(self) -> float:
        """Bits from which a chain needs no neighbours."""
        return SURE + float(np.log2(self.source.room))

    def _explained(self, octets: npt.NDArray[np.uint8], low: int, parts: list[Chain], index: int | None, *, done: bool) -> bool:
        """Whether the formats seen so far explain enough from `low` up to the chain `index`, or up to the input's end, or no other
        format explains what they leave before it."""
        if index is None and not done:
            return False
        taken = parts if index is None else parts[: index + 1]
        stops, starts = [low, *(part.stop for part in taken)], [part.start for part in taken]
        gaps = list(zip(stops, [*starts, low + len(octets)] if index is None else starts, strict=False))
        left = sum(int(np.count_nonzero(octets[a - low : b - low])) for a, b in gaps)
        if left <= LOOSE_ENDS or index is None or left > WASTE:
            return left <= LOOSE_ENDS
        new = {(a, b): octets[a - low : b - low].copy() for a, b in gaps if a < b and (a, b) not in self.looked}
        if not all(self.looked.get(gap, True) for gap in gaps):
            return False
        if self.hoped is None:
            return not new or self._look(new)
        self.hoped |= new
        return True


def _typical(dialect: Dialect) -> float:
    return dialect.shape.bits if dialect.pitch is not None else dialect.least_bits  # type: ignore[union-attr]
