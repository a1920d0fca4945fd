"""Headers of a cookie, a byte for the type and one for the length: what each pair of bytes announces, looked up in tables."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.kinds import Kinds
from acctrecover.sieve import standing
from acctrecover.stream import NONE, Found, Offsets, gathered

Octets = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint16]
"""Type and length of each of some headers, as type << 8 | length."""
EVERY = np.arange(1 << 16)
"""Every pair, as its key."""
COUNTED = 1 << 13
"""Records from which on it is cheaper to count the keys than to add up what each proves."""
FEW = 4
"""Types up to which it is cheaper to look for each than to sort all."""


class Pairs:
    """Tables by key, each of shape (65536,).

    `places` are (start, stop) of the cookie, the type and the length in a header; `sized` makes of payload bytes a record's.
    """

    def __init__(self, kinds: Kinds, places: list[tuple[int, int]], opening: bytes, sized: Callable[[Any], Any]) -> None:
        _, (self.kind, _), (self.room, _) = places
        self.kinds, self.opening = kinds, opening
        low, high = kinds.limits(EVERY >> 8)
        lengths = EVERY & 0xFF
        legal = (low <= lengths) & (lengths <= high)
        self.sizes = np.where(legal, sized(lengths), -1)
        """Bytes of the record, -1 where no record may have such a header."""
        self.open = low != high
        """Whether records of the type may have several lengths."""
        self.doubled = np.zeros(len(EVERY), np.bool_)
        """Whether the two bytes are the cookie's too."""
        if len(opening) == 2:
            self.doubled[opening[self.kind - 2] << 8 | opening[self.room - 2]] = True

    def heads(self, octets: Octets, count: int) -> Found:
        """Those of the first `count` offsets at which a header announces a record."""
        return gathered([self._read(octets, starts) for starts in standing(octets, self.opening, count)])

    def _read(self, octets: Octets, starts: Offsets) -> Found:
        """Those of some offsets of the cookie where type and length are sensible."""
        if not len(starts):
            return NONE
        keys = self.keys(octets, starts)
        sizes = self.sizes.take(keys)
        return Found(starts, sizes, keys).pick(sizes >= 0)

    def keys(self, octets: Octets, starts: Offsets) -> Keys:
        """The keys of the headers at `starts`."""
        keys = octets[self.kind :].take(starts).astype(np.uint16)
        keys <<= 8
        keys |= octets[self.room :].take(starts)
        return keys

    def groups(self, keys: Keys, numbers: Offsets) -> list[tuple[int, Offsets]]:
        """(key, indices) of those keys that are alike, of some types, in ascending order."""
        types = (keys >> 8).astype(np.uint8)
        if len(numbers) <= FEW:
            alike = [np.flatnonzero(types == number) for number in numbers.tolist()]
        else:
            order = np.argsort(types, kind="stable").astype(np.int64, copy=False)
            ends = [0, *np.cumsum(np.bincount(types, minlength=256)).tolist()]
            alike = [order[ends[number] : ends[number + 1]] for number in numbers.tolist()]
        out: list[tuple[int, Offsets]] = []
        for number, which in zip(numbers.tolist(), alike, strict=True):
            if len(which) and self.open[number << 8]:
                out += groups(keys.take(which), which)
            elif len(which):
                out.append((int(keys[which[0]]), which))
        return out


def groups(keys: npt.NDArray[Any], which: Offsets) -> list[tuple[int, Offsets]]:
    """(key, those of `which` that have it) of keys and what they are of, in ascending order."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    keys, which = keys[order], which[order]
    edges = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]
    return [(key, which[low:high]) for key, (low, high) in zip(keys[edges[:-1]].tolist(), pairwise(edges), strict=True)]


class Worth:
    """The evidence of records in bits by key: what the header proves, and what is added where the payload is sound."""

    def __init__(self, headers: npt.NDArray[np.float64], nothing: npt.NDArray[np.bool_]) -> None:
        self.headers, self.records, self.nothing = headers, headers.copy(), nothing
        self.known: set[int] = set()

    def add(self, key: int, bits: float) -> None:
        """Sound payloads of a key prove so much."""
        if key not in self.known:
            self.records[key] += 0.0 if self.nothing[key] else bits
            self.known.add(key)

    def of(self, keys: Keys, wrong: Offsets) -> npt.NDArray[np.float64]:
        """The evidence of some records, of which those at some indices are not sound."""
        out = self.records.take(keys)
        out[wrong] = self.headers.take(keys.take(wrong))
        return out

    def total(self, keys: Keys, wrong: Offsets, times: npt.NDArray[np.uint32] | None = None) -> float:
        """The sum of it; `times` is how often each key is among them, where that is known."""
        if len(keys) < COUNTED:
            return float(self.of(keys, wrong).sum())
        counts = np.bincount(keys, minlength=len(self.records)) if times is None else times
        less = (self.records - self.headers).take(keys.take(wrong)).sum() if len(wrong) else 0.0
        return float((counts * self.records).sum() - less)  # which starts no threads of a library for algebra
