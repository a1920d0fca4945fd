"""Which causes each kind of damage may be given, and what a scan says of a single wound."""

from __future__ import annotations

from typing import Any

from acctrecover.damaging import Damaged, Wound

from .judge import Spot, Verdict

OVERWRITTEN = {"overwritten", "header damaged"}
MOVED = {"out-of-order block"}
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
    "stale-block": {"stale records", "foreign stream", "overwritten"},
    "delete": {"bytes missing", "torn record"},
    "insert": {"bytes inserted", "foreign data"},
    "text-insert": {"bytes inserted", "foreign data"},
    "head-cut": {"truncated head"},
    "tail-cut": {"truncated tail"},
    "copytruncate": {"bytes missing", "torn record"},
    "enospc-slip": {"torn record", "bytes missing"},
    "block-duplicate": {"duplicate block"},
    "block-swap": MOVED,
    "block-reorder": MOVED,
    "splice": {"foreign stream", "other byte order", "stale records", "torn record"},
}
LONG_ZEROS = 64
"""Zeros from which only a zero run is the right name."""


def accepted(wound: Wound, size: int) -> set[str]:
    """The right names of a single wound in a damaged stream of `size` bytes: a wound at an end also cuts it."""
    right = set(RIGHT[wound.kind])
    if wound.kind == "zero-run" and wound.out_stop - wound.out_start >= LONG_ZEROS:
        right = {"zero run"}
    if wound.kind in ("delete", "copytruncate", "enospc-slip"):
        right |= {"truncated head"} if wound.out_start == 0 else set()
        right |= {"truncated tail"} if wound.out_stop == size else set()
    return right


def scar(wound: Wound, spots: list[Spot], size: int) -> tuple[int, int]:
    """From the end of the last whole record before a wound to the start of the first one behind it."""
    low = max((spot.stop for spot in spots if spot.stop <= wound.out_start), default=0)
    high = min((spot.start for spot in spots if spot.start >= wound.out_stop), default=size)
    return low, max(low, high)


def name_cause(verdict: Verdict, found: Any, damaged: Damaged, spots: list[Spot]) -> None:
    """Count whether the scan names a single wound rightly, where the bytes can tell.

    They can where the wound leaves a gap, a healed record or a cause told of a chain; a value changed within its rules and whole
    records that vanish between two others tell nothing. A block written twice with a whole record in it always tells.
    """
    wound, size = damaged.wounds[0], len(damaged.data)
    low, high = scar(wound, spots, size)
    near = [extent for extent in found.extents if extent.start < max(high, low + 1) and extent.stop > low]
    verdict.causes = [extent.cause for extent in near if extent.cause]
    right = accepted(wound, size)
    healed = any(odd.status == "healed" and low <= odd.offset < high for extent in near for odd in extent.oddities)
    doubled = wound.kind == "block-duplicate" and any(wound.out_start <= s.start and s.stop <= wound.out_stop for s in spots)
    if not (verdict.causes or healed or doubled):
        return
    named = bool(right & set(verdict.causes)) or any(name in (extent.detail or "") for extent in near for name in right)
    cured = healed and not verdict.causes and not verdict.counts["healed wrong"] and bool(right & OVERWRITTEN)
    if named or cured:
        verdict.counts["cause right"] += 1
    else:
        verdict.fault("cause wrong", low, high)
