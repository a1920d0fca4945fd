"""blktrace, and any stream in the sub-buffers of relay, with and without their padding counts."""

from __future__ import annotations

import csv
import importlib
import json
import lzma
import random
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from command import run
from damage import CORPORA

from acctrecover import scan
from acctrecover.export import rows

BLKTRACE = CORPORA / "linux-blktrace" / "tiny.blktrace.0.xz"


def blktrace() -> bytes:
    return lzma.decompress(BLKTRACE.read_bytes())


def truth(data: bytes) -> list[tuple[int, int]]:
    """(offset, size) of every record, by the lengths alone."""
    out, at = [], 0
    while at < len(data):
        out.append((at, 48 + int.from_bytes(data[at + 46 : at + 48], "little")))
        at += out[-1][1]
    return out


def relayed(records: list[bytes], size: int, head: int, order: str = "<") -> tuple[bytes, list[int]]:
    """Sub-buffers that no record crosses, and where each record begins."""
    blocks: list[bytes] = [b""]
    places = []
    for record in records:
        if head + len(blocks[-1]) + len(record) > size:
            blocks.append(b"")
        places.append((len(blocks) - 1) * size + head + len(blocks[-1]))
        blocks[-1] += record
    out = []
    for block in blocks:
        room = size - head - len(block)
        out.append((struct.pack(order + "I", room) if head else b"") + block + bytes(room))
    return b"".join(out), places


def test_every_record_of_a_live_trace_is_found() -> None:
    """2,685 entries, as blkparse counts them, and 28 notes; the sequence numbers of the one CPU have no gap."""
    data = blktrace()
    found = scan(data)
    assert found.whole
    assert list(zip(found.records["offset"].tolist(), found.records["size"].tolist(), strict=True)) == truth(data)
    types = found.records["type"].tolist()
    assert sum(kind in ("PROCESS", "TIMESTAMP", "MESSAGE") for kind in types) == 28
    assert len(types) - 28 == 2685
    assert [extent.holes for extent in found.extents] == [(0, 0)]


def test_fields_are_what_blkparse_prints() -> None:
    first = next(row for row in rows(scan(blktrace())) if row["type"] == "QUEUE")
    assert (first["sequence"], first["pid"], first["sector"], first["bytes"] // 512) == (1, 175, 11394, 3200)


@pytest.mark.parametrize(("size", "count"), [(512, 300), (4096, 800), (65536, 2713)])
def test_sub_buffers_with_padding_counts_are_put_together(size: int, count: int) -> None:
    data = blktrace()
    packed, places = relayed([data[start : start + length] for start, length in truth(data)[:count]], size, 4)
    found = scan(packed)
    assert found.transfer is not None
    assert found.transfer.name == "relay sub-buffers"
    assert found.transfer.scan is not None
    assert [extent.records for extent in found.transfer.scan.chains] == [len(places)]
    assert found.records["offset"].tolist() == places


def test_sub_buffers_without_counts_leave_padding_between_whole_records() -> None:
    data = blktrace()
    packed, places = relayed([data[start : start + length] for start, length in truth(data)], 4096, 0)
    found = scan(packed)
    assert found.records["offset"].tolist() == places
    assert {extent.cause for extent in found.gaps[:-1]} == {"padding"}


@pytest.mark.parametrize(("name", "order"), [("linux-v3/pacct-v3", "<"), ("gnu-acct-converted/pacct-v3.be", ">")])
def test_accounting_records_in_sub_buffers_are_found_too(name: str, order: str) -> None:
    data = (CORPORA / name).read_bytes()
    packed, places = relayed([data[at : at + 64] for at in range(0, len(data), 64)], 1024, 4, order)
    found = scan(packed)
    assert found.records["offset"].tolist() == places
    assert found.transfer is not None


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_files_of_several_cpus_come_out_in_the_order_of_their_clocks(form: str, tmp_path: Path) -> None:
    """One of them with sub-buffers and padding counts, as mmap copies leave it, and one with a wound."""
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow (extra parquet) is not installed")
    data = blktrace()
    each: list[list[bytes]] = [[], [], []]
    for index, (at, length) in enumerate(truth(data)):
        each[index // 7 % 3].append(data[at : at + length])
    each[2][5] = b"?" * len(each[2][5])
    names = [f"trace.blktrace.{cpu}" for cpu in range(3)]
    for name, records in zip(names, each, strict=True):
        whole = relayed(records, 4096, 4)[0] if name.endswith("1") else b"".join(records)
        (tmp_path / name).write_bytes(whole)
    out = tmp_path / f"out.{form}"
    assert run("scan", *(tmp_path / name for name in names), "--records", out).returncode == 1
    if form == "jsonl":
        told = [json.loads(line) for line in out.read_text().splitlines()]
    elif form == "csv":
        told = list(csv.DictReader(out.read_text().splitlines()))
    else:
        told = importlib.import_module("pyarrow.parquet").read_table(out).to_pylist()
    times = [int(row["time"]) for row in told if row["time"]]
    assert len(times) == len(truth(data)) - 1
    assert times == sorted(times)
    assert {Path(row["file"]).name for row in told} == set(names)
    switches = sum(a["file"] != b["file"] for a, b in pairwise(told))
    assert switches > 100


def test_a_damaged_count_costs_no_record() -> None:
    data = blktrace()
    packed, places = relayed([data[start : start + length] for start, length in truth(data)], 4096, 4)
    damaged = bytearray(packed)
    damaged[5 * 4096 : 5 * 4096 + 4] = b"\xff\xff\xff\xff"
    assert scan(bytes(damaged)).records["offset"].tolist() == places


def test_streams_without_sub_buffers_are_left_as_they_are(tmp_path: Path) -> None:
    data = bytearray((CORPORA / "linux-v3" / "pacct-v3").read_bytes())
    random.seed(3)
    for at in random.sample(range(len(data)), 6):
        data[at] ^= 0x40
    assert scan(bytes(data)).transfer is None
