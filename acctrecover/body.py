"""Records as lines of a Sleuth Kit bodyfile (3.x), from which mactime makes a timeline."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.cells import Column
from acctrecover.digits import digits
from acctrecover.distinct import Indices
from acctrecover.frames import GENERAL, Frame, Table
from acctrecover.lines import laid, spelled
from acctrecover.pieces import Piece, piece
from acctrecover.schema import TIMES

USER, GROUP = (re.compile(rf"(.*_)?r?{kind}(16)?", re.IGNORECASE) for kind in ("uid", "gid"))
PROCESS = re.compile(r"(.*_)?p?pid", re.IGNORECASE)
PADDING = re.compile(r"(.*_)?(pad|gap|hole|unused|spare|align|end|reserved)\d*")
"""Fields that hold nothing, or whatever was in memory there."""
LEAST = -(1 << 63)
"""What a row has that has no such number."""


def body_lines(tables: Iterable[Table], units: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterator[memoryview]:
    """The lines of those records that tell a time. `units` are those of their other times, by format and type."""

    def told(frame: Frame) -> tuple[Indices, list[Piece]]:
        kind = (frame.columns["format"].values[0], frame.columns["type"].values[0])
        return line(frame, units.get(kind, {}))

    yield from laid(tables, told)


def line(frame: Frame, units: Mapping[str, str]) -> tuple[Indices, list[Piece]]:
    """Which records of a frame tell a time, and the pieces of their lines. `units` are those of its other times than its clock.

    ``0|name|offset|----------|uid|gid|size|0|mtime|0|crtime``: `name` is what the record says in words, `inode` its offset,
    `mtime` its clock, or without one the latest time that it holds; `crtime` another one, as that of the process's start, or 0 as
    the times that it lacks: mactime leaves those out. `|`, `\\` and control characters in a name are written as ``\\x7c``.
    """
    columns, none = frame.columns, np.zeros(len(frame.rows), np.int64)
    held = [_whole(columns[name], 0) // TIMES[unit] for name, unit in units.items() if unit in TIMES and name in columns]
    own = columns.get("clock_seconds")
    latest = np.max([none, *held], axis=0)
    told, clock = (latest > 0, latest) if own is None else _finite(own)
    born = none
    for seconds in reversed(held):
        born = np.where((seconds > 0) & ((seconds != clock) | (own is not None)), seconds, born)
    kept = np.flatnonzero(told)
    if not len(kept):
        return kept, []
    inode, size = columns["offset"].of(kept), columns["size"].of(kept)
    user, group = (_widest(columns, pattern, none)[kept] for pattern in (USER, GROUP))
    out = [piece([b"0|"]), *words(frame.of(kept)), *spelled(inode, b"|", str)]
    out += [*digits(user, b"|----------|"), *digits(group, b"|"), *spelled(size, b"|", str)]
    out += [*digits(clock[kept], b"|0|"), *digits(born[kept], b"|0|"), piece([b"\n"])]
    return frame.rows[kept], out


def words(frame: Frame) -> Iterator[Piece]:
    """What records say in words: their kind, their process ids, and every text that they hold or a label gives."""
    columns = frame.columns
    yield from spelled(columns["format"], b"", escaped)
    yield from spelled(columns["type"], b" ", escaped)
    status = columns["status"]
    doubts = [None if value == "intact" else f"({value})" for value in status.values]
    yield from spelled(Column(doubts, status.codes), b" ", escaped)
    for name, held in columns.items():
        if name in GENERAL or name.endswith(("_text", "_utc")) or PADDING.fullmatch(name):
            continue
        held = columns.get(f"{name}_text", held)
        if isinstance(held.values, list):
            number = PROCESS.fullmatch(name)
            told = [value if value != "" and (number or isinstance(value, str)) else None for value in held.values]
            yield from spelled(Column(told, held.codes), f" {escaped(name)}=".encode(), lambda value: escaped(str(value)))
        elif PROCESS.fullmatch(name):
            yield from spelled(held, f" {escaped(name)}=".encode(), str)


def escaped(text: str) -> str:
    """A name that cannot break its line: no `|` and no control character."""
    return "".join(c if c not in "|\\" and (c.isprintable() or c == " ") else _code(c) for c in text)


def _code(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def _whole(held: Column, other: int) -> npt.NDArray[Any]:
    """A column's whole numbers, `other` where it has none; those of Python where 64 bits do not hold them."""
    if not isinstance(held.values, list) and held.values.dtype.kind in "iu" and held.values.dtype.itemsize < 8:
        numbers = held.values.astype(np.int64)
    else:
        values = [value if isinstance(value, int) else other for value in Column(held.values).cells()]
        numbers = np.array(values, object if any(value >= 1 << 63 for value in values) else np.int64)
    return numbers if held.codes is None else numbers[held.codes]


def _finite(held: Column) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any]]:
    """Where a column has a finite number, and it without its fraction."""
    values = Column(held.values).cells()
    numbers = [int(value) if isinstance(value, int | float) and math.isfinite(value) else None for value in values]
    told = np.array([number is not None for number in numbers], np.bool_)
    return told if held.codes is None else told[held.codes], _whole(Column(numbers, held.codes), 0)


def _widest(columns: Mapping[str, Column], pattern: re.Pattern[str], none: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The largest number of the fields called so, 0 for none."""
    held = [_whole(column, LEAST) for name, column in columns.items() if pattern.fullmatch(name)]
    widest = np.max([none + LEAST, *held], axis=0)
    return np.where(widest == LEAST, 0, widest)
