"""From bytes to chains: follow a stream while it holds, and search every offset where it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.chain import Candidates, Grammar, Skeleton
from acctrecover.dialect import TAIL, Dialect, Found, FramedDialect, clocks
from acctrecover.source import Source

WINDOW = 1 << 22
"""Bytes read at once while a stream holds."""
NEAR, FAR = 1 << 13, 1 << 19
"""Bytes searched at every offset behind a wound: at first, and at most at once."""
SURE = 20.0
"""Bits beyond the room searched from which a chain needs no neighbours."""
RISK = 1e-3
"""The E-value up to which a chain is believed."""
DAY = 86400.0
MISLED = 1.5
"""What a record costs whose length takes a series of others in: more than a gap, where one flipped bit explains them."""
EMPTY = 0.2
"""What a record without a payload costs the skeleton."""
UNSOUND = 0.3
"""What a record with a broken payload costs the skeleton: less than a gap."""
YEARS = (6.0e8, 2.3e9)
"""Clocks that need no excuse: 1989 to 2042. Only a preference between readings, never a veto."""


@dataclass(frozen=True)
class Chain:
    """Linked records [start, stop) of one dialect; `tail` is where the last few start."""

    dialect: Dialect
    start: int
    stop: int
    count: int
    bits: float
    tail: tuple[int, ...]


def join(out: list[Chain], chain: Chain) -> None:
    """Append a chain, or lengthen the last one with it where they touch."""
    last = out[-1] if out else None
    pitch = chain.dialect.pitch
    if (
        last
        and last.stop == chain.start
        and last.dialect is chain.dialect
        and (pitch is None or (chain.start - last.start) % pitch == 0)
    ):
        tail = tuple(start for start in (*last.tail, *chain.tail) if start > chain.stop - TAIL)
        out[-1] = replace(last, stop=chain.stop, count=last.count + chain.count, bits=last.bits + chain.bits, tail=tail)
    else:
        out.append(chain)


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
        self.reported = 0
        self.trusted = 0

    def octets(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.source.read(start, stop), np.uint8)

    def walk(self) -> list[Chain]:
        """Every chain the skeleton keeps, and nothing yet of what lies stranded in the gaps."""
        lock: Dialect | None = None
        while self.at < self.source.size:
            lock = self._search() if lock is None else self._follow(lock)
            if self.at > self.reported:
                self.progress(self.at - self.reported)
                self.reported = self.at
        return self.chains

    def _follow(self, lock: Dialect) -> Dialect | None:
        octets = self.octets(self.at, self.at + WINDOW)
        run = lock.run(octets, 0, self.at, self.trusted - self.at)
        if run.count:
            tail = tuple(self.at + start for start in run.tail)
            join(self.chains, Chain(lock, self.at, self.at + run.stop, run.count, run.count * _typical(lock), tail))
        self.at += run.stop
        cut = self.at + lock.largest > self.source.size or run.stop + lock.largest <= len(octets)
        return None if cut or not run.count else lock

    def _untail(self) -> tuple[int, Dialect | None]:
        """Take the records of the last TAIL bytes back, also behind an earlier wound: this one may have touched them."""
        low = self.at
        while self.chains and self.chains[-1].stop > self.at - TAIL:
            last = self.chains[-1]
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
        reach = NEAR
        while True:
            high = min(self.source.size, self.at + reach)
            found = survey(self.octets(low, high), low, self.dialects, before)
            parts = found.chains(high, before)
            done = high == self.source.size
            for index, part in enumerate(parts):
                if part.count > 3 and part.bits > SURE + np.log2(self.source.size) and part.stop > self.at:
                    for earlier in parts[:index]:
                        join(self.chains, earlier)
                    self.at, self.trusted = part.start, self.at + 1
                    return part.dialect
            if done or reach >= FAR:
                break
            reach *= 8
        border = high if done else high - 2 * self.largest
        for part in parts:
            if part.stop <= border or done:
                join(self.chains, part)
            else:
                border = min(border, part.start)
        self.at = max(border, self.at + 1) if not done else self.source.size
        return None


@dataclass(frozen=True)
class Survey:
    """All candidates of all dialects in a stretch of the input, in offset order; offsets are absolute."""

    octets: npt.NDArray[np.uint8]
    low: int
    dialects: Sequence[Dialect]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    landings: npt.NDArray[np.int64]
    owner: npt.NDArray[np.int64]
    bits: npt.NDArray[np.float64]
    costs: npt.NDArray[np.float64]
    unsound: npt.NDArray[np.float64]
    loose: npt.NDArray[np.bool_]
    heads: frozenset[tuple[int, int]]
    """(dialect, offset) of sensible headers, also of those whose records are not there whole."""

    def chains(self, high: int, before: Dialect | None) -> list[Chain]:
        """The skeleton's chains over [low, high)."""
        lists = (self.starts.tolist(), self.landings.tolist(), self.owner.tolist(), self.costs.tolist())
        given = Candidates(*lists, self.unsound.tolist(), self.loose.tolist(), self.heads, self.padded())
        known = None if before is None else next(i for i, d in enumerate(self.dialects) if d is before)
        grammars = [Grammar(d.pitch, d.smallest, d.largest, d.reader(self.octets, self.low)) for d in self.dialects]
        path = Skeleton(given, grammars, self.low, high).path(known)
        return self.linked([step.index for step in path if not step.cut])

    def padded(self) -> frozenset[tuple[int, int]]:
        """(end, start) of framed records between which stand fewer zero bytes than a header has, and nothing else."""
        framed = np.array([d.pitch is None for d in self.dialects])[self.owner] if len(self.owner) else np.zeros(0, np.bool_)
        stops, starts = np.unique(self.starts[framed] + self.sizes[framed]), self.starts[framed]
        pairs: set[tuple[int, int]] = set()
        for width in range(1, min((d.smallest for d in self.dialects if d.pitch is None), default=1)):
            near = stops[np.isin(stops + width, starts)]
            pairs.update((end, end + width) for end in near.tolist() if not self.octets[end - self.low : end - self.low + width].any())
        return frozenset(pairs)

    def linked(self, path: Sequence[int]) -> list[Chain]:
        """Chosen candidates joined where one lands on the next."""
        out: list[Chain] = []
        for i in path:
            start = int(self.starts[i])
            dialect, bits = self.dialects[int(self.owner[i])], float(self.bits[i])
            join(out, Chain(dialect, start, int(self.landings[i]), 1, bits, (start,)))
        return out


