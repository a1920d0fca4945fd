"""Records whose length lands on another by chance, and what they take in."""

from __future__ import annotations

import struct

import pytest

from acctrecover import scan

BOGUS = bytes(range(0x60, 0x60 + 40))
"""Bytes of a payload before the place where it was cut."""


def forks(first: int, count: int) -> bytes:
    return b"".join(struct.pack("<HBBII", 0x2B91, 1, 8, 100, pid) for pid in range(first, first + count))


def lost(room: int, kind: int = 0x85) -> bytes:
    """The header of a record that claims `room` bytes, and the first of them."""
    return struct.pack("<HBB", 0x2B91, kind, room) + BOGUS


def kept(data: bytes) -> set[int]:
    """Where intact records start."""
    records = scan(data, ["cookie"]).records
    return set(records["offset"][records["status"] == "intact"].tolist())


def test_records_of_the_history_behind_them_are_not_what_a_cut_record_carries_that_ends_with_one_of_them() -> None:
    before, taken, after = forks(300, 8), forks(340, 6), forks(346, 8)
    data = before + lost(len(BOGUS) + len(taken)) + taken + after
    at = len(before) + 4 + len(BOGUS)
    assert kept(data) == {*range(0, len(before), 12), *range(at, len(data), 12)}


def test_records_of_another_history_are_what_a_record_carries_that_ends_with_one_of_them() -> None:
    before, taken, after = forks(300, 8), forks(21000, 6), forks(340, 8)
    data = before + lost(len(BOGUS) + len(taken)) + taken + after
    assert kept(data) == {*range(0, len(before) + 1, 12), *range(len(data) - len(after), len(data), 12)}


def test_a_cut_record_is_misled_too_that_carries_a_stream_whose_first_record_was_cut_with_it() -> None:
    before, taken, after = forks(300, 8), forks(340, 6), forks(346, 8)
    inner = lost(len(BOGUS) + len(taken), 0x86)
    data = before + struct.pack("<HBB", 0x2B91, 0x85, len(inner) + len(taken)) + inner + taken + after
    at = len(before) + 4 + len(inner)
    assert kept(data) == {*range(0, len(before), 12), *range(at, len(data), 12)}


def test_what_several_records_of_a_type_do_is_their_writers_habit() -> None:
    each = [forks(300 + 20 * n, 3) + lost(len(BOGUS) + 48) + forks(303 + 20 * n, 4) for n in range(5)]
    assert len(kept(b"".join(each) + forks(400, 8))) == 5 * (3 + 1) + 8


def test_a_flipped_length_that_takes_in_records_is_told_by_their_clock_where_they_have_no_serial_number() -> None:
    times = [struct.pack("<HBBQ", 0x2B91, 11, 8, 1_500_000_000_000_000_000 + n) for n in range(30)]
    host = struct.pack("<HBB", 0x2B91, 13, 12) + b"node.example"
    data = b"".join(times[:10]) + struct.pack("<HBB", 0x2B91, 0x85, 64) + b"".join(times[10:14]) + host + b"".join(times[14:])
    assert len(kept(data)) == 30 + 1


@pytest.mark.parametrize(("first", "carried"), [(1100, False), (20_000, True)])
def test_a_record_cut_where_a_block_begins_does_not_take_in_the_records_of_that_block(first: int, carried: bool) -> None:
    """Where they are near the start of its payload it may carry them, but for the border and the history behind them."""
    before, taken, after = forks(1000, 42), forks(first, 5), forks(1105, 45)
    data = before + struct.pack("<HBB4x", 0x2B91, 0x90, 8 + len(taken)) + b"\1\2\3\4" + taken + after
    own = {*range(516, 576, 12)}
    assert data[512:516] == b"\1\2\3\4"
    assert kept(data) == {*range(0, len(before), 12), *range(576, len(data), 12)} | ({len(before)} if carried else own)


def test_a_record_over_whose_end_a_series_of_others_leads_is_cut() -> None:
    before, taken = forks(1000, 42), forks(20_000, 12)
    data = before + struct.pack("<HBB2x", 0x2B91, 0x90, 2 + 9 * 12 + 7) + taken + forks(20_012, 1)[:7]
    found = scan(data, ["cookie"])
    assert set(found.records["offset"][found.records["status"] != "torn"].tolist()) == {
        *range(0, len(before), 12),
        *range(len(before) + 6, len(data) - 7, 12),
    }
