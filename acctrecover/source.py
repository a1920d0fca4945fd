"""Evidence as bytes: opened read-only, its size taken once, read by offset."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import BinaryIO

from acctrecover.elf import Core
from acctrecover.errors import SourceError
from acctrecover.ewf import Image, is_image
from acctrecover.look import is_core, look
from acctrecover.packed import Break, Packed, Part
from acctrecover.packings import LEAD, packing_of
from acctrecover.pread import pread
from acctrecover.remote import is_url, path_of
from acctrecover.served import Served
from acctrecover.spool import PIECE, Descriptor, Held, copy, keep
from acctrecover.voids import ELSEWHERE, ERROR, HOLE, OUTSIDE, Voids

NULS = bytes(PIECE)
UNPACKED, RATIO = 1 << 30, 100
"""Bytes that a compressed file may become: so many, and so many for each of its own."""
CLOSED = -1
"""The descriptor of a closed Source: reading it fails."""
SMALL = 1 << 18
"""Bytes up to which an input is hashed in less time than a thread takes to start."""
MOST_HASHED = 1 << 40
"""Bytes of voids up to which an input is hashed: holes, as NUL bytes at the speed of SHA-256, take some ten minutes then."""


class Source:
    """An input of `size` bytes, fixed when it was opened: a file that grows is never read beyond.

    `name` is the path as given, "-" for standard input, "<bytes>" for bytes. `fd_stat` is the file's os.stat_result,
    None where there is no file. A Source is evidence itself: `open_source` opens the same bytes once more, also after this
    one was closed; those of a pipe were read once and are `held` as long as a Source of them is. What a compressed file holds
    is held, too, and `packed` tells of the file. What is behind a URL, and the medium of an EWF `image`, is served by offset.

    `voids` are the ranges without bytes of their own, which read as NUL bytes; read errors join them as they are met.
    Of a `core` only the memory in it is looked at. `start` and `stop` are the window that is asked for: what lies outside is void,
    offsets stay those of the input; `asked` are the options of a command that looks at the same.
    """

    packed: Packed | None = None
    image: Image | None = None
    md5 = ""
    """That of the medium of an image, once it is hashed."""

    def __init__(
        self, name: str, size: int, fd: int | None, data: bytes | Served, fd_stat: os.stat_result | None, held: Held | None = None
    ) -> None:
        self.name, self.size, self.fd, self.data, self.fd_stat, self.held = name, size, fd, data, fd_stat, held
        self.start, self.stop = 0, size
        self.asked: tuple[str, ...] = ()
        self.core: Core | None = None
        self.voids = Voids()
        self._digest = ""
        self._hashed = 0
        self._failure: SourceError | None = None
        self._hasher: threading.Thread | None = None
        self._closing = self._settled = False

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._closing = True
        if self._hasher is not None:
            self._hasher.join()
        if self.fd is not None and self.fd != CLOSED and self.held is None:
            os.close(self.fd)
            self.fd = CLOSED

    def again(self) -> Source:
        """Another Source of the same bytes. Raises SourceError where another file has taken the name meanwhile."""
        if self.held is not None or self.fd_stat is None:
            return self._same(self.fd)
        if self.fd is not None and self.fd != CLOSED:
            return self._same(os.dup(self.fd))
        with open_source(self.name, most=0) as other:
            if other.fd_stat is None or other.fd is None or not os.path.samestat(self.fd_stat, other.fd_stat):
                raise SourceError(f"{self.name}: another file has taken its name since it was first read")
            return self._same(os.dup(other.fd))

    def _same(self, fd: int | None) -> Source:
        return self._seen_by(Source(self.name, self.size, fd, self.data, self.fd_stat, self.held))

    def _seen_by(self, other: Source) -> Source:
        """Another Source of the same bytes, of which the same is looked at."""
        other.start, other.stop, other.asked, other.voids, other.core = self.start, self.stop, self.asked, self.voids, self.core
        other.packed, other.image = self.packed, self.image
        return other

    def limit(self, start: int, stop: int) -> None:
        """Look at no more than the window [start, stop) of the input."""
        self.start, self.stop = min(max(start, 0), self.size), min(stop, self.size)
        self.voids = Voids([(0, self.start, OUTSIDE), (self.stop, self.size, OUTSIDE), *self.voids])

    def solid(self, start: int, stop: int, least: int = 1) -> list[tuple[int, int]]:
        """The parts of [start, stop), clamped to the input, without voids of at least so many bytes: see Voids.solid."""
        return self.voids.solid(max(0, start), min(stop, self.size), least)

    @property
    def unhashed(self) -> str:
        """Why there is no digest of the input; "" where there is one."""
        if self.core is not None and self.fd_stat is not None and self.fd_stat.st_blocks == 0:
            return "a system's memory changes while it is read"
        if sum(high - low for low, high, _ in self.voids.within(self.start, self.stop)) > MOST_HASHED:
            return f"more than {MOST_HASHED >> 40} TiB of it have no bytes of their own"
        return ""

    @property
    def partial(self) -> bool:
        """Whether only a part of the file is looked at: a window of it, or the memory in a core."""
        return any(cause in ELSEWHERE for _, _, cause in self.voids)

    @property
    def room(self) -> int:
        """The bytes of the input that are no void, at least 1: where there is anything to be found."""
        return max(1, self.size - self.voids.size)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop), clamped to the input, those of voids NUL. Raises SourceError where the file shrank or fails
        to read otherwise than by a read error of a place."""
        start, stop = max(0, start), min(stop, self.size)
        if not self.voids.within(start, stop):
            return self._read(start, stop)
        out = bytearray(max(0, stop - start))
        for low, high in self.voids.solid(start, stop):
            out[low - start : high - start] = self._read(low, high)
        return bytes(out)

    def _read(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop) of the file itself."""
        if self.fd is not None:
            return pread(self.name, self.fd, start, stop, self.voids)
        octets = self.data[start:stop]
        for place in self.data.unread if isinstance(self.data, Served) else ():
            self.voids.add(*place, ERROR)
        return octets

    def later(self, start: int, stop: int) -> bytes:
        """What the file holds of [start, stop) by now, also beyond the size it was opened with; nothing where it has not grown."""
        if self.fd is None or self.fd == CLOSED or not stat.S_ISREG(os.fstat(self.fd).st_mode):
            return b""
        return os.pread(self.fd, stop - start, start) if os.fstat(self.fd).st_size > self.size else b""

    def start_hash(self) -> None:
        """Begin to hash the input in another thread; a small one is hashed at once."""
        if self.stop - self.start <= SMALL and not self._settled:
            self._hash()
            self._settled = True
        elif self._hasher is None and not self._settled:
            hasher = threading.Thread(target=self._hash, daemon=True)
            hasher.start()
            self._hasher = hasher  # not before: an interrupt between would leave one that cannot be joined

    def sha256(self, progress: Callable[[int], None] = lambda done: None) -> str:
        """The SHA-256 in hex of the input, or of the window that is asked for; waits for it. Voids that the file has bytes for are
        in it with these, holes and read errors as NUL bytes; it is "" for what is `unhashed`.

        Raises SourceError where the input cannot be read to its end. `progress` is told of the bytes of voids, which take no time
        but this.
        """
        self.start_hash()
        told = 0
        while self._hasher is not None and self._hasher.is_alive():
            self._hasher.join(0.2 if self.voids.size else None)
            done = self.voids.size * self._hashed // max(1, self.stop - self.start)
            progress(done - told)
            told = done
        if self._failure is not None:
            raise self._failure
        return self._digest

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files that the stream was put together from; none where it is one file as it stands. Raises what `sha256` does."""
        return () if self.packed is None else (Part(self.name, 0, self.size, self.sha256(), self.packed),)

    @property
    def broke(self) -> list[tuple[str, Break]]:
        """(file, where it broke) of compressed files."""
        return [(self.name, each) for each in self.packed.breaks] if self.packed is not None else []

    @property
    def files(self) -> list[os.stat_result | None]:
        """The status of each file that the bytes come from, None for what is no file."""
        return [self.fd_stat, *(self.data.files if isinstance(self.data, Served) else ())]

    def _hash(self) -> None:
        if self.unhashed:
            return
        state = hashlib.sha256()
        other = hashlib.md5(usedforsecurity=False) if self.image is not None and self.stop - self.start == self.size else None
        try:
            for octets in self.hashed():
                if self._closing:
                    return
                state.update(octets)
                if other is not None:
                    other.update(octets)
                self._hashed += len(octets)
        except SourceError as error:
            self._failure = error
        self._digest = state.hexdigest()
        self.md5 = "" if other is None else other.hexdigest()

    def hashed(self) -> Iterator[bytes | memoryview]:
        """The bytes of the input, or of its window, as they are hashed. Raises SourceError as `read` does."""
        for at in range(self.start, self.stop, PIECE):
            stop = min(at + PIECE, self.stop)
            for low, high, cause in self.voids.within(at, stop):
                if cause in (HOLE, ERROR):
                    yield self._read(at, low)
                    yield memoryview(NULS)[: high - low]
                    at = high
            yield self._read(at, stop)


