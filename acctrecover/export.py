"""Records as rows: the decoded fields of every record, one row each, as .jsonl, .csv, .parquet or .body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from acctrecover.body import body_lines
from acctrecover.dialect import Dialect
from acctrecover.errors import AcctrecoverError, OutputError
from acctrecover.expr import fields_of
from acctrecover.framed import FramedDialect
from acctrecover.frames import Table, own_name, tables, timed
from acctrecover.lines import csv_lines, json_lines
from acctrecover.parquet import arrow_table, kinds_of, write_parquet
from acctrecover.result import RECORD, Scan
from acctrecover.schema import Record
from acctrecover.users import Users

Progress = Callable[[int], None]
ENDINGS = (".jsonl", ".csv", ".parquet", ".body")


def _beside_clock(record: Record) -> dict[str, str]:
    """The units of times that a record holds beside its clock, in the order of its fields."""
    read = set() if record.clock is None else fields_of(record.clock)
    held = {name: fields_of(record.derived[name]) if name in record.derived else {name} for name in timed(record)}
    return {own_name(name): record.units[name] for name, fields in held.items() if not read or not read <= fields}


def rows(scan: Scan, progress: Progress = lambda done: None) -> Iterator[dict[str, Any]]:
    """Every record of a scan as one dict, in offset order; torn ones without decoded fields.

    `progress` is told of the input's bytes that the records before took.
    """
    for table in tables(scan, progress):
        yield from table.dicts()


def _names(record: Record) -> list[str]:
    field, parts = (record.parts.field, list(record.parts.names)) if record.parts is not None else (None, [])
    names = [sub.name for sub in record.layout.subcons if sub.name != field] + list(record.derived) + parts
    names += ["clock_seconds", "clock_utc"] if record.clock is not None else []
    names += [f"{name}_utc" for name in timed(record)] + [f"{name}_text" for name in record.labels]
    return [own_name(name) for name in names]


def columns(dialects: list[Dialect]) -> list[str]:
    """Every column that records of these dialects may have, the general ones first."""
    names = dict.fromkeys(RECORD.names or ())
    for dialect in dialects:
        names.update(dict.fromkeys([own_name(dialect.slots)] if dialect.slots else []))
    for _, record in _kinds(dialects):
        names.update(dict.fromkeys(_names(record)))
    return list(names)


def units(dialects: list[Dialect]) -> dict[str, str]:
    """What the numbers of a column count, of those columns whose fields declare it; derived ones have it in their names."""
    told: dict[str, dict[str, None]] = {}
    for _, record in _kinds(dialects):
        for name, unit in record.units.items():
            told.setdefault(own_name(name), {})[unit] = None
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
    write_tables(partial(tables, scan), _dialects(scan), path, file, progress, users=users)


def write_tables(
    made: Callable[[Progress], Iterable[Table]],
    seen: list[Dialect],
    path: Path,
    file: BinaryIO,
    progress: Progress = lambda done: None,
    lead: Sequence[str] = (),
    users: Users | None = None,
) -> None:
    """Write tables of records of the dialects `seen` to an open file, in the form that its name's ending says.

    `made` gives the tables, and tells `progress` of the bytes that they take; .parquet asks for them twice, so that none has to be
    kept. `lead` are columns of theirs before those of `columns`. Where `users` are known, their names stand beside their ids.
    """
    check_ending(path)
    names = [*lead, *columns(seen)]
    names = names if users is None else users.columns(names)

    def every(progress: Progress = lambda done: None) -> Iterable[Table]:
        return made(progress) if users is None else (_named(table, users) for table in made(progress))

    if path.suffix == ".parquet":
        write_parquet(every(progress), kinds_of(every(), names), units(seen), file)
        return
    if path.suffix == ".jsonl":
        made_lines = json_lines(every(progress))
    elif path.suffix == ".body":
        made_lines = body_lines(every(progress), {(name, record.name): _beside_clock(record) for name, record in _kinds(seen)})
    else:
        made_lines = csv_lines(every(progress), names)
    for lines in made_lines:
        file.write(lines)


def _named(table: Table, users: Users) -> Table:
    return Table(table.count, lambda: [replace(frame, columns=users.named(frame.columns)) for frame in table.frames])


def to_arrow(scan: Scan, progress: Progress = lambda done: None) -> Any:
    """A pyarrow.Table of every record of a scan, in offset order, torn ones without decoded fields.

    Its columns are those of `scan --records FILE.parquet`: offset and size in bytes, format, byte_order, type, status,
    evidence_bits, then the fields that the formats declare; what the numbers of a field count is its metadata `unit`, and
    `clock_seconds` is since the epoch. Raises AcctrecoverError where pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise AcctrecoverError("an Arrow table needs pyarrow, which the extra acctrecover[parquet] brings")
    seen = _dialects(scan)
    return arrow_table(tables(scan, progress), kinds_of(tables(scan), columns(seen)), units(seen))


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
