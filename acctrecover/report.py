"""How a scan reads: the table of extents, what to do next, the verdict in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from acctrecover.extent import Extent, lost
from acctrecover.report_parts import break_lines, break_objects, broken_words, spot_line, spot_object
from acctrecover.report_source import again, in_memory, source_objects, source_text, target
from acctrecover.words import number, plain, quoted, when

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.result import Scan
    from acctrecover.signs import Sign

MOST = 60
"""Rows of a table before its middle is left out."""


def extent_rows(extents: Sequence[Extent]) -> Iterator[tuple[str, str, str, str]]:
    """(where, what, from when, to when and why) for each extent."""
    for extent in extents:
        at = "" if extent.address is None else f", in memory at {extent.address:#x}"
        where = f"{extent.start:#010x} {extent.stop:#010x} {extent.size:>12,}"
        if extent.kind == "chain":
            known = f"{number(extent.records, 'record')} {extent.format} {extent.byte_order}-endian"
            what = f"{known}: {extent.cause}" if extent.cause else known
            span = f"{when(extent.first)} to {when(extent.last)}" if extent.first is not None else ""
            yield where, what + at, span, extent.detail or ""
        else:
            yield where, f"gap: {extent.cause}{at}", lost_records(extent), extent.detail or ""


def lost_records(extent: Extent) -> str:
    """How many records a gap most likely held, and when they were written; nothing where nothing tells."""
    if not extent.held:
        return ""
    words = f"likely {number(extent.held, 'record')}"
    after, before = when(extent.after), when(extent.before)
    if after and before:
        return f"{words}, at {after}" if after == before else f"{words}, between {after} and {before}"
    return f"{words}, after {after}" if after else f"{words}, before {before}" if before else words


def scan_objects(scan: Scan, signs: Sequence[Sign] | None = None) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` prints: the source, or the stream that several files make and each of them; its extents in offset
    order, where it broke, signs where they were looked for, a summary."""
    source, *files = source_objects(scan)
    if scan.transfer is not None:
        undone = scan.told is not scan
        source["transfer"] = {"name": scan.transfer.name, "undone": undone, "detail": scan.transfer.detail}
    if scan.other is not None:
        source["other"] = {"name": scan.other.name, "reader": scan.other.reader}
    yield from (source, *files)
    for extent in scan.extents:
        yield {**extent.to_json(), **spot_object(scan, extent)}
    yield from break_objects(scan)
    yield from (sign.to_json() for sign in signs or ())
    counts = {"records": scan.counts, "chains": len(scan.chains), "gaps": len(scan.gaps), "gap_bytes": lost(scan.extents)}
    counts |= {} if signs is None else {"signs": len(signs)}
    yield {"kind": "summary", "whole": scan.whole, **counts}


def scan_text(scan: Scan, *, every: bool = False, doubts: bool = True, signs: Sequence[Sign] | None = None) -> Iterator[str]:
    """The lines `scan` prints; `signs` where they were looked for."""
    from acctrecover.result import CHEAP

    yield from source_text(scan)
    if scan.transfer is not None:
        undone = "undone to find these records, offsets are the input's" if scan.told is not scan else "not undone"
        detail = f": {scan.transfer.detail}" if scan.transfer.detail else ""
        yield f"the whole input is {scan.transfer.name}; {undone}{detail}"
    rows = list(extent_rows(scan.extents))
    yield ""
    yield f"{'start':<10} {'stop':<10} {'bytes':>12}  what"
    hidden = 0 if every else max(0, len(rows) - MOST)
    for index, (where, what, span, why) in enumerate(rows):
        if hidden and MOST // 2 <= index < MOST // 2 + hidden:
            if index == MOST // 2:
                yield f"  ... {number(hidden, 'extent')} more; --all shows them"
            continue
        yield f"{where}  {what}" + (f", {span}" if span else "")
        for line in filter(None, (spot_line(scan, scan.extents[index]), why)):
            yield f"{'':36}{line}"
        odd = [oddity for oddity in scan.extents[index].oddities if oddity.status != "torn"]
        for oddity in odd[:5] if doubts else []:
            yield f"{'':36}{oddity.status} at {oddity.offset:#x}: {oddity.reason}"
        if len(odd) > 5:
            yield f"{'':36}... {number(len(odd) - 5, 'more such record')}"
    yield from break_lines(scan)
    yield ""
    yield from sign_lines(signs or ())
    if signs is None and scan.chains and scan.size > CHEAP:
        yield f"next: acctrecover scan --signs {again(scan)} looks for records cut out between others"
    yield from verdict(scan, len(signs or ()))


