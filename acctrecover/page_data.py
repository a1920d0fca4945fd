"""What the page of a scan shows, as one JSON object: extents, the bytes at the edges of gaps, records, the clock."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from acctrecover.coded import Coded
from acctrecover.curve import curve
from acctrecover.export import rows, units
from acctrecover.extent import Extent
from acctrecover.palette import key_of, look_of
from acctrecover.result import Scan
from acctrecover.source import Source, open_source
from acctrecover.words import number

RECORDS = 200_000
"""The most records in one page."""
EXTENTS = 20_000
"""The most extents in one page."""
EDGE = 64
"""Bytes shown on either side of each border of a gap."""
REST = "not in this page"


def page_data(scan: Scan) -> dict[str, Any]:
    """The object behind a page; its script, html/report.js, says what of it is where."""
    with open_source(scan.evidence) as source:
        extents = [_extent(extent, source) for extent in scan.extents[:EXTENTS]]
    if len(scan.extents) > EXTENTS:
        more = number(len(scan.extents) - EXTENTS, "more extent")
        start = scan.extents[EXTENTS].start
        extents.append({"kind": "rest", "start": start, "stop": scan.size, "key": REST, "detail": f"{more}; --json lists all"})
    keys = dict.fromkeys(extent["key"] for extent in extents)
    return {
        "name": scan.name,
        "size": scan.size,
        "extents": extents,
        "looks": {key: [look_of(key).colour, look_of(key).lines] for key in keys},
        "curve": _curve(scan, len(extents) - 1),
        "records": {"total": sum(scan.counts.values()), "units": _units(scan), "columns": _records(scan)},
    }


def escaped(data: dict[str, Any]) -> str:
    """JSON that can stand in a script element of a page: whatever the data holds, no tag begins or ends there."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)  # ASCII: U+2028 and the like are escaped too
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _extent(extent: Extent, source: Source) -> dict[str, Any]:
    told = {name: value for name, value in extent.to_json().items() if value is not None and name != "odd_records"}
    told["key"] = key_of(extent)
    if extent.oddities:
        told["odd"] = len(extent.oddities)
    if extent.kind == "gap":
        told["edges"] = [[start, source.read(start, stop).hex()] for start, stop in _edges(extent)]
    return told


def _edges(gap: Extent) -> Iterator[tuple[int, int]]:
    """What is shown of the bytes before a gap, in it, where it is long at its two ends, and behind it."""
    yield max(0, gap.start - EDGE), gap.start
    if gap.size <= 2 * EDGE:
        yield gap.start, gap.stop
    else:
        yield gap.start, gap.start + EDGE
        yield gap.stop - EDGE, gap.stop
    yield gap.stop, gap.stop + EDGE


def _curve(scan: Scan, last: int) -> dict[str, Any]:
    points = curve(scan)
    columns = {name: getattr(points, name).tolist() for name in ("offsets", "low", "high", "counts", "extents")}
    return {**columns, "extents": [min(index, last) for index in columns["extents"]], "span": points.span()}


def _records(scan: Scan) -> dict[str, Any]:
    """The first RECORDS rows of an export, as columns; `why` is what is odd about a record."""
    why = {odd.offset: odd.reason for extent in scan.extents for odd in extent.oddities}
    columns: defaultdict[str, Coded] = defaultdict(Coded)
    count = 0
    for count, row in enumerate(islice(rows(scan), RECORDS), 1):
        if row["status"] != "intact" and row["offset"] in why:
            row["why"] = why[row["offset"]]
        for name, value in row.items():
            if value is not None and value != "":
                columns[name].put(count - 1, value)
    for column in columns.values():
        column.fill(count)
    return {name: column.to_json() for name, column in columns.items()}


def _units(scan: Scan) -> dict[str, str]:
    return units(list({id(dialect): dialect for dialect in scan.told.by_extent.values()}.values()))
