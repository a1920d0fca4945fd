"""Rule expressions: construct's ``this`` trees, made safe to evaluate over columns as well as over one record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from construct import this
from construct.expr import BinExpr, ExprMixin, Path, UniExpr, opnames

from acctrecover.errors import FormatError

BIG_ENDIAN = this._big_endian
"""1 where the record is read big-endian, else 0: for the writers that mark their byte order in a field."""


class Call(ExprMixin):  # type: ignore[misc]
    """A function of one operand, as a node of an expression; of a byte string it sees ``uint8`` arrays of shape (..., width)."""

    def __init__(self, func: Callable[[Any], Any], operand: Any) -> None:
        self.func, self.operand = func, operand

    def __call__(self, record: Any, *args: Any) -> Any:
        value = self.operand(record)
        if isinstance(value, bytes):
            return bool(self.func(np.frombuffer(value, np.uint8)))
        with np.errstate(all="ignore"):  # signalling NaNs
            return self.func(value)

    def __repr__(self) -> str:
        return f"{self.func.__name__}({self.operand!r})"


class Truth(Call):
    """A test of a byte-string field that says the same of one record and of columns."""


class Bytewise(Truth):
    """Such a test that no byte is one of `wrong`, of shape (256,), nor, if it is `padded`, follows a NUL without being one."""

    def __init__(self, func: Callable[[Any], Any], operand: Any, wrong: Any, *, padded: bool) -> None:
        super().__init__(func, operand)
        self.wrong, self.padded = np.asarray(wrong, np.bool_), padded


class At(Truth):
    """Such a test of one byte: the first, or with `index` -1 the last; `passes` of shape (256,) are the values that pass."""

    def __init__(self, func: Callable[[Any], Any], operand: Any, index: int, passes: Any) -> None:
        super().__init__(func, operand)
        self.index, self.passes = index, np.asarray(passes, np.bool_)

    def __call__(self, record: Any, *args: Any) -> Any:
        name = field_of(self.operand)
        if name is None or not hasattr(record, "octet"):
            return super().__call__(record, *args)
        return self.passes[record.octet(name, self.index)]


class Opening(Truth):
    """Such a test that a byte string begins as one of some `words`."""

    def __init__(self, func: Callable[[Any], Any], operand: Any, words: Sequence[bytes]) -> None:
        super().__init__(func, operand)
        self.words = words


VALUES = np.arange(256)
CONTROLS = (VALUES < 0x20) | (VALUES == 0x7F)


def floor(number: Any) -> Call:
    """The greatest whole number that is not above a floating-point one. On columns much faster than ``//`` and ``%``."""
    return Call(np.floor, number)


