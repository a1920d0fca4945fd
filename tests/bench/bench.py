"""Ours against its peers on the same file in one run: medians of five, as ratios. Run by `make bench`."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORPORA = Path(__file__).resolve().parent.parent.parent / "corpora"
RECORDS = 2_000_000
RUNS = 5


def seconds(command: list[str]) -> float:
    """Median wall time of a command, its output thrown away."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    sample = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pacct"
        with path.open("wb") as file:
            for _ in range(RECORDS * 64 // len(sample) + 1):
                file.write(sample)
        size = path.stat().st_size
        ours = seconds([sys.executable, "-m", "acctrecover", "scan", str(path)])
        print(f"{size // 64:,} v3 records, {size / 1e6:.0f} MB: acctrecover scan (with SHA-256) {ours:.2f} s")
        peers = {"dump-acct": ["dump-acct", str(path)], "lastcomm": ["lastcomm", "-f", str(path)], "sa": ["sa", str(path)]}
        peers["openssl sha256"] = ["openssl", "dgst", "-sha256", str(path)]
        peers["cookie-stats (ours)"] = [sys.executable, "-m", "acctrecover", "cookie-stats", str(path)]
        for name, command in peers.items():
            if shutil.which(command[0]) is None:
                print(f"{name}: not installed")
                continue
            theirs = seconds(command)
            print(f"{name}: {theirs:.2f} s, {theirs / ours:.1f} times scan's")


if __name__ == "__main__":
    main()
