"""The rules of a record as a program of search.c, which asks them of every offset of some bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from construct.expr import BinExpr

from acctrecover.columns import constant
from acctrecover.expr import At, Bytewise, Call, Opening, field_of
from acctrecover.gates import Gate
from acctrecover.stream import Offsets

OPS = {
    name: number
    for number, name in enumerate(
        (
            *("holds", "number", "little", "little_signed", "big", "big_signed", "little_single", "big_single"),
            *("byte", "padded", "clean", "again", "word", "floor"),
            *("add", "sub", "mul", "floordiv", "mod", "and_", "or_", "xor", "lshift", "rshift", "eq", "ne", "lt", "le", "gt", "ge"),
            *("real_eq", "real_ne", "real_lt", "real_le", "real_gt", "real_ge"),
        )
    )
}
"""The instructions of search.c by name, those of two operands as Python's operator module has them."""
BY_CONSTANT = {"floordiv", "mod", "lshift", "rshift"}
"""Those whose second operand must be a constant, here a small one that is not negative."""
LOADS = {OPS[f"{order}{kind}"] for order in ("little", "big") for kind in ("", "_signed", "_single")}
STRINGS = {OPS[name] for name in ("padded", "clean")}
COMPARED = {"eq", "ne", "lt", "le", "gt", "ge"}
WHOLE, CLAMPED, REAL = "whole", "clamped", "real"
"""What a value on the stack is: a whole number; one that stands for all greater ones too; the bits of a floating-point number."""
DEPTH, LOADED = 32, 32
"""Operands that may wait at once, and fields of which what was read is kept."""
WIDEST = 1 << 62
"""Constants below it leave room for a sum of two."""


class Program:
    """What search.c can ask of the records of a `dtype` in one byte order: the `rules` but for the `rest`."""

    def __init__(self, library: Any, rules: Sequence[Any], dtype: np.dtype[Any], big: bool) -> None:
        self.library, self.size = library, dtype.itemsize
        writer = _Writer(dtype, big)
        written = list(map(writer.written, rules))
        self.rest = [row for row, code in enumerate(written) if code is None]
        """The rules, by their number, that numpy has to ask."""
        quickest = sorted(filter(None, written), key=_cost)
        code = _once([step for rule in quickest for step in rule])
        self._code, self._tables = np.array(code, np.int64), np.frombuffer(bytes(writer.tables) or b"\0", np.uint8)
        self.told = (self._code.ctypes.data, len(code), self._tables.ctypes.data)
        """Where the instructions stand, how many they are, and where what they read does."""
        self.nul = self.leading(np.zeros(self.size, np.uint8))
        """Whether a record of NUL bytes keeps them: 0 or 1."""

    def starts(self, octets: npt.NDArray[np.uint8], gates: Gates) -> Offsets:
        """Every offset of a whole record that passes some gates and keeps the rules, but for the `rest`; there must be room."""
        octets, count = np.ascontiguousarray(octets), len(octets) - self.size + 1
        out = np.empty(count, np.int64)  # what is not written to costs nothing
        where = octets.ctypes.data, count, self.size
        found = self.library.acctrecover_search(*where, self.nul, *gates.told, *self.told, out.ctypes.data)
        return out[:found].copy()

    def leading(self, octets: npt.NDArray[np.uint8]) -> int:
        """How many records that are there whole, one right behind another, keep the rules before one does not."""
        octets = np.ascontiguousarray(octets)
        where = octets.ctypes.data, len(octets) // self.size, self.size
        return int(self.library.acctrecover_leading(*where, *self.told))

    def kept(self, octets: npt.NDArray[np.uint8], starts: Offsets) -> npt.NDArray[np.bool_]:
        """Which of the records at some offsets, all of them whole, keep the rules, but for the `rest`."""
        octets, starts, out = np.ascontiguousarray(octets), np.ascontiguousarray(starts), np.empty(len(starts), np.bool_)
        where = octets.ctypes.data, starts.ctypes.data, len(starts)
        self.library.acctrecover_kept(*where, *self.told, out.ctypes.data)
        return out


