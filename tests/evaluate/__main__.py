"""The bench's command line: see the package's docstring."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from tqdm import tqdm

from . import __doc__ as usage
from . import negatives, replay, sweep, table
from .bench import ALL, Cell, Tally, cases, play, run
from .cases import STREAMS, Case
from .sweep import SweepCase


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.evaluate", description=usage, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=8, metavar="N", help="streams of each kind and number of wounds")
    parser.add_argument("--stream", action="append", choices=STREAMS, help="only this sort of stream")
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(ALL), metavar="A,B", help=f"of {', '.join(ALL)}")
    parser.add_argument("--wounds", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2, 3], metavar="1,2,3")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first stream; the next ones count up")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--failures", type=Path, metavar="FILE", help="write cases with faults as JSON lines")
    parser.add_argument("--replay", metavar="CASE", help="print one case, truth and scan side by side")
    parser.add_argument("--all", action="store_true", help="with --replay: every row")
    parser.add_argument("--sweep", action="store_true", help=f"every wound at every offset of {', '.join(sweep.NAMES)}")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="with --sweep: every Nth offset")
    parser.add_argument("--negatives", metavar="SIZE", help="bytes without records, made and found, as in 300M or 10G")
    parser.add_argument("--seconds", type=float, default=600.0, help="with --negatives: at most, shared by the kinds")
    given = parser.parse_args()
    if wrong := [kind for kind in given.kinds if kind not in ALL]:
        parser.error(f"no such kind: {', '.join(wrong)}")
    if given.replay:
        outcome = sweep.play(SweepCase.named(given.replay)) if given.replay.startswith("sweep:") else play(Case.named(given.replay))
        for line in replay.lines(outcome, everything=given.all) if outcome else ["that wound changes nothing"]:
            print(line)
        return 0
    if given.negatives:
        return negated(given)
    if given.sweep:
        return swept(given)
    return evaluate(given)


def evaluate(given: argparse.Namespace) -> int:
    """Run the bench and print the table; 1 where a scan raised or hung."""
    total, todo = cases(given.stream or STREAMS, given.kinds, given.wounds, given.streams, given.seed)
    tallies: dict[Cell, Tally] = {}
    begin, slowest = time.perf_counter(), (0.0, "")
    with given.failures.open("w") if given.failures else nullcontext() as file:
        for result in tqdm(run(todo, given.jobs), total=total, unit="scan", disable=not sys.stderr.isatty()):
            case, counts = result.case, result.counts
            if case.wounds == 1:
                counts["missed1"] = counts["missed"]
            tallies.setdefault((case.stream, case.kind, case.wounds), Tally()).add(counts, result.seconds)
            slowest = max(slowest, (result.seconds, str(case)))
            if file and result.failure:
                print(json.dumps(result.failure), file=file, flush=True)
    for line in table.lines(tallies):
        print(line)
    print(f"{total:,} scans in {time.perf_counter() - begin:.0f} s; the slowest took {1000 * slowest[0]:.0f} ms: {slowest[1]}")
    return 1 if any(tally.counts["raised"] for tally in tallies.values()) else 0


def negated(given: argparse.Namespace) -> int:
    """Scan bytes without records and print how many chains were found in them; 1 where more than the E-values state."""
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(given.negatives[-1:], 0)
    octets = int(float(given.negatives[:-1]) * unit) if unit else int(given.negatives)
    share, counts = len(negatives.KINDS), {}
    for kind in negatives.KINDS:
        counts[kind] = negatives.count(kind, octets // share, seed=given.seed, seconds=given.seconds / share)
    for line in negatives.lines(counts):
        print(line)
    return 0 if all(map(negatives.honest, counts.values())) else 1


def swept(given: argparse.Namespace) -> int:
    """Run the sweep and print a row a stream; 1 where a record was missed, invented or a scan raised."""
    names = [name for name in sweep.NAMES if not given.stream or name.split("-")[0] in given.stream]
    total, results = sweep.run(names, given.stride, given.jobs)
    tallies = {name: Tally() for name in names}
    begin = time.perf_counter()
    with given.failures.open("w") if given.failures else nullcontext() as file:
        for name, counts, failures in tqdm(results, total=total, unit="offset", disable=not sys.stderr.isatty()):
            tallies[name].add(counts, 0.0)
            for report in failures if file else []:
                print(json.dumps(report), file=file)
    for line in table.sweep_lines(tallies):
        print(line)
    print(f"{total:,} offsets in {time.perf_counter() - begin:.0f} s")
    return 1 if any(table.lost(tally.counts) for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
