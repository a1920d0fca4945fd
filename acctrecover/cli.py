"""The command line: its commands, and how a run of any of them ends."""

# Annotations are no strings here: typer would compile every one of them at each start.
import gc
import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from acctrecover import __version__
from acctrecover.console import complain, mute, status_of
from acctrecover.damage_command import damage
from acctrecover.errors import AcctrecoverError
from acctrecover.formats_command import explain, formats
from acctrecover.man_command import man
from acctrecover.repair_command import repair
from acctrecover.scan_command import scan
from acctrecover.stats_command import cookie_stats
from acctrecover.verify_command import verify

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


for command in (scan, repair, verify, cookie_stats, damage, formats, explain, man):
    app.command()(command)


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
        complain("interrupted" if stopped.args[0] == signal.SIGINT else "terminated")
        sys.exit(128 + int(stopped.args[0]))
    except AcctrecoverError as error:
        complain(error)
        sys.exit(status_of(error))
    except OSError as error:
        mute()
        complain(f"{error.filename or 'standard output'}: {(error.strerror or 'cannot be written').lower()}")
        sys.exit(2)
    finally:
        gc.freeze()  # nor need the end look through it
