"""What a scan writes besides what it says: its records as rows, where the input is not sound, a mapfile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from acctrecover.errors import OutputError
from acctrecover.export import check_ending, write_records
from acctrecover.mapfile import mapfile_lines
from acctrecover.offsets import offset_lines
from acctrecover.output import atomic_outputs, refuse
from acctrecover.result import Scan
from acctrecover.source import file_of


def ready(
    records: Path | None, offsets: Path | None, mapfile: Path | None, paths: Sequence[str], read: Path | None, *, force: bool
) -> None:
    """Raise OutputError before any work where one of the outputs could not be written, or is the mapfile that is read."""
    if records is not None:
        check_ending(records)
    if len(paths) > 1:
        asked = "--records" if records is not None else "--csa-offsets" if offsets is not None else "--mapfile"
        raise OutputError(f"{asked} takes one input at a time")
    targets = [target for target in (records, offsets, mapfile) if target is not None]
    if len({os.path.realpath(target) for target in targets}) < len(targets):
        raise OutputError("the outputs must be different files")
    for target in targets:
        refuse(target, file_of(paths[0]), None if read is None else file_of(read), force=force)


def write(
    found: Scan,
    records: Path | None,
    offsets: Path | None,
    mapfile: Path | None,
    *,
    force: bool,
    progress: Callable[[int], None],
) -> None:
    """Write the records of a scan, its offset_lines and its mapfile; all appear, or none. `progress` is told of the records'
    bytes."""
    targets = {name: path for name, path in (("rows", records), ("lines", offsets), ("map", mapfile)) if path is not None}
    with atomic_outputs(list(targets.values()), force=force) as drafts:
        files = dict(zip(targets, drafts, strict=True))
        if records is not None:
            write_records(found, records, files["rows"], progress)
        if offsets is not None:
            files["lines"].writelines(f"{line}\n".encode() for line in offset_lines(found))
        if mapfile is not None:
            files["map"].writelines(f"{line}\n".encode() for line in mapfile_lines(found.extents))
