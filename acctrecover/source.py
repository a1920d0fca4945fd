"""Evidence as bytes: opened read-only, its size taken once, read by offset."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from acctrecover.errors import SourceError

PIECE = 1 << 22
"""Bytes read at once when the whole input is hashed."""

Evidence = str | os.PathLike[str] | bytes | bytearray | memoryview


class Source:
    """An input of `size` bytes, fixed when it was opened: a file that grows is never read beyond.

    `name` is the path as given, "-" for standard input, "<bytes>" for bytes. `fd_stat` is the file's os.stat_result,
    None where there is no file.
    """

    def __init__(self, name: str, size: int, fd: int | None, data: bytes, fd_stat: os.stat_result | None) -> None:
        self.name, self.size, self.fd, self.data, self.fd_stat = name, size, fd, data, fd_stat
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
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

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

    def start_hash(self) -> None:
        """Begin to hash the input in another thread."""
        if self._hasher is None:
            self._hasher = threading.Thread(target=self._hash, daemon=True)
            self._hasher.start()

    def sha256(self) -> str:
        """The SHA-256 of the input in hex; waits for it. Raises SourceError where the input cannot be read to its end."""
        self.start_hash()
        if self._hasher is not None:
            self._hasher.join()
        if self._failure is not None:
            raise self._failure
        return self._digest

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


def open_source(evidence: Evidence) -> Source:
    """Open a path, "-" (standard input) or bytes. Raises SourceError in one line for whatever cannot be read."""
    if isinstance(evidence, bytes | bytearray | memoryview):
        data = bytes(evidence)
        return Source("<bytes>", len(data), None, data, None)
    name = os.fspath(evidence)
    if name == "-":
        if sys.stdin is None:
            raise SourceError("-: there is no standard input")
        return _spooled(name, sys.stdin.buffer.fileno())
    if Path(name).is_dir():
        raise SourceError(f"{name}: is a directory")
    try:
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SourceError(f"{name}: no such file") from None
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or 'cannot be opened').lower()}") from None
    status = os.fstat(fd)
    if stat.S_ISFIFO(status.st_mode):
        try:
            return _spooled(name, fd)
        finally:
            os.close(fd)
    if stat.S_ISREG(status.st_mode):
        return Source(name, status.st_size, fd, b"", status)
    if stat.S_ISBLK(status.st_mode):
        return Source(name, os.lseek(fd, 0, os.SEEK_END), fd, b"", status)
    os.close(fd)
    raise SourceError(f"{name}: is no file, block device or pipe")


def _spooled(name: str, fd: int) -> Source:
    try:
        with tempfile.TemporaryFile() as spool, os.fdopen(os.dup(fd), "rb") as pipe:
            shutil.copyfileobj(pipe, spool, PIECE)
            spool.flush()
            kept = os.dup(spool.fileno())
    except OSError as error:
        raise SourceError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from None
    return Source(name, os.fstat(kept).st_size, kept, b"", None)