def nul_padded(field: Any) -> Bytewise:
    """True where nothing but NUL follows the first NUL of a byte-string field."""

    def nul_padded(octets: Any) -> Any:
        width = max(octets.shape[-1], 1)
        held = octets.reshape(-1) != 0  # all records in one run: a loop over short rows takes ten times as long
        rises = held[1:] > held[:-1]
        rises[width - 1 :: width] = False  # from one record to the next
        padded = np.ones(octets.shape[:-1], np.bool_)
        padded.reshape(-1)[np.flatnonzero(rises) // width] = False
        return padded

    return Bytewise(nul_padded, field, np.zeros(256), padded=True)


def nul_terminated(field: Any) -> At:
    """True where the last byte of a byte-string field is NUL."""

    def nul_terminated(octets: Any) -> Any:
        return octets[..., -1] == 0

    return At(nul_terminated, field, -1, VALUES == 0)


def not_empty(field: Any) -> At:
    """True where the first byte of a byte-string field is not NUL."""

    def not_empty(octets: Any) -> Any:
        return octets[..., 0] != 0

    return At(not_empty, field, 0, VALUES > 0)


def begins_as(field: Any, words: Sequence[bytes]) -> Opening:
    """True where a byte-string field begins as one of some words."""
    first = np.bincount([word[0] for word in words], minlength=256) > 0

    def begins_as(octets: Any) -> Any:
        strings = octets.reshape(-1, octets.shape[-1])
        out = np.zeros(len(strings), np.bool_)
        which = np.flatnonzero(first[strings[:, 0]])
        near = strings[which]
        for word in words:
            out[which] |= (near[:, : len(word)] == np.frombuffer(word, np.uint8)).all(axis=1)
        return out.reshape(octets.shape[:-1])

    return Opening(begins_as, field, words)


def all_zero(field: Any) -> Bytewise:
    """True where every byte of a byte-string field is NUL (also where it has none)."""

    def all_zero(octets: Any) -> Any:
        return ~octets.any(axis=-1)

    return Bytewise(all_zero, field, VALUES > 0, padded=False)


def printable(field: Any) -> Bytewise:
    """True where no byte of a byte-string field is a control character; bytes above 0x7F may be UTF-8."""

    def printable(octets: Any) -> Any:
        return ((octets >= 0x20) & (octets != 0x7F)).all(axis=-1)

    return Bytewise(printable, field, CONTROLS, padded=False)


def no_controls(field: Any) -> Bytewise:
    """True where no byte of a byte-string field is a control character; NUL and bytes above 0x7F may be there."""

    def no_controls(octets: Any) -> Any:
        return (((octets >= 0x20) & (octets != 0x7F)) | (octets == 0)).all(axis=-1)

    return Bytewise(no_controls, field, CONTROLS & (VALUES > 0), padded=False)


def seven_bit(field: Any) -> Bytewise:
    """True where no byte of a byte-string field is above 0x7F."""

    def seven_bit(octets: Any) -> Any:
        return (octets < 0x80).all(axis=-1)

    return Bytewise(seven_bit, field, VALUES >= 0x80, padded=False)


def text_padded(field: Any) -> Bytewise:
    """True where a byte-string field has neither control characters nor 0xFF up to its first NUL, and nothing but NUL behind it."""

    def text_padded(octets: Any) -> Any:
        width = max(octets.shape[-1], 1)
        flat = octets.reshape(-1)
        held = flat != 0
        bad = ((flat < 0x20) & held) | (flat == 0x7F) | (flat == 0xFF)
        rises = held[1:] > held[:-1]
        rises[width - 1 :: width] = False  # from one record to the next
        good = np.ones(octets.shape[:-1], np.bool_)
        good.reshape(-1)[np.flatnonzero(rises) // width] = False
        good.reshape(-1)[np.flatnonzero(bad) // width] = False
        return good

    return Bytewise(text_padded, field, (CONTROLS & (VALUES > 0)) | (VALUES == 0xFF), padded=True)


def comp_t(field: Any) -> Any:
    """The number a 16-bit ``comp_t`` field stands for: 13 bits of mantissa, 3 of base-8 exponent (acct(5))."""
    return (field & 0x1FFF) << ((field >> 13) * 3)


def canonical_comp_t(field: Any) -> Any:
    """What every ``comp_t`` encoder leaves: no exponent, or a mantissa too large for the next smaller one."""
    return (field < 0x2000) | ((field & 0x1FFF) >= 1024)


def each(test: Callable[[Any], Any], *fields: str) -> dict[str, Any]:
    """The same test of several fields, as rules named like them but for their prefix: `utime` of ``ac_utime``."""
    return {_bare(field): test(this[field]) for field in fields}


def comp_t_seconds(ticks: Any, *fields: str) -> dict[str, Any]:
    """Derived columns for ``comp_t`` fields that count so many ticks a second: `utime_seconds` of ``ac_utime``."""
    return {f"{_bare(field)}_seconds": comp_t(this[field]) / ticks for field in fields}


def _bare(field: str) -> str:
    return field.partition("_")[2] or field


def whole_float(field: Any) -> Any:
    """What an encoder leaves that turns an unsigned 64-bit integer into a floating-point number."""
    return (field >= 0) & (field < 2.0**64) & (floor(field) == field)


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
    out: set[str] = set()
    left = [expr]
    while left:
        node = left.pop()
        name = field_of(node)
        if name is not None:
            out.add(name)
        else:
            left += children(node)
    return out


def text(expr: Any) -> str:
    """An expression as a reader would write it."""
    name = field_of(expr)
    if name is not None:
        return "BIG_ENDIAN" if name == field_of(BIG_ENDIAN) else name
    if isinstance(expr, BinExpr):
        return f"({text(expr.lhs)} {opnames[expr.op]} {text(expr.rhs)})"
    if isinstance(expr, Call):
        return f"{expr.func.__name__}({text(expr.operand)})"
    if isinstance(expr, UniExpr):
        return f"{opnames[expr.op]} {text(expr.operand)}"
    return hex(expr) if isinstance(expr, int) and not isinstance(expr, bool) and expr > 9 else repr(expr)


WIDEST = 64
"""Bits of a number in an expression, at most."""


def check_tree(expr: Any, where: str) -> set[str]:
    """The fields an expression reads. Refuses what means one thing on a record and another on columns.

    Raises FormatError for ``~``, ``in``, nested paths, and for anything that is no expression, or holds what is none.
    """
    if not isinstance(expr, ExprMixin):
        raise FormatError(f"{where}: {expr!r} is not an expression over `this`")
    fields = set()
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
            fields.add(str(node._Path__field))
        if not isinstance(node, ExprMixin | int | float | bytes):
            raise FormatError(f"{where}: {node!r} in it is neither a number nor an expression over `this`")
        if isinstance(node, int) and node.bit_length() > WIDEST:
            raise FormatError(f"{where}: a number of {node.bit_length()} bits in it is more than a field holds")
        stack.extend(children(node))
    return fields


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
