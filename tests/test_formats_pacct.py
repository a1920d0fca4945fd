"""Process accounting of other systems than Linux decodes as its independent writers, or the systems' own tools, say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from damage import CORPORA

from acctrecover import scan
from acctrecover.export import rows

PACCT = CORPORA / "pacct"
SAMPLES = sorted(path for order in ("le", "be") for path in PACCT.glob(f"*.{order}"))
LASTCOMM = CORPORA.parent.parent / "shared" / "specimens" / "freebsd93-lastcomm"
ORDERS = {"le": "little", "be": "big"}


def truth(path: Path) -> list[dict[str, str]]:
    """The records of an independent writer."""
    layout, *records = path.with_name(f"{path.stem}-{path.suffix[1:]}.truth").read_text().splitlines()
    names = [word.split("=")[0] for word in layout.split("\t")[3:]]
    return [dict(zip(names, line.split("\t"), strict=False)) for line in records]


each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)


@each_sample
def test_every_field_decodes_as_the_independent_writer_wrote_it(path: Path) -> None:
    found = scan(path)
    assert [(e.kind, e.format, e.byte_order, e.records) for e in found.extents] == [
        ("chain", path.stem, ORDERS[path.suffix[1:]], 48)
    ]
    for row, wrote in zip(rows(found), truth(path), strict=True):
        texts = {name: row.get(f"{name}_text", row[name]) if name == "ac_comm" else row[name] for name in wrote}
        assert {name: value if isinstance(value, str) else str(int(value)) for name, value in texts.items() if value != ""} == {
            name: value for name, value in wrote.items() if value != ""
        }


@each_sample
def test_a_clock_rises_from_exit_to_exit(path: Path) -> None:
    clocks = [row["clock_seconds"] for row in rows(scan(path))]
    assert all(later >= earlier - 2 for earlier, later in pairwise(clocks))
    assert clocks[-1] > clocks[0]


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
