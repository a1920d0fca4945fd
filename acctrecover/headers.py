"""Why a gap is there between records behind headers: where their lengths say the next one begins, against where it does."""

from __future__ import annotations

from typing import Any

import numpy as np

from acctrecover.framed import SLIPPED, FramedDialect
from acctrecover.gap import Gap, Verdict, look
from acctrecover.shape import Octets

LONGEST = 512
"""Bytes put in at most that are told from a block that was overwritten: blocks are no smaller."""


def framed_cause(gap: Gap, dialect: FramedDialect) -> Verdict:
    """The cause of a gap before, between or behind framed records."""
    octets, count = gap.octets, len(gap.octets)
    if gap.before is None:
        damaged = _damaged(gap, dialect)
        if damaged is not None or gap.start or gap.after is None:
            return damaged or Verdict("foreign data", look(octets))
        if count < dialect.largest:
            return Verdict("truncated head", f"the last {count} bytes of a record whose start is lost")
        return Verdict("foreign data", f"{look(octets)} before the first record")
    at = dialect.shape_at(gap.column, 0)
    if at is not None:
        size = at[0].size + at[1]
        if count < size:
            return _short(gap, dialect, size)
        rest = gap.column[size:]
        return _behind(gap, dialect, gap.column[:size], rest) if 0 < len(rest) < LONGEST else Verdict("foreign data", look(octets))
    if gap.within is not dialect:
        return Verdict("foreign data", look(octets))
    damaged = _damaged(gap, dialect)
    if damaged is not None:
        return damaged
    if count >= LONGEST:
        return Verdict("foreign data", look(octets))
    start = gap.before.tail[-1] if gap.before.tail else gap.before.stop
    return _behind(gap, dialect, np.frombuffer(gap.read(start, gap.before.stop), np.uint8), gap.column)


def _short(gap: Gap, dialect: FramedDialect, size: int) -> Verdict:
    """A header that claims more than the gap has."""
    count, missing = len(gap.octets), size - len(gap.octets)
    if gap.after is not None and _one_bit(dialect, gap.column, count):
        return Verdict("header damaged", f"one bit of its length: {size} bytes are claimed, the next record begins after {count}")
    if torn := gap.torn(dialect):
        return Verdict("torn record", f"{count} bytes of a record were written; {torn.reason}", torn, missing)
    return Verdict("bytes missing", f"{missing} of a record's {size} bytes are gone, or whole records with them", None, missing)


def _behind(gap: Gap, dialect: FramedDialect, record: Octets, rest: Octets) -> Verdict:
    """Bytes behind what a header says is its record, before the next one: the record is that long or was made so."""
    count = len(rest)
    if len(record) and _one_bit(dialect, record, len(record) + count):
        return Verdict("header damaged", f"one bit of the length before it: the next record begins {count} bytes behind its end")
    begun = _begun(dialect, rest)
    if begun:
        put = _split_header(dialect, rest, begun)
        if put:
            return Verdict("bytes inserted", f"{put} bytes too many in the header of one record, behind its byte {begun}")
        return Verdict("bytes missing", f"the first {begun} bytes of a header, then the end of another record")
    widest = _unlike(gap, dialect, record, rest)
    if widest and _could_hold(dialect, record, rest):
        return Verdict("bytes inserted", f"{count} bytes too many in the record before them")
    if gap.likeness.bits(rest) > 0:
        return Verdict("bytes missing", f"the last {count} bytes of a record whose start is gone")
    if len(record) and _could_hold(dialect, record, rest):
        return Verdict("bytes inserted", f"{count} bytes too many, in the record before them or behind it")
    return Verdict("foreign data", look(rest.tobytes()))


