"""What every dialect says of the records it finds in a byte array: candidates and runs of linked ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]
Read = Callable[[int, int], npt.NDArray[np.uint8]]
"""Reads the bytes [start, stop) of an input."""
TAIL = 600
"""Bytes at the end of a run whose records a wound behind it may have touched: more than two of the largest."""
DENSE = 64
"""Offsets for each of two arrays up to which it costs less to mark all of a range than to search for each."""
BLOCK = 512
"""Bytes that a disk writes at once, at least: what was lost, moved or overwritten there begins and ends at multiples of it."""
NOWHERE = np.zeros(0, np.int64)
WINDOW = 1 << 22
"""Bytes read at once while a stream holds, more or less: see `border`."""


def border(start: int) -> int:
    """Where the bytes that are read together from `start` on end: one to two windows further, the same for all of a window."""
    return (start // WINDOW + 2) * WINDOW


@dataclass(frozen=True)
class Found:
    """Candidates in ascending order: where each starts and its size in bytes, both int64 of shape (n,).

    `keys` are what their headers say of type and length, where a dialect notes it. `others` are candidates that were found among
    these, None where that is not known, and `owners` the last of these, by its index, before each.
    """

    starts: Offsets
    sizes: Offsets
    keys: npt.NDArray[np.uint16] | None = None
    others: Found | None = None
    owners: Offsets | None = None

    @cached_property
    def stops(self) -> Offsets:
        return self.starts + self.sizes

    def pick(self, which: npt.NDArray[Any]) -> Found:
        """Those at some indices, or where a mask is true."""
        which = np.flatnonzero(which) if which.dtype == np.bool_ else which
        return Found(self.starts.take(which), self.sizes.take(which), None if self.keys is None else self.keys.take(which))

    def part(self, low: int, high: int) -> Found:
        """Those from one index up to another, without a copy."""
        return Found(self.starts[low:high], self.sizes[low:high], None if self.keys is None else self.keys[low:high])

    def moved(self, by: int) -> Found:
        """The same so many bytes further on."""
        return Found(self.starts + by, self.sizes, self.keys) if by else self


@dataclass(frozen=True)
class Run:
    """Linked records without a break: where they stop, how many, and where the last few start."""

    stop: int
    count: int
    tail: list[int]


def different(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The different values in ascending order; np.unique does the same, but its first call loads masked arrays, for 8 ms."""
    ordered = np.sort(values, axis=None)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]])


def among(values: Offsets, ordered: Offsets) -> npt.NDArray[np.bool_]:
    """Which values stand in an ascending array; np.isin does the same, but its first call loads masked arrays, for 16 ms."""
    if not len(ordered) or not len(values):
        return np.zeros(len(values), np.bool_)
    low, room = int(ordered[0]), int(ordered[-1]) - int(ordered[0]) + 1
    if room <= DENSE * min(len(ordered), len(values)):
        marked = np.zeros(room, np.bool_)
        marked[ordered - low] = True
        at = values - low
        inside = (at >= 0) & (at < room)
        return np.asarray(inside & marked.take(at, mode="clip"))
    return np.asarray(ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values)


def gathered(parts: Sequence[Found]) -> Found:
    """Candidates of parts that follow each other, as one."""
    parts = [part for part in parts if len(part.starts)]
    if len(parts) < 2:
        return parts[0] if parts else NONE
    keys = [part.keys for part in parts if part.keys is not None]
    starts, sizes = (np.concatenate([getattr(part, name) for part in parts]) for name in ("starts", "sizes"))
    return Found(starts, sizes, np.concatenate(keys) if len(keys) == len(parts) else None)


NONE = Found(NOWHERE, NOWHERE)
"""No candidate."""
