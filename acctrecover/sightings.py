"""Where records may begin, worked out for whole blocks of the input and kept: searches come back to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.seeker import Octets, Seeker, searched
from acctrecover.stream import Found, Read, gathered

BLOCK = 1 << 18
"""Bytes of a block, at multiples of it."""
SHARE, FEW = 4, 4
"""Whole blocks are searched, and what was found kept, for bytes that are at least one of so many parts of one, where more than so
many dialects are asked for."""
KEPT, HELD = 1 << 12, 1 << 22
"""Of how many blocks is kept what was found, and how many records and headers of all of them."""


class Sightings:
    """The bytes that `read` reads of an input, and what stands in them of some dialects.

    What is believed of a record without a neighbour has an E-value of at most `risk`.
    """

    def __init__(self, read: Read, dialects: Sequence[Fixed | FramedDialect], risk: float) -> None:
        self.read, self.dialects, self.risk = read, dialects, risk
        self.number = {id(dialect): number for number, dialect in enumerate(dialects)}
        self.ample = max(dialect.finder.shape.size for dialect in dialects)
        self.kept: dict[int, dict[int, Found]] = {}
        self.held = 0

    @cached_property
    def all(self) -> Seeker:
        """What finds all of them."""
        return Seeker(self.dialects)

    @cached_property
    def likely(self) -> Seeker:
        """What finds those that may be believed in the bytes that a block is searched for."""
        return Seeker(self.dialects, [self._unlikely(dialect) for dialect in self.dialects])

    def _unlikely(self, dialect: Fixed | FramedDialect) -> bool:
        fixed = isinstance(dialect, Fixed) and not dialect.slots
        return fixed and BLOCK // SHARE * 2.0**-dialect.shape.bits > self.risk  # type: ignore[union-attr]

    def found(self, asked: Sequence[Fixed | FramedDialect], octets: Octets, low: int, risk: float) -> Iterator[tuple[int, Found]]:
        """The whole records, of those of one size, and the headers, of others, of some dialects in bytes that begin at `low` of the
        input: the index of each that has any, and where they stand. Records that will not be believed may be left out."""
        numbers = [self.number.get(id(dialect), -1) for dialect in asked]
        if len(numbers) <= FEW or min(numbers) < 0:
            yield from alone(asked, octets)
            return
        small = len(octets) < BLOCK // SHARE or risk > self.risk
        found = self.all.everywhere(octets, len(octets)) if small else self._kept(octets, low)
        yield from ((index, found[number]) for index, number in enumerate(numbers) if number in found)

    def _kept(self, octets: Octets, low: int) -> dict[int, Found]:
        """What is found of whole blocks, as far as it stands in some bytes."""
        high, out = low + len(octets), {}
        parts = [self._block(number) for number in range(low // BLOCK, (high - 1) // BLOCK + 1)]
        edges = self.likely.edges(octets)
        for number in sorted({*edges, *(number for part in parts for number in part)}):
            dialect = self.dialects[number]
            found = gathered([part[number] for part in parts if number in part]).moved(-low)
            room = len(octets) - (dialect.head if isinstance(dialect, FramedDialect) else dialect.size)
            found = found.part(int(np.searchsorted(found.starts, 0)), int(np.searchsorted(found.starts, room, "right")))
            if new := sorted(set(edges.get(number, ())) - set(found.starts[[0, -1]].tolist() if len(found.starts) else ())):
                found = dialect.of(np.sort(np.append(found.starts, new)))  # type: ignore[union-attr]
            if len(found.starts):
                out[number] = found
        return out

    def _block(self, number: int) -> dict[int, Found]:
        """What begins in a block."""
        if number not in self.kept:
            low = number * BLOCK
            octets = self.read(low, low + BLOCK + self.ample - 1)
            found = self.likely.everywhere(octets, min(BLOCK, len(octets)))
            self.kept[number] = {kind: some.moved(low) for kind, some in found.items()}
            self.held += _records(self.kept[number])
            while len(self.kept) > 1 and (len(self.kept) > KEPT or self.held > HELD):
                self.held -= _records(self.kept.pop(next(iter(self.kept))))
        return self.kept[number]


def alone(asked: Sequence[Fixed | FramedDialect], octets: Octets) -> Iterator[tuple[int, Found]]:
    """The same of each by itself, where nothing is kept."""
    for index, dialect in enumerate(asked):
        found = searched(dialect, octets, len(octets))
        if len(found.starts):
            yield index, found


def _records(found: dict[int, Found]) -> int:
    return sum(len(some.starts) for some in found.values())
