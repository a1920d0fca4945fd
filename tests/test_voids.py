"""Claims about ranges of an input that have no bytes of their own."""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path

import pytest
from damage import CORPORA
from hypothesis import given, settings
from hypothesis import strategies as st
from unreadable import address, make_unreadable

from acctrecover import scan
from acctrecover import source as source_module
from acctrecover import voids as module
from acctrecover.source import Source, open_source
from acctrecover.spool import Held
from acctrecover.voids import ERROR, HOLE, OUTSIDE, UNREAD, Voids

PAGE = mmap.PAGESIZE
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from([HOLE, UNREAD, ERROR])), max_size=12)


def sparse(path: Path, size: int, *parts: tuple[int, bytes]) -> Path:
    """A file of so many bytes with data only where a part puts it."""
    with path.open("wb") as file:
        file.truncate(size)
        for at, data in parts:
            file.seek(at)
            file.write(data)
    return path


@settings(deadline=None)
@given(RANGES, st.integers(0, 60), st.integers(0, 60))
def test_voids_are_sorted_disjoint_and_keep_their_first_cause(ranges: list[tuple[int, int, str]], start: int, stop: int) -> None:
    told = [""] * 60
    for low, high, cause in ranges:
        for at in range(low, high):
            told[at] = told[at] or cause
    voids = Voids(ranges)
    seen = [""] * 60
    before = (0, 0, "")
    for void in voids:
        assert before[1] <= void[0] < void[1]
        assert before[1:] != (void[0], void[2])
        seen[void[0] : void[1]] = [void[2]] * (void[1] - void[0])
        before = void
    assert seen == told
    inside = [at for low, high, _ in voids.within(start, stop) for at in range(low, high)]
    solid = [at for low, high in voids.solid(start, stop) for at in range(low, high)]
    assert inside == [at for at in range(start, stop) if told[at]]
    assert solid == [at for at in range(start, stop) if not told[at]]
    assert voids.totals().get(HOLE, (0, 0)) == (sum(cause == HOLE for _, _, cause in voids), told.count(HOLE))


@settings(deadline=None)
@given(RANGES, st.integers(1, 9))
def test_small_voids_can_be_left_within_what_is_solid(ranges: list[tuple[int, int, str]], least: int) -> None:
    voids = Voids(ranges)
    wide = [void for void in voids if void[1] - void[0] >= least]
    assert voids.solid(0, 60, least) == Voids(wide).solid(0, 60)


def test_the_holes_of_a_sparse_file_are_voids_that_read_as_nul_bytes(tmp_path: Path) -> None:
    with open_source(sparse(tmp_path / "f", 1 << 20, (1 << 18, b"data"))) as source:
        (low, high, cause), (start, stop, other) = source.voids
        assert (low, cause, other, stop) == (0, HOLE, HOLE, 1 << 20)
        assert high <= 1 << 18 < start
        assert source.read(0, 1 << 20) == (tmp_path / "f").read_bytes()
        assert source.sha256() == hashlib.sha256((tmp_path / "f").read_bytes()).hexdigest()


def test_a_file_without_holes_has_no_voids(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(1 << 16))
    with open_source(tmp_path / "f") as source:
        assert list(source.voids) == []


def test_of_more_holes_than_are_kept_the_largest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 4)
    parts = [(at * 16 * PAGE, b"x" * 8 * PAGE) for at in range(9)]
    path = sparse(tmp_path / "f", 1000 * PAGE, *parts)
    with open_source(path) as source:
        assert list(source.voids)[-1] == (136 * PAGE, 1000 * PAGE, HOLE)
        assert 1 <= len(source.voids) <= 4
        assert source.read(0, source.size) == path.read_bytes()


