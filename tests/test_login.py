"""Login accounting: genuine files and an independent writer's, decoded as their oracles say, wounded, and read again by `last`."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from damage import CORPORA, wounds
from fuzz.schemas import valid
from samples import known

from acctrecover import repair, scan
from acctrecover.export import rows

LOGIN = CORPORA / "login"
SPECIMENS = CORPORA.parent.parent / "shared" / "specimens"
WRITTEN = [sample.path for sample in known() if sample.path.parent == LOGIN and sample.beside("truth")]
LIVE = [LOGIN / "wtmp", LOGIN / "btmp", LOGIN / "lastlog"]
THIRD_PARTY = "third-party test data, which is no part of this repository"


def specimen(name: str) -> Path:
    path = SPECIMENS / name
    if not path.exists():
        pytest.skip(f"{name}: {THIRD_PARTY}")
    return path


def told(row: dict[str, Any]) -> list[str]:
    """A record as a line of the writer's oracle."""
    place = [str(row["offset"]), str(row["size"])]
    if "ll_time" in row:
        return [*place, "0", "0", "", row["ll_line"], "", row["ll_host"], str(row["ll_time"]), "0"]
    if "ut_name" in row:
        return [*place, "0", "0", "", row["ut_line"], row["ut_name"], row["ut_host"], str(row["ut_time"]), "0"]
    prefix = "fu" if "fu_type" in row else "ut"
    absent = {"pid": 0}  # of a record that ends before it
    fields = [row.get(f"{prefix}_{name}", absent.get(name, "")) for name in ("type", "pid", "id", "line", "user", "host")]
    seconds, us = divmod(row["fu_tv"], 10**6) if prefix == "fu" else (row["tv_sec"], row["tv_usec"])
    return [*place, *(str(value) for value in (*fields, seconds, us))]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_record_of_an_independent_writer_decodes_as_it_was_written(path: Path) -> None:
    found = scan(path)
    lines = Path(f"{path}.oracle").read_text().splitlines()
    written = [line.split("|") for line in lines if not line.startswith("layout") and not line.endswith("|never")]
    assert [told(row) for row in rows(found)] == written


def dumped(text: str) -> list[list[str]]:
    """The rows of `utmpdump`, each a list of its bracketed cells."""
    return [[cell.strip() for cell in re.findall(r"\[([^\]]*)\]", line)] for line in text.splitlines() if line.startswith("[")]


def as_dumped(row: dict[str, Any]) -> list[str]:
    """A record as `utmpdump` prints it, its time apart."""
    return [
        str(row["ut_type"]),
        f"{row['ut_pid']:05d}",
        *(row[name].strip() for name in ("ut_id", "ut_user", "ut_line", "ut_host")),
        row["ut_addr_v6_text"] or "0.0.0.0",
    ]


def seconds(cell: str) -> tuple[int, int]:
    """Seconds since the epoch and microseconds of utmpdump's ISO time in UTC."""
    from datetime import datetime

    stamp, us, zone = re.fullmatch(r"(.*),(\d+)(\+.*)", cell).groups()  # type: ignore[union-attr]
    return int(datetime.fromisoformat(stamp + zone).timestamp()), int(us)


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("wtmp", "wtmp.utmpdump.txt"),
        ("btmp", "btmp.utmpdump.txt"),
        ("util-linux-utmp/wtmp-a.LE", "util-linux-utmp/txt-a"),
        ("util-linux-utmp/wtmp-a.BE", "util-linux-utmp/txt-a"),
    ],
)
def test_genuine_records_decode_as_utmpdump_reads_them(name: str, oracle: str) -> None:
    path, text = (specimen(n) if "/" in n else LOGIN / n for n in (name, oracle))
    ours, theirs = list(rows(scan(path))), dumped(text.read_text())
    assert len(ours) == len(theirs) == path.stat().st_size // 384
    assert [as_dumped(row) for row in ours] == [cells[:7] for cells in theirs]
    assert [(row["tv_sec"], row["tv_usec"]) for row in ours] == [seconds(cells[7]) for cells in theirs]


