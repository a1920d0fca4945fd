"""Which causes each kind of damage may be given, and what a scan says of a single wound.

A kind has one right name, or several where the same bytes come of several kinds of damage. These are the equivalences:

* A changed byte in a header is a damaged header or an overwritten record; one that was healed, or is suspect for a broken rule,
  is named by that, whatever the healing was worth (that has a column of its own).
* Zeros over less than LONG_ZEROS bytes may be a header's bytes overwritten; from there on only a zero run is right.
* Bytes that are gone from the end of a record on leave a torn record; so do bytes missing. A stream cut and put together again
  (copytruncate, a full disk) leaves what a deletion leaves.
* What was put between records is put in or foreign; what was put over them overwritten or foreign. In a stream of records of one
  size bytes put in that are a multiple of it keep the phase, as bytes put over do.
* A site's record may hold anything. The start of one and the end of another record that together are longer than it says read as
  bytes put into it.
* A wound in the first or the last record cuts the stream there, and a header damaged there is one whose start or end is lost.
* A moved block is only known by clocks that fall back, or by bytes that stand twice. Where neither shows, it cuts records and
  covers others, and is named for that. An older block whose clocks are no further before the first record than the stream is
  long, or than a minute, may be the stream's own, and is then out of order. A block of an older stream that shares its bytes with
  this one stands twice. Where a moved block begins without having cut a record, a clock that was set back does the same, and a
  scan says both.
* Of a splice either side may be called the other's stream.

What leaves no trace is not counted: a value changed within its rules, whole records that vanish between two others.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from acctrecover.damaging import Damaged, Wound

from .genuine import SIZE
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
"""What else a moved block may be called where no clock or repetition gives it away."""
MOVED = ("stale-block", "block-swap", "block-reorder", "block-duplicate", "splice")
"""Kinds that move blocks of records, or join two streams."""
SEAM = "older records before or behind it"
"""What a scan says of a clock that falls back where no record was cut."""
SITES = 0x80
"""The first type of a cookie stream that a site defines."""
LONG_ZEROS = 64
"""Zeros from which only a zero run is the right name."""
STEP = 2
"""Seconds a clock must fall back, beyond what it does in the whole stream, before a moved block has to be recognised."""
MINUTE = 60
"""Seconds before the first record of a stream that may still be its own time."""


def accepted(wound: Wound, size: int, framed: bool, told: bool) -> set[str]:
    """The right names of a single wound in a damaged stream of `size` bytes; `told`: whether clocks or a repetition show a move."""
    right = set(RIGHT[wound.kind])
    width = wound.out_stop - wound.out_start
    if wound.kind == "zero-run" and width >= LONG_ZEROS:
        right = {"zero run"}
    if right == INSERTED and not framed and width % SIZE == 0:
        right |= {"overwritten"}
    if not told and wound.kind in MOVED:
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


def times(stream: Stream) -> list[float]:
    """The clocks of a whole stream in order."""
    return [clock for start, stop in stream.records if (clock := seconds(stream, start, stop)) is not None]


def tells(wound: Wound, spots: list[Spot], texts: dict[str, Stream]) -> bool:
    """Whether whole records show that a block was moved: written twice, or with clocks that fall back."""
    if wound.kind == "block-duplicate":
        return any(wound.out_start <= spot.start and spot.stop <= wound.out_stop for spot in spots)
    places = ((texts[spot.text], *texts[spot.text].records[spot.index]) for spot in spots)
    return falls([clock for place in places if (clock := seconds(*place)) is not None]) >= falls(times(texts["input"])) + STEP


def own(wound: Wound, spots: list[Spot], texts: dict[str, Stream]) -> set[str]:
    """What else a stale block is: one that may be the stream's own by its clocks, or that stands elsewhere in it."""
    if wound.kind == "splice":
        other = times(texts["other"])
        clocks = times(texts["input"])
        return {"out-of-order block"} if min(other) >= clocks[0] - max(MINUTE, clocks[-1] - clocks[0]) else set()
    if wound.kind != "stale-block":
        return set()
    stale, clocks = texts["stale"], times(texts["input"])
    block = [stale.records[spot.index] for spot in spots if spot.text == "stale"]
    old = [clock for place in block if (clock := seconds(stale, *place)) is not None]
    more = {"out-of-order block"} if old and min(old) >= clocks[0] - max(MINUTE, clocks[-1] - clocks[0]) else set()
    originals = {texts["input"].data[a:b] for a, b in texts["input"].records}
    return more | ({"duplicate block"} if any(stale.data[a:b] in originals for a, b in block) else set())


def joined(damaged: Damaged, texts: dict[str, Stream]) -> set[str]:
    """Bytes put in, where a cut joins the start of a site's record and the end of another to more than the first one's size."""
    wound, whole = damaged.wounds[0], texts["input"]
    if whole.format != "cookie":
        return set()
    if wound.kind in MOVED:
        cut = [whole.data[a + 2] for a, b in whole.records if a < wound.in_start < b]
        return {"bytes inserted"} if cut and cut[0] >= SITES else set()
    if RIGHT[wound.kind] != MISSING:
        return set()
    parts = [
        (max(a, wound.in_start), min(b, wound.in_stop), a, b)
        for a, b in whole.records
        if a < wound.in_start < b or a < wound.in_stop < b
    ]
    if len(parts) != 2:
        return set()
    (cut, _, start, stop), (_, upto, _, end) = parts
    return {"bytes inserted"} if whole.data[start + 2] >= SITES and cut - start + end - upto > stop - start else set()


def name_cause(verdict: Verdict, found: Any, damaged: Damaged, spots: list[Spot], texts: dict[str, Stream]) -> None:
    """Count whether the scan names a single wound rightly, where the bytes can tell.

    They can where the wound leaves a gap, a healed record or a broken rule, and where a moved block gives itself away.
    """
    wound, size = damaged.wounds[0], len(damaged.data)
    low, high = scar(wound, spots, size)
    start, stop = min(low, wound.out_start), max(high, wound.out_stop, low + 1)
    first = start - 1 if wound.kind == "splice" else start
    near = [extent for extent in found.extents if extent.start < stop and extent.stop > first]
    verdict.causes = [extent.cause for extent in near if extent.cause]
    moved = wound.kind.startswith("block-") or wound.kind == "stale-block"
    told = (moved or wound.kind == "splice") and tells(wound, spots, texts)
    right = accepted(wound, size, texts["input"].format == "cookie", told) | own(wound, spots, texts)
    if not told:
        right |= joined(damaged, texts)
    cured = bool(right & OVERWRITTEN) and any(
        odd.status == "healed" and start <= odd.offset < stop for extent in near for odd in extent.oddities
    )
    if not (verdict.causes or cured or (told and moved)):
        return
    details = [extent.detail or "" for extent in near]
    named = bool(right & set(verdict.causes)) or any(name in detail for detail in details for name in right)
    seam = moved and any(SEAM in detail for detail in details)
    if named or seam or (cured and not verdict.causes):
        verdict.counts["cause right"] += 1
    else:
        verdict.fault("cause wrong", low, high)
