"""The records that one copy of a stream holds, as columns that can be held against those of another copy."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import clocks
from acctrecover.result import Scan
from acctrecover.stream import Found, Offsets

STATUSES = ("suspect", "healed", "intact")
"""What a record may be, the best last."""
GOOD = len(STATUSES)
"""The rank of an intact record that belongs where it stands is twice this; up to this much are ranks of those that do not."""
GATHERED = 1 << 20
"""Bytes of records whose marks are made together."""
NEAR = 64
"""Records whose clocks are looked at on either side of one."""
Marks = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Held:
    """Records in the order they stand, each column of shape (n,).

    `starts`, `sizes` in bytes; `stops`, where the next record must start (behind fill bytes); `marks`, equal where the bytes
    are; `ranks`, 1 and more, the higher the better; `clocks` in seconds since the epoch, of a record without one that of the
    last before it, NaN where there is none.
    """

    starts: Offsets
    sizes: Offsets
    stops: Offsets
    marks: Marks
    ranks: npt.NDArray[np.int8]
    clocks: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def falls(self) -> Offsets:
        """How often the clock falls among the NEAR records before and behind each one: int64 of shape (n,)."""
        fallen = np.concatenate(([0], np.cumsum(np.diff(self.clocks, prepend=self.clocks[:1]) < 0)))
        place = np.arange(len(self))
        return np.asarray(fallen[np.minimum(place + NEAR, len(self))] - fallen[np.maximum(place - NEAR, 0)])

    @property
    def linked(self) -> npt.NDArray[np.bool_]:
        """Whether each record but the last ends where the next one starts, or behind that: shape (n - 1,)."""
        return np.asarray(self.stops[:-1] >= self.starts[1:])


_NONE = np.zeros(0, np.int64)
NOTHING = Held(_NONE, _NONE, _NONE, np.zeros(0, np.uint64), np.zeros(0, np.int8), np.zeros(0, np.float64))
"""What a copy without a record holds."""


def status_of(rank: int) -> str:
    """The status of a record of this rank."""
    return STATUSES[(rank - 1) % GOOD]


def held(scan: Scan, stream: tuple[str, str]) -> Held:
    """The records of one (format, byte order) that a scan found, by offsets of the bytes they were found in."""
    parts = [NOTHING]
    strays = [extent for extent in scan.chains if extent.cause]
    for dialect, rows, octets, low in scan.batches():
        if dialect is None or (dialect.name, dialect.order) != stream or not len(rows):
            continue
        starts, sizes = rows["offset"].astype(np.int64), rows["size"].astype(np.int64)
        found = Found(starts - low, sizes)
        ranks = np.full(len(rows), 2 * GOOD, np.int8)
        for lower, status in enumerate(reversed(STATUSES)):
            ranks[rows["status"] == status] = 2 * GOOD - lower
        for extent in strays:
            ranks[(starts >= extent.start) & (starts < extent.stop)] -= GOOD
        stops = low + np.asarray(dialect.landing(octets, low, found.stops))
        parts.append(Held(starts, sizes, stops, marks(octets, found), ranks, clocks(dialect, octets, found)))
    columns = ([getattr(part, field.name) for part in parts] for field in fields(Held))
    whole = Held(*map(np.concatenate, columns))
    last = np.maximum.accumulate(np.where(np.isnan(whole.clocks), 0, np.arange(len(whole))))
    return replace(whole, clocks=whole.clocks[last])


def marks(octets: npt.NDArray[np.uint8], found: Found) -> Marks:
    """A number of 64 bits for the bytes of each record: the same for the same bytes, for others but once in 2**64."""
    out = np.zeros(len(found.starts), np.uint64)
    for size in np.unique(found.sizes).tolist():
        which = np.flatnonzero(found.sizes == size)
        step = max(1, GATHERED // size)
        for part in (which[low : low + step] for low in range(0, len(which), step)):
            words = np.zeros((len(part), -(-size // 8) * 8), np.uint8)
            words[:, :size] = octets[found.starts[part][:, None] + np.arange(size)]
            out[part] = _mixed(words.view("<u8"), size)
    return out


def _mixed(words: Marks, size: int) -> Marks:
    state = np.full(len(words), size, np.uint64)
    for column in words.T:  # the finalizer of SplitMix64, a word at a time
        state = (state ^ column) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ state >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ state >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state
