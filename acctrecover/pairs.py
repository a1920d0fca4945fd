"""Headers of a cookie, a byte for the type and one for the length: what each pair of bytes announces, looked up in tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.kinds import Kinds

Octets = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint16]
"""Type and length of each of some headers, as type << 8 | length."""
EVERY = np.arange(1 << 16)
"""Every pair, as its key."""


class Pairs:
    """Tables by key, each of shape (65536,).

    `places` are (start, stop) of the cookie, the type and the length in a header; `sized` makes of payload bytes a record's.
    """

    def __init__(self, kinds: Kinds, places: list[tuple[int, int]], opening: bytes, sized: Callable[[Any], Any]) -> None:
        _, (self.kind, _), (self.room, _) = places
        self.kinds = kinds
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

    def keys(self, octets: Octets, starts: npt.NDArray[np.int64]) -> Keys:
        """The keys of the headers at `starts`."""
        keys = octets[self.kind :].take(starts).astype(np.uint16)
        keys <<= 8
        keys |= octets[self.room :].take(starts)
        return keys


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

    def of(self, keys: Keys, sound: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """The evidence of some records."""
        out = self.records.take(keys)
        bad = np.flatnonzero(~sound)
        out[bad] = self.headers.take(keys.take(bad))
        return out