def test_holes_beyond_what_can_be_hashed_in_minutes_leave_no_digest_rather_than_a_false_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sparse(tmp_path / "f", 1 << 20, (0, b"data"))
    monkeypatch.setattr(source_module, "MOST_HASHED", 1 << 19)
    with open_source(path) as source:
        assert source.sha256() == ""
    monkeypatch.setattr(source_module, "MOST_HASHED", 1 << 20)
    with open_source(path) as source:
        assert source.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_pages_that_cannot_be_read_are_voids_and_those_around_them_are_read() -> None:
    with mmap.mmap(-1, 8 * PAGE) as room:
        room[:] = b"A" * 8 * PAGE
        low = address(room)
        make_unreadable(low + 3 * PAGE, 2 * PAGE)
        held = Held(os.open("/proc/self/mem", os.O_RDONLY))
        with Source("memory", low + 8 * PAGE, held.fd, b"", None, held) as source:
            source.limit(low, low + 8 * PAGE)
            read = source.read(low + 10, low + 8 * PAGE)
            assert read == b"A" * (3 * PAGE - 10) + bytes(2 * PAGE) + b"A" * 3 * PAGE
            assert list(source.voids) == [(0, low, OUTSIDE), (low + 3 * PAGE, low + 5 * PAGE, ERROR)]
            assert source.sha256() == hashlib.sha256(b"A" * 3 * PAGE + bytes(2 * PAGE) + b"A" * 3 * PAGE).hexdigest()
            assert source.again().voids is source.voids


def test_a_window_is_hashed_alone_and_what_is_outside_reads_as_nul_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    with open_source(tmp_path / "f") as source:
        source.limit(3, 7)
        assert source.read(0, 10) == b"\0\0\0" + b"3456" + b"\0\0\0"
        assert source.solid(0, 99) == [(3, 7)]
        assert source.sha256() == hashlib.sha256(b"3456").hexdigest()
    with open_source(source) as again:
        assert (again.start, again.stop, again.read(2, 5)) == (3, 7, b"\x0034")


RECORDS = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()


def test_a_64_gib_sparse_file_is_scanned_without_reading_its_holes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "MOST_HASHED", 0)  # or the NUL bytes take SHA-256 its time
    path = sparse(tmp_path / "f", 64 << 30, (0, RECORDS[:6400]), (5 << 30, RECORDS[6400:]))
    read = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or pread(fd, size, at))
    found = scan(path)
    assert found.sha256 == ""
    assert [(chain.start, chain.records) for chain in found.chains] == [(0, 100), (5 << 30, 118)]
    assert sum(read) < 1 << 20


def test_a_hole_where_a_stream_goes_on_behind_it_counts_the_records_it_held_and_one_at_the_end_none(tmp_path: Path) -> None:
    page = 4096 * (PAGE // 4096)
    path = sparse(tmp_path / "f", 64 * page, (0, RECORDS[:page]), (3 * page, RECORDS[page : 2 * page]))
    found = scan(path)
    assert [(gap.start, gap.stop, gap.cause, gap.held) for gap in found.gaps] == [
        (page, 3 * page, "hole", 2 * page // 64),
        (4 * page, 64 * page, "hole", None),
    ]
    assert [chain.records for chain in found.chains] == [page // 64, page // 64]


def test_the_unused_slots_of_a_sparse_lastlog_are_no_damage(tmp_path: Path) -> None:
    slots = (CORPORA / "login" / "lastlog").read_bytes()
    last = slots[-292:]
    assert any(last)
    path = sparse(tmp_path / "lastlog", 1_000_000 * 292, (0, slots), (999_999 * 292, last))
    found = scan(path)
    assert found.whole
    assert [(chain.start, chain.stop, chain.records) for chain in found.chains] == [(0, 1_000_000 * 292, 4)]
    assert len(found.records) == 4


def test_a_record_of_which_bytes_were_not_read_is_suspect() -> None:
    with open_source(RECORDS) as source:
        comm = RECORDS.index(bytes(8), 64 * 5 + 48)  # NUL bytes behind a name: the rules hold without them
        source.voids.add(comm, comm + 8, UNREAD)
        found = scan(source)
    odd = [odd for chain in found.chains for odd in chain.oddities]
    assert [(o.offset, o.status, o.reason) for o in odd] == [(comm // 64 * 64, "suspect", "8 of its bytes were not read (unread)")]
    assert not found.whole
