"""Whether the records of a chain are one history: clocks that fall back, serial numbers that start over, older records between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from acctrecover.expr import text
from acctrecover.shape import Shape

STEP = 2.0
"""Seconds by which a clock may fall without a word: rounding of start and elapsed time."""
RESTART = 1000
"""How far a serial number falls when it starts over; neighbours in exit order differ by less."""
ABRUPT = 0.25
"""The share of a fall that the clock must leap back at once behind older records: one that was set back only catches up."""
MOST = 3
"""Seams named; more are counted."""


@dataclass(frozen=True)
class Part:
    """Records [start, stop) of a chain that do not belong where they stand, in a word and a sentence."""

    start: int
    stop: int
    cause: str
    detail: str


@dataclass
class History:
    """What the clock and the serial numbers of a chain of one shape say.

    `seams` are (offset, seconds by which the clock steps there), `parts` in offset order; `serial` is what starts over.
    """

    serial: str
    seams: list[tuple[int, float]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def detail(self) -> str | None:
        more = [f"{len(self.seams) - MOST} more such places"] if len(self.seams) > MOST else []
        return "; ".join([self.told(*seam) for seam in self.seams[:MOST]] + more) or None

    def told(self, at: int, step: float) -> str:
        """A seam in words."""
        if step < 0:
            return f"the clock falls back {-step:,.0f} s at {at:#x}: set back, or older records before or behind it"
        return f"{self.serial} starts over at {at:#x}, {step:,.0f} s later, as after a reboot"


def history(shape: Shape, batches: Iterable[tuple[int, npt.NDArray[np.uint8]]], start: int, after_damage: bool) -> History:
    """Read a chain from `start` on: (offset, bytes of whole records) in order. `after_damage` says that a gap stands before it."""
    out = History(text(shape.record.serial))
    clock = serial = base = None
    fallen: _Fall | None = None
    for low, octets in batches:
        records = shape.view(octets, shape.size)
        seconds = shape.clocks(records)
        base = float(seconds[0]) if base is None else base
        steps = np.diff(seconds, prepend=seconds[0] if clock is None else clock)
        odd = falls = steps < -STEP
        if shape.record.serial is not None:
            numbers = shape.evaluate(shape.record.serial, records)
            rises = np.diff(numbers, prepend=numbers[0] if serial is None else serial)
            odd = falls | ((rises < -RESTART) & (steps >= STEP))
            serial = numbers[-1]
        if fallen is not None or falls.any():
            odd = odd | (steps > STEP)
        places = np.flatnonzero(odd)
        restarts = rises[places] < -RESTART if shape.record.serial is not None else np.zeros(len(places), np.bool_)
        rows = zip((low + places * shape.size).tolist(), steps[places].tolist(), seconds[places].tolist(), restarts, strict=True)
        for at, step, second, restart in rows:
            if fallen is not None and second >= fallen.high - STEP:
                if step >= ABRUPT * fallen.depth:
                    del out.seams[fallen.seams :]
                    out.parts.append(_older(fallen, at, base))
                fallen = None
            elif step < -STEP:
                fallen = fallen or _Fall(at, second - step, -step, len(out.seams))
                out.seams.append((at, step))
            elif restart:
                out.seams.append((at, step))
                if after_damage and len(out.seams) == 1 and not out.parts:
                    why = f"{out.told(*out.seams.pop())}: these may be records of a deleted file"
                    out.parts.append(Part(start, at, "stale records", why))
        clock = seconds[-1]
    return out


@dataclass(frozen=True)
class _Fall:
    start: int
    high: float
    depth: float
    seams: int


def _older(fallen: _Fall, stop: int, base: float) -> Part:
    if fallen.high - fallen.depth < base:
        why = f"their clock is {fallen.depth:,.0f} s behind what stands before them, and before the first record of the stream"
        return Part(fallen.start, stop, "stale records", why)
    why = f"their clock is {fallen.depth:,.0f} s behind what stands before and behind them"
    return Part(fallen.start, stop, "out-of-order block", why)
