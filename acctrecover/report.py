"""How results read: tables of extents, the verdict in one line, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from acctrecover.extent import Extent, lost

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.cookies import CookieStats
    from acctrecover.damaging import Damaged
    from acctrecover.dialect import Dialect
    from acctrecover.explaining import Explanation
    from acctrecover.merged import Merge
    from acctrecover.repairing import Repair
    from acctrecover.result import Scan

MOST = 60
"""Rows of a table before its middle is left out."""
ENDIAN = {
    ("little", "big"): "little-endian as declared and big-endian",
    ("little",): "little-endian only",
    ("big",): "big-endian only, numbers declared as little-endian",
}
LONG = 64
"""Characters of a field's text before its end is left out."""


def when(seconds: float | None, *, utc: bool = False) -> str:
    """A clock reading in local time, or in UTC."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC if utc else None).strftime("%Y-%m-%d %H:%M:%S") + (" UTC" if utc else "")
    except (ValueError, OverflowError, OSError):
        return f"@{seconds:.0f}"


def plain(name: str) -> str:
    """A file name that cannot disturb a terminal."""
    return name if name.isprintable() else repr(name)


def number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def extent_rows(extents: Sequence[Extent]) -> Iterator[tuple[str, str, str, str]]:
    """(where, what, from when, to when and why) for each extent."""
    for extent in extents:
        where = f"{extent.start:#010x} {extent.stop:#010x} {extent.size:>12,}"
        if extent.kind == "chain":
            known = f"{number(extent.records, 'record')} {extent.format} {extent.byte_order}-endian"
            what = f"{known}: {extent.cause}" if extent.cause else known
            span = f"{when(extent.first)} to {when(extent.last)}" if extent.first is not None else ""
            yield where, what, span, extent.detail or ""
        else:
            yield where, f"gap: {extent.cause}", lost_records(extent), extent.detail or ""


def lost_records(extent: Extent) -> str:
    """How many records a gap most likely held, and when they were written; nothing where nothing tells."""
    if not extent.held:
        return ""
    words = f"likely {number(extent.held, 'record')}"
    after, before = when(extent.after), when(extent.before)
    if after and before:
        return f"{words}, at {after}" if after == before else f"{words}, between {after} and {before}"
    return f"{words}, after {after}" if after else f"{words}, before {before}" if before else words


def scan_objects(scan: Scan) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` prints: the source, its extents in offset order, a summary."""
    source: dict[str, Any] = {"kind": "source", "path": scan.name, "size": scan.size, "sha256": scan.sha256}
    if scan.transfer is not None:
        undone = scan.told is not scan
        source["transfer"] = {"name": scan.transfer.name, "undone": undone, "detail": scan.transfer.detail}
    if scan.other is not None:
        source["other"] = {"name": scan.other.name, "reader": scan.other.reader}
    yield source
    for extent in scan.extents:
        yield extent.to_json()
    counts = {"records": scan.counts, "chains": len(scan.chains), "gaps": len(scan.gaps), "gap_bytes": lost(scan.extents)}
    yield {"kind": "summary", "whole": scan.whole, **counts}


def scan_text(scan: Scan, *, every: bool = False, doubts: bool = True) -> Iterator[str]:
    """The lines `scan` prints."""
    yield f"{plain(scan.name)}: {number(scan.size, 'byte')}, SHA-256 {scan.sha256}"
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
        if why:
            yield f"{'':36}{why}"
        odd = [oddity for oddity in scan.extents[index].oddities if oddity.status != "torn"]
        for oddity in odd[:5] if doubts else []:
            yield f"{'':36}{oddity.status} at {oddity.offset:#x}: {oddity.reason}"
        if len(odd) > 5:
            yield f"{'':36}... {number(len(odd) - 5, 'more such record')}"
    yield ""
    yield from verdict(scan)


