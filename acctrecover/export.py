"""Records as rows: the decoded fields of every record, one row each, as .jsonl, .csv, .parquet or .body."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from acctrecover.body import line
from acctrecover.cells import cells, instants
from acctrecover.dialect import Dialect
from acctrecover.errors import AcctrecoverError, OutputError
from acctrecover.expr import fields_of
from acctrecover.framed import FramedDialect
from acctrecover.parquet import arrow_table, kinds_of, write_parquet
from acctrecover.result import RECORD, Scan
from acctrecover.schema import TIMES, Record
from acctrecover.shape import Shape
from acctrecover.stream import Found
from acctrecover.users import Users

Progress = Callable[[int], None]
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


def rows(scan: Scan, progress: Progress = lambda done: None) -> Iterator[dict[str, Any]]:
    """Every record of a scan as one dict, in offset order; torn ones without decoded fields.

    `progress` is told of the input's bytes that the records before took.
    """
    done = 0
    for dialect, found, octets, low in scan.told.batches():
        made = table(scan, dialect, found, octets, low)
        yield from made
        if made:
            stop = made[-1]["offset"] + made[-1]["size"]
            progress(stop - done)
            done = stop


def table(
    scan: Scan, dialect: Dialect | None, found: npt.NDArray[Any], octets: npt.NDArray[np.uint8], low: int
) -> list[dict[str, Any]]:
    """Some rows of a batch of `scan.told` as dicts, with their decoded fields and their offsets in the input."""
    out: list[dict[str, Any]] = [dict(zip(RECORD.names or (), row, strict=True)) for row in scan.placed(found).tolist()]
    for row in out:
        row["evidence_bits"] = round(row["evidence_bits"], 1)
    if dialect is None:
        return out
    for row in out if dialect.slots else []:
        row[_name(dialect.slots)] = row["offset"] // row["size"] if row["offset"] % row["size"] == 0 else None
    candidates = Found(found["offset"] - low, found["size"].astype(np.int64))
    for shape, skip, which in dialect.shapes(octets, candidates):
        columns = decoded(shape, shape.gather(octets, candidates.starts[which] + skip))
        for name, values in columns.items():
            for index, value in zip(which, values, strict=True):
                if value is not None:
                    out[int(index)][name] = value
    return out


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


def write_records(
    scan: Scan,
    path: Path,
    file: BinaryIO,
    progress: Progress = lambda done: None,
    users: Users | None = None,
) -> None:
    """Write every record of a scan to an open file, in the form its name's ending says; with the names of `users`."""
    write_rows(partial(rows, scan), _dialects(scan), path, file, progress, users=users)


def write_rows(
    made: Callable[[Progress], Iterable[dict[str, Any]]],
    seen: list[Dialect],
    path: Path,
    file: BinaryIO,
    progress: Progress = lambda done: None,
    lead: Sequence[str] = (),
    users: Users | None = None,
) -> None:
    """Write rows of records of the dialects `seen` to an open file, in the form that its name's ending says.

    `made` gives the rows, and tells `progress` of the bytes that they take; .parquet asks for them twice, so that no row has to be
    kept. `lead` are columns of the rows before those of `columns`. Where `users` are known, their names stand beside their ids.
    """
    check_ending(path)
    names = [*lead, *columns(seen)]
    names = names if users is None else users.columns(names)

    def every(progress: Progress = lambda done: None) -> Iterable[dict[str, Any]]:
        return made(progress) if users is None else map(users.named, made(progress))

    if path.suffix == ".parquet":
        write_parquet(every(progress), kinds_of(every(), names), units(seen), file)
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


def to_arrow(scan: Scan, progress: Progress = lambda done: None) -> Any:
    """A pyarrow.Table of every record of a scan, in offset order, torn ones without decoded fields.

    Its columns are those of `scan --records FILE.parquet`: offset and size in bytes, format, byte_order, type, status,
    evidence_bits, then the fields that the formats declare; what the numbers of a field count is its metadata `unit`, and
    `clock_seconds` is since the epoch. Raises AcctrecoverError where pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise AcctrecoverError("an Arrow table needs pyarrow, which the extra acctrecover[parquet] brings")
    seen = _dialects(scan)
    return arrow_table(rows(scan, progress), kinds_of(rows(scan), columns(seen)), units(seen))


def to_pandas(scan: Scan) -> Any:
    """A pandas.DataFrame of every record of a scan: the columns of `to_arrow`, their types kept (pandas.ArrowDtype), so that a
    number that a record lacks makes no float of the others. Raises AcctrecoverError where pandas or pyarrow is not installed.
    """
    if find_spec("pandas") is None:
        raise AcctrecoverError("a data frame needs pandas, which the extra acctrecover[pandas] brings")
    import pandas as pd

    return to_arrow(scan).to_pandas(types_mapper=pd.ArrowDtype)


def _dialects(scan: Scan) -> list[Dialect]:
    return list({id(dialect): dialect for dialect in scan.told.by_extent.values()}.values())
