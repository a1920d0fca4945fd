"""A scan of undone bytes, told by where they stand in the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.extent import Extent, Oddity
from acctrecover.undone import Offsets, Undone
from acctrecover.words import number


def cut(
    extents: list[Extent],
    records: npt.NDArray[Any],
    missing: tuple[tuple[int, int], ...],
    size: int,
    slots: Mapping[int, int],
) -> tuple[list[Extent], dict[int, int]]:
    """The extents of `size` undone bytes without the records that touch a missing range, which become gaps.

    `records` has the fields offset, size, status and evidence_bits of every record, in offset order; `slots` of each chain
    of an array, by its start, the bytes of a slot: unused ones that touch a missing range become gaps, too, so that what is
    left of the chain begins with a slot. Where no sound record of a format is left, its others prove nothing. Returned too
    is, for each chain by its start, the start of the chain it was part of.
    """
    whole = records[records["status"] != "torn"]
    starts, stops = whole["offset"], whole["offset"] + whole["size"]
    holes: list[tuple[int, int, str]] = []
    for low, high in missing:
        touched = slice(int(np.searchsorted(stops, low, "right")), int(np.searchsorted(starts, max(low, high), "left")))
        a, b = low, high
        if touched.start < touched.stop:
            a, b = min(low, int(starts[touched.start])), max(high, int(stops[touched.stop - 1]))
        a, b = _slots_around(extents, a, b, slots)
        what = f"{high - low} bytes from {low:#x} on" if high > low else f"an unknown number of bytes at {low:#x}"
        if holes and a < holes[-1][1]:
            holes[-1] = (holes[-1][0], max(b, holes[-1][1]), f"{holes[-1][2]}, {what}")
        else:
            holes.append((a, b, what))
    edges = [(0, 0, ""), *holes, (size, size, "")]
    out: list[Extent] = []
    owners: dict[int, int] = {}
    at = 0
    for (_, low, _), (high, hole_stop, what) in pairwise(edges):
        while at < len(extents) and extents[at].start < high:
            extent = extents[at]
            piece = _piece(extent, max(low, extent.start), min(high, extent.stop), whole, size, slots)
            if piece is not None:
                out.append(piece)
                if piece.kind == "chain":
                    owners[piece.start] = extent.start
            if extent.stop > high:
                break
            at += 1
        while at < len(extents) and extents[at].stop <= hole_stop:
            at += 1
        if hole_stop > high:
            out.append(Extent("gap", high, hole_stop, cause="bytes missing", detail=f"{what} are in no line that could be read"))
    proven = {(extent.format, extent.byte_order) for extent in out if extent.records > len(extent.oddities)}
    for at, extent in enumerate(out):
        if extent.kind == "chain" and (extent.format, extent.byte_order) not in proven:
            del owners[extent.start]
            what = f"{number(extent.records, 'record')} that rules contradict; what proved them is missing"
            out[at] = Extent("gap", extent.start, extent.stop, cause="foreign data", detail=what)
    return out, owners


def _slots_around(extents: list[Extent], low: int, high: int, slots: Mapping[int, int]) -> tuple[int, int]:
    """[low, high) with the rest of the slots of an array that it touches."""
    for extent in extents:
        if width := slots.get(extent.start if extent.kind == "chain" else -1):
            if extent.start < low < extent.stop:
                low -= (low - extent.start) % width
            if extent.start < high < extent.stop:
                high += (extent.start - high) % width
    return low, high


def _piece(extent: Extent, start: int, stop: int, records: npt.NDArray[Any], size: int, slots: Mapping[int, int]) -> Extent | None:
    """The part [start, stop) of an extent."""
    if start >= stop:
        return None
    if (start, stop) == (extent.start, extent.stop):
        return extent
    odd = tuple(oddity for oddity in extent.oddities if start <= oddity.offset and oddity.offset + oddity.size <= stop)
    if extent.kind == "gap":
        detail = f"{stop - start} NUL bytes" if extent.cause == "zero run" else extent.detail
        return replace(extent, start=start, stop=stop, oddities=odd, detail=detail)
    first, last = np.searchsorted(records["offset"], (start, stop))
    if first == last:
        cause, what = ("zero run", "NUL bytes of unused slots") if extent.start in slots else ("padding", "bytes between records")
        return Extent("gap", start, stop, cause=cause, detail=f"{stop - start} {what}")
    bits = float(records["evidence_bits"][first:last].sum())
    return replace(
        extent,
        start=start,
        stop=stop,
        records=int(last - first),
        evidence_bits=round(bits, 1),
        e_value=float(2.0 ** max(np.log2(max(size, 1)) - bits, -1000.0)),
        first=extent.first if start == extent.start else None,
        last=extent.last if stop == extent.stop else None,
        oddities=odd,
    )


def retraced(extents: list[Extent], undone: Undone, size: int, name: str) -> list[Extent]:
    """The same extents by offsets of the input of `size` bytes, which they tile; a chain with no cause of its own names the change.

    A border goes to where the first byte behind it begins. What stands within one byte of the input (a mark of repeated
    lines) has no extent there; the one before it tells of it. Patches of healed records keep their bytes, as undone.
    """
    edges = undone.to_input(np.array([*(extent.start for extent in extents), len(undone.data)], np.int64))
    if len(extents):
        edges[0], edges[-1] = undone.start, undone.stop
    out = [_around(0, undone.start, name)] if undone.start else []
    for extent, low, high in zip(extents, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if high > low:
            cause = extent.cause or name
            odd = tuple(_moved(oddity, undone) for oddity in extent.oddities)
            out.append(replace(extent, start=low, stop=high, cause=cause, oddities=odd))
        elif out:
            what = f"{extent.records} records" if extent.kind == "chain" else f"a gap: {extent.cause}"
            out[-1] = replace(out[-1], detail="; ".join([*filter(None, [out[-1].detail]), f"at its end {what}"]))
    if undone.stop < size:
        out.append(_around(undone.stop, size, name))
    return out


def _around(start: int, stop: int, name: str) -> Extent:
    return Extent("gap", start, stop, cause="foreign data", detail=f"{stop - start} bytes around what was {name}")


def spans(offsets: Offsets, sizes: Offsets, undone: Undone) -> tuple[Offsets, Offsets]:
    """(offsets, sizes) in the input of undone bytes, each up to where the byte behind it begins; int64, shape (n,)."""
    low, high = undone.to_input(offsets), undone.to_input(offsets + sizes)
    return low, high - low


def _moved(oddity: Oddity, undone: Undone) -> Oddity:
    """An oddity by offsets of the input."""
    places = np.array([oddity.offset, *(at for at, _, _ in oddity.patches)], np.int64)
    low, length = spans(places, np.array([oddity.size] + [0] * len(oddity.patches), np.int64), undone)
    patches = tuple((int(at), before, after) for at, (_, before, after) in zip(low[1:], oddity.patches, strict=True))
    return replace(oddity, offset=int(low[0]), size=int(length[0]), patches=patches)
