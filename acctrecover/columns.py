"""The columns of an array of records: in the fields' own types where an expression provably means the same there, else widened."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from construct import Container
from construct.expr import BinExpr

from acctrecover.expr import Truth, field_of, fields_of

TRUTH = 1
"""Bits of a value that is true or false."""


class Columns:
    """Attribute-style access to the columns of a structured array, each copied once, contiguous, in its field's own type.

    Byte strings come as uint8 of shape (n, width). Arithmetic on narrow columns may wrap: ask `native` first.
    """

    def __init__(self, records: npt.NDArray[Any], big: bool) -> None:
        self.records, self.big = records, big
        self.columns: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name == "_big_endian":
            return int(self.big)
        if name not in self.columns:
            kind, at = self.records.dtype.fields[name][:2]  # type: ignore[index]
            if kind.subdtype is None:
                self.columns[name] = self._numbers(self.records[name])
            else:  # copied as one item a record: faster than byte by byte
                items = self.records.getfield(np.dtype((np.void, kind.itemsize)), at) if kind.itemsize else self.records[name]
                self.columns[name] = np.ascontiguousarray(items).view(np.uint8).reshape(len(self.records), kind.itemsize)
        return self.columns[name]

    def _numbers(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return column.astype(column.dtype.newbyteorder("="))


class Widened(Columns):
    """The same with room for arithmetic: integers of up to 32 bits as int64, floats as float64.

    Unsigned 64-bit columns stay uint64: compare and divide them only.
    """

    def _numbers(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        kind, width = column.dtype.kind, column.dtype.itemsize
        if kind == "f":
            with np.errstate(all="ignore"):  # signalling NaNs
                return column.astype(np.float64)
        return column.astype(np.uint64 if (kind, width) == ("u", 8) else np.int64)


def native(expr: Any, dtype: np.dtype[Any], big: bool) -> bool:
    """Whether a rule over `Columns` says what it says of one record with Python's numbers, and so of `Widened` columns too.

    True only for truths made of unsigned fields, constants that fit them, comparisons, `& | ^`, and `>> // %` by a
    constant: no value on the way there can leave its field's type.
    """
    return _bits(expr, dtype, big) == TRUTH


def constant(expr: Any, big: bool) -> int | None:
    """The number an expression without fields stands for, None for any other."""
    if callable(expr):
        expr = expr(Container(_big_endian=int(big))) if fields_of(expr) <= {"_big_endian"} else None
    return expr if isinstance(expr, int) and not isinstance(expr, bool) else None


def _bits(expr: Any, dtype: np.dtype[Any], big: bool) -> int | None:
    """Bits of the unsigned type that a node's values have and fit, TRUTH for true and false, None where that is not sure."""
    name = field_of(expr)
    if name is not None:
        kind = dtype.fields.get(name, (dtype,))[0]  # type: ignore[union-attr]
        return 8 * kind.itemsize if kind.kind == "u" else None
    if isinstance(expr, Truth):
        return TRUTH
    if not isinstance(expr, BinExpr):
        return None
    op, right = expr.op.__name__, constant(expr.rhs, big)
    left = _bits(expr.lhs, dtype, big)
    other = left if right is not None else _bits(expr.rhs, dtype, big)
    if left is None or other is None or (left == TRUTH) != (other == TRUTH):
        return None
    if left == TRUTH:
        return TRUTH if right is None and op in {"and_", "or_", "xor"} else None
    if right is not None and not 0 <= right < 1 << left:
        return None
    if op in {"eq", "ne", "lt", "le", "gt", "ge"}:
        return TRUTH
    if op in {"and_", "or_", "xor"}:
        return max(left, other)
    fits = right is not None and (right < left if op == "rshift" else right > 0)
    return left if fits and op in {"rshift", "floordiv", "mod"} else None