@pytest.mark.parametrize(("name", "count"), [("utmp", 14), ("utmp_x86_64", 6), ("utmpx_mac", 7)])
def test_third_party_samples_are_whole(name: str, count: int) -> None:
    found = scan(specimen(f"plaso/{name}"))
    assert found.whole
    assert found.counts["intact"] == count


def test_two_records_two_of_nothing_and_a_stray_byte_are_two_records_and_a_zero_run() -> None:
    found = scan(specimen("plaso/wtmp.1"))
    assert [(e.stop, e.records, e.cause) for e in found.extents] == [(768, 2, None), (1537, 0, "zero run")]


@pytest.mark.parametrize("path", LIVE, ids=lambda path: path.name)
def test_a_whole_file_comes_out_byte_for_byte(path: Path, tmp_path: Path) -> None:
    assert repair(path, tmp_path / "out").lossless
    assert (tmp_path / "out").read_bytes() == path.read_bytes()


def test_numbers_of_a_utx_log_that_end_in_zeros_are_read_whole() -> None:
    """Their lowest bytes are left out with the zeros behind them."""
    short = {row["size"]: row for row in rows(scan(LOGIN / "utx_log.be")) if "fu_tv0" in row or "fu_pid0" in row}
    assert (short[10]["type"], short[10]["fu_tv"], short[10]["clock_utc"]) == ("clock", 1387029536000000, "2013-12-14T13:58:56Z")
    assert (short[21]["type"], short[21]["fu_pid"]) == ("logout", 65536)


@pytest.mark.parametrize("name", ["utmp_44.le", "utmp_44.be"])
def test_a_wound_costs_no_record_of_44_bytes_far_from_it(name: str) -> None:
    data = (LOGIN / name).read_bytes()
    wrong = []
    for at in range(8 * 44 + 5, len(data) - 8 * 44, 5 * 44 + 7):
        for wound in wounds(data, at):
            found = scan(wound.data).records
            seen = {int(row["offset"]) for row in found if row["status"] == "intact" and row["format"] == "utmp_44"}
            far = [wound.moved(start, 44) for start in range(0, len(data), 44) if abs(start - at) > 3 * 44]
            wrong += [(wound.name, at, place) for place in far if place is not None and place not in seen]
            near = range(at - 4 * 44, at + 4 * 44)
            wrong += [(wound.name, at, place) for place in seen if place not in near and place not in far]
    assert wrong == []


def slot(second: int) -> bytes:
    return struct.pack("<I32s256s", 1795448562 + second, b"pts/3", b"10.0.0.159")


def test_unused_slots_of_lastlog_are_no_damage_and_their_index_is_the_user_id() -> None:
    data = bytes(292 * 1000) + slot(1) + slot(60) + bytes(292 * 64532) + slot(9)
    found = scan(data)
    assert found.whole
    assert [(e.format, e.records, e.size) for e in found.extents] == [("lastlog", 3, len(data))]
    assert [(row["uid"], row["ll_time"] - 1795448562) for row in rows(found)] == [(1000, 1), (1001, 60), (65534, 9)]


def test_slots_behind_lost_bytes_are_found_beside_each_other() -> None:
    data = b"".join(slot(n) for n in range(20)) + bytes(292 * 3) + b"".join(slot(n) for n in range(5))
    found = scan(data[:1000] + data[1003:])
    assert (found.counts["intact"], found.counts["suspect"]) == (23, 1)
    assert [row["uid"] for row in rows(found)][2:4] == [2, None]


def test_a_row_without_a_user_id_is_as_the_schema_says() -> None:
    data = b"".join(slot(n) for n in range(20))
    told = list(rows(scan(data[:1000] + data[1003:])))
    assert None in [row["uid"] for row in told]
    valid("record", *told)


