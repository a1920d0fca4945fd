"""Claims about ELF cores: of processes, of kernels, whole, cut and damaged."""

from __future__ import annotations

import hashlib
import mmap
import os
import resource
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from command import run
from damage import CORPORA
from hypothesis import given, settings
from hypothesis import strategies as st
from unreadable import address, make_unreadable

from acctrecover import cookie_stats, explain, repair, scan
from acctrecover.elf import HEADERS, MAGIC, Core, Segment, read_core
from acctrecover.source import Source, open_source
from acctrecover.spool import Held
from acctrecover.voids import ABSENT, ERROR, Voids

RECORDS = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
NOWHERE = -1
KCORE = (  # as a genuine /proc/kcore of Linux 6.1 on x86_64 has them: (offset, vaddr, paddr, filesz)
    (0xFFFFFF87604000, 0xFFFFFFFF87600000, 0x6C00000, 0x3430000),  # kernel text
    (0x7CF83600004000, 0xFF7CF83600000000, NOWHERE, 0x31FFFFFFFFFFFF),  # vmalloc
    (0xFFFFFFC0004000, 0xFFFFFFFFC0000000, NOWHERE, 0x3F000000),  # modules
    (0x3EDFC140005000, 0xFF3EDFC140001000, 0x1000, 0x9E000),  # RAM
    (0xF6EFC400004000, 0xFFF6EFC400000000, NOWHERE, 0x3000),  # vmemmap
    (0x3EDFC140104000, 0xFF3EDFC140100000, 0x100000, 0xBEDC000),  # RAM, the text in it
    (0xF6EFC400008000, 0xFFF6EFC400004000, NOWHERE, 0x2FC000),  # vmemmap
)


def headers(
    *loads: tuple[int, int, int, int], wide: bool = True, mark: str = "<", counted_apart: bool = False, kind: int = 4
) -> bytes:
    """The headers of an ELF core with these (offset, vaddr, paddr, filesz), a note before them."""
    header, entry, info = HEADERS[1 + wide]
    most = (1 << (64 if wide else 32)) - 1
    rows = [(4, 0, 0, 0, 0, 0)] + [(1, offset, vaddr, paddr & most, filesz, filesz) for offset, vaddr, paddr, filesz in loads]
    size = 16 + struct.calcsize(mark + header)
    out = MAGIC + bytes([1 + wide, 1 if mark == "<" else 2, 1]) + bytes(9)
    many = 0xFFFF if counted_apart else len(rows)
    table = 64 + 64 * counted_apart
    out += struct.pack(mark + header, kind, 62, 1, 0, table, 64, 0, size, struct.calcsize(mark + entry), many, 0, 0, 0)
    out = out.ljust(64, b"\0")
    if counted_apart:
        out += (bytes(info) + struct.pack(mark + "I", len(rows))).ljust(64, b"\0")
    for kind, offset, vaddr, paddr, filesz, memsz in rows:
        words = (kind, 7, offset, vaddr, paddr, filesz, memsz, 1) if wide else (kind, offset, vaddr, paddr, filesz, memsz, 7, 1)
        out += struct.pack(mark + entry, *words)
    return out


def of_bytes(data: bytes) -> Core | None:
    return read_core(lambda start, stop: data[start:stop])


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("mark", ["<", ">"])
@pytest.mark.parametrize("counted_apart", [True, False])
def test_the_segments_of_every_class_and_byte_order_are_read_in_offset_order(wide: bool, mark: str, counted_apart: bool) -> None:
    core = of_bytes(
        headers((0x3000, 0x9000, 0, 0x500), (0x1000, 0xA000, 0, 0x1000), wide=wide, mark=mark, counted_apart=counted_apart)
    )
    assert core == Core([Segment(0x1000, 0x2000, 0xA000), Segment(0x3000, 0x3500, 0x9000)])
    assert [core.address(at) for at in (0xFFF, 0x1000, 0x1FFF, 0x2000, 0x34FF)] == [None, 0xA000, 0xAFFF, None, 0x94FF]


def test_an_executable_is_no_core_and_stays_the_bytes_it_is() -> None:
    assert of_bytes(headers((0x1000, 0, 0, 0x1000), kind=2)) is None
    with open_source(sys.executable) as source:
        assert source.core is None


def test_of_a_kcore_only_ram_is_memory_and_kernel_text_counts_once() -> None:
    core = of_bytes(headers(*KCORE))
    assert core is not None
    assert list(core.segments) == [
        Segment(0x3EDFC140005000, 0x3EDFC1400A3000, 0xFF3EDFC140001000),
        Segment(0x3EDFC140104000, 0x3EDFC14BFE0000, 0xFF3EDFC140100000),
    ]


