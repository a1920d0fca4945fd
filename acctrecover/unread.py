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
    gone: dict[tuple[int, int], dict[str, int]] = {}
    for chain in chains:
        voids = [void for void in source.voids.within(chain.start, chain.stop) if void[2] != HOLE]
        if not voids:
            continue
        for _, found, low in chain_batches(source, chain.dialect, chain.start, chain.stop):
            starts = found.starts + low
            stops = starts + found.sizes
            for start, stop, cause in voids:
                for index in np.flatnonzero((starts < stop) & (stops > start)):
                    causes = gone.setdefault((int(starts[index]), int(found.sizes[index])), {})
                    causes[cause] = causes.get(cause, 0) + min(int(stops[index]), stop) - max(int(starts[index]), start)
    return [
        Oddity(
            start, size, "suspect", "; ".join(f"{count} of its bytes were not read ({cause})" for cause, count in causes.items())
        )
        for (start, size), causes in sorted(gone.items())
    ]
