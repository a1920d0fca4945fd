"""Claims about help: the examples of each command run, the manual page is made of them, completion is there."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from command import COMMAND, run
from damage import CORPORA

from acctrecover import __version__, damage
from acctrecover.cli import app
from acctrecover.manual import escaped, examples, page

ROOT = typer.main.get_command(app)
COMMANDS = ROOT.commands  # type: ignore[attr-defined]
SHELL = f'acctrecover() {{ {COMMAND[0]} -m acctrecover "$@"; }}; '


def put(root: Path) -> None:
    """Samples under the names that the examples have."""
    whole = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    torn = (CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct").read_bytes()
    files = {
        "var/log/account/pacct": torn,
        "var/log/wtmp": (CORPORA / "login" / "wtmp").read_bytes(),
        "boot/vmlinuz": Path(sys.executable).read_bytes()[:1000000],
        "pacct": whole[9000:],
        "pacct.1.gz": gzip.compress(whole[5000:9000]),
        "pacct.2.gz": gzip.compress(whole[:5000]),
        "pacct.disk1": damage(whole, ["zero-block-512"], 1).data,
        "pacct.backup": damage(whole, ["ff-block"], 2).data,
    }
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def test_every_command_has_an_example_and_each_runs_on_files_of_these_names(tmp_path: Path) -> None:
    put(tmp_path)
    for name, command in COMMANDS.items():
        told = examples(command.help)
        assert told, name
        for example in told:
            assert example.startswith(f"acctrecover {name} ") or example == f"acctrecover {name}"
            if "| man" in example and shutil.which("man") is None:
                continue
            here = example.replace(" /var/", f" {tmp_path}/var/").replace(" /boot/", f" {tmp_path}/boot/")
            words = ["bash", "-c", f"set -o pipefail; {SHELL}{here}"]
            environment = {**os.environ, "PYTHONPATH": str(CORPORA.parent)}
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
            assert done.returncode in (0, 1), (example, done.stderr)
            assert done.stdout.strip(), example
            assert "acctrecover: " not in done.stderr, example


def test_help_keeps_an_example_on_one_line_however_narrow_the_terminal_is() -> None:
    for name, command in COMMANDS.items():
        told = run(name, "--help", env={**os.environ, "COLUMNS": "50"}).stdout.decode().splitlines()
        for example in examples(command.help):
            assert f"  Example: {example}" in told


def test_every_option_has_help_and_one_name_has_one_meaning_in_all_commands() -> None:
    meanings: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            assert parameter.help, (command.name, parameter.name)
            for letter in (name for name in parameter.opts if len(name) == 2):
                meanings.setdefault(letter, set()).add(max(parameter.opts, key=len))
    assert {letter: names for letter, names in meanings.items() if len(names) > 1} == {}


def test_the_manual_page_tells_of_every_command_and_option_and_is_the_same_each_time() -> None:
    printed = run("man").stdout.decode()
    assert printed == run("man", env={**os.environ, "COLUMNS": "40", "TZ": "Asia/Tokyo"}).stdout.decode()
    assert printed == "\n".join(page(ROOT, __version__)) + "\n"  # type: ignore[arg-type]
    for name, command in COMMANDS.items():
        part = printed.split(f"\n.SS acctrecover {escaped(name)}\n")[1].split("\n.SS ")[0]
        assert all(escaped(option) in part for parameter in command.params for option in parameter.opts if option[0] == "-")
        assert all(escaped(example) in part for example in examples(command.help))


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_page_is_sound_roff() -> None:
    done = subprocess.run(["groff", "-z", "-ww", "-man", "-Tutf8"], input=run("man").stdout, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("text", [".TH x", "'br", "a\\fBb", "--utc", "it's ~ ^ `"])
def test_text_is_never_taken_for_roff(text: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    roff = f".TH T 1\n.SH N\n{escaped(text)}\n".encode()
    shown = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou"], input=roff, capture_output=True, check=True).stdout.decode()
    assert text in shown


def test_completion_prints_a_script_for_bash() -> None:
    script = f"{SHELL}acctrecover --show-completion; :"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert "COMPREPLY" in done.stdout
