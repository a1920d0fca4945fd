"""Damage done on purpose: reproducible, its truth exact to the byte, each kind what its name says."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from damage import CORPORA
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import damage
from acctrecover.damaging import KINDS, Damaged
from acctrecover.errors import AcctrecoverError
from acctrecover.lineage import Piece, Traced

V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()[: 100 * 64]
STALE, OTHER = random.Random(1).randbytes(3000), random.Random(2).randbytes(2000)
IN_PLACE = [
    "bit-flip",
    "byte-set",
    "burst",
    "header-flip",
    "zero-run",
    "zero-block-512",
    "zero-block-4096",
    "ff-block",
    "random-block",
]
SEEDS = range(12)


def dealt(data: bytes, *kinds: str, seed: int = 0) -> Damaged:
    return damage(data, kinds, seed, stale=STALE, other=OTHER, boundaries=range(0, len(data), 64))


def check_truth(data: bytes, damaged: Damaged) -> None:
    """The segments tile the output, and each is what it says."""
    texts = {"input": data, "stale": STALE, "other": OTHER}
    assert [s.out_start for s in damaged.truth] == [0, *(s.out_stop for s in damaged.truth)][:-1]
    assert not damaged.truth or damaged.truth[-1].out_stop == len(damaged.data)
    for start, stop, source, at in damaged.truth:
        octets = damaged.data[start:stop]
        assert len(octets) == stop - start > 0
        if source == "put":
            assert at is None
        elif source == "changed":
            assert len(data[at : at + stop - start]) == stop - start
            assert all(new != old for new, old in zip(octets, data[at : at + stop - start], strict=True))
        else:
            assert octets == texts[source][at : at + stop - start]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones(kind: str) -> None:
    assert dealt(V3, kind, seed=5) == dealt(V3, kind, seed=5)
    several = {dealt(V3, kind, seed=seed).data for seed in SEEDS}
    assert len(several) == {"crlf": 1, "pair-swap": 1, "strip-7bit": 1, "base64": 1, "hexdump": 2}.get(kind, len(several))
    assert len(several) > 1 or kind in ("crlf", "pair-swap", "strip-7bit", "base64")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 2, 3, 63, 64, 511, 513, len(V3)])
def test_every_kind_is_dealt_to_a_stream_of_any_size_with_a_true_account(kind: str, size: int) -> None:
    for seed in SEEDS:
        damaged = dealt(V3[:size], kind, seed=seed)
        check_truth(V3[:size], damaged)
        wound = damaged.wounds[0]
        assert 0 <= wound.in_start <= wound.in_stop <= size
        assert 0 <= wound.out_start <= wound.out_stop <= len(damaged.data)


@given(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4), st.integers(0, 2**32), st.binary(min_size=1, max_size=1500))
@settings(max_examples=150, deadline=None)
def test_wounds_dealt_one_after_the_other_keep_a_true_account(kinds: list[str], seed: int, data: bytes) -> None:
    try:
        damaged = dealt(data, *kinds, seed=seed)
    except AcctrecoverError as error:
        assert "left no byte" in str(error)  # noqa: PT017
        return
    check_truth(data, damaged)
    assert [wound.kind for wound in damaged.wounds] == kinds
    assert all(0 <= wound.out_start <= wound.out_stop <= len(damaged.data) for wound in damaged.wounds)


@given(st.sampled_from(["delete", "insert", "text-insert", "head-cut", "tail-cut", "copytruncate"]), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_an_earlier_wound_is_where_the_account_says_after_a_later_one(then: str, seed: int) -> None:
    damaged = dealt(V3, "ff-block", then, seed=seed)
    wound = damaged.wounds[0]
    changed = [s for s in damaged.truth if s.source == "changed"]
    assert all(wound.in_start <= s.in_start < wound.in_stop for s in changed)
    assert all(wound.out_start <= s.out_start and s.out_stop <= wound.out_stop for s in changed)
    assert set(damaged.data[wound.out_start : wound.out_stop]) <= {0xFF} or "insert" in then


@pytest.mark.parametrize("kind", IN_PLACE)
def test_a_wound_in_place_moves_no_byte(kind: str) -> None:
    for seed in SEEDS:
        damaged = dealt(V3, kind, seed=seed)
        wound = damaged.wounds[0]
        assert len(damaged.data) == len(V3)
        assert all(start == at for start, _, _, at in damaged.truth)
        assert damaged.data[: wound.out_start] == V3[: wound.in_start]
        assert damaged.data[wound.out_stop :] == V3[wound.in_stop :]


def test_a_bit_flip_changes_one_bit_and_a_byte_set_one_byte() -> None:
    for seed in SEEDS:
        flipped = dealt(V3, "bit-flip", seed=seed).data
        assert sum((a ^ b).bit_count() for a, b in zip(flipped, V3, strict=True)) == 1
        assert sum(a != b for a, b in zip(dealt(V3, "byte-set", seed=seed).data, V3, strict=True)) == 1


def test_a_burst_flips_as_many_bits_as_it_says_within_eight_bytes() -> None:
    for seed in SEEDS:
        damaged = dealt(V3, "burst", seed=seed)
        wrong = [i for i, (a, b) in enumerate(zip(damaged.data, V3, strict=True)) if a != b]
        bits = sum((damaged.data[i] ^ V3[i]).bit_count() for i in wrong)
        assert bits == damaged.wounds[0].parameters["bits"] >= 2
        assert wrong[-1] - wrong[0] < 8


def test_a_header_flip_hits_the_first_four_bytes_of_a_record() -> None:
    assert all(dealt(V3, "header-flip", seed=seed).wounds[0].in_start % 64 < 4 for seed in SEEDS)


def test_a_header_flip_finds_the_records_itself() -> None:
    data = V3[13:]
    assert {(damage(data, ["header-flip"], seed).wounds[0].in_start + 13) % 64 for seed in range(8)} <= {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("kind", "size", "fill"),
    [("zero-block-512", 512, b"\0"), ("zero-block-4096", 4096, b"\0"), ("ff-block", 512, b"\xff"), ("random-block", 512, None)],
)
def test_a_block_is_aligned_and_filled(kind: str, size: int, fill: bytes | None) -> None:
    for seed in SEEDS:
        damaged = dealt(V3, kind, seed=seed)
        wound = damaged.wounds[0]
        assert wound.out_start % size == 0
        assert wound.out_stop - wound.out_start == min(size, len(V3) - wound.out_start)
        octets = damaged.data[wound.out_start : wound.out_stop]
        assert octets == fill * len(octets) if fill else len(set(octets)) > 100


def test_a_zero_run_is_zeros() -> None:
    for seed in SEEDS:
        damaged = dealt(V3, "zero-run", seed=seed)
        assert not any(damaged.data[damaged.wounds[0].out_start : damaged.wounds[0].out_stop])


def test_a_stale_block_comes_from_the_older_stream_or_else_from_elsewhere_in_the_input() -> None:
    for seed in SEEDS:
        assert "stale" in {source for _, _, source, _ in dealt(V3, "stale-block", seed=seed).truth}
        own = damage(V3, ["stale-block"], seed)
        wound = own.wounds[0]
        assert wound.out_start % 512 == 0
        assert [s.source for s in own.truth] == ["input"] * len(own.truth)
        assert wound.parameters["source_offset"] != wound.out_start


@pytest.mark.parametrize(("kind", "least", "most"), [("delete", 1, 200), ("copytruncate", 64, 2048)])
def test_deleted_bytes_are_gone_and_all_others_stay(kind: str, least: int, most: int) -> None:
    for seed in SEEDS:
        damaged = dealt(V3, kind, seed=seed)
        wound = damaged.wounds[0]
        assert least <= wound.in_stop - wound.in_start <= most
        assert damaged.data == V3[: wound.in_start] + V3[wound.in_stop :]


def test_inserted_bytes_push_the_others_back() -> None:
    for kind in ("insert", "text-insert"):
        for seed in SEEDS:
            damaged = dealt(V3, kind, seed=seed)
            wound = damaged.wounds[0]
            assert damaged.data[: wound.out_start] + damaged.data[wound.out_stop :] == V3
            assert kind == "insert" or damaged.data[wound.out_start : wound.out_stop].decode().endswith("\n")


def test_a_cut_leaves_the_other_end() -> None:
    for seed in SEEDS:
        assert V3.endswith(dealt(V3, "head-cut", seed=seed).data)
        assert V3.startswith(dealt(V3, "tail-cut", seed=seed).data)


def test_moved_blocks_keep_every_byte_and_a_duplicate_has_some_twice() -> None:
    for seed in SEEDS:
        for kind in ("block-swap", "block-reorder"):
            damaged = dealt(V3, kind, seed=seed)
            assert damaged.data != V3
            assert sorted(damaged.data) == sorted(V3)
        twice = dealt(V3, "block-duplicate", seed=seed)
        start = twice.wounds[0].parameters["source_offset"]
        size = min(512, len(V3) - start)
        assert twice.data == V3[: start + size] + V3[start:]


def test_a_splice_joins_a_head_and_another_streams_tail() -> None:
    for seed in SEEDS:
        damaged = dealt(V3, "splice", seed=seed)
        at = damaged.wounds[0].out_start
        assert V3.startswith(damaged.data[:at])
        assert OTHER.endswith(damaged.data[at:])
    with pytest.raises(AcctrecoverError, match="--other"):
        damage(V3, ["splice"], 0)


def test_a_full_disk_takes_the_tail_of_one_record_from_a_border_on() -> None:
    sizes = [62] * 90
    borders = [sum(sizes[:i]) for i in range(len(sizes))]
    for seed in SEEDS:
        wound = damage(V3[: sum(sizes)], ["enospc-slip"], seed, boundaries=borders).wounds[0]
        assert wound.in_start % 512 == 0
        assert wound.in_stop in borders
        assert wound.in_stop - wound.in_start < 62


def test_text_mode_puts_a_carriage_return_before_every_line_feed() -> None:
    assert dealt(V3, "crlf").data == V3.replace(b"\n", b"\r\n")


def test_pairs_are_swapped_and_the_highest_bits_stripped() -> None:
    assert dealt(b"abcde", "pair-swap").data == b"badce"
    assert dealt(bytes(range(256)), "strip-7bit").data == bytes(range(128)) * 2


def test_dumps_decode_to_the_stream_again() -> None:
    assert base64.b64decode(dealt(V3, "base64").data) == V3
    for seed in SEEDS:
        damaged = dealt(V3[:100], "hexdump", seed=seed)
        rows = damaged.data.decode().splitlines()
        xxd = damaged.wounds[0].parameters["style"] == "xxd"
        digits = [row[10:50] if xxd else row[10:59] for row in rows]
        assert bytes.fromhex("".join(digits)) == V3[:100]


def test_a_hexdump_is_what_the_tool_prints() -> None:
    data = b"acctrecover\n\x91\x2b\xff\x00xyz"
    assert {dealt(data, "hexdump", seed=seed).data.decode() for seed in SEEDS} == {
        "00000000: 6163 6374 7265 636f 7665 720a 912b ff00  acctrecover..+..\n"
        "00000010: 7879 7a                                  xyz\n",
        "00000000  61 63 63 74 72 65 63 6f  76 65 72 0a 91 2b ff 00  |acctrecover..+..|\n"
        "00000010  78 79 7a                                          |xyz|\n"
        "00000013\n",
    }


def test_a_copytruncate_leaves_two_files() -> None:
    damaged = dealt(V3, "copytruncate", seed=3)
    wound = damaged.wounds[0]
    assert damaged.parted() == (V3[: wound.in_start], V3[wound.in_stop :])
    with pytest.raises(AcctrecoverError, match="copytruncate"):
        dealt(V3, "delete").parted()


def test_an_unknown_kind_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(AcctrecoverError, match="zero-run"):
        damage(V3, ["zero-rum"], 0)
    with pytest.raises(AcctrecoverError, match="empty"):
        damage(b"", ["bit-flip"], 0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
def test_traced_bytes_are_sliced_and_joined_like_bytes(cuts: list[tuple[int, int]]) -> None:
    data = bytes(range(30))
    traced = Traced.join(Traced.of(data)[a:b] for a, b in cuts)
    plain = b"".join(data[a:b] for a, b in cuts)
    assert traced.data == plain
    assert b"".join(data[piece.at : piece.at + piece.length] for piece in traced.pieces) == plain
    assert all(a.at + a.length != b.at for a, b in pairwise(traced.pieces))
    assert Traced.of(plain)[1:-1].through(traced).pieces == traced[1:-1].pieces


def test_new_bytes_come_from_nowhere() -> None:
    traced = Traced.of(b"abc")[:2] + Traced.put(b"xy") + Traced.put(b"z")
    assert traced.pieces == [Piece(2, 0, 0), Piece(3, -1, 0)]
    assert (traced.origin(1), traced.origin(2), traced.standing(1), traced.standing(2)) == (1, None, 1, 5)


def test_the_command_writes_the_same_bytes_and_their_truth(tmp_path: Path) -> None:
    source, out, truth = tmp_path / "pacct", tmp_path / "out", tmp_path / "truth.json"
    source.write_bytes(V3)
    words = ["damage", source, "-o", out, "--kind", "zero-run", "--kind", "delete", "--seed", 7, "--truth", truth]
    done = subprocess.run([sys.executable, "-m", "acctrecover", *map(str, words)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    damaged = damage(V3, ["zero-run", "delete"], 7)
    assert out.read_bytes() == damaged.data
    assert json.loads(truth.read_text()) == json.loads(json.dumps(damaged.to_json()))
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:-1]] == ["zero-run", "delete"]
    assert source.read_bytes() == V3
    again = subprocess.run([sys.executable, "-m", "acctrecover", *map(str, words)], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "--force" in again.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "{in}", "-k", "delete", "--force"], "is the input"),
        (["-o", "{out}", "-k", "delet"], "did you mean delete"),
        (["-o", "{out}", "-k", "splice", "--other", "{in}", "--truth", "{out}"], "different files"),
        (["-o", "{out}", "-k", "delete", "--rest", "{rest}"], "copytruncate"),
        (["-o", "{out}", "-k", "splice"], "--other"),
    ],
)
def test_what_cannot_be_damaged_is_said_in_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    names = {"in": tmp_path / "in", "out": tmp_path / "out", "rest": tmp_path / "rest"}
    names["in"].write_bytes(V3)
    words = [word.format(**names) for word in words]
    command = [sys.executable, "-m", "acctrecover", "damage", str(names["in"]), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
    assert names["in"].read_bytes() == V3
