"""Claims about --resume: a scan that was interrupted, however, goes on where it was, with the same result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command import run, said

from acctrecover import resume as module
from acctrecover.asked import Asked
from acctrecover.resume import Resume
from acctrecover.scanning import scan
from acctrecover.survey import Chain
from acctrecover.walk import Walker

PACCT = Path(__file__).parent.parent / "corpora" / "linux-v3" / "pacct-v3"
ASKED = Asked(("acct_v3", "acct_v2"))
SLOW = """
import sys, time
from acctrecover import resume
from acctrecover.cli import main
from acctrecover.walk import Walker
step = Walker._step
Walker._step = lambda walker: (time.sleep(0.02), step(walker))
resume.EVERY = 0.05
main()
"""
"""The command with steps slow enough to be interrupted."""


@pytest.fixture
def wounded(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    data = bytearray(PACCT.read_bytes() * 20)
    for at in range(3000, len(data), 9000):
        data[at : at + 300] = rng.bytes(300)
    path = tmp_path / "wounded"
    path.write_bytes(data)
    return path


class StopError(Exception):
    """What interrupts a walk."""


def interrupted(state: Path, path: Path, after: int) -> None:
    """A scan that is stopped before its step of this number."""
    resume, count = Resume(state, {}), 0

    def stopping(walker: Walker, attend: module.Attend) -> list[Chain]:
        def once(walker: Walker) -> None:
            nonlocal count
            attend(walker)
            count += 1
            if count > after:
                raise StopError

        return walker.walk(once)

    with pytest.raises(StopError):
        scan(str(path), ASKED.formats, walking=lambda walker: resume.walk(walker, stopping))


@pytest.mark.parametrize("after", [0, 1, 2, 7, 20])
def test_a_scan_interrupted_between_any_steps_goes_on_with_the_same_result(tmp_path: Path, wounded: Path, after: int) -> None:
    state = tmp_path / "state"
    interrupted(state, wounded, after)
    assert state.exists()
    steps: list[int] = []
    resume = Resume(state, {})

    def walking(walker: Walker) -> list[Chain]:
        walker.note = lambda key, step: steps.append(key[0])
        return resume.walk(walker)

    found = scan(str(wounded), ASKED.formats, walking=walking)
    alone = scan(str(wounded), ASKED.formats)
    assert (found.extents, found.sha256) == (alone.extents, alone.sha256)
    assert after < 2 or steps[0] > 0
    resume.done()
    assert not state.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_command_that_was_killed_goes_on_and_prints_the_same_bytes(tmp_path: Path, wounded: Path, number: int) -> None:
    state = tmp_path / "state"
    words = ["scan", str(wounded), "--json", "-f", "acct_v3", "--resume", str(state)]
    victim = subprocess.Popen([sys.executable, "-c", SLOW, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not state.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        victim.send_signal(number)
        assert victim.communicate(timeout=30)[0] == b""
    finally:
        victim.kill()
    with np.load(state, allow_pickle=False) as kept:
        assert len(kept["told"])
    alone = run("scan", wounded, "--json", "-f", "acct_v3")
    again = run(*words)
    assert (again.stdout, again.returncode) == (alone.stdout, 1)
    assert not state.exists()
    left = [name for name in os.listdir(tmp_path) if number != signal.SIGKILL or not name.startswith(".acctrecover-")]
    assert left == ["wounded"]


def test_a_state_of_another_input_or_of_other_options_is_refused_in_one_line(tmp_path: Path, wounded: Path) -> None:
    state, other = tmp_path / "state", tmp_path / "other"
    interrupted(state, wounded, 3)
    kept = state.read_bytes()
    other.write_bytes(wounded.read_bytes())
    options = {name: [] for name in ("--format", "--formats", "--cookie", "--start", "--length", "--mapfile-in")}
    with pytest.raises(module.AcctrecoverError, match="of another input"):
        scan(str(other), walking=Resume(state, {}).walk)
    with pytest.raises(module.AcctrecoverError, match="with other options"):
        scan(str(wounded), walking=Resume(state, options).walk)
    assert "with other options; remove it to begin anew" in said(run("scan", wounded, "--resume", state))
    os.utime(wounded)
    with pytest.raises(module.AcctrecoverError, match="that has changed"):
        scan(str(wounded), walking=Resume(state, {}).walk)
    assert state.read_bytes() == kept


@pytest.mark.parametrize("content", [b"", b"notes", b"PK\x03\x04" + bytes(40)])
def test_a_file_that_is_no_state_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    state = tmp_path / "notes"
    state.write_bytes(content)
    assert "is no state of a scan" in said(run("scan", PACCT, "--resume", state))
    assert state.read_bytes() == content


def test_the_input_is_never_taken_for_a_state(tmp_path: Path) -> None:
    path = tmp_path / "pacct"
    path.write_bytes(PACCT.read_bytes())
    assert "never written to" in said(run("scan", path, "--resume", path))
    assert "one input at a time" in said(run("scan", path, PACCT, "--resume", tmp_path / "state"))
    assert "no file" in said(run("scan", "-", "--resume", tmp_path / "state", stdin=PACCT.read_bytes()))
    assert path.read_bytes() == PACCT.read_bytes()
