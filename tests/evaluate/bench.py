"""Many cases scanned and judged, on several processes, and their counts added up."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from acctrecover import scan

from .cases import MIXED, PARTIAL, WHOLESALE, Case, Dealt, deal
from .causes import name_cause
from .judge import Verdict, intact_spots, judge

Cell = tuple[str, str, int]
"""Stream, kind and number of wounds."""
PATIENCE = 60
"""Seconds after which a scan counts as hung."""


@dataclass
class Outcome:
    """What came of one case: its verdict, the damage dealt, and the seconds the scan took."""

    case: Any
    verdict: Verdict
    dealt: Dealt
    seconds: float
    found: Any = None


@dataclass
class Tally:
    """Counts of all cases of one cell."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, counts: Counter[str], seconds: float) -> None:
        self.counts += counts
        self.seconds += seconds


def play(case: Case) -> Outcome:
    """Deal, scan and judge one case."""
    outcome = judged(case, deal(case))
    if outcome.found is None:
        return outcome
    found, dealt, verdict = outcome.found, outcome.dealt, outcome.verdict
    if case.kind in WHOLESALE:
        verdict.counts += recovered(found, dealt)
    elif case.wounds == 1 and case.kind != MIXED:
        name_cause(verdict, found, dealt.damaged, intact_spots(dealt.texts, dealt.damaged.truth), dealt.texts)
    return outcome


@contextmanager
def _limited() -> Iterator[None]:
    """A block that raises TimeoutError when it takes too long."""

    def ring(number: int, frame: Any) -> None:
        raise TimeoutError(f"no end after {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judged(case: Any, dealt: Dealt) -> Outcome:
    """Scan and judge what was dealt; a scan that raises is a fault of its own."""
    begin = time.perf_counter()
    try:
        with _limited():
            found = scan(dealt.damaged.data)
            _ = found.records
    except Exception as error:  # the bench reports whatever a scan raises
        verdict = Verdict()
        verdict.fault(f"raised {type(error).__name__}: {error}", 0, len(dealt.damaged.data))
        verdict.counts += Counter(streams=1, raised=1)
        return Outcome(case, verdict, dealt, time.perf_counter() - begin)
    seconds = time.perf_counter() - begin
    verdict = judge(found, dealt.texts, dealt.damaged)
    verdict.counts["streams"] += 1
    return Outcome(case, verdict, dealt, seconds, found)


def recovered(found: Any, dealt: Dealt) -> Counter[str]:
    """A stream changed as a whole: how many of its records come back with the bytes they had."""
    whole = dealt.texts["input"]
    left = Counter(whole.data[a:b] for a, b in whole.records)
    undone = found.transfer.undone.data if found.told is not found else dealt.damaged.data
    back = Counter(_octets(found.told, undone))
    got = (left & back).total()
    return Counter({"records": len(whole.records), "recovered": got, "wrong": back.total() - got})


def _octets(found: Any, data: bytes) -> Iterator[bytes]:
    """The bytes of every record as the scan would give them back, its patches applied."""
    patches = {odd.offset: odd.patches for extent in found.extents for odd in extent.oddities}
    for offset, size in zip(found.records["offset"].tolist(), found.records["size"].tolist(), strict=True):
        octets = bytearray(data[offset : offset + size])
        for at, before, after in sorted(patches.get(offset, ()), reverse=True):
            octets[at - offset : at - offset + len(before)] = after
        yield bytes(octets)


def failure(outcome: Outcome) -> dict[str, Any]:
    """The object that `--failures` writes for a case with faults."""
    case = outcome.case
    return {
        "replay": str(case),
        "stream": case.stream,
        "kind": case.kind,
        "seed": case.seed,
        "wounds": [asdict(wound) for wound in outcome.dealt.damaged.wounds],
        "faults": [{"what": what, "start": start, "stop": stop} for what, start, stop in outcome.verdict.faults],
        "causes": outcome.verdict.causes,
    }


def cases(streams: Iterable[str], kinds: Iterable[str], wounds: Iterable[int], count: int, seed: int) -> tuple[int, Iterator[Case]]:
    """How many cases, and they: `count` of every cell, in an order that mixes the cells; wholesale kinds are dealt once."""
    cells = [(s, k, w) for s in streams for k in kinds for w in wounds if w == 1 or k not in WHOLESALE]
    return count * len(cells), (Case(*cell, seed + i) for i in range(count) for cell in cells)


class Result(NamedTuple):
    """What one case adds to the bench: its counts, the seconds its scan took, and its failure if it has one."""

    case: Case
    counts: Counter[str]
    seconds: float
    failure: dict[str, Any] | None


def _played(case: Case) -> Result:
    outcome = play(case)
    return Result(case, outcome.verdict.counts, outcome.seconds, failure(outcome) if outcome.verdict.faults else None)


def run(todo: Iterable[Case], jobs: int) -> Iterator[Result]:
    """Play every case, in order, on as many processes."""
    if jobs < 2:
        yield from map(_played, todo)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(_played, todo, chunksize=16)


ALL = (*PARTIAL, MIXED, *WHOLESALE)
