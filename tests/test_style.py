"""Claims about how a report is laid out on a terminal, and how nothing of that is in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from command import COMMAND, run
from damage import CORPORA

from acctrecover import scan
from acctrecover.report import scan_text
from acctrecover.report_rows import MOST
from acctrecover.style import Style

TORN = CORPORA / "cookie" / "le-torn.cookie"
V3 = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
SGR = re.compile(r"\x1b\[\d*m")


def on_a_terminal(*words: object, columns: int, **environment: str) -> str:
    """What a run prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "TERM")}
    with subprocess.Popen([*COMMAND, *map(str, words)], stdout=theirs, env={**env, "TERM": "xterm", **environment}) as running:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other side was closed
            pass
    os.close(ours)
    assert running.returncode in (0, 1)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 130])
@pytest.mark.parametrize("command", [["scan", "-v"], ["repair", "--dry-run"]])
def test_lines_fit_the_terminal_but_for_words_that_are_longer_and_commands_to_paste(command: list[str], columns: int) -> None:
    shown = SGR.sub("", on_a_terminal(*command, TORN, columns=columns))
    for line in shown.splitlines():
        assert len(line) <= columns or line.startswith("next: ") or len(line.split()) == 1, line
    piped = run(*command, TORN).stdout.decode()
    assert "".join(shown.split()).startswith("".join(piped.split())[:80])


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_only_on_a_terminal_that_wants_it(environment: dict[str, str]) -> None:
    assert SGR.search(on_a_terminal("scan", TORN, columns=130))
    assert "\x1b" not in on_a_terminal("scan", TORN, columns=130, **environment)
    assert b"\x1b" not in run("scan", TORN).stdout


def test_json_on_a_terminal_is_that_of_a_pipe() -> None:
    assert on_a_terminal("scan", "--json", TORN, columns=60) == run("scan", "--json", TORN).stdout.decode()


def test_the_bytes_at_the_edges_of_a_gap_are_shown_as_they_stand_in_the_file() -> None:
    data, found = TORN.read_bytes(), scan(TORN)
    lines = [line.strip() for line in scan_text(found)]
    shown = {int(m[1], 16): bytes.fromhex(m[2]) for m in (re.match(r"(0x\w+)  ((?:\w\w )*\w\w)  +\|", line) for line in lines) if m}
    assert all(data[at:].startswith(octets) for at, octets in shown.items())
    for gap in found.gaps:
        assert gap.start in shown
        assert any(at + len(octets) == gap.stop for at, octets in shown.items())


def test_a_gap_without_bytes_of_its_own_shows_none(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.write((CORPORA / "linux-v3" / "pacct-v3").read_bytes()[:4096])
        file.truncate(1 << 20)
    assert not any("|" in line for line in scan_text(scan(tmp_path / "sparse")))


def test_control_characters_of_the_evidence_are_not_in_what_is_shown(tmp_path: Path) -> None:
    data = bytearray((CORPORA / "linux-v3" / "pacct-v3").read_bytes())
    data[640:700] = b"\x1b[31mred\x07\x9b" * 6
    (tmp_path / "a\x1b[2Jb").write_bytes(data)
    shown = run("scan", "-v", tmp_path / "a\x1b[2Jb").stdout.decode()
    assert "|.[31mred" in shown
    assert all(c.isprintable() for c in shown.replace("\n", ""))


def test_quiet_prints_the_verdict_alone() -> None:
    for words in (["scan"], ["repair", "--dry-run"]):
        assert run(*words, "--quiet", TORN).stdout.splitlines() == run(*words, TORN).stdout.splitlines()[-1:]
    assert run("scan", "-q", TORN).returncode == 1


def test_utc_is_said_of_every_time_that_is_shown() -> None:
    tokyo = {**os.environ, "TZ": "Asia/Tokyo"}
    time = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC)?")
    for words in (["scan"], ["repair", "--dry-run"], ["explain"]):
        path = f"{V3}@0x14" if words == ["explain"] else TORN
        utc = time.findall(run(*words, "--utc", path, env=tokyo).stdout.decode())
        local = time.findall(run(*words, path, env=tokyo).stdout.decode())
        assert utc
        assert len(utc) == len(local)
        assert all(told.endswith(" UTC") for told in utc)
        assert all(not told.endswith(" UTC") and told != other[:19] for told, other in zip(local, utc, strict=True))


def test_verbose_shows_what_the_evidence_is_worth_and_which_rules_a_suspect_breaks(tmp_path: Path) -> None:
    data = bytearray((CORPORA / "linux-v3" / "pacct-v3").read_bytes())
    data[640:642] = b"\xff\xff"
    (tmp_path / "pacct").write_bytes(data)
    shown = run("scan", "-v", tmp_path / "pacct").stdout.decode()
    assert "(E-value)" in shown
    assert "suspect at 0x280" in shown
    assert "FAILS version: (ac_version == (3 + (0x80 * BIG_ENDIAN)))" in shown
    assert f"next: acctrecover explain {tmp_path}/pacct@0x280" in shown
    assert "FAILS" not in run("scan", tmp_path / "pacct").stdout.decode()


def test_many_like_extents_are_one_row_that_adds_them_up_and_all_shows_each(tmp_path: Path) -> None:
    data = bytearray((CORPORA / "linux-v3" / "pacct-busy").read_bytes())
    for at in range(6400, 6400 + 100 * 1600, 1600):
        data[at : at + 256] = bytes(256)
    (tmp_path / "pacct").write_bytes(data)
    found = scan(tmp_path / "pacct")
    every, merged = list(scan_text(found, every=True)), list(scan_text(found))
    assert len(found.extents) > MOST
    assert sum(line.startswith("0x") for line in every) == len(found.extents)
    assert len(merged) < len(every) // 4
    gaps = sum(int(count) for line in merged for count in re.findall(r"(\d+) gaps? \(", line))
    gaps += sum("  gap: " in line for line in merged)
    assert gaps == len(found.gaps)


def test_what_is_narrow_is_folded_and_what_is_long_stays_whole() -> None:
    style = Style(width=20)
    assert list(style.lines("a" * 30)) == ["a" * 30]
    assert list(style.lines("one two three four five", hang=2)) == ["one two three four", "  five"]


def test_the_next_command_has_the_options_that_the_scan_needed(tmp_path: Path) -> None:
    data = bytearray((CORPORA / "cookie" / "le.cookie").read_bytes().replace(b"\x91\x2b", b"\x34\x12"))
    (tmp_path / "my stream").write_bytes(data[:5000] + bytes(600) + data[5600:])
    shown = run("scan", "--cookie", "0x1234", "-f", "cookie", "my stream", cwd=tmp_path).stdout.decode()
    step = next(line for line in shown.splitlines() if line.startswith("next: acctrecover repair "))
    assert "'my stream' --format cookie --cookie 0x1234 -o 'my stream.recovered'" in step
    assert run(*shlex.split(step)[2:], cwd=tmp_path).returncode == 1
    assert run("scan", "-q", "--cookie", "0x1234", "my stream.recovered", cwd=tmp_path).returncode in (0, 1)


def test_what_is_too_rare_for_a_number_is_said_to_be_so() -> None:
    shown = run("scan", "-v", CORPORA / "linux-v3" / "pacct-busy").stdout.decode()
    assert "chance makes less than 1e-300 such chains here (E-value)" in shown
