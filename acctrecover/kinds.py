"""The types of the records behind headers: which numbers are types, and how many payload bytes each may have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from acctrecover.stream import Offsets

NONE = (1 << 30, -1)
"""The lengths of what is no type: none is at least the fewest and at most the most."""
NARROW = 2
"""Bytes of a type up to which every number has its place in a table; wider ones are searched for."""


class Kinds:
    """The fewest and the most payload bytes of every type, by its number.

    `numbers` are the types in ascending order; `low` and `high` stand in the same order, with `NONE` at their end. `width` is
    the size in bytes of the unsigned field that a type is, None where it is no such field.
    """

    def __init__(self, spans: Mapping[int, tuple[int, int]], width: int | None) -> None:
        self.numbers = np.array(sorted(spans), np.int64)
        self.low, self.high = np.array([*(spans[n] for n in self.numbers.tolist()), NONE], np.int64).T.copy()
        self._spans = dict(spans)
        self._table: npt.NDArray[np.int64] | None = None
        if width is not None and width <= NARROW:
            self._table = self._search(np.arange(1 << 8 * width))
            self._lows, self._highs = self.low[self._table], self.high[self._table]

    def span(self, number: int) -> tuple[int, int]:
        """Fewest and most payload bytes of one type; NONE for what is none."""
        return self._spans.get(number, NONE)

    def slots(self, types: Offsets) -> Offsets:
        """Where each of some numbers stands in `low` and `high`: int64 of shape (n,)."""
        return self._search(types) if self._table is None else self._table[types]

    def limits(self, types: Offsets) -> tuple[Offsets, Offsets]:
        """Fewest and most payload bytes of each of some numbers: int64 of shape (n,)."""
        if self._table is not None:
            return self._lows[types], self._highs[types]
        slots = self._search(types)
        return self.low[slots], self.high[slots]

    def _search(self, types: Offsets) -> Offsets:
        at = np.minimum(np.searchsorted(self.numbers, types), len(self.numbers) - 1)
        return np.where(self.numbers[at] == types, at, len(self.numbers))

    def always(self, length: int) -> list[int]:
        """The types whose payloads all have just so many bytes."""
        held = (self.low[:-1] == length) & (self.high[:-1] == length)
        return [int(number) for number in self.numbers[held]]