def verdict(scan: Scan) -> Iterator[str]:
    """What to do next, then the line that says it all."""
    counts, name = scan.counts, plain(scan.name)
    if not scan.whole and scan.chains:
        target = "recovered" if scan.name in ("-", "<bytes>") else f"{scan.name}.recovered"
        yield f"next: acctrecover repair {shlex.quote(scan.name)} -o {shlex.quote(target)}"
    if scan.size == 0:
        yield f"{name}: empty, nothing to scan"
    elif scan.whole:
        kinds = ", ".join(sorted({f"{e.format} {e.byte_order}-endian" for e in scan.chains}))
        more = "; one more was being written" if scan.gaps else ""
        yield f"{name}: whole: {number(counts['intact'], 'record')} ({kinds}), nothing missing{misplaced(scan)}{more}"
    elif scan.other is not None:
        yield f"{name}: {scan.other.told.replace('FILE', shlex.quote(name))}"
    elif not scan.chains:
        yield f"{name}: no record of a known format in {number(scan.size, 'byte')}"
    elif scan.told is not scan and scan.told.whole:
        assert scan.transfer is not None
        yield f"{name}: {scan.transfer.name}: {number(counts['intact'], 'record')} intact once that is undone, nothing missing"
    else:
        parts = [f"{number(counts['intact'], 'record')} intact"]
        parts += [f"{counts[status]:,} {status}" for status in ("suspect", "healed", "torn") if counts[status]]
        gaps = f"{number(lost(scan.extents), 'byte')} in {number(len(scan.gaps), 'gap')}"
        yield f"{name}: damaged: {', '.join(parts)}; {gaps}{misplaced(scan)}"


def misplaced(scan: Scan) -> str:
    """How many sound records do not belong where they stand, and why; nothing where all do."""
    causes: dict[str, int] = {}
    for extent in scan.chains:
        if extent.cause and (scan.transfer is None or extent.cause != scan.transfer.name):
            causes[extent.cause] = causes.get(extent.cause, 0) + extent.records
    words = ", ".join(f"{number(count, 'record')} of {cause}" for cause, count in causes.items())
    return f"; {words.replace(' of stale records', ' stale')}" if words else ""


