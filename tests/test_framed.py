"""What a framed declaration offers beyond the cookie stream: rules for a cookie, wide types and lengths, alignment, a bound."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from acctrecover import load_formats, scan
from acctrecover.dialect import dialects
from acctrecover.errors import FormatError
from acctrecover.framed import FramedDialect
from acctrecover.result import Scan

HEAD = """
from construct import Bytes, Int16ul, Int32ul, Struct, this
from acctrecover.expr import BIG_ENDIAN
from acctrecover.schema import Framed, Record
"""
LINK = """
link = Framed("link", "a test",
    header=Struct("len" / Int32ul, "proto" / Int16ul, "zero" / Int16ul, "what" / Int32ul),
    rules={"zero": this.zero == 0, "proto": this.proto == 0x0E03 - BIG_ENDIAN},
    type=this.what, length=this.len - 8, peek=4, align=4, largest=64,
    types={
        0x80000000: Record("EXIT", Struct("what" / Int32ul, "pid" / Int32ul), rules={"pid": this.pid < 4096}),
        0x40: Record("COMM", Struct("what" / Int32ul, "name" / Bytes(this.length - 4)), lengths=(4, 1000)),
    })
"""


def declared(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(HEAD + text)
    return path


def exited(pid: int, order: str = "<") -> bytes:
    return struct.pack(order + "IHHII", 16, 0x0E03 - (order == ">"), 0, 0x80000000, pid)


def named(name: bytes, order: str = "<") -> bytes:
    whole = struct.pack(order + "IHHI", 12 + len(name), 0x0E03 - (order == ">"), 0, 0x40) + name
    return whole + bytes(-len(whole) % 4)


def scanned(tmp_path: Path, data: bytes) -> Scan:
    return scan(data, places=[declared(tmp_path, LINK)])


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_length_of_the_whole_record_a_wide_type_and_padding_are_followed(tmp_path: Path, order: str) -> None:
    parts = [exited(1, order), named(b"a", order), named(b"abcd", order), exited(2, order), named(b"", order)] * 3
    found = scanned(tmp_path, b"".join(parts))
    assert found.whole
    assert found.records["size"].tolist() == [len(part) for part in parts]
    assert found.records["type"].tolist() == ["EXIT", "COMM", "COMM", "EXIT", "COMM"] * 3
    assert {extent.byte_order for extent in found.extents} == {"little" if order == "<" else "big"}


def test_payloads_start_with_the_bytes_that_the_header_peeks_at(tmp_path: Path) -> None:
    from acctrecover.export import rows

    found = scanned(tmp_path, exited(7) * 3 + named(b"abcde"))
    assert [(row["what"], row.get("pid"), row.get("name")) for row in rows(found)] == [
        *[(0x80000000, 7, None)] * 3,
        (0x40, None, "abcde"),
    ]


def test_a_record_beyond_the_largest_size_is_no_candidate(tmp_path: Path) -> None:
    fits, large = named(b"x" * 52), named(b"x" * 53)
    assert scanned(tmp_path, exited(1) * 4 + fits).whole
    found = scanned(tmp_path, exited(1) * 4 + large)
    assert [(extent.kind, extent.size) for extent in found.extents] == [("chain", 64), ("gap", len(large))]


@pytest.mark.parametrize("kind", ["flip", "delete", "insert", "zero"])
def test_a_wound_costs_the_record_it_is_in_and_no_other(tmp_path: Path, kind: str) -> None:
    parts = [part for pid in range(1, 9) for part in (exited(pid), named(b"name%d" % (pid * 37)), named(b"y" * 40))]
    data = b"".join(parts)
    starts = [sum(map(len, parts[:i])) for i in range(len(parts))]
    for at in range(0, len(data), 7):
        cut = {"flip": bytes([data[at] ^ 0x20]), "delete": b"", "insert": b"\xa7\x11" + data[at : at + 1], "zero": b"\0"}[kind]
        damaged = data[:at] + cut + data[at + 1 :]
        hit = max(i for i, start in enumerate(starts) if start <= at)
        shift = len(damaged) - len(data)
        told = scanned(tmp_path, damaged)
        kept = set(zip(told.records["offset"].tolist(), told.records["size"].tolist(), strict=True))
        for i, (start, part) in enumerate(zip(starts, parts, strict=True)):
            if i != hit and not (kind == "insert" and at == starts[hit] and i == hit - 1):
                assert (start + shift * (i > hit), len(part)) in kept, (kind, at, i)
        assert len(kept) <= len(parts)


def test_a_magic_number_that_never_changes_is_not_replaced_by_another_cookie(tmp_path: Path) -> None:
    data = exited(3) * 5
    assert scan(data, cookie=0x1234, places=[declared(tmp_path, LINK)]).whole


@pytest.mark.parametrize("cookie", [0, 0x10000])
def test_a_cookie_must_fit_its_field(cookie: int) -> None:
    with pytest.raises(FormatError, match="is not a word from 0x0001 to 0xffff"):
        scan(b"", ["cookie"], cookie=cookie)


def test_a_length_that_reads_no_field_of_the_header_is_refused(tmp_path: Path) -> None:
    path = declared(tmp_path, LINK.replace("this.len - 8", "this.size"))
    with pytest.raises(FormatError, match="length reads size, which the layout does not have"):
        scan(b"", places=[path])


def test_evidence_of_a_header_counts_no_field_twice(tmp_path: Path) -> None:
    """Rules that fix two bytes that are rare anywhere, and two that are often NUL; 32 bits of type, 32 of length."""
    dialect = dialects(list(load_formats(declared(tmp_path, LINK)).values()))[0]
    assert isinstance(dialect, FramedDialect)
    assert dialect.fixed_bits == pytest.approx(20 + 2 + 64, abs=0.1)
