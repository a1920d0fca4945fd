"""Streams that records carry in their payloads: counted, and left where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acctrecover.framed import FramedDialect
from acctrecover.shape import Octets
from acctrecover.stream import Found, among

LEAST = 2
"""Linked records that make a payload carry a stream."""


@dataclass
class Embedded:
    """What the records of a chain carry: how many `carriers` there are, how many `records` in them, where the `first` starts."""

    carriers: int = 0
    records: int = 0
    first: int = 0

    def look(self, dialect: FramedDialect, octets: Octets, found: Found, low: int) -> None:
        """Count over the records `found` in `octets`, which begin at `low` of the input."""
        others, owner = found.others, found.owners
        if others is None or owner is None:
            heads = dialect.heads(octets)
            others = heads.pick(~among(heads.starts, found.starts))
            owner = np.searchsorted(found.starts, others.starts, "right") - 1
        inside = np.flatnonzero((owner >= 0) & (owner < len(found.starts)))
        inside = inside[others.stops[inside] <= found.stops[owner[inside]]]
        if not len(inside):
            return
        starts, stops, owner = others.starts[inside], others.stops[inside], owner[inside]
        beside = np.append(starts[1:] == stops[:-1], False)
        linked = beside.copy()
        linked[1:] |= beside[:-1]
        apart = np.flatnonzero(~beside)  # these may be followed by one further on
        apart = apart[dialect.opens(octets, stops.take(apart))]
        onward = np.searchsorted(starts, stops.take(apart))
        follow = starts.take(onward, mode="clip") == stops.take(apart)
        linked[apart[follow]] = linked[onward[follow]] = True
        counts = np.bincount(owner[linked], minlength=len(found.starts))
        carriers = np.flatnonzero(counts >= LEAST)
        if len(carriers):
            self.add(len(carriers), int(counts[carriers].sum()), int(found.starts[carriers[0]]) + low)

    def add(self, carriers: int, records: int, first: int) -> None:
        """Count so many more, of which the first starts there."""
        self.first = self.first if self.carriers or not carriers else first
        self.carriers += carriers
        self.records += records

    @property
    def detail(self) -> str | None:
        """In words; None where no record carries a stream."""
        if not self.carriers:
            return None
        who = "1 record carries an embedded stream" if self.carriers == 1 else f"{self.carriers:,} records carry embedded streams"
        return f"{who} ({self.records:,} records, which are not counted), the first at {self.first:#x}"