def repair_text(result: Repair, out: str | None) -> Iterator[str]:
    """The lines `repair` prints."""
    scan = result.scan
    wrote = "would write" if out is None else "wrote"
    to = "" if out is None else f" to {plain(out)}"
    if result.format is None:
        why = f": {scan.other.told}" if scan.other is not None else ""
        yield f"{plain(scan.name)}: no record found; {wrote} an empty stream{to}{why}"
        return
    for extent in scan.gaps:
        why = ", ".join(filter(None, (extent.cause, lost_records(extent), extent.detail)))
        yield f"left out {extent.start:#x}..{extent.stop:#x} ({number(extent.size, 'byte')}): {why}"
    for extent in scan.chains:
        if (extent.format, extent.byte_order) != (result.format, result.byte_order):
            yield (
                f"left out {extent.start:#x}..{extent.stop:#x}: {number(extent.records, 'record')} of another stream, "
                f"{extent.format} {extent.byte_order}-endian"
            )
    counts = scan.counts
    notes = [f"{counts[status]:,} {status}" for status in ("suspect", "healed") if counts[status]]
    odd = f" ({', '.join(notes)} among those found)" if notes else ""
    kind = f"{result.format} {result.byte_order}-endian"
    yield (
        f"{wrote} {number(result.kept, 'record')} of {kind}, {number(result.size, 'byte')}{to}{odd}; "
        f"{number(result.quarantined, 'byte')} and {number(result.left_out, 'record')} left out"
    )


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
    hidden = max(0, len(lines) - MOST)
    yield from lines[: MOST // 2] if hidden else lines
    if hidden:
        yield f"  ... {number(hidden, 'more such line')}; --report FILE has them all"
        yield from lines[-(MOST // 2) :]


def seen(count: int) -> str:
    return "never seen" if not count else "seen once" if count == 1 else f"seen {count:,} times"


def rate(value: float) -> str:
    """A rate in three significant digits, large ones whole."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def stats_text(stats: CookieStats, top: int) -> Iterator[str]:
    """The lines `cookie-stats` prints. Of words equally rare either all are listed or how many they are."""
    from acctrecover.cookies import GIB, swap

    where = "even offsets" if stats.align == 2 else "every byte offset"
    of = number(stats.bytes, "byte") + (f" in {stats.inputs:,} inputs" if stats.inputs > 1 else "")
    yield f"{number(stats.words, 'word')} at {where} of {of}, {stats.order}-endian"
    if not stats.words:
        yield "nothing to rank or nominate"
        return
    yield ""
    yield f"{'word':<16}{'count':>14}{'rank':>8}  false cookies to expect in a GiB"

    def line(name: str, word: int, note: str = "") -> str:
        count = int(stats.counts[word])
        likely = f"{rate(stats.false_per_gib(word))}, " if count else ""
        text = f"{name:<16}{count:>14,}{stats.rank(word):>8}  {likely}at most {rate(stats.false_per_gib_bound(word))} (95 %)"
        return text + (f"  {note}" if note else "")

    ranked = stats.rarest(top)
    rarest, last = ranked[0][1], ranked[-1][1]
    more = stats.ties(ranked[-1][0]) - [count for _, count in ranked].count(last)
    if more and last == rarest:
        yield line(f"{stats.ties(ranked[0][0]):,} words", ranked[0][0], "too many to list")
    else:
        for word, _ in ranked:
            yield line(f"0x{word:04X}", word)
        if more:
            yield f"... and {number(more, 'more word')} {seen(last)}"
    yield ""
    yield line(f"0x{stats.cookie:04X}", stats.cookie, "the cookie")
    yield line(f"0x{swap(stats.cookie):04X}", swap(stats.cookie), "the cookie, bytes swapped")
    yield ""
    best = stats.nominee
    count, ties = int(stats.counts[best]), stats.ties(best)
    longer = (stats.false_per_gib_bound(best) / GIB) ** 2 * GIB
    yield f"a 4-byte cookie of two words as rare: at most {rate(longer)} in a GiB (95 %), if the two are independent"
    if ties > 1 and not count:
        too = f", the cookie 0x{stats.cookie:04X} among them" if not stats.counts[stats.cookie] else ""
        yield f"{ties:,} words were never seen{too}: only more bytes can rank them"
    why = f"; of {ties:,} words as rare, the one of the rarest swap and bytes" if ties > 1 else ""
    other = f"its swap 0x{swap(best):04X} {seen(int(stats.counts[swap(best)]))}"
    yield f"nominate 0x{best:04X}: {seen(count)} in {number(stats.words, 'word')}, {other}{why}"


def damage_text(damaged: Damaged, output: str) -> Iterator[str]:
    """The lines `damage` prints: one a wound, then one for all."""
    for wound in damaged.wounds:
        drawn = "".join(f", {name.replace('_', ' ')} {value}" for name, value in wound.parameters.items())
        places = f"input {wound.in_start:#x}..{wound.in_stop:#x}, output {wound.out_start:#x}..{wound.out_stop:#x}"
        yield f"{wound.kind}: {places}{drawn}"
    kept = sum(stop - start for start, stop, source, _ in damaged.truth if source == "input")
    yield f"wrote {number(len(damaged.data), 'byte')} to {plain(output)}; {kept:,} of them as they were"


def kinds_text() -> Iterator[str]:
    """One line a kind of damage."""
    from acctrecover.damaging import KINDS

    for name, deal in KINDS.items():
        yield f"{name:<17}{(deal.__doc__ or '').splitlines()[0]}"


def formats_text(dialects: Sequence[Dialect]) -> Iterator[str]:
    """One line a format."""
    from acctrecover.table import summary

    listed = list(map(summary, dialects))
    width = max(12, *(len(about["name"]) + 2 for about in listed))
    yield f"{'format':<{width}}{'bytes a record':>15}{'evidence':>10}  {'byte orders':<12} source"
    for about in listed:
        sizes = str(about["largest"]) if about["smallest"] == about["largest"] else f"{about['smallest']} to {about['largest']}"
        orders = ", ".join(about["byte_orders"])
        yield f"{about['name']:<{width}}{sizes:>15}{about['evidence_bits']:>5.0f} bits  {orders:<12} {about['source']}"


def format_text(dialect: Dialect) -> Iterator[str]:
    """The field table of one format: offsets, sizes, types and names, then the rules and the bits each is worth."""
    from acctrecover.expr import text
    from acctrecover.table import fields, rules, shapes, summary

    about = summary(dialect)
    yield f"{about['name']}, {ENDIAN[tuple(about['byte_orders'])]}; {about['source']}"
    for title, shape in shapes(dialect):
        yield ""
        yield title
        for offset, size, kind, name in fields(shape):
            told = [shape.record.units.get(name), "in words too" if name in shape.record.labels else None]
            notes = ", ".join(filter(None, told))
            yield f"  {offset:>4} {size:>4}  {kind:<6} {name}" + (f"  ({notes})" if notes else "")
        for name, rule, bits in rules(shape):
            yield f"  rule {name}: {rule}  ({bits:.1f} bits)"
        if shape.record.clock is not None:
            yield f"  clock: {text(shape.record.clock)}"
        for name, expr in shape.record.derived.items():
            yield f"  {name} = {text(expr)}"


def explain_text(name: str, told: Explanation, *, utc: bool = False) -> Iterator[str]:
    """The lines `explain` prints: where, every field, every rule, what follows from them."""
    kind, at = f"{told.format} {told.byte_order}-endian", f"{plain(name)}: {told.offset:#x}"
    inside = f"at {told.start:#x}" + (f", {number(told.offset - told.start, 'byte')} before" if told.start != told.offset else "")
    if told.status in ("none", "valid"):
        why = told.why or ("every rule holds" if told.status == "valid" else "not a record of this format")
        yield f"{at}: {why}; read as {kind} {inside}, {number(told.size, 'byte')}:"
    else:
        yield f"{at}: {told.status}, in a record of {kind} {inside}: {told.type}, {number(told.size, 'byte')}"
        if told.why:
            yield told.why
    yield ""
    yield f"{'offset':<10} {'bytes':<36} {'field':<14} value"
    for one in told.fields:
        unit = one.unit if one.seconds is None and one.value is not None else ""
        words = [shown(one.value), unit, when(one.seconds, utc=utc), one.meaning]
        yield f"{one.offset:#010x} {octets_text(one.octets):<36} {one.name:<14} {'  '.join(filter(None, words))}"
    yield ""
    for rule in told.rules:
        verdict = {True: "holds", False: "FAILS", None: "cut off"}[rule.holds]
        read = "" if rule.holds else "  with " + ", ".join(f"{key}={shown(value)}" for key, value in rule.values.items())
        yield f"{verdict:<8} {rule.name}: {rule.rule}  ({rule.evidence_bits:.1f} bits){read}"
    for title, value in told.derived.items():
        yield f"{'':<8} {title} = {value:g}" if isinstance(value, float) else f"{'':<8} {title} = {value}"
    if told.clock is not None:
        yield f"{'':<8} clock = {when(told.clock, utc=utc)}"


def shown(value: int | float | str | None) -> str:
    """A field's value; a long text is cut, and what a terminal cannot print is escaped."""
    if isinstance(value, str):
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in value)
        return f"'{text}'" if len(text) <= LONG else f"'{text[:LONG]}'..."
    return "cut off" if value is None else f"{value:,}"


def octets_text(octets: bytes) -> str:
    """Bytes in hex; the middle of many, and NULs behind them, in numbers."""
    solid = octets.rstrip(b"\0") if len(octets) > 8 else octets
    nul = len(octets) - len(solid)
    hexed = solid.hex() if len(solid) <= 12 else f"{solid[:8].hex()}... {len(solid)} bytes"
    return " + ".join(filter(None, [hexed, f"{nul} NUL" if nul else ""]))
