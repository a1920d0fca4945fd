"""Why a gap is there: what its bytes, and the records on either side, say of the damage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acctrecover.dialect import Dialect
from acctrecover.extent import Oddity
from acctrecover.shape import Shape

ZEROS = 32
"""NUL bytes in a row that make a zero run of their own inside a gap."""
WRITTEN = 3
"""Bytes other than NUL that a lost record's end must show: nearly empty bytes fit any record's end."""
TELLING = 16.0
"""Bits of evidence from which leading or trailing fields are taken for a record's."""


@dataclass(frozen=True)
class Verdict:
    """The cause of a gap in one of the words README lists, the bytes that prove it, and a torn record if it holds one."""

    cause: str
    detail: str
    torn: Oddity | None = None


def split_zeros(octets: bytes) -> list[tuple[int, int, bool]]:
    """Cut a gap into zero runs and the rest: (start, stop, whether it is a zero run), tiling it."""
    if not octets.strip(b"\0"):
        return [(0, len(octets), True)]
    marked = np.concatenate(([1], np.frombuffer(octets, np.uint8), [1])) != 0
    solid = np.flatnonzero(marked)
    wide = np.flatnonzero(np.diff(solid) > ZEROS)
    out, at = [], 0
    for index in wide:
        start, stop = int(solid[index]), int(solid[index + 1]) - 1
        if start > at:
            out.append((at, start, False))
        out.append((start, stop, True))
        at = stop
    if at < len(octets):
        out.append((at, len(octets), False))
    return out


def judge(octets: bytes, start: int, size: int, before: Dialect | None, after: Dialect | None) -> Verdict:
    """The cause of a gap of non-zero bytes at `start` of an input of `size` bytes, between chains of these dialects."""
    stop, own = start + len(octets), before or after
    if own is None:
        return Verdict("foreign data", _look(octets) + "; no record of a known format")
    if before is not None:
        torn = _torn(octets, start, before, at_end=stop == size)
        if torn is not None:
            text, oddity, whole = torn
            if stop == size:
                return Verdict("truncated tail", f"the last record stops after {len(octets)} bytes; {text}", oddity)
            if whole:
                return Verdict("torn record", f"{len(octets)} bytes of a record were written; {text}", oddity)
        slip = _slip(octets, before)
        if slip is not None:
            return slip
    if before is None and start == 0 and after is not None and after.pitch and len(octets) < after.pitch:
        _, bits, holds = after.shape.suffix(octets)  # type: ignore[union-attr]
        if holds and bits >= TELLING and len(octets) - octets.count(0) >= WRITTEN:
            return Verdict("truncated head", f"the last {len(octets)} bytes of a record whose start is lost")
        return Verdict("foreign data", f"{_look(octets)} before the first record; it fits no record's end")
    if before is not None and after is not None and before is after and before.pitch and len(octets) % before.pitch == 0:
        return Verdict("overwritten", f"room of {len(octets) // before.pitch} records holds {_look(octets)}")
    if own.pitch is None and before is not None and after is not None and len(octets) <= own.largest:
        return Verdict("header damaged", "room of one record without a sound header")
    return Verdict("foreign data", _look(octets))


def _torn(octets: bytes, start: int, dialect: Dialect, *, at_end: bool) -> tuple[str, Oddity, bool] | None:
    """Leading fields of a record cut short: their text, the torn record, and whether all of the bytes fit it."""
    at = dialect.shape_at(np.frombuffer(octets, np.uint8), 0)
    if at is None:
        if at_end and len(octets) < dialect.smallest and octets == dialect.opening[: len(octets)]:
            return "its header begins", Oddity(start, len(octets), "torn", "its header begins"), True
        return None
    shape, skip = at
    if not 0 < len(octets) < shape.size + skip:
        return None
    fields, bits, holds = shape.prefix(octets[skip:])
    if not holds or (bits < TELLING and not skip and not at_end):
        return None
    text = f"its first {len(fields)} fields hold: {leading(shape, octets[skip:], fields)}" if fields else "its header holds"
    return text, Oddity(start, len(octets), "torn", text), True


def leading(shape: Shape, octets: bytes, fields: list[str]) -> str:
    """The named fields of a cut record as `name=value` words."""
    record = np.frombuffer(octets[: shape.size].ljust(shape.size, b"\0"), shape.dtype)[0]
    words = []
    for name in fields:
        value = record[name]
        shown = repr(value.tobytes().rstrip(b"\0")) if value.ndim else format(value.item(), "g" if value.dtype.kind == "f" else "d")
        words.append(f"{name}={shown}")
    return " ".join(words)


def _slip(octets: bytes, dialect: Dialect) -> Verdict | None:
    """Bytes missing from, or inserted into, the one record a gap has room for."""
    at = dialect.shape_at(np.frombuffer(octets, np.uint8), 0)
    if at is None:
        return None
    shape, skip = at
    full = shape.size + skip
    excess = len(octets) - full
    if excess == 0 or len(octets) > 2 * full:
        return None
    head = _longest(shape, octets[skip:], front=True)
    foot = _longest(shape, octets[skip:], front=False)
    if excess < 0:
        return Verdict("bytes missing", f"{-excess} of a record's {full} bytes are gone, behind its byte {head + skip}")
    if head + foot >= shape.size // 2:
        return Verdict("bytes inserted", f"{excess} bytes too many in one record, behind its byte {head + skip}")
    return None


def _longest(shape: Shape, octets: bytes, *, front: bool) -> int:
    """The most leading (or trailing) bytes of a record that keep every rule over the fields they hold."""
    best = 0
    for count in range(1, min(len(octets), shape.size) + 1):
        part = octets[:count] if front else octets[len(octets) - count :]
        if not (shape.prefix(part) if front else shape.suffix(part))[2]:
            break
        best = count
    return best


def _look(octets: bytes) -> str:
    """What bytes look like to a reader."""
    sample = octets[:4096]
    if not sample.strip(sample[:1]):
        return f"{len(octets)} bytes of 0x{sample[0]:02x}"
    text = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in sample)
    return f"{len(octets)} bytes of {'text' if text > 0.95 * len(sample) else 'other data'}"
