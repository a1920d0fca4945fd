"""The command `scan`: options in, one library call an input, text or JSON out."""

# Annotations are no strings here: typer would compile every one of them at each start.
from pathlib import Path
from typing import Annotated

import typer

from acctrecover.bar import bar
from acctrecover.console import complain, show, show_objects, status_of
from acctrecover.errors import SelfCheckError, SourceError
from acctrecover.options import Cookie, Force, Formats, Joined, Json, Most, Paths, Places, places_of, word
from acctrecover.sizes import quantity


def scan(
    paths: Paths,
    formats: Formats = None,
    places: Places = None,
    cookie: Cookie = None,
    as_json: Json = False,
    records: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write every record, decoded, one a row, as .jsonl, .csv, .parquet, or .body for mactime."
        ),
    ] = None,
    csa_offsets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write where the input is not sound, for csaedit -b of SGI CSA.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every extent; without it the middle of a long table is left out.")
    ] = False,
    joined: Joined = False,
    most: Most = None,
    force: Force = False,
) -> None:
    """Find every surviving record; say why other bytes are none.

    Exit status 2 also for an input that is another kind of file, as a systemd journal: the tool that reads it is named.

    Example: acctrecover scan /var/log/account/pacct

    Example: acctrecover scan --joined pacct.2.gz pacct.1.gz pacct
    """
    from acctrecover.joined import open_inputs
    from acctrecover.report import scan_objects, scan_text
    from acctrecover.scanning import scan as run

    if records is not None or csa_offsets is not None:
        from acctrecover.beside import ready, write

        ready(records, csa_offsets, paths, force=force, joined=joined)
    worst, shown, limit = 0, False, quantity("--most", most)
    for inputs in [paths] if joined else [[path] for path in paths]:
        try:
            with (
                bar(inputs, passes=1 if records is None else 2) as progress,
                open_inputs(inputs, progress, limit, joined=joined) as source,
            ):
                found = run(source, formats, cookie=word(cookie), places=places_of(places), progress=progress)
                if records is not None or csa_offsets is not None:
                    write(found, records, csa_offsets, force=force, progress=progress)
        except (SourceError, SelfCheckError) as error:
            complain(error)
            worst = max(worst, status_of(error))
            continue
        if as_json:
            show_objects(scan_objects(found))
        else:
            show([""] if shown else [])
            show(scan_text(found, every=every))
        shown = True
        worst = max(worst, 0 if found.whole else 1 if found.other is None else 2)
    raise typer.Exit(worst)
