"""What records behind headers of a cookie, a byte of type and one of length tell, counted by search.c without an array of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.expr import fields_of
from acctrecover.finder import Finder
from acctrecover.follow import MANY, USUAL, Follower
from acctrecover.kernel import address, library
from acctrecover.pairs import Keys, Worth, groups
from acctrecover.program import Program
from acctrecover.shape import Octets, Shape
from acctrecover.stream import Found, Offsets, among
from acctrecover.telling import sane

WITHIN, PROGRAMS, EIGHT = 1024, 32, 8
"""What search.c has room for: bytes of a record, programs of payloads, and bytes of a clock."""
PLAIN, UNASKED = 0, -1
"""The number of the first program, which has no rules; and what it is told of a key of which the rules are asked here."""

LARGE = 1 << 20
"""Bytes from which on keys are counted as they are met."""
UNTIMED, ANYWHERE = -1, 0
"""What search.c is told of a type without a clock, and of one whose clock is no field at one place, instead of that place."""
Timed = tuple[Offsets, npt.NDArray[np.float64]]
"""Where records with a clock start, and its seconds."""


@dataclass(frozen=True)
class Counted:
    """Records that follow each other: how many, what they prove in bits, and where the one behind the last must start.

    `timed` is where those of types with a clock start, of sane clocks, and the seconds of these, `clocks` the same by type.
    `wrong` are those that break a rule of their payload. Of `carriers` that hold records that follow each other, which are
    `inside`, the first starts at `first`.
    """

    count: int
    bits: float
    ahead: int
    timed: Timed
    clocks: list[tuple[str, Offsets, npt.NDArray[np.float64]]]
    wrong: Found
    carriers: int
    inside: int
    first: int


class Tally:
    """Counts records that a `follower` finds, of which `payload` gives the shape by type and length, and `finds` what asks its
    rules; `worth` says what they prove; `ruled` are the types with rules, by number, and `timed` those with a clock."""

    def __init__(
        self,
        follower: Follower,
        payload: Callable[[int, int], Shape],
        finds: Callable[[Shape], Finder],
        worth: Worth,
        ruled: Offsets,
        timed: Offsets,
    ) -> None:
        self.follower, self.payload, self.finds, self.worth, self.timed = follower, payload, finds, worth, timed.tolist()
        asks = np.full((256, 256), PLAIN, np.int16)
        asks[ruled] = UNASKED
        self._asks = asks.reshape(-1)
        self._programs = np.zeros((PROGRAMS, 3), np.int64)
        self._held: list[Program | None] = [None]
        self._learning = Lock()
        self._stamps = np.full(256, UNTIMED, np.int16)
        self._fields: dict[int, np.dtype[Any]] = {}
        """Of a clock that is read of one field at one place, by its type, that field alone in eight bytes."""
        for number in self.timed:
            self._stamps[number] = self._stamp(number)

    def _stamp(self, number: int) -> int:
        """How far behind the start of a record of some type the field stands that its clock is read of."""
        low, high = self.follower.pairs.kinds.span(number)
        shape = self.payload(number, low)
        names = fields_of(shape.record.clock) - {"_big_endian"}
        kind, at = shape.dtype.fields[min(names)][:2] if len(names) == 1 and shape.dtype.fields else (None, 0)
        if low != high or kind is None or kind.kind not in "ui":
            return ANYWHERE
        self._fields[number] = np.dtype({"names": [min(names)], "formats": [kind], "offsets": [0], "itemsize": EIGHT})
        return self.follower.head + at

    def counted(self, octets: Octets, base: int, last: int, stop: int) -> Counted:
        """What the record that some bytes begin with leads to, as far as records start before `last` and stop at `stop` or before.
        The bytes begin at `base` of the input."""
        octets, counts = np.ascontiguousarray(octets), np.zeros(8, np.int64)
        where = self.follower.where(octets, 0, base)
        with self._learning:  # several threads may be at it; search.c knows of no lock
            asks, programs = self._asks.copy(), self._programs.copy()
        asked = last, stop, address(asks), address(programs), address(self._stamps)
        for room in (len(octets) // MANY + USUAL, len(octets) + 1):
            keys, broken = np.empty(room, np.uint16), np.empty((room, 2), np.int64)
            timed, unasked, indices = (np.empty(room, np.int64) for _ in range(3))
            timers, stamps = np.empty(room, np.uint16), np.empty(room, np.uint64)
            table = np.array([address(column) for column in (timed, timers, stamps)], np.int64)
            times = np.zeros(1 << 16, np.uint32) if len(octets) >= LARGE else None
            into = (0 if array is None else address(array) for array in (keys, table, unasked, indices, broken, times, counts))
            if library().acctrecover_tally(*where, *asked, room, *into):
                break
        count, ahead, clocks, rest, bad, carriers, inside, first = counts.tolist()
        keys = keys[:count]
        wrong = np.concatenate((broken[:bad], self._ask(octets, keys, indices[:rest], unasked[:rest])))
        wrong = wrong[np.argsort(wrong[:, 0])]
        bits = self.worth.total(keys, wrong[:, 0], times)
        told = self._clocks(octets, timed[:clocks], timers[:clocks], stamps[:clocks], wrong[:, 1])
        return Counted(count, bits, ahead, *told, self._found(octets, wrong[:, 1]), carriers, inside, first)

    def _clocks(
        self, octets: Octets, starts: Offsets, keys: Keys, stamps: npt.NDArray[np.uint64], wrong: Offsets
    ) -> tuple[Timed, list[tuple[str, Offsets, npt.NDArray[np.float64]]]]:
        """The sane clocks of records that have one, but for those that are `wrong`, and the same by the name of their type."""
        seconds, types = np.full(len(starts), np.nan), (keys >> 8).astype(np.uint8)
        own = {number: np.flatnonzero(types == number) for number in self.timed}
        for number, which in own.items():
            if number in self._fields:
                shape = self.payload(number, self.follower.pairs.kinds.span(number)[0])
                seconds[which] = shape.evaluate(shape.record.clock, stamps.take(which).view(self._fields[number]))
                continue
            for key, some in groups(keys.take(which), which):
                shape = self.payload(number, key & 0xFF)
                seconds[some] = shape.told(shape.record.clock, octets, starts.take(some) + self.follower.head)
        seconds[among(starts, wrong)] = np.nan
        good = sane(seconds)
        named = [
            (self.payload(n, self.follower.pairs.kinds.span(n)[0]).record.name, which[good.take(which)]) for n, which in own.items()
        ]
        kept = np.flatnonzero(good)
        by_type = [(name, starts.take(which), seconds.take(which)) for name, which in named if len(which)]
        return (starts.take(kept), seconds.take(kept)), by_type

    def _found(self, octets: Octets, starts: Offsets) -> Found:
        keys = self.follower.pairs.keys(octets, starts)
        return Found(starts, self.follower.pairs.sizes.take(keys), keys)

    def _ask(self, octets: Octets, keys: Keys, indices: Offsets, starts: Offsets) -> npt.NDArray[np.int64]:
        """Those of some records that break a rule of their payload: (index, start) of each."""
        out = [np.zeros((0, 2), np.int64)]
        for key, which in groups(keys.take(indices), np.arange(len(indices))):
            with self._learning:
                shape = self.payload(key >> 8, key & 0xFF)
                if shape.rules:
                    self.worth.add(key, shape.bits)
                self._learn(key, shape)
            if shape.rules:
                bad = which[~self.finds(shape).kept(octets, starts.take(which) + self.follower.head)]
                out.append(np.stack((indices.take(bad), starts.take(bad)), axis=1))
        return np.concatenate(out)

    def _learn(self, key: int, shape: Shape) -> None:
        """Have search.c ask the rules of a key's payload from now on, if it can."""
        if self._asks[key] != UNASKED:
            return
        if not shape.rules:
            self._asks[key] = PLAIN
        elif len(self._held) < PROGRAMS and (program := self.finds(shape).program) is not None and not program.rest:
            self._programs[len(self._held)] = program.told
            self._asks[key] = len(self._held)
            self._held.append(program)
