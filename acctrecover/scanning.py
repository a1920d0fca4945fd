"""Scan a stream: every record that survives, every gap and why it is there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from acctrecover.account import Account
from acctrecover.background import Background, sober
from acctrecover.dialect import Dialect, dialects
from acctrecover.errors import FormatError, SelfCheckError
from acctrecover.extent import Extent, Oddity, tiles
from acctrecover.few import alone, few
from acctrecover.fill import fill
from acctrecover.fixed import Fixed
from acctrecover.lodged import lodged
from acctrecover.mend import doubt_after, doubt_before, doubt_text, mend
from acctrecover.others import LEAD, identify
from acctrecover.phase import in_phase
from acctrecover.reclaim import reclaimed
from acctrecover.registry import Declaration, choose, load_formats, ships
from acctrecover.result import WRITING, Scan
from acctrecover.slots import bridged
from acctrecover.source import Evidence, Source, open_source
from acctrecover.stream import Read
from acctrecover.survey import RISK, Chain, join
from acctrecover.unread import unread
from acctrecover.voids import ELSEWHERE, OUTSIDE, WIDE
from acctrecover.walk import Walker

MENDINGS = 8
"""Times that what was not healed is looked at again beside what was: each needs a record healed in the time before."""
Walking = Callable[[Walker], list[Chain]]


@lru_cache(maxsize=16)
def compiled(names: tuple[str, ...], cookie: int | None, places: tuple[str, ...]) -> list[Dialect]:
    """The named formats (none named: all) in each of their byte orders, compiled once a process; the user's own are proven, so
    that what is wrong in them is said before anything is read."""
    chosen = choose(list(names) or None, load_formats(*places) if places else _shipped())
    return [dialect for form in chosen for dialect in (_tried(form, cookie) if places else _untried(form.name, cookie))]


@cache
def _shipped() -> dict[str, Declaration]:
    """The formats that ship, loaded once a process."""
    return load_formats()


@lru_cache(maxsize=1 << 10)
def _untried(name: str, cookie: int | None) -> list[Dialect]:
    """A format that ships in its byte orders: one and the same for scans for all formats and for a few, as a repair makes both."""
    return dialects([_shipped()[name]], cookie, proven=False)


def _tried(form: Declaration, cookie: int | None) -> list[Dialect]:
    """A format in its byte orders, the rules of a user's own asked of columns once. Raises FormatError for whatever is wrong."""
    from acctrecover.table import shapes  # only of what does not ship

    try:
        own = not ships(form)
        out = dialects([form], cookie, proven=own)
        for dialect in out:
            for _, shape in shapes(dialect) if own else ():
                shape.weights  # noqa: B018  asks them
    except FormatError:
        raise
    except Exception as error:  # a user's function may raise anything
        raise FormatError(f"{form.place}: {type(error).__name__}: {error}") from error
    return out


def scan(
    evidence: Evidence,
    formats: Sequence[str] | None = None,
    *,
    cookie: int | None = None,
    places: Sequence[str | Path] = (),
    risk: float = RISK,
    progress: Callable[[int], None] = lambda done: None,
    walking: Walking = Walker.walk,
) -> Scan:
    """Find every surviving record of a path, "-", bytes or an open Source.

    `formats` names the formats to try (default: all); `cookie` replaces the declared cookie of framed formats; `places` are
    files or folders of format declarations instead of those that ship; `risk` is the E-value up to which a chain that stands
    alone is believed; `progress` is told of bytes done, of a pipe's twice:
    it is copied to a temporary file first; `walking` walks the bytes as they stand: `Walker.walk`, or with the help of others, or
    from where it was interrupted. What a compressed file holds is scanned, see `open_source`.
    Raises SourceError, FormatError, AcctrecoverError for an unknown format name.
    Damage is a result, never an exception.
    """
    every = compiled(tuple(formats or ()), cookie, tuple(map(str, places)))
    with open_source(evidence, progress) as source:
        raw = _settled(_scan(source, every, progress, risk, walking, named=bool(formats)), source)
        if raw.breaks:
            from acctrecover.broken import broken  # few inputs are compressed

            raw = broken(raw)
        found = raw if isinstance(evidence, Source) else replace(raw, evidence=source)
        if raw.whole:
            return found
        other = None if raw.chains else identify(source.read(source.start, source.start + LEAD))
        if other is not None:
            gap = Extent("gap", source.start, source.stop, cause="another kind of file", detail=other.told)
            return replace(found, extents=[gap], other=other)
        if source.partial:
            return found
        from acctrecover.transfer import undone_scan  # a whole stream has no use for it

        def undone(data: bytes) -> Scan:
            with open_source(data) as bare:
                return replace(_scan(bare, every, lambda done: None, risk, Walker.walk), evidence=data)

        transfer = undone_scan(source, undone, raw)
        if transfer is None:
            return found
        if transfer.undone is None or transfer.scan is None:
            return replace(found, transfer=transfer, extents=[_unhealed(extent, found) for extent in found.extents])
        if transfer.undone.missing and not _left(transfer.scan, risk):
            return found
        return replace(found, extents=list(transfer.extents), transfer=transfer)


