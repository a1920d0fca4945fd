"""Records in which a disk block begins, with a gap right behind them: their last bytes may be another block's."""

from __future__ import annotations

from acctrecover.extent import Extent, Oddity
from acctrecover.framed import FramedDialect
from acctrecover.stream import BLOCK, Read
from acctrecover.survey import Chain

UNMET = frozenset({"zero run", "overwritten", "foreign data", "bytes missing", "bytes inserted"})
"""Causes of gaps that begin with no header: nothing confirms where the record before them ends."""


def bordered(chain: Chain, gap: Extent, read: Read) -> Oddity | None:
    """The last record of a chain as suspect if a block that begins in it may go on in the gap right behind.

    Only where a damaged header behind it would be told as one: not of records of one size, nor of those behind headers of more than
    a cookie, a type and a length.
    """
    if gap.cause not in UNMET or gap.start != chain.stop or not chain.tail:
        return None
    if not isinstance(chain.dialect, FramedDialect) or chain.dialect.places is None:
        return None
    start = chain.tail[-1]
    octets = read(start, min(gap.stop, gap.start + BLOCK))
    heads = chain.dialect.heads(octets[: chain.dialect.header.size])
    size = int(heads.sizes[0]) if len(heads.sizes) else 0
    border = BLOCK - start % BLOCK
    own, behind = octets[border:size], octets[size:]
    if not len(own) or start + size != chain.stop:
        return None
    filled = bool((behind == behind[0]).all())  # then so is all of the block
    whole = gap.stop >= start + border + BLOCK or not len(read(gap.stop, gap.stop + 1))
    if filled and not (whole and (own == behind[0]).all()):
        return None
    why = f"a block begins in it, at {start + border:#x}, and no record follows: its last {len(own)} bytes may be that block's"
    return Oddity(start, size, "suspect", why)
