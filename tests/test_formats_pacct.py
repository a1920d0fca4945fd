"""Process accounting of other systems than Linux decodes as its independent writers, or the systems' own tools, say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from damage import CORPORA, Wound, faults, wounds

from acctrecover import repair, scan
from acctrecover.dialect import dialects
from acctrecover.export import rows
from acctrecover.extent import tiles
from acctrecover.fixed import Fixed
from acctrecover.registry import load_formats

PACCT = CORPORA / "pacct"
SAMPLES = sorted(path for order in ("le", "be") for path in PACCT.glob(f"*.{order}"))
LASTCOMM = CORPORA.parent.parent / "shared" / "specimens" / "freebsd93-lastcomm"
ORDERS = {"le": "little", "be": "big"}
STRONG = {f"freebsd_v{version}_{abi}" for version in (2, 3) for abi in ("ilp32", "lp64")}
"""Formats whose records prove themselves one by one. Those of the others are in doubt next to a wound."""
MISTAKEN = {"netbsd_i386": "freebsd_v1_lp64", "openbsd_56": "freebsd_v1_lp64"}
"""Formats of which a stretch may also be valid as another of the same size."""
EVERY = os.environ.get("ACCTRECOVER_SWEEP") == "1"


def truth(path: Path) -> tuple[list[list[str]], list[dict[str, str]]]:
    """The (name, offset, size) lines and the records of an independent writer."""
    layout, _, records = path.with_name(f"{path.stem}-{path.suffix[1:]}.truth").read_text().partition("\n\n")
    fields = [line.split() for line in layout.splitlines()]
    names = [name for name, _, _ in fields[1:]]
    return fields, [dict(zip(names, line.split("\t"), strict=False)) for line in records.splitlines()]


def dialect(path: Path) -> Fixed:
    """The dialect that a sample's name says."""
    every = dialects(list(load_formats().values()))
    return next(d for d in every if isinstance(d, Fixed) and (d.name, d.order) == (path.stem, ORDERS[path.suffix[1:]]))


each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)


@each_sample
def test_a_layout_is_that_of_the_c_struct(path: Path) -> None:
    (_, _, size), *fields = truth(path)[0]
    dtype = dialect(path).shape.dtype
    assert dtype.itemsize == int(size)
    ours = [[name, str(dtype.fields[name][1]), str(dtype[name].itemsize)] for name, _, _ in fields]  # type: ignore[index]
    assert ours == fields


@each_sample
def test_every_field_decodes_as_the_independent_writer_wrote_it(path: Path) -> None:
    found = scan(path)
    assert [(e.kind, e.format, e.byte_order, e.records) for e in found.extents] == [
        ("chain", path.stem, ORDERS[path.suffix[1:]], 48)
    ]
    for row, wrote in zip(rows(found), truth(path)[1], strict=True):
        texts = {name: row.get(f"{name}_text", row[name]) if name == "ac_comm" else row[name] for name in wrote}
        assert {name: value if isinstance(value, str) else str(int(value)) for name, value in texts.items() if value != ""} == {
            name: value for name, value in wrote.items() if value != ""
        }


@each_sample
def test_a_clock_rises_from_exit_to_exit(path: Path) -> None:
    clocks = [row["clock_seconds"] for row in rows(scan(path))]
    assert all(later >= earlier - 2 for earlier, later in pairwise(clocks))
    assert clocks[-1] > clocks[0]


@each_sample
def test_a_whole_sample_comes_out_byte_for_byte(path: Path, tmp_path: Path) -> None:
    assert repair(path, tmp_path / "out").lossless
    assert (tmp_path / "out").read_bytes() == path.read_bytes()


