"""How extents read: a row each, or a row for a stretch of like ones where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acctrecover.extent import Extent
from acctrecover.style import PLAIN, Style
from acctrecover.words import number

MOST = 60
"""Rows of a table before like extents are merged, and then before its middle is left out."""
ALIKE = 4
"""Extents in turns, chain and gap, that make one row where rows are many."""


@dataclass(frozen=True)
class Row:
    """A row of the table, and the extents that it tells of: one, or a stretch."""

    text: str
    extents: tuple[Extent, ...]

    @property
    def gap(self) -> bool:
        return self.extents[0].kind == "gap"

    @property
    def sound(self) -> bool:
        """Whether it is a chain that belongs where it stands."""
        return len(self.extents) == 1 and not self.gap and not self.extents[0].cause


def rows(extents: Sequence[Extent], style: Style = PLAIN, *, every: bool = True) -> list[Row]:
    """The rows of a table of extents, in offset order; unless `every` is wanted, at most so many that merging brings down."""
    if every or len(extents) <= MOST:
        return [Row(_one(extent, style), (extent,)) for extent in extents]
    out: list[Row] = []
    for stretch in _stretches(extents):
        if len(stretch) >= ALIKE:
            out.append(Row(_many(stretch, style), tuple(stretch)))
        else:
            out += [Row(_one(extent, style), (extent,)) for extent in stretch]
    return out


def _stretches(extents: Sequence[Extent]) -> Iterator[list[Extent]]:
    """The longest runs of extents, from the left, in which all chains are alike and all gaps are."""
    run: list[Extent] = []
    kinds: dict[str, tuple[str | None, ...]] = {}
    for extent in extents:
        like = (extent.format, extent.byte_order, extent.cause) if extent.kind == "chain" else (extent.cause,)
        if kinds.get(extent.kind, like) != like:
            yield run
            run, kinds = [], {}
        kinds[extent.kind] = like
        run.append(extent)
    yield run


def _one(extent: Extent, style: Style) -> str:
    at = "" if extent.address is None else f", in memory at {extent.address:#x}"
    if extent.kind == "chain":
        what = _chains([extent])
        span = _span([extent], style)
    else:
        what, span = f"gap: {extent.cause}", lost_records(extent, style)
    return f"{_where(extent.start, extent.stop)}  {what}{at}" + (f", {span}" if span else "")


def _many(stretch: Sequence[Extent], style: Style) -> str:
    chains = [extent for extent in stretch if extent.kind == "chain"]
    gaps = [extent for extent in stretch if extent.kind == "gap"]
    parts = [f"{_chains(chains)} in {number(len(chains), 'chain')}", _span(chains, style)] if chains else []
    if gaps:
        held = sum(gap.held or 0 for gap in gaps)
        parts.append(f"{number(len(gaps), 'gap')} ({gaps[0].cause}) of {number(sum(gap.size for gap in gaps), 'byte')}")
        parts.append(f"likely {number(held, 'record')}" if held else "")
    odd = [oddity.status for extent in stretch for oddity in extent.oddities]
    parts += [f"{odd.count(status):,} {status}" for status in ("suspect", "healed", "torn") if status in odd]
    return f"{_where(stretch[0].start, stretch[-1].stop)}  {', '.join(filter(None, parts))}"


def _where(start: int, stop: int) -> str:
    return f"{start:#010x} {stop:#010x} {stop - start:>12,}"


def _chains(chains: Sequence[Extent]) -> str:
    first = chains[0]
    known = f"{number(sum(chain.records for chain in chains), 'record')} {first.format} {first.byte_order}-endian"
    return f"{known}: {first.cause}" if first.cause else known


def _span(chains: Sequence[Extent], style: Style) -> str:
    times = [time for chain in chains for time in (chain.first, chain.last) if time is not None]
    if not times:
        return ""
    first, last = style.when(times[0]), style.when(times[-1])
    return f"{first} to {last}"


def lost_records(extent: Extent, style: Style = PLAIN) -> str:
    """How many records a gap most likely held, and when they were written; nothing where nothing tells."""
    if not extent.held:
        return ""
    words = f"likely {number(extent.held, 'record')}"
    after, before = style.when(extent.after), style.when(extent.before)
    if after and before:
        return f"{words}, at {after}" if after == before else f"{words}, between {after} and {before}"
    return f"{words}, after {after}" if after else f"{words}, before {before}" if before else words
