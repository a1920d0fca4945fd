"""The one reading that fits: undoing damage to a few bits where exactly one sound record results."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acctrecover.expr import fields_of
from acctrecover.framed import FramedDialect
from acctrecover.shape import Shape

Patch = tuple[int, bytes, bytes]


def difference(before: bytes, after: bytes, offset: int) -> tuple[Patch, ...]:
    """The bytes that differ, as (absolute offset, before, after), one patch a byte."""
    pairs = enumerate(zip(before, after, strict=True))
    return tuple((offset + i, bytes([b]), bytes([a])) for i, (b, a) in pairs if a != b)


def heal_fixed(shape: Shape, octets: bytes) -> bytes | None:
    """The record with its one broken rule mended, where one flipped bit does it in just one way."""
    failed = np.flatnonzero(shape.broken(np.frombuffer(octets, shape.dtype))[:, 0])
    if len(failed) != 1:
        return None
    expr = shape.rules[int(failed[0])][1]
    readings: set[bytes] = set()
    for name in fields_of(expr) - {"_big_endian"}:
        start = shape.dtype.fields[name][1]  # type: ignore[index]
        for byte in range(start, start + shape.dtype[name].itemsize):
            for bit in range(8):
                trial = bytearray(octets)
                trial[byte] ^= 1 << bit
                readings.add(bytes(trial))
    trials = sorted(readings)
    good = shape.valid(np.frombuffer(b"".join(trials), shape.dtype))
    return trials[int(np.argmax(good))] if int(good.sum()) == 1 else None


def framed_readings(dialect: FramedDialect, octets: bytes) -> list[bytes]:
    """The sound records that fill these bytes exactly once one byte of the cookie, one bit of the type or the length that the
    type always has is put right. To heal is right only where there is just one.

    A header that is sound as it stands is left alone: what says that its length is wrong may be missing bytes as well.
    """
    return [trial for trial in _headers(dialect, octets) if dialect.fits(np.frombuffer(trial, np.uint8))]


def _headers(dialect: FramedDialect, octets: bytes) -> Iterator[bytes]:
    (mark, mark_end), (kind, kind_end), (room, room_end) = dialect.places
    if len(octets) < dialect.head:
        return
    wrong = sum(a != b for a, b in zip(octets[mark:mark_end], dialect.opening, strict=True))
    if wrong == 1:
        yield octets[:mark] + dialect.opening + octets[mark_end:]
    elif not wrong and dialect.shape_at(np.frombuffer(octets, np.uint8), 0) is None:
        number = int.from_bytes(octets[kind:kind_end], "big" if dialect.big else "little")
        length = len(octets) - dialect.head
        if dialect.low[number] == dialect.high[number] == length:
            yield octets[:room] + length.to_bytes(room_end - room, "big" if dialect.big else "little") + octets[room_end:]
        for byte in range(kind, kind_end):
            yield from (octets[:byte] + bytes([octets[byte] ^ 1 << bit]) + octets[byte + 1 :] for bit in range(8))
