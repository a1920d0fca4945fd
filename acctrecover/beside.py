"""What a scan writes besides what it says: its records as rows, and where the input is not sound."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from acctrecover.errors import OutputError
from acctrecover.export import check_ending, write_records, write_rows
from acctrecover.offsets import offset_lines
from acctrecover.output import atomic_outputs, refuse
from acctrecover.result import Scan
from acctrecover.source import file_of
from acctrecover.users import Users


def ready(records: Path | None, offsets: Path | None, paths: Sequence[str], *, force: bool) -> None:
    """Raise OutputError before any work where one of the outputs could not be written."""
    if records is not None:
        check_ending(records)
    if len(paths) > 1 and offsets is not None:
        raise OutputError("--csa-offsets takes one input at a time")
    targets = [target for target in (records, offsets) if target is not None]
    if len({os.path.realpath(target) for target in targets}) < len(targets):
        raise OutputError("the outputs must be different files")
    for target in targets:
        refuse(target, *map(file_of, paths), force=force)


def write(
    found: Sequence[Scan],
    records: Path | None,
    offsets: Path | None,
    *,
    force: bool,
    progress: Callable[[int], None],
    since: Mapping[str, float] | None = None,
    users: Users | None = None,
) -> None:
    """Write the records of scans, and the offset_lines of one; both appear, or none. `progress` is told of the records' bytes.

    Records of several inputs are rows in the order of their clocks; `since` are events that some count from, in seconds since
    the epoch. `users` give names to user ids.
    """
    with atomic_outputs([target for target in (records, offsets) if target is not None], force=force) as files:
        if records is not None and len(found) > 1:
            from acctrecover.timeline import Timeline

            seen = list({id(dialect): dialect for scan in found for dialect in scan.told.by_extent.values()}.values())
            write_rows(Timeline(found, since or {}).rows(progress), seen, records, files[0], lead=["file"], users=users)
        elif records is not None:
            write_records(found[0], records, files[0], progress, users)
        if offsets is not None:
            files[-1].writelines(f"{line}\n".encode() for line in offset_lines(found[0]))
