"""The commands: options in, one library call, text or JSON out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from acctrecover import __version__
from acctrecover.errors import AcctrecoverError, OutputError, SelfCheckError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Recover damaged accounting streams.\n\nExit status: 0 whole, 1 damage found or something lost, 2 it could not be "
    "done, 3 a self-check failed.",
)

Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, devices, or - for standard input.")]
Formats = Annotated[list[str] | None, typer.Option("--format", "-f", metavar="NAME", help="Only this format; may be repeated.")]
Cookie = Annotated[str | None, typer.Option(metavar="0xNNNN", help="The magic cookie, where it is not 0x2B91.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Force = Annotated[bool, typer.Option(help="Replace existing outputs.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@contextmanager
def _progress(paths: Iterable[str]) -> Iterator[Callable[[int], None]]:
    from tqdm import tqdm

    total = sum(os.path.getsize(path) for path in paths if Path(path).is_file())
    bar = tqdm(total=total, unit="B", unit_scale=True, delay=1, leave=False, disable=not sys.stderr.isatty())
    with bar:

        def advance(done: int) -> None:
            bar.update(done)

        yield advance


def _word(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        word = int(text, 0)
    except ValueError:
        word = 0
    if not 0 < word <= 0xFFFF:
        raise AcctrecoverError(f"--cookie {text}: not a word from 0x0001 to 0xffff")
    return word


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _object(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value))


@app.command()
def scan(
    paths: Paths,
    formats: Formats = None,
    cookie: Cookie = None,
    as_json: Json = False,
    records: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every record, decoded, as .jsonl or .csv.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every extent, however many.")] = False,
    force: Force = False,
) -> None:
    """Find every surviving record and say why the other bytes are not one.

    Example: acctrecover scan /var/log/account/pacct
    """
    from acctrecover.export import check_ending, write_records
    from acctrecover.output import atomic_output, refuse
    from acctrecover.report import scan_text
    from acctrecover.scanning import scan as run

    if records is not None:
        check_ending(records)
        refuse(records, force=force)
        if len(paths) > 1:
            raise OutputError("--records takes one input at a time")
        if paths[0] != "-" and records.exists() and Path(paths[0]).exists() and records.samefile(paths[0]):
            raise OutputError(f"{records}: is the input, which is never written to")
    worst = 0
    for path in paths:
        with _progress([path]) as progress:
            found = run(path, formats, cookie=_word(cookie), progress=progress)
        if as_json:
            _object({"kind": "source", "path": path, "size": found.size, "sha256": found.sha256})
            for extent in found.extents:
                _object(extent.to_json())
            gaps = sum(extent.size for extent in found.gaps)
            summary = {"records": found.counts, "chains": len(found.chains), "gaps": len(found.gaps), "gap_bytes": gaps}
            _object({"kind": "summary", "whole": found.whole, **summary})
        else:
            _print(scan_text(found, every=every))
        if records is not None:
            with atomic_output(records, force=force) as file:
                write_records(found, records, file)
        worst = max(worst, 0 if found.whole else 1)
    raise typer.Exit(worst)


@app.command()
def repair(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The damaged stream, or - for standard input.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="OUT", help="The new file.")] = None,
    formats: Formats = None,
    cookie: Cookie = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a JSON account of every byte.")] = None,
    quarantine: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the bytes left out.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Write nothing, say what would be.")] = False,
    strict: Annotated[bool, typer.Option(help="Leave suspect and healed records out.")] = False,
    force: Force = False,
) -> None:
    """Copy the surviving records, in order and byte for byte, into a new file. The input is never written to.

    Example: acctrecover repair /var/log/account/pacct -o pacct.recovered --report pacct.json
    """
    from acctrecover.repairing import repair as run
    from acctrecover.report import repair_text

    if output is None and not dry_run:
        raise OutputError("say where to write with -o OUT, or use --dry-run")
    with _progress([path]) as progress:
        result = run(
            path,
            None if dry_run else output,
            formats,
            cookie=_word(cookie),
            report=None if dry_run else report,
            quarantine=None if dry_run else quarantine,
            strict=strict,
            force=force,
            progress=progress,
        )
    _print(repair_text(result, None if dry_run else str(output)))
    raise typer.Exit(0 if result.lossless else 1)


@app.command(name="cookie-stats")
def cookie_stats(
    paths: Paths,
    top: Annotated[int, typer.Option(min=1, max=65535, help="How many of the rarest words to show.")] = 10,
    align: Annotated[int, typer.Option(min=1, max=2, help="2: words at even offsets; 1: at every offset.")] = 2,
    order: Annotated[str, typer.Option(help="Byte order of the words: little or big.")] = "little",
    cookie: Cookie = None,
    as_json: Json = False,
    table: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all 65536 counts as .npy or .csv.")] = None,
    force: Force = False,
) -> None:
    """Count every 2-byte word and nominate the rarest as a magic cookie.

    Example: acctrecover cookie-stats /boot/vmlinuz
    """
    from acctrecover.cookies import cookie_stats as run
    from acctrecover.cookies import write_table
    from acctrecover.report import stats_text

    with _progress(paths) as progress:
        stats = run(paths, align=align, order=order, cookie=_word(cookie) or 0x2B91, progress=progress)
    if table is not None:
        write_table(stats, table, force=force)
    if as_json:
        _object(stats.to_json(top))
    else:
        _print(stats_text(stats, top))


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
    """Damage a copy of a stream on purpose, to rehearse with, and know of every byte where it came from.

    Example: acctrecover damage pacct -o pacct.damaged --kind zero-run --kind delete --seed 7 --truth truth.json
    """
    from acctrecover.damaging import damage as run
    from acctrecover.output import atomic_output, refuse
    from acctrecover.report import damage_text
    from acctrecover.source import open_source

    texts: list[bytes | None] = []
    targets = [target for target in (output, truth, rest) if target is not None]
    if len({os.path.realpath(target) for target in targets}) < len(targets):
        raise OutputError("the outputs must be different files")
    for name in (path, stale, other):
        if name is None:
            texts.append(None)
            continue
        with open_source(name) as source:
            for target in targets:
                if source.fd_stat is not None and target.exists() and os.path.samestat(source.fd_stat, target.stat()):
                    raise OutputError(f"{target}: is the input, which is never written to")
                refuse(target, force=force)
            texts.append(source.read(0, source.size))
    damaged = run(texts[0] or b"", kinds, seed, stale=texts[1], other=texts[2])
    parts = damaged.parted() if rest is not None else (damaged.data, b"")
    contents = {output: parts[0], rest: parts[1], truth: json.dumps(damaged.to_json()).encode() + b"\n"}
    with ExitStack() as files:
        for target in targets:
            files.enter_context(atomic_output(target, force=force)).write(contents[target])
    _print(damage_text(damaged, str(output)))


def main() -> None:
    """The console script: errors become one line on stderr and exit status 2 (3 for a failed self-check)."""
    status: Any = 0
    with nullcontext():
        try:
            status = app(standalone_mode=True)
        except SystemExit as done:
            status = done.code
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 141
        except KeyboardInterrupt:
            print("acctrecover: interrupted", file=sys.stderr)
            status = 130
        except SelfCheckError as error:
            print(f"acctrecover: {error}", file=sys.stderr)
            status = 3
        except AcctrecoverError as error:
            print(f"acctrecover: {error}", file=sys.stderr)
            status = 2
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    sys.exit(status)
