"""Inputs behind URLs: objects of stores and servers, read by ranges, whatever fsspec has a file system for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from acctrecover.errors import SourceError
from acctrecover.served import Served

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
HERE = ("file://", "local://")
"""What the URL of a file of this machine begins with."""


def is_url(name: str) -> bool:
    """Whether the name of an input is a URL, or a chain of them, and no file's."""
    return URL.match(name) is not None and not os.path.lexists(name)


def path_of(name: str) -> str:
    """The file that an input is read from, as far as a URL tells one; the name itself where it is none."""
    if not is_url(name):
        return name
    last = name.rsplit("::", 1)[-1]
    return next((last[len(lead) :] for lead in HERE if last.startswith(lead)), last)


def remote(name: str) -> Served | Stream:
    """The bytes behind a URL by offset; where they cannot be had by ranges, as a stream. Raises SourceError in one line."""
    try:
        import fsspec
    except ImportError:
        raise SourceError(f"{name}: to read what is behind a URL: pip install 'acctrecover[remote]'") from None
    with _blamed(name):
        filesystem, path = fsspec.core.url_to_fs(name)
        told = filesystem.info(path)
        if told["type"] == "directory":
            raise SourceError(f"{name}: is a directory")
        size = told.get("size")
        file: Any = filesystem.open(path, "rb", cache_type="none")
        if size is not None and not (size and _ranged(file, size)):
            file.close()
            size = None
            file = filesystem.open(path, "rb", block_size=0)
    if size is None:
        return Stream(name, file)

    def serve(start: int, stop: int) -> bytes:
        with _blamed(name):
            file.seek(start)
            octets: bytes = file.read(stop - start)
        if len(octets) != stop - start:
            raise SourceError(f"{name}: gave {len(octets):,} of {stop - start:,} bytes at {start:#x}")
        return octets

    return Served(serve, size)


def _ranged(file: Any, size: int) -> bool:
    """Whether the last byte can be had without those before it."""
    try:
        file.seek(size - 1)
        return len(file.read(1)) == 1
    except (OSError, ValueError):
        return False


class Stream:
    """An open file whose failures name the input."""

    def __init__(self, name: str, file: Any) -> None:
        self.name, self.file = name, file

    def read(self, count: int = -1) -> bytes:
        with _blamed(self.name):
            octets: bytes = self.file.read(count)
            return octets


@contextmanager
def _blamed(name: str) -> Iterator[None]:
    """Whatever a library raises, as one line."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:  # each file system has errors of its own
        cause = error.__cause__ if isinstance(error, FileNotFoundError) else None  # so it says that no server answers
        told = "no such file" if isinstance(error, FileNotFoundError) and cause is None else _words(cause or error)
        raise SourceError(f"{name}: {told}") from None


def _words(error: BaseException) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
