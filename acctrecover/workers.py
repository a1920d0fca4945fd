"""Who shares the work of a command: processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Protocol


class Workers(Protocol):
    """Runs functions elsewhere. `width` is how many at once; with `patience` only where so many seconds of work are left."""

    width: int
    patience: float

    def __enter__(self) -> Workers: ...
    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None: ...

    def submit(self, function: Callable[..., Any], *given: Any) -> Any:
        """Begin `function(*given)`; what is returned stands for its result."""

    def result(self, future: Any) -> Any:
        """The result, waited for; None where the worker was lost or failed, which is for the caller to make good."""

    def forget(self, future: Any) -> None:
        """The result is not needed any more."""


class Processes:
    """Processes of this machine, started afresh so that they share no threads or locks with this one; they end with it."""

    def __init__(self, width: int, patience: float = 0.0) -> None:
        self.width, self.patience = width, patience
        others = multiprocessing.active_children()
        self._others = {child.pid for child in others}
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        if self._pool is not None:
            for child in multiprocessing.active_children():
                if child.pid not in self._others:
                    child.terminate()
            self._pool.shutdown(wait=True, cancel_futures=True)  # its thread has ended before the interpreter does

    def submit(self, function: Callable[..., Any], *given: Any) -> Future[Any] | None:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.width, multiprocessing.get_context("spawn"), _begin)
        try:
            return self._pool.submit(function, *given)
        except BrokenProcessPool:
            return None

    def result(self, future: Future[Any] | None) -> Any:
        try:
            return None if future is None else future.result()
        except (BrokenProcessPool, CancelledError, OSError, MemoryError):
            return None

    def forget(self, future: Future[Any] | None) -> None:
        if future is not None:
            future.cancel()


def _begin() -> None:
    """In a worker: an interrupt is the parent's affair, and without the parent there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
