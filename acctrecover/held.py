"""How many records a gap most likely held, and between which two instants they were written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.extent import Extent
from acctrecover.fixed import Fixed
from acctrecover.shape import Octets
from acctrecover.voids import ELSEWHERE, TOLD

ONE = {"header damaged", "bytes inserted", "torn record", "truncated head", "truncated tail"}
"""Causes of gaps that are what is left of one record; of bytes that were put in between two, none."""
NONE = {"foreign data", "padding"}
"""Causes of gaps that need not have held any."""
NEAR = 64
"""Records on either side whose serial numbers say how many there are of them to a record."""
LEAP = 1 << 16
"""A distance of serial numbers that says nothing."""


def held(
    extents: Sequence[Extent], dialects: dict[int, Dialect], read: Callable[[int, int], Octets], *, memory: bool = False
) -> list[Extent]:
    """The extents of an input with what each gap held: `held` records, between the instants `after` and `before`.

    Records of one size are counted by the room they take, framed ones by the mean size of those on either side. Where bytes
    are missing, whole records may be missing with them: serial numbers tell how many, in a format that has them. What has no
    bytes of its own held records only where a stream goes on behind it, nor has any gap in `memory`, which is no file of records;
    nor has one that stands between streams of others.
    """
    out = list(extents)
    fore, rear = _nearest(out), _nearest(out[::-1])[::-1]
    at = 0
    while at < len(out):
        if out[at].kind == "chain":
            at += 1
            continue
        stop = next((i for i in range(at, len(out)) if out[i].kind == "chain"), len(out))
        left, right = fore[at], rear[stop - 1]
        known = [extent for extent in (left, right) if extent is not None]
        beside = [extent for extent in (*out[at - 1 : at], *out[stop : stop + 1]) if extent in known]
        if known and beside:
            size = sum(extent.size for extent in known) / sum(extent.records for extent in known)
            dialect = dialects[known[0].start]
            more = 0
            within = left and right and (left.format, left.byte_order) == (right.format, right.byte_order)
            if left and right and within and isinstance(dialect, Fixed):
                more = _by_serials(dialect, left, right, read)
            done = room = 0.0
            for i in range(at, stop):
                extent = out[i]
                if extent.cause in ELSEWHERE or ((memory or extent.cause in TOLD) and not within):
                    continue
                room += extent.size
                count = int(np.ceil(room / size)) - int(np.ceil(done / size))
                if extent.cause in ONE:
                    count = 0 if extent.cause == "bytes inserted" and extent.size < dialect.smallest else 1
                elif extent.cause == "bytes missing":
                    count = max(1, round((extent.size + extent.missing) / size))
                if extent.cause in ("bytes missing", "torn record"):
                    count = max(count, more)
                done = room
                guess = None if extent.cause in NONE else count
                out[i] = replace(extent, held=guess, after=left.last if left else None, before=right.first if right else None)
        at = stop
    return out


def _nearest(extents: Sequence[Extent]) -> list[Extent | None]:
    """Of each extent the last chain before it whose records belong there."""
    out: list[Extent | None] = []
    last = None
    for extent in extents:
        out.append(last)
        if extent.kind == "chain" and extent.cause is None:
            last = extent
    return out


def _by_serials(dialect: Fixed, left: Extent, right: Extent, read: Callable[[int, int], Octets]) -> int:
    """Records between two chains by how far serial numbers rise from one to the other, and from record to record in both."""
    shape = dialect.shape
    if shape.record.serial is None or (left.last is not None and right.first is not None and left.last > right.first + 1):
        return 0
    count = NEAR * shape.size

    def numbers(octets: Octets) -> npt.NDArray[np.float64]:
        return np.asarray(shape.evaluate(shape.record.serial, shape.view(octets, shape.size)), np.float64)

    end = left.start + left.size // shape.size * shape.size  # without a last record that shares its end with what follows
    before = numbers(read(max(left.start, end - count), end))
    behind = numbers(read(right.start, min(right.stop, right.start + count)))
    if not len(before) or not len(behind):
        return 0
    rises = np.concatenate((np.diff(before), np.diff(behind)))
    pace, leap = float(rises.mean()) if len(rises) else 0.0, float(behind[:4].min() - before[-4:].max())
    return round(leap / pace) - 1 if pace > 0 and 0 < leap < LEAP else 0
