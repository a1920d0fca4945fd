"""Records as rows: the decoded fields of every record, one row each, as .jsonl, .csv, .parquet or .body."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from acctrecover.body import line
from acctrecover.cells import cells, instants
from acctrecover.dialect import Dialect
from acctrecover.errors import OutputError
from acctrecover.expr import fields_of
from acctrecover.framed import FramedDialect
from acctrecover.interleave import interleaved
from acctrecover.parquet import kinds_of, write_parquet
from acctrecover.result import RECORD, Scan
from acctrecover.schema import TIMES, Record
from acctrecover.shape import Shape
from acctrecover.stream import Found

ENDINGS = (".jsonl", ".csv", ".parquet", ".body")


def _name(field: str) -> str:
    """A record's own field gives way where its name is a general column's."""
    return f"record_{field}" if field in (RECORD.names or ()) else field


def decoded(shape: Shape, records: Any) -> dict[str, list[Any]]:
    """The columns of records of one shape: raw fields under the source's names, derived ones with their units, times in UTC
    under the field's name and `_utc`, words for labelled ones with `_text`; None where a record has no such part."""
    parts = shape.record.parts
    out = {name: cells(records[name]) for name in shape.dtype.names or () if parts is None or name != parts.field}
    for name, expr in shape.record.derived.items():
        out[name] = cells(np.broadcast_to(shape.evaluate(expr, records), len(records)))
    if parts is not None:
        read = [parts.read(octets.tobytes()) for octets in records[parts.field]]
        out.update({name: [found.get(name) for found in read] for name in parts.names})
    if shape.record.clock is not None:
        clocks = shape.clocks(records)
        out["clock_seconds"], out["clock_utc"] = cells(clocks), instants(clocks)
    for name in _timed(shape.record):
        own = name in (shape.dtype.names or ())
        column = records[name] if own else np.array([value if isinstance(value, int) else 0 for value in out[name]], np.int64)
        out[f"{name}_utc"] = instants(column, shape.record.units[name])
    for name, label in shape.record.labels.items():
        column = np.ascontiguousarray(records[name])
        numbers, which = np.unique(column.view(f"V{column.shape[1]}") if column.ndim == 2 else column, return_inverse=True)
        words = [label(value.tolist()) for value in numbers]
        out[f"{name}_text"] = [words[index] for index in which.ravel().tolist()]
    return {_name(name): column for name, column in out.items()}


def _timed(record: Record) -> list[str]:
    """The columns that hold a time."""
    return [name for name, unit in record.units.items() if unit in TIMES]


def _beside_clock(record: Record) -> dict[str, str]:
    """The units of times that a record holds beside its clock, in the order of its fields."""
    read = set() if record.clock is None else fields_of(record.clock)
    held = {name: fields_of(record.derived[name]) if name in record.derived else {name} for name in _timed(record)}
    return {_name(name): record.units[name] for name, fields in held.items() if not read or not read <= fields}


def rows(scan: Scan, progress: Callable[[int], None] = lambda done: None) -> Iterator[dict[str, Any]]:
    """Every record of a scan as one dict, in offset order; torn ones without decoded fields.

    `progress` is told of the input's bytes that the records before took.
    """
    done = 0
    for dialect, found, octets, low in scan.told.batches():
        placed = scan.placed(found)
        table: list[dict[str, Any]] = [dict(zip(RECORD.names or (), row, strict=True)) for row in placed.tolist()]
        for row in table:
            row["evidence_bits"] = round(row["evidence_bits"], 1)
        if dialect is not None:
            for row in table if dialect.slots else []:
                row[_name(dialect.slots)] = row["offset"] // row["size"] if row["offset"] % row["size"] == 0 else None
            candidates = Found(found["offset"] - low, found["size"].astype(np.int64))
            for shape, skip, which in dialect.shapes(octets, candidates):
                columns = decoded(shape, shape.gather(octets, candidates.starts[which] + skip))
                for name, values in columns.items():
                    for index, value in zip(which, values, strict=True):
                        if value is not None:
                            table[int(index)][name] = value
        yield from table
        if len(found):
            stop = int(placed["offset"][-1]) + int(placed["size"][-1])
            progress(stop - done)
            done = stop


def _names(record: Record) -> list[str]:
    field, parts = (record.parts.field, list(record.parts.names)) if record.parts is not None else (None, [])
    names = [sub.name for sub in record.layout.subcons if sub.name != field] + list(record.derived) + parts
    names += ["clock_seconds", "clock_utc"] if record.clock is not None else []
    names += [f"{name}_utc" for name in _timed(record)] + [f"{name}_text" for name in record.labels]
    return [_name(name) for name in names]


def columns(dialects: list[Dialect]) -> list[str]:
    """Every column that records of these dialects may have, the general ones first."""
    names = dict.fromkeys(RECORD.names or ())
    for dialect in dialects:
        names.update(dict.fromkeys([_name(dialect.slots)] if dialect.slots else []))
    for _, record in _kinds(dialects):
        names.update(dict.fromkeys(_names(record)))
    return list(names)


def units(dialects: list[Dialect]) -> dict[str, str]:
    """What the numbers of a column count, of those columns whose fields declare it; derived ones have it in their names."""
    told: dict[str, dict[str, None]] = {}
    for _, record in _kinds(dialects):
        for name, unit in record.units.items():
            told.setdefault(_name(name), {})[unit] = None
    return {name: " or ".join(several) for name, several in told.items()}


def _kinds(dialects: list[Dialect]) -> Iterator[tuple[str, Record]]:
    """(name of the format, record) of every kind of record of these dialects."""
    for dialect in dialects:
        kinds = dialect.declared.types.values() if isinstance(dialect, FramedDialect) else [dialect.shape.record]
        yield from ((dialect.name, record) for record in kinds)


def check_ending(path: Path) -> None:
    """Raise OutputError for a file name whose ending no writer here has."""
    if path.suffix not in ENDINGS:
        raise OutputError(f"{path}: records are written as {' or '.join(ENDINGS)}, by the ending of the name")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise OutputError(f"{path}: .parquet needs pyarrow, which the extra acctrecover[parquet] brings")


def write_records(scans: Sequence[Scan], path: Path, file: BinaryIO, progress: Callable[[int], None] = lambda done: None) -> None:
    """Write every record of a scan to an open file, in the form its name's ending says; of several scans in the order of their
    clocks, with a column `file`."""
    check_ending(path)
    seen = list({id(d): d for scan in scans for d in scan.told.by_extent.values()}.values())
    names = (["file"] if len(scans) > 1 else []) + columns(seen)

    def every(progress: Callable[[int], None] = lambda done: None) -> Iterator[dict[str, Any]]:
        if len(scans) == 1:
            return rows(scans[0], progress)
        return interleaved([(scan.name, rows(scan, progress)) for scan in scans], _kinds(seen))

    if path.suffix == ".parquet":
        kinds = kinds_of(every(), names)  # a pass of its own, so that no row has to be kept
        write_parquet(every(progress), kinds, units(seen), file)
        return
    out = codecs.getwriter("utf-8")(file)
    if path.suffix == ".jsonl":
        for row in every(progress):
            out.write(json.dumps(row) + "\n")
    elif path.suffix == ".body":
        counted = {(name, record.name): _beside_clock(record) for name, record in _kinds(seen)}
        for row in every(progress):
            if told := line(row, counted.get((row["format"], row["type"]), {})):
                out.write(told + "\n")
    else:
        writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(every(progress))
