"""Byte strings at every offset of some bytes: where one stands, and which pass tests, by how many wrong bytes stand up to each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.expr import Bytewise, field_of
from acctrecover.stream import Offsets

GATHERED = 4
"""Bytes of strings for each byte of the input up to which it is cheaper to copy the strings."""
SECOND = np.array([False, True]).view(np.uint16)[0]
"""Two truths of which the second holds, as one number."""
CHUNK = 1 << 18
"""Offsets that are searched at once: what is noted of each fits a cache."""


class Sieve:
    """Some bytes, with records of `dtype` at every offset that leaves room for one."""

    def __init__(self, octets: npt.NDArray[np.uint8], dtype: np.dtype[Any]) -> None:
        self.octets, self.dtype = octets, dtype
        self.counted: dict[bytes, npt.NDArray[np.int32]] = {}

    def holds(self, rule: Any, starts: npt.NDArray[np.int64] | None, count: int) -> npt.NDArray[np.bool_] | None:
        """Where a rule holds of the records at `starts`, or of the first `count`; None for one that is no such test
        or that costs less over copies of the strings."""
        if not isinstance(rule, Bytewise) or (name := field_of(rule.operand)) is None:
            return None
        kind, at = self.dtype.fields[name][:2]  # type: ignore[index]
        if not kind.itemsize:
            return None
        if starts is not None and len(starts) * kind.itemsize <= GATHERED * len(self.octets):
            return None
        good: npt.NDArray[np.bool_] = np.True_  # type: ignore[assignment]
        if rule.wrong.any():
            good = _none(self._wrong(rule.wrong), at, at + kind.itemsize, starts, count)
        if rule.padded and kind.itemsize > 1:
            good = good & _none(self._rises(), at + 1, at + kind.itemsize, starts, count)
        return good if np.ndim(good) else np.ones(count if starts is None else len(starts), np.bool_)

    def _wrong(self, wrong: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """How many bytes up to each are among those."""
        key = wrong.tobytes()
        if key not in self.counted:
            self.counted[key] = _sums(wrong[self.octets])
        return self.counted[key]

    def _rises(self) -> npt.NDArray[np.int32]:
        """How many bytes up to each are not NUL and follow one."""
        if b"" not in self.counted:
            held = self.octets != 0
            held[1:] &= ~held[:-1]
            self.counted[b""] = _sums(held)
        return self.counted[b""]


def standing(octets: npt.NDArray[np.uint8], opening: bytes, count: int) -> Iterator[Offsets]:
    """The offsets, of the first `count`, at which some bytes stand, in order, some at a time."""
    apart = len(opening) > 1 and opening[0] != opening[1]  # never at two offsets beside each other
    for low in range(0, count, CHUNK):
        room = min(CHUNK, count - low)
        found = octets[low : low + room] == opening[0]
        for index in range(1, len(opening)):
            found &= octets[low + index : low + index + room] == opening[index]
        if apart and room % 2 == 0:
            pairs = found.view(np.uint16)
            starts = np.flatnonzero(pairs != 0)
            second = pairs.take(starts) == SECOND
            starts *= 2
            starts += second
        else:
            starts = np.flatnonzero(found)
        starts += low
        yield starts


def _sums(bad: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    out = np.zeros(len(bad) + 1, np.int32)
    np.cumsum(bad, out=out[1:])
    return out


def _none(
    sums: npt.NDArray[np.int32], low: int, high: int, starts: npt.NDArray[np.int64] | None, count: int
) -> npt.NDArray[np.bool_]:
    """Whether none is counted between two places of each record."""
    if starts is None:
        return np.asarray(sums[low : low + count] == sums[high : high + count])
    return np.asarray(sums[starts + low] == sums[starts + high])
