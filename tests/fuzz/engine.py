"""The fuzzer's loop: draw, run under limits, tell findings apart, make them small."""

from __future__ import annotations

import hashlib
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import NoReturn

from . import targets_cli, targets_repair  # noqa: F401  enter their targets
from .mutate import mutate
from .targets import TARGETS, BrokenError

CORPUS = Path(__file__).resolve().parent / "corpus"
SECONDS = 5.0
"""Of processor time that a run may take."""
TRIES = 150
"""Runs spent on making one finding small."""
POOL = 400
"""Inputs of a target that are kept to go on from, because what was found in them was new."""


class SlowError(BaseException):
    """A run that takes too long; no Exception, so that nothing in between takes it for its own."""


@dataclass(frozen=True)
class Case:
    """A target's name, the seed of its options, and bytes: what a file of the corpus holds."""

    target: str
    options: int
    data: bytes

    @property
    def name(self) -> str:
        return f"{self.target}-{self.options:02x}-{hashlib.sha256(self.data).hexdigest()[:10]}.bin"

    @classmethod
    def of(cls, path: Path) -> Case:
        target, options, _ = path.stem.split("-")
        return cls(target, int(options, 16), path.read_bytes())


@dataclass(frozen=True)
class Finding:
    """What a case broke: `key` is the same for what is likely the same fault."""

    case: Case
    key: str
    text: str


def _alarm(number: int, frame: FrameType | None) -> NoReturn:
    raise SlowError("".join(traceback.format_stack(frame)[-6:]))


def run(case: Case, seconds: float = SECONDS) -> tuple[Hashable, Finding | None]:
    """What a case found, and what it broke, if anything."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        signal.signal(signal.SIGPROF, _alarm)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            return TARGETS[case.target].run(case.data, Random(case.options), Path(name)), None
        except (Exception, SlowError) as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            return None, Finding(case, _key(case, error), f"{type(error).__name__}: {error}\n{_where(error)}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _key(case: Case, error: BaseException) -> str:
    if isinstance(error, SlowError):
        return f"{case.target}: slow"
    if isinstance(error, BrokenError):
        return f"{case.target}: {str(error)[:70]}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "acctrecover" in frame.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.name}:{last.lineno}"


def _where(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)[-8:])


def minimised(finding: Finding, tries: int = TRIES) -> Finding:
    """The same finding of fewer bytes: blocks are left out as long as it stays the same (Zeller's ddmin), then made NUL."""
    best = finding
    if finding.key.endswith("slow"):
        return best
    width = max(1, len(best.case.data) // 2)
    while width and tries > 0:
        at, smaller = 0, False
        while at < len(best.case.data) and tries > 0:
            data = best.case.data
            found = run(Case(best.case.target, best.case.options, data[:at] + data[at + width :]))[1]
            tries -= 1
            if found is not None and found.key == finding.key:
                best, smaller = found, True
            else:
                at += width
        width = width if smaller and width == 1 and tries > 0 else width // 2
    return best


@dataclass
class Fuzzer:
    """A run of the fuzzer. `before` is told of every case before it is run; the same seed draws the same cases."""

    seed: int
    only: list[str] = field(default_factory=list)
    before: Callable[[Case], None] = lambda case: None
    executions: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Finding] = field(default_factory=dict)
    fresh: list[Case] = field(default_factory=list)
    """Cases in which something was found that no case before found."""

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)
        self._names = self.only or sorted(TARGETS)
        self._pools = {name: list(TARGETS[name].seeds()) for name in self._names}
        self._seen: set[Hashable] = set()

    def drawn(self) -> Case:
        rng = self._rng
        name = rng.choices(self._names, [TARGETS[name].weight for name in self._names])[0]
        pool = self._pools[name]
        return Case(name, rng.randrange(256), mutate(rng.choice(pool), rng, pool))

    def step(self) -> Finding | None:
        """Run one more case; the finding, where it is new."""
        case = self.drawn()
        self.before(case)
        found, finding = run(case)
        self.executions[case.target] += 1
        if finding is None:
            pool = self._pools[case.target]
            if (case.target, found) not in self._seen and len(self._seen) < POOL * len(self._names):
                self._seen.add((case.target, found))
                pool.append(case.data)
                self.fresh.append(case)
            return None
        if finding.key in self.findings:
            return None
        self.findings[finding.key] = finding
        return finding
