"""Records that stand twice: a run of them whose bytes are those of a run before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from acctrecover.shape import Octets
from acctrecover.stream import BLOCK, Offsets, Read

LAGS = (1, 8)
"""Blocks between a block and its copy that are looked for where nothing is broken."""
REACH = 1 << 16
"""Bytes before a place in which the original of what stands there is looked for."""
LEAST = 96
"""Bytes that must stand twice."""
DISTINCT = 3
"""Different records that must stand twice."""
PROBE = 32
"""Bytes by which the original is looked for."""
MIXED = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
"""Odd numbers by which 8 bytes each are multiplied for a sum."""
KEYS = (16, 24, 40, 8)
"""Where in a block its bytes are compared before all of them are."""


def copied_blocks(octets: Octets, low: int) -> list[int]:
    """Offsets of the blocks, of those in `octets` at `low` of the input, that are equal to the one before, or eight before."""
    skip = -low % BLOCK
    count = (len(octets) - skip) // BLOCK
    if count < 2:
        return []
    blocks = octets[skip : skip + count * BLOCK].reshape(count, BLOCK)
    first = np.ascontiguousarray(blocks[:, KEYS[0] : KEYS[0] + 8]).view(np.uint64)[:, 0]
    out: list[int] = []
    for lag in LAGS:
        rows = np.flatnonzero(first[lag:] == first[:-lag]) + lag
        for key in KEYS[1:]:
            rows = rows[(blocks[rows, key : key + 8] == blocks[rows - lag, key : key + 8]).all(axis=1)]
        out += [low + skip + row * BLOCK for row in rows.tolist() if (blocks[row] == blocks[row - lag]).all()]
    return sorted(set(out))


def once(octets: Octets, starts: Offsets) -> Offsets:
    """Those of some offsets at which PROBE bytes stand that do at no other of them, so far as a sum of them tells. Nothing is said
    of those without so many bytes behind them."""
    starts = starts[: int(np.searchsorted(starts, len(octets) - PROBE, "right"))]
    probes = np.ndarray((max(0, len(octets) - PROBE + 1),), f"V{PROBE}", octets, strides=(1,))[starts].view(np.uint64)
    sums = (probes.reshape(-1, PROBE // 8) * MIXED).sum(axis=1)
    order = np.argsort(sums)
    alike = sums[order[1:]] == sums[order[:-1]]
    alone = ~(np.append(alike, False) | np.append(False, alike))
    return np.sort(starts[order[alone]])


def repeated(
    read: Read, at: int, chain: tuple[int, int], edges_of: Callable[[int, int], Offsets], least: int = DISTINCT
) -> tuple[int, int, int] | None:
    """(start, stop, start of the original) of the run of whole records around the one at `at` that stands before as well.

    The run lies in the `chain` [start, stop); `edges_of(a, b)` gives where its records start, or the last one ends, in [a, b].
    None where fewer than `least` different records repeat, and where they do so again and again, as a habit.
    """
    low, high = chain
    here = read(at, min(high, at + REACH))
    begin = max(0, at - REACH)
    found = read(begin, at).tobytes().rfind(here[:PROBE].tobytes())
    if found < 0 or len(here) < PROBE:
        return None
    lag = at - begin - found
    ahead = _equal(here, read(at - lag, at - lag + len(here)))
    reach = min(at - low, begin + found, REACH)
    back = _equal(read(at - reach, at)[::-1], read(at - lag - reach, at - lag)[::-1])
    if (least > 1 and back + ahead < LEAST) or back + ahead > lag + LEAST:
        return None
    edges = edges_of(at - back, at + ahead)
    if len(edges) <= least:
        return None
    octets = read(int(edges[0]), int(edges[-1])).tobytes()
    distinct = {octets[a - edges[0] : b - edges[0]] for a, b in pairwise(edges.tolist())}
    return (int(edges[0]), int(edges[-1]), int(edges[0]) - lag) if len(distinct) >= least else None


def _equal(left: Octets, right: Octets) -> int:
    """How many leading bytes are the same."""
    count = min(len(left), len(right))
    other = np.flatnonzero(left[:count] != right[:count])
    return int(other[0]) if len(other) else count
