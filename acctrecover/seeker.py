"""What finds the records of many layouts at every offset of some bytes, in one call of search.c where that was built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.kernel import address, library
from acctrecover.sieve import CHUNK
from acctrecover.stream import Found, Offsets, gathered

Octets = npt.NDArray[np.uint8]
NEAREST = 1 << 12
"""Bytes of the largest record that search.c looks for beside another one."""


class Seeker:
    """Finds what is a record of some dialects, or the header of one, by the number of the dialect.

    `unlikely` are those, of records of one size, that are of no use without a neighbour, but where bytes begin or end.
    """

    def __init__(self, dialects: Sequence[Fixed | FramedDialect], unlikely: Sequence[bool] = ()) -> None:
        self.dialects = dialects
        self.unlikely = unlikely or [False] * len(dialects)
        finders = [None if isinstance(d, FramedDialect) and d.brief else d.finder for d in dialects]
        self._sought = [
            (number, finder) for number, finder in enumerate(finders) if finder is not None and finder.program is not None
        ]
        """Those that one call looks for: others were not compiled, or are found faster by their cookie."""
        self._alone = sorted(set(range(len(dialects))) - {number for number, _ in self._sought})
        self._peek = max((self._peeks(number) for number, _ in self._sought), default=0)

    def _peeks(self, number: int) -> int:
        """Bytes behind a header that need not be there."""
        declared = self.dialects[number].declared
        return int(getattr(declared, "peek", 0))

    @cached_property
    def _told(self) -> npt.NDArray[np.int64]:
        """What search.c is told of them, a row each."""
        rows = []
        for number, finder in self._sought:
            program, size = finder.program, finder.shape.size
            near = self.unlikely[number] and size <= NEAREST
            told = *finder.compiled.told, *program.told  # type: ignore[union-attr]
            rows.append((size, self._peeks(number), near, program.nul, *told))  # type: ignore[union-attr]
        return np.array(rows, np.int64).reshape(-1, 10)

    def everywhere(self, octets: Octets, count: int) -> dict[int, Found]:
        """What stands at the first `count` offsets: whole records of one size, and headers, as `FramedDialect.heads` has them."""
        ample = np.concatenate((octets, np.zeros(self._peek, np.uint8)))
        out: dict[int, list[Found]] = {}
        for low in range(0, count if self._sought else 0, CHUNK):
            for number, found in self._chunk(ample[low:], len(octets) - low, min(CHUNK, count - low)):
                out.setdefault(number, []).append(found.moved(low))
        for number in self._alone:
            out[number] = [searched(self.dialects[number], octets, count)]
        joined = {number: gathered(parts) for number, parts in sorted(out.items())}
        return {number: found for number, found in joined.items() if len(found.starts)}

    def _chunk(self, octets: Octets, size: int, count: int) -> list[tuple[int, Found]]:
        """The same at no more than CHUNK offsets of some bytes, behind which there is room."""
        told, counts = self._told, np.empty(len(self._sought), np.int64)
        starts = np.empty(count * len(told), np.int64)  # what is not written to costs nothing
        library().acctrecover_sight(address(octets), count, size, address(told), len(told), address(starts), address(counts))
        ends = np.cumsum(counts)
        found = [(row, starts[ends[row] - counts[row] : ends[row]].copy()) for row in np.flatnonzero(counts).tolist()]
        return [(self._sought[row][0], self._whole(row, octets, some)) for row, some in found]

    def _whole(self, row: int, octets: Octets, starts: Offsets) -> Found:
        """Of the offsets at which the compiled rules hold those at which all do."""
        number, finder = self._sought[row]
        dialect, starts = self.dialects[number], finder.left(octets, starts)
        return dialect.headed(octets, starts) if isinstance(dialect, FramedDialect) else dialect.of(starts)

    def edges(self, octets: Octets) -> dict[int, list[int]]:
        """Of the `unlikely` ones with which a record some bytes begin, and end: where these start."""
        rows = np.flatnonzero(self._told[:, 2])
        if not len(rows):
            return {}
        told, out = np.ascontiguousarray(self._told[rows]), np.empty((len(rows), 2), np.uint8)
        octets = np.ascontiguousarray(octets)
        library().acctrecover_edges(address(octets), len(octets), address(told), len(told), address(out))
        some: dict[int, list[int]] = {}
        for row, (first, last) in zip(rows.tolist(), out.tolist(), strict=True):
            if first or last:
                number, finder = self._sought[row]
                starts = {at for at, there in ((0, first), (len(octets) - finder.shape.size, last)) if there}
                some[number] = finder.left(octets, np.array(sorted(starts), np.int64)).tolist()
        return some


def searched(dialect: Fixed | FramedDialect, octets: Octets, count: int) -> Found:
    """The same of one dialect, by itself."""
    if not isinstance(dialect, FramedDialect):
        return dialect.of(dialect.finder.everywhere(octets[: count + dialect.size - 1]))
    found = dialect.heads(octets)
    return found if count == len(octets) else found.part(0, int(np.searchsorted(found.starts, count)))
