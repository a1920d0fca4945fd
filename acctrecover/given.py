"""What was given to a scan: which files, their hashes, what came out of compressed ones, whether clocks agree with their order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import clocks
from acctrecover.packed import spots
from acctrecover.result import Scan
from acctrecover.stream import Found

STEP = 1.0
"""Seconds that a clock may be set back between two files without a word."""


def given(found: Scan) -> dict[str, Any]:
    """The size and SHA-256 of an input as given, and what it is made of, for a report.

    Of a compressed file `unpacked` has the bytes that offsets are of, `breaks` where it broke; of several files `joined` has each
    with its range.
    """
    breaks: dict[str, Any] = {"breaks": [each.to_json() for each in found.breaks]} if found.breaks else {}
    if len(found.parts) == 1:
        return {**found.parts[0].to_json(), **breaks}
    whole = {"size": found.size, "sha256": found.sha256}
    if not found.parts:
        return whole
    files = [{"path": part.name, "start": part.start, "stop": part.stop, **part.to_json()} for part in found.parts]
    return {**whole, "joined": files, **breaks}


def sources(found: Scan) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` begins with: the source; of several files the stream they make, then each."""
    told = given(found)
    told.pop("breaks", None)
    files = told.pop("joined", None)
    if files is None:
        yield {"kind": "source", "path": found.name, **told}
        return
    yield {"kind": "joined", "inputs": len(files), **told, "by_clocks": by_clocks(found)}
    for each in files:
        yield {"kind": "source", **each}


def breaks(found: Scan) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` prints for where compressed files broke."""
    for part in found.parts:
        for each in part.breaks:
            yield {"kind": "break", "path": part.name, **each.to_json()}


def standing(found: Scan, start: int, stop: int) -> dict[str, Any]:
    """Of several files, those that the bytes [start, stop) of the stream are in, by offsets in each or in what came out of it."""
    if len(found.parts) < 2:
        return {}
    return {"in": [dict(zip(("path", "start", "stop"), spot, strict=True)) for spot in spots(found.parts, start, stop)]}


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
