"""Ranges of an input that have no bytes of their own, each with why: read as NUL bytes, passed over in no time, named as gaps."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator

HOLE = "hole"
"""A sparse file has no room for these bytes: they are NUL."""
UNREAD = "unread"
"""The copy that the input is was never given these bytes, as its ddrescue mapfile says."""
ERROR = "read error"
"""The system cannot read these bytes."""
ABSENT = "not in the core"
"""A core has no memory there that is the system's or the process's own."""
OUTSIDE = "outside the window"
"""Not asked for."""
ELSEWHERE = frozenset({ABSENT, OUTSIDE})
"""Causes of ranges where no stream could have been."""

Void = tuple[int, int, str]
"""(start, stop, cause): a half-open range of the input."""
TOLD = {
    HOLE: "for which a sparse file has no room; they read as NUL",
    UNREAD: "that the mapfile does not call finished",
    ERROR: "that the system cannot read",
    ABSENT: "that are no memory, or none of the system's own",
    OUTSIDE: "that were not asked for",
}
"""What is said of so many bytes of each cause."""
WIDE = 1 << 20
"""Bytes of a void that no record reaches over."""
MOST = 1 << 16
"""Holes of one file that are kept; of more the smallest are read as the NUL bytes they are."""


class Voids:
    """Sorted, disjoint ranges of an input without bytes of their own. What is void once keeps its first cause."""

    def __init__(self, ranges: Iterable[Void] = ()) -> None:
        self._ranges: list[Void] = []
        self.size = 0
        """The bytes of all of them."""
        self._lock = threading.Lock()  # the thread that hashes meets read errors, too
        for start, stop, cause in ranges:
            self.add(start, stop, cause)

    def __iter__(self) -> Iterator[Void]:
        return iter(list(self._ranges))

    def __len__(self) -> int:
        return len(self._ranges)

    def add(self, start: int, stop: int, cause: str) -> None:
        """Make [start, stop) void as far as it is not; ranges of one cause that touch become one."""
        with self._lock:
            for low, high in self.solid(start, stop):
                at = bisect_right(self._ranges, low, key=_start)
                first = last = at
                self.size += high - low
                if at and self._ranges[at - 1][1:] == (low, cause):
                    first, low = at - 1, self._ranges[at - 1][0]
                if at < len(self._ranges) and self._ranges[at][0] == high and self._ranges[at][2] == cause:
                    last, high = at + 1, self._ranges[at][1]
                self._ranges[first:last] = [(low, high, cause)]

    def within(self, start: int, stop: int) -> list[Void]:
        """The voids of [start, stop), cut to it."""
        ranges = self._ranges
        low = bisect_right(ranges, start, key=_start)
        low -= bool(low and ranges[low - 1][1] > start)
        high = bisect_right(ranges, stop - 1, key=_start)
        return [(max(a, start), min(b, stop), cause) for a, b, cause in ranges[low:high]] if start < stop else []

    def solid(self, start: int, stop: int, least: int = 1) -> list[tuple[int, int]]:
        """What is left of [start, stop) without its voids of at least so many bytes, in order; where no stream could have been is
        never left in."""
        out = []
        for low, high, cause in self.within(start, stop):
            if high - low >= least or cause in ELSEWHERE:
                if start < low:
                    out.append((start, low))
                start = high
        return [*out, (start, stop)] if start < stop else out

    def totals(self) -> dict[str, tuple[int, int]]:
        """How many voids there are of each cause, and their bytes."""
        out: dict[str, tuple[int, int]] = {}
        for start, stop, cause in self:
            count, size = out.get(cause, (0, 0))
            out[cause] = count + 1, size + stop - start
        return out


def _start(void: Void) -> int:
    return void[0]


def holes(fd: int, size: int) -> list[Void]:
    """The holes of a sparse file in [0, size), as its file system tells them; none where it does not tell."""
    status = os.fstat(fd)
    if status.st_blocks * 512 >= size or not hasattr(os, "SEEK_DATA"):
        return []
    out: list[Void] = []
    at, least, before = 0, 1, os.lseek(fd, 0, os.SEEK_CUR)
    try:
        while at < size:
            data = _data(fd, at, size)
            if data - at >= least:
                out.append((at, data, HOLE))
            at = os.lseek(fd, data, os.SEEK_HOLE) if data < size else size
            while len(out) > MOST:
                least *= 2
                out = [hole for hole in out if hole[1] - hole[0] >= least]
    except OSError:  # a file system without the call, or a file cut meanwhile
        pass
    os.lseek(fd, before, os.SEEK_SET)
    return out


def _data(fd: int, at: int, size: int) -> int:
    """Where data begins at or behind `at`; the end where only a hole is left."""
    try:
        return min(size, os.lseek(fd, at, os.SEEK_DATA))
    except OSError as error:
        if error.errno == 6:  # ENXIO
            return size
        raise
