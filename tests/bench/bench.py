"""Ours against its peers on the same file in one run, as a table of medians and ratios. Run by `make bench`."""

from __future__ import annotations

import os
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


def commands(large: Path) -> dict[str, list[str]]:
    """What is run, by the name it has in the table; what all are compared with comes first."""
    return {
        "acctrecover scan, SHA-256 included": [*OURS, "scan", str(large)],
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
    subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
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
        every = commands(large)
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
