"""Claims about looking at a part of an input: --start, --length, --mapfile-in, and mapfiles written."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from command import run, said
from damage import CORPORA

from acctrecover import cookie_stats, explain, repair, scan
from acctrecover.errors import AcctrecoverError, SourceError
from acctrecover.extent import Extent
from acctrecover.joined import open_joined
from acctrecover.mapfile import mapfile_lines, read_mapfile
from acctrecover.sizes import quantity
from acctrecover.window import looked_at

SAMPLE = CORPORA / "linux-v3" / "pacct-v3"
DATA = SAMPLE.read_bytes()
HEAD = "# Mapfile. Created by GNU ddrescue version 1.27\n0x00000000     +               1\n"


@pytest.fixture
def mapfile(tmp_path: Path) -> Path:
    where = tmp_path / "map"
    where.write_text(HEAD + "0x0 0x1000 +\n0x1000 0x200 -\n0x1200 0x1000 +\n0x2200 0x200 *\n0x2400 0x100000 +\n")
    return where


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0", 0), ("512", 512), ("010", 10), ("0x200", 512), ("4Ki", 4096), ("1.5MiB", 3 << 19), ("0x2Gi", 2 << 30)],
)
def test_bytes_are_said_in_decimal_hex_and_binary_units(text: str, octets: int) -> None:
    assert quantity("--start", text) == octets


@pytest.mark.parametrize("text", ["", "-1", "4k", "4 Ki", "1e3", "0.3Ki", "Ki", "0x", "1_000"])
def test_what_is_no_number_of_bytes_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(AcctrecoverError, match="--start"):
        quantity("--start", text)


def test_a_window_has_the_offsets_of_the_input_and_the_digest_of_its_own_bytes() -> None:
    with looked_at(SAMPLE, start=640, length=1280) as source:
        found = scan(source)
    assert found.whole
    assert (found.size, found.sha256) == (len(DATA), hashlib.sha256(DATA[640:1920]).hexdigest())
    assert [(extent.start, extent.stop, extent.records) for extent in found.extents] == [(640, 1920, 20)]
    assert found.records["offset"].tolist() == list(range(640, 1920, 64))


def test_windows_side_by_side_tile_the_input_and_find_every_record_that_no_border_cuts() -> None:
    records = 0
    for start in range(0, len(DATA), 1000):
        with looked_at(DATA, start=start, length=1000) as source:
            found = scan(source)
        assert (found.extents[0].start, found.extents[-1].stop) == (start, min(start + 1000, len(DATA)))
        records += found.counts["intact"]
    cut = sum(border % 64 > 0 for border in range(1000, len(DATA), 1000))
    assert records == len(DATA) // 64 - cut


def test_a_record_cut_by_the_end_of_a_window_is_a_truncated_tail() -> None:
    with looked_at(DATA, start=64, length=100) as source:
        assert [gap.cause for gap in scan(source, ["acct_v3"]).gaps] == ["truncated tail"]


def test_a_window_behind_the_end_or_of_no_bytes_is_refused_in_one_line() -> None:
    for how in ({"start": len(DATA)}, {"length": 0}):
        with pytest.raises(SourceError, match="nothing of its 13,952 bytes is in a window"):
            looked_at(SAMPLE, **how)


def test_a_repair_writes_and_sets_aside_what_is_in_the_window_only(tmp_path: Path) -> None:
    torn = DATA[:1000] + DATA[1064:]
    with looked_at(torn, start=640, length=1280) as source:
        fixed = repair(source, tmp_path / "out", quarantine=tmp_path / "aside")
    out, aside = (tmp_path / "out").read_bytes(), (tmp_path / "aside").read_bytes()
    assert len(out) + len(aside) == 1280
    assert len(out) == 64 * fixed.kept
    assert out.startswith(torn[640:960])


def test_words_are_counted_in_the_window_only_at_even_offsets_of_the_input() -> None:
    with looked_at(DATA, start=11, length=100) as source:
        stats = cookie_stats(source)
    assert (stats.bytes, stats.words) == (100, 49)
    assert (stats.counts == cookie_stats(DATA[12:110]).counts).all()


def test_a_byte_outside_the_window_is_not_explained() -> None:
    with looked_at(SAMPLE, start=640, length=1280) as source:
        assert explain(source, 700).start == 640
        with pytest.raises(AcctrecoverError, match="0x0 is not in the window"):
            explain(source, 0)


def test_what_a_mapfile_calls_unread_is_a_gap_of_that_cause_whatever_stands_there(mapfile: Path) -> None:
    with looked_at(SAMPLE, mapfile=mapfile) as source:
        found = scan(source)
    assert [(gap.start, gap.stop, gap.cause, gap.held) for gap in found.gaps] == [
        (0x1000, 0x1200, "unread", 8),
        (0x2200, 0x2400, "unread", 8),
    ]
    assert found.counts["intact"] == 218 - 16
    assert found.sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_record_of_which_two_parts_were_never_read_is_one_suspect(tmp_path: Path) -> None:
    data = (CORPORA / "login" / "wtmp").read_bytes()[: 384 * 10]
    (tmp_path / "in").write_bytes(data)
    (tmp_path / "map").write_text("0 +\n0 1300 +\n1300 2 -\n1302 98 +\n1400 3 -\n1403 8000 +\n")
    with looked_at(str(tmp_path / "in"), mapfile=tmp_path / "map") as source:
        found = scan(source)
    odd = [each.reason for extent in found.extents for each in extent.oddities]
    assert odd == ["5 of its bytes were not read (unread)"]
    assert (found.counts["intact"], found.counts["suspect"]) == (9, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "an essay\n",
        HEAD + "0 0x100 x\n",
        HEAD + "0x200 0x100 +\n0x100 0x100 -\n",
        HEAD + "0 -1 +\n",
        HEAD + "0 1\n",
    ],
)
def test_what_is_no_mapfile_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "map").write_text(text)
    with pytest.raises(SourceError, match=r"map: (not a ddrescue mapfile|line \d: not a block)"):
        read_mapfile(tmp_path / "map")


def test_a_mapfile_that_is_binary_or_missing_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "map").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not a ddrescue mapfile"):
        read_mapfile(tmp_path / "map")
    with pytest.raises(SourceError, match="no such file"):
        read_mapfile(tmp_path / "none")


def test_a_mapfile_written_tiles_the_input_and_is_read_back_as_what_is_no_record(tmp_path: Path) -> None:
    extents = [
        Extent("chain", 0, 640),
        Extent("chain", 640, 1280, cause="stale records"),
        Extent("gap", 1280, 1300, cause="zero run"),
        Extent("gap", 1300, 1400, cause="foreign data"),
        Extent("gap", 1400, 9000, cause="hole"),
        Extent("chain", 9000, 9064),
    ]
    (tmp_path / "map").write_text("\n".join(mapfile_lines(extents)) + "\n")
    rows = [line.split() for line in (tmp_path / "map").read_text().splitlines() if not line.startswith("#")]
    assert rows[0] == ["0x00000000", "+", "1"]
    assert [(int(at, 0), int(size, 0), status) for at, size, status in rows[1:]] == [
        (0, 1280, "+"),
        (1280, 120, "-"),
        (1400, 7600, "?"),
        (9000, 64, "+"),
    ]
    assert read_mapfile(tmp_path / "map") == [(1280, 1400, "unread"), (1400, 9000, "unread")]


def test_the_command_looks_at_a_window_and_says_how_to_repair_the_same(tmp_path: Path, mapfile: Path) -> None:
    words = ["--start", "0x400", "--length", "8Ki", "--mapfile-in", mapfile]
    done = run("scan", SAMPLE, *words, "--mapfile", tmp_path / "out")
    text = done.stdout.decode()
    assert done.returncode == 1
    assert f"bytes 0x400 to 0x2400 of 13,952, SHA-256 {hashlib.sha256(DATA[0x400:0x2400]).hexdigest()} of these" in text
    assert "gap: unread" in text
    assert f"repair {SAMPLE} --start 1024 --length 8192 --mapfile-in {mapfile} -o" in text
    assert read_mapfile(tmp_path / "out") == [(0x1000, 0x1200, "unread"), (0x2200, 0x2400, "unread")]
    source = json.loads(run("scan", "--json", SAMPLE, *words).stdout.splitlines()[0])
    assert (source["start"], source["stop"], source["voids"]["unread"]) == (0x400, 0x2400, {"areas": 2, "bytes": 1024})
    assert run("repair", SAMPLE, *words, "-n").returncode == 1
    assert json.loads(run("cookie-stats", "--json", SAMPLE, *words).stdout)["bytes"] == 7168
    assert run("explain", f"{SAMPLE}@0x400", *words).returncode == 0


def test_the_command_never_writes_over_the_mapfile_it_reads(tmp_path: Path, mapfile: Path) -> None:
    before = mapfile.read_bytes()
    assert "is the input" in said(run("scan", SAMPLE, "--mapfile-in", mapfile, "--mapfile", mapfile, "--force"))
    assert mapfile.read_bytes() == before
    assert "--mapfile takes one input" in said(run("scan", SAMPLE, SAMPLE, "--mapfile", tmp_path / "x"))
    assert "take one copy" in said(run("repair", SAMPLE, SAMPLE, "--start", "1", "-n"))


def test_a_repair_of_a_window_is_checked_by_its_report(tmp_path: Path) -> None:
    from acctrecover.verifying import verify

    path = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
    words = ("--start", "4Ki", "--length", "8Ki", "-o", tmp_path / "out", "--report", tmp_path / "report")
    assert run("repair", path, *words).returncode == 1
    done = verify(tmp_path / "report")
    assert [check for check in done.checks if check.holds is False] == []
    assert sum(check.holds is True for check in done.checks) > 10


def test_a_window_of_a_compressed_or_joined_input_is_of_the_stream(tmp_path: Path, mapfile: Path) -> None:
    paths = [tmp_path / "a.gz", tmp_path / "b"]
    paths[0].write_bytes(gzip.compress(DATA[:5000]))
    paths[1].write_bytes(DATA[5000:])
    words = ("--start", "640", "--length", "0x1400")
    told = f"bytes 0x280 to 0x1680 of 13,952, SHA-256 {hashlib.sha256(DATA[640:5760]).hexdigest()} of these"
    text = run("scan", "--joined", *paths, *words).stdout.decode()
    assert f"2 files as one stream: {told}" in text
    assert "80 records acct_v3" in text
    assert hashlib.sha256(paths[0].read_bytes()).hexdigest() in text
    part = run("scan", paths[0], "--start", "640", "--length", "1Ki").stdout.decode()
    assert f"bytes 0x280 to 0x680 of 5,000, SHA-256 {hashlib.sha256(DATA[640:1664]).hexdigest()} of these" in part
    torn = run("scan", "--joined", *paths, "--start", "1", "--most", "4Ki").stdout.decode()
    assert f"next: acctrecover repair {paths[0]} {paths[1]} --joined --most 4096 --start 1 -o {paths[1]}.recovered" in torn
    counted = json.loads(run("cookie-stats", "--json", "--joined", *paths, *words).stdout)
    assert counted["bytes"] == 0x1400
    assert run("explain", f"{paths[0]}@0x400", "--start", "0x400", "--most", "1Mi").returncode == 0
    for joined in ((paths[0],), ("--joined", *paths), ("--joined", paths[1], paths[1])):
        assert "a mapfile is of one file as it stands" in said(run("scan", *joined, "--mapfile-in", mapfile))


def test_a_break_outside_the_window_is_no_damage_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(DATA)[:1500])
    with looked_at(path, length=640) as source:
        assert scan(source).whole
    with looked_at(path, start=640) as source:
        found = scan(source)
        assert not found.whole
        assert len(found.breaks) == 1
        assert found.extents[0].start == 640
        assert found.extents[-1].stop == source.size


def test_voids_of_joined_files_are_those_of_the_stream_at_its_offsets(tmp_path: Path) -> None:
    sparse, bare = tmp_path / "sparse", tmp_path / "bare"
    bare.write_bytes(DATA[:1000])
    with sparse.open("wb") as file:
        file.write(DATA[1000:])
        file.truncate(1 << 22)
    with open_joined([bare, sparse]) as source:
        holes = list(source.voids)
        assert [cause for _, _, cause in holes] == ["hole"]
        assert holes[0][1] == 1000 + (1 << 22)
        assert holes[0][0] >= len(DATA)
        found = scan(source)
        assert found.sha256 == hashlib.sha256(DATA + bytes(1000 + (1 << 22) - len(DATA))).hexdigest()
    assert found.counts["intact"] == len(DATA) // 64
    assert found.extents[-1].cause == "hole"
