"""What a command looks at: an input or several joined, a window of it, without what a ddrescue mapfile says was never read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from acctrecover.errors import SourceError
from acctrecover.mapfile import read_mapfile
from acctrecover.sizes import quantity
from acctrecover.source import Evidence, Source, open_source
from acctrecover.voids import Voids


def looked_at(
    evidence: Evidence,
    *,
    start: int = 0,
    length: int | None = None,
    mapfile: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Source:
    """The Source of an input, of which only [start, start + length) is looked at and nothing that `mapfile` calls unread.

    Offsets stay those of the input, of a compressed one those of what came out. Raises SourceError as `open_source` does, for a
    window that begins behind the input's end or is empty, for a mapfile that is none, and for one of what is no copy of one device:
    a compressed input, or several joined.
    """
    voids = [] if mapfile is None else read_mapfile(mapfile)
    source = open_source(evidence, progress)
    if mapfile is not None and (source.packed is not None or len(source.files) > 1):
        with source:
            raise SourceError(
                f"{source.name}: a mapfile is of one file as it stands, not of several joined or of what was unpacked"
            )
    source.voids = Voids([(low, min(high, source.size), cause) for low, high, cause in voids] + list(source.voids))
    if start or length is not None:
        if not start < source.size or length == 0:
            with source:
                raise SourceError(f"{source.name}: nothing of its {source.size:,} bytes is in a window from {start:#x} on")
        source.limit(start, source.size if length is None else start + length)
    told = {"--start": start or "", "--length": length or "", "--mapfile-in": mapfile or ""}
    source.asked += tuple(word for option, value in told.items() if value for word in (option, str(value)))
    return source


@contextmanager
def window(
    paths: Sequence[str],
    start: str | None,
    length: str | None,
    mapfile: Path | None,
    progress: Callable[[int], None] = lambda done: None,
    *,
    joined: bool = False,
    most: str | None = None,
) -> Iterator[Evidence]:
    """The only one of the paths as it is, or a Source: of all of them where they are `joined`, of a part of the input where the
    options --start, --length and --mapfile-in ask for one, of what `most` (the option --most) lets come out of compressed ones."""
    low, size, limit = quantity("--start", start), quantity("--length", length), quantity("--most", most)
    if not joined and low is None and size is None and mapfile is None and limit is None:
        yield paths[0]
        return
    with ExitStack() as opened:
        evidence: Evidence = paths[0]
        if joined:
            from acctrecover.joined import open_joined

            evidence = opened.enter_context(open_joined(paths, progress, limit))
        elif limit is not None:
            evidence = opened.enter_context(open_source(paths[0], progress, limit))
        yield opened.enter_context(looked_at(evidence, start=low or 0, length=size, mapfile=mapfile, progress=progress))
