"""What every dialect says of the records it finds in a byte array: candidates and runs of linked ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]
TAIL = 600
"""Bytes at the end of a run whose records a wound behind it may have touched: more than two of the largest."""
NOWHERE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Found:
    """Candidates in ascending order: where each starts and its size in bytes, both int64 of shape (n,)."""

    starts: Offsets
    sizes: Offsets

    @property
    def stops(self) -> Offsets:
        return self.starts + self.sizes


@dataclass(frozen=True)
class Run:
    """Linked records without a break: where they stop, how many, and where the last few start."""

    stop: int
    count: int
    tail: list[int]


def among(values: Offsets, ordered: Offsets) -> npt.NDArray[np.bool_]:
    """Which values stand in an ascending array; np.isin does the same, but its first call loads masked arrays, for 16 ms."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    return np.asarray(ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values)
