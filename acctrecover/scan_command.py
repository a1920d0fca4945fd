"""The command `scan`: options in, one library call an input, text or JSON out."""

# Annotations are no strings here: typer would compile every one of them at each start.
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from acctrecover.bar import bar
from acctrecover.console import complain, show, show_objects, show_text, status_of
from acctrecover.console import style as styled
from acctrecover.errors import SelfCheckError, SourceError
from acctrecover.options import (
    ClusterAddress,
    Cookie,
    Force,
    Formats,
    Jobs,
    Joined,
    Json,
    Length,
    MapfileIn,
    Most,
    Passwd,
    Paths,
    Places,
    Quiet,
    Start,
    Utc,
    Verbose,
    places_of,
    streams,
    whole,
    word,
)


def scan(
    ctx: typer.Context,
    paths: Paths,
    formats: Formats = None,
    places: Places = None,
    cookie: Cookie = None,
    as_json: Json = False,
    records: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write every record, decoded, one a row, as .jsonl, .csv, .parquet, or .body for mactime; "
            "those of several inputs in clock order.",
        ),
    ] = None,
    csa_offsets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write where the input is not sound, for csaedit -b of SGI CSA.")
    ] = None,
    start: Start = None,
    length: Length = None,
    mapfile_in: MapfileIn = None,
    mapfile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a ddrescue mapfile: + records, - a gap, ? a gap without bytes of its own."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one page to attach to a case: map, extents, bytes, records."),
    ] = None,
    chart: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Draw the stream by offset and by time, as .svg or .png.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every extent; without it like ones are merged where there are many.")
    ] = False,
    joined: Joined = False,
    most: Most = None,
    signs: Annotated[
        bool | None,
        typer.Option(
            "--signs/--no-signs",
            help="Look for what tampering leaves, as records cut out between others. Default: in inputs of up to 16 MiB.",
        ),
    ] = None,
    passwd: Passwd = None,
    utc: Utc = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    jobs: Jobs = None,
    cluster: ClusterAddress = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="STATE", help="Keep in this file how far the scan is, and go on from there when it is run again."),
    ] = None,
    force: Force = False,
) -> None:
    """Find every surviving record; say why other bytes are none.

    Exit status 2 also for an input that is another kind of file, as a systemd journal: the tool that reads it is named.

    \b
    Example: acctrecover scan /var/log/account/pacct

    \b
    Example: acctrecover scan --utc --verbose --records wtmp.csv /var/log/wtmp /var/log/account/pacct

    \b
    Example: acctrecover scan --joined pacct.2.gz pacct.1.gz pacct
    """
    from acctrecover.asked import Asked
    from acctrecover.report import last_line, scan_objects, scan_text
    from acctrecover.sharing import Scans, resumed, workers
    from acctrecover.signs import looked
    from acctrecover.window import window

    users, style = None, styled(utc=utc, verbose=verbose)
    if passwd is not None:
        from acctrecover.users import read_users

        users = read_users(passwd)
    outputs = {"--records": records, "--csa-offsets": csa_offsets, "--mapfile": mapfile, "--html": page, "--map": chart}
    single = {"--cookie": cookie, "--start": start, "--length": length, "--mapfile-in": mapfile_in, "--most": most}
    options: dict[str, Sequence[object]] = {
        "--format": formats or [],
        "--formats": places or [],
        **{name: [value] if value else [] for name, value in single.items()},
        "--joined": [""] if joined else [],
    }
    given = [(name, str(value)) for name in ("--format", "--formats", "--cookie") for value in options[name]]
    if any(outputs.values()):
        from acctrecover.beside import ready, write

        ready(outputs, paths, [mapfile_in] if mapfile_in else [], force=force, joined=joined)
    worst, shown, several, since = 0, False, [], {}
    asked = Asked(tuple(formats or ()), word(cookie), tuple(map(str, places_of(places))))
    state = None if resume is None else resumed(resume, paths, [*outputs.values(), mapfile_in], options, asked)
    plain = whole(start, length, mapfile_in, most, joined)
    work = Scans(paths, asked, ctx.with_resource(workers(jobs, cluster, paths)), state, whole=plain)
    for index, inputs in enumerate(streams(paths, joined)):
        try:
            with bar(inputs, passes=1 if records is None else 2) as progress:
                with window(inputs, start, length, mapfile_in, progress, joined=joined, most=most) as evidence:
                    found = work.scan(index, evidence, progress)
                odd = looked(found, signs, utc=utc or as_json)
                if len(inputs) < len(paths):
                    several.append(found)
                elif any(outputs.values()):
                    marked = odd if page is None or utc or as_json else looked(found, signs)  # times on a page are UTC
                    write([found], outputs, options, force=force, progress=progress, users=users, signs=marked)
        except (SourceError, SelfCheckError) as error:
            complain(error)
            worst = max(worst, status_of(error))
            continue
        if as_json:
            show_objects(scan_objects(found, odd))
        elif quiet:
            show(last_line(found, odd, style))
        else:
            show([""] if shown else [])
            show(scan_text(found, every=every, signs=odd, style=style, given=given))
        shown = True
        worst = max(worst, 0 if found.whole else 1 if found.other is None else 2)
    if len(several) > 1:
        from acctrecover.histories import histories
        from acctrecover.report_histories import history_lines, history_objects

        told = histories(several)
        if as_json:
            show_objects(history_objects(told))
        elif not quiet:
            show_text(history_lines(told, style), style)
        since = told.since
    if records is not None and several:
        with bar([found.name for found in several]) as progress:
            write(several, outputs, options, force=force, progress=progress, since=since, users=users)
    for reason in work.done():
        complain(reason)
    raise typer.Exit(worst)
