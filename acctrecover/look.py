"""What is to be seen of a file at once: where it ends, the memory in a core, the holes of a sparse file."""

from __future__ import annotations

import os
from functools import partial

from acctrecover.elf import Core, read_core
from acctrecover.served import Served
from acctrecover.voids import Voids, holes


def look(fd: int | None, data: bytes | Served, claimed: int) -> tuple[int, Core | None, Voids]:
    """(size, core, voids) of the file behind a descriptor, or of bytes where there is none.

    `claimed` is the size that its status tells. That of /proc/kcore is not where it ends: the program headers tell.
    """
    core = read_core((lambda start, stop: data[start:stop]) if fd is None else partial(_lead, fd))
    size, voids = claimed, Voids()
    if core is not None:
        size = claimed if fd is None else _end(fd, core.segments[-1].stop, claimed)
        core = core.cut(size)
        voids = Voids(core.voids(size))
    for hole in holes(fd, size) if fd is not None else []:
        voids.add(*hole)
    return size, core, voids


def is_core(fd: int) -> bool:
    """Whether a file is an ELF core that holds memory."""
    return read_core(partial(_lead, fd)) is not None


def _lead(fd: int, start: int, stop: int) -> bytes:
    """As much of [start, stop) as one call gives; nothing where it fails."""
    try:
        return os.pread(fd, stop - start, start)
    except (OSError, OverflowError):
        return b""


def _end(fd: int, told: int, claimed: int) -> int:
    """Where a core ends: at the furthest of both places that there is a byte before."""
    return next((size for size in sorted((told, claimed), reverse=True) if size and _lead(fd, size - 1, size)), claimed)
