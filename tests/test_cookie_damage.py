"""Damage to a cookie stream, kind by kind: which records stay, how many bytes are lost, and why."""

from __future__ import annotations

from damage import CORPORA, cookie_truth

from acctrecover import scan

PATH = CORPORA / "cookie" / "le.cookie"
TRUTH = cookie_truth(PATH)
DATA = PATH.read_bytes()


def test_a_zeroed_block_is_one_zero_run_and_costs_only_what_it_touched() -> None:
    data = DATA[:4096] + bytes(512) + DATA[4608:]
    found = scan(data)
    untouched = [at for at, size in TRUTH if at + size <= 4096 or at >= 4608]
    seen = set(found.records["offset"].tolist())
    assert [at for at in untouched if at not in seen] == []
    assert "zero run" in [gap.cause for gap in found.gaps]


def test_a_record_whose_end_a_lost_block_may_have_overwritten_is_not_called_intact() -> None:
    """Where the rules of its type leave its last bytes open, only the block's border tells."""
    spared = 0
    for border in range(512, len(DATA) - 1024, 512):
        for fill in (b"\0", b"\xff"):
            data = DATA[:border] + fill * 512 + DATA[border + 512 :]
            found = scan(data)
            intact = {int(row["offset"]): int(row["size"]) for row in found.records if row["status"] == "intact"}
            assert [at for at, size in intact.items() if data[at : at + size] != DATA[at : at + size]] == []
            reasons = {odd.offset: odd.reason for extent in found.chains for odd in extent.oddities}
            at = next(at for at, size in TRUTH if at + size > border)
            spared += "a block begins in it" in reasons.get(at, "")
    assert spared > 3


def test_a_flipped_cookie_bit_is_healed_because_one_reading_fits() -> None:
    at, size = TRUTH[40]
    found = scan(DATA[:at] + bytes([DATA[at] ^ 4]) + DATA[at + 1 :])
    assert found.counts == {"intact": len(TRUTH) - 1, "suspect": 0, "healed": 1, "torn": 0}
    odd = found.extents[0].oddities[0]
    assert (odd.offset, odd.size, odd.patches) == (at, size, ((at, bytes([DATA[at] ^ 4]), DATA[at : at + 1]),))


def test_a_header_that_may_be_of_two_types_is_not_healed() -> None:
    """A fork with two damaged bytes, its cookie's and its type's, is also a site's record with one."""
    at = next(at for at, size in TRUTH[40:] if DATA[at + 2] == 1)
    found = scan(DATA[:at] + bytes([DATA[at], DATA[at + 1] ^ 8, DATA[at + 2] ^ 0x80]) + DATA[at + 3 :])
    assert found.counts == {"intact": len(TRUTH) - 1, "suspect": 0, "healed": 0, "torn": 0}


def test_a_truncated_last_record_is_a_truncated_tail() -> None:
    found = scan(DATA[:-3])
    assert [(e.kind, e.cause) for e in found.extents] == [("chain", None), ("gap", "truncated tail")]
    assert found.counts["intact"] == len(TRUTH) - 1


def test_a_payload_that_carries_a_whole_stream_never_beats_its_carrier() -> None:
    inner = b"\x91\x2b\x01\x08" + (5).to_bytes(4, "little") + (6).to_bytes(4, "little")
    outer = b"\x91\x2b\x80" + bytes([len(inner) * 21]) + inner * 21
    found = scan(outer * 20)
    assert found.whole
    assert found.records["offset"].tolist() == [at * len(outer) for at in range(20)]


def test_another_cookie_is_found_when_it_is_named() -> None:
    record = (0x1234).to_bytes(2, "little") + b"\x06\x04" + (77).to_bytes(4, "little")
    assert scan(record * 10, ["cookie"], cookie=0x1234).counts["intact"] == 10
    assert scan(record * 10, ["cookie"]).counts["intact"] == 0


def test_one_header_that_chance_left_at_the_end_of_a_payload_does_not_make_its_length_wrong() -> None:
    """Its record ends where the payload does, and a length with one bit less would end before it; both are chance."""
    whole = (CORPORA / "cookie" / "le.cookie").read_bytes()
    payload = bytes(32) + bytes.fromhex("912ba904") + b"last"
    found = scan(whole + bytes.fromhex("912bbe28") + payload + whole, ["cookie"])
    assert found.whole
    assert len(found.records) == 2 * len(scan(whole).records) + 1


def test_four_bytes_that_are_nearly_a_header_are_not_healed_into_an_empty_record() -> None:
    """The first byte of one record and the last three of another are as near to one."""
    at, _ = TRUTH[40]
    assert scan(DATA[:at] + b"\x91\x50\0\0" + DATA[at:]).counts["healed"] == 0


def test_a_record_is_not_healed_into_a_type_of_any_length_that_is_one_bit_from_one_of_its_length() -> None:
    """An exit with a damaged cookie, type and payload is also a site's record with a damaged cookie alone."""
    at = next(at for at, _ in TRUTH[40:] if DATA[at + 2] == 3)
    wrong = bytes([DATA[at] ^ 0x11, DATA[at + 1], 0x83, 8]) + b"\xff" * 8
    assert scan(DATA[:at] + wrong + DATA[at + 12 :]).counts["healed"] == 0
    assert scan(DATA[:at] + wrong.replace(b"\x83", b"\xd0") + DATA[at + 12 :]).counts["healed"] == 1
