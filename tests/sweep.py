"""The single-wound sweep: every kind of wound in a sample of some 32 records, and what may be in doubt or lost then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import numpy as np
from damage import Wound, faults, wounds
from samples import Sample, family

from acctrecover import scan
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.scanning import compiled
from acctrecover.stream import Found
from acctrecover.survey import RISK

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
def weak(sample: Sample, formats: tuple[str, ...]) -> dict[int, int]:
    """Where the records begin that prove too little beside a wound, and how many of them in a row do.

    They have less evidence than RISK asks of a record that stands alone, or are as valid in another format, or order, of these.
    """
    data, places = head(sample)
    octets = np.frombuffer(data, np.uint8)
    starts, sizes = (np.array(column, np.int64) for column in zip(*places, strict=True))
    bits = sample.dialect.bits(octets, Found(starts, sizes))
    asked = -np.log2(RISK)
    out = {}
    for at, size, own in zip(starts[bits < asked], sizes[bits < asked], bits[bits < asked], strict=True):
        out[int(at)] = int(np.ceil((asked + np.log2(3 * size)) / own))
    for other in compiled(formats, None, ()) if isinstance(sample.dialect, Fixed) else []:
        if (other.name, other.order) != (sample.format, sample.order):
            out |= {at: 1 for at in other.candidates(octets).starts.tolist() if at not in out}
    return out


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


def allowed(sample: Sample, wound: Wound, fault: str, formats: tuple[str, ...]) -> bool:
    """Whether a fault is one that follows from how little the format marks. No record is lost for that.

    What proves little may be called suspect before the first wound of its stream, and behind its last; and so may all that is left
    where that is too little to tell a stream from other bytes, and the records of the wounded entry. A record of little evidence
    that is read out of step may be as sound as the one it is made of.
    """
    places = head(sample)[1]
    what, _, where = fault.partition(" at ")
    beside = {now: start for start, size in places if (now := wound.moved(start, size)) is not None}
    if what.startswith("doubts"):
        touched = [(start, stop) for start, stop in entries(sample) if start <= wound.at + wound.gone and wound.at <= stop]
        mates = {now for now, start in beside.items() if any(low <= start < high for low, high in touched)}
        doubted = set(map(int, where.strip("[]").split(",")))
        near = {now for now in beside if isinstance(sample.dialect, Fixed) and now in doubted and _few(sample, now, wound, beside)}
        return doubted <= mates | near
    reach = (max(weak(sample, formats).values(), default=-1) + 1) * max(size for _, size in places)
    return what.startswith("invented") and isinstance(sample.dialect, Fixed) and abs(int(where) - wound.at) <= reach


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
                if not allowed(sample, wound, fault, formats):
                    yield wound.name, wound.at, fault
