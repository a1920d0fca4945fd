"""Bytes that remember where each of them came from, sliced and joined like bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

PUT = -1
"""The text of bytes that came from nowhere."""


class Piece(NamedTuple):
    """`length` bytes that stand for those of `text` (its number, or PUT) from offset `at` on; their values may differ."""

    length: int
    text: int
    at: int


class Traced:
    """Bytes of `data`, and in `pieces`, which tile them, where they stem from. Never altered once made."""

    __slots__ = ("data", "pieces", "stops")

    def __init__(self, data: bytes, pieces: Iterable[Piece]) -> None:
        self.data = data
        self.pieces = list(_merged(pieces))
        self.stops = list(accumulate(piece.length for piece in self.pieces))

    @classmethod
    def of(cls, data: bytes, text: int = 0) -> Traced:
        """All bytes of a text."""
        return cls(data, [Piece(len(data), text, 0)])

    @classmethod
    def put(cls, data: bytes) -> Traced:
        """New bytes."""
        return cls(data, [Piece(len(data), PUT, 0)])

    @classmethod
    def join(cls, parts: Iterable[Traced]) -> Traced:
        parts = list(parts)
        return cls(b"".join(part.data for part in parts), (piece for part in parts for piece in part.pieces))

    def __len__(self) -> int:
        return len(self.data)

    def __add__(self, other: Traced) -> Traced:
        return Traced.join((self, other))

    def __getitem__(self, which: slice) -> Traced:
        start, stop, _ = which.indices(len(self.data))
        return Traced(self.data[start:stop], self._cut(start, stop))

    def _cut(self, start: int, stop: int) -> Iterator[Piece]:
        index = bisect_right(self.stops, start)
        while start < stop:
            piece = self.pieces[index]
            skip = start - (self.stops[index] - piece.length)
            length = min(piece.length - skip, stop - start)
            yield Piece(length, piece.text, piece.at + skip if piece.text != PUT else 0)
            start, index = start + length, index + 1

    def written(self, data: bytes) -> Traced:
        """Other values in the same places; `data` has as many bytes."""
        return Traced(data, self.pieces)

    def through(self, earlier: Traced) -> Traced:
        """The same bytes traced one step further back, where text 0 of this one is `earlier`."""
        pieces = (
            step
            for piece in self.pieces
            for step in (earlier._cut(piece.at, piece.at + piece.length) if piece.text == 0 else (piece,))
        )
        return Traced(self.data, pieces)

    def origin(self, offset: int) -> int | None:
        """The offset in text 0 of the byte at `offset`, or of the next one that stems from there; None where none does."""
        for piece in self._cut(offset, len(self.data)):
            if piece.text == 0:
                return piece.at
        return None

    def standing(self, at: int) -> int:
        """Where byte `at` of text 0 stands here first, or else the nearest byte behind it; the end where none does."""
        best = (1 << 62, len(self.data))
        for piece, stop in zip(self.pieces, self.stops, strict=True):
            if piece.text == 0 and piece.at + piece.length > at:
                nearest = max(piece.at, at)
                best = min(best, (nearest, stop - piece.length + nearest - piece.at))
        return best[1]


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces without empty ones, those that continue one another as one."""
    last: Piece | None = None
    for piece in pieces:
        if not piece.length:
            continue
        if last and last.text == piece.text and (piece.text == PUT or last.at + last.length == piece.at):
            last = Piece(last.length + piece.length, last.text, last.at)
        else:
            if last:
                yield last
            last = piece
    if last:
        yield last
