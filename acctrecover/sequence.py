"""Holes in the sequence numbers of a stream: records that its writer lost before they were written."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from acctrecover.framed import FramedDialect
from acctrecover.shape import Octets
from acctrecover.stream import Found


@dataclass
class Holes:
    """How many `gaps` the numbers of linked records have, and how many records were `lost` in them, over all sources.

    A number that does not rise, or by half its range and more, is a new start and counts for nothing.
    """

    gaps: int = 0
    lost: int = 0
    last: dict[int, int] = field(default_factory=dict)
    """The last number seen of each source."""

    def look(self, dialect: FramedDialect, octets: Octets, found: Found) -> None:
        """Count over the records `found` in `octets`, which follow those of the call before."""
        declared = dialect.declared.sequence
        if declared is None or not len(found.starts):
            return
        headers = dialect.headers(octets, found.starts)
        number, source, counts = (
            np.broadcast_to(np.asarray(dialect.header.evaluate(expr, headers), np.int64), len(headers))
            for expr in (declared.number, declared.source, declared.counted)
        )
        which = np.flatnonzero(counts)
        which = which[np.argsort(source[which], kind="stable")]
        number, source = number[which], source[which]
        first = np.flatnonzero(np.diff(source, prepend=source[:1] - 1))
        before = np.roll(number, 1)
        before[first] = [self.last.get(s, n - 1) for s, n in zip(source[first].tolist(), number[first].tolist(), strict=True)]
        steps = (number - before) % (1 << declared.bits)
        skipped = steps[(steps > 1) & (steps < 1 << declared.bits - 1)] - 1
        self.gaps += len(skipped)
        self.lost += int(skipped.sum())
        ends = np.append(first[1:], len(number)) - 1 if len(first) else first
        self.last.update(zip(source[ends].tolist(), number[ends].tolist(), strict=True))

    @property
    def detail(self) -> str | None:
        """In words; None where nothing is missing."""
        if not self.gaps:
            return None
        records = f"{self.lost:,} record{'s' * (self.lost > 1)}"
        return f"{self.gaps:,} gap{'s' * (self.gaps > 1)} in its sequence numbers: {records} lost before they were written"
