"""What a merge of several copies wrote, what it lost and what is in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from acctrecover.provenance import Run, Span, account, left, spans, told_input
from acctrecover.result import Scan


@dataclass(frozen=True)
class Piece:
    """Output bytes [out_start, out_stop), which are those of copy `copy` (counted from 0) from `in_start` on."""

    out_start: int
    out_stop: int
    copy: int
    in_start: int
    in_stop: int
    status: str
    records: int


@dataclass(frozen=True)
class Shared:
    """Records of copy `copy`, bytes [start, stop), that stand in the output from `out_start` on, whichever copy they are from."""

    copy: int
    start: int
    stop: int
    out_start: int


@dataclass(frozen=True)
class Lost:
    """Bytes that no copy has as whole records: at least `size` of them, before the output's byte `out`; and what each copy has
    there, as (copy, start, stop, cause)."""

    out: int
    size: int
    there: tuple[tuple[int, int, int, str], ...]


@dataclass(frozen=True)
class Clash:
    """Records for one place, both of the same standing: the one written, as (copy, start, stop), and the one that was not."""

    kept: tuple[int, int, int]
    other: tuple[int, int, int]


@dataclass
class Merge:
    """What a merge wrote, or would write, of `scans`, one a copy.

    `same` names for a copy the earlier one whose bytes it has, so that it counts for nothing; `gave` counts the records
    taken from each copy, `counts` those written by status; `left_out` records were found and not written, and `strays` (copy,
    start, stop) stand in places that another copy shows to be none of theirs; `aside` are the bytes of each copy, as (copy,
    start, stop), that are in no written record; `shared` are those that are, of a copy that gave them or of another. Offsets
    in a copy that was undone are those of the undone bytes.
    """

    scans: list[Scan]
    format: str | None = None
    byte_order: str | None = None
    same: dict[int, int] = field(default_factory=dict)
    gave: list[int] = field(default_factory=list)
    kept: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    size: int = 0
    sha256: str = ""
    pieces: list[Piece] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    strays: list[Span] = field(default_factory=list)
    aside: list[Span] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    quarantine_sha256: str = ""
    run: Run = field(default_factory=Run)

    @property
    def lossless(self) -> bool:
        """Whether the copies together make up the whole stream, without a doubt."""
        doubtful = self.counts.get("suspect", 0) + self.counts.get("healed", 0)
        ends = all(any(each.at == found.size for each in found.breaks) for found in self.scans)  # no copy shows where it ends
        changed = any(self.gave[c] and found.transfer is not None for c, found in enumerate(self.scans))
        return bool(self.kept) and not (self.lost or self.conflicts or self.strays or self.left_out or doubtful or changed or ends)

    @property
    def quarantined(self) -> int:
        """Bytes of all copies that are in no written record."""
        return sum(stop - start for _, start, stop in self.aside)

    def _repr_html_(self) -> str:
        from acctrecover.notebook import table

        told = f"{self.kept:,} records of {self.format} {self.byte_order}-endian" if self.format else "no record"
        rows = [(scan.name, scan.size, len(scan.gaps), gave) for scan, gave in zip(self.scans, self.gave, strict=True)]
        doubts = f"{len(self.lost):,} places lost in every copy, {len(self.conflicts):,} conflicts"
        return table(f"{told}, {self.size:,} bytes; {doubts}", ("copy", "size", "gaps", "records it gave"), rows)

    def to_json(self) -> dict[str, Any]:
        """The object `--report` writes; `acctrecover verify` checks it against copies and outputs."""
        statuses = {status: self.counts.get(status, 0) for status in ("intact", "suspect", "healed")}
        sizes = [None if c in self.same else found.told.size for c, found in enumerate(self.scans)]
        of_pieces = [(piece.copy, piece.in_start, piece.in_stop) for piece in self.pieces]
        of_shared = [(part.copy, part.start, part.stop) for part in self.shared]
        return account(
            self.run,
            [told_input(found, self.gave[c], self.same.get(c)) for c, found in enumerate(self.scans)],
            output={"size": self.size, "sha256": self.sha256, "format": self.format, "byte_order": self.byte_order},
            records={"written": self.kept, "left_out": self.left_out, **statuses},
            whole=self.lossless,
            pieces=[
                {
                    "out_start": piece.out_start,
                    "out_stop": piece.out_stop,
                    "input": piece.copy,
                    "in_start": piece.in_start,
                    "in_stop": piece.in_stop,
                    "status": piece.status,
                    "records": piece.records,
                }
                for piece in self.pieces
            ],
            shared=[
                {"input": part.copy, "start": part.start, "stop": part.stop, "out_start": part.out_start} for part in self.shared
            ],
            lost=[
                {
                    "out_start": lost.out,
                    "size": lost.size,
                    "inputs": [dict(zip(("input", "start", "stop", "cause"), there, strict=True)) for there in lost.there],
                }
                for lost in self.lost
            ],
            conflicts=[{"written": spans([clash.kept])[0], "other": spans([clash.other])[0]} for clash in self.conflicts],
            out_of_place=spans(self.strays),
            quarantine={"size": self.quarantined, "sha256": self.quarantine_sha256, "parts": spans(self.aside)},
            dropped=spans(left(sizes, self.aside, of_pieces, of_shared)),
        )
