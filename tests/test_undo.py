"""Undoing a wholesale change: what real tools did to genuine streams comes back byte for byte, each byte from its place."""

from __future__ import annotations

import binascii
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pasted import COOKIE, STREAMS, V3, dumped, terminal, tool, uuencoded, way

from acctrecover.dump import layout, undo_dump
from acctrecover.paste import BASE64, HEX, undo_letters, undo_uu
from acctrecover.recode import undo_cr_lf, undo_swap, undo_utf8
from acctrecover.transfer import hypotheses
from acctrecover.undone import Undone

DUMPS = [
    "hexdump -C", "hexdump", "hexdump -x", "hexdump -b", "xxd", "xxd -a", "xxd -u", "xxd -g1", "xxd -g4", "xxd -g0 -c 24",
    "od -A x -t x1z", "od -A d -t x1", "od", "od -x", "od -t x4", "od -t x8z",
]  # fmt: skip
PASTES = ["base64", "base64 -w0", "base64 -w 90", "xxd -p"]


def undo(data: bytes, name: str) -> Undone:
    return next(guess for guess in hypotheses(data) if guess.name == name and guess.undo).undo(data)  # type: ignore[misc]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("command", DUMPS)
def test_a_dump_gives_back_the_bytes_it_shows_also_between_prompts(command: str, stream: str) -> None:
    for data in (STREAMS[stream], STREAMS[stream][:77]):
        for text in (tool(command, data), terminal(command, tool(command, data))):
            how = layout(text)
            assert how is not None
            undone = undo_dump(text, how)
            assert undone.data == data
            assert undone.exact
            assert way(undone)[-1] <= undone.stop <= len(text)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("command", PASTES)
def test_a_paste_of_letters_gives_back_its_bytes_also_between_prompts(command: str, stream: str) -> None:
    letters = HEX if command == "xxd -p" else BASE64
    data = STREAMS[stream]
    for text in (tool(command, data), terminal(command, tool(command, data))):
        undone = undo_letters(text, letters)
        assert undone.data[: len(data)] == data
        assert len(undone.data) <= len(data) + 3 * ("-w0" in command)  # a prompt that begins with letters, on the same line
        way(undone)


def test_uuencoded_files_come_back_one_behind_the_other() -> None:
    undone = undo_uu(b"Dear all,\n" + uuencoded(V3) + b"and\n" + uuencoded(COOKIE))
    assert undone.data == V3 + COOKIE
    way(undone)


def test_a_damaged_line_of_letters_is_a_missing_one_of_its_length() -> None:
    lines = [binascii.b2a_base64(V3[at : at + 57]) for at in range(0, 570, 57)]
    undone = undo_letters(b"".join([lines[0], b"?~" + lines[1][2:], *lines[2:]]), BASE64)
    assert undone.data == V3[:57] + bytes(57) + V3[114:570]
    assert undone.missing == ((57, 114),)
    way(undone)
    assert not undo_letters(b"".join([*lines[:-1], b"?~" + lines[-1][2:]]), BASE64).exact


def test_a_uuencoded_line_cut_short_gives_no_more_bytes_than_its_letters() -> None:
    lines = uuencoded(V3[:450]).splitlines(keepends=True)
    lines[3] = lines[3][:41] + b"\n"
    lines[5] = b"M\xff\n"
    undone = undo_uu(b"".join(lines))
    assert undone.missing == ((120, 135), (180, 225))
    assert undone.data == V3[:120] + bytes(15) + V3[135:180] + bytes(45) + V3[225:450]


def test_a_byte_swap_by_dd_is_undone() -> None:
    for data in (V3, V3[:-1]):
        assert undo_swap(tool("dd conv=swab status=none", data)).data[: len(data) // 2 * 2] == data[: len(data) // 2 * 2]


@pytest.mark.parametrize("command", ["hexdump -C", "xxd", "od -A x -t x1z", "hexdump -x"])
def test_each_byte_of_a_dump_is_found_where_its_digits_stand(command: str) -> None:
    text = terminal(command, tool(command, V3[:1000]))
    undone = undo(text, "hexdump")
    digits = 4 if command == "hexdump -x" else 2  # of a word, both bytes are found where it begins
    for index, place in enumerate(way(undone)[:-1]):
        shown = bytes.fromhex(text[place : place + digits].decode())
        assert shown[::-1][index % 2] == V3[index] if digits == 4 else shown[0] == V3[index]


def test_each_byte_of_base64_is_found_where_its_first_bits_stand() -> None:
    text = tool("base64", V3[:1000])
    places = way(undo(text, "base64"))
    for index in range(0, 999, 3):
        assert binascii.a2b_base64(text[places[index] : places[index] + 4]) == V3[index : index + 3]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b"\0"]), max_size=60).map(b"".join))
