"""What records tell by expressions of their Record, as clocks and serial numbers, and whether two chains tell of one history."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.shape import Octets, Shape
from acctrecover.stream import Found, Offsets

LOOKED = 4
"""Records with a number on either side that are asked, of so many times as many records."""
CLOSE = 600.0
"""How far the middle one of them may be from the other side's, and the first from the last, in serial numbers."""
HOUR = 3600.0
"""The same in seconds."""
LATEST = float(1 << 33)
"""A clock that no record shows: the year 2242."""


def sane(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which clocks may be those of records, whatever stands near them."""
    return np.asarray((seconds >= 0) & (seconds < LATEST))


def told(shapes: Sequence[tuple[Shape, int, Offsets]], octets: Octets, found: Found, *names: str) -> npt.NDArray[Any]:
    """What candidates tell by expressions of their Record ("clock", "serial"), NaN where there is none: shape (names, n).

    `shapes` are those of the ones that declare any of these.
    """
    out = np.full((len(names), len(found.starts)), np.nan)
    plain: dict[tuple[int, int, str], list[Offsets]] = {}
    for shape, skip, which in shapes:
        for row, name in enumerate(names):
            expr = getattr(shape.record, name)
            if (field := shape.number(expr)) is not None:  # those of several shapes may stand at one place
                plain.setdefault((row, skip + field[1], field[0].str), []).append(which)
            elif expr is not None:
                out[row, which] = shape.told(expr, octets, found.starts.take(which) + skip)
    for (row, at, kind), parts in plain.items():
        which = np.concatenate(parts) if len(parts) > 1 else parts[0]
        every = np.ndarray((len(octets) - np.dtype(kind).itemsize + 1,), kind, octets, strides=(1,))
        out[row, which] = every[found.starts.take(which) + at]
    return out


def alike(left: Sequence[float], right: Sequence[float], reach: float) -> bool | None:
    """Whether the first numbers of two chains are much the same; None where they do not tell: few agree, or all are NaN."""
    middles: list[float] = []
    for values in (left, right):
        few = sorted([value for value in values if not isnan(value)][:LOOKED])
        middle = few[len(few) // 2] if few else 0.0
        if 2 * sum(abs(value - middle) <= reach for value in few) <= len(few):
            return None
        middles.append(middle)
    return abs(middles[0] - middles[1]) <= reach
