"""Rule expressions: construct's ``this`` trees, made safe to evaluate over columns as well as over one record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from construct import this
from construct.expr import BinExpr, ExprMixin, Path, UniExpr, opnames

from acctrecover.errors import FormatError

BIG_ENDIAN = this._big_endian
"""1 where the record is read big-endian, else 0: for the writers that mark their byte order in a field."""


class Call(ExprMixin):  # type: ignore[misc]
    """A function of byte-string fields, as a node of an expression; it sees ``uint8`` arrays of shape (..., width)."""

    def __init__(self, func: Callable[[Any], Any], operand: Any) -> None:
        self.func, self.operand = func, operand

    def __call__(self, record: Any, *args: Any) -> Any:
        value = self.operand(record)
        if isinstance(value, bytes):
            return bool(self.func(np.frombuffer(value, np.uint8)))
        return self.func(value)

    def __repr__(self) -> str:
        return f"{self.func.__name__}({self.operand!r})"


def nul_padded(field: Any) -> Call:
    """True where nothing but NUL follows the first NUL of a byte-string field."""

    def nul_padded(octets: Any) -> Any:
        return ~((octets[..., :-1] == 0) & (octets[..., 1:] != 0)).any(axis=-1)

    return Call(nul_padded, field)


def nul_terminated(field: Any) -> Call:
    """True where the last byte of a byte-string field is NUL."""

    def nul_terminated(octets: Any) -> Any:
        return octets[..., -1] == 0

    return Call(nul_terminated, field)


def not_empty(field: Any) -> Call:
    """True where the first byte of a byte-string field is not NUL."""

    def not_empty(octets: Any) -> Any:
        return octets[..., 0] != 0

    return Call(not_empty, field)


def all_zero(field: Any) -> Call:
    """True where every byte of a byte-string field is NUL (also where it has none)."""

    def all_zero(octets: Any) -> Any:
        return ~octets.any(axis=-1)

    return Call(all_zero, field)


def comp_t(field: Any) -> Any:
    """The number a 16-bit ``comp_t`` field stands for: 13 bits of mantissa, 3 of base-8 exponent (acct(5))."""
    return (field & 0x1FFF) << ((field >> 13) * 3)


def canonical_comp_t(field: Any) -> Any:
    """What every ``comp_t`` encoder leaves: no exponent, or a mantissa too large for the next smaller one."""
    return ((field >> 13) == 0) | ((field & 0x1FFF) >= 1024)


def comp2_t(high: Any, low: Any) -> Any:
    """The number a 24-bit ``comp2_t`` stands for: 20 bits of mantissa (one hidden), 5 of binary exponent."""
    value = (high << 16) | low
    exponent, normal = value >> 19, (value >> 19) > 0
    return ((value & 0x7FFFF) + normal * 0x80000) << (exponent - normal * 1)


def children(expr: Any) -> list[Any]:
    """The operands of one node."""
    if isinstance(expr, BinExpr):
        return [expr.lhs, expr.rhs]
    if isinstance(expr, UniExpr | Call):
        return [expr.operand]
    return []


def field_of(expr: Any) -> str | None:
    """The field a ``this.field`` node names, or None for any other node."""
    if isinstance(expr, Path) and expr._Path__parent is not None:
        return str(expr._Path__field)
    return None


def fields_of(expr: Any) -> set[str]:
    """Every field an expression reads."""
    name = field_of(expr)
    if name is not None:
        return {name}
    return set().union(*(fields_of(child) for child in children(expr)))


def text(expr: Any) -> str:
    """An expression as a reader would write it."""
    name = field_of(expr)
    if name is not None:
        return name
    if isinstance(expr, BinExpr):
        return f"({text(expr.lhs)} {opnames[expr.op]} {text(expr.rhs)})"
    if isinstance(expr, Call):
        return f"{expr.func.__name__}({text(expr.operand)})"
    if isinstance(expr, UniExpr):
        return f"{opnames[expr.op]} {text(expr.operand)}"
    return hex(expr) if isinstance(expr, int) and not isinstance(expr, bool) and expr > 9 else repr(expr)


def check_tree(expr: Any, where: str) -> None:
    """Refuse what means one thing on a record and another on columns.

    Raises FormatError for ``~``, ``in``, nested paths, and for anything that is no expression.
    """
    if not isinstance(expr, ExprMixin):
        raise FormatError(f"{where}: {expr!r} is not an expression over `this`")
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, UniExpr) and opnames.get(node.op) == "not":
            raise FormatError(f"{where}: `~` means `not` in construct and fails on columns; compare with == instead")
        if isinstance(node, BinExpr) and opnames.get(node.op) == "in":
            raise FormatError(f"{where}: `in` keeps only part of the test; join comparisons with |")
        if isinstance(node, Path):
            parent = node._Path__parent
            if parent is None or parent._Path__parent is not None:
                raise FormatError(f"{where}: {node!r} must name one field of the record, as in this.field")
        stack.extend(children(node))


def _refuse_truth(self: Any) -> bool:
    raise FormatError(f"{text(self)}: a chained comparison, and, or, not, in lose half of a rule; use & and |")


@contextmanager
def truth_refused() -> Iterator[None]:
    """While a format file is executed: taking the truth of an expression is an error, not half a rule."""
    ExprMixin.__bool__ = _refuse_truth
    try:
        yield
    finally:
        del ExprMixin.__bool__
