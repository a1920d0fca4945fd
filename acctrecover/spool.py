"""What can be read only once, in a temporary file without a name."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable
from typing import BinaryIO, Protocol

from acctrecover.errors import SourceError

PIECE = 1 << 22
"""Bytes read at once when a whole input is hashed or a pipe is emptied."""


class Held:
    """An open file that no name leads back to; closed when nothing refers to it any more."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)


class Readable(Protocol):
    """What is read to its end once."""

    def read(self, count: int, /) -> bytes: ...


class Descriptor:
    """A file descriptor whose failures name the input."""

    def __init__(self, name: str, fd: int) -> None:
        self.name, self.fd = name, fd

    def read(self, count: int, /) -> bytes:
        try:
            return os.read(self.fd, count)
        except OSError as error:
            raise SourceError(f"{self.name}: {(error.strerror or 'cannot be read').lower()}") from None


def copy(given: Readable, progress: Callable[[int], None], spool: BinaryIO) -> None:
    """All that it still gives; `progress` is told of the bytes."""
    while data := given.read(PIECE):
        spool.write(data)
        progress(len(data))


def keep(name: str, fill: Callable[[BinaryIO], None]) -> Held:
    """What `fill` writes, in a temporary file without a name. Raises SourceError where it cannot be kept, of the input `name`."""
    folder = tempfile.gettempdir()
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        folder = "/var/tmp"  # made for what is large; /tmp is memory on many machines
    try:
        with tempfile.TemporaryFile(dir=folder) as spool:
            fill(spool)
            spool.flush()
            return Held(os.dup(spool.fileno()))
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise SourceError(f"{name}: cannot be kept in {folder}: {reason}; TMPDIR names another folder") from None
