"""Why a gap is there between records behind headers: where their lengths say the next one begins, against where it does."""

from __future__ import annotations

from typing import Any

import numpy as np

from acctrecover.framed import FramedDialect
from acctrecover.gap import ZEROS, Gap, Verdict, look, text_run
from acctrecover.reading import SLIPPED
from acctrecover.shape import Octets
from acctrecover.stream import BLOCK, Found

NULS, MANY_NULS = 8, 16
"""NUL bytes in a row across a record's end that are a zero run if nothing else explains them, and in any case."""
TEXT = 64
"""Characters in a row that are text and no record's."""
FILLED = 0.5
"""The share of a gap that has one and the same value where something overwrote it."""
SOUND = 9.0
"""Bits of a payload's rules from which it is no accident that they hold."""
ANY = 8.0
"""Bits that it costs bytes to be the end of a record that may hold anything."""
STRANGE = -8.0
"""Bits of likeness below which bytes are not the stream's own."""


def framed_cause(gap: Gap, dialect: FramedDialect) -> Verdict:
    """The cause of a gap before, between or behind framed records."""
    octets, count = gap.octets, len(gap.octets)
    if gap.before is None:
        return _head(gap, dialect)
    at = dialect.shape_at(gap.column, 0)
    record, rest = gap.last, gap.column
    if at is not None:
        size = at[0].size + at[1]
        if count < size:
            return _short(gap, dialect, size)
        record, rest = gap.column[:size], gap.column[size:]
    if gap.within is not dialect and not gap.at_end:
        return Verdict("foreign data", look(octets))
    if (found := _nul(gap, dialect, MANY_NULS)) or (found := _filled(gap)):
        return found
    if (found := _text(gap, record)) or (found := _block(gap, len(record))):
        return found
    if at is None and (found := _damaged(gap, dialect)):
        return found
    if gap.at_end and gap.likeness.bits(rest) < STRANGE:
        return Verdict("foreign data", look(octets))
    if len(rest) >= BLOCK or not len(rest):
        return Verdict("foreign data", look(octets))
    return _behind(gap, dialect, record, rest)


def _head(gap: Gap, dialect: FramedDialect) -> Verdict:
    octets, count = gap.octets, len(gap.octets)
    if dialect.reader(gap.column, 0)(0)[0].get(count, SLIPPED) != SLIPPED:
        return Verdict("header damaged", "room of one record, one byte of its header changed")
    if gap.start or gap.after is None or count >= dialect.largest:
        return Verdict("foreign data", look(octets))
    return Verdict("truncated head", f"the last {count} bytes of a record whose start is lost")


def _nul(gap: Gap, dialect: FramedDialect, least: int) -> Verdict | None:
    """NUL bytes where a header should stand."""
    inside = len(gap.octets) - len(gap.octets.lstrip(b"\0"))
    whole = inside == len(gap.octets)
    always = inside - dialect.head == dialect.kinds.high[dialect.kinds.low == dialect.kinds.high]
    if inside < (dialect.head if whole else dialect.head - 1) or (whole and inside < ZEROS and not always.any()):
        return None
    last = gap.last.tobytes()
    outside = len(last) - len(last.rstrip(b"\0"))
    if inside + outside < least:
        return None
    return Verdict("zero run", f"{inside} NUL bytes where a header should stand" + (f", {outside} before them" if outside else ""))


def _filled(gap: Gap) -> Verdict | None:
    """One value written over many bytes."""
    edges = np.flatnonzero(np.diff(gap.column)) + 1
    runs = np.diff(edges, prepend=0, append=len(gap.octets))
    longest = int(runs.argmax())
    value = gap.octets[int(edges[longest - 1]) if longest else 0]
    if value and runs[longest] >= max(NULS, FILLED * len(gap.octets)):
        return Verdict("overwritten", f"{runs[longest]} of {len(gap.octets)} bytes are 0x{value:02x}")
    return None


def _text(gap: Gap, record: Octets) -> Verdict | None:
    """Lines of text over a record's end: a block of them, or put in."""
    low = gap.stop - len(gap.octets) - (len(record) if len(record) == len(gap.last) else 0)
    start, stop = text_run(gap.read(low, gap.stop))
    if stop - start < TEXT:
        return None
    edges = [min(-(low + edge) % BLOCK, (low + edge) % BLOCK) for edge in (start, stop)]
    if max(edges) <= 4:
        return Verdict("overwritten", f"{stop - start} bytes of text at {low + start:#x}, just as many as blocks have")
    return Verdict("bytes inserted", f"{stop - start} bytes of text at {low + start:#x}")


