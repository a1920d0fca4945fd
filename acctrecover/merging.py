"""Merge damaged copies of one stream, record by record, into a new file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from acctrecover.collate import Collation, Read, collate, here, kept, missing
from acctrecover.copies import GOOD, NOTHING, Held, held, status_of
from acctrecover.dialect import Dialect
from acctrecover.errors import AcctrecoverError, SourceError
from acctrecover.framed import FramedDialect
from acctrecover.merged import Clash, Lost, Merge, Piece, Shared
from acctrecover.output import accepted, atomic_outputs
from acctrecover.provenance import Run, written
from acctrecover.repairing import attempted, check, main_stream
from acctrecover.result import Scan
from acctrecover.scanning import scan
from acctrecover.source import Evidence, file_of, open_source
from acctrecover.stream import Offsets

PIECE = 1 << 22
"""Bytes copied at once."""


def merge(
    copies: Sequence[Evidence],
    out: str | os.PathLike[str] | None,
    formats: Sequence[str] | None = None,
    *,
    cookie: int | None = None,
    places: Sequence[str | Path] = (),
    report: str | os.PathLike[str] | None = None,
    quarantine: str | os.PathLike[str] | None = None,
    strict: bool = False,
    stale: bool = True,
    force: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Merge:
    """Write the stream of which each of `copies` is a damaged copy to `out` (None: it is only worked out).

    Each record comes from one copy, whole: an intact one before a healed, that before a suspect one. The arguments are those
    of `repair`; `quarantine` gets the bytes of one copy after the other that are in no record written, be it from this or
    from another copy. Raises AcctrecoverError where the copies hold different streams or no record in common, else what
    `repair` does.
    """
    paths = {"out": out, "aside": quarantine, "account": report}
    targets = accepted([*map(file_of, copies)], paths, force=force)
    if sum(isinstance(copy, str) and copy == "-" for copy in copies) > 1:
        raise SourceError("-: standard input can only be read once")
    with ExitStack() as stack:
        scans = []
        for copy in copies:
            source = stack.enter_context(open_source(copy, progress))
            scans.append(scan(source, formats, cookie=cookie, places=places, progress=progress))
        octets = _Bytes(scans, stack)
        with atomic_outputs(list(targets.values()), force=force) as drafts:
            files = dict(zip(targets, drafts, strict=True))

            def attempt(run: Run) -> Merge:
                result = Merge(scans, same=_same(scans), gave=[0] * len(scans), run=run)
                _plan(result, octets.read, strict=run.strict, stale=stale)
                _write(result, octets, files.get("out"), files.get("aside"), progress)
                if "out" in files:
                    files["out"].flush()
                    check(files["out"].name, result.format, result.kept, result.sha256, cookie, places, progress)
                return result

            result = attempted(attempt, Run(formats, cookie, places, strict, stale, out, quarantine), drafts)
            if "account" in files:
                files["account"].write(written(result.to_json()))
    return result


def _same(scans: list[Scan]) -> dict[int, int]:
    first: dict[str, int] = {}
    return {c: first[found.sha256] for c, found in enumerate(scans) if first.setdefault(found.sha256, c) != c}


def _stream(scans: list[Scan]) -> tuple[str, str] | None:
    streams = [(found, stream) for found in scans if (stream := main_stream(found)) is not None]
    if not streams:
        return None
    (first, stream), *others = streams
    for found, other in others:
        if other != stream:
            told = " and ".join(f"{f.name} holds {s[0]} {s[1]}-endian" for f, s in ((first, stream), (found, other)))
            raise AcctrecoverError(f"{told}: no copies of one stream; --format picks one where a copy holds both")
    return stream


def _plan(result: Merge, read: Read, *, strict: bool, stale: bool) -> None:
    """Fill in what is written, lost and left out."""
    stream = _stream(result.scans)
    if stream is None:
        result.aside = [(c, 0, found.told.size) for c, found in enumerate(result.scans) if c not in result.same and found.told.size]
        return
    result.format, result.byte_order = stream
    copies = [NOTHING if c in result.same else held(found.told, stream) for c, found in enumerate(result.scans)]
    found = collate(copies, [each.name for each in result.scans], read)
    ranks = _column([each.ranks for each in copies], found)
    wanted = np.isin(ranks, [rank for rank in range(1, 2 * GOOD + 1) if _wanted(rank, strict=strict, stale=stale)])
    sizes = [each.told.size for each in result.scans]
    holes = missing(found, copies, sizes)
    chosen = kept(found, wanted)
    result.left_out = int((~wanted).sum())
    result.kept = len(chosen.at)
    out = _lay_out(result, chosen, copies, ranks[wanted])
    result.shared = [part for c in range(len(copies)) for part in _shared(c, copies[c], chosen, out)]
    before = np.cumsum(np.append(0, wanted))
    for index, start, stop in holes:
        there = [
            (c, *span, _cause(each.told, *span))
            for c, each in enumerate(result.scans)
            if c not in result.same
            for span in [here(copies[c], found.axis[c], found.strays[c], start, stop, sizes[c])]
        ]
        result.lost.append(Lost(int(out[before[index]]), stop - start, tuple(there)))

    def spot(copy: int, number: int) -> tuple[int, int, int]:
        start = int(copies[copy].starts[number])
        return copy, start, start + int(copies[copy].sizes[number])

    result.conflicts = [Clash(spot(*clash.kept), spot(*clash.other)) for clash in found.conflicts]
    result.strays = [spot(c, n) for c, marked in enumerate(found.strays) for n in np.flatnonzero(marked).tolist()]
    result.aside = [
        (c, *span)
        for c, each in enumerate(copies)
        if c not in result.same
        for span in _rest(each.starts[chosen.alike[c]], each.stops[chosen.alike[c]], sizes[c])
    ]


def _wanted(rank: int, *, strict: bool, stale: bool) -> bool:
    return (stale or rank > GOOD) and (not strict or status_of(rank) == "intact")


def _column(columns: list[npt.NDArray[Any]], found: Collation) -> npt.NDArray[Any]:
    """One column of the chosen records."""
    out = np.zeros(len(found.at), columns[0].dtype)
    for c, column in enumerate(columns):
        own = found.copies == c
        out[own] = column[found.numbers[own]]
    return out


def _lay_out(result: Merge, chosen: Collation, copies: list[Held], ranks: npt.NDArray[np.int8]) -> Offsets:
    """Make the pieces; returned is where each record starts in the output, and where it ends."""
    starts, sizes, stops = (_column([getattr(each, name) for each in copies], chosen) for name in ("starts", "sizes", "stops"))
    dialect = _dialect(result)
    extra = stops - starts - sizes
    place = np.cumsum(sizes) - sizes
    fill = dialect.declared.fill if isinstance(dialect, FramedDialect) else None
    added = 0
    for index in np.flatnonzero(extra).tolist():  # fill bytes stay only where the output's buffers end as the copy's did
        if fill is None or (int(place[index]) + added - int(starts[index])) % fill:
            extra[index] = 0
        added += int(extra[index])
    place = place + np.cumsum(extra) - extra
    ends = starts + sizes + extra
    status = (ranks.astype(np.int64) - 1) % GOOD
    copy = chosen.copies
    goes_on = (copy[1:] == copy[:-1]) & (starts[1:] == ends[:-1]) & (status[1:] == status[:-1])
    firsts = np.flatnonzero(np.concatenate((np.ones(min(1, len(starts)), np.bool_), ~goes_on)))
    lasts = np.append(firsts[1:], len(starts))[: len(firsts)] - 1
    out_stops = place + sizes + extra
    for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True):
        span = int(place[a]), int(out_stops[b])
        result.pieces.append(Piece(*span, int(copy[a]), int(starts[a]), int(ends[b]), status_of(int(ranks[a])), b - a + 1))
    result.gave = np.bincount(copy, minlength=len(copies)).tolist()
    result.counts = {status_of(rank + 1): int((status == rank).sum()) for rank in reversed(range(GOOD))}
    result.size = int(out_stops[-1]) if len(out_stops) else 0
    return np.append(place, result.size)


def _shared(copy: int, each: Held, chosen: Collation, out: Offsets) -> Iterator[Shared]:
    """The records of a copy that stand in the output, with where: runs of those that follow each other in both."""
    own = np.flatnonzero(chosen.alike[copy])
    starts, stops = each.starts[own], each.starts[own] + each.sizes[own]
    places = out[np.searchsorted(chosen.at, chosen.axis[copy][own])]
    breaks = np.flatnonzero((starts[1:] != stops[:-1]) | (places[1:] - places[:-1] != starts[1:] - starts[:-1])) + 1
    for part in np.split(np.arange(len(own)), breaks) if len(own) else ():
        yield Shared(copy, int(starts[part[0]]), int(stops[part[-1]]), int(places[part[0]]))


def _dialect(result: Merge) -> Dialect:
    return next(
        dialect
        for found in result.scans
        for dialect in found.told.by_extent.values()
        if (dialect.name, dialect.order) == (result.format, result.byte_order)
    )


def _cause(found: Scan, start: int, stop: int) -> str:
    """What a scan says of [start, stop), most of it."""
    if start == stop:
        return "not there"
    causes: dict[str, int] = {}
    for extent in found.extents:
        shared = min(stop, extent.stop) - max(start, extent.start)
        if shared > 0:
            name = extent.cause if extent.kind == "gap" else f"{extent.format} {extent.byte_order}-endian records"
            causes[name or ""] = causes.get(name or "", 0) + shared
    return max(causes, key=lambda name: causes[name])


def _rest(starts: Offsets, stops: Offsets, size: int) -> Iterator[tuple[int, int]]:
    """What of [0, size) is in none of these ranges, which are in order."""
    edges = np.concatenate(([0], np.maximum.accumulate(stops)))
    behind = np.append(starts, size)
    for n in np.flatnonzero(behind > edges).tolist():
        yield int(edges[n]), int(behind[n])


class _Bytes:
    """The bytes of all copies, healed records as they should be."""

    def __init__(self, scans: list[Scan], stack: ExitStack) -> None:
        self.sources = [stack.enter_context(open_source(found.told.evidence)) for found in scans]
        self.patches = [_patches(found.told) for found in scans]

    def read(self, copy: int, start: int, stop: int) -> bytes:
        data = bytearray(self.sources[copy].read(start, stop))
        places, values = self.patches[copy]
        for n in range(*np.searchsorted(places, (start, start + len(data))).tolist()):
            data[int(places[n]) - start] = values[n]
        return bytes(data)


def _write(result: Merge, octets: _Bytes, target: BinaryIO | None, aside: BinaryIO | None, progress: Callable[[int], None]) -> None:
    digest = hashlib.sha256()
    for piece in result.pieces:
        for low in range(piece.in_start, piece.in_stop, PIECE):
            data = octets.read(piece.copy, low, min(piece.in_stop, low + PIECE))
            digest.update(data)
            if target is not None:
                target.write(data)
            progress(len(data))
    digest_aside = hashlib.sha256()
    for copy, start, stop in result.aside:
        for low in range(start, stop, PIECE):
            data = octets.sources[copy].read(low, min(stop, low + PIECE))
            digest_aside.update(data)
            if aside is not None:
                aside.write(data)
    result.sha256, result.quarantine_sha256 = digest.hexdigest(), digest_aside.hexdigest()


def _patches(found: Scan) -> tuple[Offsets, list[int]]:
    """Where healed records have another byte, in order, and which."""
    changes = sorted(
        (at, after[0]) for extent in found.extents for oddity in extent.oddities for at, _, after in oddity.patches if after
    )
    return np.array([at for at, _ in changes], np.int64), [value for _, value in changes]
