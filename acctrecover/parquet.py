"""Rows as a Parquet file, in groups of rows, so that memory stays bounded, or as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from acctrecover.cells import Column
from acctrecover.frames import Table

GROUP = 1 << 16
"""Rows of a row group."""
LARGE = 1 << 63
"""What no int64 holds."""


def kinds_of(tables: Iterable[Table], names: Iterable[str]) -> dict[str, str]:
    """What the columns of tables hold: int64 (uint64 where one is that large), float64 (infinite ones come as words), string."""
    held: dict[str, set[type]] = {name: set() for name in names}
    large: set[str] = set()
    for table in tables:
        for frame in table.frames:
            for name in held.keys() & frame.columns.keys() if len(frame.rows) else ():
                kinds, most = frame.columns[name].kinds()
                held[name] |= kinds
                large |= {name} if most >= LARGE else set()
    return {name: _kind(seen, large=name in large) for name, seen in held.items()}


def _kind(seen: set[type], *, large: bool) -> str:
    if seen <= {int}:
        return "uint64" if large else "int64"
    return "float64" if float in seen else "string"


def write_parquet(tables: Iterable[Table], kinds: Mapping[str, str], units: Mapping[str, str], file: BinaryIO) -> None:
    """Write rows with columns of these kinds; a column's unit stands in the metadata of its field."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, _schema(kinds, units)) as writer:
        held = _schema(kinds, units).empty_table()
        for made in _arrow(tables, kinds, units):
            held = pa.concat_tables([held, made])
            whole = len(held) // GROUP * GROUP
            if whole:
                writer.write_table(held.slice(0, whole), row_group_size=GROUP)
                held = held.slice(whole)
        if len(held):
            writer.write_table(held, row_group_size=GROUP)


def arrow_table(tables: Iterable[Table], kinds: Mapping[str, str], units: Mapping[str, str]) -> Any:
    """The same as a pyarrow.Table in memory."""
    import pyarrow as pa

    return pa.concat_tables([_schema(kinds, units).empty_table(), *_arrow(tables, kinds, units)])


def _schema(kinds: Mapping[str, str], units: Mapping[str, str]) -> Any:
    import pyarrow as pa

    told = {name: {"unit": units[name]} if name in units else None for name in kinds}
    return pa.schema([pa.field(name, getattr(pa, kind)(), metadata=told[name]) for name, kind in kinds.items()])


def _arrow(tables: Iterable[Table], kinds: Mapping[str, str], units: Mapping[str, str]) -> Iterator[Any]:
    """Tables as those of Arrow."""
    import pyarrow as pa

    schema = _schema(kinds, units)
    for table in tables:
        frames = [frame for frame in table.frames if len(frame.rows)]
        if not frames:
            continue
        order = np.argsort(np.concatenate([frame.rows for frame in frames]), kind="stable")
        columns = []
        for at in schema:
            parts = [_array(frame.columns.get(at.name), len(frame.rows), at.type) for frame in frames]
            columns.append(parts[0] if len(parts) == 1 else pa.concat_arrays(parts).take(pa.array(order)))
        yield pa.table(columns, schema=schema)


def _array(held: Column | None, count: int, kind: Any) -> Any:
    import pyarrow as pa

    if held is None:
        return pa.nulls(count, kind)
    if isinstance(held.values, list) or pa.types.is_string(kind):
        as_kind = str if pa.types.is_string(kind) else float if pa.types.is_floating(kind) else int
        values = pa.array([None if value is None else as_kind(value) for value in Column(held.values).cells()], kind)
    else:
        values = pa.array(held.values).cast(kind)
    return values if held.codes is None else values.take(pa.array(held.codes))
