"""What a scan writes besides what it says: records as rows, offsets that are not sound, a mapfile, a page, a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from acctrecover.errors import OutputError
from acctrecover.output import accepted, atomic_outputs
from acctrecover.result import Scan
from acctrecover.signs import Sign
from acctrecover.source import file_of
from acctrecover.users import Users

Outputs = Mapping[str, Path | None]
"""Paths by the option that names them: --records, --csa-offsets, --mapfile, --html, --map; None if not asked for."""


def ready(outputs: Outputs, paths: Sequence[str], read: Sequence[Path] = (), *, force: bool, joined: bool = False) -> None:
    """Raise OutputError before any work where one of the outputs could not be written, or is another file that is `read`."""
    asked = {option: path for option, path in outputs.items() if path is not None}
    if "--records" in asked:
        from acctrecover.export import check_ending

        check_ending(asked["--records"])
    if "--map" in asked:
        from acctrecover.plot import check_ending

        check_ending(asked["--map"])
    if len(paths) > 1 and not joined and (alone := [option for option in asked if option != "--records"]):
        raise OutputError(f"{alone[0]} takes one input at a time")
    accepted([*map(file_of, paths), *map(file_of, read)], asked, force=force)


def write(
    found: Sequence[Scan],
    outputs: Outputs,
    options: Mapping[str, Sequence[object]],
    *,
    force: bool,
    progress: Callable[[int], None] = lambda done: None,
    since: Mapping[str, float] | None = None,
    users: Users | None = None,
    signs: Sequence[Sign] | None = None,
) -> None:
    """Write the outputs of a scan, or the records of several; all appear, or none. `options` are those that it was made with, by
    name; `progress` is told of the bytes of records as rows.

    Records of several inputs are rows in the order of their clocks; `since` are events that some count from, in seconds since
    the epoch. `users` give names to user ids. `signs` are the places of an input that are worth a look, for its page.
    """
    asked = {option: path for option, path in outputs.items() if path is not None}
    with atomic_outputs(list(asked.values()), force=force) as files:
        for (option, path), file in zip(asked.items(), files, strict=True):
            if option == "--records":
                _records(found, path, file, progress, since or {}, users)
            else:
                _write(found[0], option, path, file, options, signs)


def _records(
    found: Sequence[Scan],
    path: Path,
    file: BinaryIO,
    progress: Callable[[int], None],
    since: Mapping[str, float],
    users: Users | None,
) -> None:
    from acctrecover.export import write_records, write_tables

    if len(found) == 1:
        write_records(found[0], path, file, progress, users)
        return
    from acctrecover.timeline import Timeline

    seen = list({id(dialect): dialect for scan in found for dialect in scan.told.by_extent.values()}.values())
    write_tables(Timeline(found, since).tables, seen, path, file, progress, lead=["file"], users=users)


def _write(
    found: Scan,
    option: str,
    path: Path,
    file: BinaryIO,
    options: Mapping[str, Sequence[object]],
    signs: Sequence[Sign] | None,
) -> None:
    if option == "--csa-offsets":
        from acctrecover.offsets import offset_lines

        file.writelines(f"{line}\n".encode() for line in offset_lines(found))
    elif option == "--mapfile":
        from acctrecover.mapfile import mapfile_lines

        file.writelines(f"{line}\n".encode() for line in mapfile_lines(found.extents))
    elif option == "--html":
        from acctrecover.page import write_page

        write_page(found, file, options, signs)
    else:
        from acctrecover.stream_map import write_map

        write_map(found, path, file)
