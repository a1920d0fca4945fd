"""Whole numbers in decimal as pieces of lines, four digits at a time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.distinct import distinct
from acctrecover.pieces import Piece, piece, together

GROUP = 10**4
FEW = 256
"""Numbers that take less time one by one."""
KEPT = 64
"""What may stand before numbers whose tables are kept."""


def digits(numbers: npt.NDArray[Any], before: bytes = b"") -> list[Piece]:
    """The pieces of whole numbers of shape (n,), with `before` in front of each."""
    if len(numbers) < FEW or numbers.dtype.kind not in "iu" or numbers.min() < 0:
        return [piece([b"%s%d" % (before, number) for number in numbers.tolist()])]
    if numbers.max() < GROUP:
        return [_first(before, b"0").of(numbers)]
    high, low = np.divmod(numbers, GROUP)
    return [*_leading(high, before), _next(b"0").of(low + GROUP * (high == 0))]


def _leading(numbers: npt.NDArray[Any], before: bytes) -> list[Piece]:
    """The same of what stands before the last four digits: nothing for 0."""
    found = distinct(numbers)
    if found is not None:
        firsts, codes = found
        return [piece([b"%s%d" % (before, number) if number else before for number in numbers[firsts].tolist()], codes)]
    if numbers.max() < GROUP:
        return [_first(before, b"").of(numbers)]
    high, low = np.divmod(numbers, GROUP)
    return [*_leading(high, before), _next(b"").of(low + GROUP * (high == 0))]


@lru_cache(KEPT)
def _first(before: bytes, zero: bytes) -> Piece:
    """Every number of up to four digits."""
    if before:
        return together((piece([before]), _first(b"", zero)), GROUP)
    return piece([zero, *(b"%d" % number for number in range(1, GROUP))])


@lru_cache
def _next(zero: bytes) -> Piece:
    """Every number of four digits behind others, then of as many as it needs where there are none before it."""
    return piece([*(b"%04d" % number for number in range(GROUP)), zero, *(b"%d" % number for number in range(1, GROUP))])
