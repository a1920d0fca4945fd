"""Rows as a Parquet file, in groups of rows, so that memory stays bounded, or as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

Rows = Iterable[Mapping[str, Any]]
GROUP = 1 << 16
"""Rows of a row group."""


def kinds_of(rows: Rows, names: Iterable[str]) -> dict[str, str]:
    """What the columns of rows hold: int64 (uint64 where one is that large), float64 (infinite ones come as words), string."""
    held: dict[str, set[type]] = {name: set() for name in names}
    large: set[str] = set()
    for row in rows:
        for name, seen in held.items():
            value = row.get(name)
            if value is not None:
                seen.add(type(value))
                if type(value) is int and value >= 1 << 63:
                    large.add(name)
    return {name: _kind(seen, large=name in large) for name, seen in held.items()}


def _kind(seen: set[type], *, large: bool) -> str:
    if seen <= {int}:
        return "uint64" if large else "int64"
    return "float64" if float in seen else "string"


def write_parquet(rows: Rows, kinds: Mapping[str, str], units: Mapping[str, str], file: BinaryIO) -> None:
    """Write rows with columns of these kinds; a column's unit stands in the metadata of its field."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, _schema(kinds, units)) as writer:
        for group in _groups(rows, kinds, units):
            writer.write_table(group, row_group_size=GROUP)


def arrow_table(rows: Rows, kinds: Mapping[str, str], units: Mapping[str, str]) -> Any:
    """The same as a pyarrow.Table in memory."""
    import pyarrow as pa

    return pa.concat_tables([_schema(kinds, units).empty_table(), *_groups(rows, kinds, units)])


def _schema(kinds: Mapping[str, str], units: Mapping[str, str]) -> Any:
    import pyarrow as pa

    told = {name: {"unit": units[name]} if name in units else None for name in kinds}
    return pa.schema([pa.field(name, getattr(pa, kind)(), metadata=told[name]) for name, kind in kinds.items()])


def _groups(rows: Rows, kinds: Mapping[str, str], units: Mapping[str, str]) -> Iterator[Any]:
    """The rows as tables of up to GROUP each."""
    import pyarrow as pa

    schema, left = _schema(kinds, units), iter(rows)
    while group := list(islice(left, GROUP)):
        yield pa.table([pa.array(list(_column(group, at.name, kinds[at.name])), at.type) for at in schema], schema=schema)


def _column(group: list[Mapping[str, Any]], name: str, kind: str) -> Iterator[Any]:
    as_kind = {"string": str, "float64": float}.get(kind, int)
    for row in group:
        value = row.get(name)
        yield None if value is None else as_kind(value)
