"""One record layout in one byte order, compiled from its declaration: dtype, columns, rules and evidence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from construct import Bytes, Construct, Container, FormatField, Renamed, Struct
from construct.expr import BinExpr, UniExpr

from acctrecover.errors import FormatError
from acctrecover.expr import check_tree, children, field_of, fields_of, text
from acctrecover.schema import Record

Octets = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
SAMPLE = 1 << 13
"""Random records over which a rule's selectivity is measured."""


class Columns:
    """Attribute-style access to the columns of a structured array, widened so that arithmetic cannot wrap.

    Integers of up to 32 bits come as int64, floats as float64, byte strings as uint8 of shape (n, width). Unsigned
    64-bit columns stay uint64: compare and divide them only.
    """

    def __init__(self, records: npt.NDArray[Any], big: bool) -> None:
        self.records, self.big = records, big
        self.wide: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name == "_big_endian":
            return int(self.big)
        if name not in self.wide:
            column = self.records[name]
            kind, width = column.dtype.kind, column.dtype.itemsize
            if kind in "iu" and column.ndim == 1:
                column = column.astype(np.uint64 if (kind, width) == ("u", 8) else np.int64)
            elif kind == "f":
                with np.errstate(all="ignore"):  # signalling NaNs
                    column = column.astype(np.float64)
            self.wide[name] = column
        return self.wide[name]


