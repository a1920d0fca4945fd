"""A disk-like image: fragments of many formats at odd offsets among executables, text, NUL bytes and random ones."""

from __future__ import annotations

import random
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from samples import Sample, known

LEAST = 3
"""Records of a fragment, at least."""
TELLS = 22.0
"""Bits of a record."""
FILLERS = ("elf", "text", "zeros", "random")


@dataclass(frozen=True)
class Fragment:
    """Records of a sample that stand at [start, stop) of an image, whole."""

    sample: Sample
    start: int
    stop: int
    records: tuple[tuple[int, int], ...]
    """(start, stop) of each."""


def telling(sample: Sample) -> bool:
    """Whether LEAST records of a sample prove themselves on a disk: the weakest formats are believed by longer series only."""
    dialect = sample.dialect
    if dialect.slots:  # an array, whose records stand at multiples of their size from its start
        return False
    return (dialect.shape.bits if dialect.pitch is not None else dialect.least_bits) >= TELLS  # type: ignore[union-attr]


@cache
def _files(kind: str) -> list[bytes]:
    """Executables, or program text, of the running Python: they are on every machine that runs this."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    if kind == "text":
        return [path.read_bytes() for path in sorted(folder.glob("*.py"))]
    found = [*sorted(folder.glob("lib-dynload/*.so")), *sorted(Path("/usr/lib").glob("*/lib*.so.?"))[:40]]
    return [path.read_bytes() for path in found] or [random.Random(1).randbytes(1 << 16)]


def _filler(rng: random.Random, size: int) -> bytes:
    kind = rng.choice(FILLERS)
    if kind == "zeros":
        return bytes(size)
    if kind == "random":
        return rng.randbytes(size)
    out = bytearray()
    while len(out) < size:
        file = rng.choice(_files(kind))
        start = rng.randrange(len(file))
        out += file[start : start + size - len(out)]
    return bytes(out)


def image(size: int, seed: int, samples: list[Sample] | None = None, apart: int = 1 << 16) -> tuple[bytes, list[Fragment]]:
    """An image of some `size` bytes with fragments of each sample that tells enough, one in `apart` bytes, and where they stand."""
    rng = random.Random(seed)
    chosen = samples or [sample for sample in known() if telling(sample) and len(sample.places) > LEAST]
    turns = chosen * max(1, size // apart // len(chosen))
    rng.shuffle(turns)
    out, fragments = bytearray(), []
    for sample in turns:
        out += _filler(rng, rng.randrange(max(1, 2 * size // len(turns) - 4096)) | 1)
        first = rng.randrange(len(sample.places) - LEAST)
        places = sample.places[first : first + rng.choice((LEAST, LEAST, 4, 7, 20, 60))]
        low = places[0][0]
        high = sum(places[-1])
        start = len(out) + 1 - len(out) % 2
        out += bytes(start - len(out)) + sample.data[low:high]
        records = tuple((start + at - low, start + at - low + length) for at, length in places)
        fragments.append(Fragment(sample, start, len(out), records))
    out += _filler(rng, max(0, size - len(out)))
    return bytes(out), fragments
