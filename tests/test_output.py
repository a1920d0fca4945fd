"""Claims about files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acctrecover.errors import OutputError
from acctrecover.output import atomic_output


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


def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="exists"), atomic_output(tmp_path / "out"):
        pass


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
    def unsupported(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

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
