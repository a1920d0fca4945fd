"""Files written whole or not at all: a temporary beside the target, synced, then given its name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from acctrecover.errors import OutputError


def refuse(path: Path, *, force: bool) -> None:
    """Raise OutputError where `path` could not be written, before any work is done."""
    if path.is_dir():
        raise OutputError(f"{path}: is a directory")
    if not force and os.path.lexists(path):
        raise OutputError(f"{path}: exists; use --force to replace it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}")


def _name_new(name: str, target: Path) -> None:
    """Give a file its name unless that is taken; on file systems without hard links the check comes just before."""
    try:
        os.link(name, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(name, target)


@contextmanager
def atomic_output(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """A binary file that appears under `path` only when the block ends well.

    Raises OutputError where `path` exists and `force` is not set, or where writing fails; nothing is left behind then.
    """
    target = Path(path)
    refuse(target, force=force)
    try:
        fd, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise OutputError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    try:
        os.close(fd)
        with open(name, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        if force:
            os.replace(name, target)
        else:
            _name_new(name, target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError:
        raise OutputError(f"{path}: exists; use --force to replace it") from None
    except OSError as error:
        raise OutputError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
