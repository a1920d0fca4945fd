"""Where commands speak: results to standard output, complaints to standard error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable
from typing import Any

import typer

from acctrecover.errors import AcctrecoverError, SelfCheckError
from acctrecover.style import Style


def show(lines: Iterable[str]) -> None:
    try:
        for line in lines:
            typer.echo(line)
    except BrokenPipeError:
        mute()
        raise SystemExit(128 + signal.SIGPIPE) from None


def show_text(lines: Iterable[str], style: Style, hang: int = 4) -> None:
    """Show lines that are not laid out yet, folded where the terminal ends."""
    show(part for line in lines for part in style.lines(line, hang=hang))


def style(*, utc: bool = False, verbose: bool = False) -> Style:
    """How text is laid out on standard output: as wide as its terminal, in colours unless NO_COLOR or TERM=dumb; else plain."""
    if sys.stdout is None or not sys.stdout.isatty():
        return Style(utc=utc, verbose=verbose)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(max(40, shutil.get_terminal_size().columns), colour, utc, verbose)


def mute() -> None:
    """Send what standard output still holds nowhere: it failed once."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_objects(values: Iterable[dict[str, Any]]) -> None:
    show(map(json.dumps, values))


def complain(error: object) -> None:
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(error))
    if sys.stderr is not None:
        print(f"acctrecover: {line}", file=sys.stderr)


def status_of(error: AcctrecoverError) -> int:
    return 3 if isinstance(error, SelfCheckError) else 2
