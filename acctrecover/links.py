"""Records that follow each other among candidates: each starts where the one before lands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from acctrecover.stream import NONE, NOWHERE, Found, Offsets


@dataclass(frozen=True)
class Path:
    """Candidates that follow each other, by their indices: in stretches from `firsts` to `lasts`, int64 of shape (stretches,).

    No stretch begins right behind another.
    """

    firsts: Offsets
    lasts: Offsets

    def __len__(self) -> int:
        return int((self.lasts - self.firsts).sum()) + len(self.firsts)

    def end(self, count: int) -> Offsets:
        """The last `count` candidates."""
        parts = [np.arange(low, high + 1) for low, high in zip(self.firsts[-count:], self.lasts[-count:], strict=True)]
        return np.concatenate([NOWHERE, *parts])[-count:]

    def taking(self, landings: Offsets) -> Offsets:
        """Those of the last ones of stretches that land where a candidate inside them lands, by the landings of all."""
        behind = np.append(self.firsts[1:], len(landings))
        gaps = behind - self.lasts - 1
        inside = np.arange(gaps.sum()) + np.repeat(behind - np.cumsum(gaps), gaps)
        numbers = np.repeat(np.arange(len(gaps)), gaps)
        out = np.zeros(len(gaps), np.bool_)
        out[numbers[landings.take(inside) == landings.take(self.lasts).take(numbers)]] = True
        return self.lasts[out]

    def split(self, found: Found) -> Found:
        """The candidates that follow each other, the first one found among them, with the others."""
        behind = np.append(self.firsts[1:], len(found.starts))
        counts = np.stack((self.lasts + 1 - self.firsts, behind - self.lasts - 1), axis=1)
        which = np.repeat(np.tile((True, False), len(counts)), counts.reshape(-1))
        owners = np.repeat(np.cumsum(counts[:, 0]) - 1, counts[:, 1])
        return replace(found.pick(which), others=found.pick(~which), owners=owners)

    def led(self, found: Found, landings: Offsets, most: int) -> Led:
        """What the first one leads to, by all that was found and where the one behind each must start; with so many last starts."""
        if not len(self.lasts):
            return LOST
        tail = found.starts[self.end(most)]
        return Led(len(self), int(landings[self.lasts[-1]]), tail, found, landings, self.taking(landings))


@dataclass(frozen=True)
class Led:
    """Records that follow each other: how many, where the one behind the last must start, and where the last few start.

    `takers` are those of them inside which others lead to where they land, by their index in `found`, which has what begins in
    them and near behind them, and perhaps more; `landings` are where the record behind each of these must start.
    """

    count: int
    ahead: int
    tail: Offsets
    found: Found
    landings: Offsets
    takers: Offsets


NO_PATH = Path(NOWHERE, NOWHERE)
LOST = Led(0, 0, NOWHERE, NONE, NOWHERE, NOWHERE)


def linked(starts: Offsets, landings: Offsets, likely: Callable[[Offsets], npt.NDArray[np.bool_]]) -> Path:
    """The candidates that follow the first one. There must be a first one; `likely` says at which offsets one may start."""
    jumps = np.append(np.flatnonzero(starts[1:] != landings[:-1]), len(starts) - 1)  # whoever does not land on its neighbour
    lands = landings.take(jumps)
    on = np.flatnonzero(likely(lands))
    lands = lands.take(on)
    targets = np.searchsorted(starts, lands)
    good = np.flatnonzero(starts.take(targets, mode="clip") == lands)
    on, targets = on.take(good), targets.take(good)
    onward = np.searchsorted(jumps, targets)
    numbers = np.full(len(jumps), -1)
    numbers[on] = np.arange(len(on))
    behind, at = numbers.take(onward).tolist(), int(numbers[0])
    taken: list[int] = []
    while at >= 0:  # one turn for each record whose payload holds a cookie, not for each record
        taken.append(at)
        at = behind[at]
    which = np.array(taken, np.int64)
    return Path(np.append(0, targets.take(which)), jumps.take(np.append(0, onward.take(which))))


def filled(octets: npt.NDArray[np.uint8], base: int, stops: Offsets, fill: int | None, head: int) -> Offsets:
    """Where the record behind each stop must start: there, or behind NUL bytes, fewer than a header's, before a multiple of `fill`.
    The bytes begin at `base`."""
    if fill is None or not len(stops):
        return stops
    if fill <= 1 << 16 and fill & fill - 1 == 0:
        near = np.flatnonzero((-(stops.astype(np.uint16) + np.uint16(base & 0xFFFF)) & np.uint16(fill - 1)) < head)
    else:
        near = np.flatnonzero(-(base + stops) % fill < head)
    ends = stops.take(near)
    room = -(base + ends) % fill
    good = (room > 0) & (ends + room <= len(octets))
    for at in range(head - 1):
        good &= (at >= room) | (octets.take(ends + at, mode="clip") == 0)
    out = stops.copy()
    out[near[good]] += room[good]
    return out
