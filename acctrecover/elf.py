"""The memory in an ELF core of a process or a kernel: which bytes of the file it is, and at which addresses.

Read are the header, the program headers and, where there are too many of these to be counted there, one section header: System V
ABI, "Object Files" and "Program Loading". What is left out of a kernel's core, and why: fs/proc/kcore.c of Linux.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from acctrecover.voids import ABSENT, Void, Voids

MAGIC = b"\x7fELF"
LEAD = 64
"""Bytes of the longer of both headers."""
ET_CORE, PT_LOAD, PN_XNUM = 4, 1, 0xFFFF
MOST = 1 << 20
"""Program headers that are read; a process has at most 65,530 mappings unless its system is told otherwise."""
LAST = (1 << 63) - 1
"""The highest offset that a file can have."""
HEADERS = {1: ("HHIIIIIHHHHHH", "8I", 28), 2: ("HHIQQQIHHHHHH", "IIQQQQQQ", 44)}
"""By ELF class, 32 and 64 bits: the header behind its 16 bytes of identification, a program header, where sh_info stands."""


@dataclass(frozen=True)
class Segment:
    """Memory at [start, stop) of the file, from an address on."""

    start: int
    stop: int
    address: int


@dataclass(frozen=True)
class Core:
    """The memory of a core: disjoint segments in offset order, and how many bytes of it the file does not hold."""

    segments: Sequence[Segment]
    absent: int = 0

    @property
    def size(self) -> int:
        """The bytes of memory in the file."""
        return sum(segment.stop - segment.start for segment in self.segments)

    def address(self, offset: int) -> int | None:
        """The address of a byte of the file; None where it is no memory."""
        at = bisect_right(self.segments, offset, key=lambda segment: segment.start) - 1
        if at < 0 or offset >= self.segments[at].stop:
            return None
        return self.segments[at].address + offset - self.segments[at].start

    def voids(self, size: int) -> list[Void]:
        """What of a file of so many bytes is none of the memory."""
        edges = [0, *(edge for segment in self.segments for edge in (segment.start, segment.stop)), size]
        return [(low, high, ABSENT) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]

    def cut(self, size: int) -> Core:
        """The same of a file that ends after `size` bytes."""
        kept = [Segment(each.start, min(each.stop, size), each.address) for each in self.segments if each.start < size]
        return Core(kept, self.absent + self.size - Core(kept).size)


@dataclass(frozen=True)
class _Load:
    """A program header of memory, by its words."""

    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int


def read_core(read: Callable[[int, int], bytes]) -> Core | None:
    """The core whose bytes [start, stop) `read` gives, fewer at its end; None for what is no ELF core or holds no memory."""
    lead = read(0, LEAD)
    if lead[:4] != MAGIC or len(lead) < LEAD or lead[4] not in HEADERS or lead[5] not in (1, 2):
        return None
    mark = "<" if lead[5] == 1 else ">"
    header, entry, info = HEADERS[lead[4]]
    kind, _, _, _, phoff, shoff, _, _, phentsize, phnum, *_ = struct.unpack_from(mark + header, lead, 16)
    if kind != ET_CORE:
        return None
    if phnum == PN_XNUM:
        section = read(shoff + info, shoff + info + 4)
        phnum = struct.unpack(mark + "I", section)[0] if len(section) == 4 else PN_XNUM
    size = struct.calcsize(mark + entry)
    table = read(phoff, phoff + min(phnum * phentsize, MOST * size)) if phentsize >= size else b""
    words = (struct.unpack_from(mark + entry, table, at) for at in range(0, len(table) - size + 1, max(phentsize, 1)))
    loads = list(_loads(words, wide=lead[4] == 2))
    segments = sorted(_memory(loads, (1 << (64 if lead[4] == 2 else 32)) - 1), key=lambda segment: segment.start)
    return Core(segments, sum(max(0, load.memsz - load.filesz) for load in loads)) if segments else None


def _loads(rows: Iterator[tuple[int, ...]], *, wide: bool) -> Iterator[_Load]:
    for row in rows:
        offset, vaddr, paddr, filesz, memsz = row[2:7] if wide else row[1:6]
        if row[0] == PT_LOAD and filesz and offset + filesz <= LAST:
            yield _Load(offset, vaddr, paddr, filesz, memsz)


def _memory(loads: list[_Load], nowhere: int) -> Iterator[Segment]:
    """The segments of a core's memory, each byte of the file and, where physical addresses are told, each byte of RAM once.

    In a kernel's core what is at no physical address is no RAM, and reads as other pages that were read before; the kernel's text
    is RAM that stands in the direct map, too, which is the larger segment. A process's core tells no physical addresses.
    """
    kernel = any(load.paddr for load in loads)
    taken, seen = Voids(), Voids()
    for load in sorted(loads, key=lambda load: (-load.filesz, load.offset)):
        if kernel and load.paddr == nowhere:
            continue
        parts = [(0, load.filesz)]
        if kernel:
            parts = [(a - load.paddr, b - load.paddr) for a, b in seen.solid(load.paddr, load.paddr + load.filesz)]
            seen.add(load.paddr, load.paddr + load.filesz, "")
        for low, high in parts:
            for start, stop in taken.solid(load.offset + low, load.offset + high):
                yield Segment(start, stop, load.vaddr + start - load.offset)
            taken.add(load.offset + low, load.offset + high, "")