def _damaged(gap: Gap, dialect: FramedDialect) -> Verdict | None:
    """The one record whose room the gap is, where some of its header, or all of its payload, is as it should be."""
    octets, count = gap.octets, len(gap.octets)
    if not dialect.smallest <= count <= dialect.largest + 1:
        return None
    damage = dialect.reader(gap.column, 0)(0)[0].get(count)
    if damage == SLIPPED:
        lost = any(_legal(dialect, octets[:k] + bytes([v]) + octets[k:], count + 1) for k in range(dialect.head) for v in range(256))
        if lost:
            return Verdict("bytes missing", "one byte of its header", None, 1)
        return Verdict("bytes inserted", "one byte too many in its header")
    if damage is not None:
        return Verdict("header damaged", "room of one record, one byte of its header changed")
    (mark, _), (kind, _), (room, room_end) = dialect.places
    order: Any = "big" if dialect.big else "little"
    right = sum(octets[mark + i] == byte for i, byte in enumerate(dialect.opening))
    right += int.from_bytes(octets[room:room_end], order) == count - dialect.head
    number = octets[kind]
    right += dialect.low[number] == dialect.high[number] == count - dialect.head
    if right >= 2 or _payload_fits(dialect, octets):
        return Verdict("header damaged", f"room of one record, {right} parts of its header are right")
    return None


def _payload_fits(dialect: FramedDialect, octets: bytes) -> bool:
    """Whether the bytes behind a header keep all rules of some type of just that length, and many."""
    length = len(octets) - dialect.head
    for number in np.flatnonzero((dialect.low == length) & (dialect.high == length)).tolist():
        shape = dialect.payload(int(number), length)
        if shape.rules and shape.bits >= 9 and shape.valid(np.frombuffer(octets[dialect.head :], shape.dtype))[0]:
            return True
    return False


def _legal(dialect: FramedDialect, octets: bytes, size: int) -> bool:
    at = dialect.shape_at(np.frombuffer(octets, np.uint8), 0)
    return at is not None and at[0].size + at[1] == size


def _one_bit(dialect: FramedDialect, record: Octets, size: int) -> bool:
    """Whether a flipped bit in the length of a type that may have several is what makes the record end elsewhere than at `size`."""
    at = dialect.shape_at(record, 0)
    if at is None or at[0].record.lengths is None:
        return False
    low, high = at[0].record.lengths
    length = size - dialect.head
    return low <= length <= high and (length ^ at[0].size).bit_count() == 1


def _begun(dialect: FramedDialect, octets: Octets) -> int:
    """Bytes of a header that stand at the start, where the header is not whole."""
    data = octets.tobytes()
    for count in range(len(dialect.opening), 0, -1):
        if data.startswith(dialect.opening[:count]):
            return count
    return 0


def _split_header(dialect: FramedDialect, octets: Octets, begun: int) -> int:
    """How many bytes stand in the midst of a header, behind its first ones, if what is left is one sound record; else 0."""
    data = octets.tobytes()
    for first in range(begun, 0, -1):
        for put in range(1, len(data) - dialect.head + 1):
            if dialect.fits(np.frombuffer(data[:first] + data[first + put :], np.uint8)):
                return put
    return 0


def _could_hold(dialect: FramedDialect, record: Octets, rest: Octets) -> bool:
    """Whether the record is sound once as many bytes as stand behind it are taken out of both, somewhere."""
    at = dialect.shape_at(record, 0)
    if at is None:
        return False
    shape, skip = at
    if shape.record.lengths is not None or not shape.rules:
        return True
    count, size = len(rest), skip + shape.size
    octets = np.concatenate((record, rest))
    readings = np.stack([np.concatenate((octets[:i], octets[i + count : size + count])) for i in range(skip, size)])
    return bool(shape.valid(np.ascontiguousarray(readings[:, skip:]).reshape(-1).view(shape.dtype)).any())


def _unlike(gap: Gap, dialect: FramedDialect, record: Octets, rest: Octets) -> bool:
    """Whether somewhere behind the record's header there stand as many bytes unlike the stream's as stand behind the record."""
    if not len(record):
        return False
    bits = np.concatenate(([0.0], np.cumsum(gap.likeness.of(np.concatenate((record[dialect.head :], rest))))))
    return bool((bits[len(rest) :] - bits[: len(bits) - len(rest)]).min() < 0)