def _block(gap: Gap, back: int) -> Verdict | None:
    """A block of unlike bytes that begins and ends where blocks do, in a gap and the `back` bytes of the record it may begin in."""
    low = gap.start if gap.before is None or back > gap.before.stop else gap.start - (back if gap.last.size == back else 0)
    for start in range(-(-low // BLOCK) * BLOCK, gap.stop - BLOCK + 1, BLOCK):
        block = np.frombuffer(gap.read(start, start + BLOCK), np.uint8)
        if gap.likeness.bits(block) < STRANGE:
            return Verdict("overwritten", f"the block of {BLOCK} bytes at {start:#x} holds {look(block.tobytes())}")
    return None


def _short(gap: Gap, dialect: FramedDialect, size: int) -> Verdict:
    """A header that claims more than the gap has."""
    count, missing = len(gap.octets), size - len(gap.octets)
    if gap.after is not None and _one_bit(dialect, gap.column, count):
        why = f"one bit of its length: {size} bytes are claimed, the next record begins after {count}; or {missing} bytes missing"
        return Verdict("header damaged", why)
    if torn := gap.torn(dialect):
        return Verdict("torn record", f"{count} bytes of a record were written; {torn.reason}", torn, missing)
    return Verdict("bytes missing", f"{missing} of a record's {size} bytes are gone, or whole records with them", None, missing)


def _behind(gap: Gap, dialect: FramedDialect, record: Octets, rest: Octets) -> Verdict:
    """Bytes behind what a header says is its record, before the next one: the record is that long or was made so."""
    count, at = len(rest), dialect.shape_at(record, 0)
    if _one_bit(dialect, record, len(record) + count):
        why = f"one bit of the length before it: the next record begins {count} bytes behind its end; or as many bytes inserted"
        return Verdict("header damaged", why)
    if put := _split_header(gap, dialect, rest):
        return _put(*put)
    if begun := _begun(dialect, rest):
        return Verdict("bytes missing", f"the first {begun} bytes of a header, then the end of another record")
    missing = Verdict("bytes missing", f"the last {count} bytes of a record whose start is gone")
    inserted = Verdict("bytes inserted", f"{count} bytes too many in the record before them")
    if at is None:
        return missing if gap.likeness.bits(rest) > 0 else Verdict("foreign data", look(rest.tobytes()))
    if at[0].record.lengths is not None or not at[0].rules:
        return inserted if _unlike(gap, dialect, record, rest) else _nul(gap, dialect, NULS) or missing
    likelier = _put_in(gap, dialect, record, rest)
    if likelier is not None and likelier >= 0:
        return inserted
    if found := _nul(gap, dialect, NULS):
        return found
    if likelier is not None or not dialect.fits(record) or gap.likeness.bits(rest) > 0:
        return missing
    return Verdict("foreign data", look(rest.tobytes()))


def _put(put: int, first: int) -> Verdict:
    return Verdict("bytes inserted", f"{put} bytes too many in the header of one record, behind its byte {first}")


def _damaged(gap: Gap, dialect: FramedDialect) -> Verdict | None:
    """The one record whose room the gap is, where some of its header, or all of its payload, is as it should be."""
    octets = gap.octets
    fill = dialect.declared.fill
    if fill is not None and gap.stop % fill == 0 and 0 < len(octets) - len(octets.rstrip(b"\0")) < dialect.head:
        stripped = octets.rstrip(b"\0")
        if dialect.reader(gap.column, 0)(0)[0].get(len(stripped), SLIPPED) != SLIPPED:
            octets = stripped
    count = len(octets)
    if not dialect.smallest <= count <= dialect.largest + 1:
        return None
    damage = dialect.reader(gap.column, 0)(0)[0].get(count)
    if damage == SLIPPED:
        if any(_fits(dialect, octets[:k] + octets[k + 1 :]) for k in range(1, dialect.head + 1)):
            return Verdict("bytes inserted", "one byte too many in its header")
        if any(_fits(dialect, octets[:k] + bytes([v]) + octets[k:]) for k in range(dialect.head) for v in range(256)):
            return Verdict("bytes missing", "one byte of its header is gone", None, 1)
        damage = None
    if damage is not None:
        return Verdict("header damaged", "room of one record, one byte of its header changed")
    if dialect.places is None:
        claimed = dialect.claims(gap.column)
        return Verdict("header damaged", f"room of one record of {count} bytes, as its length and type say") if claimed else None
    (mark, _), (kind, kind_end), (room, room_end) = dialect.places
    order: Any = "big" if dialect.big else "little"
    length, number = count - dialect.head, int.from_bytes(octets[kind:kind_end], order)
    marks = sum(octets[mark + i] == byte for i, byte in enumerate(dialect.opening))
    sizes = (int.from_bytes(octets[room:room_end], order) == length) + (dialect.kinds.span(number) == (length, length))
    usual = bool(dialect.kinds.always(length)) and gap.likeness.bits(gap.column[dialect.head :]) > 0
    if (sizes and marks + sizes >= 2) or (usual and (marks == 1 or _certain(dialect, gap.last))) or _payload_fits(dialect, octets):
        return Verdict("header damaged", f"room of one record of {count} bytes without a sound header")
    return None


def _certain(dialect: FramedDialect, record: Octets) -> bool:
    """Whether a record keeps so many rules that no bytes were put into it."""
    at = dialect.shape_at(record, 0)
    return at is not None and at[0].bits >= SOUND and dialect.fits(record)


def _payload_fits(dialect: FramedDialect, octets: bytes) -> bool:
    """Whether the bytes behind a header keep all rules of some type of just that length, and many."""
    length = len(octets) - dialect.head
    for number in dialect.kinds.always(length):
        shape = dialect.payload(number, length)
        if shape.rules and shape.bits >= SOUND and shape.keeps(octets[dialect.head :]):
            return True
    return False


def _fits(dialect: FramedDialect, octets: bytes) -> bool:
    return dialect.fits(np.frombuffer(octets, np.uint8))


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


def _split_header(gap: Gap, dialect: FramedDialect, octets: Octets) -> tuple[int, int] | None:
    """(bytes put, where) if bytes were put into a header behind its first ones and what is left is just one sound record.

    A type that may have any length, and so fits somewhere, must leave bytes unlike the stream's.
    """
    data = octets.tobytes()
    if dialect.places is None:
        return None
    (mark, mark_end), _, _ = dialect.places
    for first in range(dialect.head - 1, 0, -1):
        if data[:first][mark:mark_end] != dialect.opening[: max(0, first - mark)]:
            continue
        for put in range(1, len(data) - dialect.head + 1):
            header = data[:first] + data[first + put : put + dialect.head]
            if header[mark:mark_end] != dialect.opening or not _legal(dialect, header, len(data) - put):
                continue
            record = np.frombuffer(header + data[put + dialect.head :], np.uint8)
            loose = dialect.loosely(record, Found(np.zeros(1, np.int64), np.array([len(record)])))[0]
            if dialect.fits(record) and not (loose and gap.likeness.bits(octets[first : first + put]) >= STRANGE):
                return put, first
    return None


def _put_in(gap: Gap, dialect: FramedDialect, record: Octets, rest: Octets) -> float | None:
    """By how many bits it is likelier that bytes were put into a record than that its end is gone, and another's stands there.

    Only places count that leave the record sound; None where there is none.
    """
    shape, skip = dialect.shape_at(record, 0)  # type: ignore[misc]
    count, size = len(rest), skip + shape.size
    record = record[:size]  # without fill bytes
    octets = np.concatenate((record, rest))
    places = np.arange(skip, size + 1)
    readings = np.stack([np.concatenate((octets[:i], octets[i + count : size + count])) for i in places])
    sound = shape.valid(np.ascontiguousarray(readings[:, skip:]).reshape(-1).view(shape.dtype))
    if not sound.any():
        return None
    alike = gap.kin(record[:skip].tobytes(), size) or gap.likeness
    fore = np.concatenate(([0.0], np.cumsum(alike.of(record[skip:], skip))))
    rear = np.concatenate(([0.0], np.cumsum(alike.of(octets[count + skip :], skip)[::-1])))[::-1]
    other = np.concatenate(([0.0], np.cumsum(gap.likeness.of(octets[skip:])[::-1])))[::-1][: len(fore)]
    return float((fore + rear)[sound].max() - (fore + np.maximum(-ANY, other)).max())


def _unlike(gap: Gap, dialect: FramedDialect, record: Octets, rest: Octets) -> bool:
    """Whether somewhere behind the record's header there stand as many bytes unlike the stream's as stand behind the record."""
    bits = np.concatenate(([0.0], np.cumsum(gap.likeness.of(np.concatenate((record[dialect.head :], rest))))))
    return bool((bits[len(rest) :] - bits[: len(bits) - len(rest)]).min() < 0)
