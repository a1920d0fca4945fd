"""Rows as lines of .csv and .jsonl: what each column puts into them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from acctrecover.cells import Column
from acctrecover.digits import digits
from acctrecover.distinct import Indices
from acctrecover.frames import Frame, Table
from acctrecover.pieces import Piece, lay, piece, together
from acctrecover.processors import ahead, usable

Octets = bytes | memoryview
SPECIAL = re.compile(r'[,"\r\n]')
"""What a cell with one of these needs quotes for."""
THREADS = 4
"""Threads at most in which tables are decoded and laid, while the lines of those before them are written: more have to wait
for each other."""
KEPT = 1 << 14
"""Texts whose cells are kept."""
EXACT = 1 << 53
"""Up to here a floating-point number without a fraction is written as the integer and `.0`."""


def csv_lines(tables: Iterable[Table], names: Sequence[str]) -> Iterator[Octets]:
    """Lines of the values in the columns with these names, separated by commas; nothing where a row has none."""
    yield ",".join(map(_cell, names)).encode() + b"\n"

    def line(frame: Frame) -> tuple[Indices, list[Piece]]:
        out: list[Piece] = []
        for place, name in enumerate(names):
            comma = b"," if place else b""
            held = frame.columns.get(name)
            out += [piece([comma])] if held is None else spelled(held, comma, _cell, comma)
        return frame.rows, [*out, piece([b"\n"])]

    yield from laid(tables, line)


def json_lines(tables: Iterable[Table]) -> Iterator[Octets]:
    """An object a line, of the columns in which a row has a value."""

    def line(frame: Frame) -> tuple[Indices, list[Piece]]:
        out: list[Piece] = []
        for place, (name, held) in enumerate(frame.columns.items()):
            before = f"{', ' if place else '{'}{json.dumps(name)}: ".encode()
            out += spelled(held, before, json.dumps, before + b"null" if held.nulls else b"")
        return frame.rows, [*out, piece([b"}\n"])]

    yield from laid(tables, line)


def laid(tables: Iterable[Table], line: Callable[[Frame], tuple[Indices, list[Piece]]]) -> Iterator[memoryview]:
    """The lines of the rows of each table, as `line` makes them of its frames: rows and their pieces. Tables are decoded and their
    lines laid in other threads."""

    def made(table: Table) -> list[memoryview]:
        return [lay([line(frame) for frame in part.frames if len(frame.rows)], part.count) for part in table.light()]

    for lines in ahead(made, tables, min(THREADS, usable())):
        yield from lines


def _cell(value: Any) -> str:
    """A value as csv.writer has it."""
    return _quoted(repr(value) if isinstance(value, float) else str(value))


@lru_cache(KEPT)
def _quoted(text: str) -> str:
    if SPECIAL.search(text) is None:
        return text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow((text, ""))
    return out.getvalue()[: -len(",\n")]


def spelled(held: Column, before: bytes, spell: Callable[[Any], str], absent: bytes = b"") -> list[Piece]:
    """What a column puts into the lines of its rows: `before` and the value, or `absent` where there is none."""
    if isinstance(held.values, list):
        return [piece([absent if value is None else before + spell(value).encode() for value in held.values], held.codes)]
    if held.values.dtype.kind != "f":
        line = digits(held.values, before)
    elif (np.abs(held.values) < EXACT).all() and (np.trunc(held.values) == held.values).all() and not np.signbit(held.values).any():
        line = [*digits(held.values.astype(np.int64), before), piece([b".0"])]
    else:
        line = [piece([b"%s%r" % (before, value) for value in held.values.tolist()])]
    return line if held.codes is None else [together(line, len(held.values)).of(held.codes)]