@pytest.mark.parametrize(("at", "gone", "put"), [(292 * 3, 292 * 2, b"\xff" * 584), (1000, 3, b""), (1000, 0, b"??"), (0, 0, b"")])
def test_a_repaired_lastlog_keeps_every_login_at_its_user_id(at: int, gone: int, put: bytes, tmp_path: Path) -> None:
    data = b"".join(slot(n) for n in range(20)) + bytes(292 * 5000) + b"".join(slot(n) for n in range(5))
    result = repair(data[:at] + put + data[at + gone :], tmp_path / "out", quarantine=tmp_path / "rest")
    lost = range(at // 292, (at + gone - 1) // 292 + 1) if gone else [at // 292] if put else []
    whole = b"".join(
        bytes(292) if index in lost else data[start : start + 292] for index, start in enumerate(range(0, len(data), 292))
    )
    assert (tmp_path / "out").read_bytes() == whole
    assert result.kept == 25 - len(lost)
    assert len((tmp_path / "rest").read_bytes()) <= 292 * len(lost) + len(put)


def test_an_unused_slot_before_a_doubtful_login_is_no_damage_and_the_repair_keeps_it(tmp_path: Path) -> None:
    data = slot(1) + slot(60) + bytes(292) + b"\x2b\x91".ljust(292, b"\0") + b"\0"
    found = scan(data)
    assert [(e.kind, e.size, e.cause) for e in found.extents] == [("chain", 4 * 292, None), ("gap", 1, "truncated tail")]
    assert repair(data, tmp_path / "out").kept == found.counts["intact"] + found.counts["suspect"] == 3
    assert (tmp_path / "out").read_bytes() == data[:-1]


def test_a_zeroed_tail_of_lastlog_is_a_zero_run() -> None:
    found = scan((LOGIN / "lastlog").read_bytes() + bytes(292 * 2))
    assert [(e.kind, e.size, e.cause) for e in found.extents] == [("chain", 2628, None), ("gap", 584, "zero run")]


@pytest.mark.parametrize("gone", [(0, 200), (500, 3), (3840, 384), (5000, 1000)])
def test_a_repaired_wtmp_is_read_by_utmpdump_and_last(gone: tuple[int, int], tmp_path: Path) -> None:
    if shutil.which("utmpdump") is None or shutil.which("last") is None:
        pytest.skip("utmpdump or last (package util-linux-extra) is not installed")
    data = (LOGIN / "wtmp").read_bytes()
    at, count = gone
    result = repair(data[:at] + data[at + count :], tmp_path / "wtmp")
    whole = dumped((LOGIN / "wtmp.utmpdump.txt").read_text())
    lost = range(at // 384, (at + count - 1) // 384 + 1)
    text = subprocess.run(["utmpdump", tmp_path / "wtmp"], capture_output=True, check=True, text=True, env={"TZ": "UTC"}).stdout
    assert dumped(text) == [cells for index, cells in enumerate(whole) if index not in lost]
    assert result.kept == len(whole) - len(lost)
    shown = subprocess.run(["last", "-f", tmp_path / "wtmp"], capture_output=True, check=True, text=True).stdout
    assert shown.count("root ") == sum(cells[0] == "7" for cells in dumped(text))


def test_records_of_another_format_may_end_just_where_a_search_ends() -> None:
    """Too few of them to be followed from there on, so that what goes on behind them is searched with them before it."""
    image = bytearray(random.Random(4).randbytes(900_000))
    image[:6400] = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()[:6400]
    image[523_136 : 1 << 19] = (LOGIN / "wtmp").read_bytes()[: 3 * 384]
    found = scan(bytes(image), ["acct_v3", "utmp_384"])
    assert [(chain.start, chain.stop) for chain in found.chains] == [(0, 6400), (523_136, 1 << 19)]
