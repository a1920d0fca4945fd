"""Claims about how evidence is opened and read."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from damage import CORPORA

from acctrecover import repair, scan
from acctrecover import source as module
from acctrecover.errors import SourceError
from acctrecover.source import SMALL, file_of, open_source

DATA = bytes(range(256)) * 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "evidence"
    where.write_bytes(DATA)
    return where


@pytest.mark.parametrize("data", [DATA, bytearray(DATA), memoryview(DATA)])
def test_bytes_are_a_source_without_a_file(data: bytes | bytearray | memoryview) -> None:
    with open_source(data) as source:
        assert (source.name, source.size, source.fd_stat) == ("<bytes>", len(DATA), None)
        assert source.read(3, 9) == DATA[3:9]


def test_a_read_is_clamped_to_the_input(path: Path) -> None:
    for evidence in (path, DATA):
        with open_source(evidence) as source:
            assert source.read(-5, 3) == DATA[:3]
            assert source.read(len(DATA) - 2, len(DATA) + 50) == DATA[-2:]
            assert source.read(len(DATA) + 1, len(DATA) + 9) == b""
            assert source.read(9, 3) == b""


def test_a_file_is_named_as_given_and_has_its_stat(path: Path) -> None:
    with open_source(path) as source:
        assert (source.name, source.size) == (str(path), len(DATA))
        assert source.fd_stat is not None
        assert os.path.samestat(source.fd_stat, path.stat())


def test_a_growing_file_is_never_read_beyond_its_size_at_open(path: Path) -> None:
    with open_source(path) as source:
        with path.open("ab") as file:
            file.write(b"more")
        assert source.read(0, 1 << 20) == DATA
        assert source.sha256() == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("cut", [1, 3, 20, 63])
@pytest.mark.parametrize("name", ["linux-v3/pacct-v3", "cookie/be-4096.cookie"])
def test_a_record_that_is_finished_while_the_file_is_scanned_is_no_damage(tmp_path: Path, name: str, cut: int) -> None:
    data, path = (CORPORA / name).read_bytes(), tmp_path / "growing"
    path.write_bytes(data[:-cut])

    def finish(_: int) -> None:
        with path.open("r+b") as file:
            file.seek(len(data) - cut)
            file.write(data[-cut:])

    found = scan(path, progress=finish)
    assert found.size == len(data) - cut
    assert found.whole
    assert [gap.cause for gap in found.gaps] == ["write in progress"]
    assert not scan(data[:-cut]).whole
    path.write_bytes(data[:-cut])
    repaired = repair(path, tmp_path / "out", progress=finish)
    assert repaired.lossless
    assert (tmp_path / "out").read_bytes() == data[: found.chains[-1].stop]


@pytest.mark.parametrize("name", ["linux-v3/pacct-v3", "cookie/le.cookie"])
def test_a_file_that_grows_is_never_called_damaged_for_that(tmp_path: Path, name: str) -> None:
    data, path = (CORPORA / name).read_bytes(), tmp_path / "growing"
    ends = sorted(int(end) for end in scan(data).records["offset"].tolist())[1:]
    path.write_bytes(data[: ends[3]])
    done = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for start, stop in pairwise([*ends[3:], len(data)]):
                half = (start + stop) // 2 if start % 3 else stop  # now and then a whole record at once
                for part in (data[start:half], data[half:stop]):
                    file.write(part)
                    time.sleep(0.0005)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    causes: set[str | None] = set()
    try:
        while not done.is_set():
            found = scan(path)
            assert found.size <= path.stat().st_size
            own = [end for end in (0, *ends, len(data)) if end <= found.size]
            assert found.chains[-1].stop == own[-1]
            assert len(found.gaps) == (own[-1] < found.size)
            causes |= {gap.cause for gap in found.gaps}
            unfinished = {gap.cause for gap in found.gaps} == {"truncated tail"}
            assert found.whole is not unfinished
    finally:
        writer.join()
    assert causes <= {"write in progress", "truncated tail"}
    assert scan(path).whole


def test_a_file_that_shrank_is_a_source_error(path: Path) -> None:
    with open_source(path) as source:
        os.truncate(path, 10)
        assert source.read(0, 10) == DATA[:10]
        with pytest.raises(SourceError, match="shrank"):
            source.read(0, 11)
        with pytest.raises(SourceError, match="shrank"):
            source.sha256()


def test_short_preads_are_put_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: pread(fd, min(size, 7), at))
    with open_source(path) as source:
        assert source.read(1, 100) == DATA[1:100]


@pytest.mark.parametrize("piece", [1, 7, 256, 1 << 22])
def test_the_hash_is_that_of_the_whole_input_in_pieces_of_any_size(path: Path, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", piece)
    for evidence in (path, DATA):
        with open_source(evidence) as source:
            source.start_hash()
            assert source.sha256() == source.sha256() == hashlib.sha256(DATA).hexdigest()


def test_an_empty_file_is_a_source_of_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with open_source(tmp_path / "empty") as source:
        assert (source.size, source.read(0, 9)) == (0, b"")
        assert source.sha256() == hashlib.sha256().hexdigest()


def test_a_file_is_closed_at_the_end_of_the_block_even_while_hashed(path: Path) -> None:
    with open_source(path) as source:
        source.start_hash()
        fd = source.fd
        assert fd is not None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_the_file_is_opened_read_only_and_not_inherited(path: Path) -> None:
    with open_source(path) as source:
        assert source.fd is not None
        assert not os.get_inheritable(source.fd)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(source.fd, b"x")
    assert path.read_bytes() == DATA


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path / 'none'}: no such file"


def test_a_folder_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a directory"


def test_a_file_not_permitted_is_said_in_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert str(caught.value) == f"{path}: permission denied"


def test_a_fifo_is_spooled_and_can_be_read_at_any_offset(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(DATA,))
    writer.start()
    with open_source(fifo) as source:
        writer.join()
        assert (source.name, source.size, source.fd_stat) == (str(fifo), len(DATA), None)
        assert source.read(100, 105) + source.read(2, 4) == DATA[100:105] + DATA[2:4]


def test_standard_input_is_spooled(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, DATA)
    os.close(writing)
    with os.fdopen(reading, "r") as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        with open_source("-") as source:
            assert (source.name, source.size) == ("-", len(DATA))
            assert source.read(0, len(DATA)) == DATA


def test_a_pipe_is_read_once_and_its_bytes_can_be_opened_again_and_again(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(DATA,))
    writer.start()
    told: list[int] = []
    with open_source(fifo, told.append) as first:
        writer.join()
    fifo.unlink()
    for source in (first, open_source(first), open_source(open_source(first))):
        with open_source(source) as again:
            assert (again.name, again.size, again.read(0, 1 << 20)) == (str(fifo), len(DATA), DATA)
            assert again.sha256() == hashlib.sha256(DATA).hexdigest()
    assert sum(told) == len(DATA)


def test_a_scan_and_a_repair_of_a_pipe_give_their_records_later(tmp_path: Path) -> None:
    from acctrecover import repair, scan

    sample = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    for name in ("scan", "repair"):
        fifo = tmp_path / name
        os.mkfifo(fifo)
        writer = threading.Thread(target=fifo.write_bytes, args=(sample,))
        writer.start()
        found = scan(fifo) if name == "scan" else repair(fifo, tmp_path / "out").scan
        writer.join()
        assert (found.name, len(found.records)) == (str(fifo), 218)
    assert (tmp_path / "out").read_bytes() == sample


def test_a_source_whose_hashing_was_interrupted_at_its_start_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), open_source(bytes(SMALL + 1)) as source:
        source.start_hash()
    with open_source(bytes(SMALL)) as source:  # which takes no thread
        assert source.sha256() == hashlib.sha256(bytes(SMALL)).hexdigest()


def test_what_a_pipe_gave_is_let_go_with_its_last_source(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(DATA,))
    writer.start()
    with open_source(fifo) as source:
        writer.join()
        fd = source.fd
    assert fd is not None
    os.fstat(fd)
    del source
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_file_sent_to_standard_input_is_read_in_place_unless_some_of_it_was_taken(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with open_source("-") as source:
            assert (source.size, source.read(0, 9)) == (len(DATA), DATA[:9])
            assert source.fd_stat is not None
            assert os.path.samestat(source.fd_stat, path.stat())
        with open_source(source) as again:
            assert again.read(0, 9) == DATA[:9]
        os.lseek(file.fileno(), 100, os.SEEK_SET)
        with open_source("-") as source:
            assert (source.size, source.read(0, 9)) == (len(DATA) - 100, DATA[100:109])


def test_a_file_that_claims_no_bytes_but_has_some_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_source("/proc/self/stat") as source:
        assert source.size > 0
        assert source.read(0, 99).startswith(str(os.getpid()).encode())


def test_a_spool_that_has_no_room_is_told_from_a_pipe_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    (tmp_path / "empty").touch()
    with pytest.raises(SourceError, match=r"cannot be kept in .*: no space left on device; TMPDIR"):
        open_source(tmp_path / "empty")


def test_a_closed_source_opens_the_same_file_again_or_says_that_another_has_its_name(path: Path) -> None:
    with open_source(path) as source:
        pass
    with path.open("ab") as file:
        file.write(b"more")
    with open_source(source) as again:
        assert (again.size, again.read(0, 1 << 20)) == (len(DATA), DATA)
    path.rename(path.with_suffix(".1"))
    path.write_bytes(DATA)
    with pytest.raises(SourceError, match="another file has taken its name"):
        open_source(source)


def test_an_open_source_is_read_on_though_its_file_was_rotated_away(path: Path) -> None:
    with open_source(path) as source:
        path.rename(path.with_suffix(".1"))
        path.write_bytes(b"new")
        with open_source(source) as again:
            assert again.read(0, 1 << 20) == DATA
        assert source.read(0, 9) == DATA[:9]


def test_a_closed_source_of_a_file_cannot_be_read(path: Path) -> None:
    with open_source(path) as source:
        pass
    with pytest.raises(SourceError, match="bad file descriptor"):
        source.read(0, 1)


def test_reading_leaves_the_access_time_alone(path: Path) -> None:
    os.utime(path, (1, 1))
    with open_source(path) as source:
        assert source.read(0, 9) == DATA[:9]
    assert path.stat().st_atime == 1


def test_the_file_of_an_input_is_seen_without_opening_it(tmp_path: Path, path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for where in (path, tmp_path / "fifo"):
        status = file_of(where)
        assert status is not None
        assert os.path.samestat(status, where.stat())
    assert file_of(DATA) is None
    assert file_of(tmp_path / "none") is None


def test_a_failure_to_read_that_is_none_of_a_place_is_said_in_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(fd: int, size: int, at: int) -> bytes:
        raise OSError(116, "Stale file handle")

    with open_source(path) as source:
        monkeypatch.setattr(os, "pread", broken)
        with pytest.raises(SourceError) as caught:
            source.read(16, 32)
    assert str(caught.value) == f"{path}: stale file handle at 0x10"


def test_standard_input_that_cannot_be_read_is_a_source_error(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    with path.open("a") as unreadable:
        monkeypatch.setattr(sys, "stdin", unreadable)
        with pytest.raises(SourceError, match=r"^-: "):
            open_source("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match=r"^-: "):
        open_source("-")


def test_a_character_device_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^/dev/zero: "):
        open_source("/dev/zero")


def test_a_socket_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as plug:
        plug.bind(f"{folder}/s")
        with pytest.raises(SourceError, match="/s: "):
            open_source(f"{folder}/s")
