"""The single-wound sweep: every kind of wound in a sample of some 32 records, and what may be in doubt or lost then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from damage import Wound, faults, wounds
from samples import Sample, family

from acctrecover import scan
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect

EVERY = os.environ.get("ACCTRECOVER_SWEEP") == "1"
RECORDS = 32
SPREAD = 4
"""Offsets of a sample that the routine run takes."""
LITTLE, MOST = 24.0, 40.0
"""Bits of a record that may be called suspect beside a wound, and of all that are on its side of it."""
Places = list[tuple[int, int]]


@cache
def head(sample: Sample) -> tuple[bytes, Places]:
    """The first records of a sample, 32 or as many more as make a whole stream of it, and where they are."""
    for count in range(RECORDS, len(sample.places) + 1):
        data = sample.data[: sum(sample.places[count - 1])]
        if scan(data, family(sample.format)).whole:
            return data, sample.places[:count]
    return sample.data, sample.places


def offsets(sample: Sample) -> range:
    """Where the wounds are dealt: everywhere, or so far apart that each is at another place of its record."""
    size = len(head(sample)[0])
    return range(0, size) if EVERY else range(size // (3 * SPREAD) | 1, size, size // SPREAD | 1)


@cache
def entries(sample: Sample) -> list[tuple[int, int]]:
    """(start, stop) of the records that were written together: of each, where the format knows no such thing."""
    data, places = head(sample)
    declared = sample.dialect.declared
    linked = declared.entries.linked if isinstance(sample.dialect, FramedDialect) and declared.entries else frozenset()  # type: ignore[union-attr]
    out: list[tuple[int, int]] = []
    for (start, size), kind in zip(places, scan(data, family(sample.format)).records["type"].tolist(), strict=True):
        out.append((out.pop()[0], start + size) if kind in linked else (start, start + size))
    return out


def allowed(sample: Sample, wound: Wound, fault: str) -> bool:
    """Whether a fault is one that follows from how little the format marks. None is invented for that, and none lost but one that
    the same bytes show as wounded: where a byte is gone, or put in, between equal ones, as where the next one begins as it ends.

    What proves little may be called suspect before the first wound of its stream, and behind its last; and so may all that is left
    where that is too little to tell a stream from other bytes, and the records of the wounded entry.
    """
    data, places = head(sample)
    what, _, where = fault.partition(" at ")
    beside = {now: start for start, size in places if (now := wound.moved(start, size)) is not None}
    if what.startswith("doubts"):
        touched = [(start, stop) for start, stop in entries(sample) if start <= wound.at + wound.gone and wound.at <= stop]
        mates = {now for now, start in beside.items() if any(low <= start < high for low, high in touched)}
        doubted = set(map(int, where.strip("[]").split(",")))
        near = {now for now in beside if isinstance(sample.dialect, Fixed) and now in doubted and _few(sample, now, wound, beside)}
        sides = [*sorted(now for now in beside if now < wound.at)[-1:], *sorted(now for now in beside if now > wound.at)[:1]]
        return doubted <= mates | near | set(sides if len(wound.put) != wound.gone else [])
    if what.startswith("lost"):
        start = beside[int(where)]
        low, high = alike(data, wound)
        return low < start + dict(places)[start] and start < high
    return False


def alike(data: bytes, wound: Wound) -> tuple[int, int]:
    """(start, stop) of the bytes of which any one might be the one that is gone, or beside which the one put in might be."""
    values = {data[wound.at : wound.at + 1] if wound.gone else wound.put}
    low, high = wound.at, wound.at + wound.gone
    if len(wound.put) + wound.gone != 1:
        return low, low
    while low and data[low - 1 : low] in values:
        low -= 1
    while high < len(data) and data[high : high + 1] in values:
        high += 1
    return low, high


def _few(sample: Sample, place: int, wound: Wound, beside: dict[int, int]) -> bool:
    """Whether a record is one of a few of little evidence between an end of the stream and its wound."""
    assert isinstance(sample.dialect, Fixed)
    side = [now for now in beside if (now < wound.at) == (place < wound.at)]
    return sample.dialect.shape.bits < LITTLE and len(side) * sample.dialect.shape.bits < MOST


def wrong(sample: Sample, at: int, *formats: str) -> Iterator[tuple[str, int, str]]:
    """(wound, offset, fault) of every wound dealt at one offset, where the scan is for these formats, or all."""
    data, places = head(sample)
    moving = isinstance(sample.dialect, Fixed) and sample.dialect.slots  # there a record's place says whose it is
    for wound in wounds(data, at):
        if not (moving and len(wound.put) != wound.gone):
            for fault in faults(wound, places, list(formats) or None):
                if not allowed(sample, wound, fault):
                    yield wound.name, wound.at, fault
