"""Damage a stream on purpose, and know of every byte of the result where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import acctrecover.wholesale  # noqa: F401  enters its kinds
from acctrecover.errors import AcctrecoverError
from acctrecover.lineage import PUT, Traced
from acctrecover.wounds import KINDS, Scene, find

__all__ = ["KINDS", "Damaged", "Segment", "Wound", "damage", "segments"]

TEXTS = ("input", "stale", "other")


class Segment(NamedTuple):
    """Bytes [out_start, out_stop) of a damaged stream and where they came from.

    `source` is input, stale or other: equal to the bytes of that text from `in_start` on; changed: they stand where the
    input's bytes from `in_start` on stood, and each has another value; put: new bytes (`in_start` is None).
    """

    out_start: int
    out_stop: int
    source: str
    in_start: int | None


@dataclass(frozen=True)
class Wound:
    """One wound: where it lies in the input and in the damaged stream, both half-open, and what was drawn for it."""

    kind: str
    in_start: int
    in_stop: int
    out_start: int
    out_stop: int
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Damaged:
    """A damaged stream: its bytes, the wounds in the order they were dealt, and the segments that tile it."""

    data: bytes
    wounds: list[Wound]
    truth: list[Segment]

    def parted(self) -> tuple[bytes, bytes]:
        """The two files that the first copytruncate leaves: the copy, and what was written behind the truncation.

        Raises AcctrecoverError where there was none.
        """
        cuts = [wound.out_start for wound in self.wounds if wound.kind == "copytruncate"]
        if not cuts:
            raise AcctrecoverError("only a copytruncate leaves a second file")
        return self.data[: cuts[0]], self.data[cuts[0] :]

    def to_json(self) -> dict[str, Any]:
        """What `damage --truth` writes."""
        names = {"schema": "acctrecover/damage/1", "kind": "damage"}
        return {**names, "size": len(self.data), "wounds": [asdict(wound) for wound in self.wounds], "segments": list(self.truth)}


def damage(
    data: bytes,
    kinds: Sequence[str],
    seed: int,
    *,
    stale: bytes | None = None,
    other: bytes | None = None,
    boundaries: Sequence[int] | None = None,
) -> Damaged:
    """Deal the named wounds to `data` one after the other. The same arguments give the same bytes.

    `stale` is an older stream that stale blocks are taken from, `other` the one that is spliced on, `boundaries` the
    offsets at which records start, in ascending order (found by a scan where it is None and a kind needs them).
    Raises AcctrecoverError for an unknown kind, for empty `data` and for a splice without `other`.
    """
    dealers = [find(name) for name in kinds]
    if not data:
        raise AcctrecoverError("there is nothing to damage in an empty stream")
    rng = np.random.Generator(np.random.PCG64(seed))
    body, wounds = Traced.of(data), list[Wound]()
    for name, deal in zip(kinds, dealers, strict=True):
        if not len(body):
            raise AcctrecoverError(f"{name}: the wounds before it left no byte")
        scene = Scene(stale, other, _Borders(body, boundaries))
        stroke = deal(Traced.of(body.data), rng, scene)
        wounds = [_moved(wound, stroke.result) for wound in wounds]
        low, high = body.origin(stroke.start), body.origin(stroke.stop)
        low = len(data) if low is None else low
        high = len(data) if high is None else high
        wounds.append(Wound(name, low, max(low, high), stroke.start, stroke.start + stroke.width, stroke.parameters))
        body = stroke.result.through(body)
    return Damaged(body.data, wounds, list(segments(body, (data, stale or b"", other or b""))))


@dataclass(frozen=True)
class _Borders:
    """Where records start in a body, once some kind asks: known from the input, or found."""

    body: Traced
    known: Sequence[int] | None

    def __call__(self) -> list[int]:
        if self.known is None:
            from acctrecover.scanning import scan

            return [int(start) for start in scan(self.body.data).records["offset"]]
        known, out = np.asarray(self.known, np.int64), list[int]()
        for piece, stop in zip(self.body.pieces, self.body.stops, strict=True):
            if piece.text == 0:
                low, high = np.searchsorted(known, (piece.at, piece.at + piece.length))
                out += (known[low:high] - piece.at + stop - piece.length).tolist()
        return out


def _moved(wound: Wound, step: Traced) -> Wound:
    """A wound's place after a later one."""
    start = stop = step.standing(wound.out_start)
    if wound.out_stop > wound.out_start:  # up to its last byte that still stands, without what was put behind that
        stop = max(start, min(step.standing(wound.out_stop), step.standing(wound.out_stop - 1) + 1))
    return replace(wound, out_start=start, out_stop=stop)


def segments(body: Traced, texts: Sequence[bytes]) -> Iterator[Segment]:
    """The segments of a body whose pieces stem from `texts` (input, stale, other), told apart by comparing the bytes."""
    last: Segment | None = None
    for found in _compared(body, texts):
        if last and last.source == found.source and (found.source == "put" or _end(last) == found.in_start):
            last = last._replace(out_stop=found.out_stop)
        else:
            if last:
                yield last
            last = found
    if last:
        yield last


def _end(segment: Segment) -> int:
    return (segment.in_start or 0) + segment.out_stop - segment.out_start


def _compared(body: Traced, texts: Sequence[bytes]) -> Iterator[Segment]:
    for piece, stop in zip(body.pieces, body.stops, strict=True):
        start = stop - piece.length
        if piece.text == PUT:
            yield Segment(start, stop, "put", None)
            continue
        here, there = body.data[start:stop], texts[piece.text][piece.at : piece.at + piece.length]
        name = TEXTS[piece.text]
        if here == there:
            yield Segment(start, stop, name, piece.at)
            continue
        same = np.frombuffer(here, np.uint8) == np.frombuffer(there, np.uint8)
        edges = [0, *(np.flatnonzero(same[1:] != same[:-1]) + 1).tolist(), piece.length]
        for low, high in pairwise(edges):
            if same[low]:
                yield Segment(start + low, start + high, name, piece.at + low)
            elif piece.text == 0:
                yield Segment(start + low, start + high, "changed", piece.at + low)
            else:
                yield Segment(start + low, start + high, "put", None)
