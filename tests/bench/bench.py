"""Ours against its peers on the same file in one run, as a table of medians and ratios. Run by `make bench`.

`--size 1GiB` takes a file, and a cookie stream, as large as that; peers that print each record then have 2,000,000 records.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from acctrecover.sizes import quantity

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from image import image  # beside the tests that read what it makes

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
WRITER = SAMPLE.parent.parent / "cookie_stream.c"
IMAGE, APART = 1 << 26, 1 << 20
"""Bytes of a disk image, and in how many of them a fragment of some format stands."""
MEAN = 27
"""Bytes of a record that it writes, some."""


def commands(folder: Path) -> dict[str, list[str]]:
    """What is run, by the name it has in the table; what all are compared with comes first."""
    names = ("large", "stream", "wounded-stream", "image", "some", "damaged", "part")
    large, stream, wounded, disk, some, damaged, part = (str(folder / name) for name in names)
    many = os.path.getsize(some) // SIZE
    few = f"{os.path.getsize(part) // SIZE:,} records"
    of_some = "" if os.path.getsize(large) == os.path.getsize(some) else f" of {many:,} records"
    return {
        "acctrecover scan, SHA-256 included": [*OURS, "scan", large],
        f"acctrecover scan{of_some}, 1 % of 4 KiB blocks random": [*OURS, "scan", damaged],
        "acctrecover scan of a cookie stream as large": [*OURS, "scan", stream],
        "acctrecover scan of that stream, 1 % of 4 KiB blocks random": [*OURS, "scan", wounded],
        f"acctrecover scan of a disk image of {IMAGE >> 20} MiB": [*OURS, "scan", disk],
        "cat": ["cat", large],
        "C histogram of words": [str(folder / "histogram"), large],
        f"acctrecover scan --records .csv{of_some}": [*OURS, "scan", some, "--records", f"{some}.csv", "--force"],
        f"dump-acct{of_some}, into a file": ["sh", "-c", 'dump-acct "$0" > "$0.txt"', some],
        f"acctrecover scan --records .parquet of {few}": [*OURS, "scan", part, "--records", f"{part}.parquet", "--force"],
        f"construct GreedyRange of {few}": [sys.executable, "-c", CONSTRUCT, part],
        f"lastcomm{of_some}": ["lastcomm", "-f", some],
        "sa": ["sa", large],
        "openssl dgst -sha256": ["openssl", "dgst", "-sha256", large],
        "acctrecover cookie-stats": [*OURS, "cookie-stats", large],
        f"acctrecover scan of {SAMPLE.stat().st_size // SIZE} records": [*OURS, "scan", str(SAMPLE)],
        "acctrecover --help": [*OURS, "--help"],
    }


def build(folder: Path, size: int) -> None:
    """The files that the commands read: `large` and `stream` of that size, and of the records of `large` no more than RECORDS in
    `some`, one in PART of those in `part`, and `damaged` ones; a `wounded-stream`; and an `image` of a disk."""
    sample = SAMPLE.read_bytes()
    with (folder / "large").open("wb") as file:
        for copy in range(-(-size // len(sample))):
            file.write(later(sample, copy * SPAN))
    with (folder / "large").open("rb") as file:
        octets = bytearray(file.read(RECORDS * SIZE if size > RECORDS * SIZE else -1))
    (folder / "some").write_bytes(octets)
    (folder / "part").write_bytes(octets[: len(octets) // SIZE // PART * SIZE])
    rng = random.Random(1)
    for block in rng.sample(range(len(octets) // 4096), len(octets) // 4096 // 100):
        octets[block * 4096 : (block + 1) * 4096] = rng.randbytes(4096)
    (folder / "damaged").write_bytes(octets)
    (folder / "image").write_bytes(image(IMAGE, seed=1, apart=APART)[0])
    (folder / "histogram.c").write_text(HISTOGRAM)
    if shutil.which("gcc"):
        for name, source in (("histogram", folder / "histogram.c"), ("writer", WRITER)):
            subprocess.run(["gcc", "-O2", "-o", folder / name, source], check=True)
        subprocess.run([folder / "writer", "le", "1", str(size // MEAN), "0", folder / "stream", os.devnull], check=True)
        shutil.copyfile(folder / "stream", folder / "wounded-stream")
        with (folder / "wounded-stream").open("r+b") as file:
            blocks = os.path.getsize(folder / "stream") // 4096
            for block in rng.sample(range(blocks), blocks // 100):
                file.seek(block * 4096)
                file.write(rng.randbytes(4096))


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


def installed(command: list[str]) -> bool:
    """Whether the program of a command is there, of a shell's the one that it starts, and what it reads."""
    program = command[2].split()[0] if command[0] == "sh" else command[0]
    ready = importlib.util.find_spec("pyarrow") or not any(word.endswith(".parquet") for word in command)
    return bool(ready and shutil.which(program)) and (not command[-1].endswith("stream") or os.path.exists(command[-1]))


def main() -> None:
    """Run each command in turn, all of them several times over, so that a machine that drifts favours none."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=partial(quantity, "--size"), default=RECORDS * SIZE, help="bytes of the large file, as 1Gi")
    options.add_argument("--runs", type=int, default=RUNS, help="how many runs the medians are of")
    options.add_argument("--only", default="", help="only commands with a match of this in their name, and the first")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, asked.size)
        size = (folder / "large").stat().st_size
        every = {name: command for name, command in commands(folder).items() if re.search(asked.only, name) or "SHA-256" in name}
        missing = [name for name, command in every.items() if not installed(command)]
        times: dict[str, list[float]] = {name: [] for name in every if name not in missing}
        for run in range(asked.runs + 1):
            for name, kept in times.items():
                took = seconds(every[name])
                if run:  # the first reads the file into the page cache
                    kept.append(took)
    medians = {name: statistics.median(kept) for name, kept in times.items()}
    ours = next(iter(medians.values()))
    print(f"{size // SIZE:,} v3 records, {size / 1e6:.0f} MB; whole processes, medians of {asked.runs} interleaved runs\n")
    print("| command | seconds | times scan's |\n|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.2f} | {median / ours:.1f} |")
    for name in missing:
        print(f"| {name} | not installed | |")


if __name__ == "__main__":
    main()
