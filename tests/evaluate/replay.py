"""One case printed: the truth and the scan side by side around the wounds and around what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .bench import Outcome
from .cases import Dealt
from .judge import Places, intact_spots

AROUND = 3
"""Rows shown on either side of what matters."""
LEFT = 64
"""Columns of the truth."""
SHOWN = 16
"""Bytes of a piece shown in hex."""


def lines(outcome: Outcome, *, everything: bool = False) -> Iterator[str]:
    """The replay of a case: its wounds, its faults, then the rows; those that matter only, or all."""
    case, damaged, verdict = outcome.case, outcome.dealt.damaged, outcome.verdict
    whole = outcome.dealt.texts["input"]
    size = f"{len(whole.records)} records, {len(whole.data):,} bytes; damaged {len(damaged.data):,}"
    yield f"{case}: {whole.format} {whole.byte_order}-endian, {size}"
    for wound in damaged.wounds:
        place = f"input {wound.in_start:#x}..{wound.in_stop:#x}, output {wound.out_start:#x}..{wound.out_stop:#x}"
        yield f"wound  {wound.kind:<16} {place} {wound.parameters or ''}"
    for what, start, stop in verdict.faults:
        yield f"fault  {what:<16} {start:#x}..{stop:#x}"
    yield "counts " + ", ".join(f"{name} {number}" for name, number in sorted(verdict.counts.items()))
    yield ""
    yield f"{'offset':<9}{'fault':<14}{'truth':<{LEFT}}scan"
    places = [(wound.out_start, wound.out_stop) for wound in damaged.wounds] + [(a, b) for _, a, b in verdict.faults]
    rows = table(outcome)
    near = [any(at < stop + 1 and after >= start for start, stop in places) for at, after, *_ in rows]
    shown = [everything or any(near[max(0, i - AROUND) : i + AROUND + 1]) for i in range(len(rows))]
    skipped = 0
    for (at, _, left, right), show in zip(rows, shown, strict=True):
        if not show:
            skipped += 1
            continue
        if skipped:
            yield f"{'':23}... {skipped} rows ..."
            skipped = 0
        bad = [what for what, start, stop in verdict.faults if start <= at < max(stop, start + 1)]
        yield f"{at:#08x} {' '.join(dict.fromkeys(bad)):<14}{left:<{LEFT}}{right}".rstrip()
    if skipped:
        yield f"{'':23}... {skipped} rows ..."


def table(outcome: Outcome) -> list[tuple[int, int, str, str]]:
    """(start, stop, truth, scan) of every offset at which either has something to say."""
    left: dict[int, list[str]] = {}
    for at, text in truth(outcome):
        left.setdefault(at, []).append(text)
    right: dict[int, list[str]] = {}
    for at, text in scanned(outcome.found):
        right.setdefault(at, []).append(text)
    starts = sorted({*left, *right})
    rows = []
    for at, after in zip(starts, [*starts[1:], len(outcome.dealt.damaged.data)], strict=True):
        here, there = left.get(at, []), right.get(at, [])
        for index in range(max(len(here), len(there))):
            pair = [column[index] if index < len(column) else "" for column in (here, there)]
            rows.append((at, after, pair[0][: LEFT - 1], pair[1]))
    return rows


def truth(outcome: Outcome) -> Iterator[tuple[int, str]]:
    """What stands where: whole records, and the pieces of the others with the record each piece is of."""
    dealt = outcome.dealt
    spots = intact_spots(dealt.texts, dealt.damaged.truth)
    covered = {(spot.start, spot.stop) for spot in spots}
    for spot in spots:
        stream = dealt.texts[spot.text]
        low, high = stream.records[spot.index]
        name = "" if spot.text == "input" else f"{spot.text} "
        yield spot.start, f"{name}#{spot.index} {label(stream.data[low:high], stream.format, stream.byte_order)}"
    yield from _pieces(dealt, covered)


def _pieces(dealt: Dealt, covered: set[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """Put bytes, and what is left of each damaged record with the first bytes changed in it."""
    octets = dealt.damaged.data
    for start, stop, source, _ in dealt.damaged.truth:
        if source == "put":
            yield start, f"  put {stop - start} {octets[start : min(stop, start + SHOWN)].hex()}"
    for start, stop, name, origin in Places.of(dealt.damaged.truth).runs:
        text = dealt.texts[name]
        for index, (low, high) in enumerate(text.records):
            a, b = max(low, origin), min(high, origin + stop - start)
            at = a - origin + start
            if a >= b or (at, at + b - a) in covered:
                continue
            here, there = octets[at : at + b - a], text.data[a:b]
            changed = [i for i in range(b - a) if here[i] != there[i]]
            words = [f"  #{index}[{a - low}:{b - low}] of {label(text.data[low:high], text.format, text.byte_order)}"]
            if name != "input":
                words.insert(0, f"  {name}")
            if changed:
                first, last = changed[0], changed[-1] + 1
                cut = min(last, first + 6)
                words.append(f"[{a - low + first}:{a - low + last}] {there[first:cut].hex()}->{here[first:cut].hex()}")
            yield at, " ".join(words)


def label(octets: bytes, form: str, order: str) -> str:
    """A record's type and size, for the eye."""
    if form != "cookie":
        return f"{len(octets)} {octets[48:64].rstrip(bytes(1)).decode('latin-1')}"
    return f"{len(octets)} type {octets[2]:#04x}"


def scanned(found: Any) -> Iterator[tuple[int, str]]:
    """Records and gaps as the scan reports them."""
    if found is None:
        return
    odd = {oddity.offset: oddity for extent in found.extents for oddity in extent.oddities}
    for extent in found.extents:
        if extent.kind == "gap":
            yield extent.start, f"GAP {extent.size} {extent.cause}: {(extent.detail or '')[:60]}"
        else:
            told = " ".join(filter(None, (extent.cause, extent.detail)))
            yield extent.start, f"CHAIN of {extent.records} {extent.format} {extent.byte_order} {told}"
    for row in found.records:
        at, status = int(row["offset"]), str(row["status"])
        oddity = odd.get(at)
        why = f": {oddity.reason} {[(hex(o), b.hex(), a.hex()) for o, b, a in oddity.patches] or ''}" if oddity else ""
        yield at, f"{status} {int(row['size'])} {row['type']}{why}"
