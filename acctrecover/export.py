"""Records as rows: the decoded fields of every record, one row each, as .jsonl, .csv, .parquet or .body."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from acctrecover.body import line
from acctrecover.dialect import Dialect
from acctrecover.errors import AcctrecoverError, OutputError
from acctrecover.framed import FramedDialect
from acctrecover.result import RECORD, Scan
from acctrecover.schema import Record
from acctrecover.shape import Shape
from acctrecover.stream import Found
from acctrecover.users import Users

ENDINGS = (".jsonl", ".csv", ".parquet", ".body")


def _plain(column: npt.NDArray[Any]) -> list[Any]:
    """One value a record: numbers, byte strings as text without the NULs behind it, a float that JSON has no word for as text."""
    if column.ndim == 2:
        texts = np.ascontiguousarray(column).view(f"S{column.shape[1]}").ravel() if column.size else [b""] * len(column)
        return [text.decode("utf-8", "backslashreplace") for text in texts]
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        return [value if np.isfinite(value) else repr(value) for value in column.tolist()]
    values: list[Any] = column.tolist()
    return values


def _name(field: str) -> str:
    """A record's own field gives way where its name is a general column's."""
    return f"record_{field}" if field in (RECORD.names or ()) else field


def decoded(shape: Shape, records: Any) -> dict[str, list[Any]]:
    """The columns of records of one shape: raw fields under the source's names, derived ones with their units, words for
    labelled fields under the field's name and `_text`; None where a record has no such part."""
    parts = shape.record.parts
    out = {name: _plain(records[name]) for name in shape.dtype.names or () if parts is None or name != parts.field}
    for name, expr in shape.record.derived.items():
        out[name] = _plain(np.broadcast_to(shape.evaluate(expr, records), len(records)))
    if parts is not None:
        read = [parts.read(octets.tobytes()) for octets in records[parts.field]]
        out.update({name: [found.get(name) for found in read] for name in parts.names})
    if shape.record.clock is not None:
        out["clock_seconds"] = _plain(shape.clocks(records))
    for name, label in shape.record.labels.items():
        column = np.ascontiguousarray(records[name])
        numbers, which = np.unique(column.view(f"V{column.shape[1]}") if column.ndim == 2 else column, return_inverse=True)
        words = [label(value.tolist()) for value in numbers]
        out[f"{name}_text"] = [words[index] for index in which.ravel().tolist()]
    return {_name(name): column for name, column in out.items()}


def rows(scan: Scan, progress: Callable[[int], None] = lambda done: None) -> Iterator[dict[str, Any]]:
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
    names += (["clock_seconds"] if record.clock is not None else []) + [f"{name}_text" for name in record.labels]
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
    progress: Callable[[int], None] = lambda done: None,
    users: Users | None = None,
) -> None:
    """Write every record of a scan to an open file, in the form its name's ending says; with the names of `users`."""
    seen = list({id(d): d for d in scan.told.by_extent.values()}.values())
    write_rows(rows(scan, progress), seen, path, file, users=users)


def write_rows(
    table: Iterable[dict[str, Any]],
    seen: list[Dialect],
    path: Path,
    file: BinaryIO,
    lead: Sequence[str] = (),
    users: Users | None = None,
) -> None:
    """Write rows of records of the dialects `seen` to an open file, in the form that its name's ending says.

    `lead` are columns of the rows before those of `columns`. Where `users` are known, their names stand beside their ids.
    """
    check_ending(path)
    names = [*lead, *columns(seen)]
    if users is not None:
        names, table = users.columns(names), map(users.named, table)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(_arrow(table, names, units(seen)), file)
        return
    out = codecs.getwriter("utf-8")(file)
    if path.suffix == ".jsonl":
        for row in table:
            out.write(json.dumps(row) + "\n")
    elif path.suffix == ".body":
        counted = {(name, record.name): record.units for name, record in _kinds(seen)}
        for row in table:
            if told := line(row, counted.get((row["format"], row["type"]), {})):
                out.write(told + "\n")
    else:
        writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def to_arrow(scan: Scan, progress: Callable[[int], None] = lambda done: None) -> Any:
    """A pyarrow.Table of every record of a scan, in offset order, torn ones without decoded fields.

    Its columns are those of `scan --records FILE.parquet`: offset and size in bytes, format, byte_order, type, status,
    evidence_bits, then the fields that the formats declare; what the numbers of a field count is its metadata `unit`, and
    `clock_seconds` is since the epoch. Raises AcctrecoverError where pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise AcctrecoverError("an Arrow table needs pyarrow, which the extra acctrecover[parquet] brings")
    seen = list({id(d): d for d in scan.told.by_extent.values()}.values())
    return _arrow(rows(scan, progress), columns(seen), units(seen))


def _arrow(table: Iterable[dict[str, Any]], names: list[str], counted: dict[str, str]) -> Any:
    """All rows as one pyarrow.Table, units as metadata of its fields."""
    import pyarrow as pa

    held: dict[str, list[Any]] = {name: [] for name in names}
    for row in table:
        for name, values in held.items():
            values.append(row.get(name))
    made = {name: _column(values) for name, values in held.items()}
    metadata = {name: {"unit": counted[name]} if name in counted else None for name in names}
    schema = pa.schema([pa.field(name, column.type, metadata=metadata[name]) for name, column in made.items()])
    return pa.table(made, schema=schema)


def to_pandas(scan: Scan) -> Any:
    """A pandas.DataFrame of every record of a scan: the columns of `to_arrow`, their types kept (pandas.ArrowDtype), so that a
    number that a record lacks makes no float of the others. Raises AcctrecoverError where pandas or pyarrow is not installed.
    """
    if find_spec("pandas") is None:
        raise AcctrecoverError("a data frame needs pandas, which the extra acctrecover[pandas] brings")
    import pandas as pd

    return to_arrow(scan).to_pandas(types_mapper=pd.ArrowDtype)


def _column(values: list[Any]) -> Any:
    """A column of one type: integers, floating-point numbers (infinite ones came as words), or text."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return pa.array(values, pa.uint64() if any(value is not None and value >= 1 << 63 for value in values) else pa.int64())
    if float in kinds:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())
