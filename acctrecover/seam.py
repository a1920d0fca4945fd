"""Seams inside a chain: places where whole records meet that were not written one after the other."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from acctrecover.expr import text
from acctrecover.shape import Shape

STEP = 2.0
"""Seconds by which a clock may fall without a word: rounding of start and elapsed time."""
RESTART = 1000
"""How far a serial number falls when it starts over; neighbours in exit order differ by less."""
MOST = 3
"""Seams named; more are counted."""


def seams(shape: Shape, batches: Iterable[tuple[int, npt.NDArray[np.uint8]]], after_damage: bool) -> str | None:
    """What the clock and the serial numbers of a chain of one shape say against its being one history; None for nothing.

    `batches` are (offset, bytes of whole records) in order; `after_damage` says that a gap stands before the chain.
    """
    found: list[str] = []
    clock = serial = None
    for low, octets in batches:
        records = shape.view(octets, shape.size)
        seconds = shape.clocks(records)
        numbers = shape.evaluate(shape.record.serial, records) if shape.record.serial is not None else np.zeros(len(records))
        steps = np.diff(seconds, prepend=seconds[0] if clock is None else clock)
        rises = np.diff(numbers, prepend=numbers[0] if serial is None else serial)
        falls, restarts = steps < -STEP, rises < -RESTART
        for index in np.flatnonzero(falls | (restarts & (steps >= STEP))):
            at, step = low + int(index) * shape.size, float(steps[index])
            if step < 0:
                found.append(f"the clock falls back {-step:,.0f} s at {at:#x}: set back, or older records before or behind it")
            else:
                stale = "; what stands before it may be stale records of a deleted file" if after_damage and not found else ""
                found.append(f"{text(shape.record.serial)} starts over at {at:#x}, {step:,.0f} s later, as after a reboot{stale}")
        clock, serial = seconds[-1], numbers[-1]
    more = [f"{len(found) - MOST} more such places"] if len(found) > MOST else []
    return "; ".join(found[:MOST] + more) or None
