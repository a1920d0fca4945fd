"""Records of another byte order behind a cut record, whose first ones its length claims."""

from __future__ import annotations

import struct

from acctrecover import scan


def forks(order: str, first: int, count: int) -> bytes:
    return b"".join(struct.pack(order + "HBBII", 0x2B91, 1, 8, 100, pid) for pid in range(first, first + count))


def record(kind: int, room: int, payload: bytes) -> bytes:
    """A little-endian header that claims `room` bytes, and what was written of them."""
    return struct.pack("<HBB", 0x2B91, kind, room) + payload


def test_records_that_lead_out_of_a_cut_record_are_the_next_streams() -> None:
    before, cut, after = forks("<", 300, 20), record(0x85, 131, bytes(range(60, 80))), forks(">", 9000, 30)
    found = scan(before + cut + after, ["cookie"])
    starts = set(found.records["offset"][found.records["status"] == "intact"].tolist())
    assert starts == {*range(0, len(before), 12), *range(len(before) + len(cut), len(before + cut + after), 12)}
    (gap,) = found.gaps
    assert (gap.start, gap.stop, gap.cause) == (len(before), len(before) + len(cut), "torn record")


def test_a_stream_that_ends_in_a_record_is_carried_by_it_though_what_follows_is_of_its_byte_order() -> None:
    carried = forks(">", 9000, 10)
    before, carrier, after = forks("<", 300, 20), record(0x85, 120, carried), forks(">", 400, 30)
    found = scan(before + carrier + after, ["cookie"])
    assert [(chain.byte_order, chain.records) for chain in found.chains] == [("little", 21), ("big", 30)]