def _unhealed(extent: Extent, found: Scan) -> Extent:
    """An extent of an input that was changed throughout, in a way that is not undone: what is healed of a record of one size is not
    all that was changed of it."""
    if not isinstance(found.by_extent.get(extent.start), Fixed):
        return extent
    why = "; the whole input was changed, so more of it may be wrong"
    odd = (replace(o, status="suspect", reason=o.reason + why, patches=()) if o.status == "healed" else o for o in extent.oddities)
    return replace(extent, oddities=tuple(odd))


def _left(found: Scan, risk: float) -> bool:
    """Whether the records of a stream that are left, once those that touch missing bytes are not counted, are still believed."""
    bits: dict[tuple[str | None, str | None], float] = {}
    for extent in found.chains:
        key = extent.format, extent.byte_order
        bits[key] = bits.get(key, 0.0) + (extent.evidence_bits or 0.0)
    return bool(bits) and found.size * 2.0 ** -min(bits.values()) <= risk


def _scan(
    source: Source, every: list[Dialect], progress: Callable[[int], None], risk: float, walking: Walking, *, named: bool = False
) -> Scan:
    """The bytes of a source as they stand; `named` where the formats are those that were asked for."""
    source.start_hash()
    walker = Walker(source, every, progress)
    chains = walking(walker)

    def read(start: int, stop: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(source.read(start, stop), np.uint8)

    chains = _believed(chains, source, risk)
    chains = sober(chains, source.size, Background(chains, source.size, read, source.voids), risk)
    chains, oddities = _mended(chains, source, read, doubting=False)  # before payloads can fill the gaps
    ground = Background(chains, source.size, read, source.voids)
    barren = {gap for gap, empty in walker.looked.items() if empty and gap[1] - gap[0] < WIDE}
    filled = reclaimed(fill(chains, source.size, read, every, risk, source.voids, barren, walker.sightings), read)
    filled = _believed(filled, source, risk)
    chains = sober(bridged(filled, read, source.voids), source.size, ground, risk)
    chains, more = _settled_mending(in_phase(chains, source.size, read), source, read)
    oddities += more
    chains = bridged(chains, read, source.voids)  # again, for slots before a record that was only found beside others
    if named and not chains and not source.partial:
        chains, oddities = few(every, source.size, read)
    doubts = [*alone(chains), *unread(source, chains), *lodged(chains, source.size, _patched(read, oddities)), *oddities]
    odd = {each.offset: each for each in doubts}  # one a record, the mended one first
    extents, owners = Account(source, chains, [odd[offset] for offset in sorted(odd)], walker.marks).extents()
    if not tiles(extents, source.size):
        raise SelfCheckError(f"{source.name}: the extents found do not tile the input")
    extents = [extent for extent in extents if extent.cause != OUTSIDE]
    if source.core is not None:
        extents = [replace(extent, address=source.core.address(extent.start)) for extent in extents]
    return Scan(source.name, source.size, source.sha256(progress), extents, source, owners, parts=source.parts)


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


def _believed(chains: list[Chain], source: Source, risk: float) -> list[Chain]:
    """The chains whose E-value over the room between their strong neighbours is small enough: no room beside one, or, of the same
    dialect as one, at an end of the input."""
    sure = np.log2(source.room) + 10
    strong = [chain for chain in chains if chain.bits >= sure]
    familiar = {id(chain.dialect) for chain in strong}
    edges = np.array([edge for chain in strong for edge in (chain.start, chain.stop)] or [0], np.int64)
    out = []
    for chain in chains:
        at = int(np.searchsorted(edges, chain.start, "right")) if strong else 0
        low = int(edges[at - 1]) if at else 0
        high = int(edges[at]) if strong and at < len(edges) else source.size
        beside = bool(at and chain.start == low) or bool(strong and at < len(edges) and chain.stop == high)
        beside |= id(chain.dialect) in familiar and (chain.start == 0 or chain.stop == source.size)
        room = 1 if beside else min(high - low, source.room)
        if chain.bits >= sure or room * 2.0**-chain.bits <= risk:
            out.append(chain)
    return out


def _healed_into(chains: list[Chain], whole: list[Chain], healed: list[Oddity]) -> list[Chain]:
    """Chains with healed records among them as records like any other; `whole` are chains that hold these."""
    starts = [chain.start for chain in whole]
    added = []
    for odd in healed:
        dialect = whole[bisect_right(starts, odd.offset) - 1].dialect
        added.append(Chain(dialect, odd.offset, odd.offset + odd.size, 1, 0.0, (odd.offset,)))
    out: list[Chain] = []
    for chain in sorted([*chains, *added], key=lambda chain: chain.start):
        join(out, chain)
    return out


def _settled_mending(chains: list[Chain], source: Source, read: Read) -> tuple[list[Chain], list[Oddity]]:
    """As `_mended`, doubting, until no more is healed: a healed record is a neighbour that speaks for others, as it will be
    once a repair has written it. So what was repaired stays as it is when it is repaired again."""
    healed: list[Oddity] = []
    for turn in range(MENDINGS):
        out, oddities = _mended(chains, source, _patched(read, healed), doubting=True)
        new = [odd for odd in oddities if odd.status == "healed"]
        if not new or turn + 1 == MENDINGS:
            break
        healed += new
        chains = _healed_into(chains, out, new)
    return out, healed + oddities


def _patched(read: Read, healed: list[Oddity]) -> Read:
    """The bytes with healed records as they should be."""
    patches = sorted((at, after[0]) for odd in healed for at, _, after in odd.patches)
    places = np.array([at for at, _ in patches], np.int64)
    values = np.array([value for _, value in patches], np.uint8)

    def patched(start: int, stop: int) -> npt.NDArray[np.uint8]:
        octets = read(start, stop)
        low, high = np.searchsorted(places, (start, start + len(octets)))
        if low < high:
            octets = octets.copy()
            octets[places[low:high] - start] = values[low:high]
        return octets

    return patched if patches else read


def _mended(chains: list[Chain], source: Source, read: Read, *, doubting: bool) -> tuple[list[Chain], list[Oddity]]:
    """Chains with the suspect and healed records of the gaps between them, joined; and what is odd about which record."""
    out: list[Chain] = []
    oddities: list[Oddity] = []
    at, before = 0, None
    for chain in [*chains, None]:
        stop = source.size if chain is None else chain.start
        edge = next((low for low, _, cause in source.voids.within(at, stop) if cause in ELSEWHERE), stop)
        if edge > at:
            framed = before is not None and before.dialect.pitch is None
            after = chain if edge == stop else None
            known = any(c is not None and not c.measured for c in (before, after))
            inside = before is not None and after is not None and before.count > 3 < after.count
            mended = mend(at, edge, before, after, read) if (known or inside) and (framed or doubting) else []
            if before is not None and not mended and doubting:
                doubts = [doubt_text(before, edge, read)]
                if after is not None:
                    doubts = [doubt_before(before, edge, read), doubt_after(after, before, read), *doubts]
                oddities += filter(None, doubts)
            for found in mended:
                join(out, found.chain)
                oddities += [found.oddity, *found.beside]
        if chain is not None:
            join(out, chain)
            at, before = chain.stop, chain
    return out, oddities
