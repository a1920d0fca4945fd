"""What a merge of several copies wrote, what it lost and what is in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from acctrecover.given import given
from acctrecover.repairing import undone
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
    start, stop), that are in no written record. Offsets in a copy that was undone are those of the undone bytes.
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
    strays: list[tuple[int, int, int]] = field(default_factory=list)
    aside: list[tuple[int, int, int]] = field(default_factory=list)

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

    def to_json(self) -> dict[str, Any]:
        """The object `--report` writes: as for one copy, with `inputs`, and of each piece the number of its input, from 0."""
        spot = ("input", "start", "stop")
        return {
            "kind": "repair",
            "inputs": [self._input(c, found) for c, found in enumerate(self.scans)],
            "output": {"size": self.size, "sha256": self.sha256, "format": self.format, "byte_order": self.byte_order},
            "records": {"written": self.kept, "left_out": self.left_out, **self.counts},
            "whole": self.lossless,
            "pieces": [
                {
                    "out_start": piece.out_start,
                    "out_stop": piece.out_stop,
                    "input": piece.copy,
                    "in_start": piece.in_start,
                    "in_stop": piece.in_stop,
                    "status": piece.status,
                }
                for piece in self.pieces
            ],
            "lost": [
                {
                    "out_start": lost.out,
                    "size": lost.size,
                    "inputs": [dict(zip((*spot, "cause"), there, strict=True)) for there in lost.there],
                }
                for lost in self.lost
            ],
            "conflicts": [
                {"written": dict(zip(spot, clash.kept, strict=True)), "other": dict(zip(spot, clash.other, strict=True))}
                for clash in self.conflicts
            ],
            "out_of_place": [dict(zip(spot, stray, strict=True)) for stray in self.strays],
            "quarantine": [dict(zip(spot, aside, strict=True)) for aside in self.aside],
        }

    def _input(self, copy: int, found: Scan) -> dict[str, Any]:
        odd = [oddity for extent in found.told.extents for oddity in extent.oddities]
        return {
            "path": found.name,
            **given(found),
            "same_as": self.same.get(copy),
            **({"undone": undone(found)} if found.told is not found else {}),
            "whole": found.whole,
            "records": {"gave": self.gave[copy], **found.counts},
            "patches": [
                {"offset": at, "before": before.hex(), "after": after.hex()} for o in odd for at, before, after in o.patches
            ],
            "extents": [extent.to_json() for extent in found.extents],
        }
