"""Every stream of the corpora, by name, whole and damaged ones."""

from __future__ import annotations

import lzma
from pathlib import Path

from damage import CORPORA

TEXTS = {".c", ".json", ".md", ".oracle", ".truth", ".txt"}
NAMES = sorted(str(path.relative_to(CORPORA)) for path in CORPORA.rglob("*") if path.is_file() and path.suffix not in TEXTS)


def sample(name: str) -> bytes:
    """The bytes of a stream, unpacked."""
    data = (CORPORA / name).read_bytes()
    return lzma.decompress(data) if name.endswith(".xz") else data


def placed(folder: Path, name: str) -> Path:
    """The stream as a file in a folder."""
    path = folder / Path(name).name.removesuffix(".xz")
    path.write_bytes(sample(name))
    return path
