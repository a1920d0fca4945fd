"""What the fuzzer runs of the command line: any command with any of its flags, on a file with an unkind name."""

from __future__ import annotations

import json
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import typer
from typer.testing import CliRunner

from acctrecover.cli import app
from acctrecover.errors import AcctrecoverError, SelfCheckError

from .targets import claim, placed, printable, target

COMMANDS = ("scan", "scan", "repair", "explain", "cookie-stats")
NAMES = ("in", "in", "in\x1b[2J\nput", "-in", "'in put'", "in\udce9")


@cache
def flags(command: str) -> list[str]:
    """The options of a command that take no value, but for those that do something else."""
    group: Any = typer.main.get_command(app)
    switches = [each for each in group.commands[command].params if getattr(each, "is_flag", False)]
    return [word for each in switches if not each.is_eager for word in (*each.opts, *each.secondary_opts)]


@target(6)
def cli(data: bytes, rng: Random, folder: Path) -> Hashable:
    name = rng.choice(COMMANDS)
    path = placed(data, folder, rng.choice(NAMES))
    words = [name, *rng.sample(flags(name), rng.randrange(min(4, 1 + len(flags(name)))))]
    if name == "explain":
        words += ["--", str(path), hex(rng.randrange(len(data) + 1))]
    elif name == "repair":
        words += ["-o", str(folder / "out"), "--", str(path)]
    else:
        words += ["--", str(path)]
    done = CliRunner().invoke(app, words)
    error = done.exception
    if isinstance(error, AcctrecoverError) and not isinstance(error, SelfCheckError):
        return name, "refused"
    if error is not None and not isinstance(error, SystemExit):
        raise error
    claim(done.exit_code in (0, 1, 2), "a run ends with a status that is told")
    lines = done.stdout.split("\n")
    if "--json" in words and done.exit_code < 2:
        for line in lines[:-1] if name != "repair" else ["\n".join(lines)]:
            json.loads(line)
    else:
        printable(iter(lines))
    return name, done.exit_code
