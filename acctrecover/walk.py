"""From bytes to chains: follow a stream while it holds, and search every offset where it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.source import Source
from acctrecover.survey import Chain, join, survey
from acctrecover.voids import WIDE

WINDOW = 1 << 22
"""Bytes read at once while a stream holds."""
NEAR, FAR = 1 << 13, 1 << 19
"""Bytes searched at every offset behind a wound: at first, and at most at once."""
LOOSE_ENDS = 256
"""Bytes other than NUL that the formats seen so far may leave unexplained at a wound before all others are tried there."""
OFTEN = 8
"""Breaks close behind each other from which on a search is believed as far as it saw, instead of up to the next chain only."""
SURE = 20.0
"""Bits beyond the room searched from which a chain needs no neighbours."""


@dataclass
class Walker:
    """One pass over a source; `chains` grows in offset order."""

    source: Source
    dialects: Sequence[Dialect]
    progress: Callable[[int], None]

    def __post_init__(self) -> None:
        self.chains: list[Chain] = []
        self.largest = max(d.largest for d in self.dialects)
        self.at = 0
        self.start, self.stop = 0, self.source.size
        """The ends of the input, or of the part of it between voids that no record reaches over."""
        self.reported = 0
        self.trusted = 0
        self.seen: list[Dialect] = []
        self.breaks = 0
        """How many times in a row a stream was followed and broke again soon."""
        self.kept: tuple[int, npt.NDArray[np.uint8]] = (0, np.zeros(0, np.uint8))

    def octets(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        """The bytes [start, stop), of a window that is kept: where a stream breaks often, each stretch is asked for often."""
        low, kept = self.kept
        stop = min(stop, self.stop)
        if start < low or stop > low + len(kept):
            low, kept = self.kept = start, np.frombuffer(self.source.read(start, max(stop, _border(start))), np.uint8)
        return kept[start - low : stop - low]

    def walk(self) -> list[Chain]:
        """Every chain the skeleton keeps, and nothing yet of what lies stranded in the gaps."""
        for start, stop in self.source.solid(0, self.source.size, max(WIDE, 2 * self.largest)):
            self.at, self.start, self.stop, self.reported = start, start, stop, start
            self.seen = self.seen or self._opening()
            lock: Dialect | None = None
            while self.at < self.stop:
                lock = self._search() if lock is None else self._follow(lock)
                if self.at > self.reported:
                    self.progress(self.at - self.reported)
                    self.reported = self.at
        return self.chains

    def _opening(self) -> list[Dialect]:
        """The formats that run from the first byte on: if one of them explains what follows, no other needs to be weighed."""
        first = self.octets(self.at, self.at + NEAR)
        return [dialect for dialect in self.dialects if dialect.run(first, 0).count > 3]

    def _follow(self, lock: Dialect) -> Dialect | None:
        octets = self.octets(self.at, _border(self.at))
        run = lock.run(octets, 0, self.at, self.trusted - self.at)
        if run.count:
            tail = tuple(self.at + start for start in run.tail)
            join(self.chains, Chain(lock, self.at, self.at + run.stop, run.count, run.count * _typical(lock), tail))
        self.at += run.stop
        self.breaks = self.breaks + 1 if run.stop < NEAR else 0
        cut = self.at + lock.largest > self.stop or run.stop + lock.largest <= len(octets)
        return None if cut or not run.count else lock

    def _untail(self) -> tuple[int, Dialect | None]:
        """Take the records of a chain's last bytes back, also behind an earlier wound: this one may have touched them."""
        low = self.at
        while self.chains and self.chains[-1].stop > max(self.start, self.at - self.chains[-1].dialect.tail):
            last = self.chains[-1]
            if not last.tail:  # its last records were taken back before
                return last.stop, last.dialect
            left = last.count - len(last.tail)
            if left > 0:
                share = last.bits * left / last.count
                self.chains[-1] = replace(last, stop=last.tail[0], count=left, bits=share, tail=())
                return last.tail[0], last.dialect
            self.chains.pop()
            low = last.start
        return low, None

    def _search(self) -> Dialect | None:
        """Look at every offset from here on until a chain can be followed again."""
        low, before = self._untail()
        often = self.breaks >= OFTEN
        reach = 8 * NEAR if often else NEAR
        while True:
            high = min(self.stop, self.at + reach)
            octets = self.octets(low, high)
            done = high == self.stop
            border = high if done else high - 2 * self.largest
            for dialects in filter(None, (self.seen, self.dialects)):
                found = survey(octets, low, dialects, before)
                often = often or found.crowded()
                parts = found.chains(high, before, final=done)
                sure = (i for i, part in enumerate(parts) if self._sure(part) and not (often and part.stop <= border))
                index = next(sure, None)
                if dialects is self.seen and (index is None or self._unexplained(octets, low, parts[: index + 1]) > LOOSE_ENDS):
                    continue
                if index is not None:
                    lock = parts[index]
                    for earlier in parts[:index]:
                        join(self.chains, earlier)
                    self.at, self.trusted = lock.start, self.at + 1
                    if lock.dialect not in self.seen:
                        self.seen.append(lock.dialect)
                    return lock.dialect
            if done or (border > self.at and (often or reach >= FAR)):  # or the largest records would hold it on the spot
                break
            reach *= 8
        for part in parts:
            if part.stop <= border or done:
                join(self.chains, part)
            else:
                border = min(border, part.start)
        self.at = max(border, self.at + 1) if not done else self.stop
        return None

    def _sure(self, part: Chain) -> bool:
        """Whether a chain can be followed from here on."""
        return part.count > 3 and part.bits > SURE + np.log2(self.source.room) and part.stop > self.at

    def _unexplained(self, octets: npt.NDArray[np.uint8], low: int, parts: list[Chain]) -> int:
        """The bytes other than NUL from `low` up to the last of some chains that are in none of them."""
        stops = [low, *(part.stop for part in parts)]
        return sum(int(np.count_nonzero(octets[a - low : part.start - low])) for a, part in zip(stops, parts, strict=False))


def _border(start: int) -> int:
    """Where the bytes that are read together from `start` on end: one to two windows further, the same for all of a window."""
    return (start // WINDOW + 2) * WINDOW


def _typical(dialect: Dialect) -> float:
    return dialect.shape.bits if dialect.pitch is not None else dialect.least_bits  # type: ignore[union-attr]
