"""Several files as one stream, in the order given: a log and its rotations."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import accumulate
from types import TracebackType

from acctrecover.errors import SourceError
from acctrecover.packed import Break, Part
from acctrecover.source import PIECE, Evidence, Source, open_source


class Joined(Source):
    """The bytes of `sources`, one behind the other; read, hashed and opened again as one Source."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)
        self.starts = [0, *accumulate(source.size for source in self.sources)]
        self._digests: list[str] = []
        super().__init__(" + ".join(source.name for source in self.sources), self.starts[-1], None, b"", None)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        super().__exit__(kind, value, tb)
        for source in self.sources:
            source.__exit__(kind, value, tb)

    def again(self) -> Source:
        """Another Source of the same bytes. Raises SourceError where another file has taken one of the names meanwhile."""
        with ExitStack() as opened:
            other = Joined([opened.enter_context(source.again()) for source in self.sources])
            opened.pop_all()
        return other

    def read(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop), clamped to the input. Raises SourceError as each of the sources does."""
        start, stop = max(0, start), min(stop, self.size)
        parts = []
        number = bisect_right(self.starts, start) - 1
        while start < stop:
            low, high = self.starts[number : number + 2]
            parts.append(self.sources[number].read(start - low, min(stop, high) - low))
            start, number = max(start, min(stop, high)), number + 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def later(self, start: int, stop: int) -> bytes:
        """What the last file holds of [start, stop) by now, as Source has it."""
        low = self.starts[-2]
        return self.read(start, low) + self.sources[-1].later(max(start, low) - low, stop - low)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files of the stream in order. Raises what `sha256` does."""
        self.sha256()
        return tuple(
            Part(source.name, low, low + source.size, digest, source.packed)
            for source, low, digest in zip(self.sources, self.starts[:-1], self._digests, strict=True)
        )

    @property
    def broke(self) -> list[tuple[str, Break]]:
        return [each for source in self.sources for each in source.broke]

    @property
    def files(self) -> list[os.stat_result | None]:
        return [source.fd_stat for source in self.sources]

    def _hash(self) -> None:
        """The whole stream and each of its files, all in one pass."""
        state, digests = hashlib.sha256(), []
        try:
            for source in self.sources:
                own = hashlib.sha256()
                for at in range(0, source.size, PIECE):
                    if self._closing:
                        return
                    data = source.read(at, at + PIECE)
                    state.update(data)
                    own.update(data)
                digests.append(own.hexdigest())
        except SourceError as error:
            self._failure = error
        self._digest, self._digests = state.hexdigest(), digests


def open_joined(inputs: Sequence[Evidence], progress: Callable[[int], None] = lambda done: None, most: int | None = None) -> Joined:
    """Open several inputs as one stream, in this order; `most` is for each. Raises SourceError as `open_source` does."""
    if sum(isinstance(each, str) and each == "-" for each in inputs) > 1:
        raise SourceError("-: standard input can only be read once")
    with ExitStack() as opened:
        joined = Joined([opened.enter_context(open_source(each, progress, most)) for each in inputs])
        opened.pop_all()
    return joined


def open_inputs(
    inputs: Sequence[Evidence], progress: Callable[[int], None], most: int | None = None, *, joined: bool = False
) -> Source:
    """Open what a command is to look at: all inputs as one stream where they are `joined`, else the only one."""
    return open_joined(inputs, progress, most) if joined else open_source(inputs[0], progress, most)
