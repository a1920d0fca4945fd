"""Solaris extended accounting: groups and items decode as an independent writer says, from the front and from the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import run
from damage import CORPORA
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import scan
from acctrecover.export import rows
from acctrecover.objects import Object, backward, members, read

EXACCT = CORPORA / "exacct"
SAMPLES = [EXACCT / "kernel.exacct", EXACCT / "library.exacct"]
NAMED = {0x30001000: "PROC_PID", 0x60001006: "PROC_COMMAND", 0x4000300A: "FLOW_CTIME", 0x30002000: "TASK_TASKID"}
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
Told = tuple[int, int, int, int, str]


def told(path: Path) -> list[Told]:
    """(depth, offset, size, tag, value) of every object, groups before what is in them."""
    lines = [line.split("\t") for line in path.with_suffix(".truth").read_text().splitlines()]
    return [(int(depth), int(at), int(size), int(tag, 16), value) for depth, at, size, tag, value in lines]


def groups(path: Path) -> list[tuple[int, int]]:
    return [(at, size) for depth, at, size, _, _ in told(path) if depth == 0]


def flat(found: Object, depth: int, base: int = 0) -> list[Told]:
    """An object and what is in it as the writer tells of them."""
    value, inside = found.value, []
    if isinstance(value, tuple):
        inside = [line for each in value for line in flat(each, depth + 1, base)]
        value = len(value)
    words = value.hex() if isinstance(value, bytes) else f"{value:.17g}" if isinstance(value, float) else str(value)
    return [(depth, base + found.offset, found.size, found.tag, words), *inside]


@each_sample
def test_every_object_is_read_as_the_independent_writer_wrote_it(path: Path) -> None:
    data, wrote = path.read_bytes(), told(path)
    header = members(data, 20, wrote[5][1] - 4, 4)
    assert header is not None
    ours = [line for found in header for line in flat(found, 1)]
    for at, size in groups(path)[1:]:
        group = read(data[at : at + size], 0)
        assert group is not None
        ours += flat(group, 0, at)
    assert ours == wrote[1:]


@each_sample
def test_a_record_has_its_items_under_the_names_of_the_catalog(path: Path) -> None:
    found = scan(path)
    assert found.whole
    assert [(e.format, e.byte_order, e.records) for e in found.extents] == [("exacct", "big", 25)]
    wrote = told(path)
    for row, (at, size) in zip(rows(found), groups(path), strict=True):
        assert (row["offset"], row["size"]) == (at, size)
        items = [(tag, value) for depth, start, _, tag, value in wrote if depth == 1 and at < start < at + size]
        assert row["nobjs"] == len(items)
        for tag, name in NAMED.items():
            assert ([str(row[name])] if name in row else []) == [value for kind, value in items if kind == tag]
    kinds = [row["type"] for row in rows(found)]
    assert kinds[0] == "header"
    assert {"proc", "task_interval" if path.stem == "kernel" else "local"} <= set(kinds)


def test_groups_within_groups_are_told_in_one_line() -> None:
    row = next(row for row in rows(scan(EXACCT / "library.exacct")) if row["type"] == "local")
    assert row["others"].startswith("0x51002001=139.14285714285714 GROUP_PROC{PROC_PID=9871, 0xf1000300{")


def test_explain_names_the_items_of_a_group() -> None:
    done = run("explain", f"{EXACCT / 'library.exacct'}@200")
    lines = [line.strip() for line in done.stdout.decode().splitlines()]
    assert (
        "others = 0x51002001=139.14285714285714 GROUP_PROC{PROC_PID=9871, 0xf1000300{0x11000001=33, 0x21000002=17659}" in lines[-1]
    )
    assert "holds    objects: filled(group)  (0.0 bits)" in lines


@each_sample
def test_a_file_is_read_from_its_end_by_the_back_skips(path: Path) -> None:
    back = [(found.offset, found.size) for found in backward(path.read_bytes())]
    assert back == groups(path)[:0:-1]  # the header's is 0


def test_of_a_group_without_its_start_the_items_at_its_end_are_told() -> None:
    path = EXACCT / "kernel.exacct"
    data, first = path.read_bytes(), groups(path)[1]
    found = scan(data[first[0] + 200 :])
    gap = found.gaps[0]
    assert (gap.start, gap.stop, gap.cause) == (0, first[1] - 200, "truncated head")
    items = [(at, value) for depth, at, _, _, value in told(path) if depth == 1 and first[0] + 200 <= at < sum(first)]
    words = (gap.detail or "").split("its end says ")[1].split(", ")
    assert [word.split("=")[1] for word in words] == [value for _, value in items]
    assert words[-1].startswith("PROC_MEM_RSS_MAX_K=")


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=80), cut=st.integers(0, 400))
def test_no_bytes_make_the_reader_of_objects_fail(data: bytes, cut: int) -> None:
    sample = SAMPLES[1].read_bytes()
    for octets in (data, sample[cut : cut + 300] + data, data + sample[cut : cut + 60]):
        read(octets, 0)
        list(backward(octets))


def test_groups_in_groups_without_end_are_not_followed() -> None:
    data = b""
    for _ in range(600):
        size = 8 + len(data)
        data = b"\xf0\0\1\0" + size.to_bytes(8) + (1 if data else 0).to_bytes(4) + (20).to_bytes(4) + data + (16 + size).to_bytes(4)
    assert read(data, 0) is None
    assert scan(data).size == len(data)
