"""The connector and taskstats: what a live kernel sent, whole and lost, and what damage does to a saved capture of it."""

from __future__ import annotations

import json
import lzma
import struct
from pathlib import Path
from typing import Any

import pytest
from command import run
from damage import CORPORA

from acctrecover import load_formats, scan
from acctrecover.dialect import dialects
from acctrecover.export import rows
from acctrecover.framed import FramedDialect

FOLDER = CORPORA / "linux-netlink"


def boundaries(name: str) -> list[tuple[int, int]]:
    """(offset, length) of every datagram as it was received."""
    told = json.loads((FOLDER / f"{name}.boundaries.json").read_text())["datagrams"]
    return [(datagram["offset"], datagram["length"]) for datagram in told]


def starved(tmp_path: Path) -> Path:
    path = tmp_path / "proc-starved.raw"
    path.write_bytes(lzma.decompress((FOLDER / "proc-starved.raw.xz").read_bytes()))
    return path


def cn_msg(idx: int, val: int, data: bytes, seq: int = 1, order: str = "<", *, wide: bool = False) -> bytes:
    """A connector's datagram; `wide` as early in 2005: 32 bits of length and an aligned nlmsg_len."""
    room = -len(data) % 4 if wide else 0
    head = struct.pack(order + "IHHII", 36 + len(data) + room, 3, 0, seq, 0)
    length = struct.pack(order + "I", len(data)) if wide else struct.pack(order + "HH", len(data), 0)
    return head + struct.pack(order + "IIII", idx, val, seq, 0) + length + data + bytes(-len(data) % 4)


@pytest.mark.parametrize(("name", "count"), [("proc-connector", 97), ("taskstats-exit", 34), ("taskstats-query", 3)])
def test_every_datagram_of_a_live_capture_is_a_record(name: str, count: int) -> None:
    found = scan(FOLDER / f"{name}.bin")
    assert found.whole
    assert list(zip(found.records["offset"].tolist(), found.records["size"].tolist(), strict=True)) == boundaries(name)
    assert len(found.records) == count


def test_a_starved_capture_tells_how_many_events_were_lost(tmp_path: Path) -> None:
    path = starved(tmp_path)
    found = scan(path)
    assert found.records["offset"].tolist() == list(range(0, 2763 * 76, 76))
    assert [extent.holes for extent in found.extents] == [(73, 4364)]
    done = run("scan", str(path))
    assert "73 gaps in its sequence numbers: 4,364 records lost before they were written" in done.stdout.decode()
    last = done.stdout.decode().splitlines()[-1]
    assert last.endswith("(connector little-endian); 4,364 records lost before writing (73 sequence gaps)")
    assert done.returncode == 0
    told = [json.loads(line) for line in run("scan", "--json", str(path)).stdout.splitlines()]
    assert (told[1]["sequence_gaps"], told[1]["records_lost"], told[1]["records"]) == (73, 4364, 2763)


def test_a_whole_capture_has_no_gap_in_its_sequence_numbers() -> None:
    assert [extent.holes for extent in scan(FOLDER / "proc-connector.bin").extents] == [(0, 0)]


def test_a_deleted_datagram_is_one_gap_in_the_sequence_of_its_cpu() -> None:
    data = (FOLDER / "proc-connector.bin").read_bytes()
    found = scan(data[: 76 * 40] + data[76 * 41 :])
    assert [(extent.records, extent.holes) for extent in found.extents] == [(96, (1, 1))]


def test_a_lost_event_is_no_damage_of_bytes() -> None:
    data = (FOLDER / "proc-connector.bin").read_bytes()
    assert scan(data[: 76 * 40] + data[76 * 42 :]).whole


def test_the_last_line_of_a_damaged_capture_tells_lost_events_too() -> None:
    data = (FOLDER / "proc-connector.bin").read_bytes()
    lines = run("scan", "-", stdin=data[: 76 * 40] + data[76 * 41 : 76 * 60] + b"?" * 9 + data[76 * 60 :]).stdout.decode()
    assert lines.splitlines()[-1] == (
        "-: damaged: 95 records intact, 1 suspect; 9 bytes in 1 gap; 1 record lost before writing (1 sequence gap)"
    )
    assert run("scan", FOLDER / "proc-connector.bin").stdout.decode().endswith("(connector little-endian), nothing missing\n")


