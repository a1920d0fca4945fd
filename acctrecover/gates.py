"""What single bytes of every sound record must be, as its rules tell it: asked of every offset, far faster than the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from construct.expr import BinExpr

from acctrecover.chance import passing
from acctrecover.columns import constant
from acctrecover.expr import At, Bytewise, Opening, field_of, fields_of
from acctrecover.unrelated import BACKGROUNDS

RARE = 1 / 2048
"""The share of offsets that pass, from which on further gates cost more than they spare."""
WIDE = 0.9
"""The share of bytes that pass, from which on a gate is none."""
MOST = 16
"""Gates that are asked at most where each is only asked of what the others let pass."""
BYTE = np.arange(256)
Asked = Callable[[Any, npt.NDArray[Any]], npt.NDArray[np.bool_]]
"""Where an expression holds of records: shape (records,)."""


class Spread(NamedTuple):
    """Some values of a byte: the least and the greatest of them, the chance that a byte of the background that has them most often
    is one, and the chance that it is from the least to the greatest."""

    low: int
    high: int
    share: float
    roughly: float


@cache
def spread_of(passing: bytes) -> Spread:
    """What is to be known of the values whose place in `passing` is 1; there must be one."""
    which = np.frombuffer(passing, np.bool_)
    low, high = passing.index(1), passing.rindex(1)
    laws = [background.law for background in BACKGROUNDS]
    return Spread(low, high, max(float(law[which].sum()) for law in laws), max(float(law[low : high + 1].sum()) for law in laws))


class Gate(NamedTuple):
    """The byte at `offset` of a record is a value whose place in `passing`, of 256, is 1."""

    offset: int
    passing: bytes

    @property
    def spread(self) -> Spread:
        return spread_of(self.passing)

    def passes(self, octets: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.bool_]:
        """Of which of the first `count` offsets the byte is from the least to the greatest of the values."""
        low, high = self.spread[:2]
        column = octets[self.offset : self.offset + count]
        if low == high:
            return np.asarray(column == np.uint8(low))
        if low == 0:
            return np.asarray(column <= np.uint8(high))
        return np.asarray(column - np.uint8(low) <= np.uint8(high - low))


def gates(rules: list[Any], dtype: np.dtype[Any], big: bool, asked: Asked) -> list[Gate]:
    """The gates of a record whose `rules` these are, the rarest first; `asked` tells where a part of one holds."""
    teller = _Teller(dtype, big, asked)
    told: Told = {}
    for rule in rules:
        _both(told, teller.told(rule))
    octets = ((offset, values.tobytes()) for offset, values in told.items())
    return sorted((Gate(*pair) for pair in octets if 0 < sum(pair[1]) < 256), key=lambda gate: gate.spread.share)


def cheap(some: list[Gate]) -> list[Gate]:
    """As many of some gates as pay where each is only asked where those before it let something pass."""
    return [gate for gate in some if gate.spread.share <= WIDE or not gate.passing[0]][:MOST]


def paying(some: list[Gate]) -> list[Gate]:
    """As many of some gates as pay where each takes a pass over the bytes, the rarest first."""
    out: list[Gate] = []
    left = 1.0
    for gate in sorted(some, key=lambda gate: gate.spread.roughly):
        if left <= RARE or gate.spread.roughly > WIDE:
            break
        out.append(gate)
        left *= gate.spread.roughly
    return out


Told = dict[int, npt.NDArray[np.bool_]]
"""By the offset of a byte, which values it may have: bool of shape (256,)."""


def _both(told: Told, more: Told) -> None:
    """Add what else is told."""
    for offset, values in more.items():
        told[offset] = told[offset] & values if offset in told else values


class _Teller:
    """What expressions tell of the bytes of a record."""

    def __init__(self, dtype: np.dtype[Any], big: bool, asked: Asked) -> None:
        self.dtype, self.big, self.asked = dtype, big, asked

    def told(self, rule: Any) -> Told:
        """What holds of the bytes of every record of which a rule holds."""
        return self._part(rule)[1]

    def _part(self, rule: Any) -> tuple[set[str], Told]:
        """The fields that a part of a rule reads, and what its truth tells."""
        out: Told = {}
        if isinstance(rule, BinExpr) and rule.op.__name__ in {"and_", "or_"}:
            (names, left), (others, right) = self._part(rule.lhs), self._part(rule.rhs)
            if names and others and rule.op.__name__ == "and_":
                out = left
                _both(out, right)
            elif names and others:
                out = {offset: left[offset] | right[offset] for offset in left.keys() & right.keys()}
            names = names | others
        else:
            names = fields_of(rule) - {"_big_endian"}
        if len(names) == 1:
            _both(out, dict(self._field(rule, *self.dtype.fields[min(names)][:2])))  # type: ignore[index]
        return names, out

    def _field(self, rule: Any, kind: np.dtype[Any], at: int) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
        """What a rule of one field alone tells."""
        if isinstance(rule, At | Bytewise | Opening) and field_of(rule.operand) is not None:
            if isinstance(rule, Opening):
                yield at, np.bincount([word[0] for word in rule.words], minlength=256) > 0
            elif isinstance(rule, At):
                yield at + rule.index % max(kind.itemsize, 1), rule.passes
            elif rule.wrong.any():
                yield from ((offset, ~rule.wrong) for offset in range(at, at + kind.itemsize))
        elif kind.kind == "u" and kind.itemsize == 1:
            records = np.zeros(256, self.dtype)
            records.getfield(np.uint8, at)[:] = BYTE
            yield at, self.asked(rule, records)
        elif kind.kind in "ui":
            yield from self._number(rule, kind, at)

    def _number(self, rule: Any, kind: np.dtype[Any], at: int) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
        """What a rule of one whole number of several bytes tells: the bytes that a span of it begins with, or some of its bits."""
        width = kind.itemsize
        places = [at + (digit if self.big else width - 1 - digit) for digit in range(width)]  # the most significant byte first
        shifts = [8 * (width - 1 - digit) for digit in range(width)]
        if masked := self._masked(rule, width):
            mask, value = masked
            for place, shift in zip(places, shifts, strict=True):
                yield place, BYTE & (mask >> shift & 0xFF) == value >> shift & 0xFF
        elif spans := passing(rule, kind, self.big):
            low, high = spans[0][0], spans[-1][1] - 1
            for place, shift in zip(places, shifts, strict=True) if low >= 0 else ():
                first, last = low >> shift, high >> shift
                yield place, (first & 0xFF <= BYTE) & (last & 0xFF >= BYTE)
                if first != last:
                    break

    def _masked(self, rule: Any, width: int) -> tuple[int, int] | None:
        """(mask, value) of a rule that some bits of a field are a value: ``(this.f & 0x1F) == 0`` or ``(this.f >> 16) == 0``."""
        if not isinstance(rule, BinExpr) or rule.op.__name__ != "eq" or not isinstance(rule.lhs, BinExpr):
            return None
        op, by, value = rule.lhs.op.__name__, constant(rule.lhs.rhs, self.big), constant(rule.rhs, self.big)
        if field_of(rule.lhs.lhs) is None or not isinstance(by, int) or not isinstance(value, int) or by < 0 or value < 0:
            return None
        every = (1 << 8 * width) - 1
        if op == "and_" and value <= every:
            return by & every, value
        if op == "rshift" and by < 8 * width and value <= every >> by:
            return every >> by << by, value << by
        return None
