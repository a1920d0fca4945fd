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
Places = list[tuple[int, int]]


@cache
def head(sample: Sample) -> tuple[bytes, Places]:
    """The first records of a sample, 32 or as many more as make a whole stream of it, and where they are."""
    for count in range(RECORDS, len(sample.places) + 1):
        data = sample.data[: sum(sample.places[count - 1])]
        if scan(data, [sample.format]).whole:
            return data, sample.places[:count]
    return sample.data, sample.places


def offsets(sample: Sample) -> range:
    """Where the wounds are dealt: everywhere, or so far apart that each is at another place of its record."""
    size = len(head(sample)[0])
    return range(0, size) if EVERY else range(size // (3 * SPREAD) | 1, size, size // SPREAD | 1)


@cache
def weak(sample: Sample) -> frozenset[int]:
    """Where the records begin that prove too little to be kept between two wounds: of less evidence than RISK asks for, or valid in
    another reading of the family, as the other byte order."""
    data, places = head(sample)
    octets = np.frombuffer(data, np.uint8)
    starts, sizes = (np.array(column, np.int64) for column in zip(*places, strict=True))
    out = set(starts[sample.dialect.bits(octets, Found(starts, sizes)) < -np.log2(RISK)].tolist())
    if isinstance(sample.dialect, Fixed):
        for other in compiled(tuple(family(sample.format)), None, ()):
            if (other.name, other.order) != (sample.format, sample.order):
                out |= set(starts.tolist()) & set(other.candidates(octets).starts.tolist())
    return frozenset(out)


@cache
def entries(sample: Sample) -> list[tuple[int, int]]:
    """(start, stop) of the records that were written together: of each, where the format knows no such thing."""
    data, places = head(sample)
    declared = sample.dialect.declared
    linked = declared.entries.linked if isinstance(sample.dialect, FramedDialect) and declared.entries else frozenset()  # type: ignore[union-attr]
    out: list[tuple[int, int]] = []
    for (start, size), kind in zip(places, scan(data, [sample.format]).records["type"].tolist(), strict=True):
        out.append((out.pop()[0], start + size) if kind in linked else (start, start + size))
    return out


def allowed(sample: Sample, wound: Wound, fault: str) -> bool:
    """Whether a fault is one that follows from how little the format marks. What is lost then:

    of a weak record, the record itself, when it is the last before the wounded one or the first behind it: it stands alone in the
    gap, and chance would leave as much there. Of an entry, no record, but those of the wounded one may be called suspect.
    """
    places = head(sample)[1]
    what, _, where = fault.partition(" at ")
    touched = [(start, stop) for start, stop in entries(sample) if start <= wound.at + wound.gone and wound.at <= stop]
    beside = {now: start for start, size in places if (now := wound.moved(start, size)) is not None}
    if what.startswith("doubts"):
        mates = {now for now, start in beside.items() if any(low <= start < high for low, high in touched)}
        return len(touched) > 0 and set(map(int, where.strip("[]").split(","))) <= mates
    if what.startswith("lost"):
        order = [start for start, _ in places]
        hit = [index for index, (start, size) in enumerate(places) if wound.moved(start, size) is None] or [
            index for index, (start, _) in enumerate(places) if start >= wound.at
        ][:1]
        near = order[max(0, min(hit, default=0) - 1) : max(hit, default=0) + 2]
        return beside.get(int(where)) in weak(sample) & set(near)
    return False


def wrong(sample: Sample, at: int, formats: list[str] | None) -> Iterator[tuple[str, int, str]]:
    """(wound, offset, fault) of every wound dealt at one offset, where the scan is for these formats, or all."""
    data, places = head(sample)
    moving = isinstance(sample.dialect, Fixed) and sample.dialect.slots  # there a record's place says whose it is
    for wound in wounds(data, at):
        if not (moving and len(wound.put) != wound.gone):
            for fault in faults(wound, places, formats):
                if not allowed(sample, wound, fault):
                    yield wound.name, wound.at, fault
