"""The worked example of README does what README says; ACCTRECOVER_REWRITE=1 writes there what it says now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest
from command import COMMAND

README = Path(__file__).resolve().parent.parent / "README.md"
SHELL = f'acctrecover() {{ {COMMAND[0]} -m acctrecover "$@"; }}; cd "$1" && '


def section(title: str) -> str:
    return README.read_text().split(f"## {title}\n")[1].split("\n## ")[0]


def blocks() -> list[str]:
    """The indented blocks of the section that teaches a format."""
    out: list[list[str]] = [[]]
    for line in section("How to write a format").splitlines():
        if line.startswith("    ") or (not line and out[-1]):
            out[-1].append(line)
        elif out[-1]:
            out.append([])
    return [dedent("\n".join(block)).strip("\n") for block in out if block]


def test_the_format_that_readme_teaches_is_declared_scanned_and_explained_as_shown(tmp_path: Path) -> None:
    declaration, writer, session = blocks()
    assert len(declaration.splitlines()) <= 21
    (tmp_path / "door.py").write_text(declaration + "\n")
    subprocess.run([sys.executable, "-c", writer], cwd=tmp_path, check=True)
    said = []
    environment = {**os.environ, "TZ": "UTC", "PYTHONPATH": str(README.parent)}
    for line in session.splitlines():
        if line.startswith("$ acctrecover "):
            words = line.split()[2:]
            done = subprocess.run([*COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
            assert (done.returncode, done.stderr) == (1, "")
            said += [line, *done.stdout.rstrip("\n").splitlines(), ""]
    now = "\n".join(line.rstrip() for line in said).rstrip()
    if os.environ.get("ACCTRECOVER_REWRITE") == "1":
        old, new = (indent(text, "    ") for text in (session, now))
        README.write_text(README.read_text().replace(old, new))
        session = now
    assert now == session
    assert "49 records intact" in session
    assert "FAILS    kind" in session


@pytest.mark.parametrize("title", ["Worth a look", "Several files of one history"])
def test_what_readme_shows_of_signs_and_of_several_files_is_what_is_said(title: str, tmp_path: Path) -> None:
    shutil.copytree(README.parent / "corpora", tmp_path / "corpora")
    environment = {**os.environ, "TZ": "UTC", "PYTHONPATH": str(README.parent)}
    shown = [line[4:] for line in section(title).splitlines() if line.startswith("    ")]
    now = []
    for line in shown:
        if line.startswith("$ "):
            words = ["bash", "-c", SHELL + line[2:], "bash", str(tmp_path)]
            done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
            now += [line, *filter(None, done.stdout.splitlines())]
    if os.environ.get("ACCTRECOVER_REWRITE") == "1" and now != shown:
        old, new = (indent("\n".join(lines), "    ") for lines in (shown, now))
        README.write_text(README.read_text().replace(old, new))
        shown = now
    assert now == shown
