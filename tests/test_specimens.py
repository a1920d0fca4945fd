"""Genuine streams, whole and damaged: exactly the records and gaps that are known to be there."""

from __future__ import annotations

import hashlib
import json
import lzma
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from damage import CORPORA, cookie_truth

from acctrecover import repair, scan
from acctrecover.export import rows

STREAMS = [path.with_suffix(".cookie") for path in sorted((CORPORA / "cookie").glob("*.truth"))]
CRASHES = sorted((CORPORA / "linux-crash").glob("*.json"))
WHOLE = [
    *sorted((CORPORA / "gnu-acct-converted").glob("pacct-*")),
    *STREAMS,
    CORPORA / "linux-v3" / "pacct-v3",
    CORPORA / "linux-v3-damaged" / "copytruncate-part1.pacct",
    CORPORA / "linux-v3-damaged" / "rotate-mv-old.pacct",
    CORPORA / "linux-v3-damaged" / "rotate-mv-new.pacct",
]
ENOSPC = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
DUMP = shutil.which("dump-acct") or shutil.which("dump-acct", path="/usr/sbin:/sbin")
PRINTED = [*sorted((CORPORA / "gnu-acct-converted").glob("*-v[023].*")), CORPORA / "linux-v3" / "pacct-v3"]
needs_dump = pytest.mark.skipif(DUMP is None, reason="dump-acct (Debian package acct) is not installed")


@pytest.mark.parametrize("truth", CRASHES, ids=lambda path: path.stem)
def test_a_crashed_file_has_exactly_the_records_and_gaps_known_of_it(truth: Path) -> None:
    known = json.loads(truth.read_text())
    found = scan(lzma.decompress(truth.with_suffix(".pacct.xz").read_bytes()))
    size = known["record_size"]
    offsets = np.concatenate([np.arange(start, stop, size) for start, stop, _ in known["intact"]])
    intact = found.records[found.records["status"] == "intact"]
    assert np.array_equal(intact["offset"], offsets)
    assert [[gap.start, gap.stop] for gap in found.gaps] == [damage[:2] for damage in known["damage"]]
    causes = {"NUL": "zero run", "text": "foreign data", "record-fragment": "torn record"}
    assert [gap.cause for gap in found.gaps] == [causes[damage[2]] for damage in known["damage"]]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_whole_stream_is_called_whole_and_comes_out_byte_for_byte(path: Path, tmp_path: Path) -> None:
    result = repair(path, tmp_path / "out")
    assert result.lossless
    assert result.scan.gaps == []
    assert (tmp_path / "out").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_every_cookie_record_of_an_independent_writer_is_found_and_none_of_those_it_carries(path: Path) -> None:
    found = scan(path).records
    assert list(zip(found["offset"].tolist(), found["size"].tolist(), strict=True)) == cookie_truth(path)


def test_a_full_disk_leaves_191_and_56_records_around_a_torn_one(tmp_path: Path) -> None:
    before = hashlib.sha256(ENOSPC.read_bytes()).hexdigest()
    result = repair(ENOSPC, tmp_path / "out", quarantine=tmp_path / "rest", report=tmp_path / "report.json")
    extents = [(e.kind, e.start, e.stop, e.records, e.cause) for e in result.scan.extents]
    assert extents == [
        ("gap", 0, 20, 0, "foreign data"),
        ("chain", 20, 12244, 191, None),
        ("gap", 12244, 12288, 0, "torn record"),
        ("chain", 12288, 15872, 56, None),
    ]
    assert "ac_pid=15674" in (result.scan.extents[2].detail or "")
    assert (result.kept, result.quarantined) == (247, 64)
    assert hashlib.sha256(ENOSPC.read_bytes()).hexdigest() == before == result.scan.sha256
    report = json.loads((tmp_path / "report.json").read_text())
    rebuilt = b"".join(ENOSPC.read_bytes()[p["in_start"] : p["in_stop"]] for p in report["pieces"])
    assert rebuilt == (tmp_path / "out").read_bytes()
    assert scan(tmp_path / "out").whole


def test_a_zero_tail_is_one_zero_run_behind_102_records() -> None:
    found = scan(CORPORA / "linux-v3-damaged" / "crash-ext4-ordered-zero-tail.pacct")
    assert [(e.records, e.cause, e.size) for e in found.extents] == [(102, None, 6528), (0, "zero run", 640)]


def dumped(path: Path) -> list[list[str]]:
    done = subprocess.run([str(DUMP), str(path)], capture_output=True, check=True, env={"TZ": "UTC", "LC_ALL": "C"})
    text = done.stdout.decode("utf-8", "replace")
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.count("|") >= 8]


@needs_dump
def test_dump_acct_prints_just_the_247_rows_of_a_repaired_file(tmp_path: Path) -> None:
    repair(ENOSPC, tmp_path / "out")
    assert len(dumped(tmp_path / "out")) == 247
    assert all(row[1] == "v3" for row in dumped(tmp_path / "out"))


