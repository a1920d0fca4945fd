"""What lies stranded in a gap: chains too short for the skeleton, kept where chance would not leave them there."""

from __future__ import annotations

from collections.abc import Container, Sequence

from acctrecover.dialect import Dialect
from acctrecover.fixed import Fixed
from acctrecover.sightings import Sightings
from acctrecover.stream import BLOCK, Read
from acctrecover.survey import RISK, Chain, join, stranded
from acctrecover.voids import WIDE, Voids
from acctrecover.walk import FAR

SHARED = 4
"""Bytes that two records may share after a deletion between them."""


def fill(
    chains: list[Chain],
    size: int,
    read: Read,
    dialects: Sequence[Dialect],
    risk: float = RISK,
    voids: Voids | None = None,
    barren: Container[tuple[int, int]] = (),
    sightings: Sightings | None = None,
) -> list[Chain]:
    """The skeleton's chains with those stranded in its gaps, adjacent ones of one dialect joined; in `barren` gaps are none at the
    usual RISK."""
    voids, barren = voids or Voids(), barren if risk <= RISK else ()
    known = {id(chain.dialect): chain.dialect for chain in chains}
    seen = [dialect for dialect in dialects if id(dialect) in known]
    out: list[Chain] = []
    at = 0
    for chain in [*chains, None]:
        stop = size if chain is None else chain.start
        last = out[-1] if out else None
        if chain is None and last and last.stop == at and last.dialect.pitch is None and _announced(last.dialect, at, read):
            plain = last.dialect.places is not None  # type: ignore[union-attr]
            alike = [dialect for dialect in dialects if plain and dialect.declared is last.dialect.declared]
            for found in stranded(read(at, size), at, size - at, {at}, alike, risk, ({0, size}, set(known))):
                if found.stop == size and found.count > 1:  # what is cut short would not be cut just behind a record of it
                    join(out, found)
            break
        if (at, stop) in barren and chain is not None:
            join(out, chain)
            at = chain.stop
            continue
        edges = ({at} if out else set()) | ({stop} if chain is not None else set())
        solid = voids.solid(at, stop, WIDE)
        room = sum(b - a for a, b in solid)
        for low, high in ((low, min(b, low + FAR)) for a, b in solid for low in range(a, b, FAR)):
            tried = seen if out and room < BLOCK and chain else dialects
            for found in stranded(read(low, high), low, room, edges, tried, risk, ({0, size}, set(known)), sightings):
                if not _carried(found, at, stop, out[-1] if out else None, chain, read):
                    join(out, found)
        if chain is not None:
            join(out, chain)
            at = chain.stop
    return out


def _announced(dialect: Dialect, at: int, read: Read) -> bool:
    """Whether a header at `at` claims all of what is left of the input, and more."""
    octets = read(at, at + dialect.largest)
    return len(octets) < dialect.largest and dialect.shape_at(octets, 0) is not None and not dialect.run(octets, 0).count


def _carried(found: Chain, low: int, high: int, before: Chain | None, after: Chain | None, read: Read) -> bool:
    """Whether a chain in the gap [low, high) can be the payload of the one lost record the gap has room for.

    One of the record's own dialect, of which any header may be damaged, is not passed over for that: see `lodged`.
    """
    if before is None or (after is not None and before.dialect is not after.dialect):
        return False
    if found.start == low and found.dialect is before.dialect:
        return False
    if after is None and found.stop == high and found.count > 1:  # what is cut short would not be cut just behind a record of it
        return False
    if isinstance(before.dialect, Fixed):  # there is no payload
        return False
    if before.dialect.places is None:  # nor one for others to fill, but where the header at `low` claims what the gap has room for
        at = before.dialect.shape_at(read(low, high), 0)
        claimed = int(before.dialect.sized(at[0].size + at[1])) if at is not None else 0
        return after is not None and claimed > 0 and abs(claimed - (high - low)) <= SHARED
    return found.dialect is not before.dialect and bool(high - low <= before.dialect.largest + SHARED)
