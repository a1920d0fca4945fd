"""The one reading that fits: undoing damage to a few bits where exactly one sound record results."""

from __future__ import annotations

from typing import Literal

import numpy as np

from acctrecover.expr import fields_of
from acctrecover.framed import FramedDialect
from acctrecover.shape import Octets, Shape
from acctrecover.stream import different

Patch = tuple[int, bytes, bytes]


def difference(before: bytes, after: bytes, offset: int) -> tuple[Patch, ...]:
    """The bytes that differ, as (absolute offset, before, after), one patch a byte."""
    pairs = enumerate(zip(before, after, strict=True))
    return tuple((offset + i, bytes([b]), bytes([a])) for i, (b, a) in pairs if a != b)


NEIGHBOURS = 32
"""Records read on either side of a damaged one, to see which of its bytes hardly vary."""
ONE_BIT = 1 << np.arange(8, dtype=np.uint8)
ONE_BYTE = np.arange(1, 256, dtype=np.uint8)
"""What a damaged byte differs by from what it was."""
AROUND = 4
"""Bytes on either side of a mended one that must look undamaged."""


def heal_fixed(shape: Shape, octets: bytes, near: Octets) -> bytes | None:
    """The record with its one broken rule mended, where one flipped bit does it in just one way.

    `near` holds the bytes of whole records around it, (records, size). Where these hardly vary, the mended byte and those close
    to it must be as in one of them: else more than one bit was damaged, and what the others were is not known. Nor may another
    value of the byte do as well, as more of its bits may have changed.
    """
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
    if int(good.sum()) != 1:
        return None
    mended = trials[int(np.argmax(good))]
    at = next(i for i in range(shape.size) if mended[i] != octets[i])
    around = range(max(0, at - AROUND), min(shape.size, at + AROUND + 1))
    usual = all(_usual(mended[i], near[:, i]) for i in around) and _worded(shape, mended, around, near)
    return mended if usual and _values(shape, octets, at, near[:, at]) == 1 else None


def _worded(shape: Shape, octets: bytes, around: range, near: Octets) -> bool:
    """Whether every byte string of a record that reaches into some offsets is also one of its neighbours'."""
    for name in shape.dtype.names or ():
        kind, start = shape.dtype.fields[name][:2]  # type: ignore[index]
        stop = start + kind.itemsize
        touched = kind.subdtype and start < around.stop and stop > around.start
        if touched and not (near[:, start:stop] == np.frombuffer(octets[start:stop], np.uint8)).all(axis=1).any():
            return False
    return True


def _values(shape: Shape, octets: bytes, at: int, column: Octets) -> int:
    """How many values of the byte at `at` its neighbours and every rule leave open."""
    trials = np.repeat(np.frombuffer(octets, np.uint8)[None], 256, axis=0)
    trials[:, at] = np.arange(256)
    good = shape.valid(trials.reshape(-1).view(shape.dtype))
    return sum(_usual(int(value), column) for value in np.flatnonzero(good))


def _usual(byte: int, column: Octets) -> bool:
    """Whether a byte is one of those that its neighbours have in its place, or these vary too much to tell."""
    return 4 * len(different(column)) > len(column) or bool((column == byte).any())


def framed_reading(dialect: FramedDialect, octets: bytes) -> bytes | None:
    """The sound record that fills these bytes exactly once one byte of its cookie, or one bit of the length that its type
    always has, is put right; None where there is no such record.

    A header that is sound as it stands is left alone: what says that its length is wrong may be missing bytes as well. So is
    a type: some site's type always fits too. And so is a byte that may be one of a run of zeros or ones; a type of records
    of any length where one of just this length fits as well, or differs in one bit, as then more than the cookie may be wrong;
    and a header alone, as the start of one record and the end of another may be nearly one.
    """
    if len(octets) == dialect.head:
        return None
    mended = _header(dialect, octets)
    if mended is None or not dialect.fits(np.frombuffer(mended, np.uint8)) or _rivalled(dialect, mended):
        return None
    at = next(i for i in range(dialect.header.size) if octets[i] != mended[i])
    if octets[at] in (0x00, 0xFF) and octets[at] in octets[max(at - 1, 0) : at] + octets[at + 1 : at + 2]:
        return None
    return mended


def _header(dialect: FramedDialect, octets: bytes) -> bytes | None:
    if len(octets) < dialect.header.size:
        return None
    if dialect.places is None:
        return _nearest(dialect, octets)
    (mark, mark_end), (kind, kind_end), (room, room_end) = dialect.places
    wrong = sum(a != b for a, b in zip(octets[mark:mark_end], dialect.opening, strict=True))
    if wrong == 1:
        return octets[:mark] + dialect.opening + octets[mark_end:]
    order: Literal["big", "little"] = "big" if dialect.big else "little"
    number, length = int.from_bytes(octets[kind:kind_end], order), int.from_bytes(octets[room:room_end], order)
    always = len(octets) - dialect.head
    if not wrong and dialect.kinds.span(number) == (always, always) and (length ^ always).bit_count() == 1:
        return octets[:room] + always.to_bytes(room_end - room, order) + octets[room_end:]
    return None


def _rivalled(dialect: FramedDialect, octets: bytes) -> bool:
    """Whether a record of any length is a sound one of a type that always has this length, but for its own type; or its type is one
    bit from such a type."""
    if dialect.places is None:
        return False
    _, (kind, stop), _ = dialect.places
    order: Literal["big", "little"] = "big" if dialect.big else "little"
    own = int.from_bytes(octets[kind:stop], order)
    low, high = dialect.kinds.span(own)
    if low == high:
        return False
    always = (len(octets) - dialect.head,) * 2
    others = [number for number in dialect.kinds.numbers.tolist() if dialect.kinds.span(number) == always]
    if any((number ^ own).bit_count() == 1 for number in others):
        return True
    readings = (octets[:kind] + number.to_bytes(stop - kind, order) + octets[stop:] for number in others)
    return any(dialect.fits(np.frombuffer(reading, np.uint8)) for reading in readings)


def _nearest(dialect: FramedDialect, octets: bytes) -> bytes | None:
    """The one record of just this size whose header differs in one bit, or where no bit does it, in one byte."""
    head = np.frombuffer(octets[: dialect.header.size], np.uint8)
    stands = dialect.shape_at(np.frombuffer(octets, np.uint8), 0) is not None
    for changes in (ONE_BIT, ONE_BYTE):
        trials = np.repeat(head[None], len(head) * len(changes), axis=0)
        at = np.repeat(np.arange(len(head)), len(changes))
        trials[np.arange(len(trials)), at] ^= np.tile(changes, len(head))
        heads = trials[dialect.announces(trials, len(octets))]
        readings = [trial.tobytes() + octets[len(head) :] for trial in heads]
        readings = [reading for reading in readings if _proven(dialect, np.frombuffer(reading, np.uint8), stands)]
        if readings:
            return readings[0] if len(readings) == 1 else None
    return None


def _proven(dialect: FramedDialect, octets: Octets, stands: bool) -> bool:
    """Whether bytes are just one sound record; where their header `stands` as it was, one that also tells where it ends."""
    at = dialect.shape_at(octets, 0)
    return at is not None and dialect.fits(octets) and (bool(at[0].closed) or not stands)
