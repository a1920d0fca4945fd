"""The commands as a user meets them: exit statuses, one-line errors, outputs that other programs read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from damage import CORPORA

WHOLE = CORPORA / "linux-v3" / "pacct-v3"
DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"


def run(*words: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "acctrecover", *map(str, words)]
    return subprocess.run(command, capture_output=True, input=stdin, check=False)


def test_the_exit_status_tells_whole_damaged_and_impossible_apart(tmp_path: Path) -> None:
    assert run("scan", WHOLE).returncode == 0
    assert run("scan", DAMAGED).returncode == 1
    assert run("scan", tmp_path / "none").returncode == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scan", "/nonexistent"], "no such file"),
        (["scan", "/"], "is a directory"),
        (["scan", "-f", "acct_v4", str(WHOLE)], "acct_v3"),
        (["repair", str(WHOLE)], "-o OUT"),
        (["repair", str(WHOLE), "-o", str(WHOLE)], "is the input"),
        (["repair", str(WHOLE), "-o", str(WHOLE), "--force"], "is the input"),
        (["repair", str(WHOLE), "-o", str(DAMAGED)], "exists"),
        (["repair", str(WHOLE), "-o", "/nonexistent/out"], "no folder"),
        (["scan", str(WHOLE), "--records", "x.xls"], ".csv"),
        (["cookie-stats", str(WHOLE), "--cookie", "0x0000"], "0xffff"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(words: list[str], says: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert says in done.stderr.decode()


def test_an_output_that_is_the_input_through_a_link_is_refused(tmp_path: Path) -> None:
    copy, link = tmp_path / "pacct", tmp_path / "link"
    copy.write_bytes(WHOLE.read_bytes())
    os.symlink(copy, link)
    assert run("repair", copy, "-o", link, "--force").returncode == 2
    assert copy.read_bytes() == WHOLE.read_bytes()


def test_json_is_one_object_a_line_in_offset_order() -> None:
    lines = [json.loads(line) for line in run("scan", "--json", DAMAGED).stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["source", "gap", "chain", "gap", "chain", "summary"]
    assert lines[0]["size"] == 15872
    assert [line["start"] for line in lines[1:-1]] == [0, 20, 12244, 12288]
    assert lines[-1]["records"]["intact"] == 247


def test_standard_input_is_scanned_like_a_file() -> None:
    done = run("scan", "-", stdin=WHOLE.read_bytes())
    assert done.returncode == 0
    assert b"218 records" in done.stdout


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = run("scan", tmp_path / "empty")
    assert done.returncode == 0
    assert b"empty" in done.stdout


def test_records_come_out_as_csv_and_jsonl_with_the_same_rows(tmp_path: Path) -> None:
    run("scan", DAMAGED, "--records", tmp_path / "r.csv")
    run("scan", DAMAGED, "--records", tmp_path / "r.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert len(rows) == 248
    assert [row["status"] for row in rows].count("torn") == 1
    assert rows[0]["ac_comm"] == "accton"
    assert rows[0]["ac_flag_text"] == "ASU"
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 249


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = run("repair", DAMAGED, "-o", tmp_path / "out", "--dry-run")
    assert done.returncode == 1
    assert b"would write 247 records" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_no_half_output(tmp_path: Path) -> None:
    evidence = tmp_path / "sparse"
    with evidence.open("wb") as file:
        file.truncate(1 << 36)
    command = [sys.executable, "-m", "acctrecover", "repair", str(evidence), "-o", str(tmp_path / "out")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == [evidence]
