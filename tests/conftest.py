"""Every report that the suite makes of a repair of files is checked, here and of commands: one that `verify` refuses fails."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import command

import acctrecover
from acctrecover import merging, repairing
from acctrecover.verifying import verify

Repairing = Callable[..., Any]

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
sys.dont_write_bytecode = False
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a shell: commands would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # as under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def held_to(function: Repairing) -> Repairing:
    """A repair, or a merge, that is checked by its report where it writes one of files."""

    @functools.wraps(function)
    def checked(evidence: Any, *given: Any, **how: Any) -> Any:
        done = function(evidence, *given, **how)
        copies = [evidence] if isinstance(evidence, str | os.PathLike) else evidence
        files = isinstance(copies, Sequence) and all(
            isinstance(copy, str | os.PathLike) and Path(copy).is_file() for copy in copies
        )
        if how.get("report") is not None and files:
            holds(how["report"], copies, given[0] if given else how.get("out"), how.get("quarantine"))
        return done

    return checked


def holds(report: Any, copies: Sequence[Any] = (), out: Any = None, quarantine: Any = None) -> None:
    refused = [check for check in verify(report, copies, output=out, quarantine=quarantine).checks if check.holds is False]
    assert not refused, refused


def ran(function: Repairing) -> Repairing:
    """A command, checked likewise."""

    @functools.wraps(function)
    def checked(*words: object, **how: Any) -> Any:
        done = function(*words, **how)
        told = [str(word) for word in words]
        if told[:1] == ["repair"] and "--report" in told and done.returncode in (0, 1) and not {"-", "-n", "--dry-run"} & set(told):
            folder = Path(how.get("cwd") or ".")
            before = Path.cwd()
            os.chdir(folder)
            try:
                holds(told[told.index("--report") + 1])
            finally:
                os.chdir(before)
        return done

    return checked


acctrecover.repair = repairing.repair = held_to(repairing.repair)
acctrecover.merge = merging.merge = held_to(merging.merge)
command.run = ran(command.run)
