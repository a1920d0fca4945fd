"""How the work of a command is shared: whole inputs ahead of their turn, and ranges of a large one; in order, whoever does it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acctrecover.asked import Asked
from acctrecover.errors import AcctrecoverError
from acctrecover.processors import idle
from acctrecover.result import Scan
from acctrecover.scanning import scan
from acctrecover.source import Evidence, file_of, open_source
from acctrecover.walk import Walker

if TYPE_CHECKING:  # loaded where they are asked for: most scans are done in one go by one process
    from acctrecover.resume import Resume
    from acctrecover.workers import Workers

LARGE = 1 << 27
"""Bytes from which on an input is shared by ranges, rather than made whole by one worker."""
LONG = 12.0
"""Seconds that the rest of a walk must be expected to take from which on it is shared unasked."""


@contextmanager
def workers(jobs: int | None, cluster: str | None, paths: Sequence[str]) -> Iterator[Workers | None]:
    """Whom --jobs and --cluster ask to share the work on some paths; None for this process alone. Where neither is given, as many
    processes as there are idle processors, which wait until a long search is seen. Raises AcctrecoverError for both."""
    if cluster is not None:
        if (jobs or 1) > 1:
            raise AcctrecoverError("--jobs and --cluster: the workers are those of this machine or of a cluster, not both")
        from acctrecover.cluster import Cluster

        with Cluster(cluster) as remote:
            yield remote
    elif (width := jobs or (idle() if any(map(_large, paths)) else 1)) > 1:
        from acctrecover.workers import Processes

        with Processes(width, LONG if jobs is None else 0.0) as local:
            yield local
    else:
        yield None


def _large(path: str) -> bool:
    """Whether an input may be worth the start of workers."""
    status = file_of(path)
    return status is not None and (stat.S_ISBLK(status.st_mode) or status.st_size >= LARGE)


def resumed(state: Path, paths: Sequence[str], others: Sequence[Path | None], options: Mapping[str, Any], asked: Asked) -> Resume:
    """The state that --resume names, of a scan with these options. Raises AcctrecoverError for several inputs, and where the
    state is one of the `others`, files that are read or written."""
    from acctrecover.resume import Resume

    if len(paths) > 1:
        raise AcctrecoverError("--resume takes one input at a time")
    if os.path.realpath(state) in {os.path.realpath(path) for path in others if path is not None}:
        raise AcctrecoverError(f"--resume {state}: is a file that is read or written otherwise")
    return Resume(state, {name: list(map(str, values)) for name, values in options.items()}, asked.places)


class Ahead:
    """What workers make of small files before their turn comes: `function` of what `given` makes of path, size and time."""

    def __init__(
        self,
        workers: Workers,
        paths: Sequence[str],
        function: Callable[..., Any],
        given: Callable[[str, os.stat_result], Any],
    ) -> None:
        self.workers, self.paths, self.function, self.given = workers, paths, function, given
        self.waiting: dict[int, Any] = {}
        self.begun = 0

    def result(self, index: int) -> Any:
        """That of the file of this number; None where it is none, or this process has to make it."""
        while self.begun < len(self.paths) and self.begun <= index + 2 * self.workers.width:
            path, number = self.paths[self.begun], self.begun
            self.begun += 1
            status = None if path == "-" else file_of(path)
            if status is not None and stat.S_ISREG(status.st_mode) and 0 < status.st_size < LARGE:
                self.waiting[number] = self.workers.submit(self.function, self.given(os.path.abspath(path), status))
        return self.workers.result(self.waiting.pop(index)) if index in self.waiting else None


class Scans:
    """The scans of some paths, shared with workers where there are any and kept in a state that is `resumed` where one is.

    `said` are reasons why workers could not help.
    """

    def __init__(
        self,
        paths: Sequence[str],
        asked: Asked,
        workers: Workers | None = None,
        resumed: Resume | None = None,
        *,
        whole: bool = True,
    ) -> None:
        self.paths, self.asked, self.workers, self.resumed = paths, asked, workers, resumed
        self.ahead: Ahead | None = None
        self.said: list[str] = []
        self.ended = False
        if workers is not None and not workers.patience and whole and len(paths) > 1:
            from acctrecover.fingerprint import fingerprint
            from acctrecover.whole import Whole, scanned

            mark = fingerprint(asked.places)
            self.ahead = Ahead(workers, paths, scanned, lambda path, s: Whole(path, s.st_size, s.st_mtime_ns, asked, mark))

    def scan(self, index: int, evidence: Evidence, progress: Callable[[int], None]) -> Scan:
        """`scanning.scan` of the path of this number, of which `evidence` is what is looked at."""
        packed = None if self.ahead is None else self.ahead.result(index)
        if packed is not None:
            from acctrecover.whole import taken

            with open_source(evidence) as source:
                progress(source.size)
                return taken(packed, self.asked, source)
        asked, walking, resumed, said = self.asked, Walker.walk, self.resumed, []
        if self.workers is not None:
            from acctrecover.ranges import Shares

            shares = Shares(self.workers, asked)
            walking, said = shares.walk, shares.said  # type: ignore[assignment]
        walk = walking if resumed is None else lambda walker: resumed.walk(walker, walking)
        found = scan(evidence, asked.formats, cookie=asked.cookie, places=asked.places, progress=progress, walking=walk)
        self.said += [reason for reason in said if reason not in self.said]
        self.ended = True
        return found

    def done(self) -> list[str]:
        """All that was found was shown: a state is not needed any more. The reasons why workers could not help."""
        if self.resumed is not None and self.ended:
            self.resumed.done()
        return self.said
