"""The extents of what lies between two chains: its zero runs, and the rest, each with its cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acctrecover.cause import judge
from acctrecover.extent import Extent
from acctrecover.fixed import Fixed
from acctrecover.gap import ZEROS, Gap, Verdict, split_zeros
from acctrecover.source import Source
from acctrecover.stream import BLOCK
from acctrecover.survey import Chain
from acctrecover.voids import TOLD

OWN = 0.9
"""The share of the places of NUL bytes at which some record around has one, too, where they are a record's own."""
LARGEST = 1 << 22
"""Bytes of a gap that are looked at together for its cause."""


def explain(source: Source, start: int, stop: int, before: Chain | None, after: Chain | None) -> list[Extent]:
    """The gap [start, stop) between two chains, or an end of the input, as extents that tile it: its voids, and the rest."""
    out: list[Extent] = []
    at = start
    for low, high, cause in [*source.voids.within(start, stop), (stop, stop, "")]:
        if at < low:
            out += _solid(source, at, low, before if at == start else None, after if low == stop else None)
        if low < high:
            out.append(Extent("gap", low, high, cause=cause, detail=f"{high - low} bytes {TOLD[cause]}"))
        at = high
    return out


def _solid(source: Source, start: int, stop: int, before: Chain | None, after: Chain | None) -> list[Extent]:
    """The same of a gap, or a part of it, that has bytes."""
    if one := _one_record(source, start, stop, before, after):
        return [one]
    out: list[Extent] = []
    for low in range(start, stop, LARGEST):
        octets = source.read(low, min(stop, low + LARGEST))
        for a, b, zero in split_zeros(octets):
            first = low + a == source.start
            edge = b - a < ZEROS and (before is not None or (first and after is not None and after.start == low + b))
            slipped = (
                before is not None and after is not None and (before.dialect.pitch is None or (b - a) % before.dialect.pitch > 0)
            )
            cut = edge and (low + b == source.stop or first or slipped)
            if zero and before is not None and after is not None and (a, b) == (0, stop - start) and _pads(before, after):
                why = f"{b - a} NUL bytes up to the border at {stop:#x}, where the next record begins"
                here = Extent("gap", start, stop, cause="padding", detail=why)
            elif zero and not cut:
                tail = " at the end: room was made for records that were never written" if low + b == source.stop else ""
                here = Extent("gap", low + a, low + b, cause="zero run", detail=f"{b - a} NUL bytes{tail}")
            else:
                left = before if low + a == start else None
                right = after if low + b == stop else None
                gap = Gap(octets[a:b], low + a, source.stop, left, right, source.read)
                here = _judged(gap, judge(gap), left)
            last = out[-1] if out else None
            if last and last.cause == here.cause and last.stop == here.start and low > start and a == 0:
                detail = f"{here.stop - last.start} NUL bytes" if zero else last.detail
                out[-1] = replace(last, stop=here.stop, detail=detail)
            else:
                out.append(here)
    return out


def _one_record(source: Source, start: int, stop: int, before: Chain | None, after: Chain | None) -> Extent | None:
    """What is left of one record of a size, NUL bytes of its own included: its start, or its start and its end between others.

    None where such a reading does not hold, or the gap has no NUL bytes to speak of. Those of a crash stand where records have
    none.
    """
    if before is None or not isinstance(before.dialect, Fixed) or not 0 < stop - start < before.dialect.size:
        return None
    gap = Gap(source.read(start, stop), start, source.stop, before, after, source.read)
    zeros = [(low, high) for low, high, zero in split_zeros(gap.octets) if zero]
    if not zeros or zeros == [(0, stop - start)]:
        return None
    verdict = judge(gap)
    if verdict.cause in ("truncated tail", "torn record"):
        rows = np.concatenate(gap.samples)
        empty = (rows[: len(rows) // before.dialect.size * before.dialect.size].reshape(-1, before.dialect.size) == 0).any(axis=0)
        own = empty[[at for low, high in zeros for at in range(low, high)]].mean() >= OWN
        return _judged(gap, verdict, before) if own else None
    return _judged(gap, verdict, before) if verdict.cause == "bytes missing" else None


def _judged(gap: Gap, verdict: Verdict, left: Chain | None) -> Extent:
    torn = (verdict.torn,) if verdict.torn else ()
    named = left.dialect if torn and left else None
    return Extent(
        "gap",
        gap.start,
        gap.stop,
        named.name if named else None,
        named.order if named else None,
        cause=verdict.cause,
        detail=verdict.detail,
        oddities=torn,
        missing=verdict.missing,
    )


def _pads(before: Chain, after: Chain) -> bool:
    """Whether what stands between two chains can be what a writer pads a block with: too little for the next record to fit."""
    dialect, room = before.dialect, after.start - before.stop
    fits = BLOCK % dialect.pitch == 0 if dialect.pitch else False
    return dialect is after.dialect and not fits and after.start % BLOCK == 0 and 0 < room < min(BLOCK, dialect.largest)
