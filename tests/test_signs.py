"""What tampering leaves is pointed at, and nothing in streams that nobody touched."""

from __future__ import annotations

import json
import lzma
import random
from pathlib import Path

import numpy as np
import pytest
from command import run
from damage import CORPORA

from acctrecover import scan, signs

BUSY = (CORPORA / "linux-v3" / "pacct-busy").read_bytes()
SIZE = 64
COUNT = len(BUSY) // SIZE
V2 = (CORPORA / "gnu-acct-converted" / "pacct-v2.le").read_bytes()
WTMP = (CORPORA / "login" / "wtmp").read_bytes()
NO_STREAM = {".md", ".c", ".txt", ".json", ".truth", ".oracle"}
WHOLE = [path for path in sorted(CORPORA.rglob("*")) if path.is_file() and not set(path.suffixes) & (NO_STREAM | {".xz"})]


UNSEEN = {name: lzma.decompress((CORPORA / "linux-v3" / f"{name}.xz").read_bytes()) for name in ("pacct-forks", "pacct-shared")}
"""Streams that no threshold was set by (pacct-forks), and one of a machine that others worked on (pacct-shared)."""


def kinds(data: bytes, *formats: str) -> list[str]:
    return [sign.kind for sign in signs.signs(scan(data, formats or None))]


def cut(data: bytes, at: int, count: int, size: int = SIZE) -> bytes:
    return data[: at * size] + data[(at + count) * size :]


@pytest.mark.parametrize("path", WHOLE, ids=[str(path.relative_to(CORPORA)) for path in WHOLE])
def test_a_whole_stream_has_no_signs(path: Path) -> None:
    found = scan(path)
    if found.whole:
        assert signs.signs(found) == []


@pytest.mark.parametrize("count", [700, 1500, 3000])
def test_no_part_of_a_whole_stream_has_signs(count: int) -> None:
    for at in range(0, COUNT - count + 1, 430):
        assert kinds(BUSY[at * SIZE : (at + count) * SIZE], "acct_v3") == []


@pytest.mark.parametrize("name", sorted(UNSEEN))
def test_a_stream_that_no_threshold_was_set_by_has_no_signs_and_neither_have_its_parts(name: str) -> None:
    data = UNSEEN[name]
    count = len(data) // SIZE
    assert kinds(data, "acct_v3") == []
    for length in (700, 1500, 3000):
        for at in range(0, count - length + 1, 900):
            assert kinds(data[at * SIZE : (at + length) * SIZE], "acct_v3") == []


