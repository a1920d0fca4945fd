"""Progress in bytes, where there is a terminal to show it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(paths: Iterable[str], passes: int = 1) -> Iterator[Callable[[int], None]]:
    """A bar in bytes that appears after a second, where there is a terminal to show it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda done: None
        return
    from tqdm import tqdm

    sizes = [os.path.getsize(path) if os.path.isfile(path) else 0 for path in paths]
    total = sum(sizes) * passes if all(sizes) else None
    wide = os.get_terminal_size(sys.stderr.fileno()).columns or 80  # a serial console claims 0 by 0, where tqdm shows nothing
    with tqdm(total=total, unit="B", unit_scale=True, delay=1, leave=False, ncols=wide, nrows=24) as shown:

        def advance(done: int) -> None:
            shown.update(done)

        yield advance
