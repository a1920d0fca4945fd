"""The state of a walk, kept in a file, so that a scan that was interrupted goes on where it was."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from acctrecover.errors import AcctrecoverError
from acctrecover.fingerprint import fingerprint
from acctrecover.output import atomic_output, refuse
from acctrecover.source import Source
from acctrecover.survey import Chain
from acctrecover.voids import ERROR
from acctrecover.walk import Walker

EVERY = 5.0
"""Seconds between two states that are kept, at least."""
SHARE = 20
"""A state is not kept before so many times the time went by that the last one took."""
KIND = "acctrecover scan state 1"
Attend = Callable[[Walker], None]


@dataclass
class Resume:
    """A scan's state in the file `path`: kept every few seconds and when the scan is interrupted, taken up when it runs again.

    `options` are those that make a difference to what is found, as text or numbers; `places` are where formats are declared.
    """

    path: Path
    options: Mapping[str, Any]
    places: Sequence[str] = ()
    own: bool = field(default=False, init=False)
    """Whether the file is this scan's by now."""

    def walk(self, walker: Walker, walking: Callable[[Walker, Attend], list[Chain]] = Walker.walk) -> list[Chain]:
        """What `walking` finds, from the state on that is there. Raises AcctrecoverError for a file that is no state, or that of
        a scan of another input, with other options, or by another version; OutputError where it cannot be written."""
        refuse(self.path, walker.source.fd_stat, force=True)
        about = self._about(walker.source)
        if self.path.exists():
            self._restore(walker, about)
        self.own = True
        due = time.monotonic() + EVERY

        def attend(walker: Walker) -> None:
            nonlocal due
            if time.monotonic() >= due:
                began = time.monotonic()
                self._keep(walker, about)
                due = time.monotonic() + max(EVERY, SHARE * (time.monotonic() - began))

        try:
            return walking(walker, attend)
        finally:
            if not walker.taking:
                self._keep(walker, about)

    def done(self) -> None:
        """Take the file away: the scan came to its end."""
        if self.own:
            self.path.unlink(missing_ok=True)

    def _about(self, source: Source) -> dict[str, Any]:
        """What a state says of its scan, by what it is called where it is another."""
        status = source.fd_stat
        if status is None or source.held is not None:
            raise AcctrecoverError(f"{source.name}: is no file that a scan could come back to, as --resume does")
        device = [status.st_dev, status.st_ino, status.st_rdev]
        return {
            "by another version, or with other format declarations": fingerprint(tuple(self.places)),
            "of another input, or of one that has changed": [source.size, status.st_mtime_ns, *device],
            "with other options": dict(self.options),
        }

    def _keep(self, walker: Walker, about: Mapping[str, Any]) -> None:
        number, chains = walker.number, walker.chains
        told = {
            "kind": KIND,
            "about": about,
            "at": walker.at,
            "within": [walker.start, walker.stop],
            "lock": None if walker.lock is None else number[id(walker.lock)],
            "trusted": walker.trusted,
            "followed": sorted(walker.followed.items()),
            "breaks": walker.breaks,
            "unreadable": [(low, high) for low, high, cause in walker.source.voids if cause == ERROR],
        }
        whole = [(number[id(c.dialect)], c.start, c.stop, c.count, len(c.tail)) for c in chains]
        with atomic_output(self.path, force=True) as file:
            np.savez(
                file,
                told=np.frombuffer(json.dumps(told).encode(), np.uint8),
                chains=np.array(whole, np.int64).reshape(-1, 5),
                bits=np.array([c.bits for c in chains], np.float64),
                tails=np.array([start for c in chains for start in c.tail], np.int64),
            )

    def _restore(self, walker: Walker, about: Mapping[str, Any]) -> None:
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                told = json.loads(kept["told"].tobytes())
                chains, bits, tails = (kept[name] for name in ("chains", "bits", "tails"))
            if told["kind"] != KIND:
                raise ValueError
        except OSError as error:
            if error.errno is not None:
                raise AcctrecoverError(f"{self.path}: {os.strerror(error.errno).lower()}") from None
            raise AcctrecoverError(f"{self.path}: is no state of a scan") from None
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            raise AcctrecoverError(f"{self.path}: is no state of a scan") from None
        for difference, value in json.loads(json.dumps(about)).items():
            if told["about"].get(difference) != value:
                raise AcctrecoverError(f"{self.path}: is the state of a scan {difference}; remove it to begin anew")
        ends = np.cumsum(chains[:, 4]).tolist()
        tail, dialects = tails.tolist(), walker.dialects
        for (number, start, stop, count, length), weight, end in zip(chains.tolist(), bits.tolist(), ends, strict=True):
            walker.chains.append(Chain(dialects[number], start, stop, count, weight, tuple(tail[end - length : end])))
        walker.at = walker.reported = told["at"]
        walker.start, walker.stop = told["within"]
        walker.lock = None if told["lock"] is None else dialects[told["lock"]]
        walker.trusted, walker.breaks = told["trusted"], told["breaks"]
        walker.followed = dict(told["followed"])
        for low, high in told["unreadable"]:
            walker.source.voids.add(low, high, ERROR)
        walker.progress(walker.at)
