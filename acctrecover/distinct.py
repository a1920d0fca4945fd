"""Which rows of a column hold the same value, where few values come often."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.kernel import address, library

Indices = npt.NDArray[np.intp]
SPARE = 4
"""Seats for a row, and rows for a value: of a column with more values than this nothing is gained."""
WIDEST = 256
"""Bytes of a value at most: longer ones are compared too slowly."""
LEAST = 64
"""Rows of a column at least: fewer are looked at one by one in less time."""
Words = npt.NDArray[Any]
"""The bytes of values as unsigned numbers."""
ROUNDS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F)
"""Odd multipliers that spread values over seats: those that share one seat under the first are seated anew by the next."""


def distinct(column: npt.NDArray[Any]) -> tuple[Indices, Indices] | None:
    """(rows that hold one of the values each, which of those every row agrees with) of a column of shape (n,) or (n, width).

    Equal means equal bytes. None where there are more than a value for SPARE rows.
    """
    count = len(column)
    if count < LEAST or not column.itemsize * column[0].size or column[0].nbytes > WIDEST:
        return None
    if library() is not None:
        return _compiled(column)
    words = _words(column)
    near = _near(words[0]) if len(words) == 1 else None
    if near is not None:
        firsts, codes = near
        return (firsts, codes) if len(firsts) * SPARE <= count else None
    place = np.arange(count, dtype=np.intp)
    leader = _agreed(words, place)
    firsts = np.flatnonzero(leader == place)
    if len(firsts) * SPARE > count:
        return None
    number = np.empty(count, np.intp)
    number[firsts] = np.arange(len(firsts))
    return firsts, number.take(leader)


def _compiled(column: npt.NDArray[Any]) -> tuple[Indices, Indices] | None:
    """The same by search.c."""
    count, width = len(column), column[0].nbytes
    if column.ndim > 1 and column.strides[1] != column.itemsize:
        column = np.ascontiguousarray(column)
    most, bits = count // SPARE, count.bit_length()
    seats, kept, firsts = np.empty(1 << bits, np.int32), np.empty(most, np.uint64), np.empty(most, np.int64)
    codes = np.empty(count, np.int64)
    into = [address(array) for array in (seats, kept, firsts, codes)]
    found = library().acctrecover_distinct(address(column), count, column.strides[0], width, most, bits, *into)
    return None if found < 0 else (firsts[:found].astype(np.intp, copy=False), codes.astype(np.intp, copy=False))


def _words(column: npt.NDArray[Any]) -> list[Words]:
    """The values' bytes as numbers of up to eight each."""
    octets = np.ascontiguousarray(column, column.dtype.newbyteorder("="))
    width = octets[0].nbytes
    if octets.ndim == 1 and width in (1, 2, 4, 8):
        return [octets.view(f"u{width}")]
    padded = np.zeros((len(octets), -(-width // 8) * 8), np.uint8)
    padded[:, :width] = octets.view(np.uint8).reshape(len(octets), width)
    return list(padded.view(np.uint64).T)


def _near(words: Words) -> tuple[Indices, Indices] | None:
    """The same of values that all lie near each other, as times and most ids do."""
    low, high = words.min(), words.max()
    count, span = len(words), int(high) - int(low)
    if not span:
        return np.zeros(1, np.intp), np.zeros(count, np.intp)
    if span >= SPARE * count:
        return None
    seat = (words - low).astype(np.intp)
    taken = np.full(span + 1, -1, np.intp)
    taken[seat] = np.arange(count)
    held = np.flatnonzero(taken >= 0)
    number = np.empty(span + 1, np.intp)
    number[held] = np.arange(len(held))
    return taken[held], number.take(seat)


def _seated(seat: Indices, place: Indices) -> Indices:
    """Of every row the one that took its seat last."""
    taken = np.empty(int(seat.max()) + 1, np.intp)
    taken[seat] = place
    return taken.take(seat)


def _agreed(words: list[Words], place: Indices) -> Indices:
    """Of every row one with the same value; itself where none is found."""
    leader = place.copy()
    left = place
    bits = np.uint64(64 - (SPARE * len(place)).bit_length())
    for factor in ROUNDS:
        mixed = np.zeros(len(left), np.uint64)
        for word in words:
            mixed = (mixed ^ word.take(left)) * np.uint64(factor)
            mixed ^= mixed >> np.uint64(29)
        found = left.take(_seated(((mixed * np.uint64(factor)) >> bits).astype(np.intp), np.arange(len(left))))
        same = np.ones(len(left), np.bool_)
        for word in words:
            same &= word.take(left) == word.take(found)
        leader[left] = np.where(same, found, left)
        left = left[~same]
        if not len(left) or np.count_nonzero(leader == place) * SPARE > len(place) + len(left) * SPARE:
            break
    return leader