@needs_dump
@pytest.mark.parametrize("path", PRINTED, ids=lambda path: path.name)
def test_decoded_fields_equal_what_dump_acct_prints(path: Path) -> None:
    ours = [row for row in rows(scan(path)) if row["ac_comm"].isascii() and row["ac_comm"].isprintable()]
    theirs = [row for row in dumped(path) if row[0].isascii() and row[0].isprintable()]
    names = {row["ac_comm"] for row in ours} & {row[0] for row in theirs}
    ours = [row for row in ours if row["ac_comm"] in names]
    theirs = [row for row in theirs if row[0] in names]
    assert len(ours) == len(theirs) > 150
    for mine, row in zip(ours, theirs, strict=True):
        comm, _, utime, stime, etime, uid, gid, mem = row[:8]
        assert mine["ac_comm"] == comm
        assert [float(utime), float(stime)] == pytest.approx([mine["utime_seconds"] * 100, mine["stime_seconds"] * 100])
        assert float(etime) == pytest.approx(mine["etime_seconds"] * 100)
        assert (int(uid), int(gid)) == (mine.get("ac_uid", mine.get("ac_uid16")), mine.get("ac_gid", mine.get("ac_gid16")))
        assert float(mem) == mine["mem_kib"]
        _, pid, ppid, letters, status, _, began = row[8:15]
        assert (int(pid), int(ppid)) == (mine.get("ac_pid", 0), mine.get("ac_ppid", 0))
        words = {"S": "ASU", "F": "AFORK", "C": "ACOMPAT", "D": "ACORE", "X": "AXSIG"}
        assert {words[letter] for letter in letters if letter != " "} == set(mine["ac_flag_text"].split("|")) - {"-"}
        assert int(status) == mine["ac_exitcode"] >> 8
        assert began == datetime.fromtimestamp(mine["ac_btime"], UTC).strftime("%a %b %e %H:%M:%S %Y")


@pytest.mark.parametrize("order", ["le", "be"])
def test_the_62_byte_records_dump_acct_cannot_read_decode_like_the_same_ones_of_64(order: str) -> None:
    small, large = (list(rows(scan(CORPORA / "gnu-acct-converted" / f"pacct-v{n}.{order}"))) for n in (1, 2))
    same = ("ac_comm", "ac_btime", "ac_exitcode_text", "ac_flag_text", "etime_seconds", "utime_seconds", "ac_uid", "mem_kib")
    assert [[row[name] for name in same] for row in small] == [[row[name] for name in same] for row in large]


STALE = CORPORA / "linux-crash" / "v3le-ext3-stale-records-nul-text.pacct.xz"


def test_stale_records_of_a_deleted_file_are_records_and_pointed_out() -> None:
    chains = scan(lzma.decompress(STALE.read_bytes())).chains
    assert [(e.start, e.stop, e.cause) for e in chains] == [
        (16384, 116992, "stale records"),
        (116992, 176384, None),
        (222912, 289472, None),
    ]
    assert "ac_pid starts over at 0x1c900" in (chains[0].detail or "")


def test_repair_leaves_stale_records_out_when_told_to(tmp_path: Path) -> None:
    data = lzma.decompress(STALE.read_bytes())
    kept = repair(data, tmp_path / "all")
    dropped = repair(data, tmp_path / "own", stale=False)
    assert (kept.kept, kept.kept - dropped.kept) == (3540, (116992 - 16384) // 64)
    assert (tmp_path / "own").read_bytes() == data[116992:176384] + data[222912:289472]


def test_a_block_of_older_records_between_newer_ones_is_out_of_order() -> None:
    data = lzma.decompress((CORPORA / "linux-crash" / "v3le-ext4-ordered-nul-midfile.pacct.xz").read_bytes())[: 4000 * 64]
    a, b, c = 1000 * 64, 2000 * 64, 3000 * 64
    chains = scan(data[:a] + data[b:c] + data[a:b] + data[c:]).chains
    assert [(e.start, e.stop, e.cause) for e in chains] == [
        (0, b, None),
        (b, c, "out-of-order block"),
        (c, len(data), None),
    ]


@pytest.mark.parametrize("name", ["linux-v3/pacct-v3", "linux-v3-damaged/copytruncate-part1.pacct"])
def test_a_whole_history_has_no_seam(name: str) -> None:
    assert [extent.detail for extent in scan(CORPORA / name).extents] == [None]


def test_a_damaged_cookie_stream_keeps_just_the_records_known_to_be_left() -> None:
    truth = json.loads((CORPORA / "cookie" / "le-torn.json").read_text())
    records = scan(CORPORA / "cookie" / "le-torn.cookie").records
    intact = records[records["status"] == "intact"]
    assert intact["offset"].tolist() == [offset for offset, _, _ in truth["records"]]
