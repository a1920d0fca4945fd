"""Records in a gap that are not intact but not lost: on the phase of a stream, or sharing bytes with a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.costs import IN_PHASE
from acctrecover.dialect import Dialect
from acctrecover.extent import Oddity
from acctrecover.fill import SHARED
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.gap import text_run
from acctrecover.heal import NEIGHBOURS, difference, framed_reading, heal_fixed
from acctrecover.shape import Shape
from acctrecover.stream import Found, Read
from acctrecover.survey import Chain

KEPT = 0.6
"""The share of what a record's rules ask from which it is suspect rather than overwritten."""
MET = 16.0
"""Bits of evidence from which the first fields in a gap are a record's, so that the record before them ended where it should."""
TORN = 8.0
"""The same where all that stands in the gap is the first fields of a record, as of one that was torn."""
SPILT = 16
"""NUL bytes behind a record up to which they may be its own end, pushed out by bytes put into it."""
TEXT, SPELT = 64, 2
"""Bytes of text behind a record, at least, and of its own before them, for these to be of that text."""
BEGUN = 3
"""Bytes at the head of a gap that are few enough to be a record's without any of its fields holding there."""
LONGEST_SLIP = 512
"""Inserted bytes up to which every reading of the record before them is tried."""


@dataclass(frozen=True)
class Mended:
    """A record found in a gap: the chain it makes and what is odd about it."""

    chain: Chain
    oddity: Oddity
    beside: tuple[Oddity, ...] = ()
    """What is odd about its neighbours for that."""


def mend(low: int, high: int, before: Chain | None, after: Chain | None, read: Read) -> list[Mended]:
    """The suspect and healed records of the gap [low, high), in offset order."""
    if high - low > 1 << 20:
        return []
    own = before or after
    if own is None:
        return []
    same = before is not None and after is not None and before.dialect is after.dialect
    octets = read(low, high)
    if isinstance(own.dialect, FramedDialect):
        return _exact(own.dialect, octets, low) if same else []
    if (same or before is None) and (found := _sharing(own.dialect, low, high, read)):
        return [found]
    size = own.dialect.size
    slipped = (high - low) % size and (before is None) != (after is None)
    if slipped and (alone := _alone(own.dialect, octets, low, first=before is None)):
        first, stop = (low, alone[0].chain.start) if before else (alone[-1].chain.stop, high)
        found = _sharing(own.dialect, first, stop, read)
        return alone if found is None else [found, *alone] if before else [*alone, found]
    if not (same or before is None or after is None) or high - low > IN_PHASE:
        return []
    if (high - low) % size and not (before is not None and after is None):
        return []
    near = _near(own.dialect, before, after, read) if same else None
    return _slots(own.dialect, octets, low, near)


def _exact(dialect: FramedDialect, octets: npt.NDArray[np.uint8], low: int) -> list[Mended]:
    data = octets.tobytes()
    mended = _reading(dialect, data)
    if mended is None:
        return []
    patches = difference(data, mended, low)
    odd = Oddity(low, len(data), "healed", f"one byte of its header was damaged, at {patches[0][0]:#x}", patches)
    return [Mended(Chain(dialect, low, low + len(data), 1, 0.0, (low,)), odd)]


def _reading(dialect: FramedDialect, data: bytes) -> bytes | None:
    return framed_reading(dialect, data) if dialect.smallest <= len(data) <= dialect.largest and any(data) else None


def _near(dialect: Fixed, before: Chain | None, after: Chain | None, read: Read) -> npt.NDArray[np.uint8]:
    """The bytes of whole records on both sides of a gap, (records, size)."""
    most = NEIGHBOURS * dialect.size
    sides = [read(max(before.start, before.stop - most), before.stop)] if before else []
    if after:
        sides.append(read(after.start, min(after.stop, after.start + most)))
    return np.concatenate(sides).reshape(-1, dialect.size)


def _slots(dialect: Fixed, octets: npt.NDArray[np.uint8], low: int, near: npt.NDArray[np.uint8] | None) -> list[Mended]:
    shape, out = dialect.shape, []
    records = shape.view(octets, shape.size)
    failed = shape.broken(records)
    kept = ~failed.T @ shape.weights
    for index in np.flatnonzero(kept >= KEPT * shape.weights.sum()):
        data = records[index].tobytes()
        if not any(data):
            continue
        start = low + int(index) * shape.size
        broken = ", ".join(shape.rules[i][0] for i in np.flatnonzero(failed[:, index]))
        mended = heal_fixed(shape, data, near) if near is not None else None
        patches = difference(data, mended, start) if mended is not None else ()
        if patches and not any(_zeroed(octets, at - low, start - low, start - low + shape.size) for at, _, _ in patches):
            odd = Oddity(start, shape.size, "healed", f"{broken} broken", patches)
        else:
            odd = Oddity(start, shape.size, "suspect", f"{broken} broken")
        out.append(Mended(Chain(dialect, start, start + shape.size, 1, float(kept[index]), (start,)), odd))
    return out