def test_a_whole_taskstats_capture_does_not_say_that_nothing_is_missing() -> None:
    """The kernel drops messages where a reader is slow, and their numbers do not tell whose they are."""
    last = run("scan", FOLDER / "taskstats-exit.bin").stdout.decode().splitlines()[-1]
    assert last.endswith("(taskstats little-endian), no byte missing; messages that the kernel dropped leave no trace")


def test_accounting_records_match_the_exits_that_the_connector_told() -> None:
    """The last record is by the accton that ended accounting while it still lived: its exit came later."""
    exits = [row for row in rows(scan(FOLDER / "proc-connector.bin")) if row["type"] == "EXIT"]
    leaders = {row["process_pid"]: row for row in exits if row["process_pid"] == row["process_tgid"]}
    accounted = list(rows(scan(FOLDER / "pacct-v3")))
    assert (len(exits), len(leaders), len(accounted)) == (33, 28, 27)
    for record in accounted:
        told = leaders[record["ac_pid"]]
        assert (told["parent_tgid"], told["exit_code"]) == (record["ac_ppid"], record["ac_exitcode"])
    pids = [record["ac_pid"] for record in accounted]
    ended = sorted(leaders.values(), key=lambda told: told["timestamp_ns"])
    assert pids[:-1] == [told["process_pid"] for told in ended if told["process_pid"] in pids[:-1]]


def test_taskstats_agree_with_the_accounting_records_of_their_processes() -> None:
    """ac_flag has AGROUP for the last thread of a group, which the accounting file has not. Its last record is by the accton that
    ended accounting while it still lived."""
    told = {row["ac_pid"]: row for row in rows(scan(FOLDER / "taskstats-exit.bin")) if row["type"] in ("PID", "PID+TGID")}
    both = [(told[row["ac_pid"]], row) for row in list(rows(scan(FOLDER / "pacct-v3")))[:-1]]
    assert len(both) == 26
    for task, record in both:
        assert (task["ac_ppid"], task["ac_uid"], task["ac_exitcode"]) == (
            record["ac_ppid"],
            record["ac_uid"],
            record["ac_exitcode"],
        )
        assert task["ac_flag"] & ~0x20 == record["ac_flag"]
        assert task["ac_comm"][:15] == record["ac_comm"]


def test_the_reply_that_names_the_family_is_read() -> None:
    row = next(rows(scan(FOLDER / "genl-ctrl-newfamily.bin")))
    assert (row["type"], row["family_name"], row["family_id"]) == ("NEWFAMILY", "TASKSTATS", 31)


SIZES = {8: 328, 9: 344, 10: 352, 11: 368, 12: 400, 13: 416, 14: 432, 15: 560, 16: 560, 17: 688}
AT = {"ac_comm": 80, "ac_uid": 120, "ac_pid": 128, "ac_btime": 136, "ac_etime": 144, "nvcsw": 272, "freepages_count": 312}
LATER = {"thrashing_count": 328, "ac_btime64": 344, "compact_count": 352, "ac_tgid": 368, "wpcopy_count": 400, "irq_count": 416}
MOVED = {"ac_comm": 128, "ac_uid": 168, "ac_pid": 176, "ac_btime": 184, "ac_etime": 192, "ac_btime64": 424, "ac_tgid": 464}
MOVED |= {"wpcopy_count": 496, "irq_count": 528}
LAST = {"cpu_delay_max": 432, "blkio_delay_max": 448, "freepages_delay_max": 480, "wpcopy_delay_max": 528, "irq_delay_min": 552}


@pytest.mark.parametrize("version", SIZES)
def test_each_version_of_taskstats_has_its_fields_where_the_kernel_has_them(version: int) -> None:
    dialect = next(d for d in dialects([load_formats()["taskstats"]]) if isinstance(d, FramedDialect))
    shape = dialect.payload(version << 8 | 4, 0)
    base = shape.dtype.fields["version"][1]  # type: ignore[index]
    assert (base, shape.size - base) == (20, SIZES[version])
    wanted = MOVED if version == 15 else AT | LATER | (LAST if version >= 16 else {})
    for name, at in wanted.items():
        if at < SIZES[version]:
            assert shape.dtype.fields[name][1] - base == at, name  # type: ignore[index]


