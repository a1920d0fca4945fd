"""Where sound records of one layout begin: at every offset of some bytes, or one right behind another. Compiled where it can be."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from acctrecover.columns import pick
from acctrecover.gates import Gate, cheap, gates, paying
from acctrecover.kernel import library
from acctrecover.program import Gates, Program
from acctrecover.shape import Bools, Octets, Shape
from acctrecover.sieve import CHUNK, Sieve
from acctrecover.stream import NOWHERE, Offsets

FEW, BATCH = 64, 1 << 20
"""Records a run is first tried with, and of which at least the compiled rules are worth a program; and bytes whose columns are
checked together: few enough for a cache, enough to make calls cheap."""


class Finder:
    """What finds the sound records of a shape."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rules = [rule for _, rule in shape.rules]

    @cached_property
    def gates(self) -> list[Gate]:
        """What single bytes of a sound record must be, the rarest first."""
        return gates(self.rules, self.shape.dtype, self.shape.big, self.shape.truth)

    @cached_property
    def program(self) -> Program | None:
        """The rules compiled, as far as they can be; None where nothing was built, or there is nothing to look for."""
        found, shape = library(), self.shape
        return Program(found, self.rules, shape.dtype, shape.big) if found is not None and shape.size else None

    @cached_property
    def compiled(self) -> Gates:
        """Some of them as search.c has them."""
        return Gates(cheap(self.gates))

    def everywhere(self, octets: Octets) -> Offsets:
        """Every offset at which a whole record passes every rule."""
        parts = [NOWHERE]
        blank = self.program is None or self.program.nul  # else the compiled search passes NUL bytes over by itself
        for low in range(0, len(octets) - self.shape.size + 1, CHUNK):
            part = octets[low : low + CHUNK + self.shape.size - 1]
            if not blank or part.any():
                parts.append(self._search(part) + low)
        return np.concatenate(parts)

    def _search(self, octets: Octets) -> Offsets:
        """The same of a chunk."""
        if self.program is not None:
            return self.left(octets, self.program.starts(octets, self.compiled))
        view = self.shape.view(octets)
        passed = self._gated(octets, len(view))
        if passed is not None and not len(passed):
            return passed
        sound = self.shape.sound(view, Sieve(octets, self.shape.dtype), passed)
        return np.arange(len(view)) if sound is None else sound

    def left(self, octets: Octets, starts: Offsets) -> Offsets:
        """Of offsets at which the rules hold that were compiled those at which all do."""
        rest = self.program.rest if self.program is not None else []
        return self.shape.kept(pick(self.shape.view(octets), starts), starts, rest) if rest and len(starts) else starts

    @cached_property
    def _paying(self) -> list[Gate]:
        return paying(self.gates)

    def _gated(self, octets: Octets, count: int) -> Offsets | None:
        """The offsets of some bytes at which the gates are passed, None where there are none."""
        passed: Bools | None = None
        for gate in self._paying:
            found = gate.passes(octets, count)
            passed = found if passed is None else np.logical_and(passed, found, out=passed)
        return None if passed is None else np.flatnonzero(passed)

    def leading(self, octets: Octets) -> int:
        """How many records that are there whole, one right behind another, are sound before one is not."""
        if self.program is not None and not self.program.rest:
            return self.program.leading(octets)
        count, step, size = 0, FEW, self.shape.size
        while True:
            good = self.shape.valid(self.shape.view(octets[count * size :][: step * size], size))
            whole = bool(good.all())
            count += len(good) if whole else int(np.argmin(good))
            if not whole or len(good) < step:
                return count
            step = max(FEW, min(BATCH // size, max(8 * FEW, 2 * count)))  # a short run costs little

    def kept(self, octets: Octets, starts: Offsets) -> Bools:
        """Which of the records at some offsets, all of them whole, are sound."""
        tried = len(starts) >= FEW or "program" in self.__dict__
        if tried and self.program is not None and not self.program.rest:
            return self.program.kept(octets, starts)
        return self.shape.valid(self.shape.gather(octets, starts))
