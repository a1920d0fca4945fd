"""Claims about files that are written whole or not at all."""

from __future__ import annotations

import os
import resource
import shutil
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

from acctrecover import output
from acctrecover.errors import OutputError
from acctrecover.output import atomic_output, atomic_outputs
from acctrecover.words import quoted

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
    opened = os.open

    def denied(path: Any, *more: Any, **how: Any) -> int:
        if str(path).startswith(".acctrecover-"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *more, **how)

    monkeypatch.setattr(os, "open", denied)
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


def test_what_could_not_be_synced_while_it_was_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells of a failure once: the last sync is not told of it."""
    real, failed = os.fsync, []

    def once(fd: int) -> None:
        if not failed:
            failed.append(fd)
            raise OSError(5, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fsync", once)
    monkeypatch.setattr(output, "SOON", 4096)
    with pytest.raises(OutputError, match="out: input/output error"), atomic_output(tmp_path / "out") as file:
        file.write(bytes(1 << 16))
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

    def interrupted(*names: str, **how: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        link(*names, **how)

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_outputs([tmp_path / "a", tmp_path / "b"]):
        pass
    assert listing(tmp_path) == ["a", "b"]


def test_a_signal_while_a_temporary_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def interrupted(path: Any, *more: Any, **how: Any) -> int:
        if str(path).startswith(".acctrecover-"):
            signal.raise_signal(signal.SIGINT)
        return opened(path, *more, **how)

    monkeypatch.setattr(os, "open", interrupted)
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


@pytest.mark.parametrize("force", [False, True])
def test_a_link_to_the_evidence_that_appears_meanwhile_is_not_followed(tmp_path: Path, force: bool) -> None:
    evidence, path = tmp_path / "evidence", tmp_path / "out"
    evidence.write_bytes(b"evidence")
    if force:
        with atomic_output(path, force=True) as file:
            file.write(b"new")
            path.symlink_to(evidence)
        assert not path.is_symlink()
        assert path.read_bytes() == b"new"
    else:
        with pytest.raises(OutputError, match="exists; use --force"), atomic_output(path) as file:  # noqa: PT012
            file.write(b"new")
            path.symlink_to(evidence)
        assert path.is_symlink()
    assert evidence.read_bytes() == b"evidence"
    assert listing(tmp_path) == ["evidence", "out"]


def test_a_link_to_the_evidence_in_place_of_the_temporary_is_neither_written_through_nor_kept(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    evidence.write_bytes(b"evidence")
    with pytest.raises(OutputError, match="took its temporary name"), atomic_output(tmp_path / "out") as file:  # noqa: PT012
        os.unlink(file.name)
        os.symlink(evidence, file.name)
        file.write(b"new")
    assert evidence.read_bytes() == b"evidence"
    assert listing(tmp_path) == ["evidence"]


@pytest.mark.parametrize("link", [True, False])
def test_a_folder_that_is_swapped_meanwhile_gets_nothing_and_keeps_nothing(tmp_path: Path, link: bool) -> None:
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (other / "out").write_bytes(b"evidence")
    with pytest.raises(OutputError, match="another folder took the name"), atomic_output(folder / "out", force=True) as file:  # noqa: PT012
        file.write(b"new")
        folder.rename(tmp_path / "moved")
        if link:
            folder.symlink_to(other)
        else:
            other.rename(folder)
    assert listing(tmp_path / "moved") == []
    assert (folder / "out").read_bytes() == b"evidence"
    assert listing(folder) == ["out"]


def test_a_folder_that_is_gone_meanwhile_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="no such file"), atomic_output(tmp_path / "folder" / "out") as file:  # noqa: PT012
        file.write(b"new")
        (tmp_path / "folder").rename(tmp_path / "moved")
    assert listing(tmp_path / "moved") == []


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for n in range(5):
        with atomic_outputs([tmp_path / f"a{n}", tmp_path / f"b{n}"]):
            pass
        with pytest.raises(RuntimeError), atomic_output(tmp_path / f"c{n}"):
            raise RuntimeError
    assert before == (len(os.listdir("/proc/self/fd")) if before else 0)


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


def test_names_with_newlines_and_escapes_never_reach_a_terminal_raw(tmp_path: Path) -> None:
    name = "pacct\n\x1b[31m\x9b2J\u202e"
    (tmp_path / name).write_bytes(DAMAGED.read_bytes())
    (tmp_path / f"{name}j").write_bytes(b"LPKSHHRH" + bytes(300))
    runs = [
        ("scan", name),
        ("repair", name, "-o", f"{name}o", "--report", f"{name}r", "--quarantine", f"{name}q"),
        ("repair", name, name, "-o", f"{name}o"),
        ("repair", name, "-o", f"{name}o", "--force"),
        ("repair", name, f"{name}r", "-o", f"{name}m"),
        ("verify", f"{name}r"),
        ("verify", f"{name}r", "--input", f"{name}none"),
        ("verify", name),
        ("cookie-stats", name, f"{name}none"),
        ("damage", name, "-o", f"{name}d", "-k", "bit-flip"),
        ("explain", f"{name}@20"),
        ("scan", "--formats", f"{name}.py", name),
        ("scan", "--json", name),
        ("scan", f"{name}j"),
    ]
    for words in runs:
        done = run(*words, cwd=tmp_path)
        text = (done.stdout + done.stderr).decode()
        assert text
        assert not set(text) & set("\x1b\x9b\u202e"), words
        assert "pacct\n" not in text, words


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("command", ["scan", "repair", "verify", "explain", "cookie-stats"])
def test_the_evidence_is_opened_to_read_and_nothing_else_is_done_to_it(tmp_path: Path, command: str) -> None:
    evidence = tmp_path / "evidence"
    evidence.write_bytes(DAMAGED.read_bytes())
    report = tmp_path / "report.json"
    words = {
        "scan": ["scan", evidence, "--records", tmp_path / "r.csv"],
        "repair": ["repair", evidence, "-o", tmp_path / "out", "--report", report, "--quarantine", tmp_path / "aside"],
        "verify": ["verify", report],
        "explain": ["explain", f"{evidence}@20"],
        "cookie-stats": ["cookie-stats", evidence],
    }
    if command == "verify":
        assert run(*words["repair"]).returncode == 1
    trace = tmp_path / "trace"
    calls = (
        "open,openat,openat2,creat,truncate,rename,renameat,renameat2,link,linkat,symlinkat,unlink,unlinkat,chmod,fchmodat,chown"
    )
    tracing = ["strace", "-f", "-o", trace, "-e", f"trace={calls},setxattr,utimensat"]
    done = subprocess.run([*map(str, tracing), *COMMAND, *map(str, words[command])], capture_output=True, check=False)
    if not trace.exists() or b"ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    touched = [line for line in trace.read_text().splitlines() if f'"{evidence}"' in line and "ENOENT" not in line]
    assert touched
    assert all("O_RDONLY" in line and "O_TRUNC" not in line and "O_CREAT" not in line for line in touched)


def test_an_immutable_file_is_scanned_and_repaired(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    evidence.write_bytes(DAMAGED.read_bytes())
    evidence.chmod(0o400)
    done = subprocess.run(["chattr", "+i", evidence], capture_output=True, check=False) if shutil.which("chattr") else None
    try:
        assert run("repair", evidence, *OUTPUTS, cwd=tmp_path).returncode == 1
        assert said(run("repair", evidence, "-o", evidence, "--force", cwd=tmp_path)).endswith(
            "is the input, which is never written to"
        )
    finally:
        if done is not None and not done.returncode:
            subprocess.run(["chattr", "-i", evidence], check=True)
    assert evidence.read_bytes() == DAMAGED.read_bytes()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("name", ["pacct", "it's", "a b", "x\n\x1b[31m\x9b'\\2\u202e", "\udcff\udcfe7", "\x0141"])
def test_the_command_to_paste_names_the_file_whatever_its_name(tmp_path: Path, name: str) -> None:
    assert quoted(name).isprintable()
    done = subprocess.run(["bash", "-c", f"printf %s {quoted(name)}"], capture_output=True, check=True)
    assert done.stdout == os.fsencode(name)