def attribute(order: str, kind: int, data: bytes) -> bytes:
    return struct.pack(order + "HH", 4 + len(data), kind) + data


def padded(order: str, aggregates: list[tuple[int, int, bytes]], *, before: bool) -> bytes:
    """A message that mk_reply() makes where TASKSTATS_NEEDS_PADDING, of (id type, id, struct) each."""
    body, null = bytes([2, 1, 0, 0]), attribute(order, 6, b"")
    for kind, number, stats in aggregates:
        body += null if before else b""
        held = attribute(order, kind, struct.pack(order + "I", number))
        held += null if not before and (16 + len(body) + 4 + len(held)) % 8 == 0 else b""  # nla_need_padding_for_64bit()
        body += attribute(order, kind + 3, held + attribute(order, 3, stats))
    return struct.pack(order + "IHHII", 16 + len(body), 31, 0, 7, 0) + body


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_messages_with_type_null_hold_what_those_without_hold(order: str, before: bool) -> None:
    """Of 328 bytes, version 8, as all kernels have sent that put TYPE_NULL before an aggregate."""
    version, size = (8, 328) if before else (16, 560)
    values = struct.pack(order + "H2xIBB", version, 0, 2, 0).ljust(80, b"\0") + b"cc1".ljust(32, b"\0") + bytes(8)
    values += struct.pack(order + "IIIII4xq", 7, 8, 4711, 4710, 1795447658, 2000000)
    stats = values.ljust(size, b"\0")
    group = struct.pack(order + "H2xIBB", version, 0, 2, 0).ljust(size, b"\0")
    one = padded(order, [(1, 4711, stats)], before=before)
    both = padded(order, [(1, 4711, stats), (2, 4700, group)], before=before)
    found = scan((one + both) * 4)
    assert found.whole
    assert [(e.format, e.byte_order) for e in found.extents] == [("taskstats", {"<": "little", ">": "big"}[order])]
    told = list(rows(found))
    assert [row["type"] for row in told] == ["PID", "PID+TGID"] * 4
    for row in told:
        assert (row["null_type"], row["version"], row["ac_comm"], row["ac_pid"], row["ac_uid"]) == (6, version, "cc1", 4711, 7)
        assert row["clock_seconds"] == 1795447660
    assert (told[1]["tgid_id"], told[1]["tgid_version"]) == (4700, version)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("idx", "val", "payload", "kind", "fields"),
    [
        (0xFEED, 0xBEEF, b"1234 1235\0", "FORK", {"text": "1234 1235"}),
        (0xFEED, 0xBEEF, b"0 12345 12346\0", "FORK", {"text": "0 12345 12346"}),
        (0xFEED, 0xBEEF, "III", "FORK", {"cpu": 0, "ppid": 31, "cpid": 33}),
        (0xFEED, 0xBEEF, "IIIII", "FORK", {"cpu": 0, "ppid": 31, "ptid": 33, "cpid": 34, "ctid": 35}),
        (0xFEED, 0xBEEF, "IIIIII", "FORK", {"type": 0, "cpu": 31, "ppid": 33, "ptid": 34, "cpid": 35, "ctid": 36}),
        (0xFEEC, 0xCEEF, "IIIII", "EXIT", {"type": 0, "cpu": 31, "pid": 33, "ptid": 34, "code": 35}),
        (1, 1, "IIIIII", "ACK", {"what": 0, "cpu": 31, "err": 33}),
    ],
)
def test_each_payload_of_2005_is_told_from_the_others(
    idx: int, val: int, payload: bytes | str, kind: str, fields: dict[str, Any], order: str, wide: bool
) -> None:
    data = payload if isinstance(payload, bytes) else struct.pack(order + payload, *(0, 31, 33, 34, 35, 36)[: len(payload)])
    found = scan(b"".join(cn_msg(idx, val, data, seq, order, wide=wide) for seq in range(1, 6)))
    assert found.whole
    assert found.extents[0].holes == (0, 0)
    told = list(rows(found))
    assert [row["type"] for row in told] == [kind] * 5
    for name, value in fields.items():
        assert told[2][name if name != "type" else "record_type"] == value
