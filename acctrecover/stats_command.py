"""The command `cookie-stats`: several inputs, counted together."""

# Annotations are no strings here: typer would compile every one of them at each start.
from pathlib import Path
from typing import Annotated

import typer

from acctrecover.bar import bar
from acctrecover.console import complain, show_objects, show_text, status_of, style
from acctrecover.errors import SourceError
from acctrecover.options import (
    ClusterAddress,
    Force,
    Jobs,
    Joined,
    Json,
    Length,
    MapfileIn,
    Most,
    Order,
    Paths,
    Start,
    streams,
    whole,
    word,
)


def cookie_stats(
    ctx: typer.Context,
    paths: Paths,
    top: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="How many of the rarest words to show.")] = 10,
    align: Annotated[
        int, typer.Option(min=1, max=2, metavar="1|2", help="Count words at even offsets (2) or at every offset (1).")
    ] = 2,
    order: Annotated[Order, typer.Option(metavar="little|big", help="Byte order the words are read in.")] = Order.LITTLE,
    cookie: Annotated[str | None, typer.Option(metavar="0xNNNN", help="The word to compare with, where it is not 0x2B91.")] = None,
    start: Start = None,
    length: Length = None,
    mapfile_in: MapfileIn = None,
    as_json: Json = False,
    table: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the counts of all 65536 words as .npy or .csv.")] = None,
    joined: Joined = False,
    most: Most = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the counts of all words as a map of 256 by 256, as .svg or .png.")
    ] = None,
    jobs: Jobs = None,
    cluster: ClusterAddress = None,
    force: Force = False,
) -> None:
    """Count 2-byte words; nominate a rare one as a magic cookie.

    Several inputs are counted together.

    \b
    Example: acctrecover cookie-stats /boot/vmlinuz
    """
    from acctrecover.cookies import COOKIE, check_ending, write_table
    from acctrecover.cookies import cookie_stats as run
    from acctrecover.output import accepted, atomic_outputs
    from acctrecover.report_stats import stats_text
    from acctrecover.source import file_of
    from acctrecover.window import window

    if table is not None:
        check_ending(table)
    if plot is not None:
        from acctrecover.cookie_map import write_cookie_map
        from acctrecover.plot import check_ending as check_picture

        check_picture(plot)
    accepted([file_of(path) for path in paths], {"--table": table, "--plot": plot}, force=force)
    stats, status = run([], align=align, order=order, cookie=word(cookie) or COOKIE), 0
    counts = None
    if (jobs or 1) > 1 or cluster is not None:
        from acctrecover.counting import Counts
        from acctrecover.sharing import workers

        if (helpers := ctx.with_resource(workers(jobs, cluster, paths))) is not None:
            counts = Counts(paths, helpers, align, order, stats.cookie, whole=whole(start, length, mapfile_in, most, joined))
    with bar(paths) as progress:
        for index, inputs in enumerate(streams(paths, joined)):
            try:
                with window(inputs, start, length, mapfile_in, progress, joined=joined, most=most) as evidence:
                    if counts is not None:
                        stats += counts.count(index, evidence, progress)
                    else:
                        stats += run(evidence, align=align, order=order, cookie=stats.cookie, progress=progress)
            except SourceError as error:
                complain(error)
                status = status_of(error)
    if status and not stats.inputs:
        raise typer.Exit(status)
    with atomic_outputs([path for path in (table, plot) if path is not None], force=force) as files:
        if table is not None:
            write_table(stats, table, files[0])
        if plot is not None:
            write_cookie_map(stats, plot, files[-1])
    if as_json:
        show_objects([stats.to_json(top)])
    else:
        show_text(stats_text(stats, top), style())
    raise typer.Exit(status or (1 if stats.breaks else 0))
