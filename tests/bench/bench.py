"""Ours against its peers on the same file in one run, as a table of medians and ratios. Run by `make bench`."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SAMPLE = Path(__file__).resolve().parent.parent.parent / "corpora" / "linux-v3" / "pacct-v3"
RECORDS = 2_000_000
SIZE, BTIME, SPAN = 64, 24, 60
"""Bytes of a record, the offset of its start time, and the seconds from one copy of the sample to the next."""
RUNS = 5
OURS = [sys.executable, "-m", "acctrecover"]
# An installed package has its bytecode; here the first, unmeasured run leaves it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


HISTOGRAM = """
#include <stdint.h>
#include <stdio.h>
static uint64_t counts[65536];
static uint16_t words[1 << 20];
int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file) return 1;
    for (size_t n; (n = fread(words, 2, sizeof words / 2, file)) > 0;)
        for (size_t i = 0; i < n; i++) counts[words[i]]++;
    for (int word = 0; word < 65536; word++) printf("%d %llu\\n", word, (unsigned long long)counts[word]);
    return 0;
}
"""
"""The single-threaded count of words that cookie-stats is compared with."""
CONSTRUCT = """
import sys
from construct import GreedyRange
from acctrecover.registry import load_formats
print(len(GreedyRange(load_formats()["acct_v3"].record.layout).parse_file(sys.argv[1])))
"""
PART = 20
"""One in so many records is what the slowest are measured on, and what they took is told of as many."""


def commands(large: Path, damaged: Path, part: Path, histogram: Path) -> dict[str, list[str]]:
    """What is run, by the name it has in the table; what all are compared with comes first."""
    few = f"{RECORDS // PART:,} records"
    return {
        "acctrecover scan, SHA-256 included": [*OURS, "scan", str(large)],
        "acctrecover scan, 1 % of 4 KiB blocks random": [*OURS, "scan", str(damaged)],
        "cat": ["cat", str(large)],
        "C histogram of words": [str(histogram), str(large)],
        f"acctrecover scan --records .csv of {few}": [*OURS, "scan", str(part), "--records", str(part) + ".csv", "--force"],
        f"dump-acct of {few}": ["dump-acct", str(part)],
        f"construct GreedyRange of {few}": [sys.executable, "-c", CONSTRUCT, str(part)],
        "dump-acct": ["dump-acct", str(large)],
        "lastcomm": ["lastcomm", "-f", str(large)],
        "sa": ["sa", str(large)],
        "openssl dgst -sha256": ["openssl", "dgst", "-sha256", str(large)],
        "acctrecover cookie-stats": [*OURS, "cookie-stats", str(large)],
        f"acctrecover scan of {SAMPLE.stat().st_size // SIZE} records": [*OURS, "scan", str(SAMPLE)],
        "acctrecover --help": [*OURS, "--help"],
    }


def later(sample: bytes, by: int) -> bytes:
    """The same records, `by` seconds later: a clock that rises from copy to copy, as in a file that one kernel wrote."""
    records = np.frombuffer(sample, np.uint8).reshape(-1, SIZE).copy()
    records[:, BTIME : BTIME + 4].view("<u4")[:] += by
    return records.tobytes()


def seconds(command: list[str]) -> float:
    """Wall time of one run, its output thrown away. Raises CalledProcessError where it fails."""
    begin = time.perf_counter()
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode > (command[: len(OURS)] == OURS):  # 1: damage was found
        raise subprocess.CalledProcessError(done.returncode, command)
    return time.perf_counter() - begin


def main() -> None:
    """Run each command in turn, all of them RUNS times over, so that a machine that drifts favours none."""
    sample = SAMPLE.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "pacct"
        with large.open("wb") as file:
            for copy in range(-(-RECORDS * SIZE // len(sample))):
                file.write(later(sample, copy * SPAN))
        size = large.stat().st_size
        damaged, part, histogram = Path(folder) / "damaged", Path(folder) / "part", Path(folder) / "histogram"
        octets = bytearray(large.read_bytes())
        rng = random.Random(1)
        part.write_bytes(octets[: RECORDS // PART * SIZE])
        for block in rng.sample(range(size // 4096), size // 4096 // 100):
            octets[block * 4096 : (block + 1) * 4096] = rng.randbytes(4096)
        damaged.write_bytes(octets)
        del octets
        (source := histogram.with_suffix(".c")).write_text(HISTOGRAM)
        if shutil.which("gcc"):
            subprocess.run(["gcc", "-O2", "-o", histogram, source], check=True)
        every = commands(large, damaged, part, histogram)
        missing = [name for name, command in every.items() if shutil.which(command[0]) is None]
        times: dict[str, list[float]] = {name: [] for name in every if name not in missing}
        for run in range(RUNS + 1):
            for name, kept in times.items():
                took = seconds(every[name])
                if run:  # the first reads the file into the page cache
                    kept.append(took)
    medians = {name: statistics.median(kept) for name, kept in times.items()}
    ours = next(iter(medians.values()))
    print(f"{size // SIZE:,} v3 records, {size / 1e6:.0f} MB; whole processes, medians of {RUNS} interleaved runs\n")
    print("| command | seconds | times scan's |\n|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.2f} | {median / ours:.1f} |")
    for name in missing:
        print(f"| {name} | not installed | |")


if __name__ == "__main__":
    main()
