"""Inputs made to cost time, beside a clean stream as large: seconds, ratio, growth, memory. `python tests/bench/hostile.py 64`."""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from acctrecover import scan  # noqa: E402
from tests.evaluate.streams import Writer  # noqa: E402

MIB = 1 << 20
EXEC = b"\x91\x2b\x02\x04\x07\0\0\0"


def repeated(part: bytes, size: int) -> bytes:
    return (part * (size // len(part) + 1))[:size]


def nested(size: int) -> bytes:
    """Carriers ten deep."""
    inner = EXEC * 20
    for _ in range(10):
        inner = b"\x91\x2b\x80" + bytes([len(inner)]) + inner
    return repeated(inner, size)


def headers(size: int, lengths: Callable[[np.random.Generator, int], npt.NDArray[np.int64]], swapped: float = 0.0) -> bytes:
    """A sound header at every fourth byte, some of the other byte order."""
    rng = np.random.default_rng(1)
    octets = np.full((size // 4, 4), (0x91, 0x2B, 0x80, 0), np.uint8)
    octets[:, 3] = lengths(rng, size // 4)
    other = rng.random(size // 4) < swapped
    octets[other, 0], octets[other, 1] = 0x2B, 0x91
    return octets.tobytes()


def clean(size: int) -> bytes:
    return repeated(Writer(random.Random(5), False).stream(20000).data, size)


def orders(size: int) -> bytes:
    """Stretches of 4 KiB in turns of either byte order."""
    return repeated(EXEC * 512 + b"\x2b\x91\x02\x04\0\0\0\x07" * 512, size)


def odd_lengths(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    return rng.integers(0, 63, count) * 4 + rng.integers(1, 4, count)


def even_lengths(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    return rng.integers(0, 63, count) * 4


KINDS: dict[str, Callable[[int], bytes]] = {
    "clean": clean,
    "all cookies": lambda size: repeated(b"\x91\x2b", size),
    "all threes": lambda size: b"\x03" * size,
    "a v3 version at every other byte": lambda size: repeated(b"\0\x03", size),
    "empty records": lambda size: repeated(b"\x91\x2b\x80\0", size),
    "nested ten deep": nested,
    "lengths that never meet": lambda size: headers(size, odd_lengths),
    "ladders": lambda size: headers(size, even_lengths),
    "ladders of both orders": lambda size: headers(size, even_lengths, 0.5),
    "orders in turns": orders,
}


def measured(kind: str, size: int) -> tuple[float, int]:
    """Processor seconds and peak MiB of one scan in a process of its own."""
    command = [sys.executable, __file__, "--one", kind, str(size / MIB)]
    seconds, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", metavar="KIND", help="scan one input in this process: seconds and peak MiB")
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("mib", type=float, nargs="?", default=4.0)
    given = parser.parse_args()
    size = int(given.mib * MIB)
    if given.one:
        data = KINDS[given.one](size)
        begin = time.process_time()
        scan(data)
        print(time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
        return
    base = measured("clean", size)[0]
    print(f"{given.mib:g} MiB, processor seconds of one scan; a clean cookie stream takes {base:.2f}\n")
    print("| input | seconds | times clean | half of it | growth | peak MiB |\n|---|---|---|---|---|---|")
    for kind in given.kinds:
        half, (whole, peak) = measured(kind, size // 2)[0], measured(kind, size)
        print(f"| {kind} | {whole:.2f} | {whole / base:.1f} | {half:.2f} | {whole / half:.2f} | {peak} |", flush=True)


if __name__ == "__main__":
    main()
