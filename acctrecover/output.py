"""Files written whole or not at all: temporaries beside the targets, synced, then given their names together."""

from __future__ import annotations

import io
import os
import signal
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from acctrecover.errors import OutputError

SOON = 1 << 26
"""Bytes of an output that are on their way to the disk before more of it is made."""


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
    """A temporary whose failures name the target it is for. What is written of a large one goes to the disk meanwhile, so that
    little is left to wait for at the end."""

    target: Path
    waiting = 0
    syncing: threading.Thread | None = None
    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        with blamed_on(self.target):
            done = super().write(data)
        self.waiting += done
        if self.waiting >= SOON and not (self.syncing and self.syncing.is_alive()):
            self.waiting = 0
            self.syncing = threading.Thread(target=self._sync, daemon=True)
            self.syncing.start()
        return done

    def _sync(self) -> None:
        try:
            os.fsync(self.fileno())
        except OSError as error:  # the system tells of it once
            self.failure = error

    def settled(self) -> None:
        """Wait until no more than the last of it is left to be synced. Raises the OSError of what could not be."""
        if self.syncing is not None:
            self.syncing.join()
        if self.failure is not None:
            raise self.failure


class Draft:
    """A temporary file beside its `target`, which may replace an old one by `force`.

    Its folder is opened once, and all names are taken in that very folder, whatever takes the folder's own name meanwhile; no
    name is opened twice, and none that is a symbolic link is followed.
    """

    def __init__(self, target: Path, force: bool) -> None:
        self.target, self.force = target, force
        refuse(target, force=force)
        self.temporary = f".acctrecover-{os.urandom(8).hex()}"
        self.spare = f"{self.temporary}.old"
        with blamed_on(target):
            self.folder = os.open(target.parent, getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                raw = _Raw(target.parent / self.temporary, "xb", opener=self._opened)
            except BaseException:
                os.close(self.folder)
                raise
        raw.target = target
        self.raw, self.file = raw, io.BufferedWriter(raw)

    def _opened(self, path: str, flags: int) -> int:
        return os.open(self.temporary, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self.folder)

    def _status(self, name: str) -> os.stat_result | None:
        """Of a name in the folder itself, no link followed; None where there is none."""
        try:
            return os.stat(name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def settle(self) -> None:
        """Write all of it to the disk, with the mode of the file it replaces or that of a new one."""
        self.file.flush()
        with blamed_on(self.target):
            old = self._status(self.target.name)
            umask = os.umask(0)
            os.umask(umask)
            mode = stat.S_IMODE(old.st_mode) if old is not None and stat.S_ISREG(old.st_mode) else 0o666 & ~umask
            os.fchmod(self.file.fileno(), mode)
            self.raw.settled()
            os.fsync(self.file.fileno())
            own = self._status(self.temporary)
            if own is None or not os.path.samestat(own, os.fstat(self.file.fileno())):
                raise OutputError(f"{self.target}: something else took its temporary name while it was written; not kept")
            if not os.path.samestat(os.stat(self.target.parent), os.fstat(self.folder)):
                raise OutputError(f"{self.target}: another folder took the name {self.target.parent} meanwhile; not kept")

    def keep_old(self) -> bool:
        """Whether there is an old file; it gets a spare name."""
        old = self._status(self.target.name)
        if not self.force or old is None or not stat.S_ISREG(old.st_mode):
            return False
        with blamed_on(self.target):
            try:
                self._link(self.target.name, self.spare)
            except OSError:  # a file system without hard links
                self._rename(self.target.name, self.spare)
        return True

    def give_name(self) -> None:
        """Without hard links, whether the name is taken is seen just before; with them the system sees to it."""
        with blamed_on(self.target):
            if self.force:
                self._rename(self.temporary, self.target.name)
                return
            try:
                self._link(self.temporary, self.target.name)
            except FileExistsError:
                raise
            except OSError:
                if self._status(self.target.name) is not None:
                    raise FileExistsError from None
                self._rename(self.temporary, self.target.name)

    def take_back(self, old: bool) -> None:
        """Take the name away again; an old file gets it back."""
        with suppress(OSError):
            if old:
                self._rename(self.spare, self.target.name)
            else:
                os.unlink(self.target.name, dir_fd=self.folder)

    def _link(self, name: str, other: str) -> None:
        os.link(name, other, src_dir_fd=self.folder, dst_dir_fd=self.folder, follow_symlinks=False)

    def _rename(self, name: str, other: str) -> None:
        os.replace(name, other, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def sync_folder(self) -> None:
        with suppress(OSError):  # not every file system syncs folders
            fd = os.open(".", os.O_RDONLY, dir_fd=self.folder)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def discard(self) -> None:
        """Close it and take its temporary names away."""
        with suppress(OSError):
            self.raw.settled()
        with suppress(OSError, OutputError):
            self.file.close()
        for name in (self.temporary, self.spare):
            with suppress(OSError):
                os.unlink(name, dir_fd=self.folder)
        os.close(self.folder)


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
            draft.take_back(old)
        raise
    for draft in drafts:
        draft.sync_folder()


@contextmanager
def atomic_output(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """One such file."""
    with atomic_outputs([path], force=force) as (file,):
        yield file
