"""Rows as a Parquet file, in groups of rows, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

GROUP = 1 << 16
"""Rows of a row group."""


def kinds_of(rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> dict[str, str]:
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


def write_parquet(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, str], units: Mapping[str, str], file: BinaryIO) -> None:
    """Write rows with columns of these kinds; a column's unit stands in the metadata of its field."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [
        pa.field(name, getattr(pa, kind)(), metadata={"unit": units[name]} if name in units else None)
        for name, kind in kinds.items()
    ]
    schema = pa.schema(fields)
    with pq.ParquetWriter(file, schema) as writer:
        for group in _groups(rows):
            arrays = [pa.array(list(_column(group, field.name, kinds[field.name])), field.type) for field in fields]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=GROUP)


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while group := list(islice(left, GROUP)):
        yield group


def _column(group: list[Mapping[str, Any]], name: str, kind: str) -> Iterator[Any]:
    as_kind = {"string": str, "float64": float}.get(kind, int)
    for row in group:
        value = row.get(name)
        yield None if value is None else as_kind(value)
