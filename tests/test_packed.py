"""Claims about compressed files, as gzip, bzip2, xz and zstd make them: whole, cut off, damaged, and made to burst."""

from __future__ import annotations

import bz2
import hashlib
import json
import lzma
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from command import COMMAND, run, said
from damage import CORPORA

from acctrecover import cookie_stats, merge, repair, scan
from acctrecover.decoders import Gzip
from acctrecover.packed import CUT, DAMAGED, OTHER, STOPPED, Packed
from acctrecover.source import RATIO, UNPACKED, open_source

V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
SAMPLES = {"v3": V3, "cookie": (CORPORA / "cookie" / "le.cookie").read_bytes(), "wtmp": (CORPORA / "login" / "wtmp").read_bytes()}
TOOLS = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed"))
    for name in ("gzip", "bzip2", "xz", "zstd")
]
NOISY = b"".join(hashlib.sha256(bytes([n % 251, n >> 8])).digest() + V3[n * 7 % 9000 :][:64] for n in range(4000))
"""384,000 bytes that compress little: several blocks of `bzip2 -1`."""

MAIN = "from acctrecover.cli import main; main()"


def pack(tool: str, data: bytes, *options: str) -> bytes:
    return subprocess.run([tool, "-c", *options], input=data, capture_output=True, check=True).stdout


def objects_of(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(words[0], "--json", *words[1:]).stdout.splitlines()]


def unpacked(path: Path, octets: bytes, most: int | None = None) -> tuple[bytes, Packed]:
    path.write_bytes(octets)
    with open_source(path, most=most) as source:
        assert source.packed is not None
        return source.read(0, source.size), source.packed


def oracle(tool: str, octets: bytes) -> bytes:
    """What Python's own decompressor gives, fed byte by byte, until it fails or the bytes end."""
    new: dict[str, Callable[[], Any]] = {
        "gzip": Gzip,
        "bzip2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
        "zstd": zstd.ZstdDecompressor,
    }
    state, out = new[tool](), b""
    for at in range(len(octets)):
        if state.eof:
            break
        try:
            out += state.decompress(octets[at : at + 1], -1 if tool != "gzip" else 0)
        except Exception:  # each library has an error of its own
            break
    return out


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_whole_compressed_file_is_scanned_like_what_is_in_it(tool: str, name: str, tmp_path: Path) -> None:
    path, data = tmp_path / "rotated", SAMPLES[name]
    path.write_bytes(pack(tool, data))
    found, plain = scan(path), scan(data)
    assert found.extents == plain.extents
    assert found.whole is plain.whole
    (part,) = found.parts
    assert part.packed is not None
    assert (part.packed.by, part.packed.members, part.packed.breaks) == (tool, 1, ())
    assert part.packed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert part.sha256 == found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.records["offset"].tolist() == plain.records["offset"].tolist()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", SAMPLES)
def test_of_a_file_cut_off_anywhere_all_comes_out_that_its_decompressor_gives(tool: str, name: str, tmp_path: Path) -> None:
    whole = pack(tool, SAMPLES[name])
    for cut in range(21, len(whole), 7 * 9):
        got, packed = unpacked(tmp_path / "cut", whole[:cut])
        assert got == oracle(tool, whole[:cut]), cut
        assert [(each.cause, each.at, each.packed) for each in packed.breaks] == [(CUT, len(got), cut)]


@pytest.mark.parametrize("tool", TOOLS)
def test_every_record_before_the_end_of_a_cut_file_is_found_and_the_cut_is_its_damage(tool: str, tmp_path: Path) -> None:
    path, whole = tmp_path / "cut", pack(tool, V3)
    for cut in range(7 * 11, len(whole), 7 * 61):
        path.write_bytes(whole[:cut])
        found, came = scan(path), len(oracle(tool, whole[:cut]))
        assert found.records["offset"][found.records["status"] == "intact"].tolist() == list(range(0, came - 63, 64)), cut
        assert not found.whole
        assert [(each.cause, each.at) for each in found.breaks] == [(CUT, came)]
        assert all(gap.cause == CUT for gap in found.gaps)


