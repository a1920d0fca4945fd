"""What single bytes of every sound record must be, as its rules tell it: asked of every offset, far faster than the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from acctrecover.chance import passing
from acctrecover.expr import At, Bytewise, Opening, field_of, fields_of
from acctrecover.unrelated import BACKGROUNDS

RARE = 1 / 2048
"""The share of offsets that pass, from which on further gates cost more than they spare."""
WIDE = 0.9
"""The share of bytes that pass, from which on a gate is none."""
BYTE = np.arange(256)


class Gate(NamedTuple):
    """The byte at `offset` of a record is at least `low` and at most `high`."""

    offset: int
    low: int
    high: int

    def share(self) -> float:
        """The chance that a byte of a background passes, of that which passes most easily."""
        return max(float(law.law[self.low : self.high + 1].sum()) for law in BACKGROUNDS)

    def passes(self, octets: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.bool_]:
        """Of which of the first `count` offsets the byte passes."""
        column = octets[self.offset : self.offset + count]
        if self.low == self.high:
            return np.asarray(column == np.uint8(self.low))
        if self.low == 0:
            return np.asarray(column <= np.uint8(self.high))
        return np.asarray(column - np.uint8(self.low) <= np.uint8(self.high - self.low))


def gates(
    rules: list[tuple[str, Any]], dtype: np.dtype[Any], big: bool, holds: Callable[[int, npt.NDArray[Any]], npt.NDArray[np.bool_]]
) -> list[Gate]:
    """The gates of a record whose `rules` these are, the rarest first, as many as pay; `holds` tells where one of them holds."""
    best: dict[int, Gate] = {}
    for row, (_, rule) in enumerate(rules):
        for gate in _told(row, rule, dtype, big, holds):
            known = best.get(gate.offset, Gate(gate.offset, 0, 255))
            best[gate.offset] = Gate(gate.offset, max(gate.low, known.low), min(gate.high, known.high))
    out: list[Gate] = []
    left = 1.0
    for gate in sorted((gate for gate in best.values() if gate.low <= gate.high), key=Gate.share):
        if left <= RARE or gate.share() > WIDE:
            break
        out.append(gate)
        left *= gate.share()
    return out


def _told(row: int, rule: Any, dtype: np.dtype[Any], big: bool, holds: Callable[..., npt.NDArray[np.bool_]]) -> Iterator[Gate]:
    """The gates that one rule tells."""
    names = fields_of(rule) - {"_big_endian"}
    if len(names) != 1:
        return
    kind, at = dtype.fields[min(names)][:2]  # type: ignore[index]
    if isinstance(rule, At | Bytewise | Opening) and field_of(rule.operand) is not None:
        if isinstance(rule, Opening):
            initials = [word[0] for word in rule.words]
            yield Gate(at, min(initials), max(initials))
        elif isinstance(rule, At):
            yield from _gate(at + rule.index % max(kind.itemsize, 1), rule.passes)
        elif rule.wrong.any():
            for offset in range(at, at + kind.itemsize):
                yield from _gate(offset, ~rule.wrong)
    elif kind.kind == "u" and kind.itemsize == 1:
        records = np.zeros(256, dtype)
        records[min(names)] = BYTE
        yield from _gate(at, holds(row, records))
    elif kind.kind in "ui" and (spans := passing(rule, kind, big)):
        low, high = spans[0][0], spans[-1][1] - 1
        width = kind.itemsize
        for digit in range(width if low >= 0 else 0):  # from the most significant byte on, as far as those before are the same
            shift = 8 * (width - 1 - digit)
            first, last = low >> shift, high >> shift
            yield Gate(at + (digit if big else width - 1 - digit), first & 0xFF, last & 0xFF)
            if first != last:
                break


def _gate(offset: int, passes: npt.NDArray[np.bool_]) -> Iterator[Gate]:
    """The gate of a byte of which these values pass, of shape (256,)."""
    which = np.flatnonzero(passes)
    if len(which):
        yield Gate(offset, int(which[0]), int(which[-1]))
