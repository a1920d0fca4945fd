"""The chance that background bytes pass a rule, where the rule's form tells it: comparisons of one whole number with constants."""

from __future__ import annotations

from typing import Any

import numpy as np
from construct.expr import BinExpr

from acctrecover.columns import constant
from acctrecover.expr import field_of, fields_of
from acctrecover.unrelated import Law

Spans = list[tuple[int, int]]
"""Disjoint half-open ranges of values in ascending order."""


def chance(expr: Any, dtype: np.dtype[Any], big: bool, background: Law) -> float | None:
    """The chance, exactly, that a field made of background bytes passes a rule; None for a rule of another form or without one."""
    names = fields_of(expr) - {"_big_endian"}
    if len(names) != 1 or (kind := dtype[min(names)]).kind not in "ui":
        return None
    low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max) + 1
    total = 0.0
    for start, stop in _common(passing(expr, kind, big) or [], [(low, 0), (0, high)]):
        wrap = high - low if start < 0 else 0  # negative numbers in two's complement
        total += background.below(stop + wrap, kind.itemsize) - background.below(start + wrap, kind.itemsize)
    return total or None


def passing(expr: Any, kind: np.dtype[Any], big: bool) -> Spans | None:
    """The values of a whole number that pass a rule of it alone; None for a rule of another form."""
    return _spans(expr, int(np.iinfo(kind).min), int(np.iinfo(kind).max) + 1, big)


def _spans(expr: Any, low: int, high: int, big: bool) -> Spans | None:
    """The values in [low, high) that a rule passes."""
    if not isinstance(expr, BinExpr):
        return None
    op = expr.op.__name__
    if op in {"and_", "or_"}:
        left, right = (_spans(side, low, high, big) for side in (expr.lhs, expr.rhs))
        if left is None or right is None:
            return None
        return _common(left, right) if op == "and_" else _joined(left, right)
    number = constant(expr.rhs, big)
    if field_of(expr.lhs) is None or not isinstance(number, int):
        return None
    sides = {
        "eq": [(number, number + 1)],
        "ne": [(low, number), (number + 1, high)],
        "lt": [(low, number)],
        "le": [(low, number + 1)],
        "gt": [(number + 1, high)],
        "ge": [(number, high)],
    }
    return _common(sides[op], [(low, high)]) if op in sides else None


def _common(left: Spans, right: Spans) -> Spans:
    pairs = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return sorted(pair for pair in pairs if pair[0] < pair[1])


def _joined(left: Spans, right: Spans) -> Spans:
    out: Spans = []
    for start, stop in sorted(left + right):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(stop, out[-1][1]))
        else:
            out.append((start, stop))
    return out
