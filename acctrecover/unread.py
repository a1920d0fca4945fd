"""Records of which bytes were never read: NUL bytes stand in their place, so nothing that they say is sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acctrecover.extent import Oddity
from acctrecover.result import chain_batches
from acctrecover.source import Source
from acctrecover.survey import Chain
from acctrecover.voids import HOLE


def unread(source: Source, chains: Sequence[Chain]) -> list[Oddity]:
    """The records that reach into a void of an input, as suspect; a hole of a sparse file is none that was not read."""
    out = []
    for chain in chains:
        voids = [void for void in source.voids.within(chain.start, chain.stop) if void[2] != HOLE]
        if not voids:
            continue
        for _, found, low in chain_batches(source, chain.dialect, chain.start, chain.stop):
            starts = found.starts + low
            stops = starts + found.sizes
            for start, stop, cause in voids:
                for index in np.flatnonzero((starts < stop) & (stops > start)):
                    gone = min(int(stops[index]), stop) - max(int(starts[index]), start)
                    reason = f"{gone} of its bytes were not read ({cause})"
                    out.append(Oddity(int(starts[index]), int(found.sizes[index]), "suspect", reason))
    return out
