"""One large input walked by several workers, each over a range of it, with the very result of a single walk.

A worker walks its range as if the input began there, and notes each step with the key of all that the step depends on. The one
walker that counts goes over the whole input and takes a noted step wherever its own key is the same, or else makes it itself: so
a worker that began in the middle of a record, or was lost, costs time and never a result.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from acctrecover.asked import Asked
from acctrecover.errors import AcctrecoverError
from acctrecover.fingerprint import fingerprint
from acctrecover.source import Source, open_source
from acctrecover.stream import WINDOW
from acctrecover.survey import Chain
from acctrecover.voids import Void, Voids
from acctrecover.walk import Key, Step, Walker
from acctrecover.workers import Workers

LEAST, MOST = 8 * WINDOW, 32 * WINDOW
"""Bytes of a range, multiples of a window: a stream is followed to the same places from all its borders."""
OVERLAP = 2 * WINDOW
"""Bytes that a worker goes on behind its range: by then the worker of the next one makes the same steps."""
SEEN = 0.5
"""Seconds of a walk after which it tells how long the rest will take."""
Packed = tuple[Key, tuple[tuple[Any, ...], ...], int, int]
"""A key and its step, of plain numbers: chains, where it goes on, and the number of the dialect it follows or -1."""


@dataclass(frozen=True)
class Range:
    """The range [low, high) of a file for a worker to walk, and what its walk must agree on with the one that counts."""

    path: str
    size: int
    mtime: int
    voids: tuple[Void, ...]
    asked: Asked
    fingerprint: str
    low: int = 0
    high: int = 0


def steps(part: Range) -> list[Packed] | str:
    """The steps of a walk over a range; or in words why its result would not be that of the one who asks."""
    if fingerprint(part.asked.places) != part.fingerprint:
        return "a worker has another version of acctrecover, or other format declarations"
    out: list[Packed] = []
    try:
        with open_source(part.path, most=0) as source:  # what is compressed and asked for so is walked as it stands
            if (source.size, _mtime(source)) != (part.size, part.mtime):
                return f"{part.path}: is another file where a worker runs"
            source.voids = Voids(part.voids)
            void = source.voids.size
            walker = Walker(source, part.asked.dialects(), lambda done: None)
            walker.at = part.low
            walker.note = lambda key, step: out.append(pack(walker, key, step))
            walker.walk(until=part.high)
            return out if source.voids.size == void else "a worker met a read error"
    except AcctrecoverError as error:
        return f"{error} (where a worker runs)"


def pack(walker: Walker, key: Key, step: Step) -> Packed:
    """A step as plain numbers."""
    number = walker.number
    chains = tuple((number[id(c.dialect)], c.start, c.stop, c.count, c.bits, c.tail, c.measured) for c in step.chains)
    return key, chains, step.at, -1 if step.lock is None else number[id(step.lock)]


def unpack(dialects: Sequence[Any], packed: Packed) -> tuple[Key, Step]:
    """What `pack` was given."""
    key, chains, at, lock = packed
    return key, Step(tuple(Chain(dialects[c[0]], *c[1:]) for c in chains), at, None if lock < 0 else dialects[lock])


def shared(source: Source) -> bool:
    """Whether a worker can open the same bytes by their name."""
    kind = source.fd_stat
    return kind is not None and source.held is None and (stat.S_ISREG(kind.st_mode) or stat.S_ISBLK(kind.st_mode))


def _mtime(source: Source) -> int:
    return 0 if source.fd_stat is None else source.fd_stat.st_mtime_ns


@dataclass
class Shares:
    """Walks an input with `workers`: give `walk` to `scan` as its `walking`. `said` are the reasons why ranges came to nothing."""

    workers: Workers
    asked: Asked
    length: int | None = None

    def __post_init__(self) -> None:
        self.said: list[str] = []

    def walk(self, walker: Walker, attend: Callable[[Walker], None] = lambda walker: None) -> list[Chain]:
        """What `walker.walk(attend)` gives, byte for byte."""
        source, ahead = walker.source, 2 * self.workers.width
        length = self.length or min(MOST, max(LEAST, source.room // (4 * self.workers.width) // WINDOW * WINDOW))
        if not shared(source) or source.room <= length:
            return walker.walk(attend)
        given = Range(
            os.path.abspath(source.name),
            source.size,
            _mtime(source),
            tuple(source.voids),
            self.asked,
            fingerprint(self.asked.places),
        )
        begun, since = walker.at, time.monotonic()
        patience = self.workers.patience
        lows = [low for low in range(walker.at // length * length, source.size, length) if source.solid(low, low + length)]
        waiting: list[tuple[int, Any]] = []
        edge = 0

        def taking(walker: Walker) -> None:
            nonlocal edge, patience
            if patience and walker.at > begun and (spent := time.monotonic() - since) >= SEEN:
                left = source.size - walker.at
                if spent * left / (walker.at - begun) >= patience and left > length:
                    patience, edge = 0.0, 0
            if walker.at >= edge and not patience:
                walker.known = {key: step for key, step in walker.known.items() if key[0] >= walker.at}
                edge = (walker.at // length + 1) * length
                while waiting and waiting[0][0] + length <= walker.at:
                    self.workers.forget(waiting.pop(0)[1])
                while lows and lows[0] + length <= walker.at:
                    lows.pop(0)
                while lows and len(waiting) < ahead:
                    low = lows.pop(0)
                    part = replace(given, low=max(low, walker.at), high=low + length + OVERLAP)
                    waiting.append((low, self.workers.submit(steps, part)))
                if waiting and waiting[0][0] < edge:
                    made = self.workers.result(waiting.pop(0)[1])
                    if isinstance(made, list):
                        walker.known |= dict(unpack(walker.dialects, packed) for packed in made)
                    elif made is not None and made not in self.said:
                        self.said.append(made)
            attend(walker)

        try:
            return walker.walk(taking)
        finally:
            for _, future in waiting:
                self.workers.forget(future)
