"""Claims about several damaged copies of one stream: nothing that one of them has is lost, nothing is put together of two."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import run, said
from damage import CORPORA, cookie_truth
from evaluate.judge import intact_spots
from evaluate.streams import Stream, cookie_stream

from acctrecover import merge, repair, scan
from acctrecover.damaging import Damaged, damage
from acctrecover.errors import AcctrecoverError
from acctrecover.result import Scan

V3 = CORPORA / "linux-v3" / "pacct-v3"
COOKIE = CORPORA / "cookie" / "le.cookie"
SIZE = 64
SEEDS = {("v3", 512): 3, ("v3", 4096): 1, ("cookie", 512): 5, ("cookie", 4096): 1}
"""Seeds of which the two copies have no more than their expected share, a 400th, of the blocks destroyed in common."""
LARGE = {"v3": 8192, "cookie": 12000}


def v3(records: int = 218) -> Stream:
    """Genuine v3 records; more of them than the sample has by giving each round other process ids and times."""
    data = V3.read_bytes()
    count = len(data) // SIZE
    words = np.tile(np.frombuffer(data, "<u4").reshape(-1, SIZE // 4), (-(-records // count), 1))[:records].copy()
    turn = np.arange(records) // count
    words[:, 4] += (turn * 1000).astype(np.uint32)
    words[:, 6] += (turn * 3600).astype(np.uint32)
    made = words.tobytes()
    return Stream(made, [(at, at + SIZE) for at in range(0, len(made), SIZE)], "acct_v3", "little")


def cookie(records: int | None = None) -> Stream:
    if records is None:
        spans = [(at, at + size) for at, size in cookie_truth(COOKIE)]
        return Stream(COOKIE.read_bytes(), spans, "cookie", "little")
    return cookie_stream(random.Random(5), (records, records), big=False)


STREAMS: dict[str, Callable[..., Stream]] = {"v3": v3, "cookie": cookie}


def without_blocks(data: bytes, size: int, seed: int, share: float = 0.05) -> bytes:
    """A copy with a share of its blocks destroyed: a third each zeroed, set to 0xFF and random."""
    rng, out = random.Random(seed), bytearray(data)
    count = len(data) // size
    for index, block in enumerate(rng.sample(range(count), round(count * share))):
        out[block * size : (block + 1) * size] = (bytes(size), b"\xff" * size, rng.randbytes(size))[index % 3]
    return bytes(out)


def hurt(stream: Stream, kinds: Sequence[str], seed: int) -> Damaged:
    return damage(stream.data, kinds, seed, boundaries=[start for start, _ in stream.records])


def records_of(data: bytes, form: str) -> list[bytes]:
    found = scan(data, [form])
    assert not found.gaps
    spans = zip(found.records["offset"].tolist(), found.records["size"].tolist(), strict=True)
    return [data[at : at + size] for at, size in spans]


def found_in(found: Scan) -> Iterator[bytes]:
    """The bytes of every record of a scan, healed ones as they should be."""
    for _, rows, octets, low in found.batches():
        for at, size in zip((rows["offset"] - low).tolist(), rows["size"].tolist(), strict=True):
            yield octets[at : at + size].tobytes()


def numbers_of(records: list[bytes], stream: Stream) -> list[int | None]:
    """Of each record which of the original it is, in order; None where it is none, or none of those still to come."""
    originals = [stream.data[start:stop] for start, stop in stream.records]
    out: list[int | None] = []
    at = 0
    for record in records:
        try:
            out.append(originals.index(record, at))
            at = originals.index(record, at) + 1
        except ValueError:
            out.append(None)
    return out


def rebuilt(account: dict[str, Any], copies: Sequence[bytes]) -> bytes:
    """The output, from the report and the copies alone."""
    patched = [bytearray(copy) for copy in copies]
    for number, told in enumerate(account["inputs"]):
        assert (told["size"], told["sha256"]) == (len(copies[number]), hashlib.sha256(copies[number]).hexdigest())
        for patch in told["patches"]:
            before, after = bytes.fromhex(patch["before"]), bytes.fromhex(patch["after"])
            assert copies[number][patch["offset"] :][: len(before)] == before
            patched[number][patch["offset"] : patch["offset"] + len(before)] = after
    out = b""
    for piece in account["pieces"]:
        assert piece["out_start"] == len(out)
        out += patched[piece["input"]][piece["in_start"] : piece["in_stop"]]
        assert piece["out_stop"] == len(out)
    assert account["output"]["size"] == len(out)
    assert account["output"]["sha256"] == hashlib.sha256(out).hexdigest()
    return out


@pytest.mark.parametrize("size", [512, 4096])
@pytest.mark.parametrize("name", STREAMS)
def test_two_copies_without_a_twentieth_of_their_blocks_give_all_but_what_both_lost(tmp_path: Path, name: str, size: int) -> None:
    stream = STREAMS[name](LARGE[name])
    copies = [without_blocks(stream.data, size, seed) for seed in (SEEDS[name, size], SEEDS[name, size] + 100)]
    merge(copies, tmp_path / "out")
    numbers = numbers_of(records_of((tmp_path / "out").read_bytes(), stream.format), stream)
    sound = [any(copy[start:stop] == stream.data[start:stop] for copy in copies) for start, stop in stream.records]
    assert None not in numbers
    assert {n for n, kept in enumerate(sound) if kept} - set(numbers) == set()
    assert len(numbers) >= 0.997 * len(stream.records)


KINDS = [
    (["zero-block-512"], ["zero-block-512", "zero-run"]),
    (["delete"], ["insert"]),
    (["delete", "delete"], ["delete", "zero-block-512"]),
    (["head-cut"], ["tail-cut"]),
    (["text-insert"], ["enospc-slip"]),
    (["ff-block", "zero-run"], ["random-block", "delete"]),
]


@pytest.mark.parametrize(("first", "second"), KINDS)
@pytest.mark.parametrize("name", STREAMS)
def test_what_stands_whole_in_one_copy_comes_out_once_and_in_order(name: str, first: list[str], second: list[str]) -> None:
    stream = STREAMS[name]()
    for seed in range(6):
        copies = [hurt(stream, first, seed), hurt(stream, second, seed + 100)]
        sound = {spot.index for copy in copies for spot in intact_spots({"input": stream}, copy.truth)}
        result = merge([copy.data for copy in copies], None)
        out = rebuilt(result.to_json(), [copy.data for copy in copies])
        numbers = numbers_of(records_of(out, stream.format), stream)
        assert result.conflicts or result.strays or sound <= set(numbers), (seed, sound - set(numbers))
        single = {record for found in result.scans for record in found_in(found)}
        assert single.issuperset(records_of(out, stream.format)), seed
        assert numbers.count(None) <= 3, (seed, numbers)  # with bytes changed where no rule looks, or doubted
        assert result.lossless <= (len(numbers) == len(stream.records))


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two copies, each with blocks gone that the other has."""
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, (start, stop) in zip(paths, ((0x400, 0x800), (0x2000, 0x2200)), strict=True):
        data = bytearray(V3.read_bytes())
        data[start:stop] = bytes(stop - start)
        path.write_bytes(data)
    return paths


