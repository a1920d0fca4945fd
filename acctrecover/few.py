"""The few records of a format that was named which are all that an input holds: too few for chance to be ruled out, yet sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.extent import Oddity
from acctrecover.fixed import Fixed
from acctrecover.survey import Chain

MOST = 16
"""Records, at most: more of them would have been believed."""

Read = Callable[[int, int], npt.NDArray[np.uint8]]


def few(dialects: Sequence[Dialect], size: int, read: Read) -> tuple[list[Chain], list[Oddity]]:
    """The chain of sound records from the first byte of an input on, up to where less than one is left, that keeps every rule as
    far as it goes; each of them suspect. Of several dialects that of the most evidence; nothing where there is none."""
    best: tuple[float, Fixed, int] | None = None
    for dialect in dialects:
        if isinstance(dialect, Fixed) and dialect.size <= size < MOST * dialect.size:
            count, octets = size // dialect.size, read(0, size)
            rows = octets[: count * dialect.size].reshape(count, dialect.size)
            sound = dialect.shape.valid(dialect.shape.view(octets, dialect.size)) & rows.any(axis=1)
            bits = count * dialect.shape.bits
            if sound.all() and dialect.shape.prefix(octets[rows.size :].tobytes())[2] and (best is None or bits > best[0]):
                best = bits, dialect, count
    if best is None:
        return [], []
    bits, dialect, count = best
    told = f"sound, but {bits:.0f} bits of evidence are too few to tell {'it' if count == 1 else f'all {count}'} from other bytes"
    starts = tuple(range(0, count * dialect.size, dialect.size))
    chain = Chain(dialect, 0, count * dialect.size, count, bits, starts)
    return [chain], [Oddity(start, dialect.size, "suspect", told) for start in starts]
