"""Claims about several files that are one stream: a log and its rotations."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from command import run, said
from damage import CORPORA
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import repair, scan
from acctrecover.errors import AcctrecoverError, SourceError
from acctrecover.given import by_clocks
from acctrecover.joined import open_joined
from acctrecover.sizes import quantity

V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
EDGES = (0, 5000, 9000, 12001, len(V3))
"""None of them, but the first and the last, is where a record ends."""


@pytest.fixture
def rotated(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("pacct.3.gz", "pacct.2.gz", "pacct.1", "pacct")]
    for path, start, stop in zip(paths, EDGES[:-1], EDGES[1:], strict=True):
        path.write_bytes(gzip.compress(V3[start:stop]) if path.suffix == ".gz" else V3[start:stop])
    return paths


def test_records_torn_by_a_rotation_are_whole_and_each_file_has_its_hash(rotated: list[Path]) -> None:
    assert sum(len(scan(path).gaps) for path in rotated) == 6
    with open_joined(rotated) as source:
        found = scan(source)
    assert found.whole
    assert found.sha256 == hashlib.sha256(V3).hexdigest()
    assert [(part.start, part.stop) for part in found.parts] == [(0, 5000), (5000, 9000), (9000, 12001), (12001, 13952)]
    given_hashes = [part.packed.sha256 if part.packed else part.sha256 for part in found.parts]
    assert given_hashes == [hashlib.sha256(path.read_bytes()).hexdigest() for path in rotated]
    assert found.records["offset"].tolist() == list(range(0, len(V3), 64))  # also after the files were closed
    assert by_clocks(found) is None


def test_json_has_a_source_for_each_file_and_says_in_which_an_extent_is(rotated: list[Path]) -> None:
    done = run("scan", "--json", "--joined", *rotated)
    joined, *rest = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert (joined["kind"], joined["inputs"], joined["size"], joined["by_clocks"]) == ("joined", 4, len(V3), None)
    assert [(each["kind"], each["path"], each["start"], each["stop"]) for each in rest[:4]] == [
        ("part", str(path), start, stop) for path, start, stop in zip(rotated, EDGES[:-1], EDGES[1:], strict=True)
    ]
    assert rest[2]["sha256"] == hashlib.sha256(V3[9000:12001]).hexdigest()
    assert rest[4]["in"] == [
        {"path": str(path), "start": 0, "stop": stop - start}
        for path, start, stop in zip(rotated, EDGES[:-1], EDGES[1:], strict=True)
    ]


def test_an_order_that_clocks_contradict_is_told_with_theirs(tmp_path: Path) -> None:
    late, early = tmp_path / "late", tmp_path / "early"
    late.write_bytes(V3[64 * 150 :])
    early.write_bytes(V3[: 64 * 20])
    lines = run("scan", "--joined", late, early).stdout.decode().splitlines()
    assert f"by the clocks of their records the order is another: {early} {late}" in lines
    assert "order is another" not in run("scan", "--joined", early, late).stdout.decode()
    first = json.loads(run("scan", "--json", "--joined", late, early).stdout.splitlines()[0])
    assert first["by_clocks"] == [str(early), str(late)]


def test_a_break_in_one_of_them_is_told_by_offsets_of_the_stream_and_of_the_file(rotated: list[Path]) -> None:
    octets = rotated[1].read_bytes()[:400]
    rotated[1].write_bytes(octets)
    done = run("scan", "--json", "--joined", *rotated)
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    (broke,) = (each for each in objects if each["kind"] == "break")
    assert done.returncode == 1
    assert (broke["path"], broke["packed_at"], broke["unproved_from"]) == (str(rotated[1]), 400, 5000)
    gap = next(each for each in objects if each["kind"] == "gap")
    assert gap["start"] <= broke["at"] <= gap["stop"]
    assert gap["cause"] == "compressed data cut off"
    assert objects[-1]["records"]["intact"] == broke["at"] // 64 + (len(V3) - 9000) // 64


def test_a_repair_writes_one_stream_of_them_and_never_one_of_them(rotated: list[Path], tmp_path: Path) -> None:
    done = run("repair", "--joined", *rotated, "-o", tmp_path / "out", "--report", tmp_path / "report")
    assert done.returncode == 0
    assert (tmp_path / "out").read_bytes() == V3
    told = json.loads((tmp_path / "report").read_text())["inputs"][0]
    assert [each["path"] for each in told["joined"]] == [str(path) for path in rotated]
    for path in rotated:
        assert "is the input" in said(run("repair", "--joined", *rotated, "-o", path, "--force"))


def test_cookie_stats_count_the_words_across_borders(rotated: list[Path]) -> None:
    joined = json.loads(run("cookie-stats", "--json", "--joined", "--align", 1, *rotated).stdout)
    assert (joined["bytes"], joined["words"]) == (len(V3), len(V3) - 1)
    assert json.loads(run("cookie-stats", "--json", "--align", 1, *rotated).stdout)["words"] == len(V3) - 4


def test_rows_of_records_are_those_of_the_one_stream(rotated: list[Path], tmp_path: Path) -> None:
    done = run("scan", "--joined", *rotated, "--records", tmp_path / "r.jsonl")
    assert done.returncode == 0
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == len(V3) // 64


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=5), st.integers(-2, 50), st.integers(-2, 50))
def test_a_joined_source_reads_like_its_bytes_in_one(pieces: list[bytes], start: int, stop: int) -> None:
    whole = b"".join(pieces)
    with open_joined(pieces) as source, source.again() as again:
        assert source.size == len(whole)
        assert source.read(start, stop) == again.read(start, stop) == whole[max(0, start) : max(0, stop)]
        assert source.sha256() == hashlib.sha256(whole).hexdigest()


def test_another_file_under_one_of_the_names_is_not_taken_for_it(rotated: list[Path]) -> None:
    with open_joined(rotated) as source:
        found = scan(source)
    rotated[3].rename(rotated[3].with_suffix(".old"))
    rotated[3].write_bytes(V3)
    with pytest.raises(SourceError, match="another file has taken its name"):
        len(found.records)


def test_standard_input_is_one_of_them_at_most_once() -> None:
    assert "only be read once" in said(run("scan", "--joined", "-", "-", stdin=b""))


def test_a_repair_in_python_takes_what_was_joined(rotated: list[Path], tmp_path: Path) -> None:
    with open_joined(rotated) as source:
        assert repair(source, tmp_path / "out").lossless
    assert (tmp_path / "out").read_bytes() == V3


@pytest.mark.parametrize(("text", "size"), [("512", 512), ("0x200", 512), ("4Ki", 4096), ("2GiB", 2 << 30), (None, None)])
def test_sizes_are_read_as_people_write_them(text: str | None, size: int | None) -> None:
    assert quantity("--most", text) == size


@pytest.mark.parametrize("text", ["", "-1", "4K", "1e3", "Gi"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(AcctrecoverError, match=r"--most .*: say bytes as"):
        quantity("--most", text)
