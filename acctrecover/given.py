"""What was given to a scan: which files, their hashes, what came out of compressed ones, whether clocks agree with their order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import clocks
from acctrecover.result import Scan
from acctrecover.stream import Found

STEP = 1.0
"""Seconds that a clock may be set back between two files without a word."""


def given(found: Scan) -> dict[str, Any]:
    """The size and SHA-256 of an input as given, and what it is made of, as JSON.

    Of a compressed file `unpacked` has the bytes that offsets are of; of several files `joined` has each, with its range.
    """
    if len(found.parts) == 1:
        return found.parts[0].to_json()
    whole = {"size": found.size, "sha256": found.sha256 or None}
    if not found.parts:
        return whole
    files = [{"path": part.name, "start": part.start, "stop": part.stop, **part.to_json()} for part in found.parts]
    return {**whole, "joined": files}


def by_clocks(found: Scan) -> list[str] | None:
    """The files in the order of their records' clocks, where that is not the order given; those without a clock stay out."""
    edges = np.array([part.start for part in found.parts])
    seconds: list[list[Any]] = [[] for _ in found.parts]
    for dialect, rows, octets, low in found.told.batches():
        if dialect is None or not len(rows) or found.told is not found:
            continue
        times = clocks(dialect, octets, Found(rows["offset"] - low, rows["size"].astype(np.int64)))
        owners = np.searchsorted(edges, rows["offset"], "right") - 1
        for number in np.unique(owners).tolist():
            seconds[number].append(times[(owners == number) & ~np.isnan(times)])
    means = [(_middle(np.concatenate(each)), n) for n, each in enumerate(seconds) if sum(map(len, each))]
    if all(before <= behind + STEP for (before, _), (behind, _) in pairwise(means)):
        return None
    return [found.parts[number].name for _, number in sorted(means)]


def _middle(seconds: npt.NDArray[np.float64]) -> float:
    """The mean of the middle half, which a few wrong clocks do not move."""
    quarter = len(seconds) // 4
    return float(np.sort(seconds)[quarter : len(seconds) - quarter].mean())