def test_copies_damaged_in_different_places_make_the_whole_stream_and_exit_status_0(tmp_path: Path, pair: list[Path]) -> None:
    done = run("repair", *pair, "-o", tmp_path / "out")
    assert done.returncode == 0, done
    assert (tmp_path / "out").read_bytes() == V3.read_bytes()
    text = done.stdout.decode()
    assert f"copy 1, {pair[0]}: records 202 intact; 1,024 of 13,952 bytes in 1 gap; gave 202\n" in text
    assert f"copy 2, {pair[1]}: records 210 intact; 512 of 13,952 bytes in 1 gap; gave 16\n" in text
    assert text.endswith("the stream is whole, nothing is lost\n")


def test_what_no_copy_has_is_told_with_its_place_in_each_and_exit_status_1(tmp_path: Path, pair: list[Path]) -> None:
    for path in pair:
        data = bytearray(path.read_bytes())
        data[0x3000:0x3200] = b"\xff" * 0x200
        path.write_bytes(data)
    done = run("repair", *pair, "-o", tmp_path / "out", "--report", tmp_path / "report", "--quarantine", tmp_path / "aside")
    assert done.returncode == 1
    there = "lost at 0x3000 of the output, 512 bytes: copy 1 overwritten at 0x3000..0x3200; copy 2 overwritten at 0x3000..0x3200\n"
    assert there in done.stdout.decode()
    account = json.loads((tmp_path / "report").read_text())
    spot = {"start": 0x3000, "stop": 0x3200, "cause": "overwritten"}
    assert account["lost"] == [{"out_start": 0x3000, "size": 512, "inputs": [{"input": n, **spot} for n in (0, 1)]}]
    data = [path.read_bytes() for path in pair]
    assert rebuilt(account, data) == (tmp_path / "out").read_bytes()
    aside = b"".join(data[part["input"]][part["start"] : part["stop"]] for part in account["quarantine"]["parts"])
    assert (tmp_path / "aside").read_bytes() == aside == bytes(0x400) + b"\xff" * 0x200 + bytes(0x200) + b"\xff" * 0x200


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("kinds", [["delete"], ["insert", "zero-block-512"], ["head-cut"], ["zero-run", "delete"]])
def test_the_order_of_the_copies_does_not_matter_where_they_do_not_contradict_each_other(name: str, kinds: list[str]) -> None:
    stream, compared = STREAMS[name](), 0
    for seed in range(6):
        copies = [hurt(stream, kinds, seed).data, hurt(stream, ["zero-block-512"], seed + 50).data, stream.data[:-70]]
        there, back = merge(copies, None), merge(copies[::-1], None)
        if not there.conflicts:
            compared += 1
            assert there.sha256 == back.sha256
            assert (there.lossless, there.counts, len(there.lost)) == (back.lossless, back.counts, len(back.lost))
    assert compared > 1


