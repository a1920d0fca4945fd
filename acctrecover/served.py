"""Bytes that a library serves by offset: those of an object behind a URL, of a disk image in several files."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable

BLOCK = 1 << 22
"""Bytes that are asked for at once."""
KEPT = 8
"""Blocks that are kept, those asked for last: who hashes the input is never far from who reads it."""
Serve = Callable[[int, int], bytes]
"""What gives the bytes [start, stop), all of them. Raises SourceError where it cannot, PlaceError where only that place fails."""


class PlaceError(Exception):
    """The bytes of a place cannot be read; those of others may be."""


class Served:
    """`size` bytes by offset, as slices of it; any thread may take one.

    With `step`, a place that fails is read in parts of so many bytes, and those that fail are NUL bytes and `unread`. `files`
    has the status of each file that they come from.
    """

    def __init__(self, serve: Serve, size: int, step: int = 0, files: tuple[os.stat_result, ...] = ()) -> None:
        self.serve, self.size, self.step, self.files = serve, size, step, files
        self.unread: list[tuple[int, int]] = []
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, where: slice) -> bytes:
        start, stop, _ = where.indices(self.size)
        parts = []
        while start < stop:
            low = start // BLOCK * BLOCK
            parts.append(self._block(low)[start - low : stop - low])
            start = low + BLOCK
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _block(self, low: int) -> bytes:
        with self._lock:
            if low not in self._kept:
                made = self._read(low, min(low + BLOCK, self.size))
                while len(self._kept) >= KEPT:
                    self._kept.popitem(last=False)
                self._kept[low] = made
            self._kept.move_to_end(low)
            return self._kept[low]

    def _read(self, start: int, stop: int) -> bytes:
        try:
            return self.serve(start, stop)
        except PlaceError:
            if stop - start <= self.step:
                self.unread.append((start, stop))
                return bytes(stop - start)
            return b"".join(self._read(low, min(low + self.step, stop)) for low in range(start, stop, self.step))