Evidence = str | os.PathLike[str] | bytes | bytearray | memoryview | Source


def files_of(evidence: Evidence) -> list[os.stat_result | None]:
    """The status of each file that an input consists of, as `file_of` has it."""
    return evidence.files if isinstance(evidence, Source) else [file_of(evidence)]


def file_of(evidence: Evidence) -> os.stat_result | None:
    """The status of the file that an input is, without opening it; None where there is none to be seen."""
    if isinstance(evidence, Source):
        return evidence.fd_stat
    if isinstance(evidence, bytes | bytearray | memoryview):
        return None
    try:
        return os.fstat(_standard_input()) if os.fspath(evidence) == "-" else os.stat(path_of(os.fspath(evidence)))
    except (OSError, SourceError):
        return None


def open_source(evidence: Evidence, progress: Callable[[int], None] = lambda done: None, most: int | None = None) -> Source:
    """Open a path, "-" (standard input), bytes or a Source. Raises SourceError in one line for whatever cannot be read.

    What has no length of its own, as a pipe, is copied to a temporary file first; `progress` is told of the bytes. A file or
    pipe that gzip, bzip2, xz or zstd compressed is decompressed into one: all that can be read of it, up to `most` bytes
    (default: UNPACKED, and RATIO times its own size; with 0 it stays as it is); `packed` has where it broke. Bytes and block
    devices stay as they are. A URL is read by ranges, or as a pipe is where its server has none; of an EWF image the medium is.
    """
    if isinstance(evidence, Source):
        return evidence.again()
    if isinstance(evidence, bytes | bytearray | memoryview):
        data = bytes(evidence)
        return _seen(Source("<bytes>", len(data), None, data, None))
    name = os.fspath(evidence)
    if name == "-":
        fd = os.dup(_standard_input())
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and status.st_size and os.lseek(fd, 0, os.SEEK_CUR) == 0:
            return _unpacked(Source(name, status.st_size, fd, b"", status, Held(fd)), progress, most)
        return _unpacked(_spooled(name, fd, progress), progress, most)
    if is_url(name):
        from acctrecover.remote import remote

        behind = remote(name)
        if isinstance(behind, Served):
            return _unpacked(Source(name, behind.size, None, behind, None), progress, most)
        return _unpacked(_held(name, partial(copy, behind, progress), None), progress, most)
    fd = _opened(name)
    status = os.fstat(fd)
    proc = stat.S_ISREG(status.st_mode) and not status.st_size and not is_core(fd)
    if stat.S_ISFIFO(status.st_mode) or proc:  # /proc says 0 of all it has
        return _unpacked(_spooled(name, fd, progress), progress, most)
    if stat.S_ISREG(status.st_mode):
        source = Source(name, status.st_size, fd, b"", status)
        return _medium(source, most) if is_image(source.read(0, LEAD)) else _unpacked(source, progress, most)
    if stat.S_ISBLK(status.st_mode):
        return Source(name, os.lseek(fd, 0, os.SEEK_END), fd, b"", status)
    os.close(fd)
    raise SourceError(f"{name}: is " + ("a directory" if stat.S_ISDIR(status.st_mode) else "no file, block device or pipe"))


