"""A scan held against the truth: what was found, missed, doubted, invented, healed, and whether the cause is the right one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from acctrecover.damaging import Damaged, Segment
from acctrecover.extent import Extent, tiles

from .streams import Stream


@dataclass(frozen=True)
class Spot:
    """A record that stands whole in the damaged stream."""

    start: int
    stop: int
    text: str
    index: int


@dataclass
class Verdict:
    """Counts by what they count, and the places of every fault: (what, start, stop).

    Of the false, `embedded` counts those that are records in a payload whose carrier is damaged, `chimera` those put together of
    two records of one size so that nothing in their bytes is amiss.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, int, int]] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)

    def fault(self, what: str, start: int, stop: int) -> None:
        self.counts[what] += 1
        self.faults.append((what, start, stop))


def intact_spots(texts: dict[str, Stream], truth: list[Segment]) -> list[Spot]:
    """Every record all of whose bytes survive side by side, in the order they stand."""
    out = []
    for start, stop, source, origin in truth:
        stream = texts.get(source)
        if stream is None or origin is None:
            continue
        shift = start - origin
        index = bisect_left(stream.records, (origin, origin))
        while index < len(stream.records) and stream.records[index][1] + shift <= stop:
            low, high = stream.records[index]
            out.append(Spot(low + shift, high + shift, source, index))
            index += 1
    return out


@dataclass
class Places:
    """Where every byte of a damaged stream stands for one of a text, altered or not."""

    starts: list[int]
    runs: list[tuple[int, int, str, int]]

    @classmethod
    def of(cls, truth: list[Segment]) -> Places:
        """Segments joined over alterations: changed bytes stand for the input's."""
        runs: list[tuple[int, int, str, int]] = []
        for start, stop, source, origin in truth:
            if origin is None:
                continue
            text = "input" if source == "changed" else source
            if runs and runs[-1][1] == start and runs[-1][2] == text and runs[-1][3] + start - runs[-1][0] == origin:
                runs[-1] = (runs[-1][0], stop, text, runs[-1][3])
            else:
                runs.append((start, stop, text, origin))
        return cls([run[0] for run in runs], runs)

    def framed(self, start: int, stop: int, texts: dict[str, Stream]) -> tuple[Stream | None, bool]:
        """The stream of which [start, stop) is the place of one record, whatever its values; and whether it is one in a payload."""
        at = bisect_right(self.starts, start) - 1
        if at < 0 or stop > self.runs[at][1]:
            return None, False
        low, _, text, origin = self.runs[at]
        stream, span = texts[text], (start - low + origin, stop - low + origin)
        index = bisect_left(stream.records, span)
        whole = index < len(stream.records) and stream.records[index] == span
        return (stream if whole else None), span in stream.inner

    def chimera(self, start: int, stop: int, texts: dict[str, Stream]) -> bool:
        """Whether [start, stop) is put together of records of that size, each byte where it was in its own."""
        at = bisect_right(self.starts, start) - 1
        place = start
        while place < stop:
            if at < 0 or at == len(self.runs) or not self.runs[at][0] <= place < self.runs[at][1]:
                return False
            low, high, text, origin = self.runs[at]
            records = texts[text].records
            while place < min(high, stop):
                byte = place - low + origin
                index = bisect_right(records, (byte, len(texts[text].data) + 1)) - 1
                if index < 0 or records[index][1] <= byte or byte - records[index][0] != place - start:
                    return False
                if records[index][1] - records[index][0] != stop - start:
                    return False
                place += min(records[index][1] - byte, high - place)
            at += 1
        return True


def judge(found: Any, texts: dict[str, Stream], damaged: Damaged) -> Verdict:
    """Judge `acctrecover.scan(damaged.data)`; `texts` are the whole streams under the names of the segments' sources."""
    verdict, data = Verdict(), damaged.data
    if not tiles(found.extents, len(data)):
        verdict.fault("untiled", 0, len(data))
    columns = [found.records[name].tolist() for name in ("offset", "size", "status", "format", "byte_order")]
    rows = {
        (at, at + size): (status, form, order) for at, size, status, form, order in zip(*columns, strict=True) if status != "torn"
    }
    spots = intact_spots(texts, damaged.truth)
    _found(verdict, rows, spots, texts)
    _invented(verdict, rows, spots, texts, damaged)
    _healed(verdict, found.extents, texts, data)
    return verdict


def _found(verdict: Verdict, rows: dict[Any, Any], spots: list[Spot], texts: dict[str, Stream]) -> None:
    verdict.counts["intact"] += len(spots)
    for spot in spots:
        status, form, order = rows.get((spot.start, spot.stop), ("", "", ""))
        stream = texts[spot.text]
        if not status or (form, order) != (stream.format, stream.byte_order):
            verdict.fault("missed", spot.start, spot.stop)
        elif status == "intact":
            verdict.counts["found"] += 1
        else:
            verdict.fault("doubted", spot.start, spot.stop)


def _invented(verdict: Verdict, rows: dict[Any, Any], spots: list[Spot], texts: dict[str, Stream], damaged: Damaged) -> None:
    known = {(spot.start, spot.stop): texts[spot.text] for spot in spots}
    rest = [span for span, row in rows.items() if row[0] == "intact" and span not in known]
    for span, stream in known.items():
        row = rows.get(span)
        if row and row[0] == "intact" and row[1:] != (stream.format, stream.byte_order):
            verdict.fault("false", *span)
    if not rest:
        return
    places = Places.of(damaged.truth)
    originals = {stream.data[a:b] for stream in texts.values() for a, b in stream.records}
    for start, stop in rest:
        framed, inner = places.framed(start, stop, texts)
        if framed and rows[start, stop][1:] == (framed.format, framed.byte_order):
            verdict.counts["altered"] += 1
        elif damaged.data[start:stop] not in originals:
            verdict.fault("false", start, stop)
            verdict.counts["embedded"] += inner
            verdict.counts["chimera"] += places.chimera(start, stop, texts)


def _healed(verdict: Verdict, extents: list[Extent], texts: dict[str, Stream], data: bytes) -> None:
    for oddity in (odd for extent in extents for odd in extent.oddities if odd.status == "healed"):
        healed = bytearray(data[oddity.offset : oddity.offset + oddity.size])
        for offset, before, after in sorted(oddity.patches, reverse=True):
            at = offset - oddity.offset
            healed[at : at + len(before)] = after
        if any(bytes(healed) == stream.data[a:b] for stream in texts.values() for a, b in stream.records):
            verdict.counts["healed right"] += 1
        else:
            verdict.fault("healed wrong", oddity.offset, oddity.offset + oddity.size)
