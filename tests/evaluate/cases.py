"""From a case's name to its damaged bytes: STREAM:KIND:WOUNDS:SEED, the same for ever."""

from __future__ import annotations

import random
from dataclasses import dataclass

from acctrecover.damaging import KINDS, Damaged, damage

from .genuine import window
from .streams import Stream, cookie_stream

WHOLESALE = ("crlf", "pair-swap", "strip-7bit", "hexdump", "base64")
"""Kinds that change a whole stream; dealt once."""
PARTIAL = tuple(kind for kind in KINDS if kind not in WHOLESALE)
BLOCKS = ("zero-block-4096",)
"""Kinds that would leave nothing of a short cookie stream."""
SHORT, LONG = (40, 150), (300, 500)
"""Fewest and most records of a cookie stream."""
MIXED = "mixed"
"""A pseudo-kind: each wound of a kind of its own."""
STREAMS = ("cookie", "v3")


@dataclass(frozen=True)
class Case:
    """One damaged stream to scan."""

    stream: str
    kind: str
    wounds: int
    seed: int

    @classmethod
    def named(cls, name: str) -> Case:
        """The case of a name as `str(case)` gives it. Raises ValueError."""
        stream, kind, wounds, seed = name.split(":")
        if stream not in STREAMS or kind not in (*KINDS, MIXED):
            raise ValueError(f"{name}: no such stream or kind")
        return cls(stream, kind, int(wounds), int(seed))

    def __str__(self) -> str:
        return f"{self.stream}:{self.kind}:{self.wounds}:{self.seed}"


@dataclass(frozen=True)
class Dealt:
    """A case played: the whole streams its bytes may stem from, by the segments' names for them, and the damage."""

    texts: dict[str, Stream]
    damaged: Damaged


def deal(case: Case) -> Dealt:
    """Make a case's stream and wound it."""
    rng = random.Random(str(case))
    texts = _texts(case.stream, rng, LONG if case.kind in BLOCKS else SHORT)
    kinds = [case.kind] * case.wounds if case.kind != MIXED else rng.choices(PARTIAL, k=case.wounds)
    whole, stale, other = (texts[name] for name in ("input", "stale", "other"))
    starts = [start for start, _ in whole.records]
    seed = rng.getrandbits(63)
    return Dealt(texts, damage(whole.data, kinds, seed, stale=stale.data, other=other.data, boundaries=starts))


def _texts(name: str, rng: random.Random, records: tuple[int, int]) -> dict[str, Stream]:
    """The input, an older stream of the same writer, and another host's, of the opposite byte order half of the time."""
    opposite = rng.random() < 0.5
    if name == "v3":
        whole, stale = window(rng)
        other, _ = window(rng, (whole.byte_order == "big") != opposite)
    else:
        whole = cookie_stream(rng, records, began=rng.randrange(1_400_000_000, 1_780_000_000))
        big = whole.byte_order == "big"
        stale = cookie_stream(rng, SHORT, big, rng.randrange(1_100_000_000, 1_390_000_000))
        other = cookie_stream(rng, SHORT, big != opposite)
    return {"input": whole, "stale": stale, "other": other}