def test_three_copies_settle_by_majority_what_two_cannot() -> None:
    data = bytearray(V3.read_bytes())
    data[0x400 + 8] ^= 4  # a user id, which no rule covers
    two, three = merge([data, V3.read_bytes()], None), merge([data, V3.read_bytes(), V3.read_bytes()[:-SIZE]], None)
    assert two.sha256 == hashlib.sha256(data).hexdigest()
    assert (two.lossless, len(two.conflicts)) == (False, 1)
    assert three.sha256 == hashlib.sha256(V3.read_bytes()).hexdigest()
    assert three.conflicts[0].other == (0, 0x400, 0x440)
    assert not three.lossless


@pytest.mark.parametrize("name", STREAMS)
def test_one_whole_copy_among_damaged_ones_comes_out_byte_for_byte(name: str) -> None:
    stream = STREAMS[name]()
    copies = [hurt(stream, ["delete", "zero-block-512"], 3).data, stream.data, hurt(stream, ["head-cut"], 4).data]
    assert merge(copies, None).sha256 == hashlib.sha256(stream.data).hexdigest()


def test_buffers_padded_with_fill_bytes_come_out_byte_for_byte() -> None:
    data = (CORPORA / "cookie" / "le-512.cookie").read_bytes()
    half = len(data) // 1024 * 512
    copies = [bytes(512) + data[512:], data[:half] + b"\xff" * 512 + data[half + 512 :]]
    result = merge(copies, None)
    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert min(result.gave) > 0


@pytest.mark.parametrize("version", [1, 2])
def test_repeated_records_are_neither_dropped_nor_doubled(version: int) -> None:
    sample = (CORPORA / "gnu-acct-converted" / f"pacct-v{version}.le").read_bytes()
    size = int(scan(sample).records["size"][0])
    one, other = sample[:size], sample[size : 2 * size]
    data = (one * 30 + other) * 4 + one * 20
    first, second = bytearray(data), bytearray(data)
    first[10 * size : 20 * size] = b"\xff" * 10 * size
    second[60 * size : 70 * size] = b"\xff" * 10 * size
    assert merge([first, second], None).sha256 == hashlib.sha256(data).hexdigest()
    assert merge([one * 9, one * 9 + b"\xff" * 10], None).kept == 9


def test_records_in_the_payload_of_a_lost_one_give_way_to_the_one_that_carries_them() -> None:
    stream, carriers = cookie(400), 0
    for start, stop in stream.records:
        broken = bytearray(stream.data)
        broken[start : start + 4] = b"\xff\xff\xff\xff"
        if stop - start > 100 and len([row for row in scan(broken).records["offset"].tolist() if start < row < stop]) > 2:
            carriers += 1
            result = merge([broken, stream.data[:-100]], None)
            assert result.sha256 == hashlib.sha256(stream.data).hexdigest()
    assert carriers > 2


@pytest.mark.parametrize("strict", [False, True])
def test_strict_leaves_out_only_what_is_sound_in_no_copy(strict: bool) -> None:
    sound = COOKIE.read_bytes()
    data, places = bytearray(sound), cookie_truth(COOKIE)
    data[places[100][0]] ^= 1
    healed = bytes(data)
    assert scan(healed).counts["healed"] == 1
    both = merge([healed, sound], None, strict=strict)
    assert (both.lossless, both.left_out) == (True, 0)
    alone = merge([healed, sound[: places[90][0]]], None, strict=strict)
    assert (alone.lossless, alone.left_out) == (False, int(strict))
    assert alone.sha256 == repair(healed, None, strict=strict).sha256


