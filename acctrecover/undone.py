"""Bytes as they were before a wholesale change, with the way back to where each stands in the input."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]
Way = Callable[[Offsets], Offsets]
LIMIT = 1 << 28
"""Bytes of an input that are undone, and bytes that come of it, at most: they are held in memory, some eightfold."""
MOST_MISSING = 1 << 20
"""Bytes at most that a hole in a paste is filled up with, so that what follows keeps its distance."""
MOST_REPEATED = 1 << 24
"""Bytes at most that marks of repeated lines are made into: a few lines of text can ask for any number."""

ENDS = re.compile(rb"[\r\n]*+")
ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
"""How many bits are set in each byte."""
UPTO = np.array([0xFF00 >> bit + 1 & 0xFF for bit in range(8)], np.uint8)
"""The bits of a byte up to each one, the highest first."""


@dataclass(frozen=True)
class Undone:
    """`data` as it was before a wholesale change of the bytes [start, stop) of an input.

    `to_input` takes offsets 0..len(data) (int64, shape (n,)) to offsets of the input, and never falls: where what holds a
    byte begins there, and for len(data) where the last of it ends. `missing` are ranges [a, b) of `data`, in order, whose
    bytes the input does not have: they are NUL, and a record that touches one is not whole; where a == b, an unknown number
    of bytes is missing, or what follows is another dump. `exact` says that the input agrees with the change everywhere;
    `detail` says what was found.
    """

    data: bytes
    to_input: Way
    start: int
    stop: int
    exact: bool
    detail: str
    missing: tuple[tuple[int, int], ...] = ()
    steps: tuple[dict[str, Any], ...] = ()

    def after(self, inner: Undone) -> Undone:
        """The bytes of `inner`, which undid a change of these bytes, with the way back to this one's input."""
        first, second = self.to_input, inner.to_input
        start, stop = first(np.array([inner.start, inner.stop], np.int64)).tolist()
        start, stop = (self.start if not inner.start else start), (self.stop if inner.stop == len(self.data) else stop)
        detail, exact = f"{self.detail}; {inner.detail}", self.exact and inner.exact
        return Undone(
            inner.data, lambda offsets: first(second(offsets)), start, stop, exact, detail, inner.missing, self.steps + inner.steps
        )


def same(offsets: Offsets) -> Offsets:
    """The way back where no byte moved."""
    return np.asarray(offsets, np.int64)


def shifted(extra: npt.NDArray[np.bool_], *, before: bool) -> Way:
    """The way back where each byte that `extra` (shape (n,)) marks had one more byte before it, or else behind it.

    It keeps a count for each eight bytes, so that it takes 5/8 byte a byte whatever was marked.
    """
    marks = np.packbits(np.append(extra, False))
    counts = np.concatenate(([0], np.cumsum(ONES[marks], dtype=np.uint32)))
    seen = UPTO if before else UPTO << 1

    def to_input(offsets: Offsets) -> Offsets:
        eights = offsets >> 3
        return np.asarray(offsets + counts[eights] + ONES[marks[eights] & seen[offsets & 7]], np.int64)

    return to_input


class Lines:
    """Bytes put together from lines of text, in order. `columns` takes numbers of a line's bytes to where each begins in it.

    `digits` (hex, octal, base64 or uu) says how bytes are written, `word` of how many a number is, the last one first.
    """

    def __init__(self, columns: Way, digits: str, word: int = 1) -> None:
        self.columns, self.digits, self.word = columns, digits, word
        self.data = bytearray()
        self.missing: list[tuple[int, int]] = []
        self.repeated = self.start = self.stop = 0
        self._starts, self._places, self._steps = array("q"), array("q"), array("q")
        self._parts: list[list[int | str]] = []

    def _segment(self, place: int, step: int) -> None:
        self._starts.append(len(self.data))
        self._places.append(place)
        self._steps.append(step)

    def line(self, octets: bytes, place: int, start: int, stop: int, read: int | None = None) -> None:
        """Take a line [start, stop) of the input whose first byte is written at `place`; its digits are read from `read` on."""
        if not self._starts:
            self.start = start
        self._segment(place, 1)
        self._part(place if read is None else read, len(octets))
        self.data += octets
        self.stop = stop

    def _part(self, place: int | str, count: int) -> None:
        """Remember how `count` bytes are read: [place, count, times, step], lines of one length at one distance as one."""
        last = self._parts[-1] if self._parts else [0, 0, 0, 0]
        if isinstance(place, int) and isinstance(last[0], int) and last[1] == count:
            times, step, ahead = int(last[2]), int(last[3]), place - int(last[0])
            if times == 1 or ahead == times * step:
                last[2:] = times + 1, ahead if times == 1 else step
                return
        if count:
            self._parts.append([place, count, 1, 0])

    def repeat(self, octets: bytes, count: int, place: int) -> None:
        """Take `octets` over and over, `count` bytes of them, which one mark at `place` stands for; MOST_REPEATED in all."""
        self._segment(place, 0)
        taken = min(count, MOST_REPEATED - self.repeated)
        self.data += (octets * (taken // len(octets) + 1))[:taken]
        self._part("again", taken)
        self.repeated += taken
        if taken < count:
            self.hole(0)

    def hole(self, count: int) -> None:
        """Take `count` bytes that no line holds (0: an unknown number): NUL bytes, at the end of the line before."""
        if not self._starts:
            return
        self._segment(max(self.stop, self._places[-1]), 0)
        self.missing.append((len(self.data), len(self.data) + count))
        self._part("nul", count)
        self.data += bytes(count)

    def trim(self, count: int) -> None:
        """Drop the last `count` bytes."""
        del self.data[len(self.data) - count :]
        self._part("drop", count)

    def undone(self, detail: str, text: bytes) -> Undone:
        """All that was read from a text; what is repeated and what is missing is added to the detail."""
        if self.repeated:
            detail += f"; {self.repeated} bytes from marks of repeated lines"
        if self.missing:
            lost = sum(stop - start for start, stop in self.missing)
            where = f"{len(self.missing)} place" + ("s" if len(self.missing) > 1 else "")
            detail += f"; lines are missing in {where}" + (f", {lost} bytes" if lost else "")
        self._segment(self.stop, 0)
        starts, places, steps = (np.array(part, np.int64) for part in (self._starts, self._places, self._steps))

        def to_input(offsets: Offsets) -> Offsets:
            at = np.maximum(np.searchsorted(starts, offsets, "right") - 1, 0)
            return np.asarray(places[at] + steps[at] * self.columns(offsets - starts[at]), np.int64)

        ends = ENDS.match(text, self.stop)
        stop = ends.end() if ends else self.stop
        step = {"do": "read digits", "digits": self.digits, "word": self.word, "parts": self._parts}
        return Undone(bytes(self.data), to_input, self.start, stop, not self.missing, detail, tuple(self.missing), (step,))
