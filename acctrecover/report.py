"""How a scan reads: the table of extents, what to do next, the verdict in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from acctrecover.extent import Extent, lost
from acctrecover.report_parts import break_lines, break_objects, broken_words, spot_line, spot_object
from acctrecover.report_proof import proof_lines
from acctrecover.report_rows import MOST, rows
from acctrecover.report_source import Again, again, in_memory, source_objects, source_text, target
from acctrecover.report_why import explain_step, why_lines
from acctrecover.source import open_source
from acctrecover.style import PLAIN, Style
from acctrecover.words import number, plain, quoted

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.result import Scan
    from acctrecover.signs import Sign


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


def scan_text(
    scan: Scan,
    *,
    every: bool = False,
    doubts: bool = True,
    signs: Sequence[Sign] | None = None,
    style: Style = PLAIN,
    given: Again = (),
) -> Iterator[str]:
    """The lines `scan` prints; `signs` where they were looked for; `given`: options that the next command needs too.

    Raises SourceError where the input cannot be read again.
    """
    from acctrecover.result import CHEAP

    for line in (*source_text(scan), *held_text(scan, style)):
        yield from style.lines(line)
    if scan.transfer is not None:
        undone = "undone to find these records, offsets are the input's" if scan.told is not scan else "not undone"
        detail = f": {scan.transfer.detail}" if scan.transfer.detail else ""
        yield from style.lines(f"the whole input is {scan.transfer.name}; {undone}{detail}")
    yield ""
    zone = "UTC" if style.utc else "local time"
    yield style.painted(f"{'start':<10} {'stop':<10} {'bytes':>12}  what ({zone})", "head")
    table = rows(scan.extents, style, every=every)
    hidden = 0 if every else max(0, len(table) - MOST)
    with open_source(scan.evidence) as source:
        for index, row in enumerate(table):
            if hidden and MOST // 2 <= index < MOST // 2 + hidden:
                if index == MOST // 2:
                    yield f"  ... {number(hidden, 'row')} more; --all shows them"
                continue
            yield from style.lines(row.text, "" if row.sound else "gap" if row.gap else "odd", style.indent)
            if len(row.extents) > 1:
                continue
            (extent,) = row.extents
            for line in filter(None, (spot_line(scan, extent), extent.detail)):
                yield from style.lines(f"{'':{style.indent}}{line}", hang=style.indent)
            if row.gap:
                yield from proof_lines(extent, source, style)
            yield from why_lines(scan, extent, source, style) if doubts else ()
    for line in break_lines(scan):
        yield from style.lines(line, hang=style.indent)
    yield ""
    for line in sign_lines(signs or ()):
        yield from style.lines(line, hang=22 if style.wide else 4)
    if signs is None and scan.chains and scan.size > CHEAP:
        yield f"next: acctrecover scan --signs {again(scan, given)}"
        yield "      looks for records cut out between others"
    for line in list(verdict(scan, len(signs or ()), given))[:-1]:
        yield style.painted(line, "next")
    yield from last_line(scan, signs, style)


def last_line(scan: Scan, signs: Sequence[Sign] | None, style: Style) -> Iterator[str]:
    """The verdict alone, which `scan --quiet` prints."""
    *_, told = verdict(scan, len(signs or ()))
    yield from style.lines(told, "good" if scan.whole and not signs else "bad")


def held_text(scan: Scan, style: Style) -> Iterator[str]:
    """What the input holds: its formats, the C struct or manual that they are of, and the times of their records."""
    kinds: dict[tuple[str | None, str | None], list[Extent]] = {}
    for extent in scan.chains:
        kinds.setdefault((extent.format, extent.byte_order), []).append(extent)
    for (name, order), chains in sorted(kinds.items(), key=lambda kind: -sum(chain.records for chain in kind[1])):
        dialect = next((scan.told.by_extent[c.start] for c in chains if c.start in scan.told.by_extent), None)
        source = f" ({dialect.declared.source})" if dialect is not None else ""
        times = [time for chain in chains for time in (chain.first, chain.last) if time is not None]
        span = f", {style.when(min(times))} to {style.when(max(times))}" if times else ""
        yield f"holds {number(sum(chain.records for chain in chains), 'record')} of {name} {order}-endian{source}{span}"


def sign_lines(signs: Sequence[Sign]) -> Iterator[str]:
    """What is worth a look: each place, how likely it is, and what else explains it."""
    if not signs:
        return
    yield "worth a look: what tampering can leave, and other things too"
    for sign in signs:
        yield f"{sign.start:#010x} {sign.stop:#010x} {sign.kind}: {sign.detail}"
        yield f"{'':22}{sign.likelihood}; it may be: {', '.join(sign.innocent)}"
    yield ""


def verdict(scan: Scan, signs: int = 0, given: Again = ()) -> Iterator[str]:
    """What to do next, then the line that says it all; `signs` is how many places are worth a look, `given` the options of the
    scan that the next command needs too."""
    counts, name = scan.counts, plain(scan.name)
    look = f"; {number(signs, 'place')} worth a look" if signs else ""
    if not scan.whole and scan.chains:
        yield f"next: acctrecover repair {again(scan, given)} -o {quoted(f'{target(scan)}recovered')}"
        yield from explain_step(scan, given)
    elif not scan.chains and scan.size and scan.other is None:
        yield "next: acctrecover formats"
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
        gaps = f"{number(lost(scan.extents), 'byte')} in {number(len(scan.gaps), 'gap')}" if scan.gaps else "no gap"
        yield f"{name}: damaged: {', '.join(parts)}; {gaps}{unwritten(scan)}{misplaced(scan)}{broken_words(scan)}{look}"


def missing(scan: Scan, signs: int = 0) -> str:
    """What a whole stream says of records that are not in it; of one that shows signs, that no byte is missing, as of one that
    may lose records without a trace."""
    from acctrecover.schema import Framed  # loaded by now

    declared = {id(dialect): dialect.declared for dialect in scan.told.by_extent.values()}
    unseen = "".join(sorted({f"; {form.unseen}" for form in declared.values() if isinstance(form, Framed) and form.unseen}))
    return unwritten(scan) or (f", no byte missing{unseen}" if signs or unseen else ", nothing missing")


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
