"""Records of a stream whose first ones a cut record before them claims: it ends in no header, and they begin in its payload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acctrecover.framed import FramedDialect
from acctrecover.misled import TELLING
from acctrecover.stream import Read
from acctrecover.survey import Chain


def reclaimed(chains: Sequence[Chain], read: Read) -> list[Chain]:
    """The chains, in offset order, without the last record of a framed one where records of the next chain, which is of another
    dialect and begins behind a gap, begin in it and go past its end; or begin in it where it breaks rules."""
    out: list[Chain] = []
    for chain in chains:
        last = out[-1] if out else None
        close = last is not None and chain.start - last.stop < chain.dialect.largest  # what lies in the gap whole was found before
        if last and close and last.tail and isinstance(last.dialect, FramedDialect) and last.dialect is not chain.dialect:
            longer = _led(chain, last.tail[-1] + last.dialect.smallest, read)
            if longer.start < last.stop and (last.stop < chain.start or not _sound(last, read)):
                out[-1:] = _shorter(last)
                chain = longer
        out.append(chain)
    return out


def _led(chain: Chain, low: int, read: Read) -> Chain:
    """A chain with the records from `low` on that lead to it, where they prove enough."""
    octets = read(low, chain.start + chain.dialect.largest)
    found = chain.dialect.candidates(octets, low)
    landing = chain.dialect.landing(octets, low, found.stops) if isinstance(chain.dialect, FramedDialect) else found.stops
    bits = chain.dialect.bits(octets, found)
    start, taken = chain.start, []
    while len(at := np.flatnonzero(landing == start - low)):
        taken.append(int(at[np.argmax(bits.take(at))]))
        start = low + int(found.starts[taken[-1]])
    proof = float(bits[taken].sum())
    if proof < TELLING:
        return chain
    return replace(chain, start=start, count=chain.count + len(taken), bits=chain.bits + proof)


def _sound(chain: Chain, read: Read) -> bool:
    """Whether the last record of a framed chain keeps every rule."""
    assert isinstance(chain.dialect, FramedDialect)
    return chain.dialect.fits(read(chain.tail[-1], chain.stop))


def _shorter(chain: Chain) -> list[Chain]:
    """A chain without its last record, if any is left then."""
    left = chain.count - 1
    kept = replace(chain, stop=chain.tail[-1], count=left, bits=chain.bits * left / chain.count, tail=chain.tail[:-1])
    return [kept] if left else []