@pytest.mark.parametrize("tool", TOOLS)
def test_of_a_file_with_one_changed_byte_all_comes_out_before_it(tool: str, tmp_path: Path) -> None:
    whole = pack(tool, V3)
    for at in range(16, len(whole), 7 * 23):
        octets = bytearray(whole)
        octets[at] ^= 1 << at % 8
        got, packed = unpacked(tmp_path / "changed", bytes(octets))
        assert packed.breaks, at
        if tool == "bzip2":  # one block: what its checksum does not prove is not taken
            assert got in (b"", V3)
        else:
            assert got.startswith(oracle(tool, bytes(octets)))
            assert packed.breaks[0].since == 0


def test_the_blocks_of_bzip2_behind_a_broken_one_are_read(tmp_path: Path) -> None:
    octets = bytearray(pack("bzip2", NOISY, "-1"))
    octets[len(octets) // 2] ^= 4
    got, packed = unpacked(tmp_path / "pacct.bz2", bytes(octets))
    (broke,) = packed.breaks
    assert broke.cause == DAMAGED
    assert broke.resumes is not None
    assert broke.packed < len(octets) // 2 < broke.resumes
    assert 0 < len(NOISY) - len(got) < len(NOISY) // 2
    assert got == NOISY[: broke.at] + NOISY[len(NOISY) - len(got) + broke.at :]


def test_a_wrong_checksum_over_all_blocks_of_bzip2_is_told_and_costs_nothing(tmp_path: Path) -> None:
    octets = bytearray(pack("bzip2", NOISY, "-1"))
    octets[-3] ^= 1
    got, packed = unpacked(tmp_path / "pacct.bz2", bytes(octets))
    assert got == NOISY
    assert [each.cause for each in packed.breaks] == [DAMAGED]


@pytest.mark.parametrize("tool", TOOLS)
def test_members_one_behind_the_other_are_read_and_a_broken_one_costs_no_other(tool: str, tmp_path: Path) -> None:
    parts = [V3[:5000], V3[5000:9000], V3[9000:]]
    members = [pack(tool, part) for part in parts]
    got, packed = unpacked(tmp_path / "three", b"".join(members) + bytes(512))
    assert (got, packed.members, packed.breaks) == (V3, 3, ())
    broken = bytearray(members[1])
    broken[len(broken) // 2] ^= 0x40
    got, packed = unpacked(tmp_path / "three", members[0] + bytes(broken) + members[2])
    assert got.startswith(parts[0])
    assert got.endswith(parts[2])
    assert [each.cause for each in packed.breaks] == [DAMAGED]
    assert 5000 <= packed.breaks[0].at <= len(got) - len(parts[2])


@pytest.mark.parametrize("tool", TOOLS)
def test_other_bytes_behind_or_between_members_are_told(tool: str, tmp_path: Path) -> None:
    first, second = pack(tool, V3[:6400]), pack(tool, V3[6400:])
    got, packed = unpacked(tmp_path / "x", first + second + b"garbage")
    assert got == V3
    assert [(each.cause, each.packed, each.resumes) for each in packed.breaks] == [(OTHER, len(first + second), None)]
    got, packed = unpacked(tmp_path / "x", first + b"garbage" + second)
    assert got == V3
    assert [(each.at, each.packed, each.resumes) for each in packed.breaks] == [(6400, len(first), len(first) + 7)]


def test_no_record_is_put_together_of_what_stands_on_either_side_of_a_break(tmp_path: Path) -> None:
    path = tmp_path / "pacct.gz"
    path.write_bytes(pack("gzip", V3[: 64 * 100 + 20]) + b"garbage" + pack("gzip", V3[64 * 150 + 20 :]))
    with open_source(path) as source:
        assert len(scan(source.read(0, source.size)).records) == 168  # one of them of two halves
    found = scan(path)
    intact = found.records["offset"][found.records["status"] == "intact"].tolist()
    assert intact == [64 * n for n in range(168) if n != 100]
    assert [(gap.start, gap.stop, gap.cause) for gap in found.gaps] == [(6400, 6464, OTHER)]


@pytest.mark.parametrize(
    ("name", "bomb"),
    [("bz2", lambda: bz2.compress(bytes(1 << 26)) * 160), ("zst", lambda: zstd.compress(bytes(1 << 26)) * 160)],
)
def test_ten_gibibytes_of_zeros_are_bounded_on_disk_and_in_memory_and_the_limit_is_told(
    name: str, bomb: Callable[[], bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"bomb.{name}"
    path.write_bytes(bomb())
    assert UNPACKED + RATIO * path.stat().st_size < 2 << 30
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9 << 20, 9 << 20))"
    peak = "import atexit, sys; atexit.register(lambda: print(open('/proc/self/status').read(), file=sys.stderr))"  # of it alone
    words = [sys.executable, "-c", f"{limited}; {peak}; {MAIN}", "scan", "--json", "--most", "8Mi", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert int(done.stderr.split("VmHWM:")[1].split()[0]) < 300 << 10
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert objects[0]["unpacked"]["size"] == 8 << 20
    assert [each["cause"] for each in objects if each["kind"] == "break"] == [STOPPED]
    assert "8,388,608 bytes came out before" in objects[-2]["detail"]


def test_a_member_that_asks_for_gibibytes_of_memory_is_not_given_them(tmp_path: Path) -> None:
    octets = bytearray(lzma.compress(V3))
    assert octets[14:16] == b"\x21\x01"
    octets[16] = 39  # a dictionary of 3 GiB
    octets[20:24] = zlib.crc32(octets[12:20]).to_bytes(4, "little")
    _, packed = unpacked(tmp_path / "greedy.xz", bytes(octets))
    assert "memory usage limit exceeded" in packed.breaks[0].detail
    greedy = b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x29\0\0hello"  # a window of 2 GiB
    _, packed = unpacked(tmp_path / "greedy.zst", greedy)
    assert "too much memory" in packed.breaks[0].detail


def test_with_a_limit_of_nothing_a_compressed_file_stays_as_it_is(tmp_path: Path) -> None:
    carved = tmp_path / "carved"
    carved.write_bytes(pack("gzip", V3)[:512] + V3)
    assert not any(each["kind"] == "chain" and each["start"] == 512 for each in objects_of("scan", carved))
    source, *told = objects_of("scan", "--most", "0", carved)
    assert source["sha256"] == hashlib.sha256(carved.read_bytes()).hexdigest()
    assert [(each["start"], each["records"]) for each in told if each["kind"] == "chain"] == [(512, 218)]
    with open_source(carved, most=0) as opened:
        pass
    assert len(scan(opened).records) == 218  # also when it is opened again


def test_a_file_made_of_nothing_but_breaks_is_given_up(tmp_path: Path) -> None:
    member = pack("gzip", b"x" * 100)
    _, packed = unpacked(tmp_path / "broken.gz", (member[:-8] + bytes(8)) * 1200)
    assert len(packed.breaks) == 1001
    assert packed.breaks[-1].cause == STOPPED


def test_what_is_compressed_comes_through_pipes_too(tmp_path: Path) -> None:
    octets, fifo = pack("xz", V3), tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(octets,))
    writer.start()
    found = scan(fifo)
    writer.join()
    assert found.whole
    done = run("scan", "--json", "-", stdin=octets)
    assert json.loads(done.stdout.splitlines()[0])["sha256"] == hashlib.sha256(octets).hexdigest()
    assert done.returncode == 0


def test_the_report_of_a_repair_has_the_hash_of_the_file_as_given_and_of_what_came_out(tmp_path: Path) -> None:
    path, out, report = tmp_path / "pacct.gz", tmp_path / "out", tmp_path / "report"
    whole = pack("gzip", V3)
    path.write_bytes(whole[:1500])
    repaired = repair(path, out, report=report)
    told = json.loads(report.read_text())["inputs"][0]
    came = oracle("gzip", whole[:1500])
    assert (told["size"], told["sha256"]) == (1500, hashlib.sha256(whole[:1500]).hexdigest())
    assert told["unpacked"] == {"by": "gzip", "members": 1, "size": len(came), "sha256": hashlib.sha256(came).hexdigest()}
    assert [each["packed_at"] for each in told["breaks"]] == [1500]
    assert out.read_bytes() == V3[: len(came) // 64 * 64]
    assert not repaired.lossless
    assert path.read_bytes() == whole[:1500]


def test_a_compressed_input_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pacct.gz"
    path.write_bytes(pack("gzip", V3))
    assert "is the input" in said(run("repair", path, "-o", path, "--force"))
    assert "is the input" in said(run("repair", "--most", "1Gi", path, "-o", path, "--force"))


def test_copies_may_be_compressed_and_of_copies_that_all_break_off_none_shows_the_end(tmp_path: Path) -> None:
    first, second, plain = (tmp_path / name for name in ("a.gz", "b.xz", "c"))
    first.write_bytes(pack("gzip", V3)[:1500])
    second.write_bytes(pack("xz", V3)[:1800])
    plain.write_bytes(V3)
    assert merge([first, plain], None).lossless
    assert not merge([first, second], None).lossless
    second.write_bytes(pack("xz", V3))
    assert merge([plain, second], None).same == {1: 0}


def test_cookie_stats_count_what_came_out_and_tell_what_did_not(tmp_path: Path) -> None:
    path, whole = tmp_path / "pacct.gz", pack("gzip", V3)
    path.write_bytes(whole)
    assert (cookie_stats(path).counts == cookie_stats(V3).counts).all()
    path.write_bytes(whole[:1500])
    done = run("cookie-stats", path)
    assert done.returncode == 1
    assert f"not all was counted: {path}: {CUT} at 0x5dc" in done.stdout.decode()


def test_a_record_in_a_compressed_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "pacct.bz2"
    path.write_bytes(pack("bzip2", V3))
    assert json.loads(run("explain", f"{path}@0x100", "--json").stdout)["status"] == "intact"


def test_without_a_library_for_zstd_one_line_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / "pacct.zst"
    path.write_bytes(zstd.compress(V3))
    without = "import sys; sys.modules['backports'] = None; sys.modules['compression'] = None"
    done = subprocess.run(
        [sys.executable, "-c", f"{without}; {MAIN}", "scan", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"acctrecover: {path}: compressed with zstd; to read it: pip install 'acctrecover[zstd]'\n"


def test_where_a_file_broke_is_said_in_words_with_what_to_do_next(tmp_path: Path) -> None:
    (tmp_path / "pacct.gz").write_bytes(pack("gzip", V3)[:1500])
    done = subprocess.run([*COMMAND, "scan", "pacct.gz"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert f"break: {CUT}\n" in done.stdout
    assert "at 0x5dc of the gzip file: it ends within a member; nothing behind it was read\n" in done.stdout
    assert "next: acctrecover repair pacct.gz -o pacct.recovered\n" in done.stdout
    assert "1 break of compressed data\n" in done.stdout
    (tmp_path / "pacct.gz").write_bytes(pack("gzip", V3)[:12])
    done = subprocess.run([*COMMAND, "scan", "pacct.gz"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.endswith("pacct.gz: damaged: nothing could be unpacked; 1 break of compressed data\n")


def test_what_readme_shows_of_compressed_and_of_joined_files_is_what_a_scan_says(tmp_path: Path) -> None:
    text = (CORPORA.parent / "README.md").read_text()
    shown = text[text.index("    $ gzip -nc") : text.index("To see it, and to attach")]
    (tmp_path / "corpora").symlink_to(CORPORA)
    (tmp_path / "acctrecover").write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    (tmp_path / "acctrecover").chmod(0o755)
    environment = {**os.environ, "TZ": "UTC", "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(CORPORA.parent)}
    steps = 0
    for line in shown.splitlines():
        if line.startswith("    $ "):
            done = subprocess.run(line[6:], shell=True, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
            said_then = "".join(f"    {each}".rstrip() + "\n" for each in done.stdout.splitlines())
            assert f"{line}\n{said_then}" in shown
            steps += 1
    assert steps == 4


def test_a_few_bytes_that_hold_much_up_to_where_they_break_take_no_time_byte_by_byte(tmp_path: Path) -> None:
    """A bzip2 file of 50 bytes whose block of 40 MB breaks at its end gave each byte of it alone."""
    packed = bytearray(bz2.compress(b"x" * 40_000_000))
    packed[-6] ^= 1
    (tmp_path / "in").write_bytes(packed)
    begun = time.process_time()
    with open_source(tmp_path / "in") as source:
        assert source.size == 40_000_000
    assert time.process_time() - begun < 4