def sign_lines(signs: Sequence[Sign]) -> Iterator[str]:
    """What is worth a look: each place, how likely it is, and what else explains it."""
    if not signs:
        return
    yield "worth a look: what tampering can leave, and other things too"
    for sign in signs:
        yield f"{sign.start:#010x} {sign.stop:#010x} {sign.kind}: {sign.detail}"
        yield f"{'':22}{sign.likelihood}; it may be: {', '.join(sign.innocent)}"
    yield ""


def verdict(scan: Scan, signs: int = 0) -> Iterator[str]:
    """What to do next, then the line that says it all; `signs` is how many places are worth a look."""
    counts, name = scan.counts, plain(scan.name)
    look = f"; {number(signs, 'place')} worth a look" if signs else ""
    if not scan.whole and scan.chains:
        yield f"next: acctrecover repair {again(scan)} -o {quoted(f'{target(scan)}recovered')}"
    if scan.size == 0 and scan.breaks:
        yield f"{name}: damaged: nothing could be unpacked{broken_words(scan)}"
    elif scan.size == 0:
        yield f"{name}: empty, nothing to scan"
    elif scan.whole:
        kinds = ", ".join(sorted({f"{e.format} {e.byte_order}-endian" for e in scan.chains}))
        more = "; one more was being written" if scan.gaps else ""
        yield f"{name}: whole: {number(counts['intact'], 'record')} ({kinds}){missing(scan, signs)}{misplaced(scan)}{more}{look}"
    elif scan.other is not None:
        yield f"{name}: {scan.other.told.replace('FILE', quoted(scan.name))}"
    elif not scan.chains or in_memory(scan):
        found = f"{number(counts['intact'], 'record')} intact" if scan.chains else "no record of a known format"
        where = in_memory(scan) or number(sum(extent.size for extent in scan.extents), "byte")
        yield f"{name}: {found} in {where}{misplaced(scan)}{broken_words(scan)}"
    elif scan.told is not scan and scan.told.whole:
        assert scan.transfer is not None
        yield f"{name}: {scan.transfer.name}: {number(counts['intact'], 'record')} intact once that is undone{missing(scan)}"
    else:
        parts = [f"{number(counts['intact'], 'record')} intact"]
        parts += [f"{counts[status]:,} {status}" for status in ("suspect", "healed", "torn") if counts[status]]
        gaps = f"{number(lost(scan.extents), 'byte')} in {number(len(scan.gaps), 'gap')}"
        yield f"{name}: damaged: {', '.join(parts)}; {gaps}{unwritten(scan)}{misplaced(scan)}{broken_words(scan)}{look}"


def missing(scan: Scan, signs: int = 0) -> str:
    """What a whole stream says of records that are not in it; of one that shows signs, that no byte is missing."""
    return unwritten(scan) or (", no byte missing" if signs else ", nothing missing")


def unwritten(scan: Scan) -> str:
    """How many records the sequence numbers say were lost before they were written; nothing where they have no gaps."""
    gaps, records = scan.unwritten
    return f"; {number(records, 'record')} lost before writing ({number(gaps, 'sequence gap')})" if gaps else ""


def misplaced(scan: Scan) -> str:
    """How many sound records do not belong where they stand, and why; nothing where all do."""
    causes: dict[str, int] = {}
    for extent in scan.chains:
        if extent.cause and (scan.transfer is None or extent.cause != scan.transfer.name):
            causes[extent.cause] = causes.get(extent.cause, 0) + extent.records
    words = ", ".join(f"{number(count, 'record')} of {cause}" for cause, count in causes.items())
    return f"; {words.replace(' of stale records', ' stale')}" if words else ""
