"""The compiled search of search.c, where it was built: elsewhere numpy does the same, only slower."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NUMPY = "ACCTRECOVER_NUMPY"
"""The variable of the environment that, set to anything, has numpy do it all."""


@cache
def library() -> Any:
    """The functions of search.c, None where they were not built, or of another one than stands here, or are not wanted."""
    spec = None if os.environ.get(NUMPY) else find_spec("acctrecover._search")
    if spec is None or spec.origin is None or _older(spec.origin):
        return None
    import ctypes

    try:
        loaded = ctypes.CDLL(spec.origin)  # its calls let other threads run
    except OSError:  # built for another machine
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    where, told = (pointer, number, number), (pointer, number, pointer)
    loaded.acctrecover_search.argtypes = (*where, number, pointer, number, *told, pointer)
    loaded.acctrecover_leading.argtypes = (*where, *told)
    loaded.acctrecover_heads.argtypes = (pointer, number, pointer, number, number, number, pointer, pointer, pointer, pointer)
    for function in (loaded.acctrecover_search, loaded.acctrecover_leading, loaded.acctrecover_heads):
        function.restype = number
    return loaded


def _older(built: str) -> bool:
    """Whether what was built is older than the search.c beside this file, which only a clone has."""
    source = Path(__file__).with_name("search.c")
    return source.exists() and source.stat().st_mtime > os.stat(built).st_mtime
