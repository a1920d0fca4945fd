"""Scan a stream: every record that survives, every gap and why it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from acctrecover.cause import judge
from acctrecover.dialect import Dialect, clocks, dialects
from acctrecover.errors import SelfCheckError
from acctrecover.extent import Extent, Oddity, tiles
from acctrecover.fill import fill
from acctrecover.fixed import Fixed
from acctrecover.gap import ZEROS, Gap, split_zeros
from acctrecover.history import Part, history
from acctrecover.mend import doubt_before, mend, unsound
from acctrecover.registry import choose, load_formats
from acctrecover.result import Scan, chain_batches
from acctrecover.source import Evidence, Source, open_source
from acctrecover.survey import RISK, Chain, join
from acctrecover.walk import Walker

STRIDE = 1 << 15
"""Records of a fixed size whose clocks are looked at together."""
LARGEST_GAP = 1 << 22
"""Bytes of a gap that are looked at together for its cause."""


@lru_cache(maxsize=16)
def compiled(names: tuple[str, ...], cookie: int | None, places: tuple[str, ...]) -> list[Dialect]:
    """Both byte orders of the named formats (none named: all), compiled once a process."""
    return dialects(choose(list(names) or None, load_formats(*places)), cookie)


def scan(
    evidence: Evidence,
    formats: Sequence[str] | None = None,
    *,
    cookie: int | None = None,
    places: Sequence[str | Path] = (),
    progress: Callable[[int], None] = lambda done: None,
) -> Scan:
    """Find every surviving record of a path, "-", bytes or an open Source.

    `formats` names the formats to try (default: all); `cookie` replaces the declared cookie of framed formats; `places` are
    files or folders of format declarations instead of those that ship; `progress` is told of bytes done, of a pipe's twice:
    it is copied to a temporary file first. Raises SourceError, FormatError, AcctrecoverError for an unknown format name.
    Damage is a result, never an exception.
    """
    every = compiled(tuple(formats or ()), cookie, tuple(map(str, places)))
    with open_source(evidence, progress) as source:
        raw = _scan(source, every, progress)
        found = raw if isinstance(evidence, Source) else replace(raw, evidence=source)
        if raw.whole:
            return found
        from acctrecover.transfer import undone_scan  # a whole stream has no use for it

        def undone(data: bytes) -> Scan:
            with open_source(data) as bare:
                return replace(_scan(bare, every, lambda done: None), evidence=data)

        transfer = undone_scan(source, undone, raw)
        if transfer is None:
            return found
        if transfer.undone is None:
            return replace(found, transfer=transfer)
        return replace(found, extents=list(transfer.extents), transfer=transfer)


def _scan(source: Source, every: list[Dialect], progress: Callable[[int], None]) -> Scan:
    """The bytes of a source as they stand."""
    source.start_hash()
    chains = Walker(source, every, progress).walk()

    def read(start: int, stop: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(source.read(start, stop), np.uint8)

    chains = _believed(chains, source.size)
    chains, oddities = _mended(chains, source.size, read, doubting=False)  # before payloads can fill the gaps
    chains = _believed(fill(chains, source.size, read, every), source.size)
    chains, more = _mended(chains, source.size, read, doubting=True)
    oddities += more
    extents, owners = _extents(source, chains, oddities, read)
    if not tiles(extents, source.size):
        raise SelfCheckError(f"{source.name}: the extents found do not tile the input")
    return Scan(source.name, source.size, source.sha256(), extents, source, owners)


def _believed(chains: list[Chain], size: int) -> list[Chain]:
    """The chains whose E-value over the room between their strong neighbours is small enough."""
    sure = np.log2(max(size, 1)) + 10
    strong = [chain for chain in chains if chain.bits >= sure]
    edges = np.array([edge for chain in strong for edge in (chain.start, chain.stop)] or [0], np.int64)
    out = []
    for chain in chains:
        at = int(np.searchsorted(edges, chain.start, "right")) if strong else 0
        low = int(edges[at - 1]) if at else 0
        high = int(edges[at]) if strong and at < len(edges) else size
        beside = bool(at and chain.start == low) or bool(strong and at < len(edges) and chain.stop == high)
        room = 1 if beside else high - low
        if chain.bits >= sure or room * 2.0**-chain.bits <= RISK:
            out.append(chain)
    return out


def _mended(
    chains: list[Chain], size: int, read: Callable[[int, int], npt.NDArray[np.uint8]], *, doubting: bool
) -> tuple[list[Chain], list[Oddity]]:
    """Chains with the suspect and healed records of the gaps between them, joined; and what is odd about which record."""
    out: list[Chain] = []
    oddities: list[Oddity] = []
    at, before = 0, None
    for chain in [*chains, None]:
        stop = size if chain is None else chain.start
        if stop > at:
            framed = before is not None and before.dialect.pitch is None
            mended = mend(at, stop, before, chain, read) if framed or doubting else []
            if before is not None and chain is not None and not mended and doubting:
                doubt = doubt_before(before, stop, read)
                oddities += [doubt] if doubt else []
            for found in mended:
                join(out, found.chain)
                oddities.append(found.oddity)
        if chain is not None:
            join(out, chain)
            at, before = chain.stop, chain
    return out, oddities


def _extents(
    source: Source, chains: list[Chain], oddities: list[Oddity], read: Callable[[int, int], npt.NDArray[np.uint8]]
) -> tuple[list[Extent], dict[int, Dialect]]:
    extents: list[Extent] = []
    owners: dict[int, Dialect] = {}
    at, before = 0, None
    for chain in [*chains, None]:
        stop = source.size if chain is None else chain.start
        extents += _gap(source, at, stop, before, chain)
        if chain is not None:
            own = [odd for odd in oddities if chain.start <= odd.offset < chain.stop]
            parts = _chain(source, chain, own, bool(extents) and extents[-1].kind == "gap")
            extents += parts
            owners.update((part.start, chain.dialect) for part in parts)
            at, before = chain.stop, chain
    return extents, owners


def _gap(source: Source, start: int, stop: int, before: Chain | None, after: Chain | None) -> list[Extent]:
    out: list[Extent] = []
    for low in range(start, stop, LARGEST_GAP):
        octets = source.read(low, min(stop, low + LARGEST_GAP))
        for a, b, zero in split_zeros(octets):
            edge = (before is not None and b - a < ZEROS) or (low + a == 0 and after is not None and after.start == b < ZEROS)
            framed = before is not None and after is not None and before.dialect.pitch is None
            cut = edge and (low + b == source.size or low + a == 0 or framed)
            if zero and not cut:
                tail = " at the end: room was made for records that were never written" if low + b == source.size else ""
                here = Extent("gap", low + a, low + b, cause="zero run", detail=f"{b - a} NUL bytes{tail}")
            else:
                left = before if low + a == start else None
                right = after if low + b == stop else None
                verdict = judge(Gap(octets[a:b], low + a, source.size, left, right, source.read))
                torn = (verdict.torn,) if verdict.torn else ()
                named = left.dialect if torn and left else None
                here = Extent(
                    "gap",
                    low + a,
                    low + b,
                    named.name if named else None,
                    named.order if named else None,
                    cause=verdict.cause,
                    detail=verdict.detail,
                    oddities=torn,
                )
            last = out[-1] if out else None
            if last and last.cause == here.cause and last.stop == here.start and low > start and a == 0:
                detail = f"{here.stop - last.start} NUL bytes" if zero else last.detail
                out[-1] = replace(last, stop=here.stop, detail=detail)
            else:
                out.append(here)
    return out


def _chain(source: Source, chain: Chain, oddities: list[Oddity], after_damage: bool) -> list[Extent]:
    """The extents of one chain: its evidence, its clock at both ends, what is odd about which record, what does not belong."""
    dialect = chain.dialect
    whole = Extent("chain", chain.start, chain.stop, dialect.name, dialect.order)
    if isinstance(dialect, Fixed):
        return _told(source, chain, dialect, replace(whole, oddities=tuple(oddities)), after_damage)
    odd = {oddity.offset: oddity for oddity in oddities}
    count, bits = 0, 0.0
    first = last = None
    for octets, found, low in chain_batches(source, dialect, chain.start, chain.stop, oddities):
        for oddity in unsound(dialect, octets, found, low):
            odd.setdefault(oddity.offset, oddity)
        seconds = clocks(dialect, octets, found)
        timed = np.flatnonzero(~np.isnan(seconds))
        count += len(found.starts)
        bits += float(dialect.bits(octets, found).sum())
        if len(timed):
            first = float(seconds[timed[0]]) if first is None else first
            last = float(seconds[timed[-1]])
    own = tuple(odd[offset] for offset in sorted(odd))
    return [replace(_weighed(whole, source.size, count, bits), first=first, last=last, oddities=own)]


def _weighed(extent: Extent, size: int, count: int, bits: float) -> Extent:
    e_value = float(2.0 ** max(np.log2(max(size, 1)) - bits, -1000.0))
    return replace(extent, records=count, evidence_bits=round(bits, 1), e_value=e_value)


def _told(source: Source, chain: Chain, dialect: Fixed, whole: Extent, after_damage: bool) -> list[Extent]:
    """A chain of one size, cut where records that do not belong there begin and end; every record was found sound before."""
    shape, told, at = dialect.shape, None, chain.start
    if shape.record.clock is not None:
        batches = (
            (low, np.frombuffer(source.read(low, min(chain.stop, low + STRIDE * shape.size)), np.uint8))
            for low in range(chain.start, chain.stop - shape.size + 1, STRIDE * shape.size)
        )
        told = history(shape, batches, chain.start, after_damage)
    pieces: list[Part | None] = []
    edges = [at]
    for part in told.parts if told else []:
        if part.start > at:
            pieces.append(None)
            edges.append(part.start)
        pieces.append(part)
        edges.append(part.stop)
        at = part.stop
    if at < chain.stop:
        pieces.append(None)
        edges.append(chain.stop)
    out = []
    detail = told.detail if told else None
    for piece, (start, stop) in zip(pieces, pairwise(edges), strict=True):
        share = (stop - start) / (chain.stop - chain.start)
        count = chain.count if share == 1 else (stop - start) // shape.size
        ends = (source.read(where, where + shape.size) for where in (start, _last_start(chain, stop, shape.size)))
        first, last = (float(shape.clocks(np.frombuffer(end, shape.dtype))[0]) for end in ends)
        here = replace(
            whole,
            start=start,
            stop=stop,
            cause=piece.cause if piece else None,
            detail=piece.detail if piece else detail,
            first=None if np.isnan(first) else first,
            last=None if np.isnan(last) else last,
            oddities=tuple(odd for odd in whole.oddities if start <= odd.offset < stop),
        )
        out.append(_weighed(here, source.size, count, count * shape.bits))
        detail = detail if piece else None  # the seams are told once, with the first piece that belongs
    return out


def _last_start(chain: Chain, stop: int, size: int) -> int:
    return chain.tail[-1] if stop == chain.stop and chain.tail else stop - size
