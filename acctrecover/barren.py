"""Stretches between chains of which no dialect makes anything: many of them are looked at together, as each call costs more than
the bytes of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.framed import FramedDialect
from acctrecover.seeker import Seeker
from acctrecover.stream import Found, Offsets, among, different
from acctrecover.survey import RISK, stranded

APART = 256
"""NUL bytes laid between two stretches: more than any header peeks at behind it."""
Octets = npt.NDArray[np.uint8]


def barren(stretches: Sequence[tuple[int, Octets]], seeker: Seeker) -> list[bool]:
    """Of which stretches, each the bytes between two chains and where they begin, `stranded` finds nothing at the usual RISK of the
    dialects that a seeker looks for.

    What it would not believe of a dialect is seen over all of them at once: only of the others is it asked, stretch by stretch.
    """
    lows = np.cumsum([0, *(len(octets) + APART for _, octets in stretches)])[:-1]
    highs = lows + [len(octets) for _, octets in stretches]
    laid = np.zeros(int(highs[-1]) + APART, np.uint8)
    for start, stop, (_, octets) in zip(lows.tolist(), highs.tolist(), stretches, strict=True):
        laid[start:stop] = octets
    asked: list[list[Dialect]] = [[] for _ in stretches]
    for number, found in seeker.everywhere(laid, len(laid)).items():
        dialect = seeker.dialects[number]
        for which in different(_hopeful(dialect, found, lows, highs)).tolist():
            asked[which].append(dialect)
    return [
        not tried or not stranded(octets, low, len(octets), {low, low + len(octets)}, tried)
        for (low, octets), tried in zip(stretches, asked, strict=True)
    ]


def _hopeful(dialect: Dialect, found: Found, lows: Offsets, highs: Offsets) -> Offsets:
    """The stretches [lows, highs), by index, in which `survey` would keep one of the candidates found of a dialect, or might."""
    which = np.searchsorted(lows, found.starts, "right") - 1
    inside = found.stops <= highs[which]
    which, starts, stops = which[inside], found.starts[inside], found.stops[inside]
    if isinstance(dialect, FramedDialect) or dialect.slots or not len(which):
        return which
    kept = among(stops, starts) | among(starts, stops) | (starts == lows[which]) | (stops == highs[which])
    kept |= (highs - lows)[which] * 2.0**-dialect.shape.bits <= RISK
    return np.asarray(which[kept])
