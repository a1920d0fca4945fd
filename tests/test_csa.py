"""SGI CSA: every record decodes as an independent writer says, and what csaverify calls bad is found and can be cut by csaedit."""

from __future__ import annotations

import random
import struct
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from command import run, said
from damage import CORPORA

from acctrecover import scan
from acctrecover.export import rows
from acctrecover.framed import FramedDialect
from acctrecover.offsets import END_OF_FILE, unsound_ranges
from acctrecover.scanning import compiled

CSA = CORPORA / "csa"
SAMPLES = sorted(path for order in ("le", "be") for path in CSA.glob(f"*.{order}"))
ORDERS = {"le": "little", "be": "big"}
HEADER = ["ah_magic", "ah_revision", "ah_type"]
"""Fields that are the record's type, or always the same."""
LINKED = {"acctmem", "acctio", "acctdelay"}

each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)


def told(path: Path) -> tuple[dict[str, tuple[int, list[str]]], list[tuple[int, int, str, dict[str, str]]]]:
    """The structs, {record: (size, "field=offset:size" words)}, and the records, (offset, size, record, fields), of the writer."""
    lines = [line.split("\t") for line in path.with_name(f"{path.stem}-{path.suffix[1:]}.truth").read_text().splitlines()]
    structs = {words[1]: (int(words[2]), words[3:]) for words in lines if words[0] == "layout"}
    records = [
        (int(words[0]), int(words[1]), words[2], dict(word.split("=", 1) for word in words[3:]))
        for words in lines
        if words[0] != "layout"
    ]
    return structs, records


def dialect(path: Path) -> FramedDialect:
    every = compiled((), None, ())
    return next(d for d in every if isinstance(d, FramedDialect) and (d.name, d.order) == (path.stem, ORDERS[path.suffix[1:]]))


@each_sample
def test_every_field_decodes_as_the_independent_writer_wrote_it(path: Path) -> None:
    found = scan(path)
    records = told(path)[1]
    assert found.whole
    assert [(e.format, e.byte_order, e.records) for e in found.extents] == [(path.stem, ORDERS[path.suffix[1:]], len(records))]
    for row, (offset, size, name, fields) in zip(rows(found), records, strict=True):
        assert (row["offset"], row["size"]) == (offset, size)
        if "site" in name:
            assert row["type"] == name.upper().replace("KERNEL", "KERN").replace("DAEMON", "DMD")
            continue
        assert row["type"] == name
        for field in HEADER:
            fields.pop(field)
        ours = {field: row[f"record_{field}" if field == "type" else field] for field in fields}
        assert {field: value if isinstance(value, str) else f"{value:.17g}" for field, value in ours.items()} == {
            field: value if isinstance(ours[field], str) else f"{float(value) if 'sbu' in field else int(value):.17g}"
            for field, value in fields.items()
        }


@each_sample
def test_the_clock_is_that_of_the_exit(path: Path) -> None:
    clocks = [row["clock_seconds"] for row in rows(scan(path)) if "clock_seconds" in row]
    assert all(later >= earlier - 1 for earlier, later in pairwise(clocks))


def entries(path: Path) -> list[tuple[int, int]]:
    """(start, stop) of what was written at once."""
    out: list[tuple[int, int]] = []
    for offset, size, name, _ in told(path)[1]:
        if name in LINKED:
            out[-1] = (out[-1][0], offset + size)
        else:
            out.append((offset, offset + size))
    return out


def verified(data: bytes, sizes: dict[int, int], order: str) -> list[str]:
    """What csaverify would find in a file: its reading of headers and entries, written anew from its description."""
    mark, magic = ("<", 0x314A) if order == "little" else (">", 0x3148)
    revisions = {0o4: 0o7000, 0o10: 0o7000}
    at, bad = 0, []
    while at < len(data):
        first = at
        more, follow, announced = True, 0, None
        while more:
            if at + 8 > len(data):
                return [*bad, f"no header at {at}"]
            found, revision, kind, flag, size = struct.unpack_from(f"{mark}HHBBH", data, at)
            site = kind in (0o100, 0o101, 0o200, 0o201)
            if found != magic or not (site or (kind in sizes and (revision, size) == (revisions.get(kind, 0o6000), sizes[kind]))):
                return [*bad, f"Unrecognizable data at {at}"]
            if at == first and kind in (0o2, 0o4, 0o10):
                bad.append(f"cannot be a primary record at {at}")
            if at > first and kind not in (0o2, 0o4, 0o10):
                bad.append(f"illegally linked at {at}")
            if kind == 0o1:
                second, _, _, _, announced = struct.unpack_from(f"{mark}HHBBH", data, at + 8)
                if second != magic ^ 0xFFFF:
                    bad.append(f"second header at {at}")
            follow += size if at > first else 0
            at += size
            more = bool(flag & 0x20)
        if at > len(data) or announced not in (None, follow):
            bad.append(f"{announced} bytes of linked records are announced at {first}, {follow} follow")
    return bad


