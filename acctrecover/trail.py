"""The records of one format in an input as columns: where each stands, when it was written, its number and what ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.extent import Extent
from acctrecover.fixed import Fixed
from acctrecover.result import Scan, chain_batches
from acctrecover.shape import Octets, Shape
from acctrecover.source import Source, open_source
from acctrecover.stream import Found, among, different

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Marks = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
FINE = ("ms", "us", "ns")
"""Units of which two events of one kind hardly ever have the same count."""


@dataclass(frozen=True)
class Trail:
    """The n records of a format and byte order that belong where they stand, none suspect, in offset order; each column of
    shape (n,).

    `clocks` and `began` are seconds since the epoch, NaN where a record does not tell. `numbers` are serial numbers, 0 where
    there are none. `names` stand for the bytes of the field that names what ran, `prints` for those of the whole record where
    no two should be the same: equal numbers for equal bytes, 0 where neither is. `closes` is true of what the writer adds when
    it stops. `breaks` are the records, by number, before which the input is not sound, or not the stream's own.
    """

    dialect: Dialect
    offsets: Whole
    sizes: Whole
    clocks: Floats
    began: Floats
    numbers: Whole
    names: Marks
    prints: Marks
    closes: Bools
    breaks: Whole

    def __len__(self) -> int:
        return len(self.offsets)


def trails(scan: Scan) -> Iterator[Trail]:
    """The trail of each dialect of a scan that has clocks or serial numbers; by offsets of `scan.told`."""
    told = scan.told
    with open_source(told.evidence) as source:
        for dialect in {id(owner): owner for owner in told.by_extent.values()}.values():
            if dialect.slots:
                continue
            own = [extent for extent in told.chains if told.by_extent[extent.start] is dialect and extent.cause is None]
            if trail := _trail(source, dialect, own):
                yield trail


def _trail(source: Source, dialect: Dialect, extents: Sequence[Extent]) -> Trail | None:
    parts: list[list[npt.NDArray[Any]]] = []
    breaks: list[int] = []
    total, end = 0, -1
    for extent in extents:
        if total and extent.start != end:
            breaks.append(total)
        end = extent.stop
        doubted = np.array([odd.offset for odd in extent.oddities if odd.status == "suspect"], np.int64)
        for octets, found, low in chain_batches(source, dialect, extent.start, extent.stop, extent.oddities):
            kept = ~among(found.starts + low, doubted)
            breaks += (total + np.cumsum(kept)[~kept]).tolist()  # a suspect record says nothing of the stream
            found = Found(found.starts[kept], found.sizes[kept])
            parts.append(_columns(dialect, octets, found, low))
            total += len(found.starts)
    if not total:
        return None
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    offsets, sizes, clocks, began, numbers, names, prints, closes = columns
    return Trail(dialect, offsets, sizes, clocks, began, numbers, names, prints, closes, different(np.array(breaks, np.int64)))


def _columns(dialect: Dialect, octets: Octets, found: Found, low: int) -> list[npt.NDArray[Any]]:
    count = len(found.starts)
    clocks, began = np.full(count, np.nan), np.full(count, np.nan)
    numbers, names, prints = np.zeros(count, np.int64), np.zeros(count, np.uint64), np.zeros(count, np.uint64)
    closes = np.zeros(count, np.bool_)
    for shape, skip, which in dialect.shapes(octets, found):
        record = shape.record
        if record.clock is None and record.serial is None:
            continue
        records = shape.gather(octets, found.starts[which] + skip)
        clocks[which] = shape.clocks(records)
        if record.began is not None:
            began[which] = shape.evaluate(record.began, records)
        if record.serial is not None:
            numbers[which] = shape.evaluate(record.serial, records)
        if record.command:
            names[which] = marks(records[record.command])
        if record.closes is not None:
            closes[which] = shape.evaluate(record.closes, records)
        if isinstance(dialect, Fixed) and _distinct(shape):
            prints[which] = marks(records.view(np.uint8).reshape(len(records), shape.size))
    return [found.starts + low, found.sizes, clocks, began, numbers, names, prints, closes]


def _distinct(shape: Shape) -> bool:
    """Whether no two records of a kind should be the same: they have a serial number, or a time finer than a second."""
    return shape.record.serial is not None or any(unit.split()[0] in FINE for unit in shape.record.units.values())


def marks(rows: npt.NDArray[np.uint8]) -> Marks:
    """A number for the bytes of each row: shape (n,) of (n, width). Equal for equal ones, nearly never else."""
    width = rows.shape[1] + -rows.shape[1] % 8
    padded = np.zeros((len(rows), width), np.uint8)
    padded[:, : rows.shape[1]] = rows
    out = np.full(len(rows), 0x9E3779B97F4A7C15, np.uint64)
    for word in padded.view(np.uint64).T:
        out ^= word
        out *= np.uint64(0xD6E8FEB86659FD93)
        out ^= out >> np.uint64(32)
    return out
