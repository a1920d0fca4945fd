"""BSM audit trails: records are found by their header and trailer tokens, as an independent writer wrote them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from damage import CORPORA, faults, wounds

from acctrecover import repair, scan
from acctrecover.export import rows

BSM = CORPORA / "bsm"
SAMPLES = [BSM / "openbsm.bsm", BSM / "solaris.bsm"]
SEEDS = {"openbsm": "5", "solaris": "6"}
TOKENS = {17: {"file"}, 0x14: {"header32"}, 0x15: {"hdr32_v4", "hdr32_v6"}, 0x74: {"header64"}}
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def told(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.with_suffix(".truth").read_text().splitlines()]


def places(path: Path) -> list[tuple[int, int]]:
    return [(int(words[0]), int(words[1])) for words in told(path)]


@each_sample
def test_every_record_decodes_as_the_independent_writer_wrote_it(path: Path) -> None:
    found = scan(path)
    assert found.whole
    assert [(e.format, e.byte_order, e.records) for e in found.extents] == [("bsm", "big", len(told(path)))]
    for row, (at, size, token, *values) in zip(rows(found), told(path), strict=True):
        assert (row["offset"], row["record_size" if "record_size" in row else "size"]) == (int(at), int(size))
        assert row["type"] in TOKENS[int(token)]
        names = ("seconds", "msec", "name") if row["type"] == "file" else ("version", "event", "modifier", "seconds", "msec")
        assert [str(row[name]) for name in names] == values


@each_sample
def test_a_whole_sample_comes_out_byte_for_byte(path: Path, tmp_path: Path) -> None:
    assert repair(path, tmp_path / "out").lossless
    assert (tmp_path / "out").read_bytes() == path.read_bytes()


FILE_TOKEN = 0x11


@each_sample
def test_no_single_wound_costs_an_untouched_record_or_invents_one(path: Path) -> None:
    truth = places(path)[:14]
    data = path.read_bytes()[: sum(truth[-1])]
    weak = {"lost an untouched record at 0"} if data[0] == FILE_TOKEN else set()  # beside a wound it proves too little
    wrong = [(w.name, at, f) for at in range(0, len(data), 61) for w in wounds(data, at) if (f := set(faults(w, truth)) - weak)]
    assert wrong == []


def test_a_size_that_takes_in_all_the_rest_is_not_believed() -> None:
    path = BSM / "solaris.bsm"
    at = places(path)[3][0]
    data = bytearray(path.read_bytes())
    data[at + 3] ^= 0x10
    found = scan(bytes(data))
    assert found.counts["intact"] + found.counts["healed"] == 50


def test_every_sample_is_what_the_program_beside_it_writes(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed: the independent writer cannot be compiled")
    writer, out, truth = tmp_path / "bsm", tmp_path / "out", tmp_path / "truth"
    subprocess.run(["gcc", "-std=gnu11", "-o", writer, BSM / "bsm.c"], check=True)
    for path in SAMPLES:
        subprocess.run([writer, path.stem, SEEDS[path.stem], "48", out, truth], check=True)
        assert out.read_bytes() == path.read_bytes()
        assert truth.read_bytes() == path.with_suffix(".truth").read_bytes()
