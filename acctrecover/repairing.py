"""Repair a stream: copy its surviving records, in order and byte for byte, into a new file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from acctrecover.errors import SelfCheckError
from acctrecover.extent import NOT_OWN
from acctrecover.framed import FramedDialect
from acctrecover.output import accepted, atomic_outputs
from acctrecover.provenance import Run, account, left, spans, told_input, written
from acctrecover.result import Scan
from acctrecover.scanning import scan
from acctrecover.source import Evidence, files_of, open_source
from acctrecover.spool import PIECE

T = TypeVar("T")


@dataclass
class Repair:
    """What a repair wrote, or would write: `kept` records of `format`, `left_out` records that were found but not written.

    `pieces` are (out_start, out_stop, in_start, in_stop, status, records) in output order; bytes of a healed piece differ from
    the input by `patches` (input offset, before, after). Records of an array keep their index, or get the nearest one where bytes
    were lost before them: between their pieces are the NUL bytes of unused slots. `aside` are the (start, stop) that are in no
    written record, `quarantined` bytes; NUL bytes of unused slots and of fill between records are in neither. Offsets in an input
    that was undone are those of the undone bytes.
    """

    scan: Scan
    format: str | None
    byte_order: str | None
    kept: int = 0
    left_out: int = 0
    size: int = 0
    sha256: str = ""
    quarantined: int = 0
    quarantine_sha256: str = ""
    pieces: list[tuple[int, int, int, int, str, int]] = field(default_factory=list)
    aside: list[tuple[int, int]] = field(default_factory=list)
    run: Run = field(default_factory=Run)

    @property
    def lossless(self) -> bool:
        """Whether the input was whole and all of it was written."""
        return self.scan.whole and not self.left_out

    def _repr_html_(self) -> str:
        from acctrecover.notebook import span, table

        told = f"{self.kept:,} records of {self.format} {self.byte_order}-endian" if self.format else "no record"
        rows = [(span(*piece[:2]), span(*piece[2:4]), piece[5], piece[4]) for piece in self.pieces]
        left = f"{self.left_out:,} records and {self.quarantined:,} bytes left out"
        return table(f"{told}, {self.size:,} bytes; {left}", ("output", "input", "records", "status"), rows)

    def to_json(self) -> dict[str, Any]:
        """The object `--report` writes; `acctrecover verify` checks it against input and outputs."""
        statuses = {status: sum(p[5] for p in self.pieces if p[4] == status) for status in ("intact", "suspect", "healed")}
        names = ("out_start", "out_stop", "input", "in_start", "in_stop", "status", "records")
        spans_aside = [(0, *span) for span in self.aside]
        dropped = left([self.scan.told.size], spans_aside, [(0, piece[2], piece[3]) for piece in self.pieces])
        return account(
            self.run,
            [told_input(self.scan, self.kept)],
            output={"size": self.size, "sha256": self.sha256, "format": self.format, "byte_order": self.byte_order},
            records={"written": self.kept, "left_out": self.left_out, **statuses},
            whole=self.lossless,
            pieces=[dict(zip(names, (*piece[:2], 0, *piece[2:]), strict=True)) for piece in self.pieces],
            quarantine={"size": self.quarantined, "sha256": self.quarantine_sha256, "parts": spans(spans_aside)},
            dropped=spans(dropped),
        )


def main_stream(found: Scan) -> tuple[str, str] | None:
    """(format, byte order) of the most records: the stream that a repair writes."""
    totals: dict[tuple[str, str], int] = {}
    for extent in found.chains:
        key = (extent.format or "", extent.byte_order or "")
        totals[key] = totals.get(key, 0) + extent.records
    return max(totals, key=lambda key: totals[key]) if totals else None


def repair(
    evidence: Evidence,
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
) -> Repair:
    """Write the recovered stream of a path, "-", bytes or an open Source to `out` (None: it is only worked out).

    `strict` leaves suspect and healed records out, and `stale` false those of stale, duplicate and foreign chains (see NOT_OWN);
    `quarantine` gets the bytes in no written record, in order, but none for voids; `report` a JSON
    account. Where suspect and healed records would keep the output from scanning clean, they are left out as `strict` does, and
    `run.unasked` of what is returned is true. All outputs appear, or none. Raises OutputError before any work where an output
    exists (unless `force`), is the input, or cannot be written; SelfCheckError where the output would not scan clean. The input is
    never written to.
    `progress` is told of the input's bytes as they are scanned and as they are copied, of the output's as they are checked.
    """
    paths = {"out": out, "aside": quarantine, "account": report}
    targets = accepted(files_of(evidence), paths, force=force)
    with open_source(evidence, progress) as source:
        found = scan(source, formats, cookie=cookie, places=places, progress=progress)
        stream = main_stream(found)
        with atomic_outputs(list(targets.values()), force=force) as drafts:
            files = dict(zip(targets, drafts, strict=True))

            def attempt(run: Run) -> Repair:
                result = Repair(found, *(stream or (None, None)))
                result.run = run
                _write(found.told, result, files.get("out"), files.get("aside"), run.strict, stale, progress)
                if "out" in files:
                    files["out"].flush()
                    check(files["out"].name, result.format, result.kept, result.sha256, cookie, places, progress)
                return result

            result = attempted(attempt, Run(formats, cookie, places, strict, stale, out, quarantine), drafts)
            if "account" in files:
                files["account"].write(written(result.to_json()))
    return result


def attempted(attempt: Callable[[Run], T], run: Run, drafts: Sequence[BinaryIO]) -> T:
    """What an attempt to write the `drafts` gives; where it does not scan clean, once more without suspect and healed records.

    A record that rules contradict can be proven by others that are not written, or read as another's beside these.
    """
    try:
        return attempt(run)
    except SelfCheckError:
        if run.strict:
            raise
        for draft in drafts:
            draft.seek(0)
            draft.truncate()
        return attempt(replace(run, strict=True, unasked=True))


def _write(
    found: Scan,
    result: Repair,
    target: BinaryIO | None,
    aside: BinaryIO | None,
    strict: bool,
    stale: bool,
    progress: Callable[[int], None],
) -> None:
    digest, digest_aside = hashlib.sha256(), hashlib.sha256()
    dropped = [] if stale else [extent for extent in found.chains if extent.cause in NOT_OWN]
    wanted = {"intact"} if strict else {"intact", "suspect", "healed"}
    with open_source(found.evidence) as source:
        at = source.start

        def set_aside(stop: int) -> None:
            nonlocal at
            pieces = ((low, min(b, low + PIECE)) for a, b in source.solid(at, stop) for low in range(a, b, PIECE))
            for low, high in pieces:
                if result.aside and result.aside[-1][1] == low:
                    result.aside[-1] = (result.aside[-1][0], high)
                else:
                    result.aside.append((low, high))
                data = source.read(low, high)
                result.quarantined += len(data)
                digest_aside.update(data)
                if aside is not None:
                    aside.write(data)
                progress(len(data))
            at = max(at, stop)

        def make_room(start: int) -> None:
            while (room := min(start - result.size, 1 << 20)) > 0:
                digest.update(bytes(room))
                if target is not None:
                    target.write(bytes(room))
                result.size += room

        for dialect, rows, octets, low in found.batches():
            if dialect is None or (dialect.name, dialect.order) != (result.format, result.byte_order):
                result.left_out += len(rows) if dialect is not None else 0
                continue
            keep = np.isin(rows["status"], list(wanted))
            for extent in dropped:
                keep &= (rows["offset"] < extent.start) | (rows["offset"] >= extent.stop)
            result.left_out += int((~keep).sum())
            result.kept += int(keep.sum())
            starts, stops = rows["offset"][keep], rows["offset"][keep] + rows["size"][keep]
            landings = low + dialect.landing(octets, low, stops - low) if len(starts) else stops
            fill = dialect.declared.fill if isinstance(dialect, FramedDialect) else None
            edges = np.flatnonzero((landings[:-1] != starts[1:]) | (rows["status"][keep][:-1] != rows["status"][keep][1:]))
            groups = np.split(np.arange(len(starts)), edges + 1) if len(starts) else []
            for group in groups:
                first, last = int(starts[group[0]]), int(landings[group[-1]])
                if fill is not None and (result.size - first) % fill:
                    places_in = [(int(starts[i]), int(stops[i])) for i in group]
                else:
                    places_in = [(first, last)]
                if dialect.slots and any(e.start <= at and first <= e.stop for e in found.chains):
                    at = max(at, first)  # unused slots before it
                set_aside(first)
                for start, stop in places_in:
                    if dialect.slots:
                        make_room(round(start / dialect.smallest) * dialect.smallest)
                    data = octets[start - low : stop - low].tobytes()
                    digest.update(data)
                    if target is not None:
                        target.write(data)
                    count = len(group) if len(places_in) == 1 else 1
                    _piece(result, start, stop, str(rows["status"][keep][group[0]]), count)
                progress(max(0, last - at))
                at = max(at, last)
        set_aside(source.stop)
    result.sha256, result.quarantine_sha256 = digest.hexdigest(), digest_aside.hexdigest()


def _piece(result: Repair, start: int, stop: int, status: str, records: int) -> None:
    out = result.size
    result.size += stop - start
    last = result.pieces[-1] if result.pieces else None
    if last and last[3] == start and last[1] == out and last[4] == status:
        result.pieces[-1] = (last[0], result.size, last[2], stop, status, last[5] + records)
    else:
        result.pieces.append((out, result.size, start, stop, status, records))


def check(
    path: str,
    form: str | None,
    kept: int,
    sha256: str,
    cookie: int | None,
    places: Sequence[str | Path],
    progress: Callable[[int], None],
) -> None:
    """Raise SelfCheckError where a repaired stream at `path` does not scan clean, with as many records as were kept."""
    again = scan(path, [form] if form else None, cookie=cookie, places=places, progress=progress)
    records = sum(extent.records for extent in again.chains)
    if again.gaps or records != kept or again.sha256 != sha256:
        raise SelfCheckError(f"the repaired stream does not scan clean ({records} of {kept} records found); not kept")
