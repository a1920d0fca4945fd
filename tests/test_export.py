"""Records as lines of a bodyfile, and the units of columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import run
from damage import CORPORA
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import scan
from acctrecover.body import escaped, line
from acctrecover.export import rows, units

ROW = {"offset": 64, "size": 12, "format": "door", "byte_order": "little", "type": "event", "status": "intact"}


@pytest.mark.parametrize("name", ["login/wtmp", "linux-v3-damaged/enospc-misaligned.pacct", "cookie/le.cookie", "login/futx.be"])
def test_a_bodyfile_has_one_line_of_eleven_fields_for_each_record_with_a_clock(name: str, tmp_path: Path) -> None:
    run("scan", CORPORA / name, "--records", tmp_path / "out.body")
    cells = [told.split("|") for told in (tmp_path / "out.body").read_text().splitlines()]
    timed = [row for row in rows(scan(CORPORA / name)) if "clock_seconds" in row]
    assert len(cells) == len(timed) > 30
    assert {len(row) for row in cells} == {11}
    assert [(int(row[2]), int(row[6]), int(row[8])) for row in cells] == [
        (row["offset"], row["size"], int(row["clock_seconds"])) for row in timed
    ]


def test_a_line_says_who_and_when_and_what() -> None:
    row = {**ROW, "pid": 5, "who": "a|b\n", "uid": 3, "euid": 9, "rgid": 4, "began": 1000, "kind": 2, "kind_text": "open"}
    assert line({**row, "clock_seconds": 1060}, {"began": "s since 1970", "pid": "bogus"}) == (
        r"0|door event pid=5 who=a\x7cb\x0a kind=open|64|----------|3|4|12|0|1060|0|1000"
    )


@pytest.mark.parametrize("clock", [None, float("nan"), float("inf"), "inf"])
def test_a_record_without_a_clock_has_no_line(clock: object) -> None:
    assert line({**ROW, "clock_seconds": clock}, {}) is None


def test_a_suspect_record_is_called_so() -> None:
    assert "door event (suspect)" in str(line({**ROW, "status": "suspect", "clock_seconds": 5}, {}))


@given(st.text())
def test_no_name_breaks_its_line_and_every_name_can_be_read_back(name: str) -> None:
    told = escaped(name)
    assert "|" not in told
    assert len(told.splitlines()) <= 1
    back = re.sub(r"\\x(..)|\\u(....)|\\U(.{8})", lambda m: chr(int(m[1] or m[2] or m[3], 16)), told)
    assert back == name


def test_units_are_told_of_columns_and_in_the_field_table() -> None:
    found = scan(CORPORA / "login" / "wtmp")
    assert units(list(found.by_extent.values())) == {"tv_sec": "s since 1970", "tv_usec": "us"}
    assert b"tv_usec  (us)\n" in run("formats", "utmp_384").stdout


def test_a_parquet_file_keeps_the_units_of_its_fields(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra parquet) is not installed")
    run("scan", CORPORA / "login" / "wtmp", "--records", tmp_path / "r.parquet")
    schema = parquet.read_schema(tmp_path / "r.parquet")
    assert schema.field("tv_usec").metadata == {b"unit": b"us"}
    assert schema.field("ut_pid").metadata is None
