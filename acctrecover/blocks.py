"""The blocks of a bzip2 file one by one: each begins at any bit with a mark and has a checksum of its own."""

from __future__ import annotations

from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator

from acctrecover.decoders import BROKEN
from acctrecover.packings import BLOCK, END

Read = Callable[[int, int], bytes]
WINDOW = 1 << 20
"""Bytes in which marks are looked for at once."""
LONGEST = 1 << 21
"""Bytes that a block never reaches: 900,000 before the last step of the compression, which random bytes lengthen little."""
MARK_BITS = 48
END_BITS = MARK_BITS + 32
"""The mark behind the last block, and the checksum over all blocks."""


def marks(read: Read, size: int, start: int) -> Iterator[tuple[int, bool]]:
    """(bit, whether a block begins there; else the last one has ended) of every mark from byte `start` on, in order."""
    for low in range(start, size, WINDOW):
        data = read(low, low + WINDOW + 6)
        found = []
        for mark in (BLOCK, END):
            value = int.from_bytes(mark)
            for shift in range(8):
                laid = (value << 8 - shift).to_bytes(7)
                core, at = laid[1:6], 0
                while (at := data.find(core, at + 1)) > 0:
                    bits = int.from_bytes(data[at - 1 : at + 6].ljust(7, b"\0")) >> 8 - shift
                    if bits & (1 << MARK_BITS) - 1 == value and at <= WINDOW and at + 5 + bool(shift) <= len(data):
                        found.append((8 * (low + at - 1) + shift, mark == BLOCK))
        yield from sorted(found)


def block(read: Read, start: int, stop: int) -> tuple[bytes, int]:
    """What the block of bits [start, stop) holds, and the bit it ended at; nothing where it is cut or its checksum is wrong."""
    data = _shifted(read, start, min(stop, start + 8 * LONGEST))
    for step in (len(data), 1):  # byte by byte where other bits than a mark follow it
        decoder = BZ2Decompressor()
        decoder.decompress(b"BZh9")
        try:
            for at in range(0, len(data), step):
                if out := decoder.decompress(data[at : at + step]):
                    outs = [out]
                    while more := decoder.decompress(b""):
                        outs.append(more)
                    return b"".join(outs), stop if step > 1 else start + 8 * (at + 1)
        except BROKEN:
            pass
    return b"", start


def _shifted(read: Read, start: int, stop: int) -> bytes:
    """Bits [start, stop) as bytes, the last one filled up with what follows."""
    size = -(-(stop - start) // 8)
    data = read(start // 8, start // 8 + size + 1).ljust(size + 1, b"\0")
    return (int.from_bytes(data) >> 8 - start % 8).to_bytes(size + 1)[-size:] if size else b""
