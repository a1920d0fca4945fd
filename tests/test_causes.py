"""Claims about causes: each kind of damage is called by its name, costs only the records it touched, and says what it held."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from evaluate.cases import Case, deal

from acctrecover import repair, scan
from acctrecover.extent import Extent
from acctrecover.result import Scan

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()[: 100 * 64]
SIZE = 64


def record(kind: int, payload: bytes) -> bytes:
    return b"\x91\x2b" + bytes([kind, len(payload)]) + payload


def life(pid: int) -> list[bytes]:
    """A process of a cookie stream: its fork, its name, its end, and the clock a second later."""
    name = (b"make", b"cc1", b"sed", b"busybox")[pid % 4]
    return [
        record(0x01, struct.pack("<II", 300, pid)),
        record(0x07, struct.pack("<I16s", pid, name)),
        record(0x03, struct.pack("<II", pid, 0)),
        record(0x0B, struct.pack("<Q", (1_700_000_000 + pid) * 10**9)),
    ]


RECORDS = [octets for pid in range(1000, 1040) for octets in life(pid)]
STARTS = [sum(map(len, RECORDS[:i])) for i in range(len(RECORDS) + 1)]
COOKIE = b"".join(RECORDS)


def gap(found: Scan) -> Extent:
    (only,) = found.gaps
    return only


def times(extent: Extent) -> tuple[int | None, float | None, float | None]:
    return extent.held, extent.after, extent.before


@pytest.mark.parametrize(("data", "size"), [(COOKIE, None), (V3, SIZE)])
def test_a_zero_run_is_counted_in_the_records_that_it_covers(data: bytes, size: int | None) -> None:
    start, stop = (STARTS[40], STARTS[60]) if size is None else (40 * SIZE, 60 * SIZE)
    found = scan(data[:start] + bytes(stop - start) + data[stop:])
    assert (gap(found).cause, gap(found).start, gap(found).stop, gap(found).held) == ("zero run", start, stop, 20)
    assert found.counts["intact"] == (len(RECORDS) if size is None else 100) - 20


def test_a_torn_write_is_named_with_the_phase_slip_that_it_leaves() -> None:
    found = scan(V3[: 40 * SIZE + 44] + V3[41 * SIZE :])
    torn = gap(found)
    assert (torn.cause, torn.size, torn.missing, torn.held) == ("torn record", 44, 20, 1)
    assert found.chains[1].start % SIZE == 44
    assert found.counts == {"intact": 99, "suspect": 0, "healed": 0, "torn": 1}


def test_a_truncated_head_is_the_end_of_a_record_before_the_first() -> None:
    for data, rest, count in ((V3, 20, 99), (V3, 5, 99), (COOKIE[8:], None, len(RECORDS) - 1)):
        cut = data if rest is None else data[SIZE - rest :]
        found = scan(cut)
        assert (gap(found).cause, gap(found).start, found.counts["intact"]) == ("truncated head", 0, count)
        assert gap(found).held == 1


def test_a_truncated_tail_is_not_called_corruption() -> None:
    for data, gone, count in ((V3, 20, 99), (COOKIE, 5, len(RECORDS) - 1)):
        found = scan(data[:-gone])
        assert (gap(found).cause, found.counts["intact"], found.counts["torn"]) == ("truncated tail", count, 1)


def test_bytes_missing_are_counted_where_a_length_tells() -> None:
    at = STARTS[81]  # a COMM record of 24 bytes
    found = scan(COOKIE[: at + 10] + COOKIE[at + 17 :])
    assert (gap(found).start, gap(found).size, gap(found).missing, gap(found).held) == (at, 17, 7, 1)
    assert gap(found).cause in ("bytes missing", "torn record")
    found = scan(V3[: 40 * SIZE + 20] + V3[40 * SIZE + 31 :])
    assert (gap(found).cause, gap(found).missing, found.counts["intact"]) == ("bytes missing", 11, 99)


def test_whole_records_that_are_missing_with_the_bytes_are_counted_by_process_ids() -> None:
    found = scan(V3[: 40 * SIZE + 20] + V3[60 * SIZE + 31 :])
    lost = gap(found)
    assert lost.cause == "bytes missing"
    assert lost.held is not None
    assert 12 <= lost.held <= 32  # 21 were
    assert (lost.after, lost.before) == (found.chains[0].last, found.chains[1].first)


@pytest.mark.parametrize("inside", [10, 2])
def test_bytes_inserted_are_counted_in_a_payload_and_in_a_header(inside: int) -> None:
    at, junk = STARTS[81] + inside, bytes(range(96, 127))
    found = scan(COOKIE[:at] + junk + COOKIE[at:])
    assert gap(found).cause == "bytes inserted"
    assert "31 bytes too many" in (gap(found).detail or "")
    assert found.counts["intact"] == len(RECORDS) - 1
    found = scan(V3[: 40 * SIZE + 20] + junk + V3[40 * SIZE + 20 :])
    assert gap(found).cause == "bytes inserted"
    assert "31 bytes too many in one record, behind its byte 2" in (gap(found).detail or "")
    assert (found.counts["intact"], gap(found).held) == (99, 1)


def test_lines_of_a_log_are_bytes_inserted() -> None:
    text = b"Nov 24 08:16:02 node7 kernel: [ 1021.441837] Process accounting paused\n" * 3
    at = STARTS[81] + 10
    found = scan(COOKIE[:at] + text + COOKIE[at:])
    assert (gap(found).cause, found.counts["intact"]) == ("bytes inserted", len(RECORDS) - 1)


def test_what_was_overwritten_keeps_the_phase_and_says_how_many_records_it_held() -> None:
    found = scan(V3[: 40 * SIZE] + bytes(range(1, 129)) * 4 + V3[48 * SIZE :])
    assert (gap(found).cause, gap(found).held, found.counts["intact"]) == ("overwritten", 8, 92)
    found = scan(COOKIE[:1024] + b"\xff" * 512 + COOKIE[1536:])
    assert "overwritten" in [extent.cause for extent in found.gaps]


def test_a_damaged_header_costs_one_record() -> None:
    at = STARTS[81]
    found = scan(COOKIE[:at] + b"\x13\x37\x07" + COOKIE[at + 3 :])
    assert (gap(found).cause, gap(found).start, gap(found).size, gap(found).held) == ("header damaged", at, 24, 1)
    assert times(gap(found)) == (1, 1_700_001_019.0, 1_700_001_020.0)


@pytest.mark.parametrize("between", [b"", b"\xff" * SIZE])
def test_a_duplicate_block_is_named_with_its_original_and_left_out_with_the_stale(between: bytes, tmp_path: Path) -> None:
    low, at = 16 * SIZE, 24 * SIZE
    data = V3[:at] + between + V3[low:at] + V3[at:]
    (copy,) = [extent for extent in scan(data).chains if extent.cause]
    assert (copy.start, copy.size, copy.cause, copy.records) == (at + len(between), 512, "duplicate block", 8)
    assert copy.detail == f"the same bytes stand at {low:#x}"
    repair(data, tmp_path / "kept")
    repair(data, tmp_path / "dropped", stale=False)
    assert (tmp_path / "kept").read_bytes() == V3[:at] + V3[low:]
    assert (tmp_path / "dropped").read_bytes() == V3


def test_a_duplicate_block_of_framed_records_is_known_behind_the_record_it_cut() -> None:
    at = 1024
    found = scan(COOKIE[:at] + COOKIE[512:at] + COOKIE[at:])
    copies = [extent for extent in found.chains if extent.cause == "duplicate block"]
    assert len(copies) == 1
    assert at <= copies[0].start < copies[0].stop <= at + 512
    assert copies[0].records >= 20


def test_a_record_that_shares_a_byte_with_a_duplicate_block_is_counted() -> None:
    first, *others, last = (V3[at : at + SIZE] for at in range(0, 7 * SIZE, SIZE))
    found = scan(first + last[:34] + b"".join(others) + first + last[:-1] + others[0] + others[1])
    assert [extent.records for extent in found.chains] == [1, 5, 1, 1, 2]
    assert len(found.records) == sum(found.counts.values())


def test_a_gap_behind_a_record_that_shares_its_last_byte_is_told() -> None:
    first, *others, last = (V3[at : at + SIZE] for at in range(0, 7 * SIZE, SIZE))
    copy = first + last[:34] + b"".join(others) + first + last[:-1] + others[0] + others[1]
    found = scan(copy + b"\xff" * 100 + V3[7 * SIZE : 12 * SIZE])
    assert [gap.cause for gap in found.gaps] == ["torn record", "foreign data"]


def test_two_records_that_share_a_byte_are_both_suspect() -> None:
    """Either may have lost it: what the other byte is was read as a part of it."""
    stream = V3[: 20 * SIZE]
    shared = 0
    for at in range(5 * SIZE, 9 * SIZE):
        rows = scan(stream[:at] + stream[at + 1 :], ["acct_v3"]).records
        inside = rows["offset"][:-1] + rows["size"][:-1] > rows["offset"][1:]
        assert not inside.sum() or rows["status"][:-1][inside].tolist() == rows["status"][1:][inside].tolist() == ["suspect"]
        shared += int(inside.sum())
    assert shared > 20


def test_a_byte_between_two_records_may_be_the_first_of_the_second() -> None:
    (gap,) = scan(V3[: 5 * SIZE] + b"\x1b" + V3[5 * SIZE : 9 * SIZE]).gaps
    assert (gap.start, gap.stop, gap.cause) == (5 * SIZE, 5 * SIZE + 1, "bytes inserted")
    statuses = scan(V3[: 5 * SIZE] + b"\x1b" + V3[5 * SIZE : 9 * SIZE]).records["status"].tolist()
    assert statuses[5] == "suspect"
    assert set(statuses[:5] + statuses[6:]) == {"intact"}


def test_records_that_repeat_as_a_habit_are_no_duplicates() -> None:
    habit = b"".join(record(0x80 + n % 5, bytes([n % 5] * 20)) for n in range(400))
    assert [extent.cause for extent in scan(habit).extents] == [None]


def test_an_out_of_order_block_is_told_by_the_clock_and_kept(tmp_path: Path) -> None:
    a, b, c = STARTS[40], STARTS[80], STARTS[120]
    data = COOKIE[:a] + COOKIE[b:c] + COOKIE[a:b] + COOKIE[c:]
    found = scan(data)
    (moved,) = [extent for extent in found.chains if extent.cause]
    assert (moved.cause, moved.records) == ("out-of-order block", pytest.approx(40, abs=8))
    repair(data, tmp_path / "out", stale=False)
    assert (tmp_path / "out").read_bytes() == data


def test_stale_records_of_a_cookie_stream_are_told_by_the_clock_across_the_records_they_cut(tmp_path: Path) -> None:
    old = b"".join(octets for pid in range(90, 140) for octets in life(pid))
    younger = b"".join(
        record(0x0B, struct.pack("<Q", (1_900_000_000 + n) * 10**9)) + b"".join(life(2000 + n)[:3]) for n in range(60)
    )
    data = younger[:1024] + old[512:1024] + younger[1536:]
    stale = [extent for extent in scan(data).chains if extent.cause]
    assert [extent.cause for extent in stale] == ["stale records"]
    assert 1024 <= stale[0].start < stale[0].stop < 1536 + 12  # a record over its end is none of either
    result = repair(data, tmp_path / "out", stale=False)
    assert (result.left_out, b"\x0b\x08" in (tmp_path / "out").read_bytes()) == (stale[0].records, True)


def test_records_of_another_byte_order_and_of_another_format_are_named() -> None:
    swapped = (CORPORA / "gnu-acct-converted" / "pacct-v3.be").read_bytes()[: 30 * SIZE]
    found = scan(V3 + swapped)
    assert [(extent.cause, extent.byte_order) for extent in found.extents] == [(None, "little"), ("other byte order", "big")]
    found = scan(COOKIE + V3[: 20 * SIZE])
    assert [(extent.cause, extent.format) for extent in found.chains] == [(None, "cookie"), ("foreign stream", "acct_v3")]


def test_another_hosts_records_behind_a_cut_are_a_foreign_stream_or_stale() -> None:
    def aged(records: bytes, seconds: int) -> bytes:
        octets = np.frombuffer(records, np.uint8).copy()
        octets.reshape(-1, SIZE)[:, 24:28].view("<u4")[:] -= np.uint32(seconds)
        return octets.tobytes()

    found = scan(V3[: 20 * SIZE + 30] + aged(V3[20 * SIZE :], 10_000_000))
    assert [extent.cause for extent in found.extents] == ["foreign stream", "torn record", None]
    found = scan(V3[: 60 * SIZE + 30] + aged(V3[: 20 * SIZE], 10_000_000))
    assert [extent.cause for extent in found.extents] == [None, "torn record", "stale records"]


def test_nul_bytes_up_to_a_border_are_padding() -> None:
    count = next(i for i in range(60, len(STARTS)) if 10 < -STARTS[i] % 512 < 60)
    stop = STARTS[count]
    found = scan(COOKIE[:stop] + bytes(-stop % 512) + COOKIE[stop:])
    assert (gap(found).cause, gap(found).held, found.counts["intact"]) == ("padding", None, len(RECORDS))


def test_an_embedded_stream_is_reported_and_never_mixed_in() -> None:
    carrier = record(0x90, b"".join(life(77)))
    found = scan(COOKIE[: STARTS[40]] + carrier + COOKIE[STARTS[40] :])
    assert found.counts["intact"] == len(RECORDS) + 1
    assert found.extents[0].detail == (
        f"1 record carries an embedded stream (4 records, which are not counted), the first at {STARTS[40]:#x}"
    )


def test_a_changed_whole_is_named_for_its_change() -> None:
    found = scan(COOKIE.replace(b"\n", b"\r\n"))
    assert found.transfer is not None
    assert found.transfer.undone is not None


def test_the_json_of_a_gap_says_what_it_held() -> None:
    told = gap(scan(V3[: 40 * SIZE] + bytes(3 * SIZE) + V3[43 * SIZE :])).to_json()
    assert (told["held"], told["cause"]) == (3, "zero run")
    assert told["after"] <= told["before"]


def test_clocks_of_types_that_do_not_agree_make_no_history() -> None:
    extents = scan(CORPORA / "cookie" / "le.cookie").extents
    assert [extent.cause for extent in extents] == [None]
    assert "clock" not in (extents[0].detail or "")
    assert extents[0].first is not None
    assert extents[0].last is not None
    assert extents[0].first < extents[0].last


@pytest.mark.parametrize("stops", [20, 50, 100, 200, 300, 380])
def test_a_login_record_that_stops_within_its_nul_padding_is_one_truncated_record(stops: int) -> None:
    data = (CORPORA / "login" / "wtmp").read_bytes()[: 384 * 20 + stops]
    (gap,) = scan(data).gaps
    assert (gap.cause, gap.size, gap.held) == ("truncated tail", stops, 1)


def test_bytes_missing_from_the_nul_padding_of_a_login_record_are_one_gap() -> None:
    data = (CORPORA / "login" / "wtmp").read_bytes()
    (gap,) = scan(data[: 384 * 10 + 60] + data[384 * 10 + 300 :]).gaps
    assert gap.cause in ("bytes missing", "torn record")
    assert (gap.size, gap.missing, gap.held) == (144, 240, 1)


@pytest.mark.parametrize("left", range(49, 60))
def test_a_record_torn_in_its_name_does_not_hide_the_one_behind_it(left: int) -> None:
    told = [at for at in range(1, 99) if V3[(at + 1) * SIZE]]  # with a flag, which a name may have for its next byte
    assert told
    for at in told:
        found = scan(V3[: at * SIZE + left] + V3[(at + 1) * SIZE :])
        assert found.counts["intact"] == 99, at
        assert gap(found).size == left


LINES = b"Nov 24 08:16:01 host systemd[1]: Started.\n" * 3


def test_a_first_byte_that_stands_before_what_was_put_in_leaves_the_record_suspect() -> None:
    at = 50 * SIZE
    found = scan(V3[: at + 1] + LINES + V3[at + 1 :])  # the last byte of the text may be a record's first one
    [odd] = [odd for extent in found.extents for odd in extent.oddities]
    assert (odd.offset, odd.status) == (at + len(LINES), "suspect")
    assert "the first bytes of what stands before it may be its own" in odd.reason
    assert found.counts["intact"] == 99
    assert scan(V3[:at] + LINES + V3[at:]).counts["intact"] == 100


@pytest.mark.parametrize("inside", [2, 3, 20, 63])
def test_what_was_put_into_a_record_leaves_those_beside_it_as_they_are(inside: int) -> None:
    at = 50 * SIZE + inside
    found = scan(V3[:at] + LINES + V3[at:])
    assert found.counts == {"intact": 99, "suspect": 0, "healed": 0, "torn": 0}
    assert gap(found).cause == "bytes inserted"


@pytest.mark.parametrize("left", [5, 6, 7, 30])
def test_a_torn_record_leaves_the_one_behind_it_as_it_is(left: int) -> None:
    for at in range(10, 90, 4):
        found = scan(V3[: at * SIZE + left] + V3[(at + 1) * SIZE :])
        assert not [odd for extent in found.extents for odd in extent.oddities if odd.offset >= at * SIZE + left], at


def test_a_record_in_which_a_run_of_nul_bytes_begins_is_not_healed() -> None:
    found = scan(deal(Case.named("v3:zero-run:1:31023")).damaged.data)  # what is left of its time is a bit from a sound one
    assert found.counts["healed"] == 0
    assert found.counts["suspect"] == 2


def test_a_torn_record_before_nul_bytes_that_are_none_of_its_own_is_still_that() -> None:
    data = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    found = scan(data[: 64 * 50 + 20] + bytes(40))
    assert [gap.cause for gap in found.gaps] == ["torn record", "zero run"]


def test_text_put_in_between_two_records_held_none() -> None:
    data = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    (gap,) = scan(data[: 64 * 50] + b"hello world, thirty bytes now!" + data[64 * 50 :]).gaps
    assert (gap.cause, gap.held) == ("bytes inserted", 0)
    (gap,) = scan(data[: 64 * 50 + 30] + bytes(range(1, 31)) + data[64 * 50 + 30 :]).gaps
    assert (gap.cause, gap.held) == ("bytes inserted", 1)


def test_a_zero_run_between_streams_of_others_held_no_record_of_this_one() -> None:
    wtmp = (CORPORA / "login" / "wtmp").read_bytes()
    cookie = (CORPORA / "cookie" / "be.cookie").read_bytes()
    found = scan(cookie + bytes(512) + V3 + bytes(4096) + wtmp)
    runs = [extent for extent in found.gaps if extent.cause == "zero run"]
    assert [(extent.size, extent.held is None) for extent in runs] == [(512, False), (4096, True)]
