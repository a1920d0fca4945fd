"""Pages of this process that nothing can read, for true read errors: /proc/self/mem gives EIO for them."""

from __future__ import annotations

import ctypes
import mmap
import tempfile

MAP_FIXED = 0x10


def address(room: mmap.mmap) -> int:
    """Where a mapping is, and so at which offset of /proc/self/mem its bytes stand."""
    return ctypes.addressof(ctypes.c_char.from_buffer(room))


def make_unreadable(start: int, size: int) -> None:
    """Put pages that lie behind the end of an empty file in place of [start, start + size) of a mapping."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    with tempfile.TemporaryFile() as empty:
        how = ctypes.c_size_t(size), mmap.PROT_READ, mmap.MAP_SHARED | MAP_FIXED, empty.fileno(), ctypes.c_long(0)
        assert libc.mmap(ctypes.c_void_p(start), *how) == start
