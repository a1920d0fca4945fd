"""Account for every byte: the extents of chains, each with its evidence and its history, and of the gaps between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby

import numpy as np
import numpy.typing as npt

from acctrecover.bordered import bordered
from acctrecover.dialect import Dialect
from acctrecover.divide import explain
from acctrecover.extent import Extent, Oddity
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.held import held
from acctrecover.history import Floats, History, Part
from acctrecover.processors import ahead, threads
from acctrecover.repeats import DISTINCT, PROBE, REACH, copied_blocks, once, repeated
from acctrecover.result import chain_batches
from acctrecover.shape import Shape
from acctrecover.source import Source
from acctrecover.stream import BLOCK, Offsets, different
from acctrecover.survey import Chain
from acctrecover.windows import Windows

STRIDE = 1 << 15
"""Records of a fixed size whose clocks are looked at together."""
MOST = 1 << 12
"""Places at which a repetition is looked for."""
LOOKED = 1 << 6
"""Chains on either side of a part's border that are looked at for a gap."""
STEP, MANY = 1 << 20, 1 << 6
"""Bytes in which places are looked at together, and how many of them at least."""
MOST_PARTS = 1 << 6
"""Repetitions named."""


@dataclass
class Account:
    """What is found of an input's chains, in offset order, and of the gaps between them."""

    source: Source
    chains: list[Chain]
    oddities: list[Oddity]
    seen: Sequence[int] = ()
    """Where records start some megabytes apart, as far as a walk came by: see `Windows`."""
    histories: dict[tuple[int, str], History] = field(default_factory=dict)
    """By dialect and type of record; of all types of a dialect together under no type."""
    ends: dict[tuple[int, str], tuple[float, float]] = field(default_factory=dict)
    """The first and the last clock of a type of records in a chain, by its number."""
    places: list[tuple[int, int]] = field(default_factory=list)
    """(offset of a record, number of its chain) where what stands there may stand before it too."""
    marks: dict[int, list[int]] = field(default_factory=dict)
    """Where the records of some megabytes of a framed chain begin."""

    def __post_init__(self) -> None:
        self.starts = [chain.start for chain in self.chains]
        self.seams: dict[int, list[tuple[int, float]]] = {}

    def extents(self) -> tuple[list[Extent], dict[int, Dialect]]:
        """Extents that tile the input, and the dialect of each chain by its start."""
        own: dict[int, list[Oddity]] = {}
        for odd in self.oddities:
            at = bisect_right(self.starts, odd.offset) - 1
            if at >= 0 and odd.offset < self.chains[at].stop:
                own.setdefault(at, []).append(odd)
        wholes = [self._whole(number, chain, own.get(number, [])) for number, chain in enumerate(self.chains)]
        wholes = [self._timed(number, whole) for number, whole in enumerate(wholes)]
        parts = self._parts()
        out: list[Extent] = []
        owners: dict[int, Dialect] = {}
        at, before = 0, None
        for number, chain in enumerate([*self.chains, None]):
            stop = self.source.size if chain is None else chain.start
            beside = before or chain
            gaps = [_worded(gap, beside.dialect) if beside else gap for gap in explain(self.source, at, stop, before, chain)]
            doubt = bordered(before, gaps[0], self._read) if before and gaps and self.source.core is None else None
            if doubt is not None and doubt.offset not in {each.offset for each in out[-1].oddities}:
                out[-1] = replace(out[-1], oddities=(*out[-1].oddities, doubt))
            out += gaps[:-1] + [self._read_back(gap, chain) if chain else gap for gap in gaps[-1:]]
            if chain is not None:
                pieces = self._pieces(wholes[number], chain, parts)
                out += pieces
                owners.update((piece.start, chain.dialect) for piece in pieces)
                at, before = chain.stop, chain
        return held(named(out), owners, self._read, memory=self.source.core is not None), owners

    def _read_back(self, gap: Extent, chain: Chain) -> Extent:
        """The gap right before a chain with what its end says of the record it was."""
        rear = chain.dialect.declared.rear if isinstance(chain.dialect, FramedDialect) else None
        words = rear(self.source.read(max(gap.start, gap.stop - chain.dialect.largest), gap.stop)) if rear else ""
        return replace(gap, detail=f"{gap.detail}; its end says {words}") if words else gap

    def _history(self, dialect: Dialect, kind: str = "") -> History:
        return self.histories.setdefault((id(dialect), kind), History(dialect.serial))

    def _told(self, dialect: Dialect) -> list[str]:
        """The types of records whose clocks say what the history of a dialect is: all together where they agree."""
        if self._history(dialect).coherent:
            return [""]
        kinds = [kind for (owner, kind), history in self.histories.items() if owner == id(dialect) and kind and history.coherent]
        return kinds or [""] * isinstance(dialect, Fixed)

    def _timed(self, number: int, whole: Extent) -> Extent:
        """A chain with the clocks at its ends, those of types that do not agree with the rest left out."""
        dialect = self.chains[number].dialect
        if isinstance(dialect, Fixed) or self._history(dialect).coherent:
            return whole
        ends = [self.ends[number, kind] for kind in self._told(dialect) if (number, kind) in self.ends]
        if not ends:
            return replace(whole, first=None, last=None)
        return replace(whole, first=min(first for first, _ in ends), last=max(last for _, last in ends))

    def _gapped(self, number: int) -> bool:
        before = self.chains[number - 1].stop if number else 0
        return before < self.chains[number].start

    def _whole(self, number: int, chain: Chain, oddities: list[Oddity]) -> Extent:
        """A chain as one extent; its clocks go into the history of its dialect."""
        self._history(chain.dialect).begin(chain.start, self._gapped(number))
        if number and self._gapped(number):
            self._place(chain.start, number)
        ends = [start for start in chain.tail if chain.stop - start >= PROBE]
        if ends:
            self._place(ends[-1], number)
        extent = Extent("chain", chain.start, chain.stop, chain.dialect.name, chain.dialect.order)
        if isinstance(chain.dialect, Fixed):
            return self._fixed(number, chain, chain.dialect, replace(extent, oddities=tuple(oddities)))
        return self._framed(number, chain.dialect, extent, oddities)

    def _place(self, at: int, number: int) -> None:
        if len(self.places) < MOST and not self.chains[number].dialect.slots:
            self.places.append((at, number))

    def _fixed(self, number: int, chain: Chain, dialect: Fixed, extent: Extent) -> Extent:
        shape, history = dialect.shape, self._history(dialect)
        if shape.record.clock is not None and not dialect.slots:
            lows = range(chain.start, chain.stop - shape.size + 1, STRIDE * shape.size)
            for starts, seconds, serials, copied in ahead(partial(self._columns, chain, shape), lows, threads(len(lows))):
                self._feed(number, history, starts, seconds, serials)
                for block in copied:
                    self._place(block + (int(starts[0]) - block) % shape.size, number)
        return self._measured(extent, dialect, chain.count, chain.tail)

    def _columns(self, chain: Chain, shape: Shape, low: int) -> tuple[Offsets, Floats, Floats | None, list[int]]:
        """A stride of records of one size from `low` on: where each starts, its clock and its serial number, and copied blocks."""
        octets = np.frombuffer(self.source.read(low, min(chain.stop, low + STRIDE * shape.size)), np.uint8)
        records = shape.view(octets, shape.size)
        serials = None if shape.record.serial is None else np.asarray(shape.evaluate(shape.record.serial, records), np.float64)
        return low + np.arange(len(records)) * shape.size, shape.clocks(records), serials, copied_blocks(octets, low)

    def _feed(
        self,
        number: int,
        history: History,
        starts: Offsets,
        seconds: Floats,
        serials: Floats | None,
    ) -> None:
        asked, lazy = len(self.places) < MOST, not isinstance(self.chains[number].dialect, Fixed)
        if history.feed(starts, seconds, serials, asked=asked, lazy=lazy) and asked:
            for at in starts[1:][np.diff(seconds) < 0][:MOST].tolist():
                self._place(int(at), number)

    def _measured(self, extent: Extent, dialect: Fixed, count: int, tail: tuple[int, ...]) -> Extent:
        """A chain of records of one size, or a piece of one, with its evidence and the clocks at its ends."""
        shape = dialect.shape
        starts = (extent.start, tail[-1] if tail else extent.stop - shape.size)
        ends = (self.source.read(where, where + shape.size) for where in starts)
        first, last = (float(shape.clocks(np.frombuffer(end, shape.dtype))[0]) for end in ends)
        told = [None if np.isnan(second) or dialect.slots else second for second in (first, last)]  # an array has no order
        return self._weighed(replace(extent, first=told[0], last=told[1]), count, count * shape.bits)

    def _framed(self, number: int, dialect: FramedDialect, extent: Extent, oddities: list[Oddity], *, anew: bool = True) -> Extent:
        """A chain of framed records, or a piece of one; `anew`: it is the chain, which is looked at for the first time."""
        odd = {oddity.offset: oddity for oddity in oddities}
        count, bits = 0, 0.0
        first = last = None
        windows = Windows(dialect, self.seen, entries=anew)
        for window in windows.over(self.source, extent.start, extent.stop, oddities):
            low, (starts, seconds) = window.low, window.timed
            for oddity in window.odd:
                odd.setdefault(oddity.offset, oddity)
            count += window.count
            bits += window.bits
            if len(starts):
                first = float(seconds[0]) if first is None else first
                last = float(seconds[-1])
            if anew:
                self.marks.setdefault(number, []).append(low)
                self._feed(number, self._history(dialect), starts + low, seconds, None)
                for kind, at, clocks in window.clocks:
                    self._history(dialect, kind).feed(at + low, clocks, asked=False, lazy=True)
                    self.ends[number, kind] = (self.ends.get((number, kind), (float(clocks[0]),))[0], float(clocks[-1]))
                if copied := copied_blocks(window.octets, low):
                    reach = min(len(window.octets), extent.stop - low + 8)
                    records = dialect.offsets(window.octets, 0, reach, low).starts + low
                    rows = np.searchsorted(records, copied)
                    for at in records[rows[rows < len(records)]].tolist():
                        self._place(at, number)
        for oddity in windows.close():
            odd.setdefault(oddity.offset, oddity)
        oddities = [odd[offset] for offset in sorted(odd)]
        detail = "; ".join(filter(None, (extent.detail, *windows.details))) or None
        extent = replace(self._weighed(extent, count, bits), detail=detail, holes=windows.holes)
        return replace(extent, first=first, last=last, oddities=tuple(oddities))

    def _weighed(self, extent: Extent, count: int, bits: float) -> Extent:
        chain = self.chains[bisect_right(self.starts, extent.start) - 1]
        if chain.measured:  # its share of what the whole chain is worth on the input's own background
            bits = min(bits, chain.bits * extent.size / (chain.stop - chain.start))
        e_value = float(2.0 ** max(np.log2(self.source.room) - bits, -1000.0))
        return replace(extent, records=count, evidence_bits=round(bits, 1), e_value=e_value)

    def _edges(self, number: int, start: int, stop: int) -> Offsets:
        """Where records of a chain start, or its last one ends, in [start, stop]."""
        chain = self.chains[number]
        if isinstance(chain.dialect, Fixed):
            size = chain.dialect.size
            first = chain.start + -(-(start - chain.start) // size) * size
            return np.arange(first, min(stop, chain.stop) + 1, size)
        marks = self.marks[number]
        low = marks[max(0, int(np.searchsorted(marks, start, "right")) - 1)]
        parts = [np.array([chain.stop])]
        for _, found, base in chain_batches(self.source, chain.dialect, low, min(chain.stop, stop + chain.dialect.largest)):
            parts.append(found.starts + base)
        edges = different(np.concatenate(parts))
        return edges[(edges >= start) & (edges <= stop)]

    def _doubtful(self) -> list[tuple[int, int]]:
        """The places in offset order, without those where no other header nearby has the same bytes: where there are many in little
        room that is told at once."""
        out: list[tuple[int, int]] = []
        for (number, step), group in groupby(sorted(set(self.places)), lambda place: (place[1], place[0] // STEP)):
            places, dialect = list(group), self.chains[number].dialect
            if (
                len(places) >= MANY
                and isinstance(dialect, FramedDialect)
                and len(dialect.opening) > 0
                and dialect.header.size <= PROBE
            ):
                low = max(0, step * STEP - REACH)
                octets = self._read(low, (step + 1) * STEP + max(PROBE, dialect.largest))
                alone = set((once(octets, dialect.heads(octets).starts) + low).tolist())
                places = [place for place in places if place[0] not in alone]
            out += places
        return out

    def _parts(self) -> list[Part]:
        """What does not belong where it stands, in offset order, none overlapping another: what stands twice goes first."""
        parts: list[Part] = []
        for at, number in self._doubtful():
            chain = self.chains[number]
            if len(parts) >= MOST_PARTS or (parts and at < parts[-1].stop):
                continue
            least = 1 if chain.dialect.serial else DISTINCT
            found = repeated(self._read, at, (chain.start, chain.stop), partial(self._edges, number), least)
            if found is not None and not (parts and found[0] < parts[-1].stop):
                start, stop, original = found
                why = f"the same bytes stand at {original:#x}"
                parts.append(Part(start, stop, "duplicate block", why, start, stop, 0))
        owners = {id(chain.dialect): chain.dialect for chain in self.chains}
        for history in [self._history(dialect, kind) for dialect in owners.values() for kind in self._told(dialect)]:
            history.finish(self.source.size)
            for part in history.parts:
                fitted = self._fitted(part)
                at = bisect_right(parts, fitted.start, key=lambda part: part.start) if fitted else 0
                if (
                    fitted
                    and (not at or parts[at - 1].stop <= fitted.start)
                    and (at == len(parts) or fitted.stop <= parts[at].start)
                ):
                    parts.insert(at, fitted)
        for dialect in owners.values():
            seams = [seam for kind in self._told(dialect) for seam in self._history(dialect, kind).seams]
            self.seams[id(dialect)] = sorted(seams)
        return parts

    def _read(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.source.read(start, stop), np.uint8)

    def _fitted(self, part: Part) -> Part | None:
        """A part told by clocks with the records around them that have none: up to a gap, else up to a block's border."""
        low, high = (bisect_right(self.starts, at) for at in (part.after, part.start))
        starts = [self.chains[i].start for i in range(max(low, high - LOOKED), high) if self._gapped(i)]
        low, high = (bisect_right(self.starts, at) for at in (part.upto, part.stop))
        stops = [self.chains[i - 1].stop for i in range(max(1, low), min(high, low + LOOKED))]
        if part.damaged and not starts and not stops:
            return None
        if part.timed < 2 and not starts and not stops:
            return None
        start = starts[-1] if starts else self._border(part.after, part.start)
        stop = stops[0] if stops else self._border(part.upto, part.stop)
        return replace(part, start=start, stop=stop) if start < stop else None

    def _border(self, after: int, at: int) -> int:
        number = bisect_right(self.starts, at) - 1
        if number < 0 or at >= self.chains[number].stop or isinstance(self.chains[number].dialect, Fixed):
            return at
        edges = self._edges(number, after + 1, at)
        aligned = edges[edges % BLOCK == 0]
        return int(aligned[-1]) if len(aligned) else at

    def _pieces(self, whole: Extent, chain: Chain, parts: list[Part]) -> list[Extent]:
        """A chain cut where records that do not belong there begin and end; its seams are told with the first that belong."""
        low = max(0, bisect_right(parts, chain.start, key=lambda part: part.start) - 1)
        high = bisect_left(parts, chain.stop, key=lambda part: part.start)
        own = [part for part in parts[low:high] if chain.start < part.stop]
        history, told = self._history(chain.dialect), self.seams[id(chain.dialect)]
        seams = told[bisect_left(told, (chain.start, -np.inf)) : bisect_left(told, (chain.stop, -np.inf))]
        if own:
            seams = [seam for seam in seams if not any(part.start <= seam[0] <= max(part.stop, part.upto) for part in own)]
        detail = history.telling(seams)
        if not own:
            return [replace(whole, detail="; ".join(filter(None, (detail, whole.detail))) or None)]
        cuts: list[tuple[int, int, Part | None]] = []
        at = chain.start
        for part in own:
            if part.start > at:
                cuts.append((at, part.start, None))
            cuts.append((max(at, part.start), min(part.stop, chain.stop), part))
            at = cuts[-1][1]
        if at < chain.stop:
            cuts.append((at, chain.stop, None))
        out = []
        for start, stop, piece in cuts:
            odd = [oddity for oddity in whole.oddities if start <= oddity.offset < stop]
            extent = replace(whole, start=start, stop=stop, detail=None, oddities=tuple(odd))
            if piece is not None:
                extent = replace(extent, cause=piece.cause, detail=piece.detail)
            else:
                extent, detail = replace(extent, detail=detail), None
            if len(cuts) > 1:
                extent = self._piece(extent, chain, odd)
                if not self._history(chain.dialect).coherent:
                    extent = replace(extent, first=None, last=None)
            out.append(extent)
        return out

    def _piece(self, extent: Extent, chain: Chain, oddities: list[Oddity]) -> Extent:
        if isinstance(chain.dialect, Fixed):
            tail = chain.tail if extent.stop == chain.stop else ()
            count = -(-extent.size // chain.dialect.size)  # the last one may share its last bytes with what follows
            return self._measured(extent, chain.dialect, count, tail)
        return self._framed(0, chain.dialect, extent, oddities, anew=False)


def named(extents: list[Extent]) -> list[Extent]:
    """Extents in which the chains of another stream than the one with the most records say so."""
    totals: dict[tuple[str | None, str | None], int] = {}
    for extent in extents:
        if extent.kind == "chain":
            key = extent.format, extent.byte_order
            totals[key] = totals.get(key, 0) + extent.records
    if len(totals) < 2:
        return extents
    form, order = max(totals, key=lambda key: totals[key])
    out = []
    for extent in extents:
        if extent.kind == "chain" and (extent.format, extent.byte_order) != (form, order) and extent.cause is None:
            cause = "other byte order" if extent.format == form else "foreign stream"
            out.append(replace(extent, cause=cause))
        else:
            out.append(extent)
    return out


def _worded(gap: Extent, dialect: Dialect) -> Extent:
    """A gap with what the stream's own verifier calls it."""
    words = dialect.declared.words if isinstance(dialect, FramedDialect) else {}
    called = words.get(gap.cause or "") or words.get("")
    return replace(gap, detail=f"{called}: {gap.detail}") if called else gap