def test_every_sample_is_what_the_program_beside_it_writes(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed: the independent writer cannot be compiled")
    writer = tmp_path / "pacct"
    subprocess.run(["gcc", "-std=gnu11", "-o", writer, PACCT / "pacct.c"], check=True)
    for path in SAMPLES:
        out, told = tmp_path / "out", tmp_path / "truth"
        subprocess.run([writer, path.stem, path.suffix[1:], "48", out, told], check=True)
        assert out.read_bytes() == path.read_bytes()
        assert told.read_bytes() == path.with_name(f"{path.stem}-{path.suffix[1:]}.truth").read_bytes()


LINE = re.compile(r"(\S+) +-([FSCDX]*) +(\S+) +(?:\S+ +)?([\d.]+) secs +([\d.]+) us +([\d.]+) sy +([\d.]+) es (.*)")


@pytest.mark.parametrize(
    ("name", "zone", "dialect", "count"),
    [
        ("v1-amd64", -5, ("freebsd_v1_lp64", "little"), 28),
        ("v2-i386", 3, ("freebsd_v2_ilp32", "little"), 28),
        ("v2-sparc64", 2, ("freebsd_v2_lp64", "big"), 36),
    ],
)
def test_freebsd_records_decode_as_its_lastcomm_prints_them(name: str, zone: int, dialect: tuple[str, str], count: int) -> None:
    path = LASTCOMM / f"{name}-acct.in"
    if not path.exists():
        pytest.skip("the FreeBSD 9.3 lastcomm specimens, which are not distributed, are not beside the checkout")
    found = scan(path)
    assert [(e.kind, e.format, e.byte_order, e.records) for e in found.extents] == [("chain", *dialect, count)]
    lines = (LASTCOMM / f"{name}.out").read_text().splitlines()
    for row, line in zip(rows(found), reversed(lines), strict=True):
        match = LINE.fullmatch(line)
        assert match, line
        comm, letters, _, _, user, system, elapsed, when = match.groups()
        assert row["ac_comm_text"] == comm
        words = set(row["ac_flag_text"].split("|")) - {"ANVER", "-"}
        assert words == {{"F": "AFORK", "S": "ASU", "C": "ACOMPAT", "D": "ACORE", "X": "AXSIG"}[letter] for letter in letters}
        times = [row["utime_seconds"], row["stime_seconds"], row["etime_seconds"]]
        assert times == pytest.approx([float(user), float(system), float(elapsed)], abs=0.0006)
        began = datetime.fromtimestamp(row["ac_btime"], UTC) + timedelta(hours=zone)
        assert began.strftime("%a %b %e %H:%M") == when.strip()


def test_a_file_that_an_upgrade_went_through_gives_all_its_versions() -> None:
    parts = [(PACCT / f"freebsd_v{version}_lp64.le").read_bytes() for version in (1, 2, 3)]
    found = scan(b"".join(parts))
    assert [(e.kind, e.format, e.records) for e in found.extents] == [
        ("chain", "freebsd_v1_lp64", 48),
        ("chain", "freebsd_v2_lp64", 48),
        ("chain", "freebsd_v3_lp64", 48),
    ]


def strayed(wound: Wound, size: int, sample: Path) -> list[str]:
    """What is wrong with the records of a wounded sample that are more than three records away from the wound."""
    found = scan(wound.data)
    far = 3 * size
    names = {sample.stem, MISTAKEN.get(sample.stem)}
    truth = {wound.moved(at, size): at for at in range(0, 32 * size, size) if abs(at + size // 2 - wound.at) > far}
    seen = {int(row["offset"]): (int(row["size"]), str(row["format"]), str(row["status"])) for row in found.records}
    out = [] if tiles(found.extents, len(wound.data)) else ["extents do not tile"]
    for place in truth.keys() - {None}:
        width, name, status = seen.get(place, (0, "", ""))
        if width != size or name not in names or status != "intact":
            out.append(f"lost {place}")
    return out + [f"invented {at}" for at in seen if abs(at + size // 2 - wound.at) > far + size and at not in truth]


@each_sample
def test_a_wound_costs_no_untouched_record_and_invents_none(path: Path) -> None:
    size = dialect(path).size
    data = path.read_bytes()[: 32 * size]
    records = [(at, size) for at in range(0, len(data), size)]
    wrong = []
    for at in range(8 * size + size // 3, len(data), 1 if EVERY else 5 * size + 7):
        for wound in wounds(data, at):
            found = faults(wound, records) if path.stem in STRONG else strayed(wound, size, path)
            wrong += [(wound.name, wound.at, fault) for fault in found]
    assert wrong == []
