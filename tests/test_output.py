"""Claims about files that are written whole or not at all."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import COMMAND, run, said
from damage import CORPORA

from acctrecover.errors import OutputError
from acctrecover.output import atomic_output, atomic_outputs

DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"


def unsupported(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def listing(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with atomic_output(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert listing(tmp_path) == ["out"]


def test_a_new_file_has_the_mode_the_umask_leaves(tmp_path: Path) -> None:
    with atomic_output(tmp_path / "out"):
        pass
    (tmp_path / "plain").touch()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_left_when_the_block_fails(tmp_path: Path, failure: type[BaseException], force: bool) -> None:
    with pytest.raises(failure), atomic_output(tmp_path / "out", force=force) as file:  # noqa: PT012
        file.write(b"half")
        raise failure
    assert listing(tmp_path) == []


def test_an_old_file_stays_when_its_replacement_fails(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_output(path, force=True) as file:  # noqa: PT012
        file.write(b"new")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == ["out"]


def test_an_existing_file_is_refused_without_force(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(OutputError) as caught, atomic_output(path):
        pass
    assert str(caught.value) == f"{path}: exists; use --force to replace it"
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("dangling", [False, True])
def test_a_symbolic_link_is_refused_and_stays_one(tmp_path: Path, force: bool, dangling: bool) -> None:
    link, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    link.symlink_to(elsewhere)
    if not dangling:
        elsewhere.write_bytes(b"old")
    with pytest.raises(OutputError, match="is a symbolic link"), atomic_output(link, force=force):
        pass
    assert link.is_symlink()
    assert elsewhere.exists() is not dangling


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_regular_file_is_refused_and_stays(tmp_path: Path, force: bool) -> None:
    os.mkfifo(tmp_path / "out")
    with pytest.raises(OutputError, match="no regular file"), atomic_output(tmp_path / "out", force=force):
        pass
    assert (tmp_path / "out").is_fifo()


def test_force_replaces_a_file_without_touching_its_other_names(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    os.link(path, tmp_path / "other")
    with atomic_output(path, force=True) as file:
        file.write(b"new")
    assert (path.read_bytes(), (tmp_path / "other").read_bytes()) == (b"new", b"old")


def test_a_file_made_meanwhile_is_not_clobbered(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(OutputError, match="exists; use --force"), atomic_output(path) as file:  # noqa: PT012
        file.write(b"new")
        path.write_bytes(b"rival")
    assert path.read_bytes() == b"rival"
    assert listing(tmp_path) == ["out"]


def test_a_file_system_without_links_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", unsupported)
    path = tmp_path / "out"
    with atomic_output(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert listing(tmp_path) == ["out"]
    with pytest.raises(OutputError, match="exists"), atomic_output(tmp_path / "late"):
        (tmp_path / "late").write_bytes(b"rival")
    assert (tmp_path / "late").read_bytes() == b"rival"
    assert listing(tmp_path) == ["late", "out"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_refused(tmp_path: Path, force: bool) -> None:
    with pytest.raises(OutputError) as caught, atomic_output(tmp_path, force=force):
        pass
    assert str(caught.value) == f"{tmp_path}: is a directory"


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"), atomic_output(tmp_path / "none" / "out"):
        pass


def test_a_folder_not_permitted_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", denied)
    with pytest.raises(OutputError) as caught, atomic_output(tmp_path / "out"):
        pass
    assert str(caught.value) == f"{tmp_path / 'out'}: permission denied"


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="out: no space left on device"), atomic_output(tmp_path / "out"):
        pass
    assert listing(tmp_path) == []


def test_several_files_appear_together(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    with atomic_outputs(paths) as files:
        for file in files:
            file.write(b"whole")
        assert not any(path.exists() for path in paths)
    assert [path.read_bytes() for path in paths] == [b"whole", b"whole"]
    assert listing(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("force", [True, False])
def test_where_the_last_name_cannot_be_given_the_others_are_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool, force: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", unsupported)
    if force:
        (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(OutputError, match=r"/c: "), atomic_outputs([tmp_path / n for n in "abc"], force=force) as files:  # noqa: PT012
        for file in files:
            file.write(b"new")
        (tmp_path / "c").mkdir()
    assert listing(tmp_path) == (["b", "c"] if force else ["c"])
    assert not force or (tmp_path / "b").read_bytes() == b"old"


@pytest.mark.parametrize("links", [True, False])
def test_several_old_files_are_replaced_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", unsupported)
    for name in "ab":
        (tmp_path / name).write_bytes(b"old")
    with atomic_outputs([tmp_path / "a", tmp_path / "b"], force=True) as files:
        for file in files:
            file.write(b"new")
    assert listing(tmp_path) == ["a", "b"]
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"new", b"new"]


def test_a_file_that_is_replaced_leaves_its_mode(tmp_path: Path) -> None:
    (tmp_path / "out").touch(0o600)
    with atomic_output(tmp_path / "out", force=True):
        pass
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


def test_a_signal_while_names_are_given_comes_when_all_have_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def interrupted(*names: str) -> None:
        signal.raise_signal(signal.SIGINT)
        link(*names)

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_outputs([tmp_path / "a", tmp_path / "b"]):
        pass
    assert listing(tmp_path) == ["a", "b"]


def test_a_signal_while_a_temporary_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkstemp = tempfile.mkstemp

    def interrupted(**how: Any) -> tuple[int, str]:
        signal.raise_signal(signal.SIGINT)
        return mkstemp(**how)

    monkeypatch.setattr(tempfile, "mkstemp", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_output(tmp_path / "out"):
        pass
    assert listing(tmp_path) == []


def test_files_are_written_outside_the_main_thread_too(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_output(tmp_path / "out") as file:
            file.write(b"whole")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert (tmp_path / "out").read_bytes() == b"whole"


OUTPUTS = ["-o", "out", "--report", "report", "--quarantine", "aside"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("place", ["check", "_write"])
def test_a_signal_while_outputs_are_written_leaves_none(tmp_path: Path, number: signal.Signals, place: str) -> None:
    code = (
        "import os, signal, sys\n"
        "from acctrecover import cli, repairing\n"
        f"whole = repairing.{place}\n"
        "def signalled(*args):\n"
        "    whole(*args)\n"
        "    assert len(os.listdir('.')) == 3, os.listdir('.')\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        f"repairing.{place} = signalled\n"
        "cli.main()\n"
    )
    command = [sys.executable, "-c", code, "repair", str(DAMAGED), *OUTPUTS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 128 + number
    assert done.stderr.count(b"\n") == 1
    assert listing(tmp_path) == []


@pytest.mark.parametrize("force", [False, True])
def test_a_file_size_limit_is_said_and_nothing_is_left(tmp_path: Path, force: bool) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    if force:
        (tmp_path / "report").write_bytes(b"old")
    done = run("repair", DAMAGED, *OUTPUTS, *(["--force"] if force else []), cwd=tmp_path, preexec_fn=limit)
    assert said(done) == "acctrecover: out: file too large"
    assert listing(tmp_path) == (["report"] if force else [])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("room", [4096, 20480])
def test_a_full_disk_leaves_none_of_the_outputs(small_disk: Path, room: int) -> None:
    (small_disk / "filler").write_bytes(bytes(65536 - room))
    done = run("repair", DAMAGED, *OUTPUTS, cwd=small_disk)
    assert said(done) == f"acctrecover: {'out' if room < 15808 else 'report'}: no space left on device"
    assert listing(small_disk) == ["filler"]
    (small_disk / "filler").unlink()
    assert run("repair", DAMAGED, *OUTPUTS, cwd=small_disk).returncode == 1
    assert listing(small_disk) == ["aside", "out", "report"]


def test_records_that_do_not_fit_are_not_kept(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(61440))
    assert said(run("scan", DAMAGED, "--records", "r.csv", cwd=small_disk)) == "acctrecover: r.csv: no space left on device"
    assert listing(small_disk) == ["filler"]


def test_a_pipe_that_does_not_fit_the_temporary_folder_is_said(small_disk: Path) -> None:
    where = {**os.environ, "TMPDIR": str(small_disk)}
    done = run("scan", "-", stdin=bytes(1 << 20), env=where)
    assert said(done) == f"acctrecover: -: cannot be kept in {small_disk}: no space left on device; TMPDIR names another folder"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that nobody, an ordinary user, can enter, when root runs the tests."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def as_nobody(*words: object, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """A run as an ordinary user, who may not be able to read where Python is: all is loaded by a first run as root."""
    code = (
        "import contextlib, os, sys\n"
        "from acctrecover import cli\n"
        f"words, sys.argv = sys.argv, ['', 'repair', '--dry-run', {str(DAMAGED)!r}]\n"
        "with contextlib.suppress(SystemExit):\n"
        "    cli.main()\n"
        "os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
        "sys.argv = words\n"
        "cli.main()"
    )
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, check=False, **how)


def test_an_ordinary_user_is_told_what_is_not_permitted(open_folder: Path) -> None:
    closed, secret = open_folder / "closed", open_folder / "secret"
    closed.mkdir(0o700)
    (closed / "pacct").write_bytes(DAMAGED.read_bytes())
    secret.touch(0o600)
    for path in (secret, closed / "pacct"):
        assert said(as_nobody("scan", path)) == f"acctrecover: {path}: permission denied"
    (open_folder / "pacct").write_bytes(DAMAGED.read_bytes())
    for out, why in ((open_folder / "out", f"no permission to write in {open_folder}"), (closed / "out", "permission denied")):
        assert said(as_nobody("repair", open_folder / "pacct", "-o", out)) == f"acctrecover: {out}: {why}"
    assert listing(open_folder) == ["closed", "pacct", "secret"]


def test_an_ordinary_user_repairs_what_is_only_readable(open_folder: Path) -> None:
    (open_folder / "pacct").write_bytes(DAMAGED.read_bytes())
    (open_folder / "mine").mkdir()
    os.chown(open_folder / "mine", 65534, 65534)
    assert as_nobody("repair", open_folder / "pacct", *OUTPUTS, cwd=open_folder / "mine").returncode == 1
    assert listing(open_folder / "mine") == ["aside", "out", "report"]


@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_the_input_under_another_name_is_not_replaced(tmp_path: Path, make: Callable[[Path, Path], None]) -> None:
    evidence, other = tmp_path / "pacct", tmp_path / "other"
    evidence.write_bytes(DAMAGED.read_bytes())
    make(evidence, other)
    for words in (["-o", other], ["-o", "out", "--report", other], ["-o", "out", "--quarantine", other]):
        assert "is the input" in said(run("repair", evidence, *words, "--force", cwd=tmp_path))
    with evidence.open("rb") as file:
        done = subprocess.run([*COMMAND, "repair", "-", "-o", other, "--force"], stdin=file, capture_output=True, check=False)
    assert "is the input" in said(done)
    assert evidence.read_bytes() == DAMAGED.read_bytes()
    assert listing(tmp_path) == ["other", "pacct"]
