"""The records of several inputs come out as one table in clock order."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import pytest
from command import run, said
from damage import CORPORA
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import scan, timeline
from acctrecover.export import rows
from acctrecover.timeline import Timeline

OLD, NEW = (CORPORA / "linux-v3-damaged" / f"rotate-mv-{which}.pacct" for which in ("old", "new"))
NETLINK = CORPORA / "linux-netlink"
WHOLE = CORPORA / "linux-v3" / "pacct-v3"


def test_records_of_several_inputs_come_in_clock_order_with_the_file_they_are_of(tmp_path: Path) -> None:
    inputs = [CORPORA / "login" / "wtmp", NETLINK / "pacct-v3", NETLINK / "taskstats-exit.bin"]
    assert run("scan", *inputs, "--records", tmp_path / "r.jsonl").returncode == 0
    table = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert {row["file"] for row in table} == set(map(str, inputs))
    clocks = [row["clock_seconds"] for row in table if "clock_seconds" in row]
    assert len(clocks) > 90
    assert all(before <= clock for before, clock in pairwise(clocks))
    for path in inputs:
        own = [{name: value for name, value in row.items() if name != "file"} for row in table if row["file"] == str(path)]
        assert sorted(own, key=lambda row: row["offset"]) == list(rows(scan(path)))


def test_a_table_of_several_inputs_has_the_columns_of_all(tmp_path: Path) -> None:
    run("scan", NEW, CORPORA / "login" / "wtmp", "--records", tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0])[:2] == ["file", "offset"]
    assert len(table) == 3 + 43
    assert {"ac_comm", "ut_user"} <= set(table[0])


def test_records_without_a_clock_go_with_the_ones_before_them_or_come_last() -> None:
    damaged = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
    table = list(Timeline([scan(NETLINK / "proc-connector.bin"), scan(damaged)]).rows())
    torn = [row["status"] for row in table].index("torn")
    assert table[torn - 1]["offset"] + 64 == table[torn]["offset"]
    assert {row["format"] for row in table[-97:]} == {"connector"}
    assert [row["offset"] for row in table[-97:]] == sorted(row["offset"] for row in table[-97:])


def test_times_since_another_event_are_put_among_the_others_where_it_is_known() -> None:
    scans = [scan(NETLINK / "pacct-v3"), scan(NETLINK / "proc-connector.bin")]
    first = next(rows(scans[0]))["clock_seconds"]
    born = next(row["timestamp_ns"] for row in rows(scans[1]) if "timestamp_ns" in row) / 1e9
    table = list(Timeline(scans, {"boot": first - born}).rows())
    assert len({row["format"] for row in table[:60]}) == 2


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([OLD, NEW, WHOLE, CORPORA / "login" / "lastlog"]), min_size=1, max_size=4), st.integers(5, 70))
def test_however_few_rows_are_made_at_once_the_table_is_the_same(paths: list[Path], step: int) -> None:
    scans = [scan(path) for path in paths]
    at_once = list(Timeline(scans).rows())
    assert len(at_once) == sum(len(found.records) for found in scans)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "STEP", step)
        patch.setattr(timeline, "OPEN", 1)
        assert list(Timeline(scans).rows()) == at_once


def test_one_input_that_cannot_be_read_leaves_the_table_of_the_others(tmp_path: Path) -> None:
    done = run("scan", OLD, tmp_path / "none", NEW, "--records", tmp_path / "r.jsonl")
    assert done.returncode == 2
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 8


def test_a_table_replaces_none_of_several_inputs(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(NEW.read_bytes())
    assert "is the input" in said(run("scan", OLD, copy, "--records", copy, "--force"))
