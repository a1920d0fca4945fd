"""Records that prove little: what is left of a stream of a named format, and where one of them changes its phase."""

from __future__ import annotations

import pytest
from damage import CORPORA
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import Sample, known

from acctrecover import scan
from acctrecover.fixed import Fixed
from acctrecover.phase import LITTLE

BSD = (CORPORA / "pacct" / "bsd.le").read_bytes()
WEAK = [s for s in known() if isinstance(s.dialect, Fixed) and s.dialect.shape.bits <= LITTLE and not s.dialect.slots]


def rows(data: bytes, format: str) -> list[tuple[int, str]]:
    return [(int(row["offset"]), str(row["status"])) for row in scan(data, [format]).records]


def test_the_few_records_of_a_named_format_are_suspect_and_say_why() -> None:
    found = scan(BSD[:75], ["bsd"])
    assert rows(BSD[:75], "bsd") == [(0, "suspect"), (32, "suspect"), (64, "torn")]
    assert "too few to tell all 2 from other bytes" in found.chains[0].oddities[0].reason
    assert (found.extents[-1].cause, found.extents[-1].size) == ("truncated tail", 11)


def test_a_few_records_are_not_made_of_what_breaks_a_rule() -> None:
    broken = bytearray(BSD[:64])
    broken[33] = 1
    assert rows(bytes(broken), "bsd") == []
    assert rows(bytes(64), "bsd") == []


@pytest.mark.parametrize("sample", WEAK, ids=lambda sample: sample.name)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_one_byte_gone_or_put_in_costs_no_other_record_of_a_weak_format(sample: Sample, data: st.DataObject) -> None:
    """The 32 records of a sample, wounded in one of the middle."""
    size, octets = sample.dialect.smallest, sample.data[: 32 * sample.dialect.smallest]
    number = data.draw(st.integers(9, 22))
    at = number * size + data.draw(st.integers(0, size - 1))
    put = data.draw(st.sampled_from([b"", b"\x00\x00", b"\xaa\x91"]))
    kept = {start + (len(put) - 1 if start > at else 0) for start in range(0, len(octets), size) if start != number * size}
    found = {offset for offset, _ in rows(octets[:at] + put + octets[at + 1 :], sample.format)}
    assert kept <= found


def test_a_byte_put_in_before_the_last_record_of_a_weak_format_does_not_cost_it() -> None:
    data = (CORPORA / "pacct" / "macos_ilp32.be").read_bytes()[: 32 * 40]
    assert (1241, "suspect") in rows(data[:1237] + b"\0" + data[1237:], "macos_ilp32")


def test_what_other_data_makes_of_a_single_record_is_suspect() -> None:
    """The first bytes of accounting records of another kind, which read as a record of Linux in a year to come."""
    csa = (CORPORA / "csa" / "csa_i386.le").read_bytes()
    for size in (95, 118):
        found = scan(csa[:size])
        assert [str(status) for status in found.records["status"] if status != "torn"] == ["suspect"]
        assert "alone among other data" in found.chains[0].oddities[0].reason


def test_a_single_record_behind_a_wound_of_its_stream_is_not_alone() -> None:
    v3 = (CORPORA / "gnu-acct-converted" / "pacct-v3.le").read_bytes()[: 21 * 64]
    assert rows(v3[: 19 * 64] + b"\xff" * 64 + v3[20 * 64 :], "acct_v3")[-1] == (20 * 64, "intact")
