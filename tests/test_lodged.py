"""What a lost record carried is not called intact where its process ids are of another history than those beyond."""

from __future__ import annotations

import struct

from damage import CORPORA

from acctrecover import scan

COOKIE = 0x2B91


def record(kind: int, payload: bytes) -> bytes:
    return struct.pack("<HBB", COOKIE, kind, len(payload)) + payload


def forks(first: int, count: int) -> bytes:
    return b"".join(record(1, struct.pack("<II", first - 7, first + i)) for i in range(count))


def statuses(data: bytes) -> list[str]:
    return [str(status) for status in scan(data, ["cookie"]).records["status"]]


BEFORE, CARRIED, BEHIND = forks(1000, 20), forks(20000, 5), forks(1020, 30)
CARRIER = record(0x90, CARRIED)


def test_records_of_a_carrier_whose_header_is_gone_are_suspect_and_say_why() -> None:
    data = BEFORE + b"\xff" * 4 + CARRIER[4:] + BEHIND
    found = scan(data, ["cookie"])
    at = len(BEFORE) + 4
    odd = {odd.offset: odd.reason for extent in found.chains for odd in extent.oddities}
    assert sorted(odd) == [at + 12 * i for i in range(5)]
    assert set(odd.values()) == {"may be what a lost record carried: its process ids are of another history than those beyond"}
    assert statuses(data).count("intact") == 50


def test_records_that_go_on_the_history_behind_a_gap_stay_intact() -> None:
    data = BEFORE + b"\xff" * 4 + CARRIER[4:8] + BEHIND
    assert statuses(data).count("intact") == 50


def test_a_short_chain_between_two_gaps_is_held_against_the_chains_behind_it() -> None:
    data = BEFORE + b"\xff" * 300 + CARRIED + b"\xff" * 300 + BEHIND
    assert statuses(data) == ["intact"] * 20 + ["suspect"] * 5 + ["intact"] * 30


def test_two_streams_that_lost_records_carried_one_behind_the_other_are_suspect_to_the_last_record() -> None:
    data = BEFORE + b"\xff" * 40 + forks(20000, 4) + forks(9000, 5) + b"\xff" * 40 + BEHIND
    assert statuses(data) == ["intact"] * 20 + ["suspect"] * 9 + ["intact"] * 30


def test_few_records_behind_are_enough_where_those_before_tell_the_same_history() -> None:
    data = BEFORE + b"\xff" * 300 + CARRIED + b"\xff" * 300
    assert statuses(data + forks(1020, 2)) == ["intact"] * 20 + ["suspect"] * 5 + ["intact"] * 2
    assert statuses(data + forks(30000, 2)) == ["intact"] * 27  # which tell of another one


def test_a_carried_stream_that_runs_on_into_its_carriers_next_record_is_suspect_up_to_there() -> None:
    data = BEFORE + b"\xff" * 40 + CARRIED + forks(1020, 3) + record(0x90, b"\x55" * 200) + b"\xff" * 300 + BEHIND
    assert statuses(data)[20:28] == ["suspect"] * 5 + ["intact"] * 3


def test_what_begins_an_input_is_suspect_where_its_numbers_rise_far_from_those_that_rise_behind_it() -> None:
    assert statuses(CARRIED + forks(7000, 30)) == ["suspect"] * 5 + ["intact"] * 30
    assert statuses(forks(6980, 5) + forks(7000, 30)) == ["intact"] * 35
    assert statuses(forks(32700, 5) + forks(300, 30)) == ["intact"] * 35  # they began anew


def test_few_records_of_the_other_byte_order_before_the_first_of_a_stream_are_suspect() -> None:
    other = b"".join(struct.pack(">HBBII", COOKIE, 1, 8, 1000, 1010 + i) for i in range(4))
    assert statuses(other + BEHIND) == ["suspect"] * 4 + ["intact"] * 30
    assert statuses(BEHIND + other) == ["intact"] * 34


def test_a_few_bytes_of_the_record_it_was_carried_in_may_stand_between() -> None:
    other = b"".join(struct.pack(">HBBII", COOKIE, 1, 8, 1000, 1010 + i) for i in range(4))
    assert statuses(other + b"\xff" * 9 + BEHIND) == ["suspect"] * 4 + ["intact"] * 30
    assert statuses(other + b"\xff" * 300 + BEHIND)[:3] == ["intact"] * 3  # more than one record has


def test_what_is_byte_for_byte_what_a_lost_record_carried_is_suspect_wherever_it_stands_again() -> None:
    carried = b"".join(record(1, struct.pack("<II", 20000, pid)) for pid in (20003, 20001, 20007, 20005, 20010))
    part = b"\xff" * 40 + carried + record(0x90, b"\x55" * 150) + record(0x91, b"\x55" * 78)
    told = statuses(BEFORE + part * 3 + b"\xff" * 40 + carried + BEHIND)
    assert [told[20 + 7 * n : 25 + 7 * n] for n in range(4)] == [["suspect"] * 5] * 4
    assert told.count("intact") == 50 + 3  # the records beside those without a header at their end too


