"""The bench itself: its writer is sound, its cases repeat, and its judge counts what it says."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from evaluate.cases import PARTIAL, Case, deal
from evaluate.causes import RIGHT
from evaluate.genuine import window
from evaluate.judge import Spot, intact_spots, judge
from evaluate.streams import Stream, cookie_stream
from evaluate.sweep import NAMES, WOUNDS, SweepCase, cut

from acctrecover import scan
from acctrecover.damaging import Damaged, segments
from acctrecover.extent import Extent, Oddity
from acctrecover.lineage import Traced
from acctrecover.result import RECORD

ROOT = Path(__file__).resolve().parent.parent


def reported(spans: list[tuple[int, int, str]], size: int, form: str, oddities: tuple[Oddity, ...] = ()) -> Any:
    """A scan's result with these records and nothing else in it."""
    rows = np.zeros(len(spans), RECORD)
    for row, (start, stop, status) in zip(rows, spans, strict=True):
        row["offset"], row["size"], row["status"] = start, stop - start, status
        row["format"], row["byte_order"] = form, "little"
    extent = Extent("chain", 0, size, form, "little", len(spans), oddities=oddities)
    return SimpleNamespace(records=rows, extents=[extent])


def made(records: list[bytes], inner: list[tuple[int, int]] | None = None) -> Stream:
    ends = [sum(map(len, records[: i + 1])) for i in range(len(records))]
    return Stream(
        b"".join(records), [(end - len(r), end) for end, r in zip(ends, records, strict=True)], "cookie", "little", inner or []
    )


def counts(
    stream: Stream, damaged: Damaged, spans: list[tuple[int, int, str]], oddities: tuple[Oddity, ...] = ()
) -> dict[str, int]:
    found = judge(reported(spans, len(damaged.data), "cookie", oddities), {"input": stream}, damaged).counts
    return {name: number for name, number in found.items() if number}


WHOLE = made([b"aaaa", b"bbbbbb", b"cccc", b"dddddd"])


def edited(start: int, stop: int, new: bytes, stream: Stream = WHOLE) -> Damaged:
    """The stream with [start, stop) overwritten, where `new` is as long, or else replaced by it."""
    body = Traced.of(stream.data)
    middle = body[start:stop].written(new) if stop - start == len(new) else Traced.put(new)
    result = Traced.join((body[:start], middle, body[stop:]))
    return Damaged(result.data, [], list(segments(result, (stream.data, b"", b""))))


@pytest.mark.parametrize("seed", range(25))
def test_the_independent_writers_streams_are_whole_to_a_scan(seed: int) -> None:
    stream = cookie_stream(random.Random(seed), (40, 150))
    found = scan(stream.data)
    assert found.whole
    assert list(zip(found.records["offset"], found.records["offset"] + found.records["size"], strict=True)) == stream.records
    assert {str(order) for order in found.records["byte_order"]} == {stream.byte_order}
    assert all(a < start < stop <= b for start, stop in stream.inner for a, b in stream.records if a < start < b)


@pytest.mark.parametrize("big", [False, True])
def test_windows_are_genuine_records_and_the_stale_ones_are_not_younger(big: bool) -> None:
    for seed in range(10):
        now, old = window(random.Random(seed), big)
        assert 40 * 64 <= len(now.data) == 64 * len(now.records) <= 150 * 64
        assert now.byte_order == ("big" if big else "little")
        order = ">u4" if big else "<u4"
        begun = [int(np.frombuffer(stream.data, order)[6]) for stream in (old, now)]
        assert begun[0] <= begun[1] + 3600


def test_a_case_gives_the_same_bytes_for_ever() -> None:
    case = Case.named("cookie:delete:2:7")
    assert str(case) == "cookie:delete:2:7"
    assert deal(case).damaged == deal(case).damaged
    assert deal(case).damaged.data != deal(Case("cookie", "delete", 2, 8)).damaged.data
    with pytest.raises(ValueError, match="no such"):
        Case.named("cookie:delte:2:7")


def test_every_kind_has_its_causes() -> None:
    assert set(RIGHT) == set(PARTIAL)


def test_records_count_as_intact_only_where_all_their_bytes_stand_side_by_side() -> None:
    assert [(s.start, s.stop) for s in intact_spots({"input": WHOLE}, edited(5, 6, b"x").truth)] == [(0, 4), (10, 14), (14, 20)]
    assert [(s.start, s.stop) for s in intact_spots({"input": WHOLE}, edited(8, 11, b"").truth)] == [(0, 4), (11, 17)]
    assert intact_spots({"input": WHOLE}, edited(2, 2, b"zz").truth)[0] == Spot(6, 12, "input", 1)


