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
from acctrecover.source import Evidence, Source, open_source
from acctrecover.voids import ERROR


class Joined(Source):
    """The bytes of `sources`, one behind the other; read, hashed and opened again as one Source. Its `voids` are all of theirs."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)
        self.starts = [0, *accumulate(source.size for source in self.sources)]
        self._digests: list[str] = []
        super().__init__(" + ".join(source.name for source in self.sources), self.starts[-1], None, b"", None)
        self.asked = ("--joined", *next((source.asked for source in self.sources if source.asked), ()))
        for source, low in zip(self.sources, self.starts[:-1], strict=True):
            for start, stop, cause in source.voids:
                self.voids.add(low + start, low + stop, cause)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        super().__exit__(kind, value, tb)
        for source in self.sources:
            source.__exit__(kind, value, tb)

    def again(self) -> Source:
        """Another Source of the same bytes. Raises SourceError where another file has taken one of the names meanwhile."""
        with ExitStack() as opened:
            other = Joined([opened.enter_context(source.again()) for source in self.sources])
            opened.pop_all()
        return self._seen_by(other)

    def _read(self, start: int, stop: int) -> bytes:
        parts = []
        number = bisect_right(self.starts, start) - 1
        while start < stop:
            low, high = self.starts[number : number + 2]
            source, first, last = self.sources[number], start - low, min(stop, high) - low
            parts.append(source.read(first, last))
            for a, b, cause in source.voids.within(first, last):
                if cause == ERROR:  # met just now
                    self.voids.add(low + a, low + b, cause)
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
        """The stream, or the window of it, and each of its files, all in one pass."""
        self._digests = [""] * len(self.sources)
        if self.unhashed:
            return
        state = hashlib.sha256()
        try:
            for number, (source, at) in enumerate(zip(self.sources, self.starts[:-1], strict=True)):
                own = hashlib.sha256()
                for octets in source.hashed():
                    if self._closing:
                        return
                    own.update(octets)
                    state.update(memoryview(octets)[max(0, self.start - at) : max(0, self.stop - at)])
                    at += len(octets)
                    self._hashed = max(0, min(at, self.stop) - self.start)
                self._digests[number] = own.hexdigest()
        except SourceError as error:
            self._failure = error
        self._digest = state.hexdigest()


def open_joined(inputs: Sequence[Evidence], progress: Callable[[int], None] = lambda done: None, most: int | None = None) -> Joined:
    """Open several inputs as one stream, in this order; `most` is for each. Raises SourceError as `open_source` does."""
    if sum(isinstance(each, str) and each == "-" for each in inputs) > 1:
        raise SourceError("-: standard input can only be read once")
    with ExitStack() as opened:
        joined = Joined([opened.enter_context(open_source(each, progress, most)) for each in inputs])
        opened.pop_all()
    return joined
