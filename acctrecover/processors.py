"""The processors of this machine: how many there are, and work for them in threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

SHARED, THREADS = 4, 4
"""Pieces of work from which on they are made ready in threads, and in how many at most."""
T = TypeVar("T")
R = TypeVar("R")


def usable() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def idle() -> int:
    """How many of them other processes leave idle just now, or left so in the last minute where only that is told; at least 1."""
    try:
        with open("/proc/loadavg", encoding="ascii") as file:
            busy = int(file.read().split()[3].partition("/")[0]) - 1  # this process itself is running
    except (OSError, IndexError, ValueError):
        busy = int(os.getloadavg()[0]) if hasattr(os, "getloadavg") else 0
    return max(1, usable() - max(0, busy))


def threads(pieces: int) -> int:
    """In how many threads to make so many pieces of work ready, some megabytes each: few do not wait for any to be started."""
    return min(usable(), THREADS) if pieces > SHARED else 1


def ahead(function: Callable[[T], R], given: Iterable[T], threads: int) -> Iterator[R]:
    """`function` of each of the given things, in order, made by so many threads while what comes next is got; by 1, without any.

    No more of them are at hand at once than one for each thread and one.
    """
    if threads < 2:
        yield from map(function, given)
        return
    from concurrent.futures import ThreadPoolExecutor  # small inputs do not wait for it

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        for each in given:
            waiting.append(pool.submit(function, each))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
