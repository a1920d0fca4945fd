"""Records of several files of one recording, as relay keeps one for each CPU, in the order of their clocks."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from acctrecover.schema import NS_SINCE_BOOT, Record

Row = dict[str, Any]


def interleaved(files: Sequence[tuple[str, Iterable[Row]]], kinds: Iterable[tuple[str, Record]]) -> Iterator[Row]:
    """The rows of files (name, rows) in one order, each with its file's name as `file`; those of a file stay in theirs.

    What tells when is a field that counts ns since boot, or else the clock; a record that has neither follows the one before it.
    `kinds` are (format, record) of what there may be. A few rows of each file are held at a time.
    """
    ticks = {(name, record.name): field for name, record in kinds for field, unit in record.units.items() if unit == NS_SINCE_BOOT}
    streams = [_timed(name, rows, ticks) for name, rows in files]
    return (row for _, row in heapq.merge(*streams, key=lambda pair: pair[0]))


def _timed(name: str, rows: Iterable[Row], ticks: Mapping[tuple[str, str], str]) -> Iterator[tuple[int, Row]]:
    """Each row with its time in ns, which never falls: a clock that was set back keeps its records together."""
    latest = 0
    for row in rows:
        tick = row.get(ticks.get((row["format"], row["type"]), ""))
        clock = row.get("clock_seconds")
        if isinstance(tick, int):
            latest = max(latest, tick)
        elif isinstance(clock, int | float) and math.isfinite(clock):
            latest = max(latest, int(clock * 10**9))
        yield latest, {"file": name, **row}