def test_what_is_reported_as_it_is_counts_as_found_and_what_is_not_as_missed_or_doubted() -> None:
    damaged = edited(5, 6, b"x")
    spans = [(0, 4, "intact"), (10, 14, "suspect")]
    assert counts(WHOLE, damaged, spans) == {"intact": 3, "found": 1, "doubted": 1, "missed": 1}


def test_a_changed_value_in_a_right_frame_is_altered_and_a_wrong_frame_false() -> None:
    damaged = edited(5, 6, b"x")
    rest = [(0, 4, "intact"), (10, 14, "intact"), (14, 20, "intact")]
    assert counts(WHOLE, damaged, [*rest, (4, 10, "intact")]) == {"intact": 3, "found": 3, "altered": 1}
    assert counts(WHOLE, damaged, [*rest, (5, 10, "intact")]) == {"intact": 3, "found": 3, "false": 1}
    assert counts(WHOLE, damaged, [*rest, (5, 10, "suspect")]) == {"intact": 3, "found": 3}


def test_two_halves_of_records_of_one_size_are_a_chimera() -> None:
    damaged = edited(6, 16, b"")
    assert damaged.data == b"aaaabbdddd"
    assert counts(WHOLE, damaged, [(0, 4, "intact"), (4, 10, "intact")]) == {"intact": 1, "found": 1, "false": 1, "chimera": 1}


def test_a_record_whose_bytes_are_those_of_another_is_not_false() -> None:
    stream = made([b"abab", b"abab", b"bb"])
    damaged = edited(2, 6, b"", stream)
    assert counts(stream, damaged, [(0, 4, "intact"), (4, 6, "intact")]) == {"intact": 1, "found": 1}


def test_a_record_in_a_payload_whose_carrier_is_damaged_is_false_and_embedded() -> None:
    stream = made([b"[(i)]", b"bb"], [(1, 4)])
    damaged = edited(0, 1, b"x", stream)
    assert counts(stream, damaged, [(1, 4, "intact"), (5, 7, "intact")]) == {"intact": 1, "found": 1, "false": 1, "embedded": 1}


def test_healing_is_right_where_the_original_bytes_come_back() -> None:
    damaged = edited(5, 6, b"x")
    spans = [(0, 4, "intact"), (4, 10, "healed"), (10, 14, "intact"), (14, 20, "intact")]
    right = Oddity(4, 6, "healed", "", ((5, b"x", b"b"),))
    wrong = Oddity(4, 6, "healed", "", ((5, b"x", b"c"),))
    assert counts(WHOLE, damaged, spans, (right,)) == {"intact": 3, "found": 3, "healed right": 1}
    assert counts(WHOLE, damaged, spans, (wrong,)) == {"intact": 3, "found": 3, "healed wrong": 1}


@pytest.mark.parametrize("name", NAMES)
def test_every_wound_of_the_sweep_changes_the_byte_at_its_offset(name: str) -> None:
    data = cut(SweepCase(name, 0, "bit-0"))
    assert data is not None
    for kind in WOUNDS:
        damaged = cut(SweepCase(name, 99, kind))
        size = {"delete": -1, "truncate": 99 - len(data.data)}.get(kind, 1 if kind.startswith("insert") else 0)
        assert damaged is None or len(damaged.data) == len(data.data) + size
        assert damaged is not None or kind in ("set-00", "set-ff")


def test_the_bench_prints_its_table_and_replays_its_failures(tmp_path: Path) -> None:
    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.evaluate", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    failures = tmp_path / "failures.jsonl"
    done = run("--streams", 2, "--kinds", "block-duplicate,crlf", "--wounds", 1, "--jobs", 1, "--failures", failures)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:3] for line in done.stdout.splitlines() if " block-dup" in line] == [
        ["cookie", "block-duplicate", "2"],
        ["v3", "block-duplicate", "2"],
    ]
    for line in failures.read_text().splitlines()[:1]:
        replayed = run("--replay", json.loads(line)["replay"])
        assert replayed.returncode == 0
        assert "fault  " in replayed.stdout
    shown = run("--replay", "v3:zero-block-512:1:3").stdout
    assert "wound  zero-block-512" in shown
    assert run("--kinds", "nonesuch").returncode == 2
