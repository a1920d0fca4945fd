"""Where a stream of records that prove little changes its phase: of the readings that are all sound, the one likest to the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from acctrecover.fill import SHARED
from acctrecover.fixed import Fixed
from acctrecover.likeness import SAMPLE, Likeness
from acctrecover.shape import Bools, Octets
from acctrecover.stream import Read
from acctrecover.survey import Chain

LITTLE = 16.0
"""Bits of a record up to which one that is read out of step may well be sound."""
REACH = 8
"""Records on either side of a change of phase that may be of the other side's."""
FEW = 8
"""Records beyond those, at least, that others are compared with."""
LIKELIER = 4.0
"""Bits by which another reading must be likelier."""


def in_phase(chains: list[Chain], size: int, read: Read) -> list[Chain]:
    """Chains in offset order, neighbours of one dialect parted where the records between them are likest to those beyond; and
    the last one from records that end where the input of `size` bytes does."""
    out: list[Chain] = []
    for chain in [*chains, None]:
        if out and (moved := _parted(out[-1], chain, size, read)):
            out[-1], chain = moved
        out += [] if chain is None else [chain]
    return out


def _parted(before: Chain, after: Chain | None, end: int, read: Read) -> tuple[Chain, Chain] | None:
    """Two chains with a likelier border between them, or None; the second may be none yet, of an input that ends at `end`."""
    dialect = before.dialect
    if not isinstance(dialect, Fixed) or dialect.slots or dialect.shape.bits > LITTLE:
        return None
    after = after or Chain(dialect, end, end, 1, dialect.shape.bits, ())
    gap = after.start - before.stop
    if after.dialect is not dialect:
        return None
    size = dialect.size
    if gap >= 2 * size or not gap % size:
        return None
    low, high = max(before.start, before.stop - REACH * size), min(after.stop, after.start + REACH * size)
    beyond = [read(max(before.start, low - SAMPLE * size), low), read(high, min(after.stop, high + SAMPLE * size))]
    if sum(map(len, beyond)) < FEW * size:
        return None
    alike, octets = Likeness(beyond, size), read(low, high)
    shift = (after.start - low) % size
    (early, left), (late, right) = (_told(dialect, alike, octets[at:]) for at in (0, shift))
    mine, theirs = (before.stop - low) // size, (after.start - low) // size
    most, least = mine + _run(early[mine:]), theirs - _run(late[:theirs][::-1])
    now = left[mine + (0 < size - gap <= SHARED and bool(early[mine : mine + 1].any()))] - right[theirs]
    begins = ((n, max(least, -(-(n * size - SHARED - shift) // size))) for n in range(most + 1))
    best, n, m = max((left[n] - right[m], n, m) for n, m in begins if m < len(right))
    if best < now + LIKELIER or low + shift + m * size == after.stop:
        return None
    start = low + shift + m * size
    stop = low + n * size
    return _over(before, before.start, stop if stop <= start else stop - size), _over(after, start, after.stop)


def _told(dialect: Fixed, alike: Likeness, octets: Octets) -> tuple[Bools, npt.NDArray[np.float64]]:
    """Which records of one phase are sound, of shape (n,), and the bits of likeness of all before each, of shape (n + 1,)."""
    records = dialect.shape.view(octets, dialect.size)
    rows = octets[: len(records) * dialect.size].reshape(-1, dialect.size)
    bits = [float(alike.of(row).sum()) for row in rows]
    return dialect.shape.valid(records) & rows.any(axis=1), np.concatenate(([0.0], np.cumsum(bits)))


def _run(sound: Bools) -> int:
    """How many of the first are sound without a break."""
    return int(np.argmin(np.append(sound, False)))


def _over(chain: Chain, start: int, stop: int) -> Chain:
    """The chain from another offset on, or up to another."""
    size = chain.dialect.smallest
    count, first = (stop - start) // size, max(start, stop - (chain.dialect.tail - 1) // size * size)
    tail = tuple(range(first, stop, size))
    return replace(chain, start=start, stop=stop, count=count, bits=chain.bits / chain.count * count, tail=tail)
