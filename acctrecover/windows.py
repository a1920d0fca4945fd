"""What the records of a framed chain tell, some megabytes at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acctrecover.embedded import Embedded
from acctrecover.extent import Oddity
from acctrecover.framed import FramedDialect
from acctrecover.history import Floats
from acctrecover.mend import unsound
from acctrecover.processors import ahead, threads
from acctrecover.result import chain_batches, chain_bytes
from acctrecover.sequence import Holes
from acctrecover.shape import Octets
from acctrecover.source import Source
from acctrecover.stream import NOWHERE, Found, Offsets, among, border
from acctrecover.tally import Counted, Tally
from acctrecover.telling import sane, told
from acctrecover.together import Together, broken


@dataclass(frozen=True)
class Window:
    """What linked records tell that stand in some bytes, which begin at `low` of the input.

    `timed` is where those with a sane clock start in `octets`, and the seconds; `clocks` the same of each type, by its name.
    """

    octets: Octets
    low: int
    count: int
    bits: float
    odd: list[Oddity]
    timed: tuple[Offsets, Floats]
    clocks: list[tuple[str, Offsets, Floats]]


class Windows:
    """Goes over a chain of framed records; `entries`: and looks at which were written together.

    `marks` are where records start some megabytes apart, as far as a walk came by, in ascending order: what is counted goes on
    from several of them at once, and is thrown away where it does not go on from what stands before.
    """

    def __init__(self, dialect: FramedDialect, marks: Sequence[int] = (), *, entries: bool) -> None:
        self.dialect, self.marks = dialect, marks
        self.carried, self.steps = Embedded(), Holes()
        self.together = Together(dialect) if entries else None

    def over(self, source: Source, start: int, stop: int, oddities: Sequence[Oddity]) -> Iterator[Window]:
        """What the records of [start, stop) tell, in offset order."""
        dialect = self.dialect
        if dialect.tally is not None:
            yield from self._counted(dialect.tally, source, start, stop, oddities)
            return
        for octets, found, low in chain_batches(source, dialect, start, stop, oddities):
            self.carried.look(dialect, octets, found, low)
            self.steps.look(dialect, octets, found)
            sound, each = dialect.judged(octets, found)
            bits = float(each.sum()) if found.keys is None else dialect.worth.total(found.keys, np.flatnonzero(~sound))
            wrong = found.pick(~sound)
            odd = unsound(dialect, octets, wrong, low)
            odd += broken(self.together.feed(octets, found, low)) if self.together else []
            clocks = self._clocks(octets, found, wrong.starts)
            yield Window(octets, low, len(found.starts), bits, odd, _merged(clocks), clocks)

    def _counted(self, tally: Tally, source: Source, start: int, stop: int, oddities: Sequence[Oddity]) -> Iterator[Window]:
        dialect = self.dialect

        def look(at: int) -> tuple[int, Octets, Counted]:
            high = min(stop, border(at))
            octets = chain_bytes(source, dialect, at, high, oddities)
            part = octets[: min(len(octets), stop - at + 8)]
            return at, octets, tally.counted(part, at, high - at, high - at if high < stop else len(part))

        marks = [start, *self.marks[bisect_right(self.marks, start) : bisect_left(self.marks, stop)]]
        coming = ahead(look, marks, threads(len(marks)))
        at, made = start, next(coming, None)
        while at < stop:
            while made is not None and made[0] < at:
                made = next(coming, None)
            _, octets, counted = made if made is not None and made[0] == at else look(at)
            if not counted.count:
                return
            self.carried.add(counted.carriers, counted.inside, counted.first + at)
            odd = unsound(dialect, octets, counted.wrong, at)
            yield Window(octets, at, counted.count, counted.bits, odd, counted.timed, counted.clocks)
            at += counted.ahead

    def close(self) -> list[Oddity]:
        """What is odd about the last records: nothing follows them."""
        return broken(self.together.close(), at_end=True) if self.together else []

    @property
    def details(self) -> list[str | None]:
        """In words what the records carry, and what is missing in their numbers."""
        return [self.carried.detail, self.steps.detail]

    @property
    def holes(self) -> tuple[int, int] | None:
        """How many gaps their sequence numbers have, and how many records were lost in them; None where there are no numbers."""
        return (self.steps.gaps, self.steps.lost) if self.dialect.declared.sequence else None

    def _clocks(self, octets: Octets, found: Found, wrong: Offsets) -> list[tuple[str, Offsets, Floats]]:
        """The sane clocks of some records by type, but for those that are `wrong`."""
        timers = self.dialect.shapes(octets, found, "clock")
        [seconds] = told(timers, octets, found, "clock")
        seconds[among(found.starts, wrong)] = np.nan
        good = sane(seconds)
        by_type: dict[str, list[npt.NDArray[np.int64]]] = {}
        for shape, _, which in timers:
            by_type.setdefault(shape.record.name, []).append(which[good.take(which)])
        each = [(name, np.sort(np.concatenate(parts)) if len(parts) > 1 else parts[0]) for name, parts in by_type.items()]
        return [(name, found.starts.take(which), seconds.take(which)) for name, which in each if len(which)]


def _merged(clocks: list[tuple[str, Offsets, Floats]]) -> tuple[Offsets, Floats]:
    """Those of all types in order."""
    if len(clocks) == 1:
        return clocks[0][1:]
    starts = np.concatenate([NOWHERE, *(own for _, own, _ in clocks)])
    seconds = np.concatenate([np.zeros(0), *(own for _, _, own in clocks)])
    order = np.argsort(starts, kind="stable")  # which merges what is in order
    return starts[order], seconds[order]
