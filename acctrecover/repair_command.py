"""The command `repair`: of one copy or of several, text or JSON out."""

# Annotations are no strings here: typer would compile every one of them at each start.
from pathlib import Path
from typing import Annotated, Any

import typer

from acctrecover.bar import bar
from acctrecover.console import show_objects, show_text, style
from acctrecover.errors import AcctrecoverError, OutputError
from acctrecover.options import (
    Cookie,
    Force,
    Formats,
    Joined,
    Json,
    Length,
    MapfileIn,
    Most,
    Places,
    Quiet,
    Start,
    Utc,
    places_of,
    streams,
    word,
)


def repair(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="COPY...", help="The damaged stream, or several copies of it: files, block devices, pipes, or -."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="The file to write the recovered stream to.")
    ] = None,
    formats: Formats = None,
    places: Places = None,
    cookie: Cookie = None,
    as_json: Json = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a JSON account that verify checks: where each output byte came from, every gap, SHA-256."
        ),
    ] = None,
    quarantine: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the bytes left out, in order; none for holes.")
    ] = None,
    start: Start = None,
    length: Length = None,
    mapfile_in: MapfileIn = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Write no file at all; say what would be written.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave suspect and healed records out.")] = False,
    stale: Annotated[str, typer.Option(metavar="keep|drop", help="Stale records, duplicates and another stream's.")] = "keep",
    joined: Joined = False,
    most: Most = None,
    utc: Utc = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Copy the surviving records into a new file, byte for byte.

    They keep their order; the input is never written to. All output files appear together, or none. Of several copies of one
    stream each record is taken, whole, from one that has it intact, the first such; what is intact in none, healed or suspect.
    Exit status 0: the stream is whole, of one copy or of several together.

    \b
    Example: acctrecover repair /var/log/account/pacct -o pacct.recovered --report pacct.json

    \b
    Example: acctrecover repair pacct.disk1 pacct.backup -o pacct.merged

    \b
    Example: acctrecover repair --joined pacct.1.gz pacct -o pacct.whole
    """
    from contextlib import ExitStack

    from acctrecover.report_repair import merge_text, repair_text
    from acctrecover.window import window

    if stale not in ("keep", "drop"):
        raise AcctrecoverError(f"--stale {stale}: say keep or drop")
    if len(paths) > 1 and not joined and (start or length or mapfile_in):
        raise AcctrecoverError("--start, --length and --mapfile-in take one copy")
    if output is None and not dry_run:
        raise OutputError("say where to write with -o OUT, or use --dry-run")
    to = None if dry_run else str(output)
    look = style(utc=utc)
    how: dict[str, Any] = {
        "cookie": word(cookie),
        "places": places_of(places),
        "report": None if dry_run else report,
        "quarantine": None if dry_run else quarantine,
        "strict": strict,
        "stale": stale == "keep",
        "force": force,
    }
    with bar(paths, passes=2 if dry_run else 3) as progress, ExitStack() as opened:
        copies = [
            opened.enter_context(window(group, start, length, mapfile_in, progress, joined=joined, most=most))
            for group in streams(paths, joined)
        ]
        if len(copies) == 1:
            from acctrecover.repairing import repair as run

            repaired = run(copies[0], to, formats, **how, progress=progress)
            account, whole, lines = repaired.to_json, repaired.lossless, repair_text(repaired, to, look)
        else:
            from acctrecover.merging import merge

            merged = merge(copies, to, formats, **how, progress=progress)
            account, whole, lines = merged.to_json, merged.lossless, merge_text(merged, to)
    if as_json:
        show_objects([account()])
    else:
        show_text(list(lines)[-1:] if quiet else lines, look)
    raise typer.Exit(0 if whole else 1)
