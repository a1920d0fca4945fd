"""Every candidate of every dialect in a stretch of the input, and the chains that the skeleton makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from acctrecover.chain import Candidates, Grammar, Skeleton
from acctrecover.dialect import Dialect, clocks
from acctrecover.framed import FramedDialect
from acctrecover.stream import TAIL, Found, among

RISK = 1e-3
"""The E-value up to which a chain is believed."""
DAY = 86400.0
YEARS = (6.0e8, 2.3e9)
"""Clocks that need no excuse: 1989 to 2042. Only a preference between readings, never a veto."""
MISLED = 1.5
"""What a record costs whose length takes a series of others in: more than a gap, where one flipped bit explains them."""
EMPTY = 0.1
"""What a record without a payload costs the skeleton."""
DOUBLED = 0.5
"""What a record costs whose header is the cookie twice, as payloads full of cookies have at every second byte."""
UNSOUND = 0.3
"""What a record with a broken payload costs the skeleton: less than a gap."""
FOREIGN = 2e-4
"""What a record of another dialect than the one before the wound costs: only a preference."""
CANDIDATE = np.dtype(
    [
        ("start", "i8"),
        ("size", "i8"),
        ("landing", "i8"),
        ("owner", "i8"),
        ("bits", "f8"),
        ("cost", "f8"),
        ("unsound", "f8"),
        ("loose", "?"),
    ]
)


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


@dataclass(frozen=True)
class Survey:
    """All candidates of all dialects in a stretch of the input, in offset order; offsets are absolute.

    `found` has the fields of CANDIDATE: `landing` is where the next record must start, `owner` the index of the dialect.
    """

    octets: npt.NDArray[np.uint8]
    low: int
    dialects: Sequence[Dialect]
    found: npt.NDArray[np.void]
    heads: frozenset[tuple[int, int]]
    """(dialect, offset) of sensible headers, also of those whose records are not there whole."""

    def chains(self, high: int, before: Dialect | None, *, final: bool) -> list[Chain]:
        """The skeleton's chains over [low, high), `final` where the input ends there."""
        found = {name: self.found[name].tolist() for name in ("start", "landing", "owner", "cost", "unsound", "bits", "loose")}
        given = Candidates(
            starts=found["start"],
            landings=found["landing"],
            dialects=found["owner"],
            costs=found["cost"],
            unsound=found["unsound"],
            bits=found["bits"],
            loose=found["loose"],
            heads=self.heads,
            padded=self.padded(),
        )
        known = None if before is None else next(i for i, d in enumerate(self.dialects) if d is before)
        grammars = [Grammar(d.pitch, d.smallest, d.largest, d.reader(self.octets, self.low)) for d in self.dialects]
        path = Skeleton(given, grammars, self.low, high, final=final).path(known)
        return self.linked([step.index for step in path if not step.cut])

    def padded(self) -> frozenset[tuple[int, int]]:
        """(end, start) of framed records between which stand fewer zero bytes than a header has, and nothing else."""
        framed = self.found[np.array([d.pitch is None for d in self.dialects])[self.found["owner"]]]
        stops, starts = framed["start"] + framed["size"], framed["start"]
        pairs: set[tuple[int, int]] = set()
        for width in range(1, min((d.smallest for d in self.dialects if d.pitch is None), default=1)):
            near = stops[among(stops + width, starts)]
            pairs.update(
                (end, end + width) for end in near.tolist() if not self.octets[end - self.low : end - self.low + width].any()
            )
        return frozenset(pairs)

    def linked(self, path: Sequence[int]) -> list[Chain]:
        """Chosen candidates joined where one lands on the next."""
        out: list[Chain] = []
        for i in path:
            start, landing, bits = int(self.found["start"][i]), int(self.found["landing"][i]), float(self.found["bits"][i])
            join(out, Chain(self.dialects[int(self.found["owner"][i])], start, landing, 1, bits, (start,)))
        return out


def survey(octets: npt.NDArray[np.uint8], low: int, dialects: Sequence[Dialect], before: Dialect | None = None) -> Survey:
    """Find the candidates of every dialect at every offset of `octets`, which begin at `low` of the input.

    Candidates with no neighbour and too little evidence for the room are left out.
    """
    parts: list[npt.NDArray[np.void]] = [np.zeros(0, CANDIDATE)]
    heads: set[tuple[int, int]] = set()
    for index, dialect in enumerate(dialects):
        if isinstance(dialect, FramedDialect):
            begin = max(0, len(octets) - dialect.largest)
            heads.update((index, low + begin + int(start)) for start in dialect.heads(octets[begin:])[0])
        found = dialect.candidates(octets, low)
        if not len(found.starts):
            continue
        landings = dialect.landing(octets, low, found.stops)
        linked = among(landings, found.starts) | among(found.starts, np.sort(landings)) | (found.starts == 0)
        linked |= landings >= len(octets)
        lone = Found(found.starts[~linked], found.sizes[~linked])
        if len(lone.starts):
            linked[~linked] = len(octets) * np.exp2(-dialect.bits(octets, lone)) <= RISK
        found, landings = Found(found.starts[linked], found.sizes[linked]), landings[linked]
        part = np.zeros(len(found.starts), CANDIDATE)
        part["start"], part["size"], part["landing"], part["owner"] = found.starts + low, found.sizes, landings + low, index
        if isinstance(dialect, FramedDialect):
            part["cost"][dialect.misled(octets, found, landings, np.arange(len(part)))] = MISLED
            part["cost"][found.sizes == dialect.smallest] += EMPTY
            part["cost"][dialect.doubled(octets, found)] += DOUBLED
        part["bits"] = dialect.bits(octets, found)
        part["cost"] += _incoherence(dialect, octets, found) + (FOREIGN if before not in (None, dialect) else 0.0)
        part["unsound"] = np.where(dialect.sound(octets, found), 0.0, UNSOUND)
        part["loose"] = dialect.loosely(octets, found)
        parts.append(part)
    joined = np.concatenate(parts)
    return Survey(octets, low, dialects, joined[np.argsort(joined["start"], kind="stable")], frozenset(heads))


def _incoherence(dialect: Dialect, octets: npt.NDArray[np.uint8], found: Found) -> float:
    """Nearly 0, less than a byte is worth: how far the clocks of these candidates are from a history, to tell byte orders apart."""
    seconds = clocks(dialect, octets, found)
    seconds = seconds[~np.isnan(seconds)]
    if not len(seconds):
        return 0.0
    odd = float(((seconds < YEARS[0]) | (seconds > YEARS[1])).mean())
    jumps = float((np.abs(np.diff(seconds)) > DAY).mean()) if len(seconds) > 1 else 0.0
    return 1e-4 * (odd + jumps)
