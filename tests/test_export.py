"""Records as lines of a bodyfile, and the units of columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from command import run
from damage import CORPORA
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import frames, scan
from acctrecover.body import body_lines, escaped
from acctrecover.cells import Column
from acctrecover.cells import told as as_text
from acctrecover.export import rows, units, write_records
from acctrecover.frames import Frame, Table

ROW = {"offset": 64, "size": 12, "format": "door", "byte_order": "little", "type": "event", "status": "intact"}


def line(row: dict[str, object], units: dict[str, str]) -> str:
    """The line of one record in a bodyfile, empty where it has none."""
    frame = Frame(np.zeros(1, np.intp), {name: Column([value]) for name, value in row.items()})
    return b"".join(body_lines([Table(1, [frame])], {("door", "event"): units})).decode().removesuffix("\n")


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
    assert line({**ROW, "clock_seconds": clock}, {}) == ""


def test_a_suspect_record_is_called_so() -> None:
    assert "door event (suspect)" in (line({**ROW, "status": "suspect", "clock_seconds": 5}, {}))


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


def test_a_parquet_file_is_written_in_groups_of_rows_of_the_types_that_all_rows_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra parquet) is not installed")
    monkeypatch.setattr("acctrecover.parquet.GROUP", 10)
    for name in ("login/wtmp", "cookie/le.cookie", "exacct/kernel.exacct", "linux-netlink/proc-connector.bin"):
        found = scan(CORPORA / name)
        with open(tmp_path / "r.parquet", "wb") as file:
            write_records(found, tmp_path / "r.parquet", file)
        table = parquet.ParquetFile(tmp_path / "r.parquet")
        told = list(rows(found))
        assert table.num_row_groups == -(-len(told) // 10)
        for read, row in zip(table.read().to_pylist(), told, strict=True):
            assert {key: value for key, value in read.items() if value is not None} == row


@pytest.mark.parametrize("sample", ["cookie/le-torn.cookie", "linux-v3-damaged/enospc-misaligned.pacct", "login/lastlog"])
def test_records_of_many_extents_decoded_together_are_those_of_each(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = scan(CORPORA / sample)
    together = list(rows(found))
    monkeypatch.setattr(frames, "SMALL", -1)
    assert list(rows(found)) == together
    monkeypatch.setattr(frames, "SMALL", 1 << 12)
    monkeypatch.setattr(frames, "STEP", 60)
    assert list(rows(found)) == together


def test_times_are_told_in_utc_beside_their_numbers() -> None:
    row = next(rows(scan(CORPORA / "linux-v3" / "pacct-v3")))
    assert (row["ac_btime"], row["ac_btime_utc"], row["clock_utc"]) == (1795447429, "2026-11-23T15:23:49Z", "2026-11-23T15:23:49Z")
    row = list(rows(scan(CORPORA / "login" / "futx.be")))[1]
    assert (row["fu_tv"], row["fu_tv_utc"]) == (1387020272024571, "2013-12-14T11:24:32.024571Z")
    row = list(rows(scan(CORPORA / "exacct" / "kernel.exacct")))[1]
    assert (row["PROC_FINISH_SEC"], row["PROC_FINISH_SEC_utc"]) == (1100000003, "2004-11-09T11:33:23Z")


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"", ""),
        ("jörg".encode(), "jörg"),
        (b"j\xf6rg", r"j\xf6rg"),
        (b"a\nb", r"a\x0ab"),
        (b"sendmail\0etters.", r"sendmail\x00etters."),
        (b"\n\0\0\x9f", "0a00009f0000"),
    ],
)
def test_a_byte_string_is_told_as_text_or_where_it_is_none_in_hex(octets: bytes, text: str) -> None:
    assert as_text(octets, 6) == text


def test_the_start_of_a_process_is_told_also_in_the_second_of_its_end(tmp_path: Path) -> None:
    run("scan", CORPORA / "linux-v3" / "pacct-v3", "--records", tmp_path / "r.body")
    ends = [told.split("|")[-1] for told in (tmp_path / "r.body").read_text().splitlines()]
    assert ends == [str(row["ac_btime"]) for row in rows(scan(CORPORA / "linux-v3" / "pacct-v3"))]


def test_a_record_without_a_clock_has_a_line_for_the_times_that_it_holds() -> None:
    units = {"start": "s since 1970", "finish": "ms since 1970", "unset": "s since 1970"}
    told = (line({**ROW, "start": 1000, "finish": 1060999, "unset": 0}, units)).split("|")
    assert (told[8], told[10]) == ("1060", "1000")
    assert line({**ROW, "unset": 0}, units) == ""
