"""Every small wound at every offset of 256-record streams."""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from acctrecover.damaging import Damaged, Wound, segments
from acctrecover.lineage import Traced

from .bench import Outcome, failure, judged
from .cases import Dealt
from .genuine import SIZE, runs
from .streams import Stream, Writer

RECORDS = 256
NAMES = ("v3-little", "v3-big", "cookie-little", "cookie-big")
FLIPS = tuple(f"bit-{bit}" for bit in range(8))
PUT = {"insert-00": b"\x00", "insert-aa": b"\xaa", "insert-2b": b"\x2b", "insert-91": b"\x91"}
WOUNDS = (*FLIPS, "set-00", "set-ff", "plus-1", "delete", *PUT, "truncate")


@dataclass(frozen=True)
class SweepCase:
    """One wound of the sweep; its name is `sweep:STREAM:OFFSET:WOUND`."""

    stream: str
    offset: int
    kind: str
    wounds: int = 1

    @classmethod
    def named(cls, name: str) -> SweepCase:
        """The case of a name as `str(case)` gives it. Raises ValueError."""
        _, stream, offset, kind = name.split(":")
        if stream not in NAMES or kind not in WOUNDS:
            raise ValueError(f"{name}: no such stream or wound")
        return cls(stream, int(offset, 0), kind)

    @property
    def seed(self) -> int:
        return 0

    def __str__(self) -> str:
        return f"sweep:{self.stream}:{self.offset:#x}:{self.kind}"


@lru_cache(maxsize=len(NAMES))
def whole(name: str) -> Stream:
    """The stream of a name: genuine v3 records, or a cookie stream with everything in it."""
    kind, order = name.split("-")
    if kind == "cookie":
        return Writer(random.Random(name), order == "big").stream(RECORDS)
    run = max(runs(order == "big"), key=len)
    data = run[len(run) // SIZE // 2 * SIZE :][: RECORDS * SIZE]
    return Stream(data, [(at, at + SIZE) for at in range(0, len(data), SIZE)], "acct_v3", order)


def cut(case: SweepCase) -> Damaged | None:
    """The stream with the wound of the case; None where that changes nothing."""
    body, at, kind = Traced.of(whole(case.stream).data), case.offset, case.kind
    byte = body.data[at]
    if kind in FLIPS:
        new = body[at : at + 1].written(bytes([byte ^ 1 << FLIPS.index(kind)]))
    elif kind in ("set-00", "set-ff", "plus-1"):
        new = body[at : at + 1].written(bytes([{"set-00": 0, "set-ff": 255}.get(kind, (byte + 1) % 256)]))
    else:
        new = Traced.put(PUT.get(kind, b""))
    stop = {"truncate": len(body), **dict.fromkeys(PUT, at)}.get(kind, at + 1)
    result = Traced.join((body[:at], new, body[stop:]))
    if result.data == body.data:
        return None
    return Damaged(result.data, [Wound(kind, at, stop, at, at + len(new), {})], list(segments(result, (body.data, b"", b""))))


def play(case: SweepCase) -> Outcome | None:
    """Deal, scan and judge one wound; None where it changes nothing."""
    damaged = cut(case)
    return None if damaged is None else judged(case, Dealt({"input": whole(case.stream)}, damaged))


def _offset(job: tuple[str, int]) -> tuple[str, Counter[str], list[dict[str, Any]]]:
    stream, offset = job
    counts, failures = Counter[str](), []
    for kind in WOUNDS:
        outcome = play(SweepCase(stream, offset, kind))
        if outcome is None:
            continue
        counts += outcome.verdict.counts
        if outcome.verdict.faults:
            failures.append(failure(outcome))
    return stream, counts, failures


def run(names: list[str], stride: int, jobs: int) -> tuple[int, Iterator[tuple[str, Counter[str], list[dict[str, Any]]]]]:
    """How many offsets there are, and for each the counts and failures of all its wounds."""
    todo = [(name, at) for name in names for at in range(0, len(whole(name).data), stride)]

    def results() -> Iterator[tuple[str, Counter[str], list[dict[str, Any]]]]:
        with multiprocessing.Pool(jobs) as pool:
            yield from pool.imap_unordered(_offset, todo, chunksize=4)

    return len(todo), results()
