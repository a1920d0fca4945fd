"""An expression as a plain function of columns: construct walks its tree at every call, which costs more than numpy's work does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from construct.expr import BinExpr, UniExpr, opnames

from acctrecover.expr import At, Call, field_of


def function(expr: Any, big: bool) -> Callable[[Any], Any]:
    """What an expression that `check_tree` passed says of `Columns` in one byte order, as a function of these."""
    bound: dict[str, Any] = {}
    made: Callable[[Any], Any] = eval(f"lambda columns: {_code(expr, big, bound)}", bound)
    return made


def _code(expr: Any, big: bool, bound: dict[str, Any]) -> str:
    """One node in Python's own words, with what has none bound to a name."""
    name = field_of(expr)
    if name is not None:
        return str(int(big)) if name == "_big_endian" else f"columns[{name!r}]"
    if isinstance(expr, At) and (name := field_of(expr.operand)) is not None:
        return f"{_bound(expr.passes, bound)}[columns.octet({name!r}, {expr.index})]"
    if isinstance(expr, Call):
        return f"{_bound(expr.func, bound)}({_code(expr.operand, big, bound)})"
    if isinstance(expr, BinExpr):
        return f"({_code(expr.lhs, big, bound)} {opnames[expr.op]} {_code(expr.rhs, big, bound)})"
    if isinstance(expr, UniExpr):
        return f"({opnames[expr.op]} {_code(expr.operand, big, bound)})"
    return str(expr) if type(expr) is int else _bound(expr, bound)


def _bound(value: Any, bound: dict[str, Any]) -> str:
    name = f"value_{len(bound)}"
    bound[name] = value
    return name
