"""BSM audit trails: records are found by their header and trailer tokens, as an independent writer wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest
from damage import CORPORA

from acctrecover import scan
from acctrecover.export import rows

BSM = CORPORA / "bsm"
SAMPLES = [BSM / "openbsm.bsm", BSM / "solaris.bsm"]
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


def test_a_size_that_takes_in_all_the_rest_is_not_believed() -> None:
    path = BSM / "solaris.bsm"
    at = places(path)[3][0]
    data = bytearray(path.read_bytes())
    data[at + 3] ^= 0x10
    found = scan(bytes(data))
    assert found.counts["intact"] + found.counts["healed"] == 50
