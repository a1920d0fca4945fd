"""ddrescue mapfiles: read for what a copy was never given, written for what a scan found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from acctrecover import __version__
from acctrecover.errors import SourceError
from acctrecover.extent import Extent
from acctrecover.voids import TOLD, UNREAD, Void

FINISHED, BAD, UNTRIED = "+", "-", "?"
"""Statuses: read, or records; unreadable, or a gap; not tried, or a gap without bytes of its own."""
STATUSES = frozenset("?*/-+")
"""GNU ddrescue manual, "Mapfile structure": non-tried, non-trimmed, non-scraped, bad sector, finished."""
RUNNING = STATUSES | {"F", "G"}
"""The statuses of ddrescue itself: what it is doing to such blocks, or that it fills or makes up the mapfile."""


def read_mapfile(path: str | os.PathLike[str]) -> list[Void]:
    """What a mapfile does not call finished, as voids in offset order. Raises SourceError for what is no mapfile."""
    name = os.fspath(path)
    try:
        with open(path, encoding="ascii") as file:
            lines = [(number, line.split()) for number, line in enumerate(file, 1) if not line.startswith("#")]
    except UnicodeDecodeError:
        raise SourceError(f"{name}: not a ddrescue mapfile") from None
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from None
    rows = [(number, words) for number, words in lines if words]
    if not rows or len(rows[0][1]) not in (2, 3) or rows[0][1][1] not in RUNNING:
        raise SourceError(f"{name}: not a ddrescue mapfile: no line of its current position and status")
    voids: list[Void] = []
    at = 0
    for number, words in rows[1:]:
        try:
            start, size, status = int(words[0], 0), int(words[1], 0), words[2]
        except (ValueError, IndexError):
            start = size = -1
            status = ""
        if status not in STATUSES or start < at or size < 0:
            raise SourceError(f"{name}: line {number}: not a block behind the one before: position, size and one of ?*/-+")
        at = start + size
        if status != FINISHED:
            voids.append((start, at, UNREAD))
    return voids


def mapfile_lines(extents: Iterable[Extent]) -> Iterator[str]:
    """The lines of a mapfile: chains finished, gaps bad, those without bytes of their own not tried."""
    yield f"# Mapfile. Created by acctrecover version {__version__}"
    yield "# + records, - a gap, ? a gap without bytes of its own"
    yield "# current_pos  current_status  current_pass"
    yield f"0x00000000     {FINISHED}               1"
    yield "#      pos        size  status"
    block: tuple[int, int, str] | None = None
    for extent in extents:
        status = FINISHED if extent.kind == "chain" else UNTRIED if extent.cause in TOLD else BAD
        if block is not None and block[1:] == (extent.start, status):
            block = block[0], extent.stop, status
            continue
        if block is not None:
            yield _line(block)
        block = extent.start, extent.stop, status
    if block is not None:
        yield _line(block)


def _line(block: tuple[int, int, str]) -> str:
    start, stop, status = block
    return f"0x{start:08X}  0x{stop - start:08X}  {status}"
