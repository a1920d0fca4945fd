"""The clock along a stream: at which offset stands what time, in few enough points to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import clocks
from acctrecover.result import Scan
from acctrecover.stream import Found

POINTS = 4096
"""Parts of an input in each of which the records of a chain become one point."""
FAR = 20
"""How many times wider than most of its clocks a stream's must reach before a map leaves the few far ones at its edge."""


@dataclass(frozen=True)
class Curve:
    """Points in offset order, arrays of shape (n,): `offsets` in bytes (int64), the earliest and latest clock there in seconds
    since the epoch (`low`, `high`: float64), how many records they stand for (`counts`) and the number of their extent."""

    offsets: npt.NDArray[np.int64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    extents: npt.NDArray[np.int64]

    def span(self) -> tuple[float, float]:
        """The (earliest, latest) time to draw: of all clocks, or, where a few stand FAR off, of 98 in a hundred."""
        if not len(self.low):
            return 0.0, 0.0
        whole = float(self.low.min()), float(self.high.max())
        times = np.concatenate((self.low, self.high))
        order = np.argsort(times, kind="stable")
        share = np.cumsum(np.concatenate((self.counts, self.counts))[order])
        low, high = (float(times[order[np.searchsorted(share, share[-1] * part)]]) for part in (0.01, 0.99))
        return whole if whole[1] - whole[0] <= FAR * (high - low) or low == high else (low, high)

    def by_time(self, edges: npt.NDArray[np.float64], of: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Records between each two of the ascending `edges` of shape (n + 1,), float64 of shape (n,), of the points in the
        mask `of`; a point's are spread evenly over its times."""
        low, high, counts = self.low[of], self.high[of], self.counts[of]
        out = np.histogram(low[low == high], edges, weights=counts[low == high])[0].astype(np.float64)
        for first, last, count in zip(low[low < high], high[low < high], counts[low < high], strict=True):
            out += np.diff(np.clip(edges, first, last)) * (count / (last - first))
        return out


def curve(scan: Scan) -> Curve:
    """The clock of every record of a scan that has one, by offset in the input; of suspect ones it may be any number, so they are
    left out."""
    starts = np.array([extent.start for extent in scan.extents], np.int64)
    parts: list[list[npt.NDArray[Any]]] = []
    for dialect, rows, octets, low in scan.told.batches():
        if dialect is None or not len(rows):
            continue
        times = clocks(dialect, octets, Found(rows["offset"] - low, rows["size"].astype(np.int64)))
        told = np.isfinite(times) & (rows["status"] != "suspect")
        offsets, times = scan.placed(rows)["offset"][told], times[told]
        if len(times):
            parts.append(_points(offsets, times, np.searchsorted(starts, offsets, "right") - 1, scan.size))
    if not parts:
        none, no = np.zeros(0, np.int64), np.zeros(0)
        return Curve(none, no, no, none, none)
    return Curve(*map(np.concatenate, zip(*parts, strict=True)))


def _points(
    offsets: npt.NDArray[np.int64], times: npt.NDArray[np.float64], extents: npt.NDArray[np.int64], size: int
) -> list[npt.NDArray[Any]]:
    """The columns of a Curve, of records in offset order."""
    part = offsets // max(1, size // POINTS)
    first = np.flatnonzero(np.concatenate(([True], (np.diff(part) != 0) | (np.diff(extents) != 0))))
    counts = np.diff(np.append(first, len(offsets)))
    return [offsets[first], np.minimum.reduceat(times, first), np.maximum.reduceat(times, first), counts, extents[first]]