def edited(data: bytes, lines: list[str]) -> bytes:
    """What csaedit -b leaves of a file."""
    out, at = b"", 0
    for line in lines:
        octal, decimal, length = line.replace("(", "").replace("),", "").split()
        offset = int(decimal)
        assert int(octal, 8) == offset >= at
        out += data[at:offset]
        at = len(data) if int(length) == END_OF_FILE else offset + int(length)
    return out + data[at:]


@cache
def sizes(path: Path) -> dict[int, int]:
    return {
        number: dialect(path).payload(number, 0).size + dialect(path).head
        for number, record in dialect(path).declared.types.items()
        if not record.lengths
    }


@each_sample
@pytest.mark.parametrize("seed", range(3))
def test_what_csaedit_leaves_of_a_wounded_file_is_all_good_to_csaverify(path: Path, seed: int, tmp_path: Path) -> None:
    rng, order = random.Random(f"{path.name} {seed}"), ORDERS[path.suffix[1:]]
    data = bytearray(path.read_bytes())
    assert verified(bytes(data), sizes(path), order) == []
    for _ in range(3):
        at = rng.randrange(len(data) - 64)
        gone, put = rng.choice([(0, 5), (1, 0), (40, 0), (30, 30)])
        data[at : at + gone] = rng.randbytes(put)
    (tmp_path / "pacct").write_bytes(data)
    assert run("scan", tmp_path / "pacct", "--csa-offsets", tmp_path / "offsets").returncode in (0, 1)  # a value may go unnoticed
    lines = (tmp_path / "offsets").read_text().splitlines()
    left = edited(bytes(data), lines)
    assert verified(left, sizes(path), order) == []
    assert len(left) > len(data) * 3 // 4


def reasons(data: bytes) -> list[str]:
    found = scan(data)
    words = [(odd.offset, odd.reason) for extent in found.chains for odd in extent.oddities]
    return [why for _, why in sorted(words + [(gap.start, gap.detail or "") for gap in found.gaps])]


def test_what_is_wrong_is_said_in_the_words_of_csaverify() -> None:
    path = CSA / "csa_lp64.le"
    data, records = path.read_bytes(), told(path)[1]
    entry = next(low for low, high in entries(path) if high - low == 136 + 112 + 56 + 72)
    at = {name: offset for offset, _, name, _ in records if entry <= offset < entry + 376}
    whole = data[entry : entry + 376]
    soj = next(data[offset : offset + size] for offset, size, name, _ in records if name == "acctsoj")
    assert reasons(data[:entry] + whole[136:] + data[entry + 376 :]) == ["Record 'acctmem' cannot be a primary record"]
    no_delay = reasons(data[: at["acctdelay"]] + data[entry + 376 :])
    assert no_delay == ["Incomplete record: 240 bytes of linked records are announced, 168 follow"]
    lied = bytearray(data)
    lied[entry + 14] = 112
    assert reasons(bytes(lied)) == [
        "Record 'acctcsa' has an illegally linked record: 112 bytes of linked records are announced, 240 follow"
    ]
    more = soj[:5] + bytes([soj[5] | 0x20]) + soj[6:]
    assert reasons(data[:entry] + more + data[entry:]) == ["acctsoj: no linked record broken"]
    assert reasons(data[:entry] + b"some other bytes" + data[entry:])[-1].startswith("Unrecognizable data: ")
    assert reasons(data[: at["acctcsa"] + 100])[-1].startswith("Incomplete record: the last record stops after 100 bytes")


def test_a_wound_up_to_the_end_has_the_length_that_means_the_end_of_file() -> None:
    data = (CSA / "csa_i386.le").read_bytes()
    assert list(unsound_ranges(scan(data))) == []
    assert list(unsound_ranges(scan(data[:-100]))) == [(len(data) - 200, END_OF_FILE)]
    assert next(unsound_ranges(scan(b"junk" + data))) == (0, 4)


def test_offsets_are_written_as_other_outputs_are(tmp_path: Path) -> None:
    path, out = CSA / "csa_lp64.be", tmp_path / "offsets"
    assert run("scan", path, "--csa-offsets", out).returncode == 0
    assert out.read_bytes() == b""
    assert "exists" in said(run("scan", path, "--csa-offsets", out))
    assert "is the input" in said(run("scan", path, "--csa-offsets", path, "--force"))
    assert "one input" in said(run("scan", path, path, "--csa-offsets", tmp_path / "o"))
    assert "different" in said(run("scan", path, "--csa-offsets", tmp_path / "o.jsonl", "--records", tmp_path / "o.jsonl"))
    both = run("scan", path, "--csa-offsets", tmp_path / "o", "--records", tmp_path / "o.jsonl")
    assert (both.returncode, len((tmp_path / "o.jsonl").read_text().splitlines())) == (0, 134)
