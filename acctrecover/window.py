"""What part of an input a command looks at: a window of it, without what a ddrescue mapfile says was never read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from acctrecover.errors import AcctrecoverError, SourceError
from acctrecover.mapfile import read_mapfile
from acctrecover.source import Evidence, Source, open_source
from acctrecover.voids import Voids

UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


def quantity(option: str, text: str | None) -> int | None:
    """The bytes that 512, 0x200, 4Ki, 1.5Gi mean. Raises AcctrecoverError for anything else, and for a fraction of a byte."""
    if text is None:
        return None
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)(|Ki|Mi|Gi|Ti)B?", text)
    if match is None:
        raise AcctrecoverError(f"{option} {text}: say bytes as 4096 or 0x1000, or as 4Ki, 1.5Mi, 2Gi, 1Ti")
    digits, unit = match.groups()
    value = UNITS[unit] * (int(digits, 16) if digits[1:2] in ("x", "X") else Fraction(digits))
    if value.denominator > 1:
        raise AcctrecoverError(f"{option} {text}: that is no whole number of bytes")
    return int(value)


def looked_at(
    evidence: Evidence,
    *,
    start: int = 0,
    length: int | None = None,
    mapfile: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Source:
    """The Source of an input, of which only [start, start + length) is looked at and nothing that `mapfile` calls unread.

    Offsets stay those of the input. Raises SourceError as `open_source` does, for a window that begins behind the input's end or
    is empty, and for a mapfile that is none.
    """
    voids = [] if mapfile is None else read_mapfile(mapfile)
    source = open_source(evidence, progress)
    source.voids = Voids([(low, min(high, source.size), cause) for low, high, cause in voids] + list(source.voids))
    if start or length is not None:
        if not start < source.size or length == 0:
            with source:
                raise SourceError(f"{source.name}: nothing of its {source.size:,} bytes is in a window from {start:#x} on")
        source.limit(start, source.size if length is None else start + length)
    told = {"--start": start or "", "--length": length or "", "--mapfile-in": mapfile or ""}
    source.asked = tuple(word for option, value in told.items() if value for word in (option, str(value)))
    return source


@contextmanager
def window(
    path: str,
    start: str | None,
    length: str | None,
    mapfile: Path | None,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Evidence]:
    """A path as it is, or its Source where the options --start, --length and --mapfile-in ask for a part of it."""
    low, size = quantity("--start", start), quantity("--length", length)
    if low is None and size is None and mapfile is None:
        yield path
        return
    with looked_at(path, start=low or 0, length=size, mapfile=mapfile, progress=progress) as source:
        yield source