def _medium(raw: Source, most: int | None) -> Source:
    """What an EWF image holds; with `most` 0 the file itself where that cannot be had."""
    from acctrecover.ewf import medium  # few inputs are images

    try:
        served, image = medium(raw.name)
    except SourceError:
        if most == 0:
            return _seen(raw)
        with raw:
            raise
    with raw:
        source = Source(raw.name, served.size, None, served, None)
        source.image = image
        return _seen(source)


def _seen(source: Source) -> Source:
    """A file or bytes with what is to be seen of them at once: the holes of a sparse file, the memory in a core."""
    source.size, source.core, source.voids = look(source.fd, source.data, source.size)
    source.stop = source.size
    return source


def _standard_input() -> int:
    try:
        return sys.stdin.buffer.fileno()
    except (AttributeError, OSError, ValueError):
        raise SourceError("-: there is no standard input") from None


def _opened(name: str) -> int:
    """A descriptor to read a file by, without a new access time where its owner or root asks."""
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        try:
            return os.open(name, flags | getattr(os, "O_NOATIME", 0))
        except PermissionError:
            return os.open(name, flags)
    except FileNotFoundError:
        raise SourceError(f"{name}: no such file") from None
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or 'cannot be opened').lower()}") from None


def _spooled(name: str, fd: int, progress: Callable[[int], None]) -> Source:
    """All that a descriptor still gives, in a temporary file without a name; the descriptor is closed."""

    try:
        return _held(name, partial(copy, Descriptor(name, fd), progress), None)
    finally:
        os.close(fd)