def test_a_healed_record_does_not_hide_the_history_that_goes_on_behind_it() -> None:
    healed = bytearray(BEHIND)
    healed[12] ^= 1
    data = BEFORE + b"\xff" * 40 + forks(20000, 5) + record(0x90, b"\x55" * 240) + bytes(healed)
    told = statuses(data)
    assert (told[:25], told.count("healed"), told[-28:]) == (["intact"] * 20 + ["suspect"] * 5, 1, ["intact"] * 28)


def test_a_record_is_held_against_those_before_what_a_lost_one_carried() -> None:
    own = forks(1020, 1) + record(0x90, b"\x55" * 200) + forks(1021, 1)
    data = BEFORE + b"\xff" * 40 + forks(9000, 5) + b"\xff" * 40 + forks(9010, 5) + own + b"\xff" * 300 + forks(1022, 9)
    told = statuses(data)
    assert (told[20:30], told[30], told[-9:]) == (["suspect"] * 10, "intact", ["intact"] * 9)


def test_a_record_whose_last_bytes_are_of_the_text_behind_it_is_suspect() -> None:
    text = b"Nov 20 08:17:40 node7 sshd[811]: session closed for user root\n" * 9
    cut = record(4, struct.pack("<III", 1019, 0, 0))
    for left, status in ((8, "suspect"), (14, "suspect"), (16, "intact")):
        found = scan(BEFORE + cut[:left] + text + cut[left:] + forks(1021, 20), ["cookie"]).records
        told = dict(zip(found["offset"].tolist(), found["status"].tolist(), strict=True))
        assert told[len(BEFORE)] == status, left


def test_a_record_of_another_format_that_one_between_two_gaps_may_have_carried_is_suspect() -> None:
    v3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()[:64]
    found = scan(BEFORE + bytes(900) + v3 + BEHIND, ["cookie", "acct_v3"])
    odd = [odd for extent in found.chains for odd in extent.oddities]
    assert [(each.offset, each.status, "another format" in each.reason) for each in odd] == [(len(BEFORE) + 900, "suspect", True)]


def test_what_stands_between_two_damaged_headers_is_suspect_though_one_lost_record_may_have_carried_it() -> None:
    names = record(13, b"db1.example") + record(13, b"node7.example")  # which tell of no history
    data = BEFORE + b"\xff" * 2 + forks(1020, 1)[2:] + names + b"\xff" * 2 + forks(1021, 1)[2:] + forks(1022, 20)
    found = scan(data, ["cookie"])
    odd = [odd for extent in found.chains for odd in extent.oddities]
    assert [(each.offset - len(BEFORE), each.size) for each in odd if each.offset >= len(BEFORE)] == [(12, 15), (27, 17)]
    assert any("what is lost around it is no more than one may have" in each.reason for each in odd)


def test_records_that_end_just_with_the_input_are_not_what_a_cut_record_before_them_carries_but_of_another_history() -> None:
    cut = CARRIER[:3] + b"\xf0" + b"\x55" * 7  # says 240 bytes
    assert statuses(BEFORE + cut + forks(1020, 4)) == ["intact"] * 20 + ["torn"] + ["intact"] * 4
    assert statuses(BEFORE + cut + forks(20000, 4)) == ["intact"] * 20 + ["torn"] + ["suspect"] * 4
    assert statuses(BEFORE + cut + forks(1020, 4)[:-1])[-1] == "torn"


def test_a_group_within_a_wounded_group_is_suspect() -> None:
    data = (CORPORA / "exacct" / "library.exacct").read_bytes()
    odd = [odd for extent in scan(data[:128] + data[129:], ["exacct"]).chains for odd in extent.oddities]
    assert [(each.offset, each.status) for each in odd] == [(155, "suspect")]
    assert "a part of a lost record, of which more" in odd[0].reason


def reasons(data: bytes) -> dict[int, str]:
    return {odd.offset: odd.reason for extent in scan(data, ["cookie"]).chains for odd in extent.oddities}


def test_a_chain_between_two_gaps_is_suspect_right_behind_a_header_that_may_carry_all_of_it() -> None:
    """Whatever its process ids: of the record nothing stands behind them."""
    near, at = forks(1020, 5), len(BEFORE) + 4
    whole = struct.pack("<HBB", COOKIE, 0x90, 200)
    told = reasons(BEFORE + whole + near + b"\xee" * 30 + BEHIND)
    assert sorted(told) == [at + 12 * number for number in range(5)]
    assert all("the header stands right before it" in reason for reason in told.values())
    short = struct.pack("<HBB", COOKIE, 0x90, 30)
    assert reasons(BEFORE + short + near + b"\xee" * 30 + BEHIND) == {}


def test_a_record_of_any_length_behind_a_header_that_claims_more_than_it_is_suspect_unless_a_block_begins_there() -> None:
    torn, loose = struct.pack("<HBB", COOKIE, 0x90, 200) + bytes(range(60, 100)), record(0x91, bytes(range(100, 130)))
    data = BEFORE + torn + loose + BEHIND
    assert list(reasons(data)) == [len(BEFORE + torn)]
    moved = forks(1000, 40) + torn + loose + BEHIND  # 480 bytes, so that a block begins in the gap
    assert reasons(moved) == {}