class Gates:
    """Gates as search.c has them."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        passing = bytearray()
        rows: list[tuple[int, int, int, int]] = []
        for gate in gates:
            low, high = gate.spread[:2]
            plain = sum(gate.passing) == high - low + 1
            rows.append((gate.offset, low, high - low, -1 if plain else len(passing)))
            passing += b"" if plain else gate.passing
        self._gates, self._passing = np.array(rows, np.int64), np.frombuffer(bytes(passing) or b"\0", np.uint8)
        self.told = self._gates.ctypes.data, len(rows), self._passing.ctypes.data


Step = tuple[int, int, int, int]
"""An instruction: what it does, and its operands."""


def _cost(rule: list[Step]) -> int:
    """How long a rule takes, in instructions."""
    return sum(max(1, step[2] // 8) if step[0] in STRINGS else 1 for step in rule)


def _once(code: list[Step]) -> list[Step]:
    """The same instructions, with fields that were read before taken from where search.c keeps what it read first."""
    times = Counter(step[:3] for step in code if step[0] in LOADS)
    kept: dict[tuple[int, ...], int] = {}
    out: list[Step] = []
    for op, a, b, c in code:
        if (key := (op, a, b)) in kept:
            out.append((OPS["again"], kept[key], 0, 0))
        elif op in LOADS:
            slot = len(kept) if times[key] > 1 and len(kept) < LOADED else -1
            if slot >= 0:
                kept[key] = slot
            out.append((op, a, b, slot))
        else:
            out.append((op, a, b, c))
    return out


class _UnwrittenError(Exception):
    """There is no instruction for a node."""


class _Writer:
    """Writes rules as instructions, of four numbers each, and the tables that they read."""

    def __init__(self, dtype: np.dtype[Any], big: bool) -> None:
        self.dtype, self.big = dtype, big
        self.code: list[Step] = []
        self.tables = bytearray()

    def written(self, rule: Any) -> list[Step] | None:
        """A rule as instructions, None for one that has none."""
        self.code = []
        try:
            deep, kind = self._node(rule)
        except _UnwrittenError:
            return None
        self._add("holds")
        return self.code if deep <= DEPTH and kind == WHOLE else None

    def _add(self, name: str, a: int = 0, b: int = 0, c: int = 0) -> None:
        self.code.append((OPS[name], a, b, c))

    def _node(self, expr: Any) -> tuple[int, str]:
        """Write what puts a node's value on the stack; how many operands wait at most meanwhile, and what it is."""
        number, name = constant(expr, self.big), field_of(expr)
        if number is not None:
            self._add("number", self._whole(number))
            return 1, WHOLE
        if name is not None:
            return 1, self._field(*self.dtype.fields[name][:2])  # type: ignore[index]
        if isinstance(expr, Call) and expr.func is np.floor:
            deep, kind = self._node(expr.operand)
            if kind == REAL:
                self._add("floor")
                return deep, REAL
        if isinstance(expr, At | Bytewise | Opening) and (name := field_of(expr.operand)) is not None:
            self._string(expr, *self.dtype.fields[name][:2])  # type: ignore[index]
            return 2, WHOLE
        if isinstance(expr, BinExpr) and (op := expr.op.__name__) in OPS:
            return self._binary(op, *self._node(expr.lhs), expr.rhs)
        raise _UnwrittenError

    def _binary(self, op: str, deep: int, kind: str, rhs: Any) -> tuple[int, str]:
        """Write what is done with the top of the stack, of some kind, and an expression."""
        if kind != WHOLE and op not in COMPARED:
            raise _UnwrittenError
        name = f"real_{op}" if kind == REAL else op
        number = constant(rhs, self.big)
        if number is None:
            deeper, other = self._node(rhs)
            if kind != other or kind == CLAMPED or op in BY_CONSTANT:
                raise _UnwrittenError
            self._add(name)
            return max(deep, 1 + deeper), WHOLE
        operand = int(np.float64(number).view(np.int64)) if kind == REAL else self._whole(number)
        if op in BY_CONSTANT and not (0 <= operand < 63 if "shift" in op else operand > 0):
            raise _UnwrittenError
        self._add(name, operand, 1)
        return deep, WHOLE

    def _whole(self, number: float) -> int:
        if not isinstance(number, int) or abs(number) >= WIDEST:
            raise _UnwrittenError
        return number

    def _field(self, kind: np.dtype[Any], at: int) -> str:
        if kind.kind not in "uif" or (kind.kind == "f" and kind.itemsize not in (4, 8)):
            raise _UnwrittenError
        read = "_single" if (kind.kind, kind.itemsize) == ("f", 4) else "_signed" if kind.kind in "if" else ""
        self._add(("big" if self.big else "little") + read, at, kind.itemsize)
        if kind.kind == "f":
            return REAL
        return CLAMPED if kind.kind == "u" and kind.itemsize == 8 else WHOLE

    def _string(self, test: At | Bytewise | Opening, kind: np.dtype[Any], at: int) -> None:
        width = kind.itemsize
        if not width or (isinstance(test, Opening) and any(len(word) > width for word in test.words)):
            raise _UnwrittenError
        if isinstance(test, At):
            self._add("byte", at + test.index % width, 0, self.table(test.passes.tobytes()))
        elif isinstance(test, Bytewise):
            if test.wrong.any():
                self._add("clean", at, width, self.table(test.wrong.tobytes()))
            if test.padded or not test.wrong.any():
                self._add("padded", at, width if test.padded else 0)
            if test.padded and test.wrong.any():
                self._add("and_")
        else:
            for turn, word in enumerate(test.words):
                self._add("word", at, len(word), self.table(word))
                if turn:
                    self._add("or_")

    def table(self, octets: bytes) -> int:
        """Where some bytes stand in the tables."""
        self.tables += octets
        return len(self.tables) - len(octets)