def _zeroed(octets: npt.NDArray[np.uint8], at: int, start: int, stop: int) -> bool:
    """Whether a byte of the record [start, stop) is one of NUL bytes that run on beyond it, by more than a byte."""
    if octets[at]:
        return False
    sides = octets[start - 2 : at] if start >= 2 else octets[:0], octets[at : stop + 2]
    return bool((len(sides[0]) and not sides[0].any()) or (len(sides[1]) == stop + 2 - at and not sides[1].any()))


def _alone(dialect: Fixed, octets: npt.NDArray[np.uint8], low: int, *, first: bool) -> list[Mended]:
    """The sound records that the input begins with, or ends with, out of step with the rest of their stream: a wound stands
    between. So few prove nothing by themselves, or they would not be in a gap."""
    size = dialect.size
    phase = 0 if first else len(octets) % size
    records = dialect.shape.view(octets[phase:], size)
    held = dialect.shape.valid(records) & octets[phase : phase + len(records) * size].reshape(-1, size).any(axis=1)
    bad = np.flatnonzero(~(held if first else held[::-1]))
    count = int(bad[0]) if len(bad) else len(records)
    begin = low + phase + (0 if first else len(records) - count) * size
    told = f"sound, but out of step with the rest, and of {dialect.shape.bits:.0f} bits of evidence alone"
    return [
        Mended(Chain(dialect, start, start + size, 1, dialect.shape.bits, (start,)), Oddity(start, size, "suspect", told))
        for start in range(begin, begin + count * size, size)
    ]


def _sharing(dialect: Fixed, low: int, high: int, read: Read) -> Mended | None:
    missing = dialect.size - (high - low)
    if not 0 < missing <= SHARED:
        return None
    octets = read(low, low + dialect.size)
    if not dialect.begins(octets):
        return None
    odd = Oddity(low, dialect.size, "suspect", f"shares its last {missing} byte(s) with the next record: as many are missing")
    told = f"shares its first {missing} byte(s) with the record before: as many are missing from either"
    next_one = Oddity(high, dialect.size, "suspect", told)
    return Mended(Chain(dialect, low, high, 1, dialect.shape.bits, (low,)), odd, (next_one,))


def doubt_before(chain: Chain, stop: int, read: Read) -> Oddity | None:
    """What speaks against the last record of a chain that a gap up to `stop` follows: bytes put into it, or its length.

    None where the gap keeps the phase, holds only zeros and more than a few, or begins with a header or a record's leading fields.
    """
    dialect, gap = chain.dialect, stop - chain.stop
    start = chain.tail[-1] if chain.tail else chain.stop
    octets = read(start, min(stop, chain.stop + LONGEST_SLIP + 512))
    rest = octets[chain.stop - start :]
    at = dialect.shape_at(octets, 0)
    loose = at is not None and at[0].record.lengths is not None
    if not (rest.any() or loose or gap < SPILT) or not chain.tail or (dialect.pitch and gap % dialect.pitch == 0):
        return None
    if at is None or _met(dialect, rest, gap):
        return None
    if isinstance(dialect, FramedDialect) and _reading(dialect, read(chain.stop, stop).tobytes()[: dialect.largest + 1]):
        return None
    shape, skip = at
    size = skip + shape.size
    if isinstance(dialect, FramedDialect) and dialect.ends(octets, Found(np.zeros(1, np.int64), np.array([size])))[1][0]:
        return None
    if isinstance(dialect, FramedDialect) and shape.record.lengths:
        return Oddity(start, size, "suspect", "no header at its end: its length may be wrong")
    if gap > LONGEST_SLIP or len(octets) < size + gap or size != chain.stop - start:
        return None
    bare = octets[skip : size + gap]
    if _otherwise(shape, [np.concatenate((bare[:i], bare[i + gap :])) for i in range(shape.size)], octets[skip:size]):
        return Oddity(start, size, "suspect", f"no header at its end: {gap} byte(s) may have been put into it")
    return None


def doubt_text(chain: Chain, stop: int, read: Read) -> Oddity | None:
    """What speaks against the last record of a chain that a gap up to `stop` follows: its own last bytes are of the text there."""
    if not chain.tail:
        return None
    start = chain.tail[-1]
    low, high = text_run(read(start, min(stop, chain.stop + LONGEST_SLIP)).tobytes())
    own = chain.stop - start - low
    if own < SPELT or high < chain.stop - start + TEXT:
        return None
    return Oddity(start, chain.stop - start, "suspect", f"its last {own} bytes may be of the text behind it, which was put in")


