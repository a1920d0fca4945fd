"""The one reading that fits: undoing damage to a few bits where exactly one sound record results."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acctrecover.dialect import FramedDialect
from acctrecover.expr import fields_of
from acctrecover.shape import Shape, equality

Patch = tuple[int, bytes, bytes]


def difference(before: bytes, after: bytes, offset: int) -> tuple[Patch, ...]:
    """The bytes that differ, as (absolute offset, before, after), one patch a byte."""
    pairs = enumerate(zip(before, after, strict=True))
    return tuple((offset + i, bytes([b]), bytes([a])) for i, (b, a) in pairs if a != b)


def heal_fixed(shape: Shape, octets: bytes) -> bytes | None:
    """The record with its one broken rule mended, where one bit (or the rule's own constant) does it in just one way."""
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
    constant = equality(expr, shape.big)
    if constant is not None:
        record = np.frombuffer(octets, shape.dtype).copy()
        record[constant[0]] = constant[1]
        readings.add(record.tobytes())
    trials = sorted(readings)
    good = shape.valid(np.frombuffer(b"".join(trials), shape.dtype))
    return trials[int(np.argmax(good))] if int(good.sum()) == 1 else None


def framed_readings(dialect: FramedDialect, octets: bytes) -> list[bytes]:
    """The sound records that fill these bytes exactly once one byte of the header is mended.

    One flipped bit is believed before a whole changed byte. To heal is right only where there is just one reading.
    """
    near: list[bytes] = []
    far: list[bytes] = []
    for trial in _headers(dialect, octets):
        if dialect.fits(np.frombuffer(trial, np.uint8)):
            flipped = sum((a ^ b).bit_count() for a, b in zip(octets[: dialect.head], trial, strict=False))
            (near if flipped == 1 else far).append(trial)
    return near or far


def _headers(dialect: FramedDialect, octets: bytes) -> Iterator[bytes]:
    """The bytes with one byte of their header changed to what cookie, length or any type would have there."""
    (mark, mark_end), (kind, kind_end), (room, room_end) = dialect.places
    length = (len(octets) - dialect.head).to_bytes(8, "little")[: room_end - room]
    ideal = bytearray(octets)
    ideal[mark:mark_end] = dialect.opening
    ideal[room:room_end] = length[::-1] if dialect.big else length
    off = [i for i in range(dialect.head) if octets[i] != ideal[i]]
    if len(off) == 1:
        yield bytes(ideal)
    elif not off:
        for byte in range(kind, kind_end):
            for value in range(256):
                if value != octets[byte]:
                    yield octets[:byte] + bytes([value]) + octets[byte + 1 :]
