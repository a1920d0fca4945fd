"""Each command of README, and its worked example, says what README shows; ACCTRECOVER_REWRITE=1 writes there what it says now."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

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


def transcripts(text: str) -> list[list[str]]:
    """The indented blocks in which commands stand behind `$ `, but for the session of the format that is taught."""
    out: list[list[str]] = []
    for title, part in ((each.split("\n", 1)) for each in text.split("\n## ")[1:]):
        for block in re.findall(r"(?m)(?:^    .*\n(?:\n(?=    ))?)+", part):
            if "\n    $ " in f"\n{block}" and title != "How to write a format":
                out.append(dedent(block).rstrip("\n").split("\n"))
    return out


def test_every_command_in_readme_says_what_readme_shows(tmp_path: Path) -> None:
    shutil.copytree(README.parent / "corpora", tmp_path / "corpora")
    environment = {**os.environ, "TZ": "UTC", "PYTHONPATH": str(README.parent)}
    for shown in transcripts(README.read_text()):
        now: list[str] = []
        for at, line in enumerate(shown):
            if line.startswith("$ "):
                words = ["bash", "-c", SHELL + line[2:], "bash", str(tmp_path)]
                done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
                assert (done.returncode in (0, 1), done.stderr) == (True, ""), line
                now += [""] if at and not shown[at - 1] else []
                now += [line, *(told.rstrip() for told in done.stdout.splitlines())]
        if os.environ.get("ACCTRECOVER_REWRITE") == "1" and now != shown:
            old, new = (indent("\n".join(lines), "    ") for lines in (shown, now))
            README.write_text(README.read_text().replace(old, new))
            shown = now
        assert now == shown


def test_a_transcript_is_seen_whole_with_its_blank_lines() -> None:
    text = "a\n\n## T\n\n    $ x\n    one\n\n    two\n\n    $ y\n\ntext\n\n    make\n"
    assert transcripts(text) == [["$ x", "one", "", "two", "", "$ y"]]
