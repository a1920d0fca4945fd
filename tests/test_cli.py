"""The commands as a user meets them: exit statuses, one-line errors, outputs that other programs read."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from command import COMMAND, run, said
from damage import CORPORA

from acctrecover.registry import load_formats

WHOLE = CORPORA / "linux-v3" / "pacct-v3"
DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
GENERAL = ["offset", "size", "format", "byte_order", "type", "status", "evidence_bits"]
EXTENT = ["kind", "start", "stop", "format", "byte_order", "records", "evidence_bits", "e_value", "cause", "detail"]


def objects(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def sparse(folder: Path) -> Path:
    """A file that takes minutes to scan."""
    path = folder / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 38)
    return path


def test_the_exit_status_tells_whole_damaged_and_impossible_apart(tmp_path: Path) -> None:
    assert run("scan", WHOLE).returncode == 0
    assert run("scan", DAMAGED).returncode == 1
    assert run("scan", tmp_path / "none").returncode == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scan", "/nonexistent"], "no such file"),
        (["scan", f"{WHOLE}/x"], "not a directory"),
        (["scan", "/"], "is a directory"),
        (["scan", "x" * 300], "file name too long"),
        (["scan", "/proc/self/mem"], "input/output error"),
        (["scan", "/non\nexistent\udcff"], r"/non\nexistent\udcff: no such file"),
        (["scan", "-f", "acct_v4", str(WHOLE), str(DAMAGED)], "did you mean acct_v3"),
        (["scan", "-f", "pact", str(WHOLE)], "acct_v"),
        (["scan", "-f", "zzzz", str(WHOLE)], "acct_v0, acct_v0_m68k, acct_v1, acct_v2, acct_v3, aix, "),
        (["repair", str(WHOLE)], "-o OUT"),
        (["repair", str(WHOLE), "-o", str(WHOLE)], "is the input"),
        (["repair", str(WHOLE), "-o", str(WHOLE), "--force"], "is the input"),
        (["repair", str(WHOLE), "-o", "o", "--report", str(WHOLE), "--force"], "is the input"),
        (["repair", str(WHOLE), "-o", str(DAMAGED)], "exists"),
        (["repair", str(WHOLE), "-o", "/"], "is a directory"),
        (["repair", str(WHOLE), "-o", "/nonexistent/out"], "no folder"),
        (["repair", str(WHOLE), "-o", "/dev/null", "--force"], "no regular file"),
        (["repair", str(WHOLE), "-o", "o", "--report", "./o"], "different files"),
        (["scan", str(WHOLE), "--records", "x.xls"], ".csv"),
        (["scan", str(WHOLE), str(DAMAGED), "--csa-offsets", "x.csv"], "one input at a time"),
        (["scan", "--cookie", "2B91", str(WHOLE)], "0xffff"),
        (["cookie-stats", str(WHOLE), "--cookie", "0x0000"], "0xffff"),
        (["cookie-stats", str(WHOLE), "--table", "t.txt"], ".npy or .csv"),
        (["cookie-stats", "/nonexistent"], "no such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    assert says in said(run(*words, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["scan", "{}", "--records", "{}"], ["cookie-stats", "{}", "--table", "{}"]])
def test_no_output_of_any_command_replaces_the_input(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "evidence.csv"
    path.write_bytes(b"mine")
    assert "is the input" in said(run(*(word.format(path) for word in words), "--force"))
    assert path.read_bytes() == b"mine"


def test_help_names_every_command_in_a_whole_sentence() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.decode().split("Commands:")[1].splitlines() if line] == [
        "scan",
        "repair",
        "verify",
        "cookie-stats",
        "damage",
        "formats",
        "explain",
        "man",
    ]
    assert b"..." not in done.stdout.split(b"Commands:")[1]


def test_json_is_one_object_a_line_in_offset_order() -> None:
    lines = objects(run("scan", "--json", DAMAGED).stdout)
    assert [line["kind"] for line in lines] == ["source", "gap", "chain", "gap", "chain", "summary"]
    digest = hashlib.sha256(DAMAGED.read_bytes()).hexdigest()
    assert lines[0] == {"schema": "acctrecover/scan/1", "kind": "source", "path": str(DAMAGED), "size": 15872, "sha256": digest}
    assert [line["start"] for line in lines[1:-1]] == [0, 20, 12244, 12288]
    assert all(list(line)[: len(EXTENT)] == EXTENT for line in lines[1:-1])
    assert lines[-1]["records"] == {"intact": 247, "suspect": 0, "healed": 0, "torn": 1}


@pytest.mark.parametrize("command", ["scan", "cookie-stats"])
def test_inputs_that_fail_cost_the_others_nothing(command: str) -> None:
    done = run(command, "--json", WHOLE, "/nonexistent", "/", "/proc/self/mem", DAMAGED)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "acctrecover: /nonexistent: no such file",
        "acctrecover: /: is a directory",
        "acctrecover: /proc/self/mem: input/output error",
    ]
    assert done.stdout == run(command, "--json", WHOLE, DAMAGED).stdout


def test_the_worst_of_several_inputs_is_the_exit_status() -> None:
    assert run("scan", WHOLE, WHOLE).returncode == 0
    assert run("scan", DAMAGED, WHOLE).returncode == 1
    assert run("scan", "/nonexistent", DAMAGED, WHOLE).returncode == 2


def test_standard_input_is_scanned_like_a_file() -> None:
    done = run("scan", "-", stdin=WHOLE.read_bytes())
    assert done.returncode == 0
    assert b"218 records" in done.stdout


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = run("scan", tmp_path / "empty")
    assert done.returncode == 0
    assert b"empty" in done.stdout


@pytest.mark.parametrize("given", ["file", "-", "fifo"])
def test_records_come_out_as_csv_and_jsonl_with_the_same_rows(tmp_path: Path, given: str) -> None:
    data = DAMAGED.read_bytes()
    for ending in ("csv", "jsonl"):
        path, stdin, writer = DAMAGED, None, None
        if given == "-":
            path, stdin = Path("-"), data
        elif given == "fifo":
            path = tmp_path / f"fifo-{ending}"
            os.mkfifo(path)
            writer = threading.Thread(target=path.write_bytes, args=(data,))
            writer.start()
        assert run("scan", path, "--records", tmp_path / f"r.{ending}", stdin=stdin).returncode == 1
        if writer is not None:
            writer.join()
    rows = objects((tmp_path / "r.jsonl").read_bytes())
    assert len(rows) == 248
    assert [row["status"] for row in rows].count("torn") == 1
    assert (rows[0]["ac_comm"], rows[0]["ac_flag_text"]) == ("accton", "ASU")
    assert all(list(row)[: len(GENERAL)] == GENERAL for row in rows)
    with (tmp_path / "r.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0])[: len(GENERAL)] == GENERAL
    assert [{k: str(v) for k, v in row.items()} for row in rows] == [
        {k: row[k] for k in r} for row, r in zip(table, rows, strict=True)
    ]


def test_a_format_whose_field_is_called_as_a_general_column_keeps_both(tmp_path: Path) -> None:
    from acctrecover import scan
    from acctrecover.export import write_records

    (tmp_path / "door.py").write_text(
        "from construct import Int8ul, Int16ul, Int32ul, Struct, this\n"
        "from acctrecover.schema import Format, Record\n"
        'layout = Struct("type" / Int8ul, "zero" / Int8ul, "size" / Int16ul, "time" / Int32ul, "door" / Int32ul)\n'
        'door = Format("door", "a manual", Record("event", layout, rules={"zero": this.zero == 0, "door": this.door == 7}))\n'
    )
    event = bytes([3, 0, 5, 0, 1, 1, 1, 1, 7, 0, 0, 0])
    with (tmp_path / "r.csv").open("wb") as file:
        write_records(scan(event * 50, places=[tmp_path / "door.py"]), tmp_path / "r.csv", file)
    with (tmp_path / "r.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["type"], row["size"], row["record_type"], row["record_size"]) == ("event", "12", "3", "5")


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = run("repair", DAMAGED, "-o", tmp_path / "out", "--report", tmp_path / "report", "--dry-run")
    assert done.returncode == 1
    assert b"would write 247 records" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["linux-v3-damaged/enospc-misaligned.pacct", "cookie/le-torn.cookie", "healed"])
def test_the_report_says_where_each_byte_of_the_output_came_from(tmp_path: Path, name: str) -> None:
    if name == "healed":
        data = bytearray((CORPORA / "cookie" / "le.cookie").read_bytes())
        truth = (CORPORA / "cookie" / "le.truth").read_text().splitlines()
        data[int(truth[100].split()[0])] ^= 1
    else:
        data = bytearray((CORPORA / name).read_bytes())
    out, report, aside = tmp_path / "out", tmp_path / "report.json", tmp_path / "aside"
    done = run("repair", "-", "-o", out, "--report", report, "--quarantine", aside, "--json", stdin=bytes(data))
    account = json.loads(report.read_text())
    assert json.loads(done.stdout) == account
    (told,) = account["inputs"]
    assert (told["path"], told["size"], told["sha256"]) == ("-", len(data), hashlib.sha256(data).hexdigest())
    written = out.read_bytes()
    assert account["output"]["size"] == len(written)
    assert account["output"]["sha256"] == hashlib.sha256(written).hexdigest()
    assert bool(told["patches"]) is (name == "healed")
    left, kept = bytearray(), bytes(data)
    for patch in told["patches"]:
        before, after = bytes.fromhex(patch["before"]), bytes.fromhex(patch["after"])
        assert data[patch["offset"] :][: len(before)] == before
        data[patch["offset"] : patch["offset"] + len(before)] = after
    rebuilt, at = b"", 0
    for piece in account["pieces"]:
        assert piece["out_start"] == len(rebuilt)
        assert piece["status"] in ("intact", "suspect", "healed")
        rebuilt += data[piece["in_start"] : piece["in_stop"]]
        assert piece["out_stop"] == len(rebuilt)
        left += kept[at : piece["in_start"]]
        at = piece["in_stop"]
    assert rebuilt == written
    assert aside.read_bytes() == left + kept[at:]


def test_cookie_stats_counts_what_a_pipe_gives_as_a_file(tmp_path: Path) -> None:
    done = run("cookie-stats", "-", "--align", 1, "--order", "big", "--table", tmp_path / "t.npy", stdin=DAMAGED.read_bytes())
    assert done.returncode == 0
    data = np.frombuffer(DAMAGED.read_bytes(), np.uint8).astype(int)
    assert np.array_equal(np.load(tmp_path / "t.npy"), np.bincount(data[:-1] * 256 + data[1:], minlength=65536))


@pytest.mark.parametrize("words", [["scan", "--json"], ["scan", "--all"], ["cookie-stats", "--top", "65535"]])
def test_a_reader_that_goes_away_ends_it_quietly_with_141(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "torn"
    path.write_bytes(DAMAGED.read_bytes() * 40)
    running = subprocess.Popen([*COMMAND, *words, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, pipesize=4096)
    assert running.stdout is not None
    assert running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    assert (running.stderr.read(), running.wait(60)) == (b"", 141)
    running.stderr.close()


def test_standard_output_without_room_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "scan", str(WHOLE)], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"acctrecover: standard output: no space left on device\n")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-"])
def test_a_closed_standard_stream_is_no_reason_to_fail(closed: str) -> None:
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "scan"]
    assert subprocess.run([*shell, str(WHOLE)], capture_output=True, check=False).returncode == 0
    assert subprocess.run([*shell, "/nonexistent"], capture_output=True, check=False).returncode == 2


def test_the_memory_that_a_pipe_takes_does_not_grow_with_what_it_gives() -> None:
    zeros = 256 << 20
    probe = (
        "import resource, subprocess, sys\n"
        "status = subprocess.run(sys.argv[1:]).returncode\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
        "sys.exit(status)"
    )
    command = [sys.executable, "-c", probe, *COMMAND, "scan", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as running:  # type: ignore[call-overload]
        for part in (WHOLE.read_bytes(), *[bytes(1 << 20)] * (zeros >> 20), WHOLE.read_bytes()):
            running.stdin.write(part)
        running.stdin.close()
        out, peak = running.stdout.read(), int(running.stderr.read())
    assert running.returncode == 1
    assert b"436 records intact; 268,435,456 bytes in 1 gap" in out
    assert peak < 200 << 10


def on_a_terminal(words: list[str], until: bytes, seconds: float) -> tuple[bytes, int]:
    """What a run shows on a terminal up to `until`, or its end, and its exit status after an interrupt."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + seconds
    while until not in shown and time.monotonic() < deadline:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the other side was closed
            break
    running.send_signal(signal.SIGINT)
    status = running.wait(60)
    os.close(ours)
    return shown, status


