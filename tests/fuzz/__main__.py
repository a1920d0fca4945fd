"""The fuzzer's command line: a child process fuzzes within bounds of memory, and this one notes how it ends."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from . import __doc__ as usage
from .engine import CORPUS, Case, Fuzzer, minimised
from .targets import TARGETS

MEMORY = 3 << 30
"""Bytes of address space of the child."""
STUCK = 120
"""Seconds of processor time that may pass without a run ending: what no signal interrupts."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="only this; may be repeated")
    parser.add_argument(
        "--keep", type=int, default=0, metavar="N", help="keep up to N small cases that found something new as well"
    )
    given = parser.parse_args()
    CORPUS.mkdir(exist_ok=True)
    end, seed, status = time.monotonic() + given.seconds, given.seed, 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        current = Path(name) / "current"
        while time.monotonic() < end:
            current.unlink(missing_ok=True)
            child = os.fork()
            if child == 0:
                try:
                    code = fuzz(given, seed, end, current)
                except BaseException as error:
                    print(f"the fuzzer itself: {error!r}", flush=True)
                    code = 70
                os._exit(code)
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            status = max(status, 1 if ended else 0)
            if ended in (0, 1, 70):
                break
            died = next(Path(name).glob("current-*.bin"))
            kept = CORPUS / died.name.removeprefix("current-")
            kept.write_bytes(died.read_bytes())
            print(f"FINDING the process ended with {ended}: {kept.name}", flush=True)
            seed += 1_000_000
    return status


def fuzz(given: argparse.Namespace, seed: int, end: float, current: Path) -> int:
    """Fuzz until the time is over; 1 where something was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    last: list[Path] = []

    def before(case: Case) -> None:
        """What is run now stands in a file, should the process not survive it."""
        for path in last:
            path.unlink()
        last[:] = [current.with_name(f"current-{case.name}")]
        last[0].write_bytes(case.data)
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + STUCK, resource.RLIM_INFINITY))

    fuzzer = Fuzzer(seed, given.target or [], before)
    begun = told = time.monotonic()
    while (now := time.monotonic()) < end:
        finding = fuzzer.step()
        if finding is not None:
            print(f"FINDING {finding.key}, {len(finding.case.data)} bytes", flush=True)
            small = minimised(finding)
            (CORPUS / small.case.name).write_bytes(small.case.data)
            print(f"  {small.case.name}, {len(small.case.data)} bytes\n  " + small.text.replace("\n", "\n  "), flush=True)
        if now - told > 60:
            told = now
            print(f"{now - begun:.0f} s: {fuzzer.executions.total():,} executions, {len(fuzzer.findings)} findings", flush=True)
    for case in sorted(fuzzer.fresh, key=lambda case: len(case.data))[: given.keep]:
        (CORPUS / case.name).write_bytes(case.data)
    each = ", ".join(f"{name} {count:,}" for name, count in sorted(fuzzer.executions.items()))
    print(f"{fuzzer.executions.total():,} executions in {time.monotonic() - begun:.0f} s with seed {seed} ({each})")
    print(f"{len(fuzzer.findings)} findings" + "".join(f"\n  {key}" for key in sorted(fuzzer.findings)), flush=True)
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
