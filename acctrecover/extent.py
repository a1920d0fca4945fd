"""What a scan finds: chains of records and the gaps between them, which together tile the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NOT_OWN = frozenset({"stale records", "duplicate block", "foreign stream"})
"""Causes of chains whose records a stream does not need: another's, or its own once more."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A record of a chain, or the remains of one, that is not simply intact.

    `status` is suspect, torn or healed; `reason` says what contradicts it; `patches` are (offset, before, after) of a
    healed one.
    """

    offset: int
    size: int
    status: str
    reason: str
    patches: tuple[tuple[int, bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Extent:
    """A half-open byte range [start, stop) of the input.

    A chain holds `records` linked records of one format and byte order; a gap holds none that is whole, and `cause` and
    `detail` say why. `evidence_bits` and `e_value` are a chain's; `first` and `last` the clock at its ends, in seconds
    since the epoch; its `cause`, where it has one, says that its records are sound but do not belong there, such as stale records.
    `oddities` are in offset order. A gap most likely `held` so many records, written between the instants `after` and `before`
    (None where nothing tells); `missing` bytes are gone from one of them, where its length says so. `holes` are the gaps in a
    chain's sequence numbers and the records lost in them, None in formats without. In a core `address` is that of its first byte in
    memory, None where it is none.
    """

    kind: str
    start: int
    stop: int
    format: str | None = None
    byte_order: str | None = None
    records: int = 0
    evidence_bits: float | None = None
    e_value: float | None = None
    cause: str | None = None
    detail: str | None = None
    first: float | None = None
    last: float | None = None
    oddities: tuple[Oddity, ...] = field(default=())
    held: int | None = None
    after: float | None = None
    before: float | None = None
    missing: int = 0
    holes: tuple[int, int] | None = None
    address: int | None = None

    @property
    def size(self) -> int:
        return self.stop - self.start

    def to_json(self) -> dict[str, Any]:
        """The object `scan --json` prints for it."""
        keys = (
            "kind",
            "start",
            "stop",
            "format",
            "byte_order",
            "records",
            "evidence_bits",
            "e_value",
            "cause",
            "detail",
        )
        out: dict[str, Any] = {key: getattr(self, key) for key in keys}
        if self.address is not None:
            out["address"] = f"{self.address:#x}"  # a number would be rounded by what reads numbers as doubles
        if self.kind == "chain":
            out["first"], out["last"] = self.first, self.last
            if self.holes is not None:
                out["sequence_gaps"], out["records_lost"] = self.holes
        else:
            out["held"], out["after"], out["before"] = self.held, self.after, self.before
            if self.missing:
                out["missing"] = self.missing
        if self.oddities:
            out["odd_records"] = [
                {"offset": odd.offset, "size": odd.size, "status": odd.status, "reason": odd.reason}
                | ({"patches": [[at, b.hex(), a.hex()] for at, b, a in odd.patches]} if odd.patches else {})
                for odd in self.oddities
            ]
        return out


def tiles(extents: list[Extent], size: int) -> bool:
    """Whether the extents cover [0, size) exactly, in order, each byte once."""
    at = 0
    for extent in extents:
        if extent.start != at or extent.stop <= at:
            return False
        at = extent.stop
    return at == size


def lost(extents: Sequence[Extent]) -> int:
    """Bytes in gaps."""
    return sum(extent.size for extent in extents if extent.kind == "gap")
