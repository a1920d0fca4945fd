"""Records behind headers of a cookie, a byte of type and one of length, found and followed by search.c."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acctrecover.kernel import address, library
from acctrecover.links import LOST, Led
from acctrecover.pairs import Pairs
from acctrecover.sieve import CHUNK
from acctrecover.stream import NONE, Found, gathered

Octets = npt.NDArray[np.uint8]
USUAL, MANY = 64, 16
"""Bytes for each record of which room is made for a note at first, and of which nearly all will be noted; never less than for one
at each byte where that was not enough."""


class Notes:
    """Room for so many records: where each starts, its size, where the one behind it must start, and its key."""

    def __init__(self, room: int) -> None:
        self.starts, self.sizes, self.landings = (np.empty(room, np.int64) for _ in range(3))
        self.keys = np.empty(room, np.uint16)
        self.table = np.array([address(column) for column in (self.starts, self.sizes, self.landings, self.keys)], np.int64)

    def found(self, count: int) -> Found:
        """The first ones."""
        return Found(self.starts[:count], self.sizes[:count], self.keys[:count])


class Follower:
    """Finds and follows the records of which `pairs` says what their headers, of `head` bytes, announce.

    NUL bytes, fewer than a header's, may stand before a multiple of `fill`.
    """

    def __init__(self, pairs: Pairs, head: int, fill: int | None) -> None:
        self.pairs, self.head, self.fill = pairs, head, fill or 0
        self._opening = np.frombuffer(pairs.opening, np.uint8)
        self._sizes = pairs.sizes.astype(np.int32)
        told = address(self._opening), len(pairs.opening), pairs.kind, pairs.room, address(self._sizes)
        self._told = np.array(told, np.int64)

    def heads(self, octets: Octets, count: int) -> Found:
        """Those of the first `count` offsets at which a header announces a record."""
        octets = np.ascontiguousarray(octets)
        return gathered([self._heads(octets, low, min(CHUNK, count - low)) for low in range(0, count, CHUNK)])

    def _heads(self, octets: Octets, low: int, count: int) -> Found:
        starts, sizes, keys = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.uint16)
        into = (address(array) for array in (self._told, starts, sizes, keys))
        some = library().acctrecover_heads(address(octets) + low, count, *into)
        return Found(starts[:some] + low, sizes[:some].copy(), keys[:some].copy())

    def where(self, octets: Octets, start: int, base: int) -> tuple[int, ...]:
        """The bytes in which records are followed from `start` on, which begin at `base` of the input, as search.c is told."""
        return address(octets), start, len(octets), base, self.head, self.fill, address(self._told)

    def led(self, octets: Octets, start: int, base: int, tail: int, more: int) -> Led:
        """What the record at `start` leads to; the tail are those that may start in the last `tail` bytes. What stands near those
        that take others in goes on for so many `more` of them."""
        octets, counts = np.ascontiguousarray(octets), np.zeros(4, np.int64)
        where, size = self.where(octets, start, base), len(octets) - start
        last = -(-tail // self.head)
        ring = np.empty(1 << last.bit_length(), np.int64)
        for room in (size // USUAL + USUAL, size + 1):
            notes, takers = Notes(room), np.empty(room, np.int64)
            into = address(notes.table), address(takers), more, address(ring), len(ring) - 1, address(counts)
            if library().acctrecover_run(*where, room, *into):
                break
        count, ahead, took, near = counts.tolist()
        if not count:
            return LOST
        ends = ring.take(np.arange(max(0, count - last), count) & len(ring) - 1)
        return Led(count, ahead, ends, notes.found(near), notes.landings[:near], takers[:took])

    def records(self, octets: Octets, start: int, base: int) -> Found:
        """The records that the one at `start` leads to, itself first, with all others behind it."""
        octets, counts = np.ascontiguousarray(octets), np.zeros(2, np.int64)
        where, size = self.where(octets, start, base), len(octets) - start
        for room in (size // MANY + USUAL, size + 1):
            notes, beside, owners = Notes(room), Notes(room), np.empty(room, np.int64)
            into = (address(table) for table in (notes.table, beside.table, owners, counts))
            if library().acctrecover_follow(*where, room, *into):
                break
        count, aside = counts.tolist()
        if not count:
            return NONE
        found = notes.found(count)
        return Found(found.starts, found.sizes, found.keys, beside.found(aside), owners[:aside])
