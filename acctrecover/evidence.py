"""What a header proves: how rarely background bytes are one, in bits."""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import cached_property

import numpy as np

from acctrecover.kinds import Kinds
from acctrecover.shape import Octets, Shape
from acctrecover.stream import Found
from acctrecover.unrelated import BACKGROUNDS

TRIED = 1 << 18
"""Offsets at which it is measured how rare headers of other streams are."""


class HeaderEvidence:
    """The evidence of the headers of a dialect, which has their layout, the fields that tell type and length, and the types."""

    header: Shape
    told: set[str]
    kinds: Kinds

    @abstractmethod
    def heads(self, octets: Octets) -> Found:
        """Every offset of a sensible header."""

    @cached_property
    def ruled_bits(self) -> float:
        """Evidence in bits of a header's rules, over the background that passes most easily, but for those of type and length."""
        asked = [not reads <= self.told for reads in self.header.reads]
        return min(float(self.header.weighed(background)[asked].sum()) for background in BACKGROUNDS)

    @cached_property
    def header_bits(self) -> float:
        """Evidence in bits of a header of any type and length that are allowed."""
        return self._header_bits(int((self.kinds.high - self.kinds.low + 1)[:-1].sum()))

    @cached_property
    def fixed_bits(self) -> float:
        """Evidence in bits of a header whose type has one length only."""
        return self._header_bits(int((self.kinds.low == self.kinds.high).sum()))

    @cached_property
    def loose_bits(self) -> float:
        """Evidence in bits of a header whose type has several lengths."""
        return self._header_bits(int((self.kinds.high - self.kinds.low + 1)[:-1][self.kinds.low[:-1] < self.kinds.high[:-1]].sum()))

    @property
    def least_bits(self) -> float:
        """Evidence in bits of the headers that give least."""
        return min(self.fixed_bits, self.loose_bits)

    def _header_bits(self, ways: int) -> float:
        """Bits of a header that keeps its rules, and whose type and length are one of so many pairs that there may be."""
        told = 8 * sum(self.header.dtype[name].itemsize for name in self.told)
        return float(self.ruled_bits + told - math.log2(max(ways, 1)))

    @cached_property
    def measured_bits(self) -> float:
        """How rare headers are at the offsets of background bytes, in bits: what one proves whose type asks for few fields."""
        samples = (np.frombuffer(background.sample(TRIED), np.uint8) for background in BACKGROUNDS)
        return min(math.log2((TRIED + 1) / (len(self.heads(octets).starts) + 1)) for octets in samples)
