"""A scan of a stream that came out of compressed files which broke: what that does to the records there, and why gaps are there."""

from __future__ import annotations

from dataclasses import replace

from acctrecover.extent import Extent
from acctrecover.packed import Break
from acctrecover.result import Scan
from acctrecover.retrace import cut

PLAIN = frozenset({"zero run", "padding"})
"""Causes of gaps that a break beside them does not explain."""


def broken(found: Scan) -> Scan:
    """The same, without the records that a break goes through, which are put together of two, and with the breaks as causes.

    At a break bytes are missing, no one knows how many: a gap that touches one says so instead of how many records it held.
    """
    inner = sorted({each.at for each in found.breaks if 0 < each.at < found.size})
    extents, owners = found.extents, found.by_extent
    if any(chain.start < at < chain.stop for chain in found.chains for at in inner):
        slots = {start: dialect.smallest for start, dialect in owners.items() if dialect.slots}
        extents, origins = cut(extents, found.records, tuple((at, at) for at in inner), found.size, slots)
        owners = {start: found.by_extent[origin] for start, origin in origins.items()}
    return replace(found, extents=[_caused(extent, found.breaks) for extent in extents], by_extent=owners)


def _caused(extent: Extent, breaks: list[Break]) -> Extent:
    touching = [each for each in breaks if extent.start <= each.at <= extent.stop]
    if extent.kind == "chain" or extent.cause in PLAIN or not touching:
        return extent
    detail = "; ".join([*(each.detail for each in touching), f"{extent.cause}: {extent.detail}"])
    return replace(extent, cause=touching[0].cause, detail=detail, held=None)