@pytest.mark.parametrize("count", [5, 50])
@pytest.mark.parametrize("name", sorted(UNSEEN))
def test_records_cut_out_of_a_stream_that_no_threshold_was_set_by_are_pointed_at(name: str, count: int) -> None:
    data, rng, pointed = UNSEEN[name], random.Random(f"unseen {count}"), 0
    for _ in range(60):
        at = rng.randrange(1, len(data) // SIZE - count)
        found = signs.signs(scan(cut(data, at, count), ["acct_v3"]))
        assert len(found) <= 1
        pointed += any(sign.start // SIZE - 8 <= at <= sign.stop // SIZE + 8 for sign in found)
    assert pointed >= 57


def scattered(count: int) -> bytes:
    """The busy stream with every other number of `count` taken: its own are spread over a stretch of it."""
    rows = np.frombuffer(BUSY, np.uint8).reshape(-1, SIZE).copy()
    numbers = rows[:, 16:20].copy().view("<u4")[:, 0]
    taken = np.cumsum((np.arange(len(rows)) >= 2000) & (np.arange(len(rows)) < 2000 + count))
    rows[:, 16:20] = (numbers + taken).astype("<u4").view(np.uint8).reshape(-1, 4)
    return rows.tobytes()


def test_numbers_taken_by_others_over_a_stretch_of_a_stream_were_not_cut_out_of_it_at_once() -> None:
    assert kinds(scattered(200), "acct_v3") == []


@pytest.mark.parametrize("count", [5, 50])
def test_records_cut_out_of_a_busy_stream_are_pointed_at(count: int) -> None:
    rng = random.Random(f"cut {count}")
    pointed = 0
    for _ in range(100):
        at = rng.randrange(1, COUNT - count)
        found = signs.signs(scan(cut(BUSY, at, count), ["acct_v3"]))
        assert {sign.kind for sign in found} <= {signs.SKIPPED}
        near = [sign for sign in found if sign.start // SIZE - 8 <= at <= sign.stop // SIZE + 8]
        assert near == found
        assert all(sign.stop - sign.start <= 32 * SIZE for sign in near)
        pointed += len(near) == 1 and 0 < (near[0].records or 0) <= count + 6
    assert pointed >= 95


def test_a_single_record_cut_out_is_no_more_than_the_pace_explains() -> None:
    assert kinds(cut(BUSY, 2500, 1), "acct_v3") == []


def test_several_holes_do_not_hide_each_other() -> None:
    found = signs.signs(scan(cut(cut(cut(BUSY, 4000, 50), 2500, 50), 1200, 50), ["acct_v3"]))
    assert [sign.stop // SIZE - 1 for sign in found] == pytest.approx([1200, 2450, 3900], abs=16)


def test_skipped_numbers_where_bytes_are_missing_too_are_no_sign_of_their_own() -> None:
    assert kinds(BUSY[: 2000 * SIZE] + BUSY[2050 * SIZE + 20 :], "acct_v3") == []


def test_what_was_not_written_while_accounting_was_off_is_no_sign() -> None:
    closing = bytearray(BUSY[1999 * SIZE : 2000 * SIZE])
    for low, high in ((0, 1), (4, 8), (32, 46)):
        closing[low:high] = bytes(high - low)
    assert kinds(BUSY[: 1999 * SIZE] + closing + BUSY[2050 * SIZE :], "acct_v3") == []


def test_a_clock_that_runs_back_is_worth_a_look() -> None:
    data = bytearray(V2)
    for at in range(100 * SIZE, len(data), SIZE):
        seconds = int.from_bytes(data[at + 8 : at + 12], "little") - 3600
        data[at + 8 : at + 12] = seconds.to_bytes(4, "little")
    found = [sign for sign in signs.signs(scan(bytes(data))) if sign.kind == signs.FALL]
    assert [(sign.start, sign.stop) for sign in found] == [(99 * SIZE, 101 * SIZE)]
    assert found[0].expected is None


def test_a_pause_beyond_the_pace_is_worth_a_look() -> None:
    beat = [V2[:8] + (10**9 + 60 * number).to_bytes(4, "little") + V2[12:SIZE] for number in range(600)]
    assert kinds(b"".join(beat), "acct_v2") == []
    found = signs.signs(scan(b"".join(beat[:300] + beat[330:]), ["acct_v2"]))
    assert [(sign.kind, sign.start, sign.stop) for sign in found] == [(signs.PAUSE, 299 * SIZE, 301 * SIZE)]
    assert 0 < (found[0].expected or 0) < signs.RARE


def test_the_same_record_twice_is_worth_a_look_where_records_have_numbers() -> None:
    twin = BUSY[1000 * SIZE : 1001 * SIZE]
    found = signs.signs(scan(BUSY[: 1005 * SIZE] + twin + BUSY[1005 * SIZE :], ["acct_v3"]))
    assert [(sign.kind, sign.start, sign.stop) for sign in found] == [(signs.TWICE, 1005 * SIZE, 1006 * SIZE)]
    assert "0xfa00" in found[0].detail
    assert kinds(V2[:SIZE] * 3 + V2) == []


@pytest.mark.parametrize("slots", [[5], [5, 6]])
def test_blanked_slots_of_a_wtmp_are_worth_a_look(slots: list[int]) -> None:
    size, data = 384, bytearray(WTMP)
    for slot in slots:
        data[slot * size : (slot + 1) * size] = bytes(size)
    found = signs.signs(scan(bytes(data)))
    assert [(sign.kind, sign.start, sign.records) for sign in found] == [(signs.BLANK, 5 * size, len(slots))]


def test_nul_bytes_that_a_crash_left_are_no_blanked_records() -> None:
    first = [number for number in range(0, 5000) if BUSY[number * SIZE + 16 : number * SIZE + 18] < b"\x20\x03"]
    assert kinds(BUSY[: 1000 * SIZE] + bytes(3 * SIZE) + BUSY[1003 * SIZE :], "acct_v3") == [signs.BLANK]
    assert kinds(BUSY[2000 * SIZE :] + bytes(3 * SIZE) + BUSY[first[0] * SIZE : 1000 * SIZE], "acct_v3") == []


def test_a_job_that_ends_before_it_begins_is_worth_a_look() -> None:
    data = (CORPORA / "csa" / "csa_lp64.le").read_bytes()
    whole = scan(data)
    place = next(row for row in whole.records if row["type"] == "accteoj")
    at = int(place["offset"])
    began = int.from_bytes(data[at + 64 : at + 72], "little")
    late = data[: at + 64] + (began + 10**6).to_bytes(8, "little") + data[at + 72 :]
    found = [sign for sign in signs.signs(scan(late)) if sign.kind == signs.UNBORN]
    assert [(sign.start, sign.stop) for sign in found] == [(at, at + int(place["size"]))]


def test_a_scan_tells_signs_in_text_and_json_and_only_of_what_is_small_unasked(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(cut(BUSY, 2000, 50))
    done = run("scan", tmp_path / "cut")
    assert done.returncode == 0
    assert b"worth a look" in done.stdout
    assert b"no byte missing; 1 place worth a look" in done.stdout
    told = [json.loads(line) for line in run("scan", "--json", tmp_path / "cut").stdout.splitlines()]
    (sign,) = [row for row in told if row["kind"] == "sign"]
    assert (sign["sign"], sign["records"]) == ("skipped numbers", 50)
    assert sign["innocent"]
    assert told[-1]["signs"] == 1
    assert b"worth a look" not in run("scan", "--no-signs", tmp_path / "cut").stdout


def test_a_large_input_says_how_to_have_signs_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from acctrecover import report, result

    monkeypatch.setattr(result, "CHEAP", len(BUSY) - 1)
    monkeypatch.setattr(signs, "CHEAP", len(BUSY) - 1)
    found = scan(BUSY)
    assert signs.looked(found, None) is None
    assert signs.looked(found, True) == []
    assert any("--signs" in line for line in report.scan_text(found))
