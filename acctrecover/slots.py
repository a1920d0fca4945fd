"""Arrays of records: the unused slots of NUL bytes before and between their records are no damage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from acctrecover.survey import Chain
from acctrecover.voids import HOLE, Voids

STEP = 1 << 20
"""Bytes looked at together."""


def bridged(chains: list[Chain], read: Callable[[int, int], npt.NDArray[np.uint8]], voids: Voids) -> list[Chain]:
    """The chains with those of one array joined where nothing but unused slots lies between them, or before the first.

    The holes of a sparse file are NUL bytes; what was never read may be anything. NUL bytes behind the last record of an array
    are not its own: its writer makes room only as far as it writes.
    """
    out: list[Chain] = []
    for chain in chains:
        before = out[-1] if out else None
        if not chain.dialect.slots:
            out.append(chain)
        elif before is None:
            unused = chain.start % chain.dialect.smallest == 0 and _zero(0, chain.start, read, voids)
            out.append(replace(chain, start=0) if unused else chain)
        elif before.dialect is chain.dialect and _unused(before.stop, chain.start, chain.dialect.smallest, read, voids):
            out[-1] = replace(
                before, stop=chain.stop, count=before.count + chain.count, bits=before.bits + chain.bits, tail=chain.tail
            )
        else:
            out.append(chain)
    return out


def _unused(start: int, stop: int, size: int, read: Callable[[int, int], npt.NDArray[np.uint8]], voids: Voids) -> bool:
    return (stop - start) % size == 0 and _zero(start, stop, read, voids)


def _zero(start: int, stop: int, read: Callable[[int, int], npt.NDArray[np.uint8]], voids: Voids) -> bool:
    if any(cause != HOLE for _, _, cause in voids.within(start, stop)):
        return False
    return not any(read(low, min(b, low + STEP)).any() for a, b in voids.solid(start, stop) for low in range(a, b, STEP))