@example(b"\r\r\n\n")
def test_cr_lf_is_undone_exactly_where_every_line_feed_got_its_carriage_return(data: bytes) -> None:
    changed = data.replace(b"\n", b"\r\n")
    undone = undo_cr_lf(changed)
    assert undone.data == data
    assert undone.exact
    places = way(undone)
    assert bytes(changed[place] for place in places[:-1]) == data
    assert places[-1] == len(changed)


def test_a_line_feed_alone_proves_that_not_all_was_translated() -> None:
    undone = undo_cr_lf(b"a\r\nb\nc\r\n")
    assert (undone.data, undone.exact) == (b"a\nb\nc\n", False)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_latin_1_made_utf_8_is_undone_exactly(data: bytes) -> None:
    changed = data.decode("latin-1").encode()
    undone = undo_utf8(changed)
    assert (undone.data, undone.exact) == (data, True)
    places = way(undone)
    assert [changed[a:b].decode().encode("latin-1") for a, b in pairwise(places)] == [bytes([x]) for x in data]
    assert places[-1] == len(changed)


def test_the_way_back_holds_across_the_pieces_that_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acctrecover.recode.PIECE", 7)
    data = b"a\r\n\nbc\n\x80\xff\n\n\r\n" * 20
    for changed, undone in (
        (data.replace(b"\n", b"\r\n"), undo_cr_lf(data.replace(b"\n", b"\r\n"))),
        (data.decode("latin-1").encode(), undo_utf8(data.decode("latin-1").encode())),
    ):
        assert (undone.data, undone.exact) == (data, True)
        assert way(undone)[-1] == len(changed)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([2, 4]), st.integers(0, 3))
def test_a_byte_swap_is_its_own_undoing(data: bytes, width: int, phase: int) -> None:
    assert undo_swap(undo_swap(data, width, phase).data, width, phase).data == data


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=50, max_size=400), st.data())
def test_lines_missing_from_a_dump_are_named_and_no_byte_is_made_up(data: bytes, draw: st.DataObject) -> None:
    lines = dumped(data)
    gone = draw.draw(st.sets(st.integers(1, len(lines) - 2), max_size=len(lines) // 4))
    text = b"".join(line for index, line in enumerate(lines) if index not in gone)
    how = layout(text)
    if how is None:
        return
    undone = undo_dump(text, how)
    lost = {16 * index + byte for index in gone for byte in range(16)}
    assert {at for low, high in undone.missing for at in range(low, high)} == lost
    assert len(undone.data) == len(data)
    assert all(undone.data[at] == (0 if at in lost else data[at]) for at in range(len(data)))
    assert undone.exact == (not gone)
    way(undone)


def test_a_wrong_digit_in_one_offset_keeps_the_line_in_its_place() -> None:
    lines = dumped(V3[:640])
    lines[7] = b"000f0070" + lines[7][8:]
    text = b"".join(lines)
    assert undo(text, "hexdump").data == V3[:640]


def test_a_line_from_elsewhere_does_not_stand_in_for_a_missing_one() -> None:
    lines = dumped(V3[:640])
    undone = undo(b"".join([*lines[:20], lines[3], *lines[21:]]), "hexdump")
    assert undone.data == V3[:320] + bytes(16) + V3[336:640]
    assert undone.missing == ((320, 336),)


def test_a_line_with_a_broken_digit_is_a_missing_one() -> None:
    lines = dumped(V3[:640])
    lines[7] = lines[7].replace(b" ", b" ?", 3)
    undone = undo(b"".join(lines), "hexdump")
    assert undone.missing == ((112, 128),)
    assert undone.data == V3[:112] + bytes(16) + V3[128:640]


def test_a_screen_pasted_twice_counts_once_and_a_second_dump_begins_anew() -> None:
    lines = dumped(V3[:640])
    assert undo(b"".join(lines[:20] + lines[12:]), "hexdump").data == V3[:640]
    other = V3[:32] + COOKIE[:320]  # it begins like the first: that must not be taken for a screen shown again
    undone = undo(b"".join(lines + dumped(other)), "hexdump")
    assert undone.data == V3[:640] + other
    assert undone.missing == ((640, 640),)


def test_a_repeat_mark_beside_a_line_that_cannot_be_read_is_not_trusted() -> None:
    data = V3[:64] + bytes(320) + V3[64:640]
    lines = dumped(data)
    text = b"".join([*lines[:4], b"000000040  00 ?\n", b"*\n", *lines[24:]])
    assert undo(text, "hexdump").missing == ((64, 384),)


def test_a_few_lines_cannot_ask_for_more_bytes_than_the_bound() -> None:
    lines = dumped(V3[:640])
    text = b"".join([*lines, b"*\n", *dumped(V3[640:704], 1 << 40)])
    undone = undo(text, "hexdump")
    assert len(undone.data) < 1 << 25
    assert undone.data.endswith(V3[640:704])
    assert not undone.exact
