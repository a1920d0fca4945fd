"""What is compiled, search.c, where it was built: elsewhere numpy does the same, only slower."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy.typing as npt

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
    told = pointer, number, pointer  # some things, how many, and the tables that they read
    followed = pointer, *(number,) * 5, pointer  # bytes, where in them, and what headers announce
    calls: dict[str, tuple[Any, ...]] = {
        "search": (pointer, number, number, number, *told, *told, pointer),
        "sight": (pointer, number, number, pointer, number, pointer, pointer),
        "edges": (pointer, number, pointer, number, pointer),
        "leading": (pointer, number, number, *told),
        "kept": (pointer, pointer, number, *told, pointer),
        "heads": (pointer, number, *(pointer,) * 4),
        "follow": (*followed, number, *(pointer,) * 4),
        "run": (*followed, number, pointer, pointer, number, pointer, number, pointer),
        "measure": (pointer, number, pointer, number, pointer),
        "lay": (pointer, number, pointer, number, pointer, pointer, number),
        "distinct": (pointer, *(number,) * 5, *(pointer,) * 4),
        "tally": (*followed, number, number, *(pointer,) * 3, number, *(pointer,) * 7),
    }
    for name, takes in calls.items():
        function = getattr(loaded, f"acctrecover_{name}")
        function.argtypes, function.restype = takes, None if name in {"sight", "edges", "kept", "measure"} else number
    return loaded


def _older(built: str) -> bool:
    """Whether what was built is older than the search.c beside this file, which only a clone has."""
    source = Path(__file__).with_name("search.c")
    return source.exists() and source.stat().st_mtime > os.stat(built).st_mtime


def address(array: npt.NDArray[Any]) -> int:
    """Where the numbers of an array stand in memory."""
    return int(array.ctypes.data)