def unpacked(source: Source, most: int | None) -> Source:
    """What is in a compressed file that was opened with `most` 0, at most so many bytes, as `open_source` has it."""
    return _unpacked(source.again(), lambda done: None, None if most is None else max(1, most))


def _unpacked(raw: Source, progress: Callable[[int], None], most: int | None) -> Source:
    """What a compressed file holds, in a temporary file without a name; the source itself where it is not compressed. Either with
    what is to be seen of it."""
    packing = packing_of(raw.read(0, LEAD))
    if packing is None or most == 0:
        source = _seen(raw)
        source.asked = ("--most", "0") if packing is not None else ()
        return source
    from acctrecover.decoders import MissingError  # few inputs are compressed
    from acctrecover.unpacking import Unpacking

    limit = UNPACKED + RATIO * raw.size if most is None else most
    with raw:
        raw.start_hash()
        found: list[Unpacking] = []

        def fill(spool: BinaryIO) -> None:
            found.append(Unpacking(raw.read, raw.size, packing, spool, limit, progress))
            found[0].run()

        try:
            source = _seen(_held(raw.name, fill, raw.fd_stat))
        except MissingError as error:
            raise SourceError(f"{raw.name}: {error}") from None
        source.asked = () if most is None else ("--most", str(most))
        source.packed = Packed(packing.name, raw.size, raw.sha256(), found[0].members, tuple(found[0].breaks))
        return source


def _held(name: str, fill: Callable[[BinaryIO], None], status: os.stat_result | None) -> Source:
    """A source of what `fill` writes to a temporary file without a name."""
    held = keep(name, fill)
    return Source(name, os.fstat(held.fd).st_size, held.fd, b"", status, held)
