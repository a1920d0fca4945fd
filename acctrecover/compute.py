"""An expression as a plain function of columns: construct walks its tree at every call, which costs more than numpy's work does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from construct.expr import BinExpr, UniExpr, opnames

from acctrecover.expr import At, Call, children, field_of


def function(expr: Any, big: bool) -> Callable[[Any], Any]:
    """What an expression that `check_tree` passed says of `Columns` in one byte order, as a function of these."""
    bound: dict[str, Any] = {}
    made: Callable[[Any], Any] = eval(f"lambda columns: {_Writer(big, bound, _counted(expr)).code(expr)}", bound)
    return made


def _key(expr: Any) -> str | int:
    """What a node is, where it stands more than once: a field by its name, another by itself."""
    return field_of(expr) or id(expr)


def _counted(expr: Any) -> Counter[str | int]:
    """How often each node stands in an expression, those within one that stands there again not counted again."""
    counts: Counter[str | int] = Counter()
    left = [expr]
    while left:
        node = left.pop()
        counts[_key(node)] += 1
        if counts[_key(node)] == 1:
            left += children(node)
    return counts


@dataclass(frozen=True)
class _Writer:
    """Writes an expression in Python's own words, what it has none for `bound` to a name, and names what stands in it `often`."""

    big: bool
    bound: dict[str, Any]
    often: Counter[str | int]
    names: dict[str | int, str] = field(default_factory=dict)

    def code(self, expr: Any) -> str:
        """One node; of one that stands there again only the name."""
        key = _key(expr)
        if key in self.names:
            return self.names[key]
        written = self._node(expr)
        if self.often[key] < 2 or not (children(expr) or written.startswith("columns")):
            return written
        self.names[key] = f"again_{len(self.names)}"
        return f"({self.names[key]} := {written})"

    def _node(self, expr: Any) -> str:
        name = field_of(expr)
        if name is not None:
            return str(int(self.big)) if name == "_big_endian" else f"columns[{name!r}]"
        if isinstance(expr, At) and (name := field_of(expr.operand)) is not None:
            return f"{self._bound(expr.passes)}[columns.octet({name!r}, {expr.index})]"
        if isinstance(expr, Call):
            return f"{self._bound(expr.func)}({self.code(expr.operand)})"
        if isinstance(expr, BinExpr):
            return f"({self.code(expr.lhs)} {opnames[expr.op]} {self.code(expr.rhs)})"
        if isinstance(expr, UniExpr):
            return f"({opnames[expr.op]} {self.code(expr.operand)})"
        return str(expr) if type(expr) is int else self._bound(expr)

    def _bound(self, value: Any) -> str:
        name = f"value_{len(self.bound)}"
        self.bound[name] = value
        return name
