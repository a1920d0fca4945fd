"""Where an input is not sound, as lines that a tool of the stream's own can cut it by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acctrecover.errors import OutputError
from acctrecover.framed import FramedDialect
from acctrecover.result import Scan
from acctrecover.stream import Found
from acctrecover.together import Together
from acctrecover.together import spans as entries

END_OF_FILE = -1
"""The length of what goes on to the end of the input."""


def unsound_ranges(scan: Scan) -> Iterator[tuple[int, int]]:
    """(offset, length in bytes) of every gap and every record that is not intact, in order, adjacent ones as one.

    A record goes with all that was written together with it. The length of one that reaches the end of the input is END_OF_FILE.
    """
    spans = [(extent.start, extent.stop) for extent in scan.gaps]
    odd = np.array([odd.offset for extent in scan.chains for odd in extent.oddities], np.int64)
    for start, stop in _written(scan):
        if np.searchsorted(odd, start) < np.searchsorted(odd, stop):
            spans.append((start, stop))
    start = stop = -1
    for low, high in sorted(spans):
        if low > stop:
            if stop > start:
                yield start, stop - start
            start, stop = low, high
        stop = max(stop, high)
    if stop > start:
        yield start, stop - start if stop < scan.size else END_OF_FILE


def _written(scan: Scan) -> Iterator[tuple[int, int]]:
    """(start, stop) of every entry; of the records of a format without entries, one by one."""
    together: Together | None = None
    at = -1
    for dialect, rows, octets, low in scan.batches():
        if together is not None and (together.dialect is not dialect or not len(rows) or int(rows["offset"][0]) != at):
            yield from entries(together.close())
            together = None
        if not isinstance(dialect, FramedDialect) or dialect.declared.entries is None:
            sizes = rows["size"] if dialect is not None else rows["size"][:0]
            yield from zip(rows["offset"][: len(sizes)].tolist(), (rows["offset"][: len(sizes)] + sizes).tolist(), strict=True)
            continue
        together = together or Together(dialect)
        yield from entries(together.feed(octets, Found(rows["offset"] - low, rows["size"].astype(np.int64)), low))
        at = int(rows["offset"][-1] + rows["size"][-1])
    if together is not None:
        yield from entries(together.close())


def offset_lines(scan: Scan) -> Iterator[str]:
    """The lines that csaverify writes for csaedit: an octal and a decimal offset, and a length.

    Raises OutputError for an input whose bytes went through a change that was undone: its own bytes cannot be cut.
    """
    if scan.transfer is not None:
        raise OutputError(f"{scan.name}: it is {scan.transfer.name}, so cutting it by offsets leaves no stream; undo that first")
    for offset, length in unsound_ranges(scan):
        yield f"{f'0{offset:o}' if offset else '0'} ({offset}), {length}"
