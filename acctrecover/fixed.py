"""A stream of records of one size, in one byte order: how its records are found and followed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acctrecover.expr import text
from acctrecover.finder import Finder
from acctrecover.reading import Reader
from acctrecover.schema import Format
from acctrecover.shape import Bools, Octets, Shape
from acctrecover.stream import TAIL, Found, Offsets, Run, among


class Fixed:
    """A stream of records of one size: what marks a record is that every rule of its writer holds."""

    def __init__(self, declared: Format, big: bool) -> None:
        self.name, self.big, self.declared = declared.name, big, declared
        self.shape = Shape(declared.name, declared.record, big)
        self.finder = Finder(self.shape)
        self.size = self.largest = self.smallest = self.shape.size
        self.pitch: int | None = self.size
        """Distance of neighbouring records where it is constant."""
        self.opening = b""
        self.tail = TAIL
        self.serial = "" if declared.record.serial is None else text(declared.record.serial)
        """What rises from record to record, in words."""
        names = self.shape.dtype.names
        last = self.shape.dtype[names[-1]] if names else None
        self.name_size = min(last.itemsize, self.size // 4) if last is not None and last.subdtype else 0
        """Bytes of a byte string at the end of a record, no more than a quarter of it."""
        self.slots = declared.slots
        """What the index of a record is called where they are an array with unused slots of NUL bytes, else nothing."""

    def prove(self) -> None:
        """Try all that is declared. Raises FormatError where it does not hold together."""
        self.shape.prove()

    @property
    def order(self) -> str:
        return "big" if self.big else "little"

    def candidates(self, octets: Octets, base: int = 0, starts: Offsets | None = None) -> Found:
        """Every offset at which a whole record passes every rule, `starts` where they are known; of an array, where its index says
        so or with a neighbour."""
        starts = self.finder.everywhere(octets) if starts is None else starts
        if self.slots:
            starts = starts[((base + starts) % self.size == 0) | self._beside(starts)]
        return self.of(starts)

    def of(self, starts: Offsets) -> Found:
        """The records at some offsets."""
        return Found(starts, np.full(len(starts), self.size))

    def landing(self, octets: Octets, base: int, stops: Offsets) -> Offsets:
        """Where the record behind each stop must start."""
        return stops

    def run(self, octets: Octets, start: int, base: int = 0, trusted: int = 0, *, long: bool = False) -> Run:
        """The sound, linked records from `start` on."""
        count = self.finder.leading(octets[start:])
        stop = start + count * self.size
        return Run(stop, count, [stop - n * self.size for n in range(min(count, -(-TAIL // self.size)), 0, -1)])

    def begins(self, octets: Octets) -> bool:
        """Whether the first bytes are a record that keeps every rule."""
        return self.shape.keeps(octets[: self.size].tobytes())

    def offsets(self, octets: Octets, start: int, stop: int, base: int = 0) -> Found:
        """The records of a chain [start, stop) found by `run` before."""
        starts = np.arange(start, stop - self.size + 1, self.size)
        if self.slots and len(starts):
            starts = starts[octets[start : start + len(starts) * self.size].reshape(-1, self.size).any(axis=1)]
        return self.of(starts)

    def loosely(self, octets: Octets, found: Found) -> Bools:
        """Which candidates may have several lengths: none."""
        return np.zeros(len(found.starts), np.bool_)

    def sound(self, octets: Octets, found: Found) -> Bools:
        """Which candidates keep every rule: all, as they would be none otherwise."""
        return np.ones(len(found.starts), np.bool_)

    def bits(self, octets: Octets, found: Found) -> npt.NDArray[np.float64]:
        """Evidence of each candidate in bits; that its index fits, of one slot of an array without neighbours, is some too."""
        bits = np.full(len(found.starts), self.shape.bits)
        return bits + np.log2(self.size) * ~self._beside(found.starts) if self.slots else bits

    def judged(self, octets: Octets, found: Found) -> tuple[Bools, npt.NDArray[np.float64]]:
        """Which candidates are `sound`, and the `bits` of each."""
        return self.sound(octets, found), self.bits(octets, found)

    def _beside(self, starts: Offsets) -> Bools:
        return among(starts - self.size, starts) | among(starts + self.size, starts)

    def shapes(self, octets: Octets, found: Found, *having: str) -> list[tuple[Shape, int, Offsets]]:
        """(shape, bytes before its first field, indices of the candidates of that shape): all are of one."""
        return [(self.shape, 0, np.arange(len(found.starts)))]

    def reader(self, octets: Octets, low: int) -> Reader:
        """Without headers there is none to read."""
        return lambda at: ({}, None)

    def shape_at(self, octets: Octets, start: int) -> tuple[Shape, int] | None:
        """The shape a record at `start` must have, and the bytes before its first field."""
        return self.shape, 0
