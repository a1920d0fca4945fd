"""What tampering leaves in a stream, and other things too: places worth a look, how likely each is, what else explains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from acctrecover.fixed import Fixed
from acctrecover.history import STEP
from acctrecover.lull import lulls
from acctrecover.result import CHEAP, RECORD, Scan
from acctrecover.skipped import skips
from acctrecover.source import open_source
from acctrecover.trail import Trail, trails
from acctrecover.words import number, when

RARE = 0.05
"""How many such places an untouched stream may be expected to have for one to be worth a look."""
ORDERLY = 50
"""Of so many records one at most may fall back where clocks are to tell anything."""
SECTOR = 512
"""Bytes that a disk writes at once: what it loses ends at a multiple."""
RESTART = 250
"""How far serial numbers fall at least when a machine boots again."""
MOST = 8
"""Places of one kind told one by one; the last says how many more there are."""
SKIPPED = "skipped numbers"
PAUSE = "hole in time"
FALL = "clock runs back"
UNBORN = "ends before it begins"
TWICE = "same record twice"
BLANK = "blanked records"
INNOCENT = {
    SKIPPED: (
        "programs with many threads",
        "processes that still run, as services, or kernel threads",
        "a burst of forks",
        "writing was switched off and on, or the disk was full",
    ),
    PAUSE: ("nobody was there, as on a night", "the machine slept or was off", "the clock was set ahead", "writing was off"),
    FALL: ("the clock was set back", "a reboot with a wrong clock", "files put together in another order"),
    UNBORN: ("the clock was set back while it ran",),
    TWICE: ("a file that was copied together from two which share records", "a block written twice"),
    BLANK: ("a crash, where what follows is of a new boot", "a write that failed and left room"),
}
"""What else leaves each kind of sign."""


@dataclass(frozen=True)
class Sign:
    """A place [start, stop) of an input, in bytes, that is worth a look: its `kind`, one of INNOCENT, and what is seen there.

    `records` are how many records seem to be missing or altered, None where nothing tells. `expected` is how many such
    places an untouched stream of the pace around has on average, None where no pace has any: then it is one of the
    `innocent` explanations, or tampering.
    """

    kind: str
    start: int
    stop: int
    format: str
    byte_order: str
    detail: str
    records: int | None = None
    expected: float | None = None

    @property
    def innocent(self) -> tuple[str, ...]:
        return INNOCENT[self.kind]

    @property
    def likelihood(self) -> str:
        """How often an untouched stream shows such a place, in words."""
        if self.expected is None:
            return "no pace of an untouched stream explains it"
        times = f"{self.expected:.2g}" if self.expected >= 1e-9 else "less than 1e-9"
        return f"an untouched stream of this pace has {times} such places"

    def to_json(self) -> dict[str, Any]:
        """The object `scan --json` prints for it."""
        out: dict[str, Any] = {"kind": "sign", "sign": self.kind}
        for key in ("start", "stop", "format", "byte_order", "detail", "records", "expected", "likelihood"):
            out[key] = getattr(self, key)
        return {**out, "innocent": list(self.innocent)}


def signs(scan: Scan, *, utc: bool = True) -> list[Sign]:
    """The places of a scan's input that are worth a look, in offset order. Raises SourceError where it cannot be read again.

    Times in their details are UTC, or local ones.
    """
    found = [*_blanks(scan.told), *_copies(scan.told)]
    for trail in trails(scan):
        for of_kind in (_skips(trail), _lulls(trail, utc), _falls(trail, utc), _unborn(trail, utc), _twins(trail)):
            each = list(of_kind)
            if len(each) > MOST:
                left = f"{each[MOST - 1].detail}; {number(len(each) - MOST, 'more such place')}"
                each[MOST - 1 :] = [replace(each[MOST - 1], detail=left)]
            found += each
    return sorted((_placed(scan, sign) for sign in found), key=lambda sign: (sign.start, sign.kind))


def looked(scan: Scan, asked: bool | None, *, utc: bool = True) -> list[Sign] | None:
    """The signs of a scan where they are asked for, or, unless they are not, where they cost little; else None."""
    return signs(scan, utc=utc) if asked or (asked is None and scan.size <= CHEAP) else None


def _placed(scan: Scan, sign: Sign) -> Sign:
    """A sign by offsets of the input, where those are not what its records were found in."""
    rows = np.zeros(2, RECORD)
    rows["offset"], rows["size"] = (sign.start, max(sign.start, sign.stop - 1)), 1
    start, last = scan.placed(rows)["offset"].tolist()
    return replace(sign, start=start, stop=last + 1)


def _sign(trail: Trail, kind: str, after: int, before: int, detail: str, **told: Any) -> Sign:
    stop = int(trail.offsets[before] + trail.sizes[before])
    return Sign(kind, int(trail.offsets[after]), stop, trail.dialect.name, trail.dialect.order, detail, **told)


def _skips(trail: Trail) -> Iterator[Sign]:
    for skip in skips(trail, RARE):
        detail = f"no record has {skip.count:,} of the numbers between {skip.low} and {skip.high} ({trail.dialect.serial})"
        yield _sign(trail, SKIPPED, skip.after, skip.before, detail, records=skip.count, expected=skip.expected)


def _lulls(trail: Trail, utc: bool) -> Iterator[Sign]:
    for lull in lulls(trail, RARE):
        began, ended = (when(float(trail.clocks[at]), utc=utc) for at in (lull.after, lull.before))
        yield _sign(trail, PAUSE, lull.after, lull.before, f"nothing between {began} and {ended}", expected=lull.expected)


def _falls(trail: Trail, utc: bool) -> Iterator[Sign]:
    timed = np.flatnonzero(np.isfinite(trail.clocks))
    steps = np.diff(trail.clocks[timed])
    fallen = np.flatnonzero(steps <= -STEP)
    if len(fallen) * ORDERLY > len(timed) + ORDERLY:
        return
    for at in fallen.tolist():
        after, before = int(timed[at]), int(timed[at + 1])
        if not ((trail.breaks > after) & (trail.breaks <= before)).any():
            yield _sign(trail, FALL, after, before, f"by {-steps[at]:,.0f} s, from {when(float(trail.clocks[after]), utc=utc)}")


def _unborn(trail: Trail, utc: bool) -> Iterator[Sign]:
    for at in np.flatnonzero(trail.began > trail.clocks + 1).tolist():
        seconds = trail.began[at] - trail.clocks[at]
        yield _sign(trail, UNBORN, at, at, f"by {seconds:,.0f} s, at {when(float(trail.clocks[at]), utc=utc)}", records=1)


def _twins(trail: Trail) -> Iterator[Sign]:
    """Runs of records that are the same as others before them."""
    order = np.argsort(trail.prints, kind="stable")
    same = (np.diff(trail.prints[order]) == 0) & (trail.prints[order[1:]] != 0)
    pairs = np.stack((order[:-1][same], order[1:][same]), axis=1)
    pairs = pairs[np.argsort(pairs[:, 1])]
    begins = np.flatnonzero((np.diff(pairs, axis=0, prepend=-2) != 1).any(axis=1))
    for low, high in pairwise([*begins.tolist(), len(pairs)]):
        (first, after), count = pairs[low].tolist(), high - low
        what = "the same record stands" if count == 1 else f"the same {count:,} records stand"
        yield _sign(trail, TWICE, after, after + count - 1, f"{what} at {int(trail.offsets[first]):#x}", records=count)


def _copies(scan: Scan) -> Iterator[Sign]:
    for extent in scan.chains:
        if extent.cause == "duplicate block":
            told = (extent.format or "", extent.byte_order or "", extent.detail or "")
            yield Sign(TWICE, extent.start, extent.stop, *told, records=extent.records)


def _blanks(scan: Scan) -> Iterator[Sign]:
    """NUL bytes in place of whole records that are no disk's blocks, in a stream that goes on behind them."""
    for before, gap, behind in zip(scan.extents, scan.extents[1:], scan.extents[2:], strict=False):
        dialect = scan.by_extent.get(before.start)
        if gap.cause != "zero run" or not isinstance(dialect, Fixed) or scan.by_extent.get(behind.start) is not dialect:
            continue
        blocks = gap.size >= SECTOR and gap.stop % SECTOR == 0
        if dialect.slots or blocks or gap.size % dialect.size or _new_boot(scan, dialect, before.stop - dialect.size, behind.start):
            continue
        count = gap.size // dialect.size
        detail = f"{number(count, 'record')} of NUL bytes between records of one history"
        yield Sign(BLANK, gap.start, gap.stop, dialect.name, dialect.order, detail, records=count)


def _new_boot(scan: Scan, dialect: Fixed, last: int, first: int) -> bool:
    """Whether serial numbers start over from one record to another, by their offsets."""
    shape = dialect.shape
    if shape.record.serial is None:
        return False
    with open_source(scan.evidence) as source:
        octets = b"".join(source.read(at, at + dialect.size) for at in (last, first))
    numbers = np.asarray(shape.evaluate(shape.record.serial, np.frombuffer(octets, shape.dtype)), np.int64)
    return bool(numbers[1] < numbers[0] - RESTART)
