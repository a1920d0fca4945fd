"""Which causes each kind of damage may be given, and what a scan says of a single wound."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from acctrecover.damaging import Damaged, Wound

from .judge import Spot, Verdict
from .streams import Stream, seconds

OVERWRITTEN = {"overwritten", "header damaged"}
MISSING = {"bytes missing", "torn record"}
INSERTED = {"bytes inserted", "foreign data"}
RIGHT: dict[str, set[str]] = {
    "bit-flip": OVERWRITTEN,
    "byte-set": OVERWRITTEN,
    "burst": OVERWRITTEN,
    "header-flip": OVERWRITTEN,
    "zero-run": {"zero run", *OVERWRITTEN},
    "zero-block-512": {"zero run"},
    "zero-block-4096": {"zero run"},
    "ff-block": {"overwritten", "foreign data"},
    "random-block": {"overwritten", "foreign data"},
    "stale-block": {"stale records"},
    "delete": MISSING,
    "insert": INSERTED,
    "text-insert": INSERTED,
    "head-cut": {"truncated head"},
    "tail-cut": {"truncated tail"},
    "copytruncate": MISSING,
    "enospc-slip": MISSING,
    "block-duplicate": {"duplicate block"},
    "block-swap": {"out-of-order block"},
    "block-reorder": {"out-of-order block"},
    "splice": {"foreign stream", "other byte order", "stale records", "torn record"},
}
UNTOLD = {"foreign stream", "overwritten", "foreign data", *MISSING}
"""What else a moved block may be called where no clock or repetition gives it away: it cuts records and covers others."""
LONG_ZEROS = 64
"""Zeros from which only a zero run is the right name."""
STEP = 2
"""Seconds a clock must fall back, beyond what it does in the whole stream, before a moved block has to be recognised."""


def accepted(wound: Wound, size: int, framed: bool, told: bool) -> set[str]:
    """The right names of a single wound in a damaged stream of `size` bytes.

    A wound at an end also cuts the stream there, and one in the first or last header cannot be told from that. `told`: whether
    clocks or a repetition give a moved block away.
    """
    right = set(RIGHT[wound.kind])
    if wound.kind == "zero-run" and wound.out_stop - wound.out_start >= LONG_ZEROS:
        right = {"zero run"}
    if not told and wound.kind in ("stale-block", "block-swap", "block-reorder", "block-duplicate", "splice"):
        right |= UNTOLD
    ends = right & OVERWRITTEN or right == MISSING or (framed and wound.kind == "insert")
    if ends and wound.out_start < 260:
        right |= {"truncated head"}
    if ends and wound.out_stop > size - 260:
        right |= {"truncated tail"}
    return right


def scar(wound: Wound, spots: list[Spot], size: int) -> tuple[int, int]:
    """From the end of the last whole record before a wound to the start of the first one behind it."""
    low = max((spot.stop for spot in spots if spot.stop <= wound.out_start), default=0)
    high = min((spot.start for spot in spots if spot.start >= wound.out_stop), default=size)
    return low, max(low, high)


def falls(stream: list[float]) -> float:
    """The most seconds that a series of clocks falls back at once."""
    return max((a - b for a, b in pairwise(stream)), default=0.0)


def tells(wound: Wound, spots: list[Spot], texts: dict[str, Stream]) -> bool:
    """Whether whole records show that a block was moved: written twice, or with clocks that fall back."""
    if wound.kind == "block-duplicate":
        return any(wound.out_start <= spot.start and spot.stop <= wound.out_stop for spot in spots)
    whole = texts["input"]
    before = falls([clock for start, stop in whole.records if (clock := seconds(whole, start, stop)) is not None])
    places = ((texts[spot.text], *texts[spot.text].records[spot.index]) for spot in spots)
    return falls([clock for place in places if (clock := seconds(*place)) is not None]) >= before + STEP


def name_cause(verdict: Verdict, found: Any, damaged: Damaged, spots: list[Spot], texts: dict[str, Stream]) -> None:
    """Count whether the scan names a single wound rightly, where the bytes can tell.

    They can where the wound leaves a gap or a healed record, and where a moved block gives itself away; a value changed within
    its rules and whole records that vanish between two others tell nothing.
    """
    wound, size = damaged.wounds[0], len(damaged.data)
    low, high = scar(wound, spots, size)
    start, stop = min(low, wound.out_start), max(high, wound.out_stop, low + 1)
    first = start - 1 if wound.kind == "splice" else start  # either side of a seam may be called the other stream's
    near = [extent for extent in found.extents if extent.start < stop and extent.stop > first]
    verdict.causes = [extent.cause for extent in near if extent.cause]
    moved = wound.kind.startswith("block-") or wound.kind == "stale-block"
    told = (moved or wound.kind == "splice") and tells(wound, spots, texts)
    right = accepted(wound, size, texts["input"].format == "cookie", told)
    healed = any(odd.status == "healed" and start <= odd.offset < stop for extent in near for odd in extent.oddities)
    if not (verdict.causes or healed or (told and moved)):
        return
    named = bool(right & set(verdict.causes)) or any(name in (extent.detail or "") for extent in near for name in right)
    cured = healed and not verdict.causes and not verdict.counts["healed wrong"] and bool(right & OVERWRITTEN)
    if named or cured:
        verdict.counts["cause right"] += 1
    else:
        verdict.fault("cause wrong", low, high)
