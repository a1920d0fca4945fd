"""Files written whole or not at all: temporaries beside the targets, synced, then given their names together."""

from __future__ import annotations

import io
import os
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from acctrecover.errors import OutputError


def accepted(
    inputs: Sequence[os.stat_result | None], paths: Mapping[str, str | os.PathLike[str] | None], *, force: bool
) -> dict[str, Path]:
    """The outputs that are asked for, by name. Raises OutputError where two are one file, or `refuse` refuses one."""
    targets = {name: Path(path) for name, path in paths.items() if path is not None}
    if len({os.path.realpath(path) for path in targets.values()}) < len(targets):
        raise OutputError("the outputs must be different files")
    for path in targets.values():
        refuse(path, *inputs, force=force)
    return targets


def refuse(path: Path, *inputs: os.stat_result | None, force: bool) -> None:
    """Raise OutputError where `path` could not be written, before any work is done, or is the file of one of the inputs."""
    with blamed_on(path):
        try:
            here = os.lstat(path)
        except FileNotFoundError:
            here = None
        if here is not None:
            if os.path.exists(path) and any(given is not None and os.path.samestat(given, os.stat(path)) for given in inputs):
                raise OutputError(f"{path}: is the input, which is never written to")
            if os.path.isdir(path):
                raise OutputError(f"{path}: is a directory")
            if stat.S_ISLNK(here.st_mode):
                raise OutputError(f"{path}: is a symbolic link; name the file itself")
            if not stat.S_ISREG(here.st_mode):
                raise OutputError(f"{path}: exists and is no regular file")
            if not force:
                raise FileExistsError
        if not path.parent.is_dir():
            raise OutputError(f"{path}: there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise OutputError(f"{path}: no permission to write in {path.parent}")


@contextmanager
def blamed_on(path: Path) -> Iterator[None]:
    """What the system says of `path`, as one line."""
    try:
        yield
    except FileExistsError:
        raise OutputError(f"{path}: exists; use --force to replace it") from None
    except OSError as error:
        raise OutputError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that would end the block half way come after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before: dict[int, Any] = {}
    try:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) is not None:  # else it is not Python's to handle
                before[name] = signal.signal(name, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


class _Raw(io.FileIO):
    """A temporary whose failures name the target it is for."""

    target: Path

    def write(self, data: Any, /) -> int:
        with blamed_on(self.target):
            return super().write(data)


class Draft:
    """A temporary file beside its `target`, which may replace an old one by `force`."""

    def __init__(self, target: Path, force: bool) -> None:
        self.target, self.force = target, force
        refuse(target, force=force)
        with blamed_on(target):
            fd, self.name = tempfile.mkstemp(prefix=".acctrecover-", dir=target.parent)
            os.close(fd)
            raw = _Raw(self.name, "wb")
        raw.target = target
        self.spare = f"{self.name}.old"
        self.file = io.BufferedWriter(raw)

    def settle(self) -> None:
        """Write all of it to the disk, with the mode of the file it replaces or that of a new one."""
        self.file.flush()
        with blamed_on(self.target):
            try:
                mode = stat.S_IMODE(os.lstat(self.target).st_mode)
            except FileNotFoundError:
                umask = os.umask(0)
                os.umask(umask)
                mode = 0o666 & ~umask
            os.fchmod(self.file.fileno(), mode)
            os.fsync(self.file.fileno())

    def keep_old(self) -> bool:
        """Whether there is an old file; it gets a spare name."""
        if not self.force or not self.target.is_file():
            return False
        with blamed_on(self.target):
            try:
                os.link(self.target, self.spare, follow_symlinks=False)
            except OSError:  # a file system without hard links
                os.rename(self.target, self.spare)
        return True

    def give_name(self) -> None:
        """Without hard links, whether the name is taken is seen just before; with them the system sees to it."""
        with blamed_on(self.target):
            if self.force:
                os.replace(self.name, self.target)
                return
            try:
                os.link(self.name, self.target)
            except FileExistsError:
                raise
            except OSError:
                if os.path.lexists(self.target):
                    raise FileExistsError from None
                os.rename(self.name, self.target)

    def discard(self) -> None:
        """Close it and take its temporary names away."""
        with suppress(OSError, OutputError):
            self.file.close()
        for name in (self.name, self.spare):
            with suppress(OSError):
                os.unlink(name)


@contextmanager
def atomic_outputs(paths: Sequence[str | os.PathLike[str]], *, force: bool = False) -> Iterator[list[BinaryIO]]:
    """Binary files that appear under `paths`, all of them, only when the block ends well.

    Raises OutputError where a path exists and `force` is not set, or where writing fails; nothing is left behind then, and
    an old file stays. All are on the disk before the first gets its name, so that little is left to fail between.
    """
    drafts: list[Draft] = []
    try:
        for path in paths:
            with undisturbed():
                drafts.append(Draft(Path(path), force))
        yield [draft.file for draft in drafts]
        for draft in drafts:
            draft.settle()
        with undisturbed():
            _name(drafts)
    finally:
        with undisturbed():
            for draft in drafts:
                draft.discard()


def _name(drafts: list[Draft]) -> None:
    """Give all their names, or none."""
    undo: list[tuple[Draft, bool]] = []
    try:
        for draft in drafts:
            if draft is not drafts[-1] and draft.keep_old():
                undo.append((draft, True))
                draft.give_name()
            else:
                draft.give_name()
                undo.append((draft, False))
    except BaseException:
        for draft, old in reversed(undo):
            with suppress(OSError):
                os.replace(draft.spare, draft.target) if old else os.unlink(draft.target)
        raise
    for folder in {draft.target.parent for draft in drafts}:
        with suppress(OSError):  # not every file system syncs folders
            fd = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


@contextmanager
def atomic_output(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """One such file."""
    with atomic_outputs([path], force=force) as (file,):
        yield file