def test_what_takes_over_a_second_shows_progress_on_a_terminal(tmp_path: Path) -> None:
    shown, status = on_a_terminal(["scan", str(sparse(tmp_path))], b"B/s]", 60)  # its NUL bytes are hashed
    assert b"/275G [00:0" in shown
    assert status == 130


def test_what_is_done_at_once_shows_no_progress_on_a_terminal() -> None:
    assert on_a_terminal(["scan", str(WHOLE)], b"anything", 60) == (b"", 0)


def test_no_progress_is_shown_where_there_is_no_terminal(tmp_path: Path) -> None:
    command = [*COMMAND, "scan", str(sparse(tmp_path))]
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        subprocess.run(command, capture_output=True, timeout=2.5, check=False)
    assert not caught.value.stderr


@pytest.mark.parametrize(("number", "status", "says"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_a_signal_ends_it_in_one_line_and_leaves_no_half_output(
    tmp_path: Path, number: signal.Signals, status: int, says: str
) -> None:
    evidence = sparse(tmp_path)
    running = subprocess.Popen([*COMMAND, "repair", str(evidence), "-o", str(tmp_path / "out")], stderr=subprocess.PIPE)
    time.sleep(2)
    running.send_signal(number)
    _, errors = running.communicate(timeout=20)
    assert (running.returncode, errors.decode()) == (status, f"acctrecover: {says}\n")
    assert list(tmp_path.iterdir()) == [evidence]


def test_a_signal_that_is_ignored_when_it_starts_stays_ignored(tmp_path: Path) -> None:
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *COMMAND, "scan", str(sparse(tmp_path))]
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    time.sleep(2)
    running.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert running.poll() is None
    running.terminate()
    running.communicate(timeout=20)
    assert running.returncode == 143


def test_the_formats_are_listed_and_a_field_table_follows_the_declaration() -> None:
    listed = run("formats")
    lines = {line.split()[0]: line for line in listed.stdout.decode().splitlines()[1:]}
    assert list(lines) == list(load_formats())
    table = run("formats", "acct_v3").stdout.decode()
    assert "    16    4  u32    ac_pid\n" in table
    assert "    48   16  bytes  ac_comm\n" in table
    assert "rule rw: (ac_rw == 0)  (16.0 bits)" in table
    assert b"type 0x80 to 0xff SITE_80: 0 to 255 bytes" in run("formats", "cookie").stdout
    assert "rule version: (ac_version == (3 + (0x80 * BIG_ENDIAN)))" in table
    told = {name: re.split(r"  +", line.split("bits  ")[1])[0] for name, line in lines.items()}
    assert told["acct_v3"] == told["cookie"] == "little, big"
    assert (told["aix"], told["netbsd_i386"]) == ("big", "little")
    assert b"aix, big-endian only" in run("formats", "aix").stdout
    about = json.loads(run("formats", "acct_v1", "--json").stdout)
    assert about["largest"] == 62
    (layout,) = about["layouts"]
    assert sum(field["size"] for field in layout["fields"]) == 62
    assert {field["name"] for field in layout["fields"] if field["in_words"]} == {"ac_flag", "ac_exitcode"}
    assert all("layouts" not in json.loads(line) for line in run("formats", "--json").stdout.splitlines())
    assert b"did you mean acct_v" in run("formats", "acct_v9").stderr


def test_records_come_out_as_parquet_with_the_rows_of_the_csv(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra parquet) is not installed")
    for ending in ("parquet", "jsonl"):
        run("scan", DAMAGED, "--records", tmp_path / f"r.{ending}")
    rows = objects((tmp_path / "r.jsonl").read_bytes())
    table = parquet.read_table(tmp_path / "r.parquet")
    assert table.column_names[:7] == ["offset", "size", "format", "byte_order", "type", "status", "evidence_bits"]
    assert [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()] == rows
