"""Several inputs scanned by several workers, a whole input each."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from acctrecover.asked import Asked
from acctrecover.dialect import Dialect
from acctrecover.errors import AcctrecoverError
from acctrecover.fingerprint import fingerprint
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.result import Scan
from acctrecover.scanning import scan
from acctrecover.source import Source, open_source
from acctrecover.voids import ERROR


@dataclass(frozen=True)
class Whole:
    """A whole file for a worker to scan: its path, size and time of change, what is asked, and by which formats."""

    path: str
    size: int
    mtime: int
    asked: Asked
    fingerprint: str


class _Packer(pickle.Pickler):
    """Packs a scan without what belongs to a process: of a dialect its number, of a Source nothing."""

    def __init__(self, file: io.BytesIO, dialects: Sequence[Dialect]) -> None:
        super().__init__(file)
        self.numbers = {id(dialect): number for number, dialect in enumerate(dialects)}

    def persistent_id(self, value: Any) -> int | None:
        if isinstance(value, Source):
            return -1
        return self.numbers[id(value)] if isinstance(value, Fixed | FramedDialect) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, dialects: Sequence[Dialect], source: Source) -> None:
        super().__init__(file)
        self.dialects, self.source = dialects, source

    def persistent_load(self, number: int) -> Dialect | Source:
        return self.source if number < 0 else self.dialects[number]


def scanned(given: Whole) -> bytes | None:
    """The scan of a file, packed; None where it cannot be made as the one who asks would make it."""
    if fingerprint(given.asked.places) != given.fingerprint:
        return None
    try:
        dialects = given.asked.dialects()
        with open_source(given.path) as source:
            if source.packed is not None:  # it is held where it is unpacked, and its records are asked for there
                return None
            if source.fd_stat is None or (source.size, source.fd_stat.st_mtime_ns) != (given.size, given.mtime):
                return None
            found = scan(source, given.asked.formats, cookie=given.asked.cookie, places=given.asked.places)
            if ERROR in source.voids.totals() or found.transfer is not None:
                return None  # what was met here alone, or comes with ways back that are no data
            out = io.BytesIO()
            _Packer(out, dialects).dump(found)
    except (AcctrecoverError, KeyError):
        return None
    return out.getvalue()


def taken(packed: bytes, asked: Asked, source: Source) -> Scan:
    """What `scanned` packed, as the scan of `source`."""
    found: Scan = _Unpacker(io.BytesIO(packed), asked.dialects(), source).load()
    return replace(found, name=source.name)
