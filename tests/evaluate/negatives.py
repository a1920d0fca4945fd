"""Bytes that hold no record, made or found on the machine, and how often a scan finds one in them all the same."""

from __future__ import annotations

import os
import random
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acctrecover import scan

LEVELS = tuple(10.0**-n for n in range(1, 7))
"""E-values at which the chains found are counted."""
PIECE = 1 << 18
"""Bytes of a piece that is made; of a file at most LARGEST are read."""
LARGEST = 1 << 24
WORDS = (
    "kernel:",
    "sshd[4711]:",
    "error",
    "in",
    "session",
    "opened",
    "for",
    "user",
    "root",
    "by",
    "(uid=0)",
    "CRON",
    "from",
    "10.0.0.7",
)
ROOTS = ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/share")
KINDS = ("random", "text", "compressed", "sparse", "files")


@dataclass
class Count:
    """Pieces of one kind scanned: how many bytes, in how many seconds of the processor, and every chain's E-value and place."""

    pieces: int = 0
    octets: int = 0
    seconds: float = 0.0
    hits: list[tuple[float, str]] = field(default_factory=list)

    def at(self, level: float) -> int:
        """Pieces times chains found at an E-value of `level` or less."""
        return sum(e_value <= level for e_value, _ in self.hits)


def made(kind: str, seed: int, size: int = PIECE) -> bytes:
    """One piece of a kind that is made: the same bytes for the same seed."""
    rng = np.random.default_rng(seed)
    if kind == "random":
        return rng.integers(0, 256, size, np.uint8).tobytes()
    if kind == "sparse":  # little-endian numbers, most of them small, as tables of binaries hold
        numbers = (2.0 ** (rng.random(size // 4) * 31)).astype("<u4")
        return np.where(rng.random(size // 4) < 0.6, np.uint32(0), numbers).astype("<u4").tobytes()
    words = random.Random(seed)
    text = "".join(
        f"Nov {words.randrange(1, 31):2} {words.randrange(24):02}:00 host {' '.join(words.choices(WORDS, k=8))}\n"
        for _ in range(size // 60)
    ).encode()
    return zlib.compress(text * (1 if kind == "text" else 6), 1) if kind == "compressed" else text[:size]


def found(seed: int = 0) -> Iterator[str]:
    """Paths of regular files of the machine in an order by seed; none where the machine has none of the folders."""
    paths = []
    for root in ROOTS:
        for folder, _, names in os.walk(root):
            paths += [os.path.join(folder, name) for name in names]
    paths.sort()
    random.Random(seed).shuffle(paths)
    for path in paths:
        if not os.path.islink(path) and os.path.isfile(path) and os.access(path, os.R_OK) and os.path.getsize(path) >= 4096:
            yield path


def pieces(kind: str, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) without end for kinds that are made, of each file once for those found."""
    if kind == "files":
        for path in found(seed):
            with Path(path).open("rb") as file:
                yield path, file.read(LARGEST)
        return
    for number in range(seed, 1 << 62):
        yield f"{kind}:{number}", made(kind, number)


def count(kind: str, octets: int, *, seed: int = 0, seconds: float = 1e9, risk: float = LEVELS[0]) -> Count:
    """Scan pieces until they add up to `octets` bytes or took `seconds` of processor time."""
    out = Count()
    begin = time.process_time()
    for name, data in pieces(kind, seed):
        if out.octets >= octets or time.process_time() - begin > seconds:
            break
        before = time.process_time()
        result = scan(data, risk=risk)
        out.seconds += time.process_time() - before
        out.pieces, out.octets = out.pieces + 1, out.octets + len(data)
        for extent in result.chains:
            where = f"{name} {extent.start:#x} {extent.format} {extent.byte_order} {extent.records} records"
            out.hits.append((extent.e_value or 0.0, where))
    return out


def allowed(expected: float) -> float:
    """The most events that an expectation of twice as many as stated leaves in 999 of 1,000 cases (Byar's Poisson bound)."""
    doubled = 2 * expected + 1
    return doubled * (1 - 1 / (9 * doubled) + 3.09 / (3 * doubled**0.5)) ** 3


def lines(counts: dict[str, Count]) -> Iterator[str]:
    """Chains found at each E-value beside as many as it states, a row a kind; then the hits."""
    yield f"{'kind':<12}{'pieces':>8}{'MiB':>9}{'s/MiB':>8}" + "".join(f"{'E <= ' + format(x, 'g'):>19}" for x in LEVELS)
    for kind, counted in counts.items():
        cells = "".join(f"{counted.at(x):>8} of {x * counted.pieces:<8.4g}" for x in LEVELS)
        mib = counted.octets / (1 << 20)
        yield f"{kind:<12}{counted.pieces:>8,}{mib:>9,.1f}{counted.seconds / max(mib, 1e-9):>8.3f}{cells}"
    for counted in counts.values():
        for e_value, where in sorted(counted.hits)[:20]:
            yield f"E = {e_value:.2g}: {where}"


def honest(counted: Count) -> bool:
    """Whether no E-value was reached much more than twice as often as it states."""
    return all(counted.at(x) <= allowed(x * counted.pieces) for x in LEVELS)
