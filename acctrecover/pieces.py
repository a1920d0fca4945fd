"""Byte strings for every row of a table, laid side by side into lines without a step of Python for each row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.distinct import Indices
from acctrecover.kernel import address, library

FEW = 1 << 13
"""Byte strings of one piece up to which it takes in another one beside it."""
SMALL = 1 << 9
"""The same of one that all rows have, for search.c, to which a piece more costs less."""
SWIFT = (1, 2, 4, 8, 16, 32)
"""Widths of items that numpy picks three times as fast as others."""
AT_ONCE = 1 << 12
"""Rows laid together: what they are laid into stays in a cache."""


@dataclass(frozen=True)
class Piece:
    """The byte strings `octets`, uint8 of shape (k, width) with anything behind their `sizes` of shape (k,), and which of them
    each row has: `codes` of shape (n,), None where all rows have the one, or each its own."""

    octets: npt.NDArray[np.uint8]
    sizes: Indices
    codes: Indices | None = None

    @property
    def constant(self) -> bool:
        return len(self.sizes) == 1

    @property
    def width(self) -> int:
        return int(self.octets.shape[1])

    @property
    def items(self) -> npt.NDArray[np.void]:
        """Each byte string as one item of shape (k,)."""
        return self.octets.view(f"V{self.width}").ravel()

    def widened(self, room: int) -> Piece:
        """The same with byte strings of a width that numpy picks faster, if that is not above `room`."""
        width = next((width for width in SWIFT if width >= self.width), self.width)
        if self.constant or not self.width < width <= room:
            return self
        return Piece(np.pad(self.octets, ((0, 0), (0, width - self.width))), self.sizes, self.codes)

    def of(self, codes: npt.NDArray[Any]) -> Piece:
        """The same byte strings for other rows."""
        return Piece(self.octets, self.sizes, codes.astype(np.intp, copy=False))


def piece(texts: Sequence[bytes], codes: Indices | None = None) -> Piece:
    """A piece of these byte strings."""
    sizes = np.fromiter(map(len, texts), np.intp, len(texts))
    width = max(1, int(sizes.max(initial=0)))
    return Piece(np.array(texts, f"S{width}").view(np.uint8).reshape(len(texts), width), sizes, codes)


def together(line: Sequence[Piece], count: int) -> Piece:
    """The pieces of `count` rows as one, in which each row has a byte string of its own."""
    width = sum(part.width for part in line)
    out = np.zeros(count * width, np.uint8)
    rows = np.arange(count) * width
    at = rows.copy()
    for part in line:
        _put(out, at, part.items if part.codes is None else part.items.take(part.codes))
        at += part.sizes if part.codes is None else part.sizes.take(part.codes)
    sizes = at - rows
    return Piece(np.ascontiguousarray(out.reshape(count, width)[:, : max(1, int(sizes.max(initial=0)))]), sizes)


def beside(left: Piece, right: Piece) -> Piece | None:
    """Two pieces that stand beside each other as one, None where that would take too many byte strings."""
    if left.constant or right.constant or (left.codes is not None and left.codes is right.codes):
        many = max(len(left.sizes), len(right.sizes))
        codes = right.codes if left.constant else left.codes
        if many > FEW and (left.constant or right.constant):
            return None
        first, second = (np.zeros(many, np.intp) if part.constant else np.arange(many) for part in (left, right))
    else:
        many = len(left.sizes) * len(right.sizes)
        if many > FEW or left.codes is None or right.codes is None:
            return None
        first, second = np.divmod(np.arange(many), len(right.sizes))
        codes = left.codes * len(right.sizes) + right.codes
    both = together((left.of(first), right.of(second)), many)
    return Piece(both.octets, both.sizes, codes)


def fewer(line: Iterable[Piece]) -> list[Piece]:
    """The same with pieces that stand beside each other made one where that saves time."""
    out: list[Piece] = []
    for part in line:
        if not part.sizes.any():
            continue
        both = beside(out[-1], part) if out else None
        if both is None:
            out.append(part)
        else:
            out[-1] = both
    return out


def joined(line: Iterable[Piece]) -> list[Piece]:
    """The same with what all rows have put into the piece before or behind it, where that has few byte strings."""
    out: list[Piece] = []
    for part in line:
        plain = out and (part.constant or out[-1].constant)
        both = beside(out[-1], part) if plain and max(len(part.sizes), len(out[-1].sizes)) <= SMALL else None
        if both is None:
            out.append(part)
        else:
            out[-1] = both
    return out


def lay(parts: Sequence[tuple[Indices, Sequence[Piece]]], count: int) -> memoryview:
    """Lines of `count` rows one after the other: each part has the numbers of its rows and the pieces of their lines."""
    if library() is not None:
        return _compiled(parts, count)
    sizes = np.zeros(count, np.intp)
    lines = [(rows, fewer(line)) for rows, line in parts]
    for rows, line in lines:
        sizes[rows] = sum(
            part.sizes[0] if part.constant else part.sizes if part.codes is None else part.sizes.take(part.codes) for part in line
        )
    stops = np.cumsum(sizes)
    out = np.empty(int(stops[-1]) if count else 0, np.uint8)
    starts = stops - sizes
    for rows, line in lines:
        _lay(out, starts[rows], line)
    return out.data


def _compiled(parts: Sequence[tuple[Indices, Sequence[Piece]]], count: int) -> memoryview:
    """The same by search.c."""
    lines = [(rows, _Told(line)) for rows, line in parts]
    if len(lines) == 1 and len(lines[0][0]) == count and (lines[0][0][1:] > lines[0][0][:-1]).all():  # a row behind another
        [(_, told)] = lines
        out = np.empty(count * told.most, np.uint8)
        end = library().acctrecover_lay(*told.where, 0, count, 0, address(out), len(out))
        return out[:end].data
    sizes = np.zeros(count, np.int64)
    lines = [(np.ascontiguousarray(rows, np.int64), told) for rows, told in lines]
    for rows, told in lines:
        library().acctrecover_measure(*told.where, address(rows), len(rows), address(sizes))
    stops = np.cumsum(sizes)
    starts = stops - sizes
    out = np.empty(int(stops[-1]) if count else 0, np.uint8)
    for rows, told in lines:
        library().acctrecover_lay(*told.where, address(rows), len(rows), address(starts), address(out), 0)
    return out.data


class _Told:
    """The pieces of a line as search.c is told of them: `where`, and how long a line is at `most`."""

    def __init__(self, line: Sequence[Piece]) -> None:
        whole = partial(np.ascontiguousarray, dtype=np.int64)
        self._held = [(part.octets, whole(part.sizes), None if part.codes is None else whole(part.codes)) for part in joined(line)]
        rows = [
            (address(octets), octets.size, octets.shape[1], address(sizes), 0 if codes is None else address(codes), len(sizes) > 1)
            for octets, sizes, codes in self._held
        ]
        self._table = np.array(rows, np.int64)
        self.where = address(self._table), len(rows)
        self.most = sum(int(sizes.max()) for _, sizes, _ in self._held)


def _lay(out: npt.NDArray[np.uint8], starts: Indices, line: Sequence[Piece]) -> None:
    """One part. A byte string is put whole with what is behind it in its piece, which those to the right of it then overwrite, but
    where that could reach into the next row."""
    least = np.cumsum([int(part.sizes.min()) for part in reversed(line)])[::-1].tolist()
    line = [part.widened(room) for part, room in zip(line, least, strict=True)]
    items = [part.items for part in line]
    reach = [part.width <= room for part, room in zip(line, least, strict=True)]
    for low in range(0, len(starts), AT_ONCE):
        at = starts[low : low + AT_ONCE].copy()
        for part, words, whole in zip(line, items, reach, strict=True):
            if part.constant:
                _put(out, at, words[0])
                at += part.sizes[0]
                continue
            codes = np.arange(low, low + len(at)) if part.codes is None else part.codes[low : low + AT_ONCE]
            size = part.sizes.take(codes)
            if whole:
                _put(out, at, words.take(codes))
            else:
                _put_exactly(out, at, part, codes, size)
            at += size


def _put(out: npt.NDArray[np.uint8], at: Indices, items: npt.NDArray[np.void]) -> None:
    """Items of one size over bytes at any offsets."""
    if len(at):
        _anywhere(out, items.dtype.itemsize)[at] = items


def _put_exactly(out: npt.NDArray[np.uint8], at: Indices, part: Piece, codes: Indices, size: Indices) -> None:
    """Byte strings without what is behind them: the first bytes of each and the last ones, which overlap, so that all whose sizes
    are from one power of two up to the next go together."""
    doublings = np.frexp(size)[1]
    starts = codes * part.width
    for doubling in np.flatnonzero(np.bincount(doublings)).tolist():
        width = 1 << doubling >> 1
        if width:
            which = np.flatnonzero(doublings == doubling)
            sources, places, behind = starts[which], at[which], size[which] - width
            ends = _anywhere(part.octets.ravel(), width)
            _put(out, places, ends[sources])
            _put(out, places + behind, ends[sources + behind])


def _anywhere(octets: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.void]:
    """The items of so many bytes that begin at each byte."""
    return np.ndarray((len(octets) - width + 1,), f"V{width}", octets, strides=(1,))
