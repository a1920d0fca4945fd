"""What a scan found: extents that tile the input, and its records in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from acctrecover.stream import Found, Offsets, border
from acctrecover.voids import WIDE

if TYPE_CHECKING:
    from acctrecover.transfer import Reversal

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
        placed = rows if self.transfer is None else rows.copy()
        placed["offset"], placed["size"] = self.spans(rows["offset"], rows["size"].astype(np.int64))
        return placed

    def spans(self, starts: Offsets, sizes: Offsets) -> tuple[Offsets, Offsets]:
        """Offsets and sizes of `told` as they are in the input."""
        if self.transfer is None or self.transfer.undone is None:
            return starts, sizes
        from acctrecover.retrace import spans

        return spans(starts, sizes, self.transfer.undone)

    def batches(self) -> Iterator[tuple[Dialect | None, npt.NDArray[Any], npt.NDArray[np.uint8], int]]:
        """(dialect, rows of RECORD, bytes, their offset) in offset order, some megabytes at a time."""
        for batch in self.in_batches():
            yield batch.dialect, batch.rows(), batch.octets, batch.low

    def in_batches(self) -> Iterator[Batch]:
        """The same without a row for each record."""
        with open_source(self.evidence) as source:
            for extent in self.extents:
                yield from self.of_extent(source, extent)

    def of_extent(self, source: Source, extent: Extent, low: int | None = None) -> Iterator[Batch]:
        """Those of one extent, `source` being the evidence; of a chain those from `low` on, where one of them begins."""
        dialect = self.by_extent.get(extent.start)
        if extent.kind == "gap" or dialect is None:
            starts, sizes = (np.array([getattr(odd, name) for odd in extent.oddities], np.int64) for name in ("offset", "size"))
            yield Batch(None, np.zeros(0, np.uint8), Found(starts - extent.start, sizes), extent.start, extent)
            return
        start = extent.start if low is None else low
        for octets, found, at in chain_batches(source, dialect, start, extent.stop, extent.oddities):
            yield Batch(dialect, octets, found, at, extent)


@dataclass(frozen=True)
class Batch:
    """Records of one extent looked at together: those `found` in `octets`, which begin at `low`; torn ones have no dialect."""

    dialect: Dialect | None
    octets: npt.NDArray[np.uint8] = field(repr=False)
    found: Found
    low: int
    extent: Extent
    lows: Offsets | None = None
    """Of several put together: what makes an offset in the input of each record's start in `octets`."""

    @property
    def starts(self) -> Offsets:
        """Where each record starts in the input."""
        return self.found.starts + (self.low if self.lows is None else self.lows)

    @property
    def format(self) -> str:
        return self.extent.format or "" if self.dialect is None else self.dialect.name

    @property
    def order(self) -> str:
        return self.extent.byte_order or "" if self.dialect is None else self.dialect.order

    @cached_property
    def odd(self) -> dict[int, str]:
        """The status of each record that is not intact, by its number in the batch."""
        if self.dialect is None:
            return {number: oddity.status for number, oddity in enumerate(self.extent.oddities)}
        told = {oddity.offset: oddity.status for oddity in self.extent.oddities}
        offsets = np.array(sorted(told), np.int64)
        starts = self.starts
        at = np.searchsorted(starts, offsets)
        held = at < len(starts)
        held[held] = starts[at[held]] == offsets[held]
        return {number: told[offset] for number, offset in zip(at[held].tolist(), offsets[held].tolist(), strict=True)}

    @cached_property
    def bits(self) -> npt.NDArray[np.float32]:
        """The evidence of each record in bits."""
        found = self.found
        return (
            np.zeros(len(found.starts), np.float32) if self.dialect is None else self.dialect.bits(self.octets, found).astype("f4")
        )

    def rows(self) -> npt.NDArray[Any]:
        """The records as rows of RECORD."""
        rows = np.zeros(len(self.found.starts), RECORD)
        rows["offset"], rows["size"] = self.starts, self.found.sizes
        rows["format"], rows["byte_order"], rows["status"] = self.format, self.order, "intact"
        for shape, _, which in [] if self.dialect is None else self.dialect.shapes(self.octets, self.found):
            rows["type"][which] = shape.record.name
        rows["evidence_bits"] = self.bits
        for number, status in self.odd.items():
            rows["status"][number] = status
        return rows


def beside(batches: Sequence[Batch]) -> Batch:
    """Batches of one dialect, or torn records of one format and byte order, as one: their records one after the other."""
    at = np.cumsum([0, *(len(batch.octets) for batch in batches)])[:-1].tolist()
    starts = np.concatenate([batch.found.starts + low for batch, low in zip(batches, at, strict=True)])
    lows = np.concatenate([np.full(len(batch.found.starts), batch.low - low) for batch, low in zip(batches, at, strict=True)])
    extent = replace(batches[0].extent, oddities=tuple(odd for batch in batches for odd in batch.extent.oddities))
    found = Found(starts, np.concatenate([batch.found.sizes for batch in batches]))
    return Batch(batches[0].dialect, np.concatenate([batch.octets for batch in batches]), found, 0, extent, lows)


def chain_bytes(source: Source, dialect: Dialect, at: int, high: int, oddities: Sequence[Oddity]) -> npt.NDArray[np.uint8]:
    """The bytes in which the records of a chain that begin in [at, high) stand; healed records as they should be."""
    data = source.read(at, high + dialect.largest)
    patches = [(offset - at, after) for odd in oddities for offset, _, after in odd.patches if at <= offset < at + len(data)]
    if patches:
        healed = bytearray(data)
        for offset, after in patches:
            healed[offset : offset + 1] = after
        data = bytes(healed)
    return np.frombuffer(data, np.uint8)


def chain_batches(
    source: Source, dialect: Dialect, start: int, stop: int, oddities: Sequence[Oddity] = ()
) -> Iterator[tuple[npt.NDArray[np.uint8], Found, int]]:
    """(bytes, records found in them, their offset) over a chain; healed records are seen as they should be."""
    at = start
    while at < stop:
        if dialect.slots and (solid := source.solid(at, stop, WIDE)):  # the unused slots of a sparse file take no time
            at += (solid[0][0] - at) // dialect.smallest * dialect.smallest
        high = min(stop, border(at))
        octets = chain_bytes(source, dialect, at, high, oddities)
        found = dialect.offsets(octets, 0, min(len(octets), stop - at + 8), at)
        keep = found.starts + at < high
        if dialect.pitch is None and high < stop:
            keep &= found.stops <= high - at
        if not keep.all():
            found = replace(found.pick(keep), others=found.others, owners=found.owners)
        if dialect.slots:
            if len(found.starts):
                yield octets, found, at
            at += -(-(high - at) // dialect.smallest) * dialect.smallest
            continue
        if not len(found.starts):
            return
        yield octets, found, at
        at = int(dialect.landing(octets, at, found.stops[-1:])[0]) + at
