"""What a scan writes besides what it says: its records as rows, and where the input is not sound."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from acctrecover.errors import OutputError
from acctrecover.export import check_ending, write_records
from acctrecover.offsets import offset_lines
from acctrecover.output import atomic_outputs, refuse
from acctrecover.result import Scan
from acctrecover.source import file_of


def ready(records: Path | None, offsets: Path | None, paths: Sequence[str], *, force: bool, joined: bool = False) -> None:
    """Raise OutputError before any work where one of the outputs could not be written."""
    if records is not None:
        check_ending(records)
    if len(paths) > 1 and not joined:
        raise OutputError(f"{'--records' if records is not None else '--csa-offsets'} takes one input at a time")
    targets = [target for target in (records, offsets) if target is not None]
    if len({os.path.realpath(target) for target in targets}) < len(targets):
        raise OutputError("the outputs must be different files")
    for target in targets:
        refuse(target, *map(file_of, paths), force=force)


def write(found: Scan, records: Path | None, offsets: Path | None, *, force: bool, progress: Callable[[int], None]) -> None:
    """Write the records of a scan, and its offset_lines; both appear, or none. `progress` is told of the records' bytes."""
    with atomic_outputs([target for target in (records, offsets) if target is not None], force=force) as files:
        if records is not None:
            write_records(found, records, files[0], progress)
        if offsets is not None:
            files[-1].writelines(f"{line}\n".encode() for line in offset_lines(found))
