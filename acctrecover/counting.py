"""The 2-byte words of files counted by several workers, a range or a small file each; the sums are those of one count."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from acctrecover.cookies import CookieStats, cookie_stats
from acctrecover.errors import AcctrecoverError
from acctrecover.sharing import LARGE, Ahead
from acctrecover.source import Evidence, open_source
from acctrecover.voids import Void, Voids
from acctrecover.workers import Workers

LENGTH = 1 << 26
"""Bytes of a range: even, so that no aligned word straddles a border."""


@dataclass(frozen=True)
class Count:
    """The range [low, high) of a file, None for all of it, for a worker to count; and how."""

    path: str
    size: int
    mtime: int
    how: tuple[int, str, int]
    """Alignment, byte order, cookie, as for `cookie_stats`."""
    bounds: tuple[int, int] | None = None
    voids: tuple[Void, ...] = ()


def counted(part: Count) -> CookieStats | None:
    """What a worker counts; None where it cannot count what it was asked to."""
    align, order, cookie = part.how
    try:
        with open_source(part.path, most=None if part.bounds is None else 0) as source:
            if source.fd_stat is None or (source.size, source.fd_stat.st_mtime_ns) != (part.size, part.mtime):
                return None
            if part.bounds is not None:
                source.voids = Voids(part.voids)
                source.limit(*part.bounds)
            return cookie_stats(source, align=align, order=order, cookie=cookie)
    except AcctrecoverError:
        return None


class Counts:
    """The counts of some paths, shared with `workers`."""

    def __init__(self, paths: list[str], workers: Workers, align: int, order: str, cookie: int, *, whole: bool = True) -> None:
        self.workers, self.how = workers, (align, order, cookie)
        given = lambda path, status: Count(path, status.st_size, status.st_mtime_ns, self.how)  # noqa: E731
        self.ahead = Ahead(workers, paths, counted, given) if whole and len(paths) > 1 else None

    def count(self, index: int, evidence: Evidence, progress: Callable[[int], None]) -> CookieStats:
        """`cookies.cookie_stats` of the path of this number, of which `evidence` is what is looked at."""
        align, order, cookie = self.how
        found: CookieStats | None = None if self.ahead is None else self.ahead.result(index)
        if found is not None:
            progress(found.bytes)
            return found
        with open_source(evidence) as source:
            from acctrecover.ranges import shared

            if source.size < LARGE or source.fd_stat is None or not shared(source):
                return cookie_stats(source, align=align, order=order, cookie=cookie, progress=progress)
            whole = Count(
                os.path.abspath(source.name), source.size, source.fd_stat.st_mtime_ns, self.how, None, tuple(source.voids)
            )
            return self._ranges(source, whole, progress)

    def _ranges(self, source: Any, whole: Count, progress: Callable[[int], None]) -> CookieStats:
        align, order, cookie = self.how
        lows = [low for low in range(0, source.size, LENGTH) if source.solid(low, low + LENGTH)]
        total = cookie_stats([], align=align, order=order, cookie=cookie)
        waiting: list[Any] = []
        begun = 0
        for low in lows:
            while begun < len(lows) and len(waiting) < 2 * self.workers.width:
                bounds = (lows[begun], lows[begun] + LENGTH)
                waiting.append(self.workers.submit(counted, replace(whole, bounds=bounds)))
                begun += 1
            found = self.workers.result(waiting.pop(0))
            if found is None:
                own = source.again()
                with own:
                    own.limit(low, low + LENGTH)
                    found = cookie_stats(own, align=align, order=order, cookie=cookie)
            total += found
            progress(LENGTH)
            if align == 1 and low and source.solid(low - 1, low + 1) == [(low - 1, low + 1)]:
                word = cookie_stats(source.read(low - 1, low + 1), align=1, order=order, cookie=cookie)
                if not source.voids.within(low - 1, low + 1):  # which a read error would have made it
                    total = replace(total, counts=total.counts + word.counts)
        return replace(total, inputs=1)
