"""Wholesale changes are recognised by what undoing them gains, and genuine streams are taken for none."""

from __future__ import annotations

import binascii
import lzma
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from damage import CORPORA
from pasted import COOKIE, STREAMS, TORN, V3, dumped, terminal, tool, uuencoded, way

from acctrecover import repair, scan, transfer
from acctrecover.damaging import KINDS, damage
from acctrecover.extent import tiles
from acctrecover.recode import undo_swap
from acctrecover.retrace import spans
from acctrecover.transfer import Reversal, hypotheses, losses

GENUINE = {
    str(path.relative_to(CORPORA)): lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    for path in sorted(CORPORA.glob("*/*"))
    if path.suffix not in (".json", ".truth")
}


def found(data: bytes) -> Reversal | None:
    return scan(data).transfer


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
    assert reversal.scan.counts["intact"] >= 583


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


def test_no_record_is_healed_where_the_whole_input_has_lost_a_bit_of_every_byte() -> None:
    data = (CORPORA / "gnu-acct-converted" / "pacct-v1.be").read_bytes()
    stripped = scan(bytes(byte & 0x7F for byte in data))
    assert stripped.counts["healed"] == 0
    reasons = [odd.reason for extent in stripped.chains for odd in extent.oddities if not odd.patches]
    assert sum("the whole input was changed" in reason for reason in reasons) > 0


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
    reversal = scan(path).transfer
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


def test_a_record_that_is_left_beside_missing_lines_is_no_record_where_it_proves_little(tmp_path: Path) -> None:
    lines = [b"begin 644 t\n", b"M     +\\ __\\ 1L,C      (    ;  $ ;&0           /@#__P!&PR,!\n", b"M  $ #N3!   % $;#(P"]
    assert [extent.kind for extent in scan(b"".join(lines)).extents] == ["gap"]
    assert repair(b"".join(lines), tmp_path / "out").kept == 0


def test_a_lastlog_out_of_short_uuencoded_lines_keeps_its_logins_at_their_ids(tmp_path: Path) -> None:
    size, array = 292, (CORPORA / "login" / "lastlog.be").read_bytes()[:1500]
    lines = uuencoded(array).splitlines(keepends=True)
    for number in (8, 10):
        lines[number] = lines[number][:20] + b"\n"
    (tmp_path / "in").write_bytes(b"".join(lines))
    done = repair(tmp_path / "in", tmp_path / "out", ["utmp_384", "lastlog"])
    out = (tmp_path / "out").read_bytes()
    assert done.kept == 2
    assert out == array[:size] + bytes(2 * size) + array[3 * size : 4 * size]
    assert not [extent for extent in done.scan.extents if extent.kind == "chain" and not extent.records]


def test_a_record_that_rules_contradict_is_not_kept_where_what_proved_it_is_missing(tmp_path: Path) -> None:
    size, array = 292, bytearray((CORPORA / "login" / "lastlog.be").read_bytes()[:1168])
    array[3 * size + 24] = 1  # behind the NUL that ends the line
    lines = uuencoded(bytes(array)).splitlines(keepends=True)
    assert repair(b"".join(lines), tmp_path / "out", ["lastlog"]).kept == 2
    lines[5] = lines[5][:9] + b"\n"
    assert repair(b"".join(lines), tmp_path / "rest", ["lastlog"]).kept == 0


def test_a_stream_of_suspect_records_is_no_swapped_one_of_fewer_others() -> None:
    dumps = ("0808 0000a44e 0000f52a", "0808 00009b97 00002e21", "0808 00002375 0000f35b")
    data = bytes.fromhex("912b 0c04 f55c9e16" + "".join(f"912b {dump}" for dump in dumps))
    assert found(data) is None
