"""Wholesale changes: what real tools did to genuine streams comes back byte for byte, and nothing else is taken for one."""

from __future__ import annotations

import binascii
import lzma
import shutil
import subprocess
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from damage import CORPORA
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acctrecover import scan, transfer
from acctrecover.damaging import KINDS, damage
from acctrecover.dump import layout, undo_dump
from acctrecover.extent import tiles
from acctrecover.paste import BASE64, HEX, undo_letters, undo_uu
from acctrecover.recode import undo_cr_lf, undo_swap, undo_utf8
from acctrecover.retrace import spans
from acctrecover.transfer import Reversal, hypotheses, losses, undone_scan
from acctrecover.undone import Undone

V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
TORN = (CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct").read_bytes()
ZERO_TAIL = (CORPORA / "linux-v3-damaged" / "crash-ext4-ordered-zero-tail.pacct").read_bytes()
COOKIE = (CORPORA / "cookie" / "le.cookie").read_bytes()
STREAMS = {"v3": V3, "torn": TORN, "zero-tail": ZERO_TAIL, "cookie": COOKIE}
GENUINE = {
    str(path.relative_to(CORPORA)): lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    for path in sorted(CORPORA.glob("*/*"))
    if path.suffix not in (".json", ".truth")
}
DUMPS = [
    "hexdump -C", "hexdump", "hexdump -x", "hexdump -b", "xxd", "xxd -a", "xxd -u", "xxd -g1", "xxd -g4", "xxd -g0 -c 24",
    "od -A x -t x1z", "od -A d -t x1", "od", "od -x", "od -t x4", "od -t x8z",
]  # fmt: skip
PASTES = ["base64", "base64 -w0", "base64 -w 90", "xxd -p"]


def tool(command: str, data: bytes) -> bytes:
    """What a tool makes of bytes on its standard input; the test is skipped where it is not installed."""
    words = command.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def uuencoded(data: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 pacct\n" + lines + b"`\nend\n"


def terminal(command: str, text: bytes) -> bytes:
    """A text with the prompt before and behind it, and the line ends of a Windows terminal."""
    return (b"root@host:~# " + command.encode() + b" pacct\n" + text + b"root@host:~# \n").replace(b"\n", b"\r\n")


def undo(data: bytes, name: str) -> Undone:
    return next(guess for guess in hypotheses(data) if guess.name == name and guess.undo).undo(data)  # type: ignore[misc]


def way(undone: Undone) -> np.ndarray:
    """Where each undone byte stands, and the end; never falling."""
    places = undone.to_input(np.arange(len(undone.data) + 1))
    assert bool((np.diff(places) >= 0).all())
    return places


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


def dumped(data: bytes, first: int = 0) -> list[bytes]:
    """Lines as `hexdump -C` prints them, none left out."""
    return [b"%08x  %s  |....|\n" % (first + at, data[at : at + 16].hex(" ").encode()) for at in range(0, len(data), 16)]


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


def found(data: bytes) -> Reversal | None:
    return undone_scan(data, scan, scan(data))


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "CR-LF": ("CR-LF translated", lambda data: data.replace(b"\n", b"\r\n")),
    "CR-LF twice": ("CR-LF translated", lambda data: data.replace(b"\n", b"\r\r\n")),
    "UTF-8": ("UTF-8 re-encoded", lambda data: data.decode("latin-1").encode()),
    "swab": ("byte-swapped", lambda data: tool("dd conv=swab status=none", data)),
    "words": ("byte-swapped", lambda data: undo_swap(data, 4).data),
    "hexdump -C": ("hexdump", lambda data: terminal("hexdump -C", tool("hexdump -C", data))),
    "hexdump": ("hexdump", lambda data: tool("hexdump", data)),
    "xxd": ("hexdump", lambda data: tool("xxd", data)),
    "xxd -p": ("hexdump", lambda data: tool("xxd -p", data)),
    "od": ("hexdump", lambda data: tool("od -A x -t x1z", data)),
    "base64": ("base64", lambda data: terminal("base64", tool("base64", data))),
    "uuencode": ("uuencoded", uuencoded),
}


@pytest.mark.parametrize("stream", ["v3", "torn", "cookie"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_stream_is_named_and_has_all_its_records_at_their_places(change: str, stream: str) -> None:
    name, do = CHANGES[change]
    data = STREAMS[stream]
    changed, whole = do(data), scan(data)
    reversal = found(changed)
    assert reversal is not None
    assert reversal.undone is not None
    assert reversal.scan is not None
    assert (reversal.name, reversal.exact, reversal.undone.data) == (name, True, data)
    assert reversal.scan.extents == whole.extents
    assert tiles(list(reversal.extents), len(changed))
    chains = [extent for extent in reversal.extents if extent.kind == "chain"]
    assert [extent.records for extent in chains] == [extent.records for extent in whole.chains]
    assert {extent.cause for extent in chains} == {name}
    low, size = spans(whole.records["offset"], whole.records["size"].astype(np.int64), reversal.undone)
    assert bool((low[1:] >= low[:-1] + size[:-1]).all())


def test_two_changes_on_top_of_each_other_are_both_undone() -> None:
    changed = COOKIE.decode("latin-1").encode().replace(b"\n", b"\r\n")
    reversal = found(changed)
    assert reversal is not None
    assert reversal.undone is not None
    assert set(reversal.name.split(", ")) == {"CR-LF translated", "UTF-8 re-encoded"}
    assert reversal.undone.data == COOKIE
    assert way(reversal.undone)[-1] == len(changed)
    assert tiles(list(reversal.extents), len(changed))


def test_a_record_that_a_missing_line_took_bytes_from_is_a_gap_and_no_other_is_lost() -> None:
    lines = dumped(V3)
    text = b"".join(lines[:100] + lines[101:400] + lines[404:])  # of one record 16 bytes, and another whole
    reversal = found(text)
    assert reversal is not None
    assert reversal.scan is not None
    assert [(e.kind, e.start, e.stop, e.records, e.cause) for e in reversal.scan.extents] == [
        ("chain", 0, 1600, 25, None),
        ("gap", 1600, 1664, 0, "bytes missing"),
        ("chain", 1664, 6400, 74, None),
        ("gap", 6400, 6464, 0, "bytes missing"),
        ("chain", 6464, len(V3), 117, None),
    ]
    assert reversal.scan.records["offset"].tolist() == [at for at in range(0, len(V3), 64) if at not in (1600, 6400)]
    assert not reversal.exact
    assert tiles(list(reversal.extents), len(text))
    assert len(reversal.extents) == 5


@pytest.mark.parametrize("kind", ["crlf", "pair-swap", "strip-7bit", "hexdump", "base64"])
@pytest.mark.parametrize("stream", STREAMS)
def test_what_the_damage_generator_does_to_a_whole_stream_is_named(kind: str, stream: str) -> None:
    data = STREAMS[stream]
    reversal = found(damage(data, [kind], seed=1).data)
    if kind == "crlf" and data.count(b"\n") < 2:
        assert reversal is None or reversal.exact
        return
    assert reversal is not None
    names = {"crlf": "CR-LF translated", "pair-swap": "byte-swapped", "strip-7bit": "7-bit stripped"}
    assert reversal.name == names.get(kind, kind)
    assert (reversal.undone.data if reversal.undone else None) == (None if kind == "strip-7bit" else data)


@pytest.mark.parametrize("data", [V3, COOKIE], ids=["v3", "cookie"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("crlf", "pair-swap", "strip-7bit", "hexdump", "base64")])
def test_a_wound_is_taken_for_no_wholesale_change(kind: str, data: bytes) -> None:
    assert found(damage(data, [kind], seed=2, stale=V3[:4096], other=COOKIE[:4096]).data) is None


def test_records_as_they_stand_beside_a_dump_are_not_given_up_for_it() -> None:
    assert found(b"".join(dumped(V3)) + b"\n" + TORN) is None


def test_a_swapped_stream_behind_a_long_zero_run_is_recognised() -> None:
    reversal = found(bytes(100_000) + undo_swap(V3).data)
    assert reversal is not None
    assert reversal.name == "byte-swapped"


def test_damage_done_after_the_translation_does_not_hide_it() -> None:
    changed = bytearray(COOKIE.replace(b"\n", b"\r\n"))
    changed[4000:4512] = bytes(range(256)) * 2  # with line feeds that have no carriage return
    reversal = found(bytes(changed))
    assert reversal is not None
    assert reversal.scan is not None
    assert (reversal.name, reversal.exact) == ("CR-LF translated", False)
    assert reversal.scan.counts["intact"] > scan(bytes(changed)).counts["intact"]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize(
    ("name", "do"),
    [
        ("7-bit stripped", lambda data: bytes(byte & 0x7F for byte in data)),
        ("UTF-8 re-encoded", lambda data: data.decode("utf-8", "replace").encode()),
    ],
    ids=["7-bit", "U+FFFD"],
)
def test_a_change_that_lost_bytes_is_named_and_not_undone(name: str, do: Callable[[bytes], bytes], stream: str) -> None:
    reversal = found(do(STREAMS[stream]))
    assert reversal is not None
    assert (reversal.name, reversal.exact, reversal.undone, reversal.scan) == (name, False, None, None)
    assert reversal.detail


@pytest.mark.parametrize(("code", "other"), [(b"\r", b"\n"), (b"\n", b"\r")])
def test_a_line_end_that_became_another_is_named_where_the_codes_around_it_are_frequent(code: bytes, other: bytes) -> None:
    reversal = found(COOKIE.replace(code, other))
    assert reversal is not None
    assert (reversal.name, reversal.undone) == ("line ends translated", None)


def test_cr_lf_that_became_lf_is_named_where_enough_bytes_show_it() -> None:
    data = np.random.default_rng(3).integers(0, 32, 1 << 18, np.uint8).tobytes() + b"\xff"
    assert losses(data) == []
    assert [loss.name for loss in losses(data.replace(b"\r\n", b"\n"))] == ["line ends translated"]


@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_stream_whole_or_damaged_is_taken_for_no_changed_one(name: str) -> None:
    assert found(GENUINE[name]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(range(112)),
        bytes(1 << 16),
        np.random.default_rng(5).integers(0, 256, 1 << 16, np.uint8).tobytes(),
        b"Nov 24 00:19:01 host kernel: [ 1.0] a line of a log\r\n" * 2000,
        "Nürnberg, Größe, Übung\n".encode() * 2000,
        b"".join(dumped(b"no record at all, but a text of some length that was dumped" * 200)),
        binascii.b2a_base64(b"no record either" * 100),
        uuencoded(b"nor here" * 300),
        bytes(code for code in range(256) if code != 13) * 300,
    ],
    ids=[
        "empty",
        "short",
        "zero",
        "random",
        "CR-LF text",
        "UTF-8 text",
        "dump of text",
        "base64 of text",
        "uuencoded text",
        "no CR",
    ],
)
def test_no_change_is_found_where_undoing_it_gives_no_record(data: bytes) -> None:
    assert found(data) is None


def test_a_paste_too_large_to_undo_in_memory_is_named_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"".join(dumped(V3)))
    monkeypatch.setattr(transfer, "LIMIT", 1000)
    reversal = undone_scan(path, scan, scan(path))
    assert reversal is not None
    assert (reversal.name, reversal.undone) == ("hexdump", None)
    assert "too many to undo" in reversal.detail


SIZE = 1 << 18
HOSTILE = {
    "spaces": b" " * SIZE,
    "digits": b"a" * SIZE,
    "pairs": b"ab " * (SIZE // 3),
    "marks": b"*\n" * (SIZE // 2),
    "offsets": b"00000000\n" * (SIZE // 9),
    "one offset": b"00000000: " + b"abcd " * (SIZE // 5),
    "far offsets": b"".join(b"%08x  aa bb cc dd\n*\n" % (at << 20) for at in range(SIZE // 23)),
    "begin": b"begin 644 x\n" * (SIZE // 12),
    "short lines": b"AAAA\n" * (SIZE // 5),
    "line ends": b"\r\n" * (SIZE // 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_sample_made_to_mislead_takes_linear_time_and_bounded_room(name: str) -> None:
    def seconds(data: bytes) -> float:
        start = time.process_time()
        for guess in hypotheses(data):
            if guess.undo is not None:
                assert len(guess.undo(data).data) < 1 << 25
        return time.process_time() - start

    data = HOSTILE[name]
    assert seconds(data) < 8 * max(min(seconds(data[: SIZE // 4]) for _ in range(3)), 0.01)
