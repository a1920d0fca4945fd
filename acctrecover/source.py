"""Evidence as bytes: opened read-only, its size taken once, read by offset."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO

from acctrecover.errors import SourceError
from acctrecover.packed import Break, Packed, Part
from acctrecover.packings import LEAD, packing_of

PIECE = 1 << 22
"""Bytes read at once when the whole input is hashed or a pipe is emptied."""
UNPACKED, RATIO = 1 << 30, 100
"""Bytes that a compressed file may become: so many, and so many for each of its own."""
CLOSED = -1
"""The descriptor of a closed Source: reading it fails."""


class Held:
    """An open file that no name leads back to; closed when nothing refers to it any more."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)


class Source:
    """An input of `size` bytes, fixed when it was opened: a file that grows is never read beyond.

    `name` is the path as given, "-" for standard input, "<bytes>" for bytes. `fd_stat` is the file's os.stat_result,
    None where there is no file. A Source is evidence itself: `open_source` opens the same bytes once more, also after this
    one was closed; those of a pipe were read once and are `held` as long as a Source of them is. What a compressed file holds
    is held, too, and `packed` tells of the file.
    """

    packed: Packed | None = None

    def __init__(
        self, name: str, size: int, fd: int | None, data: bytes, fd_stat: os.stat_result | None, held: Held | None = None
    ) -> None:
        self.name, self.size, self.fd, self.data, self.fd_stat, self.held = name, size, fd, data, fd_stat, held
        self._digest = ""
        self._failure: SourceError | None = None
        self._hasher: threading.Thread | None = None
        self._closing = False

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
            twin = Source(self.name, self.size, self.fd, self.data, self.fd_stat, self.held)
            twin.packed = self.packed
            return twin
        if self.fd is not None and self.fd != CLOSED:
            return Source(self.name, self.size, os.dup(self.fd), self.data, self.fd_stat)
        other = open_source(self.name, most=0)
        if other.fd_stat is None or not os.path.samestat(self.fd_stat, other.fd_stat):
            with other:
                raise SourceError(f"{self.name}: another file has taken its name since it was first read")
        other.size = self.size
        return other

    def read(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop), clamped to the input. Raises SourceError where the file shrank or fails to read."""
        start, stop = max(0, start), min(stop, self.size)
        if self.fd is None:
            return self.data[start:stop]
        parts = []
        while start < stop:
            try:
                part = os.pread(self.fd, stop - start, start)
            except OSError as error:
                raise SourceError(f"{self.name}: {(error.strerror or 'read error').lower()} at {start:#x}") from None
            if not part:
                raise SourceError(f"{self.name}: it shrank to {start:#x} bytes while it was read")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def later(self, start: int, stop: int) -> bytes:
        """What the file holds of [start, stop) by now, also beyond the size it was opened with; nothing where it has not grown."""
        if self.fd is None or self.fd == CLOSED or not stat.S_ISREG(os.fstat(self.fd).st_mode):
            return b""
        return os.pread(self.fd, stop - start, start) if os.fstat(self.fd).st_size > self.size else b""

    def start_hash(self) -> None:
        """Begin to hash the input in another thread."""
        if self._hasher is None:
            hasher = threading.Thread(target=self._hash, daemon=True)
            hasher.start()
            self._hasher = hasher  # not before: an interrupt between would leave one that cannot be joined

    def sha256(self) -> str:
        """The SHA-256 of the input in hex; waits for it. Raises SourceError where the input cannot be read to its end."""
        self.start_hash()
        if self._hasher is not None:
            self._hasher.join()
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
        return [self.fd_stat]

    def _hash(self) -> None:
        state = hashlib.sha256()
        try:
            for at in range(0, self.size, PIECE):
                if self._closing:
                    return
                state.update(self.read(at, at + PIECE))
        except SourceError as error:
            self._failure = error
        self._digest = state.hexdigest()


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
        return os.fstat(_standard_input()) if os.fspath(evidence) == "-" else os.stat(evidence)
    except (OSError, SourceError):
        return None


def open_source(evidence: Evidence, progress: Callable[[int], None] = lambda done: None, most: int | None = None) -> Source:
    """Open a path, "-" (standard input), bytes or a Source. Raises SourceError in one line for whatever cannot be read.

    What has no length of its own, as a pipe, is copied to a temporary file first; `progress` is told of the bytes. A file or
    pipe that gzip, bzip2, xz or zstd compressed is decompressed into one: all that can be read of it, up to `most` bytes
    (default: UNPACKED, and RATIO times its own size; with 0 it stays as it is); `packed` has where it broke. Bytes and block
    devices stay as they are.
    """
    if isinstance(evidence, Source):
        return evidence.again()
    if isinstance(evidence, bytes | bytearray | memoryview):
        data = bytes(evidence)
        return Source("<bytes>", len(data), None, data, None)
    name = os.fspath(evidence)
    if name == "-":
        fd = os.dup(_standard_input())
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and status.st_size and os.lseek(fd, 0, os.SEEK_CUR) == 0:
            return _unpacked(Source(name, status.st_size, fd, b"", status, Held(fd)), progress, most)
        return _unpacked(_spooled(name, fd, progress), progress, most)
    fd = _opened(name)
    status = os.fstat(fd)
    if stat.S_ISFIFO(status.st_mode) or (stat.S_ISREG(status.st_mode) and not status.st_size):  # /proc says 0 of all it has
        return _unpacked(_spooled(name, fd, progress), progress, most)
    if stat.S_ISREG(status.st_mode):
        return _unpacked(Source(name, status.st_size, fd, b"", status), progress, most)
    if stat.S_ISBLK(status.st_mode):
        return Source(name, os.lseek(fd, 0, os.SEEK_END), fd, b"", status)
    os.close(fd)
    raise SourceError(f"{name}: is " + ("a directory" if stat.S_ISDIR(status.st_mode) else "no file, block device or pipe"))


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

    def fill(spool: BinaryIO) -> None:
        while data := _next(name, fd):
            spool.write(data)
            progress(len(data))

    try:
        return _held(name, fill, None)
    finally:
        os.close(fd)


def _unpacked(raw: Source, progress: Callable[[int], None], most: int | None) -> Source:
    """What a compressed file holds, in a temporary file without a name; the source itself where it is not compressed."""
    packing = packing_of(raw.read(0, LEAD))
    if packing is None or most == 0:
        return raw
    from acctrecover.decoders import MissingError  # few inputs are compressed
    from acctrecover.unpacking import Unpacking

    most = UNPACKED + RATIO * raw.size if most is None else most
    with raw:
        raw.start_hash()
        found: list[Unpacking] = []

        def fill(spool: BinaryIO) -> None:
            found.append(Unpacking(raw.read, raw.size, packing, spool, most, progress))
            found[0].run()

        try:
            source = _held(raw.name, fill, raw.fd_stat)
        except MissingError as error:
            raise SourceError(f"{raw.name}: {error}") from None
        source.packed = Packed(packing.name, raw.size, raw.sha256(), found[0].members, tuple(found[0].breaks))
        return source


def _held(name: str, fill: Callable[[BinaryIO], None], status: os.stat_result | None) -> Source:
    """A source of what `fill` writes to a temporary file without a name."""
    folder = tempfile.gettempdir()
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        folder = "/var/tmp"  # made for what is large; /tmp is memory on many machines
    try:
        with tempfile.TemporaryFile(dir=folder) as spool:
            fill(spool)
            spool.flush()
            held = Held(os.dup(spool.fileno()))
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise SourceError(f"{name}: cannot be kept in {folder}: {reason}; TMPDIR names another folder") from None
    return Source(name, os.fstat(held.fd).st_size, held.fd, b"", status, held)


def _next(name: str, fd: int) -> bytes:
    try:
        return os.read(fd, PIECE)
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from None
