"""What a scan found: extents that tile the input, and its records in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.extent import Extent, Oddity
from acctrecover.others import Other
from acctrecover.packed import Break, Part
from acctrecover.schema import LONGEST_NAME, LONGEST_TYPE
from acctrecover.source import Evidence, Source, open_source
from acctrecover.stream import Found
from acctrecover.voids import WIDE

if TYPE_CHECKING:
    from acctrecover.transfer import Reversal

BATCH = 1 << 22
"""Bytes of a chain whose records are looked at together."""
CHEAP = 1 << 24
"""Bytes of an input in which signs of tampering are looked for unasked."""
WRITING = "write in progress"
"""The cause of a gap at the end of a file that has grown since: no damage."""
RECORD = np.dtype(
    [
        ("offset", "i8"),
        ("size", "i4"),
        ("format", f"U{LONGEST_NAME}"),
        ("byte_order", "U6"),
        ("type", f"U{LONGEST_TYPE}"),
        ("status", "U7"),
        ("evidence_bits", "f4"),
    ]
)


@dataclass(frozen=True)
class Scan:
    """What a scan found. `extents` tile the input, or its window, in offset order; `name` is the path as given."""

    name: str
    size: int
    sha256: str
    extents: list[Extent]
    evidence: Evidence
    by_extent: dict[int, Dialect] = field(repr=False)
    transfer: Reversal[Scan] | None = None
    """The wholesale change that the input went through, if one was found; where it could be undone, records and batches are
    those of the undone bytes."""
    other: Other | None = None
    """What the input is where it holds no record and begins as another kind of file does."""
    parts: tuple[Part, ...] = ()
    """The files that the stream was put together from, or came out of; none where it is one file as it stands."""

    @property
    def broke(self) -> list[tuple[Part, Break]]:
        """(file, where it broke) of compressed files, by offsets in the stream; of a window no more than is in it."""
        low, high = (self.extents[0].start, self.extents[-1].stop) if self.extents else (0, self.size)
        return [(part, each) for part in self.parts for each in part.breaks if low <= each.at <= high]

    @property
    def breaks(self) -> list[Break]:
        """Where compressed files broke, by offsets in the stream."""
        return [each for _, each in self.broke]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing, doubtful or damaged; a record that was just being written is none of that."""
        gaps = any(gap.cause != WRITING for gap in self.gaps)
        return self.transfer is None and not gaps and not self.breaks and not any(extent.oddities for extent in self.extents)

    @property
    def told(self) -> Scan:
        """The scan whose offsets `batches` has: this one, or that of the undone bytes."""
        return self if self.transfer is None or self.transfer.scan is None else self.transfer.scan

    @property
    def chains(self) -> list[Extent]:
        return [extent for extent in self.extents if extent.kind == "chain"]

    @property
    def gaps(self) -> list[Extent]:
        return [extent for extent in self.extents if extent.kind == "gap"]

    @property
    def counts(self) -> dict[str, int]:
        """Records by status: intact, suspect, healed (each once) and torn."""
        odd = [oddity.status for extent in self.extents for oddity in extent.oddities]
        counts = {status: odd.count(status) for status in ("suspect", "healed", "torn")}
        whole = sum(extent.records for extent in self.chains)
        return {"intact": whole - counts["suspect"] - counts["healed"], **counts}

    @property
    def unwritten(self) -> tuple[int, int]:
        """Gaps in sequence numbers, and the records that their writer lost in them: their absence is no damage."""
        holes = [extent.holes for extent in self.extents if extent.holes is not None]
        return sum(gaps for gaps, _ in holes), sum(lost for _, lost in holes)

    @cached_property
    def records(self) -> npt.NDArray[Any]:
        """One row a record, torn ones included: a structured array with the fields of RECORD, in offset order.

        Sizes and offsets are in bytes. It is made when first asked for and takes some 170 bytes a record.
        """
        parts = [self.placed(rows) for _, rows, _, _ in self.told.batches()]
        return np.concatenate(parts) if parts else np.zeros(0, RECORD)

    def to_arrow(self) -> Any:
        """`acctrecover.to_arrow` of it: a pyarrow.Table of every record."""
        import acctrecover

        return acctrecover.to_arrow(self)

    def to_pandas(self) -> Any:
        """`acctrecover.to_pandas` of it: a pandas.DataFrame of every record."""
        import acctrecover

        return acctrecover.to_pandas(self)

    def _repr_html_(self) -> str:
        from acctrecover.notebook import span, table

        told = ", ".join(f"{count:,} {status}" for status, count in self.counts.items() if count) or "no record"
        rows = [(span(e.start, e.stop), e.size, e.format, e.byte_order, e.records, e.cause, e.detail) for e in self.extents]
        names = ("bytes", "size", "format", "byte order", "records", "cause", "detail")
        return table(f"{self.name}: {'whole' if self.whole else 'damaged'}: {told}", names, rows)

    def placed(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Rows of `told.batches()` by offsets and sizes in the input."""
        if self.transfer is None or self.transfer.undone is None:
            return rows
        from acctrecover.retrace import spans

        placed = rows.copy()
        placed["offset"], placed["size"] = spans(rows["offset"], rows["size"].astype(np.int64), self.transfer.undone)
        return placed

    def batches(self) -> Iterator[tuple[Dialect | None, npt.NDArray[Any], npt.NDArray[np.uint8], int]]:
        """(dialect, rows of RECORD, bytes, their offset) in offset order, some megabytes at a time."""
        with open_source(self.evidence) as source:
            for extent in self.extents:
                yield from self.within(source, extent)

    def within(
        self, source: Source, extent: Extent, low: int | None = None
    ) -> Iterator[tuple[Dialect | None, npt.NDArray[Any], npt.NDArray[np.uint8], int]]:
        """The batches of one extent, `source` being the evidence; of a chain those from `low` on, where one of them begins."""
        dialect = self.by_extent.get(extent.start)
        odd = {oddity.offset: oddity for oddity in extent.oddities}
        if extent.kind == "gap" or dialect is None:
            torn = np.zeros(len(odd), RECORD)
            for row, oddity in zip(torn, extent.oddities, strict=True):
                row["offset"], row["size"], row["status"] = oddity.offset, oddity.size, oddity.status
                row["format"], row["byte_order"] = extent.format or "", extent.byte_order or ""
            yield None, torn, np.zeros(0, np.uint8), extent.start
            return
        start = extent.start if low is None else low
        for octets, found, at in chain_batches(source, dialect, start, extent.stop, extent.oddities):
            yield dialect, _rows(dialect, octets, found, at, odd), octets, at


def _rows(dialect: Dialect, octets: npt.NDArray[np.uint8], found: Found, low: int, odd: dict[int, Oddity]) -> npt.NDArray[Any]:
    rows = np.zeros(len(found.starts), RECORD)
    rows["offset"], rows["size"] = found.starts + low, found.sizes
    rows["format"], rows["byte_order"], rows["status"] = dialect.name, dialect.order, "intact"
    for shape, _, which in dialect.shapes(octets, found):
        rows["type"][which] = shape.record.name
    rows["evidence_bits"] = dialect.bits(octets, found)
    for offset, oddity in odd.items():
        at = int(np.searchsorted(rows["offset"], offset))
        if at < len(rows) and rows["offset"][at] == offset:
            rows["status"][at] = oddity.status
    return rows


def chain_batches(
    source: Source, dialect: Dialect, start: int, stop: int, oddities: Sequence[Oddity] = ()
) -> Iterator[tuple[npt.NDArray[np.uint8], Found, int]]:
    """(bytes, records found in them, their offset) over a chain; healed records are seen as they should be."""
    at = start
    while at < stop:
        if dialect.slots and (solid := source.solid(at, stop, WIDE)):  # the unused slots of a sparse file take no time
            at += (solid[0][0] - at) // dialect.smallest * dialect.smallest
        high = min(stop, at + BATCH)
        data = bytearray(source.read(at, high + dialect.largest))
        for oddity in oddities:
            for offset, _, after in oddity.patches:
                if at <= offset < at + len(data):
                    data[offset - at : offset - at + 1] = after
        octets = np.frombuffer(bytes(data), np.uint8)
        found = dialect.offsets(octets, 0, min(len(octets), stop - at + 8), at)
        keep = found.starts + at < high
        if dialect.pitch is None and high < stop:
            keep &= found.stops <= high - at
        found = Found(found.starts[keep], found.sizes[keep])
        if dialect.slots:
            if len(found.starts):
                yield octets, found, at
            at += -(-(high - at) // dialect.smallest) * dialect.smallest
            continue
        if not len(found.starts):
            return
        yield octets, found, at
        at = int(dialect.landing(octets, at, found.stops[-1:])[0]) + at
