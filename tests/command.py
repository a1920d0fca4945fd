"""The command as another program runs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "acctrecover"]
PASSING = "PYTEST_CURRENT_TEST"
"""The variable of the environment that is another one in each test."""


def run(*words: object, cwd: Path | str = ".", **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end; `how` is for subprocess.run, but for `stdin`, which is its input.

    Where words and a folder are all that is told, the start of an interpreter is spared: see started.py."""
    told = list(map(str, words))
    if not how and (process := started()).env == environment():
        return process.run(told, cwd)
    if "stdin" in how:
        how["input"] = how.pop("stdin")
    return subprocess.run([*COMMAND, *told], cwd=cwd, capture_output=True, check=False, **how)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != PASSING}


class Started:
    """The process of started.py, which serves one run after another, each in a child with the environment of its own start."""

    def __init__(self) -> None:
        self.env = environment()
        self.asked, theirs = socket.socketpair()
        words = [sys.executable, str(Path(__file__).with_name("started.py")), str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(words, env=self.env, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def run(self, words: list[str], cwd: Path | str) -> subprocess.CompletedProcess[bytes]:
        (out, out_in), (err, err_in) = os.pipe(), os.pipe()
        request = json.dumps({"words": words, "cwd": os.path.abspath(cwd)}).encode()
        socket.send_fds(self.asked, [request], [out_in, err_in])
        os.close(out_in)
        os.close(err_in)
        told: list[bytes] = []
        reader = threading.Thread(target=lambda: told.append(read(err)))
        reader.start()
        printed = read(out)
        reader.join()
        status = os.waitstatus_to_exitcode(int(self.asked.recv(64)))
        return subprocess.CompletedProcess([*COMMAND, *words], status, printed, told[0])


def read(stream: int) -> bytes:
    with open(stream, "rb") as file:
        return file.read()


@cache
def started() -> Started:
    return Started()


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on stderr of a run that could not do its work."""
    assert done.returncode == 2, done
    line = done.stderr.decode()
    assert line.startswith("acctrecover: "), line
    assert line.count("\n") == 1, line
    return line.strip()