def test_text_that_only_partly_lies_in_other_ram_keeps_the_rest() -> None:
    core = of_bytes(headers((0x1000, 0x100000, 0x5000, 0x4000), (0x9000, 0x700000, 0x8000, 0x2000)))
    assert core is not None
    assert list(core.segments) == [Segment(0x1000, 0x5000, 0x100000), Segment(0xA000, 0xB000, 0x701000)]


def test_segments_that_share_bytes_of_the_file_count_them_once() -> None:
    core = of_bytes(headers((0x1000, 0x10000, 0, 0x3000), (0x2000, 0x90000, 0, 0x2500)))
    assert core is not None
    assert list(core.segments) == [Segment(0x1000, 0x4000, 0x10000), Segment(0x4000, 0x4500, 0x92000)]


def test_what_a_segment_holds_takes_nothing_back_of_the_one_before() -> None:
    data = core_file((0x8000 - 640, RECORDS[:640]), (0x9000, b"\xff" * 100 + RECORDS[640:1280]))
    found = scan(data, ["acct_v3"])
    assert [(chain.start, chain.stop) for chain in found.chains] == [(0x8000 - 640, 0x8000), (0x9064, 0x9064 + 640)]


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 1))
def test_damaged_headers_never_raise_and_segments_stay_disjoint(noise: bytes, at: int, wide: int) -> None:
    data = bytearray(
        headers(*KCORE[:3], (0x1000, 0x5000, 0, 0x800), wide=bool(wide)) if wide else headers((0x1000, 0, 0, 0x800), wide=False)
    )
    data[at : at + len(noise)] = noise
    core = of_bytes(bytes(data))
    stop = 0
    for segment in core.segments if core else []:
        assert stop <= segment.start < segment.stop < 1 << 63
        stop = segment.stop


def core_file(*parts: tuple[int, bytes], size: int = 0x20000) -> bytes:
    """A core with two segments of memory, 0x2000..0x8000 at 0x7f0000 and 0x9000..0x1f000 at 0x400000."""
    out = bytearray(headers((0x9000, 0x400000, 0, 0x16000), (0x2000, 0x7F0000, 0, 0x6000)).ljust(size, b"\xa5"))
    for start, stop in ((0x2000, 0x8000), (0x9000, 0x1F000)):
        out[start:stop] = bytes(stop - start)
    for at, data in parts:
        out[at : at + len(data)] = data
    return bytes(out)


def test_records_in_memory_are_told_by_offset_and_address_and_other_bytes_of_the_core_are_none() -> None:
    data = core_file((0x500, RECORDS[:640]), (0x3000, RECORDS[:6400]), (0xA010, RECORDS[6400:]))
    found = scan(data)
    assert [(chain.start, chain.records, chain.address) for chain in found.chains] == [
        (0x3000, 100, 0x7F1000),
        (0xA010, 118, 0x401010),
    ]
    assert [(gap.start, gap.stop) for gap in found.gaps if gap.cause == ABSENT] == [
        (0, 0x2000),
        (0x8000, 0x9000),
        (0x1F000, 0x20000),
    ]
    assert [gap.held for gap in found.gaps if gap.cause == ABSENT] == [None] * 3
    assert found.chains[0].to_json()["address"] == "0x7f1000"
    assert found.sha256 == hashlib.sha256(data).hexdigest()


def test_no_record_reaches_out_of_a_segment() -> None:
    found = scan(core_file((0x8000 - 600, RECORDS[:1280])), ["acct_v3"])
    assert [(chain.stop, chain.records) for chain in found.chains] == [(0x8000 - 600 + 576, 9)]


def test_a_core_that_is_cut_holds_what_is_there_and_says_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "core"
    path.write_bytes(core_file((0x3000, RECORDS))[:0xA000])
    found = scan(path)
    assert (found.size, [chain.records for chain in found.chains]) == (0xA000, [218])
    done = run("scan", path)
    assert "a core with 28,672 bytes of memory in 2 segments; 86,016 bytes more are not in the file" in done.stdout.decode()
    assert "218 records intact in 28,672 bytes of memory" in done.stdout.decode()


def test_words_are_counted_in_the_memory_of_a_core_only() -> None:
    data = core_file((0x3000, RECORDS))
    assert (cookie_stats(data).counts == cookie_stats([data[0x2000:0x8000], data[0x9000:0x1F000]]).counts).all()


