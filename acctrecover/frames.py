"""Records as columns: the decoded fields of the records of each kind, and in which rows of a table they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.cells import Column, behind, column, instants, same
from acctrecover.columns import pick
from acctrecover.distinct import Indices, distinct
from acctrecover.expr import fields_of
from acctrecover.result import RECORD, Batch, Scan, beside
from acctrecover.schema import TIMES, Record
from acctrecover.shape import Shape
from acctrecover.stream import Found

STEP = 1 << 15
"""Rows decoded together: few enough for a cache, enough to make calls cheap."""
HEAVY = 1 << 22
"""Bytes that the rows of a table may take if all were as large as the largest: they may be written as wide as that."""
SMALL = 1 << 12
"""Records of a batch up to which it is decoded together with those beside it."""
GENERAL = tuple(RECORD.names or ())
"""The columns that every record has, whatever its format."""


@dataclass(frozen=True)
class Frame:
    """Records with the same columns, of shape (n,) all, and the numbers of their rows."""

    rows: Indices
    columns: Mapping[str, Column]

    def of(self, which: Indices) -> Frame:
        """Some of its records."""
        return Frame(self.rows[which], {name: held.of(which) for name, held in self.columns.items()})


@dataclass(frozen=True)
class Table:
    """Rows, some of them in each frame; these are `made` when first asked for, by the thread that does."""

    count: int
    made: list[Frame] | Callable[[], list[Frame]]

    @cached_property
    def frames(self) -> list[Frame]:
        return self.made() if callable(self.made) else self.made

    def dicts(self) -> list[dict[str, Any]]:
        """The rows, each with the columns in which it has a value."""
        out: list[dict[str, Any]] = [{}] * self.count
        for frame in self.frames:
            names = list(frame.columns)
            nulls = {name for name, held in frame.columns.items() if held.nulls}
            every = zip(*(held.cells() for held in frame.columns.values()), strict=True)
            for row, values in zip(frame.rows.tolist(), every, strict=True):
                told = zip(names, values, strict=True)
                out[row] = {name: value for name, value in told if value is not None or name in nulls}
        return out

    def light(self) -> Iterator[Table]:
        """The same rows in tables whose rows are few where one of them is large."""
        largest = max((frame.columns["size"].kinds()[1] for frame in self.frames), default=0)
        if self.count < 2 or largest * self.count <= HEAVY:
            yield self
            return
        half = self.count // 2
        for low, high in ((0, half), (half, self.count)):
            kept = [frame.of(np.flatnonzero((frame.rows >= low) & (frame.rows < high))) for frame in self.frames]
            yield from Table(high - low, [replace(frame, rows=frame.rows - low) for frame in kept]).light()


def own_name(field: str) -> str:
    """A record's own field gives way where its name is a general column's."""
    return f"record_{field}" if field in GENERAL else field


def timed(record: Record) -> list[str]:
    """The columns that hold a time."""
    return [name for name, unit in record.units.items() if unit in TIMES]


def decoded(shape: Shape, records: Any) -> dict[str, Column]:
    """The columns of records of one shape: raw fields under the source's names, derived ones with their units, times in UTC
    under the field's name and `_utc`, words for labelled ones with `_text`; None where a record has no such part.

    What follows from one field alone is worked out once for each value of it.
    """
    record, parts = shape.record, shape.record.parts
    few: dict[str, tuple[Any, Indices | None]] = {}
    for name in shape.dtype.names or ():
        found = distinct(records[name])
        few[name] = (records, None) if found is None else (pick(records, found[0]), found[1])

    def worked(expr: Any) -> tuple[Any, Indices | None]:
        fields = fields_of(expr) - {"_big_endian"}
        held, codes = few[fields.pop()] if len(fields) == 1 else (records, None)
        values = np.broadcast_to(shape.evaluate(expr, held), len(held))
        found = distinct(values) if codes is None else None
        return (values, codes) if found is None else (values[found[0]], found[1])

    out = {name: column(held[name], codes) for name, (held, codes) in few.items() if parts is None or name != parts.field}
    out.update({name: column(*worked(expr)) for name, expr in record.derived.items()})
    if parts is not None:
        held, codes = few[parts.field]
        read = [parts.read(octets.tobytes()) for octets in held[parts.field]]
        out.update({name: Column([found.get(name) for found in read], codes) for name in parts.names})
    if record.clock is not None:
        clocks, codes = worked(record.clock)
        clocks = clocks.astype(np.float64)
        out["clock_seconds"], out["clock_utc"] = column(clocks, codes), Column(instants(clocks), codes)
    for name in timed(record):
        codes = out[name].codes
        numbers = few[name][0][name] if name in few else _whole(out[name])
        out[f"{name}_utc"] = Column(instants(numbers, record.units[name]), codes)
    for name, label in record.labels.items():
        held, codes = few[name]
        numbers = np.ascontiguousarray(held[name])
        values = numbers.view(f"V{numbers.shape[1]}").ravel() if numbers.ndim == 2 else numbers
        out[f"{name}_text"] = Column([label(value) for value in values.tolist()], codes)
    return {own_name(name): held for name, held in out.items()}


def _whole(held: Column) -> npt.NDArray[np.int64]:
    """The values of a column that are whole numbers, 0 for others."""
    return np.array([value if isinstance(value, int) else 0 for value in Column(held.values).cells()], np.int64)


def general(scan: Scan, batch: Batch) -> dict[str, Column]:
    """The columns that every record of a batch of `scan.told` has, but for its type; offsets and sizes are those in the input."""
    count = len(batch.found.starts)
    starts, sizes = scan.spans(batch.starts, batch.found.sizes)
    status = np.zeros(count, np.intp)
    told = ["intact", *dict.fromkeys(batch.odd.values())]
    for number, name in batch.odd.items():
        status[number] = told.index(name)
    bits = _few(batch.bits)
    out = {
        "offset": column(starts),
        "size": _few(sizes),
        "format": same(batch.format, count),
        "byte_order": same(batch.order, count),
        "type": same("", count),
        "status": Column(told, status),
        "evidence_bits": Column(np.array([round(value, 1) for value in Column(bits.values).cells()]), bits.codes),
    }
    if batch.dialect is not None and batch.dialect.slots:
        indices, past = np.divmod(starts, sizes)
        inside = [None if rest else index for index, rest in zip(indices.tolist(), past.tolist(), strict=True)]
        out[own_name(batch.dialect.slots)] = Column(inside if past.any() else indices, nulls=True)
    return out


def _few(values: npt.NDArray[Any]) -> Column:
    found = distinct(values)
    return column(values) if found is None else column(values[found[0]], found[1])


def frames(batch: Batch, told: Mapping[str, Column], which: Indices | slice) -> list[Frame]:
    """Records of a batch, by their numbers in it, decoded; `told` is `general` of it. The rows are those of `which`."""
    told = {name: held.of(which) for name, held in told.items()}
    candidates = Found(batch.found.starts[which], batch.found.sizes[which])
    if batch.dialect is None:
        return [Frame(np.arange(len(candidates.starts)), told)]
    alike: dict[tuple[str, ...], list[tuple[Indices, dict[str, Column]]]] = {}
    for shape, skip, rows in batch.dialect.shapes(batch.octets, candidates):
        columns = decoded(shape, shape.gather(batch.octets, candidates.starts[rows] + skip))
        alike.setdefault((shape.record.name, *columns), []).append((rows, columns))
    out = []
    for (kind, *names), parts in alike.items():
        rows = np.concatenate([rows for rows, _ in parts])
        every = {name: held.of(rows) for name, held in told.items()} | {"type": same(kind, len(rows))}
        out.append(Frame(rows, every | {name: behind([columns[name] for _, columns in parts]) for name in names}))
    return out


def tables(scan: Scan, progress: Callable[[int], None] = lambda done: None) -> Iterator[Table]:
    """Every record of a scan, in offset order, in tables of up to STEP rows; torn ones without decoded fields.

    `progress` is told of the input's bytes that the records before took.
    """
    done = 0
    for batches in _gathered(scan.told.in_batches()):
        count = sum(len(batch.found.starts) for batch in batches)
        told = cache(partial(general, scan, batches[0]))
        for low in range(0, count, STEP):
            high = min(low + STEP, count)
            made = partial(_several, scan, batches) if len(batches) > 1 else partial(_some, batches[0], told, slice(low, high))
            yield Table(high - low, made)
        last = batches[-1]
        starts, sizes = scan.spans(last.starts[-1:], last.found.sizes[-1:])
        stop = int(starts[0] + sizes[0])
        progress(stop - done)
        done = stop


def _gathered(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Batches with records, in order: one of many records alone, those of a few together, as a damaged stream has very many."""
    waiting: list[Batch] = []
    rows = octets = 0
    for batch in batches:
        count = len(batch.found.starts)
        alone = count > SMALL or (batch.dialect is not None and bool(batch.dialect.slots))  # slots depend on their neighbours
        if waiting and (alone or rows + count > STEP or octets + len(batch.octets) > HEAVY):
            yield waiting
            waiting, rows, octets = [], 0, 0
        if alone and count:
            yield [batch]
        elif count:
            waiting.append(batch)
            rows, octets = rows + count, octets + len(batch.octets)
    if waiting:
        yield waiting


def _some(batch: Batch, told: Callable[[], dict[str, Column]], which: slice) -> list[Frame]:
    """Some records of a batch, of which `told` gives what is `general`."""
    return frames(batch, told(), which)


def _several(scan: Scan, batches: Sequence[Batch]) -> list[Frame]:
    """All records of some batches, those of one kind of batch together."""
    firsts = np.cumsum([0, *(len(batch.found.starts) for batch in batches)]).tolist()
    alike: dict[tuple[int, str, str], list[int]] = {}
    for number, batch in enumerate(batches):
        alike.setdefault((id(batch.dialect), batch.format, batch.order), []).append(number)
    out = []
    for numbers in alike.values():
        rows = np.concatenate([np.arange(firsts[number], firsts[number + 1]) for number in numbers])
        batch = beside([batches[number] for number in numbers])
        out += [Frame(rows[frame.rows], frame.columns) for frame in frames(batch, general(scan, batch), slice(None))]
    return out
