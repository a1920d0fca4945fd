"""What a scan looks for, as another process can be told."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from acctrecover.dialect import Dialect
from acctrecover.scanning import compiled

LOCK = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """What a scan looks for: names of formats, a cookie of its own, where formats are declared."""

    formats: tuple[str, ...] = ()
    cookie: int | None = None
    places: tuple[str, ...] = ()

    def dialects(self) -> list[Dialect]:
        """The formats asked for, in each byte order, compiled once a process."""
        with LOCK:  # a worker may have several threads
            return compiled(self.formats, self.cookie, self.places)
