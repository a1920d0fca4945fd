"""Windows of genuine acct_v3 records, of both byte orders, out of corpora/."""

from __future__ import annotations

import json
import lzma
import random
from functools import lru_cache
from pathlib import Path

from .streams import Stream

CORPORA = Path(__file__).resolve().parents[2] / "corpora"
SIZE = 64
FEWEST, MOST = 40, 150


@lru_cache(maxsize=2)
def runs(big: bool) -> list[bytes]:
    """Every undamaged run of at least FEWEST records, from the samples that say so of themselves."""
    if big:
        out = [(CORPORA / "gnu-acct-converted" / "pacct-v3.be").read_bytes()]
    else:
        out = [(CORPORA / "linux-v3" / "pacct-v3").read_bytes()]
    for path in sorted((CORPORA / "linux-crash").glob(f"v3{'be' if big else 'le'}-*.pacct.xz")):
        data = lzma.decompress(path.read_bytes())
        truth = json.loads(path.with_name(path.name.replace(".pacct.xz", ".json")).read_text())
        out += [data[start:stop] for start, stop, _ in truth["intact"]]
    return [run for run in out if len(run) >= FEWEST * SIZE]


def window(rng: random.Random, big: bool | None = None) -> tuple[Stream, Stream]:
    """40 to 150 neighbouring records, and as many older ones of the same run (or those at its start, where none are older)."""
    order = rng.random() < 0.3 if big is None else big
    choice = runs(order)
    run = rng.choices(choice, [len(each) for each in choice])[0]
    count = min(rng.randrange(FEWEST, MOST + 1), len(run) // SIZE)
    first = rng.randrange(len(run) // SIZE - count + 1)
    older = rng.randrange(max(1, first - count + 1))
    return _stream(run, first, count, order), _stream(run, older, count, order)


def _stream(run: bytes, first: int, count: int, big: bool) -> Stream:
    data = run[first * SIZE : (first + count) * SIZE]
    records = [(at, at + SIZE) for at in range(0, len(data), SIZE)]
    return Stream(data, records, "acct_v3", "big" if big else "little")