def test_the_record_at_an_offset_of_a_core_is_explained_with_its_address() -> None:
    told = explain(core_file((0x3000, RECORDS)), 0x3050)
    assert (told.start, told.to_json()["address"], told.status) == (0x3040, "0x7f1040", "intact")


def test_records_in_memory_are_repaired_into_a_file_of_their_own(tmp_path: Path) -> None:
    fixed = repair(core_file((0x3000, RECORDS)), tmp_path / "out", quarantine=tmp_path / "aside")
    assert (tmp_path / "out").read_bytes() == RECORDS
    assert fixed.quarantined == 0x1C000 - len(RECORDS)


def test_a_kcore_over_a_sparse_file_is_scanned_and_counted_without_what_is_no_ram() -> None:
    if not hasattr(os, "memfd_create"):
        pytest.skip("no memfd, and few file systems hold a file of 7.2e16 bytes")
    fd = os.memfd_create("kcore")
    try:
        os.ftruncate(fd, 0xFFFFFF87604000 + 0x3430000)
        os.pwrite(fd, headers(*KCORE), 0)
        os.pwrite(fd, RECORDS, 0x3EDFC140104000 + 0x123400)
        os.pwrite(fd, RECORDS, 0x7CF83600004000 + 0x77000)  # what an unmapped page of vmalloc gives: an echo
        os.pwrite(fd, RECORDS, 0xFFFFFF87604000 + 0x10000)
        name = f"/proc/{os.getpid()}/fd/{fd}"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        found, stats = scan(name), cookie_stats(name)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10
        assert [(chain.start, chain.records, chain.address) for chain in found.chains] == [
            (0x3EDFC140227400, 218, 0xFF3EDFC140223400)
        ]
        assert found.sha256 == ""
        assert stats.bytes < 1 << 16
    finally:
        os.close(fd)


def test_pages_of_a_core_that_cannot_be_read_are_skipped_counted_and_reported() -> None:
    from acctrecover.report import scan_objects, scan_text

    with mmap.mmap(-1, 0x20000) as room:
        room[:] = core_file((0x3000, RECORDS))
        low = address(room)
        make_unreadable(low + 0x4000, 0x1000)
        held = Held(os.open("/proc/self/mem", os.O_RDONLY))
        with Source("memory", low + 0x20000, held.fd, b"", None, held) as source:
            source.limit(low + 0x2000, low + 0x8000)
            found = scan(source)
        with open_source(found.evidence) as source:
            source.voids = Voids((a, b, cause) for a, b, cause in source.voids if cause != ERROR)
            stats = cookie_stats(source)
            parts = [room[0x2000:0x4000], room[0x5000:0x8000]]
        lines, told = list(scan_text(found)), next(scan_objects(found))
    assert (stats.bytes, stats.unreadable) == (0x5000, 0x1000)
    assert (stats.counts == cookie_stats(parts).counts).all()
    assert [(gap.start - low, gap.stop - low, gap.held) for gap in found.gaps if gap.cause == ERROR] == [(0x4000, 0x5000, 64)]
    assert sum(chain.records for chain in found.chains) == 218 - 64
    assert "4,096 bytes in 1 place cannot be read, and are taken for NUL bytes, in the digest too" in lines
    assert told["voids"]["read error"] == {"areas": 1, "bytes": 4096}


HOLDER = """
import ctypes, os, resource, signal, sys
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
kept = open(sys.argv[1], "rb").read()
print(id(kept), flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_the_records_in_the_heap_of_a_process_are_found_in_its_core(tmp_path: Path) -> None:
    (tmp_path / "records").write_bytes(RECORDS)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLDER, "records"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        where = int(holder.stdout.readline()) + bytes.__basicsize__ - 1
        holder.communicate(b"\n")
    assert holder.returncode == -signal.SIGSEGV
    cores = list(tmp_path.glob("core*"))
    if not cores:
        pytest.skip("this system keeps no cores in the folder of the process (core_pattern, ulimit -c)")
    found = scan(cores[0], ["acct_v3"])
    assert (where, 218) in {(chain.address, chain.records) for chain in found.chains}


def test_the_memory_of_this_system_is_scanned_a_little() -> None:
    try:
        with open_source("/proc/kcore") as source:
            assert source.core is not None
            first = source.core.segments[0].start
            source.limit(first, first + (1 << 20))
            found = scan(source, ["acct_v3"])
    except Exception as error:
        pytest.skip(f"/proc/kcore cannot be read here: {error}")
    assert found.sha256 == ""
    assert (found.extents[0].start, found.extents[0].address) == (first, source.core.segments[0].address)
