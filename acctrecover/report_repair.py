"""How a repair reads, of one copy or of several: what was left out and why, what was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from acctrecover.extent import lost
from acctrecover.report_rows import MOST, lost_records
from acctrecover.style import PLAIN, Style
from acctrecover.words import number, plain

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.merged import Merge
    from acctrecover.provenance import Run
    from acctrecover.repairing import Repair


def repair_text(result: Repair, out: str | None, style: Style = PLAIN) -> Iterator[str]:
    """The lines `repair` prints."""
    scan = result.scan
    wrote = "would write" if out is None else "wrote"
    to = "" if out is None else f" to {plain(out)}"
    if result.format is None:
        why = f": {scan.other.told}" if scan.other is not None else ""
        yield f"{plain(scan.name)}: no record found; {wrote} an empty stream{to}{why}"
        return
    left = []
    for extent in scan.gaps:
        why = ", ".join(filter(None, (extent.cause, lost_records(extent, style), extent.detail)))
        left.append(f"left out {extent.start:#x}..{extent.stop:#x} ({number(extent.size, 'byte')}): {why}")
    left += [f"missing at {each.at:#x}, no one knows how many bytes: {each.cause}, {each.detail}" for each in scan.breaks]
    for extent in scan.chains:
        if (extent.format, extent.byte_order) != (result.format, result.byte_order):
            left.append(
                f"left out {extent.start:#x}..{extent.stop:#x}: {number(extent.records, 'record')} of another stream, "
                f"{extent.format} {extent.byte_order}-endian"
            )
    yield from _ends(left)
    yield from _strictly(result.run)
    counts = scan.counts
    notes = [f"{counts[status]:,} {status}" for status in ("suspect", "healed") if counts[status]]
    odd = f" ({', '.join(notes)} among those found)" if notes else ""
    kind = f"{result.format} {result.byte_order}-endian"
    yield (
        f"{wrote} {number(result.kept, 'record')} of {kind}, {number(result.size, 'byte')}{to}{odd}; "
        f"{number(result.quarantined, 'byte')} and {number(result.left_out, 'record')} left out"
    )


def _strictly(run: Run) -> Iterator[str]:
    if run.unasked:
        yield "left out every suspect and healed record, as --strict does: with them the stream would not scan clean"


def merge_text(result: Merge, out: str | None) -> Iterator[str]:
    """The lines `repair` prints of several copies: what each gave, what is lost in all, what is in doubt, what was written."""
    for copy, scan in enumerate(result.scans):
        name = f"copy {copy + 1}, {plain(scan.name)}"
        if copy in result.same:
            yield f"{name}: the same bytes as copy {result.same[copy] + 1}, nothing to add"
            continue
        what = f"{scan.transfer.name}, " if scan.transfer is not None else ""
        gaps = f"{lost(scan.extents):,} of {number(scan.size, 'byte')} in {number(len(scan.gaps), 'gap')}"
        counts = [f"{count:,} {status}" for status, count in scan.counts.items() if count and status != "torn"]
        yield f"{name}: {what}records {', '.join(counts) or 'none'}; {gaps if scan.gaps else 'no gap'}; gave {result.gave[copy]:,}"
    wrote = "would write" if out is None else "wrote"
    to = "" if out is None else f" to {plain(out)}"
    if result.format is None:
        yield f"no record found in any copy; {wrote} an empty stream{to}"
        return
    yield from _doubts(result)
    yield from _strictly(result.run)
    notes = [f"{result.counts[status]:,} {status}" for status in ("suspect", "healed") if result.counts[status]]
    odd = f" ({', '.join(notes)})" if notes else ""
    kind = f"{result.format} {result.byte_order}-endian"
    yield f"{wrote} {number(result.kept, 'record')} of {kind}{odd}, {number(result.size, 'byte')}{to}: {_outcome(result)}"


def _outcome(result: Merge) -> str:
    if result.lossless:
        return "the stream is whole, nothing is lost"
    parts = [f"{number(result.left_out, 'record')} left out"] if result.left_out else []
    if result.lost:
        bytes_lost = sum(each.size for each in result.lost)
        parts.append(f"{number(bytes_lost, 'byte')} in {number(len(result.lost), 'place')} lost in every copy")
    else:
        parts.append("nothing is lost")
    parts += [number(len(result.conflicts), "conflict")] if result.conflicts else []
    parts += [f"{number(len(result.strays), 'record')} out of place"] if result.strays else []
    return ", ".join(parts)


def _doubts(result: Merge) -> Iterator[str]:
    """One line a place that is lost in every copy, or in doubt; the middle of many is left out."""
    lines = []
    for each in result.lost:
        there = [
            f"copy {copy + 1} {cause} at {start:#x}..{stop:#x}" if stop > start else f"copy {copy + 1} no byte at {start:#x}"
            for copy, start, stop, cause in each.there
        ]
        lines.append(f"lost at {each.out:#x} of the output, {number(each.size, 'byte')}: {'; '.join(there)}")
    for clash in result.conflicts:
        (copy, start, stop), (other, low, high) = clash.kept, clash.other
        lines.append(
            f"conflict: copy {copy + 1} {start:#x}..{stop:#x} is taken, copy {other + 1} {low:#x}..{high:#x} "
            "has another record there that looks as good"
        )
    lines += [f"left out: copy {copy + 1} {start:#x}..{stop:#x}, not where it belongs" for copy, start, stop in result.strays]
    yield from _ends(lines)


def _ends(lines: list[str]) -> Iterator[str]:
    """Lines without the middle of many."""
    hidden = max(0, len(lines) - MOST)
    yield from lines[: MOST // 2] if hidden else lines
    if hidden:
        yield f"  ... {number(hidden, 'more such line')}; --report FILE has them all"
        yield from lines[-(MOST // 2) :]
