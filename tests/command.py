"""The command as another program runs it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

COMMAND = [sys.executable, "-m", "acctrecover"]


def run(*words: object, stdin: bytes | None = None, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end; `how` is for subprocess.run."""
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, input=stdin, check=False, **how)


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on stderr of a run that could not do its work."""
    assert done.returncode == 2, done
    line = done.stderr.decode()
    assert line.startswith("acctrecover: "), line
    assert line.count("\n") == 1, line
    return line.strip()
