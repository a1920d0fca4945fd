"""Wholesale changes: a stream that came through a text-mode transfer, a byte swap or a paste, recognised and undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy.typing as npt

from acctrecover.dump import layout, undo_dump
from acctrecover.extent import Extent
from acctrecover.paste import BASE64, HEX, is_letters, is_text, is_uu, undo_letters, undo_uu
from acctrecover.recode import is_cr_lf, is_utf8, line_end_lost, pair_lost, replaced, stripped, undo_cr_lf, undo_swap, undo_utf8
from acctrecover.relay import sub_buffers, undo_relay
from acctrecover.retrace import cut, retraced
from acctrecover.source import Evidence, Source, open_source
from acctrecover.undone import LIMIT, Undone

WINDOW = 1 << 18
"""Bytes looked at, at the start and in the middle of an input, before all of it is touched."""
SWAP_TRIAL = 1 << 14
"""Bytes that a byte swap is tried on: nothing but a scan tells one."""
MUCH = 0.75
"""Share of the bytes outside zero runs that intact records hold from which no byte swap is tried."""
HALF = 0.5
"""Share of them that they must hold after one."""
SWAP_COST = 64.0
"""Bits of evidence that a byte swap must gain: it is tried on anything, so chance has more goes."""
LONG_WINDOW = 1 << 22
"""Bytes looked at for what only many bytes show, where nothing else was found."""
COMPOSED = 2
"""Changes on top of each other that are undone."""


class Scanned(Protocol):
    """What a scan function returns, as far as it matters here; a dataclass with a field `by_extent` keyed by start, too."""

    @property
    def size(self) -> int: ...
    @property
    def extents(self) -> list[Extent]: ...
    @property
    def whole(self) -> bool: ...
    @property
    def records(self) -> npt.NDArray[Any]: ...


S = TypeVar("S", bound=Scanned)


@dataclass(frozen=True)
class Transfer:
    """A wholesale change that a sample speaks for.

    `undo` takes all of the input back; None where the change lost what it would need, so that it is only named and
    `detail` says what shows it. `exact` says that it comes back byte for byte as far as the sample tells. `cost` is the
    evidence in bits that undoing must gain. `tidies` says that fewer gaps and doubts are gain enough where no record is lost.
    """

    name: str
    exact: bool
    undo: Callable[[bytes], Undone] | None
    detail: str = ""
    cost: float = 0.0
    tidies: bool = False


SWAPS = tuple(
    Transfer("byte-swapped", True, partial(undo_swap, width=width, phase=phase), cost=SWAP_COST)
    for width, phase in ((2, 0), (2, 1), (4, 0))
)
"""Byte swaps, which nothing cheap tells: to be tried where a scan of the bytes as they stand finds little."""
LINE_ENDS = "line ends translated"
LETTERS = (("hexdump", HEX), ("base64", BASE64))
LOSSES = (
    ("7-bit stripped", stripped, True),
    ("UTF-8 re-encoded", replaced, False),
    (LINE_ENDS, line_end_lost, True),
    (LINE_ENDS, pair_lost, False),
)
"""Names of changes that lose bytes, what shows each, and whether no byte moves, so that records still follow each other."""


def hypotheses(sample: bytes) -> list[Transfer]:
    """The changes that a sample (a MiB of an input is plenty) speaks for; byte swaps, which nothing cheap does, are in SWAPS.

    Linear in the sample, some 10 ms a MiB where that is no text. None is sure: a log with CR-LF line ends gives one too.
    """
    out = [
        Transfer("relay sub-buffers", True, partial(undo_relay, size=size, big=big), tidies=True)
        for size, big in sub_buffers(sample)
    ]
    if is_cr_lf(sample):
        once = undo_cr_lf(sample)
        times = 2 if is_cr_lf(once.data) else 1
        out.append(Transfer("CR-LF translated", once.exact, partial(undo_cr_lf, times=times)))
    if is_utf8(sample):
        out.append(Transfer("UTF-8 re-encoded", undo_utf8(sample).exact, undo_utf8))
    if is_text(sample):
        how = layout(sample)
        if how is not None:
            out.append(Transfer("hexdump", True, partial(undo_dump, how=how)))
        for name, letters in LETTERS:
            if is_letters(sample, letters):
                out.append(Transfer(name, True, partial(undo_letters, letters=letters)))
        if is_uu(sample):
            out.append(Transfer("uuencoded", True, undo_uu))
    return out + losses(sample)


def losses(sample: bytes, *, unmoved: bool = False) -> list[Transfer]:
    """The changes among them that cannot be undone; with `unmoved`, only those that move no byte."""
    found = [Transfer(name, False, None, shows(sample) or "") for name, shows, stays in LOSSES if stays or not unmoved]
    return [transfer for transfer in found if transfer.detail]


def intact(scan: Scanned) -> tuple[int, float]:
    """The bytes that intact records hold, and the evidence for them in bits.

    Suspect and healed records count nothing: a byte-swapped stream is full of them. Bytes are what counts, not records:
    where a record is broken, those of a stream in its payload may stand in for it.
    """
    size, bits = 0, 0.0
    for extent in scan.extents:
        if extent.kind == "chain":
            odd = sum(oddity.status in ("suspect", "healed") for oddity in extent.oddities)
            share = 1 - odd / max(extent.records, 1)
            size, bits = size + round(extent.size * share), bits + (extent.evidence_bits or 0.0) * share
    return size, bits


def held(scan: Scanned) -> float:
    """The share of the bytes outside zero runs that intact records hold."""
    zeros = sum(extent.size for extent in scan.extents if extent.cause == "zero run")
    return intact(scan)[0] / max(scan.size - zeros, 1)


def claimed(scan: Scanned) -> int:
    """The bytes of chains, whatever the status of their records."""
    return sum(extent.size for extent in scan.extents if extent.kind == "chain")


def flaws(scan: Scanned) -> int:
    """Gaps and records that are not simply intact."""
    return sum(extent.kind == "gap" for extent in scan.extents) + sum(len(extent.oddities) for extent in scan.extents)


def better(raw: Scanned, undone: Scanned, transfer: Transfer) -> bool:
    """Whether undone bytes explain more than the bytes as they stand: intact records hold more bytes.

    With a cost, as a byte swap has, there must also be so many bits of evidence more, half of what is no zero run held, and no
    byte less in records of any status: a stream in which most are suspect can read as the swapped one of other records.
    """
    (size, bits), (old_size, old_bits) = intact(undone), intact(raw)
    cost = transfer.cost
    if transfer.tidies and size == old_size and bits:
        return flaws(undone) < flaws(raw)
    return size > old_size and (not cost or (bits > old_bits + cost and held(undone) >= HALF and claimed(undone) >= claimed(raw)))


@dataclass(frozen=True)
class Reversal(Generic[S]):
    """A wholesale change of an input, as found: `undone` and its `scan` where it could be undone, else both None.

    `scan` is by offsets of the undone bytes; `extents` tile the input, by its own offsets, and are empty where nothing was
    undone.
    """

    name: str
    exact: bool
    detail: str
    undone: Undone | None = None
    scan: S | None = None
    extents: Sequence[Extent] = ()


def undone_scan(evidence: Evidence, scan_function: Callable[[bytes], S], raw: S, depth: int = COMPOSED) -> Reversal[S] | None:
    """The wholesale change that explains more of a path or bytes than `raw`, its scan as it stands; None where none does.

    Each change is tried on windows of the input first. One that helps there is undone for all of it, in memory; an input
    of more than LIMIT bytes is not, and `detail` says so. Where nothing can be undone, a change that loses bytes is named.
    Two changes on top of each other are undone, too. Raises SourceError as `open_source` does.
    """
    with open_source(evidence) as source:
        windows = list(_windows(source))
        lost = [losses(window, unmoved=raw.whole) for window in windows]
        best = None if raw.whole else _promising(windows, scan_function, raw, swaps=not any(lost))
        if best is not None and source.size > LIMIT:
            detail = f"{source.size} bytes are too many to undo it here, {LIMIT} at most; undo it with the tool that did it"
            return Reversal(best.name, False, detail)
        if best is not None and best.undo is not None:
            undone = best.undo(source.read(0, source.size))
            scan = scan_function(undone.data)
            if better(raw, scan, best) and not _beside(raw, undone):
                return _reversal(best.name, undone, scan, source.size, scan_function, depth)
        records = any(extent.kind == "chain" for extent in raw.extents)  # without one, frequencies alone tell no line ends
        for transfer in lost[0] if lost else []:
            everywhere = all(transfer.name in (other.name for other in others) for others in lost)
            if everywhere and (records or transfer.name != LINE_ENDS):
                return Reversal(transfer.name, False, transfer.detail)
        shown = pair_lost(source.read(0, LONG_WINDOW)) if source.size > WINDOW and records and not raw.whole else None
        return Reversal(LINE_ENDS, False, shown) if shown else None


def _beside(raw: Scanned, undone: Undone) -> bool:
    """Whether there are records as they stand in what undoing leaves out, which would be lost."""
    return any(extent.kind == "chain" and (extent.start < undone.start or extent.stop > undone.stop) for extent in raw.extents)


def _windows(source: Source) -> Iterator[bytes]:
    """The start of an input and its middle, as far as there is anything but NUL."""
    for start in sorted({0, max(0, source.size - WINDOW) // 2 // 8 * 8}):
        window = source.read(start, start + WINDOW)
        if window.strip(b"\0"):
            yield window


def _promising(windows: list[bytes], scan_function: Callable[[bytes], S], raw: S, *, swaps: bool) -> Transfer | None:
    """The change that lets intact records hold most more bytes of a window; byte swaps only where records are wanting."""
    trials = [(window, transfer) for window in windows for transfer in hypotheses(window)]
    if swaps and held(raw) < MUCH:
        starts = [(len(window) - len(window.lstrip(b"\0"))) // 8 * 8 for window in windows]
        pieces = [window[start : start + SWAP_TRIAL] for window, start in zip(windows, starts, strict=True)]
        trials += [(piece, swap) for piece in pieces for swap in SWAPS]
    scans: dict[bytes, S] = {}
    best, most = None, (0, 0)
    for window, transfer in trials:
        if transfer.undo is None:
            continue
        if window not in scans:
            scans[window] = raw if len(window) == raw.size else scan_function(window)
        scan = scan_function(transfer.undo(window).data)
        gain = intact(scan)[0] - intact(scans[window])[0], flaws(scans[window]) - flaws(scan)
        if gain > most and better(scans[window], scan, transfer):
            best, most = transfer, gain
    return best


def _reversal(name: str, undone: Undone, scan: S, size: int, scan_function: Callable[[bytes], S], depth: int) -> Reversal[S]:
    """What undoing gave: without the records that touch missing bytes, and with what else is undone on top."""
    if undone.missing:
        old: Any = scan
        slots = {start: dialect.smallest for start, dialect in old.by_extent.items() if dialect.slots}
        extents, owners = cut(scan.extents, scan.records, undone.missing, scan.size, slots)
        scan = replace(old, extents=extents, by_extent={start: old.by_extent[owner] for start, owner in owners.items()})
    elif depth > 1 and not scan.whole:
        again = undone_scan(undone.data, scan_function, scan, depth - 1)
        if again is not None and again.undone is not None and again.scan is not None:
            name, undone, scan = f"{name}, {again.name}", undone.after(again.undone), again.scan
    return Reversal(name, undone.exact, undone.detail, undone, scan, retraced(scan.extents, undone, size, name))
