"""The records of several inputs as one table in clock order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.cells import Column, same
from acctrecover.extent import Extent
from acctrecover.frames import STEP, Frame, Table, frames, general
from acctrecover.moments import EPOCH, moments
from acctrecover.result import Batch, Scan
from acctrecover.source import Source, open_source

OPEN = 16
"""Batches kept at hand: what inputs have written at one time lies in few of each."""
NOTHING = 127
"""The scale of records whose input tells no time at all: they come last."""

Held = tuple[Batch, dict[str, Column]]


@dataclass
class Timeline:
    """Scans whose records are asked for in the order of their clocks; those of one instant come in the order of the inputs.

    A record without a time goes with the one before it in its input. Times that count from another event than 1970 are put
    among the others where `since` gives that event, in seconds since 1970; else they follow, each scale in its own order.
    """

    scans: Sequence[Scan]
    since: Mapping[str, float] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every record as one dict, as `export.rows` has it, with the name of its input first, as `file`."""
        for table in self.tables():
            yield from table.dicts()

    def tables(self, progress: Callable[[int], None] = lambda done: None) -> Iterator[Table]:
        """The same as tables of STEP rows. `progress` is told of the bytes that the records take."""
        with ExitStack() as stack:
            sources = [stack.enter_context(open_source(scan.told.evidence)) for scan in self.scans]
            places, seconds, scales = self._places(sources)
            order = np.lexsort((seconds, scales))
            del seconds, scales
            firsts = np.array([place.first for place in places], np.int64)
            held: OrderedDict[int, Held] = OrderedDict()
            for low in range(0, len(order), STEP):
                part = order[low : low + STEP]
                owner = np.searchsorted(firsts, part, "right") - 1
                made: list[Frame] = []
                for number in np.unique(owner).tolist():
                    place, which = places[number], np.flatnonzero(owner == number)
                    scan = self.scans[place.scan]
                    batch, told = _kept(held, number, partial(place.batch, scan, sources[place.scan]))
                    at = part[which] - place.first
                    back = np.argsort(at)  # records are decoded in offset order
                    for frame in frames(batch, told, at[back]):
                        columns = {"file": same(scan.name, len(frame.rows)), **frame.columns}
                        made.append(Frame(which[back][frame.rows], columns))
                yield Table(len(part), made)
                progress(sum(sum(frame.columns["size"].cells()) for frame in made))

    def _places(self, sources: Sequence[Source]) -> tuple[list[_Place], npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        """Where the batches are, and the time of every record, with the number of its scale, in the order of the inputs."""
        places: list[_Place] = []
        times: list[npt.NDArray[np.float64]] = []
        scales: list[npt.NDArray[np.int8]] = []
        names = [EPOCH]
        total = 0
        for number, (scan, source) in enumerate(zip(self.scans, sources, strict=True)):
            begun = len(times)
            for extent in scan.told.extents:
                for batch in scan.told.of_extent(source, extent):
                    count, dialect = len(batch.found.starts), batch.dialect
                    if not count:
                        continue
                    seconds, scale = np.zeros(count), np.full(count, -1, np.int8)
                    for which, epoch, told in moments(dialect, batch.octets, batch.found) if dialect is not None else ():
                        known = epoch in self.since
                        names += [] if known or epoch in names else [epoch]
                        seconds[which] = told + self.since.get(epoch, 0.0)
                        scale[which] = np.where(np.isfinite(told), names.index(EPOCH if known else epoch), -1)
                    places.append(_Place(number, extent, batch.low, total))
                    times.append(seconds)
                    scales.append(scale)
                    total += count
            times[begun:], scales[begun:] = _filled(times[begun:], scales[begun:])
        return places, np.concatenate([np.zeros(0), *times]), np.concatenate([np.zeros(0, np.int8), *scales])


@dataclass(frozen=True)
class _Place:
    """A batch: of which scan, in which extent, where it begins, and how many records come before it."""

    scan: int
    extent: Extent
    low: int
    first: int

    def batch(self, scan: Scan, source: Source) -> Held:
        """It, and the columns that all of its records have."""
        batch = next(scan.told.of_extent(source, self.extent, self.low))
        return batch, general(scan, batch)


def _kept(held: OrderedDict[int, Held], number: int, made: Callable[[], Held]) -> Held:
    """A batch at hand, or made; the ones that were asked for longest ago are let go."""
    if number not in held:
        if len(held) >= OPEN:
            held.popitem(last=False)
        held[number] = made()
    held.move_to_end(number)
    return held[number]


def _filled(
    times: list[npt.NDArray[np.float64]], scales: list[npt.NDArray[np.int8]]
) -> tuple[list[npt.NDArray[np.float64]], list[npt.NDArray[np.int8]]]:
    """The times of an input's records as one array, those without one as the record before, or the first that has one."""
    if not times:
        return times, scales
    seconds, scale = np.concatenate(times), np.concatenate(scales)
    known = np.flatnonzero(scale >= 0)
    if not len(known):
        return [seconds], [np.full(len(scale), NOTHING, np.int8)]
    before = known[np.maximum(np.searchsorted(known, np.arange(len(scale)), "right") - 1, 0)]
    return [seconds[before]], [scale[before]]
