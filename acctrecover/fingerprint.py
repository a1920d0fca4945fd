"""What must be the same for two processes to find the same in the same bytes: this version and the format declarations."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from acctrecover import __version__
from acctrecover.registry import declarations, folder


@lru_cache(maxsize=16)
def fingerprint(places: Sequence[str] = ()) -> str:
    """A SHA-256 in hex of the version and of every declaration of the folders and files named (default: those that ship)."""
    state = hashlib.sha256(f"acctrecover {__version__}\n".encode())
    for place in map(Path, places or (folder(),)):
        for file in declarations(place):
            state.update(hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()
