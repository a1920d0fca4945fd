"""Pictures as files: drawn by matplotlib without a screen, the same bytes from the same input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from acctrecover.errors import OutputError

ENDINGS = (".svg", ".png")
SETTINGS: Any = {
    "svg.hashsalt": "acctrecover",  # else the ids in a file are random
    "svg.fonttype": "none",  # text stays text: it can be searched and read aloud
    "text.parse_math": False,  # a $ in a file's name is a $
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "hatch.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def check_ending(path: Path) -> None:
    """Raise OutputError for a file name that no picture is written by, or where matplotlib is not installed."""
    if path.suffix not in ENDINGS:
        raise OutputError(f"{path}: a picture is written as {' or '.join(ENDINGS)}, by the ending of the name")
    if find_spec("matplotlib") is None:
        raise OutputError(f"{path}: pictures need matplotlib, as pip install matplotlib or the extra acctrecover[plot] brings it")


@contextmanager
def figure(path: Path, file: BinaryIO, width: float, height: float, layout: Any = None) -> Iterator[Any]:
    """A matplotlib Figure of so many inches to draw on, which is then written to `file` in the form that the ending of `path`
    says; `layout` is one of matplotlib's, or None to lay it out by hand."""
    check_ending(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(SETTINGS):
        drawn = Figure(figsize=(width, height), dpi=150, layout=layout)
        yield drawn
        kind = path.suffix[1:]
        drawn.savefig(file, format=kind, metadata={"Date": None, "Creator": None} if kind == "svg" else {"Software": None})
