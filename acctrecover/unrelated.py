"""What bytes look like that are no record: the laws over which the evidence of a rule is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LETTER = (0x61 + np.arange(256) % 26).astype(np.uint8)
"""A small letter for each value of a byte."""


def unrelated(size: int) -> bytes:
    """Random bytes, the same ones in every process and with every numpy; fewer of them are the first of more."""
    return _made(_random, size)


def sparse(size: int) -> bytes:
    """Bytes of which half are NUL and a quarter small letters, as in records of other kinds; the rest are random."""
    return _made(_sparse, size)


MADE: dict[Callable[[int], bytes], bytes] = {}
"""The most that was asked for of each, at least."""


def _made(make: Callable[[int], bytes], size: int) -> bytes:
    if len(MADE.get(make, b"")) < size:
        MADE[make] = make(max(1 << 19, 1 << (size - 1).bit_length()))
    return MADE[make][:size]


def _random(size: int) -> bytes:
    return hashlib.shake_128(b"unrelated").digest(size)


def _sparse(size: int) -> bytes:
    kinds, values = (np.frombuffer(hashlib.shake_128(seed).digest(size), np.uint8) for seed in (b"kinds", b"values"))
    return np.where(kinds < 128, np.uint8(0), np.where(kinds < 192, LETTER[values], values)).tobytes()


@dataclass(frozen=True)
class Law:
    """Bytes that are independent of each other: `law` is the chance of each value, of shape (256,); `sample` makes some."""

    law: npt.NDArray[np.float64]
    sample: Callable[[int], bytes]

    def below(self, number: int, width: int) -> float:
        """The chance that an unsigned number of `width` bytes is less than one."""
        if number >= 1 << 8 * width:
            return 1.0
        chance, same = 0.0, 1.0
        for digit in max(number, 0).to_bytes(width, "big"):
            chance += same * float(self.law[:digit].sum())
            same *= float(self.law[digit])
        return chance


LETTERS = np.bincount(LETTER, minlength=256) / 256
BACKGROUNDS = (
    Law(np.full(256, 1 / 256), unrelated),
    Law(0.5 * (np.arange(256) == 0) + 0.25 * LETTERS + 0.25 / 256, sparse),
)
