"""Records too few for chance to be ruled out, yet sound: of a format that was named, all that an input holds; of any, what stands
alone among other data."""

from __future__ import annotations

from collections.abc import Sequence

from acctrecover.dialect import Dialect
from acctrecover.extent import Oddity
from acctrecover.fixed import Fixed
from acctrecover.shape import Octets
from acctrecover.stream import Read
from acctrecover.survey import Chain

MOST = 1 << 16
"""Bytes of an input, at most, that are looked at: what is larger holds none, or enough of them to be believed."""
ALONE = 48.0
"""Bits of records without headers, which stand alone among other data, up to which that data may have made them: it is no noise."""


def few(dialects: Sequence[Dialect], size: int, read: Read) -> tuple[list[Chain], list[Oddity]]:
    """The chain of sound records from the first byte of an input on, up to one that is cut by its end and keeps every rule as
    far as it goes; each of them suspect. Of several dialects that of the most evidence; nothing where there is none."""
    octets = read(0, min(size, MOST))
    found = [chain for dialect in dialects if size <= MOST and (chain := _begun(dialect, octets))]
    if not found:
        return [], []
    chain = max(found, key=lambda chain: chain.bits)
    records = chain.dialect.offsets(octets, 0, chain.stop)
    which = "it" if chain.count == 1 else f"all {chain.count}"
    told = f"sound, but {chain.bits:.0f} bits of evidence are too few to tell {which} from other bytes"
    each = zip(records.starts.tolist(), records.sizes.tolist(), strict=True)
    return [chain], [Oddity(start, length, "suspect", told) for start, length in each]


def _begun(dialect: Dialect, octets: Octets) -> Chain | None:
    """The records of one dialect that an input is, but for its last one."""
    run = dialect.run(octets, 0)
    rest = octets[run.stop :]
    if isinstance(dialect, Fixed):
        goes_on = len(rest) < dialect.size and dialect.shape.prefix(rest.tobytes())[2]
    else:
        goes_on = len(rest) < dialect.head or dialect.shape_at(rest, 0) is not None
    if not run.count or not goes_on:
        return None
    bits = float(dialect.bits(octets, dialect.offsets(octets, 0, run.stop)).sum())
    return Chain(dialect, 0, run.stop, run.count, bits, tuple(run.tail))


def alone(chains: Sequence[Chain]) -> list[Oddity]:
    """The records of chains behind other data that prove little and are all that there is of their dialect, as suspect."""
    out: list[Oddity] = []
    proof: dict[int, float] = {}
    for chain in chains:
        proof[id(chain.dialect)] = proof.get(id(chain.dialect), 0.0) + chain.bits
    starts, stops = {chain.start for chain in chains}, {chain.stop for chain in chains}
    for chain in chains:
        size, beside = chain.dialect.pitch, chain.start in stops or chain.stop in starts
        if size and chain.start and proof[id(chain.dialect)] < ALONE and not beside:
            told = f"sound, but {chain.bits:.0f} bits of evidence alone among other data"
            out += [Oddity(at, size, "suspect", told) for at in range(chain.start, chain.stop - size + 1, size)]
    return out
