"""Where sound records of fixed size begin, worked out for whole blocks of the input and kept: searches come back to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acctrecover.fixed import Fixed
from acctrecover.stream import NOWHERE, Offsets, Read

BLOCK = 1 << 18
"""Bytes of a block, at multiples of it."""
SHARE, FEW = 4, 4
"""Of how many dialects, and of one in how many parts of a block at least, bytes are searched for whole blocks to be kept."""
KEPT, HELD, RAW = 1 << 16, 1 << 22, 4
"""How many blocks of a dialect are kept, how many offsets in all of them, and of how many blocks the bytes."""


class Sightings:
    """The bytes that `read` reads of an input, and what stands in them of any dialect whose records are of one size."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.kept: dict[tuple[int, int], Offsets] = {}
        self.held = 0
        self.raw: dict[int, npt.NDArray[np.uint8]] = {}

    def pay(self, dialects: int, size: int) -> bool:
        """Whether to ask here where so many dialects are looked for in so many bytes."""
        return dialects > FEW and size >= BLOCK // SHARE

    def starts(self, dialect: Fixed, low: int, high: int) -> Offsets:
        """Every offset of a sound record that is there whole in [low, high), in order."""
        last = high - dialect.size
        parts = [self._block(dialect, number) for number in range(low // BLOCK, last // BLOCK + 1)] if low <= last else []
        starts = np.concatenate([NOWHERE, *parts])
        return starts[np.searchsorted(starts, low) : np.searchsorted(starts, last, "right")]

    def _block(self, dialect: Fixed, number: int) -> Offsets:
        """The offsets of sound records that begin in a block."""
        key = id(dialect), number
        if key not in self.kept:
            octets = self._octets(number, BLOCK + dialect.size - 1)
            self.kept[key] = dialect.finder.everywhere(octets) + number * BLOCK
            self.held += len(self.kept[key])
            while len(self.kept) > 1 and (len(self.kept) > KEPT or self.held > HELD):
                self.held -= len(self.kept.pop(next(iter(self.kept))))
        return self.kept[key]

    def _octets(self, number: int, size: int) -> npt.NDArray[np.uint8]:
        """So many bytes from the start of a block on, or what there is of them."""
        if number not in self.raw or len(self.raw[number]) < size:
            self.raw.pop(number, None)
            self.raw[number] = self.read(number * BLOCK, number * BLOCK + max(size, BLOCK + BLOCK // 4))
            if len(self.raw) > RAW:
                self.raw.pop(next(iter(self.raw)))
        return self.raw[number][:size]
