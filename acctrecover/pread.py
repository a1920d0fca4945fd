"""The bytes of a descriptor; a place of which they cannot be read is stepped over, page by page."""

from __future__ import annotations

import errno
import mmap
import os

from acctrecover.errors import SourceError
from acctrecover.voids import ERROR, Voids

STEPPED_OVER = frozenset({errno.EIO, errno.EFAULT})
"""Errors of a place, not of the input."""


def pread(name: str, fd: int, start: int, stop: int, voids: Voids) -> bytes:
    """The bytes [start, stop) of the file `name`; NUL bytes for the pages that cannot be read, which `voids` get.

    Raises SourceError where the file ends before, or fails to be read otherwise.
    """
    parts = []
    while start < stop:
        part = _once(name, fd, start, stop)
        if part is None:
            page = min(stop, (start // mmap.PAGESIZE + 1) * mmap.PAGESIZE)
            part = _once(name, fd, start, page)
            if part is None:
                part = bytes(page - start)
                voids.add(start, page, ERROR)
        if not part:
            raise SourceError(f"{name}: it shrank to {start:#x} bytes while it was read")
        parts.append(part)
        start += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _once(name: str, fd: int, start: int, stop: int) -> bytes | None:
    """What one call gives of [start, stop); None where that place cannot be read."""
    try:
        return os.pread(fd, stop - start, start)
    except OSError as error:
        if error.errno in STEPPED_OVER:
            return None
        raise SourceError(f"{name}: {(error.strerror or 'read error').lower()} at {start:#x}") from None
