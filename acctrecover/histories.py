"""Several inputs of one history: which goes on in which, and of the ends of processes that two of them tell, what one has lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.moments import EPOCH, moments
from acctrecover.result import Scan, chain_batches
from acctrecover.source import open_source

LEAD = 16
"""Records at the start of a file among which is the one that its predecessor's closing record announces."""
LEAST = 3
"""Ends of processes that two inputs must share to be of one history."""
SHARE = 0.5
"""The share of the ends in their common time that they must have in common."""
NEAR = 2.0
"""Seconds that the times of one end may differ by."""
NAMED = 8
"""Lost ends named; more are counted."""
END = np.dtype([("offset", "i8"), ("pid", "i8"), ("code", "i8"), ("began", "f8"), ("closes", "?"), ("seconds", "f8")])
Ends = npt.NDArray[Any]


@dataclass(frozen=True)
class Link:
    """`old` goes on in `new`: process `pid` closes the one at `old_offset`, and its end stands in the other at `new_offset`."""

    old: str
    new: str
    pid: int
    old_offset: int
    new_offset: int

    def to_json(self) -> dict[str, Any]:
        """The object `scan --json` prints for it."""
        return {"kind": "link", **self.__dict__}


@dataclass(frozen=True)
class Match:
    """Two inputs tell of the same ends of processes: `shared` of them. In the time that both cover, the first lost those of
    `first_lost`, (process id, offset in the second), and the second those of `second_lost`."""

    first: str
    second: str
    shared: int
    first_lost: tuple[tuple[int, int], ...]
    second_lost: tuple[tuple[int, int], ...]

    def to_json(self) -> dict[str, Any]:
        """The object `scan --json` prints for it."""
        lost = {
            side: {"count": len(all_), "named": [{"pid": pid, "offset": at} for pid, at in all_[:NAMED]]}
            for side, all_ in (("first_lost", self.first_lost), ("second_lost", self.second_lost))
        }
        return {"kind": "match", "first": self.first, "second": self.second, "shared": self.shared, **lost}


@dataclass(frozen=True)
class Histories:
    """What several inputs have to do with each other; `since` are events that times count from, in seconds since the epoch."""

    links: tuple[Link, ...]
    matches: tuple[Match, ...]
    since: dict[str, float]


@dataclass(frozen=True)
class _Stream:
    """The ends of processes that one format tells of in an input, in its order, and what their times count from."""

    name: str
    format: str
    epoch: str
    ends: Ends


def histories(scans: Sequence[Scan]) -> Histories:
    """The links between rotated files, and how far streams of different formats tell the same. Raises SourceError."""
    streams = [stream for scan in scans for stream in _streams(scan)]
    since: dict[str, float] = {}
    matches = []
    for first, second in combinations(streams, 2):
        if first.format != second.format:
            pairs = _paired(first, second, since)
            if len(pairs) >= LEAST and (match := _matched(first, second, pairs)):
                matches.append(match)
    return Histories(tuple(_links(streams)), tuple(matches), since)


def _streams(scan: Scan) -> Iterator[_Stream]:
    told = scan.told
    with open_source(told.evidence) as source:
        for dialect in {id(owner): owner for owner in told.by_extent.values()}.values():
            parts, epoch = [], EPOCH
            for extent in told.chains:
                if told.by_extent[extent.start] is not dialect or extent.cause is not None or dialect.slots:
                    continue
                for octets, found, low in chain_batches(source, dialect, extent.start, extent.stop, extent.oddities):
                    rows = np.zeros(len(found.starts), END)
                    rows["offset"], rows["began"], rows["seconds"] = found.starts + low, np.nan, np.nan
                    for shape, skip, which in dialect.shapes(octets, found):
                        record = shape.record
                        if record.exits is None or not len(which):
                            continue
                        records = shape.gather(octets, found.starts[which] + skip)
                        for name, expr in (("pid", record.exits), ("code", record.exit_code), ("began", record.began)):
                            if expr is not None:
                                rows[name][which] = shape.evaluate(expr, records)
                        if record.closes is not None:
                            rows["closes"][which] = shape.evaluate(record.closes, records)
                    if rows["pid"].any():
                        for which, counted, seconds in moments(dialect, octets, found):
                            rows["seconds"][which] = seconds
                            epoch = counted if rows["pid"][which].any() else epoch
                    parts.append(rows[rows["pid"] > 0])
            if parts and sum(map(len, parts)):
                yield _Stream(scan.name, dialect.name, epoch, np.concatenate(parts))


def _links(streams: Sequence[_Stream]) -> Iterator[Link]:
    """A process that closes one file, as accounting moves on, ends among the first in the next."""
    begun: dict[tuple[int, float], tuple[_Stream, int]] = {}
    for stream in streams:
        for row in stream.ends[:LEAD]:
            if not row["closes"]:
                begun.setdefault((int(row["pid"]), float(row["began"])), (stream, int(row["offset"])))
    for stream in streams:
        last = stream.ends[-1]
        key = int(last["pid"]), float(last["began"])
        if last["closes"] and key in begun and begun[key][0] is not stream and begun[key][0].format == stream.format:
            new, at = begun[key]
            yield Link(stream.name, new.name, key[0], int(last["offset"]), at)


def _paired(first: _Stream, second: _Stream, since: dict[str, float]) -> npt.NDArray[np.int64]:
    """The numbers of the ends that are the same in both: shape (n, 2). What a clock counts from is put into `since`."""
    keys = [_keys(stream.ends) for stream in (first, second)]
    _, ours, theirs = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    order = np.argsort(ours)
    pairs = np.stack((ours[order], theirs[order]), axis=1)
    apart = first.ends["seconds"][pairs[:, 0]] - second.ends["seconds"][pairs[:, 1]]
    known = np.isfinite(apart)
    if not known.any():
        return pairs
    if EPOCH in (first.epoch, second.epoch) and first.epoch != second.epoch:
        steps = apart if first.epoch == EPOCH else -apart
        middle = float(np.median(steps[known]))
        close = known & (np.abs(steps - middle) <= NEAR)
        if np.count_nonzero(close) >= LEAST:  # clocks in whole seconds are rounded down
            since.setdefault(second.epoch if first.epoch == EPOCH else first.epoch, float(steps[close].max()))
        return np.asarray(pairs[close])
    return np.asarray(pairs[~known | (np.abs(apart) <= NEAR)])


def _keys(ends: Ends) -> npt.NDArray[np.int64]:
    """A number for the process, how it ended, and how many such ends come before: no two are the same."""
    both = ends["pid"] << 16 | ends["code"] & 0xFFFF
    order = np.argsort(both, kind="stable")
    ordered = both[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    turn = np.arange(len(ordered)) - np.repeat(begins, np.diff(np.append(begins, len(ordered))))
    out = np.empty(len(both), np.int64)
    out[order] = ordered | turn << 40
    return out


def _matched(first: _Stream, second: _Stream, pairs: npt.NDArray[np.int64]) -> Match | None:
    lost = []
    for side, stream in ((1, second), (0, first)):
        own = pairs[:, side]
        inside = np.arange(int(own.min()), int(own.max()) + 1)
        missing = stream.ends[inside[~np.isin(inside, own)]]
        missing = missing[~missing["closes"]]
        lost.append(tuple(zip(missing["pid"].tolist(), missing["offset"].tolist(), strict=True)))
    if len(pairs) < SHARE * (len(pairs) + min(map(len, lost))):
        return None
    return Match(first.name, second.name, len(pairs), *lost)