def survey(octets: npt.NDArray[np.uint8], low: int, dialects: Sequence[Dialect], before: Dialect | None = None) -> Survey:
    """Find the candidates of every dialect at every offset of `octets`, which begin at `low` of the input.

    Candidates with no neighbour and too little evidence for the room are left out.
    """
    columns: list[list[npt.NDArray[Any]]] = []
    heads: set[tuple[int, int]] = set()
    for index, dialect in enumerate(dialects):
        if isinstance(dialect, FramedDialect):
            begin = max(0, len(octets) - dialect.largest)
            heads.update((index, low + begin + int(start)) for start in dialect.heads(octets[begin:])[0])
        found = dialect.candidates(octets, low)
        if not len(found.starts):
            continue
        landings = dialect.landing(octets, low, found.stops)
        misled = dialect.misled(octets, found, landings, np.arange(len(found.starts))) if dialect.pitch is None else []
        linked = np.isin(landings, found.starts) | np.isin(found.starts, landings) | (found.starts == 0)
        linked |= landings >= len(octets)
        lone = Found(found.starts[~linked], found.sizes[~linked])
        if len(lone.starts):
            linked[~linked] = len(octets) * np.exp2(-dialect.bits(octets, lone)) <= RISK
        costs = np.zeros(len(linked))
        costs[misled] = MISLED
        costs[found.sizes == dialect.smallest] += EMPTY if dialect.pitch is None else 0.0
        found, landings, costs = Found(found.starts[linked], found.sizes[linked]), landings[linked], costs[linked]
        bits = dialect.bits(octets, found)
        costs += _incoherence(dialect, octets, found)
        unsound = np.where(dialect.sound(octets, found), 0.0, UNSOUND)
        if before is not None and dialect is not before:
            costs = costs + 2e-4
        owner = np.full(len(bits), index)
        columns.append([found.starts + low, found.sizes, landings + low, owner, bits, costs, unsound, dialect.loosely(octets, found)])
    if not columns:
        none = np.zeros(0, np.int64)
        return Survey(octets, low, dialects, none, none, none, none, none.astype(float), none.astype(float), none.astype(float), none > 0, frozenset(heads))
    joined = [np.concatenate(column) for column in zip(*columns, strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return Survey(octets, low, dialects, *(column[order] for column in joined), frozenset(heads))


def _typical(dialect: Dialect) -> float:
    return dialect.shape.bits if dialect.pitch is not None else dialect.loose_bits  # type: ignore[union-attr]


def _incoherence(dialect: Dialect, octets: npt.NDArray[np.uint8], found: Found) -> float:
    """Nearly 0, less than a byte is worth: how far the clocks of these candidates are from a history, to tell byte orders apart."""
    seconds = clocks(dialect, octets, found)
    seconds = seconds[~np.isnan(seconds)]
    if not len(seconds):
        return 0.0
    odd = float(((seconds < YEARS[0]) | (seconds > YEARS[1])).mean())
    jumps = float((np.abs(np.diff(seconds)) > DAY).mean()) if len(seconds) > 1 else 0.0
    return 1e-4 * (odd + jumps)