class Shape:
    """A record of fixed size in one byte order.

    `dtype` has the fields of the layout at their offsets; `rules` are (name, expression) pairs; `weights` their evidence
    in bits, each given the ones before it, over unrelated uniform bytes.
    """

    def __init__(self, where: str, record: Record, big: bool, length: int = 0) -> None:
        self.where, self.record, self.big, self.length = where, record, big, length
        self.struct = _ordered(where, record.layout, big, length)
        self.dtype = dtype_of(where, self.struct)
        self.size = self.dtype.itemsize
        names = set(self.dtype.names or ()) | {"_big_endian"}
        self.rules = list(record.rules.items()) if self.size else []
        expressions = [*self.rules, *record.derived.items()]
        if record.clock is not None:
            expressions.append(("clock", record.clock))
        if record.serial is not None:
            expressions.append(("serial", record.serial))
        for name, expr in expressions:
            check_tree(expr, f"{where}: {name}")
            if unknown := fields_of(expr) - names:
                raise FormatError(f"{where}: {name} reads {', '.join(sorted(unknown))}, which the layout does not have")
            _refuse_wrapping(expr, self.dtype, f"{where}: {name}")
        sample = np.random.default_rng(0).integers(0, 256, (SAMPLE, self.size), np.uint8)
        self._hold_engines_equal(where, sample[:4])
        self.weights = self._weigh(sample) if self.rules else np.zeros(0)
        self.bits = float(self.weights.sum())
        cheap = sorted(range(len(self.rules)), key=lambda i: self._cost(i))
        self.by_cost = cheap

    def view(self, octets: Octets, stride: int = 1) -> npt.NDArray[Any]:
        """Records laid over a byte array without a copy: one at every `stride` bytes that leaves room for one."""
        if not self.size:
            return np.empty(len(octets) + 1, self.dtype)
        count = max(0, (len(octets) - self.size) // stride + 1)
        return np.ndarray((count,), self.dtype, octets, strides=(stride,)) if count else np.empty(0, self.dtype)

    def gather(self, octets: Octets, starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """A copy of the records at `starts`."""
        return self.view(octets)[starts]

    def broken(self, records: npt.NDArray[Any]) -> Bools:
        """Which rules fail: shape (rules, records)."""
        columns = Columns(records, self.big)
        out = np.zeros((len(self.rules), len(records)), np.bool_)
        with np.errstate(all="ignore"):
            for row, (_, expr) in enumerate(self.rules):
                out[row] = ~np.asarray(expr(columns), np.bool_)
        return out

    def valid(self, records: npt.NDArray[Any]) -> Bools:
        """Where every rule holds: shape (records,). The cheapest, most telling rules go first over all, the rest over
        what they leave."""
        alive = np.arange(len(records))
        left, columns = records, Columns(records, self.big)
        with np.errstate(all="ignore"):
            for row in self.by_cost:
                passed = np.asarray(self.rules[row][1](columns), np.bool_)
                if not passed.all():
                    alive, left = alive[passed], left[passed]
                    columns = Columns(left, self.big)
                    if not len(alive):
                        break
        out = np.zeros(len(records), np.bool_)
        out[alive] = True
        return out

    def evaluate(self, expr: Any, records: npt.NDArray[Any]) -> Any:
        """Any expression of the declaration over columns."""
        with np.errstate(all="ignore"):
            return expr(Columns(records, self.big))

    def clocks(self, records: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Seconds since the epoch by the declaration's clock, NaN where it has none: shape (records,)."""
        if self.record.clock is None:
            return np.full(len(records), np.nan)
        return np.asarray(self.evaluate(self.record.clock, records), np.float64)

    def parse(self, octets: bytes) -> Container[Any]:
        """One record through construct."""
        parsed: Container[Any] = self.struct.parse(octets)
        parsed["_big_endian"] = int(self.big)
        return parsed

    def prefix(self, octets: bytes) -> tuple[list[str], float, bool]:
        """What the leading bytes of a torn record still say.

        Returns the fields they hold whole, the evidence in bits of the rules over those, and whether all of these hold.
        """
        have = min(len(octets), self.size)
        fields = [n for n in self.dtype.names or () if self._stop(n) <= have]
        return (fields, *self._judge(octets[:have].ljust(self.size, b"\0"), set(fields)))

    def suffix(self, octets: bytes) -> tuple[list[str], float, bool]:
        """The same for the trailing bytes of a record whose start is lost."""
        have = min(len(octets), self.size)
        fields = [n for n in self.dtype.names or () if self._start(n) >= self.size - have]
        return (fields, *self._judge(octets[len(octets) - have :].rjust(self.size, b"\0"), set(fields)))

    def _judge(self, octets: bytes, known: set[str]) -> tuple[float, bool]:
        failed = self.broken(np.frombuffer(octets, self.dtype))[:, 0]
        asked = [fields_of(expr) <= known | {"_big_endian"} for _, expr in self.rules]
        return float(self.weights[asked].sum()), not failed[asked].any()

    def _start(self, name: str) -> int:
        return int(self.dtype.fields[name][1])  # type: ignore[index]

    def _stop(self, name: str) -> int:
        return self._start(name) + int(self.dtype[name].itemsize)

    def _cost(self, row: int) -> float:
        names = fields_of(self.rules[row][1]) - {"_big_endian"}
        width = sum(self.dtype[n].itemsize for n in names)
        return (1 + width) / (0.1 + float(self.weights[row]))

    def _weigh(self, sample: Octets) -> npt.NDArray[np.float64]:
        records = np.frombuffer(sample.tobytes(), self.dtype)
        failed = self.broken(records)
        seen: list[tuple[set[str], int]] = []
        weights = np.zeros(len(self.rules))
        for row, (_, expr) in enumerate(self.rules):
            names = fields_of(expr) - {"_big_endian"}
            left = np.ones(len(records), np.bool_)
            for other, earlier in seen:
                if other & names:
                    left &= ~failed[earlier]
            constant = equality(expr, self.big)
            if constant and not any(other & names for other, _ in seen):
                weights[row] = 8 * self.dtype[constant[0]].itemsize
            else:  # rule of succession: rare passes are never called impossible
                passes = int((left & ~failed[row]).sum())
                weights[row] = -math.log2((passes + 1) / (int(left.sum()) + 1))
            seen.append((names, row))
        return weights

    def _hold_engines_equal(self, where: str, sample: Octets) -> None:
        for octets in sample if self.size else sample[:0]:
            parsed = self.parse(octets.tobytes())
            failed = self.broken(np.frombuffer(octets.tobytes(), self.dtype))[:, 0]
            for (name, expr), bad in zip(self.rules, failed, strict=True):
                try:
                    alone = bool(expr(parsed))
                except Exception as error:
                    raise FormatError(f"{where}: {name} fails on a record: {error}") from None
                if alone == bool(bad):
                    raise FormatError(f"{where}: {name} says one thing of a record and another of columns: {text(expr)}")


def equality(expr: Any, big: bool) -> tuple[str, int] | None:
    """(field, constant) for a rule of the form ``this.field == constant``, else None."""
    if not isinstance(expr, BinExpr) or expr.op.__name__ != "eq":
        return None
    name = field_of(expr.lhs)
    if name is None or fields_of(expr) - {name, "_big_endian"}:
        return None
    right = expr.rhs(Container(_big_endian=int(big))) if callable(expr.rhs) else expr.rhs
    return (name, int(right)) if isinstance(right, int) else None


def dtype_of(where: str, struct: Construct[Any, Any]) -> np.dtype[Any]:
    """The packed numpy dtype of a Struct of numbers and byte strings. Raises FormatError for anything else."""
    names: list[str] = []
    formats: list[Any] = []
    for sub in struct.subcons:
        inner = sub.subcon
        if sub.name in names:
            raise FormatError(f"{where}: the field name {sub.name} is used twice")
        names.append(sub.name)
        formats.append(_number(inner) if isinstance(inner, FormatField) else (np.uint8, (inner.length,)))
    offsets = np.cumsum([0] + [np.dtype(f).itemsize for f in formats]).tolist()
    return np.dtype({"names": names, "formats": formats, "offsets": offsets[:-1], "itemsize": offsets[-1]})


def _number(field: Any) -> str:
    code = field.fmtstr[-1]
    return f"{field.fmtstr[0]}{'f' if code in 'efd' else 'i' if code.islower() else 'u'}{field.length}"


def _ordered(where: str, layout: Any, big: bool, length: int) -> Any:
    """The same Struct in one byte order, its length expressions worked out."""
    if not isinstance(layout, Struct):
        raise FormatError(f"{where}: the layout must be a construct Struct, not {type(layout).__name__}")
    fields = []
    for sub in layout.subcons:
        if not isinstance(sub, Renamed) or not sub.name:
            raise FormatError(f"{where}: every field of the layout needs a name")
        inner = sub.subcon
        if isinstance(inner, FormatField):
            inner = FormatField(">" if big else "<", inner.fmtstr[-1])
        elif isinstance(inner, Bytes):
            width = inner.length
            inner = Bytes(width(Container(length=length)) if callable(width) else width)
        else:
            raise FormatError(
                f"{where}: {sub.name} is a {type(inner).__name__}; only numbers and Bytes can be compiled "
                "(constants belong in rules, names in labels)"
            )
        fields.append(sub.name / inner)
    return Struct(*fields)


def _refuse_wrapping(expr: Any, dtype: np.dtype[Any], where: str) -> None:
    if isinstance(expr, BinExpr | UniExpr) and expr.op.__name__ in {"add", "sub", "mul", "neg", "lshift", "pow"}:
        for name in fields_of(expr) - {"_big_endian"}:
            if dtype[name].kind == "u" and dtype[name].itemsize == 8:
                raise FormatError(f"{where}: arithmetic on the unsigned 64-bit {name} wraps; divide or compare it only")
    for child in children(expr):
        _refuse_wrapping(child, dtype, where)
