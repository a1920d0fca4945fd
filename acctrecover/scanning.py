"""Scan a stream: every record that survives, every gap and why it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from acctrecover.account import Account
from acctrecover.background import Background, sober
from acctrecover.dialect import Dialect, dialects
from acctrecover.errors import SelfCheckError
from acctrecover.extent import Extent, Oddity, tiles
from acctrecover.fill import fill
from acctrecover.mend import doubt_before, mend
from acctrecover.others import LEAD, identify
from acctrecover.registry import choose, load_formats
from acctrecover.result import WRITING, Scan
from acctrecover.slots import bridged
from acctrecover.source import Evidence, Source, open_source
from acctrecover.survey import RISK, Chain, join
from acctrecover.walk import Walker


@lru_cache(maxsize=16)
def compiled(names: tuple[str, ...], cookie: int | None, places: tuple[str, ...]) -> list[Dialect]:
    """The named formats (none named: all) in each of their byte orders, compiled once a process; the user's own in full, so
    that what is wrong in them is said before anything is read."""
    return dialects(choose(list(names) or None, load_formats(*places)), cookie, complete=bool(places))


def scan(
    evidence: Evidence,
    formats: Sequence[str] | None = None,
    *,
    cookie: int | None = None,
    places: Sequence[str | Path] = (),
    risk: float = RISK,
    progress: Callable[[int], None] = lambda done: None,
) -> Scan:
    """Find every surviving record of a path, "-", bytes or an open Source.

    `formats` names the formats to try (default: all); `cookie` replaces the declared cookie of framed formats; `places` are
    files or folders of format declarations instead of those that ship; `risk` is the E-value up to which a chain that stands
    alone is believed; `progress` is told of bytes done, of a pipe's twice:
    it is copied to a temporary file first. What a compressed file holds is scanned, see `open_source`.
    Raises SourceError, FormatError, AcctrecoverError for an unknown format name.
    Damage is a result, never an exception.
    """
    every = compiled(tuple(formats or ()), cookie, tuple(map(str, places)))
    with open_source(evidence, progress) as source:
        raw = _settled(_scan(source, every, progress, risk), source)
        if raw.breaks:
            from acctrecover.broken import broken  # few inputs are compressed

            raw = broken(raw)
        found = raw if isinstance(evidence, Source) else replace(raw, evidence=source)
        if raw.whole:
            return found
        other = None if raw.chains else identify(source.read(0, LEAD))
        if other is not None:
            gap = Extent("gap", 0, source.size, cause="another kind of file", detail=other.told)
            return replace(found, extents=[gap], other=other)
        from acctrecover.transfer import undone_scan  # a whole stream has no use for it

        def undone(data: bytes) -> Scan:
            with open_source(data) as bare:
                return replace(_scan(bare, every, lambda done: None, risk), evidence=data)

        transfer = undone_scan(source, undone, raw)
        if transfer is None:
            return found
        if transfer.undone is None:
            return replace(found, transfer=transfer)
        return replace(found, extents=list(transfer.extents), transfer=transfer)


def _scan(source: Source, every: list[Dialect], progress: Callable[[int], None], risk: float) -> Scan:
    """The bytes of a source as they stand."""
    source.start_hash()
    chains = Walker(source, every, progress).walk()

    def read(start: int, stop: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(source.read(start, stop), np.uint8)

    chains = sober(_believed(chains, source.size, risk), source.size, read, None, risk)
    chains, oddities = _mended(chains, source.size, read, doubting=False)  # before payloads can fill the gaps
    ground = Background(chains, source.size, read)
    filled = _believed(fill(chains, source.size, read, every, risk), source.size, risk)
    chains = sober(bridged(filled, read), source.size, read, ground, risk)
    chains, more = _mended(chains, source.size, read, doubting=True)
    oddities += more
    extents, owners = Account(source, chains, oddities).extents()
    if not tiles(extents, source.size):
        raise SelfCheckError(f"{source.name}: the extents found do not tile the input")
    return Scan(source.name, source.size, source.sha256(), extents, source, owners, parts=source.parts)


def _settled(found: Scan, source: Source) -> Scan:
    """The same, where the file has grown since it was opened, with what was cut of its last record called unfinished, not lost."""
    for index, (before, gap) in enumerate(pairwise(found.extents)):
        dialect = found.by_extent.get(before.start)
        if gap.kind == "chain" or dialect is None or source.size - gap.start >= dialect.largest:
            continue
        now = source.later(gap.start, gap.start + dialect.largest)
        record = dialect.candidates(np.frombuffer(now, np.uint8))
        whole = record.starts[:1].tolist() == [0] and gap.start + int(record.sizes[0]) > source.size
        if whole or (gap.cause == "truncated tail" and gap.start + len(now) > source.size):
            detail = f"the first {source.size - gap.start} bytes of a record: the file grew while it was scanned"
            last = Extent("gap", gap.start, source.size, dialect.name, dialect.order, cause=WRITING, detail=detail)
            return replace(found, extents=[*found.extents[: index + 1], last])
    return found


def _believed(chains: list[Chain], size: int, risk: float) -> list[Chain]:
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
        if chain.bits >= sure or room * 2.0**-chain.bits <= risk:
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
            known = any(c is not None and not c.measured for c in (before, chain))
            inside = before is not None and chain is not None and before.count > 3 < chain.count
            mended = mend(at, stop, before, chain, read) if (known or inside) and (framed or doubting) else []
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
