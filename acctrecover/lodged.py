"""Records behind a wound that are of another history than those beyond them: they may be a stream that a lost record carried."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import numbers
from acctrecover.extent import Oddity
from acctrecover.fill import SHARED
from acctrecover.framed import FramedDialect
from acctrecover.stream import Found, Read
from acctrecover.survey import Chain
from acctrecover.telling import CLOSE, alike

LOOKED, LEAST, SHARE = 8, 4, 0.75
"""Serial numbers beyond that tell the history of the stream, at most and at least, and the share that must agree."""
SPAN, NEXT = 1 << 12, 3
"""Bytes of a chain that are looked at, and chains behind a short one."""
WITHIN = "may be a part of a lost record, of which more stands beside it"
TOLD = "may be what a lost record carried: its process ids are of another history than those beyond"
ROOM = "may be what a lost record carried: what is lost around it is no more than one may have"

Numbers = npt.NDArray[np.float64]


def lodged(chains: Sequence[Chain], size: int, read: Read) -> list[Oddity]:
    """The first records of chains behind gaps, or all of a short one, where the serial numbers are far from those beyond.

    Also all of one between two gaps that one lost record may fill, where they do not agree with those beyond; and, where records
    are made of their like, all of one between two gaps, or a gap and the end of an input of `size` bytes, that one may fill.
    """
    out: list[Oddity] = []
    for index, chain in enumerate(chains):
        dialect, low = chain.dialect, chains[index - 1].stop if index else 0
        if not isinstance(dialect, FramedDialect) or chain.start == low:
            continue
        high = chains[index + 1].start if index + 1 < len(chains) else size
        if dialect.nests:
            if high - low <= dialect.largest and (chain.stop < high or _reaches(dialect, low, high, read)):
                found, _ = _records(chain, read)
                out += _suspect(chain, found, len(found.starts), WITHIN)
        elif dialect.loose:
            found, serials = _records(chain, read)
            count = _strangers(dialect.largest - dialect.head, found, serials)
            close = high <= low + dialect.largest + SHARED
            short = chain.stop - chain.start <= dialect.largest - dialect.head
            behind = _behind(chains[index + 1 : index + 1 + NEXT], read) if not count and (short or close) else serials[:0]
            if short and not count:
                count = _against(serials, behind)
            out += _suspect(chain, found, count, TOLD)
            if count or not close:
                continue
            before = chains[index - 1] if index and chain.stop == size else None
            cut = before is not None and isinstance(before.dialect, FramedDialect) and _reaches(before.dialect, low, high, read)
            beside = _last(before, read) if before is not None and cut else behind
            if (cut or chain.stop < high) and not alike(serials.tolist(), beside.tolist(), CLOSE):
                out += _suspect(chain, found, len(found.starts), ROOM)
    return out


def _reaches(dialect: FramedDialect, low: int, high: int, read: Read) -> bool:
    """Whether a header at `low` tells of a record that goes on behind `high`."""
    heads = dialect.heads(read(low, low + dialect.header.size))
    return bool((heads.sizes[heads.starts == 0] > high - low).any())


def _suspect(chain: Chain, found: Found, count: int, why: str) -> list[Oddity]:
    """The first records of a chain as suspect."""
    each = zip(found.starts[:count].tolist(), found.sizes[:count].tolist(), strict=True)
    return [Oddity(chain.start + start, size, "suspect", why) for start, size in each]


def _records(chain: Chain, read: Read) -> tuple[Found, Numbers]:
    """The first records of a chain, by offsets in it, and their serial numbers, NaN where there is none."""
    octets = read(chain.start, min(chain.stop, chain.start + SPAN))
    assert isinstance(chain.dialect, FramedDialect)
    found = chain.dialect.offsets(octets, 0, len(octets), chain.start)
    return found, numbers(chain.dialect, octets, found, "serial")[0]


def _last(chain: Chain, read: Read) -> Numbers:
    """The serial numbers of the last records of a chain, the last one first."""
    start = chain.tail[0] if chain.tail else chain.stop
    octets = read(start, chain.stop)
    assert isinstance(chain.dialect, FramedDialect)
    found = chain.dialect.offsets(octets, 0, len(octets), start)
    out: Numbers = numbers(chain.dialect, octets, found, "serial")[0][::-1]
    return out


def _behind(chains: Sequence[Chain], read: Read) -> Numbers:
    """The first serial numbers of some chains, without those that may be lodged in front of them."""
    out: list[Numbers] = [np.zeros(0)]
    for chain in chains:
        if isinstance(chain.dialect, FramedDialect) and sum(map(len, out)) < LEAST:
            _, serials = _records(chain, read)
            told = serials[~np.isnan(serials)]
            out.append(told[_against(told, told[-LOOKED:]) :])
    return np.concatenate(out)


def _strangers(reach: int, found: Found, serials: Numbers) -> int:
    """How many of the first records of a chain are strange to its further ones; `reach` is the most that a record carries."""
    beyond = serials[found.starts > reach]
    beyond = beyond[~np.isnan(beyond)]
    if len(beyond) < LEAST:
        told = serials[~np.isnan(serials)]
        beyond = told[-LEAST:] if len(told) >= 2 * LEAST else told[:0]
    return min(_against(serials, beyond), int(np.searchsorted(found.stops, reach, "right")))


def _against(serials: Numbers, beyond: Numbers) -> int:
    """How many of the first records are of another history than that of some serial numbers: all up to the first one of it."""
    if len(beyond) < LEAST:
        return 0
    middle = float(np.median(beyond[:LOOKED]))
    if np.mean(np.abs(beyond[:LOOKED] - middle) <= CLOSE) < SHARE:
        return 0
    told = np.flatnonzero(~np.isnan(serials))
    away = np.abs(serials[told] - middle)
    if not len(told) or away[0] <= CLOSE:
        return 0
    own = np.flatnonzero(away < np.abs(serials[told] - serials[told[0]]))  # nearer to those beyond than to the first
    return int(told[own[0]]) if len(own) else len(serials)
