"""Relay sub-buffers: a stream cut into blocks of one size, each with the count of its padding before it, put together again."""

from __future__ import annotations

import struct
from functools import partial
from itertools import accumulate

import numpy as np

from acctrecover.undone import Offsets, Undone

HEAD = 4
"""Bytes of a padding count, a native unsigned int (Documentation/filesystems/relay.rst)."""
SIZES = tuple(1 << bits for bits in range(9, 18))
"""Sub-buffers looked for, in bytes: powers of two, of which a sample must hold two."""
LEAST = 2
MOST = 0.75
"""The share of the counts that must agree with their padding: the rest may be damaged."""


def sub_buffers(sample: bytes) -> list[tuple[int, bool]]:
    """(size, big-endian) of the sub-buffers that the start of a file may be made of, the largest first.

    Nearly all padding counts but the last are neither 0 nor too large and stand for NUL bytes, as on a ring's first lap.
    """
    out = []
    for size in reversed(SIZES):
        blocks = np.frombuffer(sample[: len(sample) // size * size], np.uint8).reshape(-1, size)
        if len(blocks) < LEAST:
            continue
        for big in (False, True):
            counts = np.ascontiguousarray(blocks[:, :HEAD]).view(">u4" if big else "<u4").ravel()[:-1].astype(np.int64)
            pairs = zip(blocks, counts.tolist(), strict=False)
            padded = sum(0 < count <= size - HEAD and not block[size - count :].any() for block, count in pairs)
            if padded >= MOST * len(counts):
                out.append((size, big))
    return out


def undo_relay(data: bytes, size: int, big: bool) -> Undone:
    """The payloads of sub-buffers of `size` bytes one behind the other; one whose count cannot be is taken whole."""
    parts, places, left = [], [], 0
    for at in range(0, len(data), size):
        block = data[at : at + size]
        count = struct.unpack(">I" if big else "<I", block[:HEAD])[0] if len(block) >= HEAD else 0
        kept = len(block) - count if HEAD + count <= len(block) else len(block)
        parts.append(block[HEAD:kept])
        places.append(at + HEAD)
        left += len(block) - kept
    starts = np.array([0, *accumulate(map(len, parts))], np.int64)
    ends = np.array([*places, places[-1] + len(parts[-1]) if places else 0], np.int64)
    detail = f"{len(parts)} relay sub-buffers of {size} bytes, {left} of them padding"
    step = {"do": "keep", "parts": [[at, at + len(part)] for at, part in zip(places, parts, strict=True)]}
    return Undone(b"".join(parts), partial(_place, starts, ends), 0, len(data), True, detail, steps=(step,))


def _place(starts: Offsets, places: Offsets, offsets: Offsets) -> Offsets:
    at = np.searchsorted(starts, offsets, "right") - 1
    return np.asarray(places[at] + offsets - starts[at], np.int64)