@pytest.mark.parametrize("stale", [False, True])
def test_stale_records_give_way_to_what_another_copy_has_there(stale: bool) -> None:
    data = V3.read_bytes()
    words = np.frombuffer(data[:0x400], "<u4").reshape(-1, 16).copy()
    words[:, 6] -= 86400 * 30
    broken = data[:0x1000] + words.tobytes() + data[0x1400:]
    assert [extent.cause for extent in scan(broken).chains if extent.cause] == ["stale records"]
    result = merge([broken, data[:-SIZE]], None, stale=stale)
    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert result.lossless
    both = merge([broken, broken[:-SIZE]], None, stale=stale)
    assert both.kept == 218 - 16 * (not stale)


def test_the_same_copy_twice_is_told_and_has_one_voice(tmp_path: Path, pair: list[Path]) -> None:
    done = run("repair", pair[0], pair[1], pair[0], "-n")
    assert done.returncode == 0
    assert f"copy 3, {pair[0]}: the same bytes as copy 1, nothing to add\n" in done.stdout.decode()
    alone = run("repair", pair[0], pair[0], "-o", tmp_path / "out")
    assert alone.returncode == 1
    repair(pair[0], tmp_path / "single")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "single").read_bytes()


def test_copies_without_a_record_give_nothing_and_cost_nothing(pair: list[Path]) -> None:
    result = merge([pair[0], b"", bytes(9000), pair[1]], None)
    assert result.sha256 == hashlib.sha256(V3.read_bytes()).hexdigest()
    assert result.gave == [202, 0, 0, 16]
    nothing = merge([b"", b"no record"], None)
    assert (nothing.size, nothing.lossless) == (0, False)


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ([COOKIE], "le.cookie holds cookie little-endian: no copies of one stream"),
        ([CORPORA / "gnu-acct-converted" / "pacct-v3.be"], "holds acct_v3 big-endian: no copies of one stream"),
        (["-", "-"], "-: standard input can only be read once"),
        (["/nonexistent"], "/nonexistent: no such file"),
    ],
)
def test_copies_that_cannot_be_merged_are_named_in_one_line(tmp_path: Path, others: list[Path | str], says: str) -> None:
    assert says in said(run("repair", V3, *others, "-o", "out", cwd=tmp_path, stdin=b""))
    assert list(tmp_path.iterdir()) == []


def test_streams_that_share_no_record_are_no_copies_of_each_other() -> None:
    data = V3.read_bytes()
    with pytest.raises(AcctrecoverError, match="shares no record with"):
        merge([data[:0x1000], data[0x1000:]], None)
    hosts = [cookie_stream(random.Random(seed), (400, 400), big=False).data for seed in (1, 2)]
    with pytest.raises(AcctrecoverError, match=r"shares no record with|no copies of one stream"):
        merge(hosts, None)


def test_a_third_copy_bridges_two_that_share_nothing() -> None:
    data = V3.read_bytes()
    result = merge([data[:0x1000], data[0x1000:], data[0x800:0x1800]], None)
    assert result.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("make", [os.symlink, os.link])
@pytest.mark.parametrize("which", [0, 1])
def test_no_copy_is_replaced_under_any_name(
    tmp_path: Path, pair: list[Path], make: Callable[[Path, Path], None], which: int
) -> None:
    before = [path.read_bytes() for path in pair]
    make(pair[which], tmp_path / "other")
    for words in (["-o", "other"], ["-o", "out", "--report", "other"], ["-o", "out", "--quarantine", pair[which]]):
        assert "is the input" in said(run("repair", *pair, *words, "--force", cwd=tmp_path))
    assert [path.read_bytes() for path in pair] == before
    assert sorted(os.listdir(tmp_path)) == ["one", "other", "two"]


def test_a_copy_that_was_pasted_as_a_hexdump_gives_records_all_the_same(pair: list[Path]) -> None:
    pasted = damage(pair[1].read_bytes(), ["hexdump"], 1).data
    result = merge([pair[0], pasted], None)
    assert result.sha256 == hashlib.sha256(V3.read_bytes()).hexdigest()
    assert result.gave == [202, 16]
    assert not result.lossless  # as of one such copy
    assert result.to_json()["inputs"][1]["undone"]["name"] == "hexdump"
