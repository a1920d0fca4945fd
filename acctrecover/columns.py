"""The columns of an array of records: in the fields' own types where an expression provably means the same there, else widened."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from construct import Container
from construct.expr import BinExpr

from acctrecover.expr import Call, Truth, field_of, fields_of

TRUTH = np.dtype(np.bool_)
COMPARISONS = {"eq", "ne", "lt", "le", "gt", "ge"}


class Columns:
    """Attribute-style access to the columns of a structured array, each copied once, contiguous, in its field's own type.

    Byte strings come as uint8 of shape (n, width). Arithmetic on narrow columns may wrap: ask `native` first. `which` are the
    indices of the records meant, if not all.
    """

    def __init__(self, records: npt.NDArray[Any], big: bool, which: npt.NDArray[np.int64] | None = None) -> None:
        self.records, self.big, self.which = records, big, which
        self.columns: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name == "_big_endian":
            return int(self.big)
        if name not in self.columns:
            kind, at = self.records.dtype.fields[name][:2]  # type: ignore[index]
            if kind.subdtype is None:
                self.columns[name] = self._numbers(self._picked(self.records[name]))
            else:  # copied as one item a record: faster than byte by byte
                items = self.records.getfield(np.dtype((np.void, kind.itemsize)), at) if kind.itemsize else self.records[name]
                self.columns[name] = np.ascontiguousarray(self._picked(items)).view(np.uint8).reshape(len(self), kind.itemsize)
        return self.columns[name]

    def octet(self, name: str, index: int) -> npt.NDArray[np.uint8]:
        """One byte of each byte string, the last one where `index` is -1, without a copy of all."""
        kind, at = self.records.dtype.fields[name][:2]  # type: ignore[index]
        return self._picked(self.records.getfield(np.uint8, at + index % kind.itemsize))

    def __len__(self) -> int:
        return len(self.records) if self.which is None else len(self.which)

    def _picked(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        picked: npt.NDArray[Any] = column if self.which is None else column[self.which]
        return picked

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


class Single:
    """The same access to one record alone: whole numbers as Python's, byte strings as uint8 of shape (width,)."""

    def __init__(self, octets: bytes, dtype: np.dtype[Any], big: bool) -> None:
        self.octets, self.fields, self.order = octets, dtype.fields, "big" if big else "little"

    def __getitem__(self, name: str) -> Any:
        kind, at = self.fields[name][:2]  # type: ignore[index]
        if kind.kind in "ui":
            return int.from_bytes(self.octets[at : at + kind.itemsize], self.order, signed=kind.kind == "i")  # type: ignore[arg-type]
        held = np.frombuffer(self.octets[at : at + kind.itemsize], kind.base)
        return held if kind.subdtype else held[0]

    def octet(self, name: str, index: int) -> int:
        """One byte of a byte string, the last one where `index` is -1."""
        kind, at = self.fields[name][:2]  # type: ignore[index]
        return self.octets[at + index % kind.itemsize]


def pick(records: npt.NDArray[Any], which: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy of the records at some indices, or where a mask is true: each as one item, forty times as fast as field by field."""
    items = records.view(np.dtype((np.void, records.dtype.itemsize))) if records.dtype.itemsize else records
    picked: npt.NDArray[Any] = items[which].view(records.dtype)
    return picked


def native(expr: Any, dtype: np.dtype[Any], big: bool) -> bool:
    """Whether a rule over `Columns` says what it says of one record with Python's numbers, and so of `Widened` columns too.

    True only for truths made with `& | ^` of comparisons of: whole numbers, also after `& | ^` and, unsigned ones, after `>> // %`
    by a constant; floating-point fields, also after `floor`; constants that their type holds. No such value can leave its type.
    """
    return _type(expr, dtype, big) == TRUTH


def constant(expr: Any, big: bool) -> int | float | None:
    """The number an expression without fields stands for, None for any other."""
    if callable(expr):
        expr = expr(Container(_big_endian=int(big))) if fields_of(expr) <= {"_big_endian"} else None
    return expr if isinstance(expr, int | float) and not isinstance(expr, bool) else None


def _type(expr: Any, dtype: np.dtype[Any], big: bool) -> np.dtype[Any] | None:
    """The type of a node's values, all of them right; None where that is not sure."""
    name = field_of(expr)
    if name is not None:
        kind: np.dtype[Any] = dtype.fields.get(name, (dtype,))[0]  # type: ignore[union-attr]
        return kind.newbyteorder("=") if kind.kind in "uif" else None
    if isinstance(expr, Truth):
        return TRUTH
    if isinstance(expr, Call) and expr.func is np.floor:
        inner = _type(expr.operand, dtype, big)
        return inner if inner is not None and inner.kind == "f" else None
    if not isinstance(expr, BinExpr):
        return None
    op, number = expr.op.__name__, constant(expr.rhs, big)
    left = _type(expr.lhs, dtype, big)
    right = left if number is not None else _type(expr.rhs, dtype, big)
    if left is None or right is None or left.kind != right.kind or (number is not None and not _holds(left, number)):
        return None
    if op in COMPARISONS and left != TRUTH:
        return TRUTH
    if op in {"and_", "or_", "xor"} and left.kind != "f":
        return max(left, right, key=lambda kind: kind.itemsize)
    shrinks = number is not None and ((op == "rshift" and number < 8 * left.itemsize) or (op in {"floordiv", "mod"} and number > 0))
    return left if shrinks and left.kind == "u" else None


def _holds(kind: np.dtype[Any], number: int | float) -> bool:
    if kind.kind in "ui":
        return isinstance(number, int) and np.iinfo(kind).min <= number <= np.iinfo(kind).max
    with np.errstate(over="ignore"):
        return kind.kind == "f" and float(kind.type(number)) == number