def doubt_after(chain: Chain, before: Chain, read: Read) -> Oddity | None:
    """What speaks against the first record of a chain of fixed size behind a gap, before which another chain ends: the few bytes of
    the gap may be its own first ones, and as many of those behind them what was put in; or so may the first ones of a longer gap
    between chains of one dialect, that no record explains."""
    dialect, low, gap = chain.dialect, before.stop, chain.start - before.stop
    if not isinstance(dialect, Fixed) or gap <= 0 or gap % dialect.size == 0:
        return None
    slip, own = gap <= SHARED, read(chain.start, chain.start + dialect.size)
    octets = read(low, low + min(gap, dialect.size + LONGEST_SLIP))
    if not slip and (before.dialect is not dialect or _record_left(dialect.shape, octets, gap)):
        return None
    few = np.concatenate((octets[: gap if slip else BEGUN], own))
    opened = dialect.shape.opened(octets.tobytes(), range(1, BEGUN + 1))  # first bytes of which rules say nothing tell nothing
    firsts = range(1, dialect.size) if slip else [i for i, (bits, holds) in enumerate(opened, 1) if holds and bits > 0]
    if firsts and _otherwise(dialect.shape, [np.concatenate((few[:i], own[i:])) for i in firsts], own):
        told = f"the {gap} byte(s)" if slip else "the first bytes of what stands"
        return Oddity(
            chain.start, dialect.size, "suspect", f"{told} before it may be its own, and as many of its first ones put in"
        )
    return None


def _record_left(shape: Shape, octets: npt.NDArray[np.uint8], gap: int) -> bool:
    """Whether the bytes of a gap begin with a record's first fields, end with its last ones, or are one into which more was put."""
    if _opened(shape, octets[: shape.size].tobytes()) or _put_into(shape, octets, gap):
        return True
    if gap >= shape.size:
        return False
    ends = (shape.suffix(octets[first:gap].tobytes()) for first in range(min(gap, BEGUN + 1)))
    _, bits, holds = shape.prefix(octets[:gap].tobytes())
    return (holds and bits >= TORN) or any(holds and bits >= MET for _, bits, holds in ends)


def _put_into(shape: Shape, octets: npt.NDArray[np.uint8], gap: int) -> bool:
    """Whether the bytes of a gap are a record into which more was put at one place."""
    more = gap - shape.size
    tried = 0 < more <= LONGEST_SLIP and gap <= len(octets)
    return tried and _otherwise(shape, [np.delete(octets[:gap], slice(i, i + more)) for i in range(shape.size)])


def _otherwise(shape: Shape, readings: Sequence[Any], base: npt.NDArray[np.uint8] | None = None) -> bool:
    """Whether one of some readings of the bytes of a record is a sound one, and differs from `base`."""
    octets = np.array(readings, np.uint8).reshape(-1, shape.size)
    octets = octets if base is None else octets[(octets != base).any(axis=1)]
    return bool(shape.valid(octets.reshape(-1).view(shape.dtype)).any())


def _met(dialect: Dialect, rest: npt.NDArray[np.uint8], gap: int) -> bool:
    if isinstance(dialect, FramedDialect):
        if dialect.places is None:
            return dialect.claims(rest[:gap]) or _recognised(dialect, rest[: min(gap, dialect.header.size)].tobytes())
        return (gap >= dialect.head and rest[:1].tobytes() == dialect.opening[:1]) or gap in dialect.reader(rest, 0)(0)[0]
    return _opened(dialect.shape, rest[: dialect.size].tobytes()) or _put_into(dialect.shape, rest, gap)


def _recognised(dialect: FramedDialect, octets: bytes) -> bool:
    """Whether bytes are a header with some of its fields damaged, or the first fields of one."""
    header, opening = dialect.header, dialect.opening
    if 2 * sum(a == b for a, b in zip(octets, opening, strict=False)) >= len(opening) > 1:
        return True
    if len(octets) == header.size and float(~header.broken(np.frombuffer(octets, header.dtype))[:, 0] @ header.weights) >= (
        KEPT * header.bits
    ):
        return True
    return _opened(header, octets)


def _opened(shape: Shape, octets: bytes) -> bool:
    """Whether bytes begin with a record's first fields."""
    return any(holds and bits >= MET for bits, holds in shape.opened(octets, range(4, len(octets) + 1, 4)))


def unsound(dialect: FramedDialect, octets: npt.NDArray[np.uint8], wrong: Found, low: int) -> list[Oddity]:
    """Oddities of records whose header stands but whose payload breaks a rule."""
    out = []
    for start, size in zip(wrong.starts.tolist(), wrong.sizes.tolist(), strict=True):
        at = dialect.shape_at(octets, start)
        if at is not None:
            record = np.frombuffer(octets[start + at[1] : start + at[1] + at[0].size].tobytes(), at[0].dtype)
            names = [at[0].rules[i][0] for i in np.flatnonzero(at[0].broken(record)[:, 0])]
            out.append(Oddity(low + start, size, "suspect", f"{at[0].record.name}: {', '.join(names)} broken"))
    return out
