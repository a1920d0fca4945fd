"""One record layout in one byte order, compiled from its declaration: dtype, columns, rules and evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from construct import Container
from construct.expr import BinExpr, UniExpr

from acctrecover.chance import chance
from acctrecover.columns import Columns, Single, Widened, constant, native, pick
from acctrecover.compute import function
from acctrecover.errors import FormatError
from acctrecover.expr import At, Bytewise, check_tree, children, field_of, fields_of, text
from acctrecover.layout import dtype_of, struct_of
from acctrecover.schema import Record
from acctrecover.sieve import Sieve
from acctrecover.stream import Offsets
from acctrecover.unrelated import BACKGROUNDS, Law, unrelated

Octets = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
TOLD = ("clock", "serial", "began", "closes", "exits", "exit_code")
"""The expressions that a record may declare, each of which is checked as a rule is."""
SAMPLE = 1 << 13
"""Random records over which a rule's selectivity is measured."""
SAMPLED = 1 << 25
"""Bytes that they may take: of records of more than 4 KiB there are fewer."""
COUNTED = 8
"""Bytes of a number that costs as much to test as a byte string of any length."""
HANDFUL = 64
"""Records of which calls cost more than what is called does."""


class Shape:
    """A record of fixed size in one byte order.

    `dtype` has the fields of the layout at their offsets; `rules` are (name, expression) pairs. Evidence is measured when first
    asked for, or is that of a shape `like` it. Raises FormatError for a layout that cannot be compiled; `prove` tries the rest.
    """

    def __init__(self, where: str, record: Record, big: bool, length: int = 0, like: Shape | None = None) -> None:
        self.where, self.record, self.big, self.length, self.like = where, record, big, length, like
        self.dtype = dtype_of(where, record.layout, big, length)
        self.size = self.dtype.itemsize
        self.rules = list(record.rules.items()) if self.size else []
        self.closed = [row for row, (name, _) in enumerate(self.rules) if name in record.closed]
        """Which rules tell where the record ends."""
        self.functions: dict[int, tuple[Any, Callable[[Columns | Single], Any]]] = {} if like is None else like.functions
        self.plain: dict[int, bool] = {}

    def prove(self) -> None:
        """Try what the declaration says beyond its layout. Raises FormatError where it does not hold together."""
        record, fields = self.record, set(self.dtype.names or ())
        for name, expr in (*self.rules, *record.derived.items(), *((name, getattr(record, name)) for name in TOLD)):
            if expr is not None:
                self.check(name, expr)
        columns = fields.union(record.derived, record.parts.names if record.parts is not None else ())
        for what, names, known in (
            ("labels", record.labels, fields),
            ("units", record.units, columns),
            ("command", {record.command} if record.command else set(), fields),
        ):
            if unknown := set(names) - known:
                raise FormatError(f"{self.where}: {what} name {', '.join(sorted(unknown))}, which the layout does not have")
        if wrong := sorted(name for name, label in record.labels.items() if not callable(label)):
            raise FormatError(f"{self.where}: labels of {', '.join(wrong)} are no function that puts a value into words")
        if not all(self.native):
            self._hold_engines_equal()

    @cached_property
    def reads(self) -> list[set[str]]:
        """The fields that each rule reads."""
        return [fields_of(expr) - {"_big_endian"} for _, expr in self.rules]

    @cached_property
    def native(self) -> list[bool]:
        """Which rules may be asked of columns in the fields' own types."""
        return list(map(self._native, range(len(self.rules))))

    def _native(self, row: int) -> bool:
        if row not in self.plain:
            self.plain[row] = native(self.rules[row][1], self.dtype, self.big)
        return self.plain[row]

    @cached_property
    def struct(self) -> Any:
        """The layout as construct parses it, in this byte order and of this length."""
        return struct_of(self.where, self.record.layout, self.big, self.length)

    @cached_property
    def weights(self) -> npt.NDArray[np.float64]:
        """What each rule asks of random bytes in bits, given the ones before it: shape (rules,)."""
        if self.like is not None:
            return self.like.weights
        return self.weighed(BACKGROUNDS[0])

    def weighed(self, background: Law) -> npt.NDArray[np.float64]:
        """What each rule asks of the bytes of a background in bits, given the ones before it: shape (rules,)."""
        if not self.rules:
            return np.zeros(0)
        failed = self.broken(np.frombuffer(background.sample(max(1, min(SAMPLE, SAMPLED // self.size)) * self.size), self.dtype))
        weights = np.zeros(len(self.rules))
        for row, (_, expr) in enumerate(self.rules):
            sharing = [earlier for earlier in range(row) if self.reads[earlier] & self.reads[row]]
            share = None if sharing else chance(expr, self.dtype, self.big, background)
            if share is not None:
                weights[row] = -math.log2(share)
            else:  # rule of succession: rare passes are never called impossible
                left = ~failed[sharing].any(axis=0)
                passes = np.count_nonzero(left & ~failed[row])
                weights[row] = -math.log2((passes + 1) / (np.count_nonzero(left) + 1))
        return weights

    @cached_property
    def bits(self) -> float:
        """Evidence in bits of a record that keeps every rule, over the background that passes most easily."""
        if self.like is not None:
            return self.like.bits
        return min(float(self.weighed(background).sum()) for background in BACKGROUNDS)

    @cached_property
    def telling(self) -> list[int]:
        """The rules in the order in which to ask them of one record: what fixes a field first."""
        return sorted(range(len(self.rules)), key=lambda row: equality(self.rules[row][1], self.big) is None)

    @cached_property
    def by_cost(self) -> list[int]:
        """The rules in the order in which to ask them: what fixes a field first, best to another number than zero; then what
        NUL bytes break, as real inputs are full of them; the narrow before the wide."""
        on_nul = self.broken(np.zeros(1, self.dtype))[:, 0]

        def cost(row: int) -> tuple[bool, bool, int]:
            rule = self.rules[row][1]
            width = sum(self.dtype[name].itemsize for name in self.reads[row])
            width = 1 if isinstance(rule, At) else min(width, COUNTED) if isinstance(rule, Bytewise) else width
            return equality(rule, self.big) is None, not on_nul[row], width

        return sorted(range(len(self.rules)), key=cost)

    def view(self, octets: Octets, stride: int = 1) -> npt.NDArray[Any]:
        """Records laid over a byte array without a copy: one at every `stride` bytes that leaves room for one."""
        if not self.size:
            return np.empty(len(octets) + 1, self.dtype)
        count = max(0, (len(octets) - self.size) // stride + 1)
        return np.ndarray((count,), self.dtype, octets, strides=(stride,)) if count else np.empty(0, self.dtype)

    def gather(self, octets: Octets, starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """A copy of the records at `starts`."""
        return pick(self.view(octets), starts)

    def broken(self, records: npt.NDArray[Any]) -> Bools:
        """Which rules fail: shape (rules, records)."""
        columns = self._columns(records)
        out = np.zeros((len(self.rules), len(records)), np.bool_)
        with np.errstate(all="ignore"):
            for row in range(len(self.rules)):
                out[row] = ~self._holds(row, columns)
        return out

    def ended(self, records: npt.NDArray[Any]) -> Bools:
        """Of which records the rules hold that tell where they end: shape (records,)."""
        columns = self._columns(records)
        with np.errstate(all="ignore"):
            return np.asarray(np.logical_and.reduce([self._holds(row, columns) for row in self.closed]))

    def valid(self, records: npt.NDArray[Any]) -> Bools:
        """Where every rule holds: shape (records,)."""
        alive = self.sound(records, None)
        out = np.full(len(records), alive is None)
        if alive is not None:
            out[alive] = True
        return out

    def keeps(self, octets: bytes) -> bool:
        """Whether the record that some bytes begin with is there whole and keeps every rule: as `valid`, much faster for one."""
        if len(octets) < self.size:
            return False
        one = Single(octets, self.dtype, self.big)
        for row in self.telling:
            if not self._native(row):
                return bool(self.valid(np.frombuffer(octets, self.dtype, 1))[0])
            if not self.function(self.rules[row][1])(one):
                return False
        return True

    def sound(self, records: npt.NDArray[Any], sieve: Sieve | None, alive: Offsets | None = None) -> Offsets | None:
        """The indices of the records, or of those `alive`, that keep every rule, None for all. The cheapest, most telling rules
        go first over all, the rest over what they leave."""
        count = len(records)
        columns = self._columns(records, alive)
        with np.errstate(all="ignore"):
            for turn, row in enumerate(self.by_cost):
                if alive is not None and len(alive) <= HANDFUL:
                    return self.kept(pick(records, alive), alive, self.by_cost[turn:])
                passed = None if sieve is None else sieve.holds(self.rules[row][1], alive, count)
                if passed is None:
                    passed = self._holds(row, columns)
                if np.count_nonzero(passed) < len(passed):
                    alive = np.flatnonzero(passed) if alive is None else alive[passed]
                    if not len(alive):
                        break
                    columns = self._columns(records, alive)
        return alive

    def kept(self, records: npt.NDArray[Any], alive: Offsets, rows: list[int]) -> Offsets:
        """Those of a handful of indices whose records keep some rules; each costs less asked of all than of those that are left."""
        columns = self._columns(records)
        good = np.ones(len(records), np.bool_)
        for row in rows:
            good &= self._holds(row, columns)
            if not good.any():
                break
        return alive[good]

    def holds(self, row: int, records: npt.NDArray[Any]) -> Bools:
        """Where one rule holds, by its number: shape (records,)."""
        with np.errstate(all="ignore"):
            return self._holds(row, self._columns(records))

    def truth(self, expr: Any, records: npt.NDArray[Any]) -> Bools:
        """Where an expression holds: shape (records,)."""
        return np.broadcast_to(np.asarray(self.evaluate(expr, records), np.bool_), len(records))

    def _columns(self, records: npt.NDArray[Any], which: Offsets | None = None) -> tuple[Columns, Columns]:
        return Widened(records, self.big, which), Columns(records, self.big, which)

    def _holds(self, row: int, columns: tuple[Columns, Columns]) -> Bools:
        held = np.asarray(self.function(self.rules[row][1])(columns[self.native[row]]), np.bool_)
        return held if held.ndim else np.full(len(columns[0]), held)  # a rule of the byte order alone

    def check(self, name: str, expr: Any) -> set[str]:
        """The fields that an expression of the declaration reads. Raises FormatError where it reads others, or could wrap."""
        where = f"{self.where}: {name}"
        names = check_tree(expr, where) - {"_big_endian"}
        if unknown := names - set(self.dtype.names or ()):
            raise FormatError(f"{where} reads {', '.join(sorted(unknown))}, which the layout does not have")
        if any(self.dtype[name].kind == "u" and self.dtype[name].itemsize == 8 for name in names):
            _refuse_wrapping(expr, self.dtype, where)
        return names

    def evaluate(self, expr: Any, records: npt.NDArray[Any]) -> Any:
        """Any expression of the declaration over columns."""
        with np.errstate(all="ignore"):
            return self.function(expr)(Widened(records, self.big))

    def number(self, expr: Any) -> tuple[np.dtype[Any], int] | None:
        """The type and the place of the whole number that an expression just reads, None for any other."""
        name = field_of(expr)
        kind, at = self.dtype.fields.get(name, (None, 0))[:2] if name is not None and self.dtype.fields else (None, 0)
        return (kind, at) if kind is not None and kind.kind in "ui" else None

    def told(self, expr: Any, octets: Octets, starts: Offsets) -> Any:
        """The same of the records at `starts`, of which nothing but what it reads is copied."""
        with np.errstate(all="ignore"):
            return self.function(expr)(Widened(self.view(octets), self.big, starts))

    def function(self, expr: Any) -> Callable[[Columns | Single], Any]:
        """An expression, compiled when it is first asked for, and kept beside that: no other one may get its id."""
        if id(expr) not in self.functions:
            self.functions[id(expr)] = expr, function(expr, self.big)
        return self.functions[id(expr)][1]

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

    def opened(self, octets: bytes, sizes: Iterable[int]) -> Iterator[tuple[float, bool]]:
        """The evidence that `prefix` finds in leading parts of some bytes, and whether it holds, for each of some sizes."""
        failed = self.broken(np.frombuffer(octets[: self.size].ljust(self.size, b"\0"), self.dtype))[:, 0]
        ends = [(name, self._stop(name)) for name in self.dtype.names or ()]
        for size in sizes:
            yield self._asked(failed, {name for name, stop in ends if stop <= min(size, len(octets))})

    def _judge(self, octets: bytes, known: set[str]) -> tuple[float, bool]:
        return self._asked(self.broken(np.frombuffer(octets, self.dtype))[:, 0], known)

    def _asked(self, failed: Bools, known: set[str]) -> tuple[float, bool]:
        """The evidence of the rules that read known fields alone, and whether none of them failed."""
        asked = [names <= known for names in self.reads]
        return float(self.weights[asked].sum()), not failed[asked].any()

    def _start(self, name: str) -> int:
        return int(self.dtype.fields[name][1])  # type: ignore[index]

    def _stop(self, name: str) -> int:
        return self._start(name) + int(self.dtype[name].itemsize)

    def _hold_engines_equal(self) -> None:
        """Try what no proof covers: rules that need widened columns."""
        records = np.frombuffer(unrelated(4 * self.size), self.dtype)
        failed = self.broken(records)
        for record, fails in zip(records, failed.T, strict=True):
            parsed = self.parse(record.tobytes())
            for (name, expr), bad, proven in zip(self.rules, fails, self.native, strict=True):
                if proven:
                    continue
                try:
                    alone = bool(expr(parsed))
                except Exception as error:
                    raise FormatError(f"{self.where}: {name} fails on a record: {error}") from None
                if alone == bool(bad):
                    raise FormatError(f"{self.where}: {name} says one thing of a record and another of columns: {text(expr)}")


def equality(expr: Any, big: bool) -> tuple[str, int] | None:
    """(field, constant) for a rule of the form ``this.field == constant``, else None."""
    if not isinstance(expr, BinExpr) or expr.op.__name__ != "eq":
        return None
    name, right = field_of(expr.lhs), constant(expr.rhs, big)
    return (name, right) if name not in (None, "_big_endian") and isinstance(right, int) else None


def _refuse_wrapping(expr: Any, dtype: np.dtype[Any], where: str) -> None:
    if isinstance(expr, BinExpr | UniExpr) and expr.op.__name__ in {"add", "sub", "mul", "neg", "lshift", "pow"}:
        for name in _whole(expr) - {"_big_endian"}:
            if dtype[name].kind == "u" and dtype[name].itemsize == 8:
                raise FormatError(f"{where}: arithmetic on the unsigned 64-bit {name} wraps; divide or compare it only")
    for child in children(expr):
        _refuse_wrapping(child, dtype, where)


def _whole(expr: Any) -> set[str]:
    """The fields an expression reads as they are: what `/` makes of one is a floating-point number, which does not wrap."""
    if isinstance(expr, BinExpr) and expr.op.__name__ == "truediv":
        return set()
    return fields_of(expr) if not children(expr) else set().union(*map(_whole, children(expr)))
