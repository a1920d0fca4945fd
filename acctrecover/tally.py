"""What records behind headers of a cookie, a byte of type and one of length tell, counted by search.c without an array of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from acctrecover.finder import Finder
from acctrecover.follow import MANY, USUAL, Follower
from acctrecover.kernel import address, library
from acctrecover.pairs import Keys, Worth, groups
from acctrecover.program import Program
from acctrecover.shape import Octets, Shape
from acctrecover.stream import Found, Offsets

WITHIN, PROGRAMS = 1024, 32
"""What search.c has room for: bytes of a record, and programs of payloads."""
PLAIN, UNASKED = 0, -1
"""The number of the first program, which has no rules; and what it is told of a key of which the rules are asked here."""

LARGE = 1 << 20
"""Bytes from which on keys are counted as they are met."""


@dataclass(frozen=True)
class Counted:
    """Records that follow each other: how many, what they prove in bits, and where the one behind the last must start.

    `timed` are those of types with a clock, `wrong` those that break a rule of their payload. Of `carriers` that hold records
    that follow each other, which are `inside`, the first starts at `first`.
    """

    count: int
    bits: float
    ahead: int
    timed: Found
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
        self.follower, self.payload, self.finds, self.worth = follower, payload, finds, worth
        asks = np.full((256, 256), PLAIN, np.int16)
        asks[ruled] = UNASKED
        self._asks = asks.reshape(-1)
        self._programs = np.zeros((PROGRAMS, 3), np.int64)
        self._held: list[Program | None] = [None]
        self._learning = Lock()
        self._timed = np.zeros(256, np.uint8)
        self._timed[timed] = 1

    def counted(self, octets: Octets, base: int, last: int, stop: int) -> Counted:
        """What the record that some bytes begin with leads to, as far as records start before `last` and stop at `stop` or before.
        The bytes begin at `base` of the input."""
        octets, counts = np.ascontiguousarray(octets), np.zeros(8, np.int64)
        where = self.follower.where(octets, 0, base)
        with self._learning:  # several threads may be at it; search.c knows of no lock
            asks, programs = self._asks.copy(), self._programs.copy()
        asked = last, stop, address(asks), address(programs), address(self._timed)
        for room in (len(octets) // MANY + USUAL, len(octets) + 1):
            keys, broken = np.empty(room, np.uint16), np.empty((room, 2), np.int64)
            timed, unasked, indices = (np.empty(room, np.int64) for _ in range(3))
            times = np.zeros(1 << 16, np.uint32) if len(octets) >= LARGE else None
            into = (0 if array is None else address(array) for array in (keys, timed, unasked, indices, broken, times, counts))
            if library().acctrecover_tally(*where, *asked, room, *into):
                break
        count, ahead, clocks, rest, bad, carriers, inside, first = counts.tolist()
        keys = keys[:count]
        wrong = np.concatenate((broken[:bad], self._ask(octets, keys, indices[:rest], unasked[:rest])))
        wrong = wrong[np.argsort(wrong[:, 0])]
        bits = self.worth.total(keys, wrong[:, 0], times)
        out = self._found(octets, timed[:clocks]), self._found(octets, wrong[:, 1])
        return Counted(count, bits, ahead, *out, carriers, inside, first)

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
