"""The commands: options in, one library call, text or JSON out."""

# Annotations are no strings here: typer would compile every one of them at each start.
import gc
import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from acctrecover import __version__
from acctrecover.bar import bar
from acctrecover.errors import AcctrecoverError, OutputError, SelfCheckError, SourceError
from acctrecover.options import Cookie, Force, Formats, Json, Order, Paths, Places, places_of, word

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Recover damaged accounting streams.\n\nExit status: 0 whole, 1 damage found or something lost, 2 it could not be "
    "done, 3 a self-check failed.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def _print(lines: Iterable[str]) -> None:
    try:
        for line in lines:
            typer.echo(line)
    except BrokenPipeError:
        _mute()
        raise SystemExit(128 + signal.SIGPIPE) from None


def _mute() -> None:
    """Send what standard output still holds nowhere: it failed once."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _objects(values: Iterable[dict[str, Any]]) -> None:
    _print(map(json.dumps, values))


def _complain(error: object) -> None:
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(error))
    if sys.stderr is not None:
        print(f"acctrecover: {line}", file=sys.stderr)


@app.command()
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
    force: Force = False,
) -> None:
    """Find every surviving record; say why other bytes are none.

    Exit status 2 also for an input that is another kind of file, as a systemd journal: the tool that reads it is named.

    Example: acctrecover scan /var/log/account/pacct
    """
    from acctrecover.report import scan_objects, scan_text
    from acctrecover.scanning import scan as run

    if records is not None or csa_offsets is not None:
        from acctrecover.beside import ready, write

        ready(records, csa_offsets, paths, force=force)
    worst, shown = 0, False
    for path in paths:
        try:
            with bar([path], passes=1 if records is None else 2) as progress:
                found = run(path, formats, cookie=word(cookie), places=places_of(places), progress=progress)
                if records is not None or csa_offsets is not None:
                    write(found, records, csa_offsets, force=force, progress=progress)
        except (SourceError, SelfCheckError) as error:
            _complain(error)
            worst = max(worst, _status(error))
            continue
        if as_json:
            _objects(scan_objects(found))
        else:
            _print([""] if shown else [])
            _print(scan_text(found, every=every))
        shown = True
        worst = max(worst, 0 if found.whole else 1 if found.other is None else 2)
    raise typer.Exit(worst)


@app.command()
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
            metavar="FILE", help="Write a JSON account: which copy each output byte came from and where, every gap, SHA-256."
        ),
    ] = None,
    quarantine: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the bytes left out, in order.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Write no file at all; say what would be written.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave suspect and healed records out.")] = False,
    stale: Annotated[str, typer.Option(metavar="keep|drop", help="Stale records, duplicates and another stream's.")] = "keep",
    force: Force = False,
) -> None:
    """Copy the surviving records into a new file, byte for byte.

    They keep their order; the input is never written to. All output files appear together, or none. Of several copies of one
    stream each record is taken, whole, from one that has it intact, the first such; what is intact in none, healed or suspect.
    Exit status 0: the stream is whole, of one copy or of several together.

    Example: acctrecover repair /var/log/account/pacct -o pacct.recovered --report pacct.json

    Example: acctrecover repair pacct.disk1 pacct.backup -o pacct.merged
    """
    from acctrecover.report import merge_text, repair_text

    if stale not in ("keep", "drop"):
        raise AcctrecoverError(f"--stale {stale}: say keep or drop")
    if output is None and not dry_run:
        raise OutputError("say where to write with -o OUT, or use --dry-run")
    to = None if dry_run else str(output)
    how: dict[str, Any] = {
        "cookie": word(cookie),
        "places": places_of(places),
        "report": None if dry_run else report,
        "quarantine": None if dry_run else quarantine,
        "strict": strict,
        "stale": stale == "keep",
        "force": force,
    }
    with bar(paths, passes=2 if dry_run else 3) as progress:
        if len(paths) == 1:
            from acctrecover.repairing import repair as run

            repaired = run(paths[0], to, formats, **how, progress=progress)
            account, whole, lines = repaired.to_json, repaired.lossless, repair_text(repaired, to)
        else:
            from acctrecover.merging import merge

            merged = merge(paths, to, formats, **how, progress=progress)
            account, whole, lines = merged.to_json, merged.lossless, merge_text(merged, to)
    if as_json:
        _objects([account()])
    else:
        _print(lines)
    raise typer.Exit(0 if whole else 1)


@app.command(name="cookie-stats")
def cookie_stats(
    paths: Paths,
    top: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="How many of the rarest words to show.")] = 10,
    align: Annotated[
        int, typer.Option(min=1, max=2, metavar="1|2", help="Count words at even offsets (2) or at every offset (1).")
    ] = 2,
    order: Annotated[Order, typer.Option(help="Byte order the words are read in.")] = Order.LITTLE,
    cookie: Annotated[str | None, typer.Option(metavar="0xNNNN", help="The word to compare with, where it is not 0x2B91.")] = None,
    as_json: Json = False,
    table: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the counts of all 65536 words as .npy or .csv.")] = None,
    force: Force = False,
) -> None:
    """Count 2-byte words; nominate a rare one as a magic cookie.

    Several inputs are counted together.

    Example: acctrecover cookie-stats /boot/vmlinuz
    """
    from acctrecover.cookies import COOKIE, check_ending, write_table
    from acctrecover.cookies import cookie_stats as run
    from acctrecover.output import refuse
    from acctrecover.report import stats_text
    from acctrecover.source import file_of

    if table is not None:
        check_ending(table)
        refuse(table, *map(file_of, paths), force=force)
    stats, status = run([], align=align, order=order, cookie=word(cookie) or COOKIE), 0
    with bar(paths) as progress:
        for path in paths:
            try:
                stats += run(path, align=align, order=order, cookie=stats.cookie, progress=progress)
            except SourceError as error:
                _complain(error)
                status = _status(error)
    if status and not stats.inputs:
        raise typer.Exit(status)
    if table is not None:
        write_table(stats, table, force=force)
    if as_json:
        _objects([stats.to_json(top)])
    else:
        _print(stats_text(stats, top))
    raise typer.Exit(status)


def _kinds(asked: bool) -> None:
    if asked:
        from acctrecover.report import kinds_text

        _print(kinds_text())
        raise typer.Exit


@app.command()
def damage(
    path: Annotated[str, typer.Argument(metavar="IN", help="A stream, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The new, damaged file.")],
    kinds: Annotated[list[str], typer.Option("--kind", "-k", metavar="KIND", help="A kind of damage; may be repeated.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help="Write where every byte came from, as JSON.")] = None,
    rest: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what follows a copytruncate here, not to OUT.")] = None,
    stale: Annotated[str | None, typer.Option(metavar="FILE", help="An older stream that stale blocks come from.")] = None,
    other: Annotated[str | None, typer.Option(metavar="FILE", help="The stream that is spliced on.")] = None,
    listed: Annotated[bool, typer.Option("--list", callback=_kinds, is_eager=True, help="List the kinds of damage.")] = False,
    force: Force = False,
) -> None:
    """Damage a copy of a stream on purpose, to rehearse with.

    The truth says of every byte of the result where it came from.

    Example: acctrecover damage pacct -o pacct.damaged --kind zero-run --kind delete --seed 7 --truth truth.json
    """
    from acctrecover.damaging import damage as run
    from acctrecover.output import atomic_outputs, refuse
    from acctrecover.report import damage_text
    from acctrecover.source import file_of, open_source

    targets = [target for target in (output, truth, rest) if target is not None]
    if len({os.path.realpath(target) for target in targets}) < len(targets):
        raise OutputError("the outputs must be different files")
    inputs = [path, stale, other]
    for target in targets:
        refuse(target, *map(file_of, filter(None, inputs)), force=force)
    texts: list[bytes | None] = []
    for name in inputs:
        with open_source(name or b"") as source:
            texts.append(source.read(0, source.size) if name else None)
    damaged = run(texts[0] or b"", kinds, seed, stale=texts[1], other=texts[2])
    parts = damaged.parted() if rest is not None else (damaged.data, b"")
    contents = {output: parts[0], rest: parts[1], truth: json.dumps(damaged.to_json()).encode() + b"\n"}
    with atomic_outputs(targets, force=force) as files:
        for target, file in zip(targets, files, strict=True):
            file.write(contents[target])
    _print(damage_text(damaged, str(output)))


@app.command()
def formats(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Formats to show field by field.")] = None,
    places: Places = None,
    as_json: Json = False,
) -> None:
    """List the formats looked for, or the fields of one.

    Example: acctrecover formats acct_v3
    """
    from acctrecover.report import format_text, formats_text
    from acctrecover.scanning import compiled
    from acctrecover.table import detail, summary

    every = compiled(tuple(names or ()), None, tuple(map(str, places_of(places))))
    first = list({dialect.name: dialect for dialect in reversed(every)}.values())[::-1]
    if as_json:
        _objects(map(detail if names else summary, first))
    elif names:
        for dialect in first:
            _print(format_text(dialect))
    else:
        _print(formats_text(first))


@app.command()
def explain(
    place: Annotated[str, typer.Argument(metavar="PATH@OFFSET", help="A byte of an input, as pacct@0x2fd4; - is standard input.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME[:big]", help="Read these very bytes as a record of this format, found or not."
        ),
    ] = None,
    places: Places = None,
    cookie: Cookie = None,
    utc: Annotated[bool, typer.Option("--utc", help="Show times in UTC, not in local time.")] = False,
    as_json: Json = False,
) -> None:
    """Show one record field by field, and which rules it keeps.

    The record is the one that a scan finds there; in a gap it is what the best-fitting format would see.
    The status is 0 for a record that keeps every rule, else 1.

    Example: acctrecover explain /var/log/account/pacct@0x2fd4 --utc
    """
    from acctrecover.explaining import explain as run
    from acctrecover.report import explain_text

    path, _, text = place.rpartition("@")
    try:
        offset = int(text, 0)
    except ValueError:
        offset = -1
    if not path or offset < 0:
        raise AcctrecoverError(f"{place}: say PATH@OFFSET, as pacct@0x2fd4 or pacct@12244")
    told = run(path, offset, form, cookie=word(cookie), places=places_of(places))
    if as_json:
        _objects([told.to_json()])
    else:
        _print(explain_text(path, told, utc=utc))
    raise typer.Exit(0 if told.status in ("intact", "valid") else 1)


def _status(error: AcctrecoverError) -> int:
    return 3 if isinstance(error, SelfCheckError) else 2


class _Stopped(BaseException):
    """A signal that ends the program."""


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)  # what is being tidied up stays undisturbed
    raise _Stopped(number)


def main() -> None:
    """The console script: errors become one line on stderr and exit status 2 (3 for a failed self-check)."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # or numpy starts a thread a core for algebra that nothing here does
    gc.set_threshold(100_000)  # what the imports make is here to stay: to look through it again and again takes 10 ms
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    try:
        app()
    except _Stopped as stopped:
        _complain("interrupted" if stopped.args[0] == signal.SIGINT else "terminated")
        sys.exit(128 + int(stopped.args[0]))
    except AcctrecoverError as error:
        _complain(error)
        sys.exit(_status(error))
    except OSError as error:
        _mute()
        _complain(f"{error.filename or 'standard output'}: {(error.strerror or 'cannot be written').lower()}")
        sys.exit(2)
    finally:
        gc.freeze()  # nor need the end look through it
