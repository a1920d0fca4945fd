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
    for one_bit in (True, False):
        fits = {trial for trial in _headers(octets, dialect.head, one_bit) if _fits(dialect, trial)}
        if fits:
            return sorted(fits)
    return []


def _headers(octets: bytes, head: int, one_bit: bool) -> Iterator[bytes]:
    for byte in range(head):
        masks = [1 << bit for bit in range(8)] if one_bit else range(1, 256)
        for mask in masks:
            trial = bytearray(octets)
            trial[byte] ^= mask
            yield bytes(trial)


def _fits(dialect: FramedDialect, octets: bytes) -> bool:
    array = np.frombuffer(octets, np.uint8)
    found = dialect.candidates(array)
    if not len(found.starts) or found.starts[0] != 0 or found.sizes[0] != len(octets):
        return False
    first = type(found)(found.starts[:1], found.sizes[:1])
    return bool(dialect.sound(array, first)[0])
