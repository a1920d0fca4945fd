"""Claims about search.c: records behind cookie headers are followed, counted and weighed as numpy has them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import follow, stream, tally
from acctrecover.dialect import dialects
from acctrecover.framed import FramedDialect
from acctrecover.kernel import library
from acctrecover.registry import load_formats
from acctrecover.source import open_source
from acctrecover.windows import Windows

SAMPLE = (Path(__file__).parent.parent / "corpora" / "cookie" / "le.cookie").read_bytes()
pytestmark = pytest.mark.skipif(library() is None, reason="search.c was not built")


def cookie() -> FramedDialect:
    (dialect,) = (d for d in dialects([load_formats()["cookie"]]) if not d.big)
    assert isinstance(dialect, FramedDialect)
    return dialect


def by_numpy() -> FramedDialect:
    dialect = cookie()
    dialect.__dict__.update(follower=None, tally=None)
    return dialect


PLAIN, COMPILED = by_numpy(), cookie()


def record(number: int, payload: bytes) -> bytes:
    return struct.pack("<HBB", 0x2B91, number, len(payload)) + payload


FORK = st.builds(lambda ppid, pid: record(1, struct.pack("<II", ppid, pid)), st.integers(0, 9), st.integers(0, 5_000_000))
CLOCK = st.builds(lambda ns: record(11, struct.pack("<Q", ns)), st.sampled_from([0, 17 * 10**17, 1 << 63]))
HOST = st.builds(lambda name: record(13, name), st.binary(min_size=1, max_size=9))
OPEN = st.builds(lambda payload: record(0x80, payload), st.binary(max_size=12))
CARRIER = st.builds(
    lambda parts, rest: record(0x81, (b"".join(parts) + rest)[:255]), st.lists(FORK, max_size=8), st.binary(max_size=3)
)
DEEP = st.builds(lambda inner: record(0x82, inner), CARRIER.filter(lambda inner: len(inner) < 255))
JUNK = st.one_of(st.binary(max_size=5), st.sampled_from([b"\x91", b"\x91\x2b", b"\0", b"\0\0\0"]))
STREAM = st.lists(st.one_of(FORK, FORK, CLOCK, HOST, OPEN, CARRIER, DEEP, JUNK), max_size=40).map(b"".join)


@given(STREAM, st.integers(0, 3))
def test_records_are_followed_as_numpy_follows_them(data: bytes, start: int) -> None:
    octets = np.frombuffer(SAMPLE[: len(SAMPLE) // 2] + data, np.uint8)
    for at in (0, len(SAMPLE) // 2 + start):
        if at < len(octets):
            assert COMPILED.run(octets, at) == PLAIN.run(octets, at)
            mine, told = COMPILED.offsets(octets, at, len(octets)), PLAIN.offsets(octets, at, len(octets))
            for column in ("starts", "sizes", "keys"):
                if len(told.starts):
                    assert getattr(mine, column).tolist() == getattr(told, column).tolist()
                    assert getattr(mine.others, column).tolist() == getattr(told.others, column).tolist()
            assert len(mine.starts) == len(told.starts)
            assert told.owners is None or (mine.owners is not None and mine.owners.tolist() == told.owners.tolist())


@given(STREAM, st.sampled_from([512, 1 << 22]), st.sampled_from([1, 32]))
@settings(max_examples=60)
def test_a_chain_tells_what_numpy_reads_of_it(data: bytes, window: int, programs: int) -> None:
    fork = record(1, struct.pack("<II", 1, 2))
    data = b"".join([fork * 40, data])
    octets = np.frombuffer(data, np.uint8)
    stop = COMPILED.run(octets, 0).stop
    with pytest.MonkeyPatch.context() as patch, open_source(data) as source:
        patch.setattr(stream, "WINDOW", window)
        patch.setattr(tally, "PROGRAMS", programs)
        patch.setattr(follow, "MANY", 1 << 20)  # room for too few at first
        dialect = cookie()
        told, read = Windows(dialect, entries=True), Windows(PLAIN, entries=True)
        for _ in range(2):  # at first no rules are compiled
            for mine, other in zip(told.over(source, 0, stop, ()), read.over(source, 0, stop, ()), strict=True):
                assert (mine.low, mine.count, mine.bits, mine.odd) == (other.low, other.count, other.bits, other.odd)
                assert [(name, *map(list, columns)) for name, *columns in mine.clocks] == [
                    (name, *map(list, columns)) for name, *columns in other.clocks
                ]
                assert [list(column) for column in mine.timed] == [list(column) for column in other.timed]
        assert told.details == read.details


def test_a_long_chain_is_counted_alike_from_marks_that_are_right_wrong_and_none() -> None:
    data = SAMPLE * 40
    octets = np.frombuffer(data, np.uint8)
    stop = COMPILED.run(octets, 0).stop
    starts = COMPILED.offsets(octets, 0, stop).starts
    assert stop == len(data)
    with pytest.MonkeyPatch.context() as patch, open_source(data) as source:
        patch.setattr(stream, "WINDOW", 2048)
        alone = [(w.low, w.count, w.bits) for w in Windows(COMPILED, entries=True).over(source, 0, stop, ())]
        right = [low for low, _, _ in alone]
        wrong = sorted({int(at) + 1 for at in starts[5::50]} | {int(at) for at in starts[7::50]})
        assert sum(count for _, count, _ in alone) == len(starts)
        assert len(alone) > 8
        for marks in (right, wrong, sorted({*right, *wrong}), [stop + 9]):
            windows = Windows(COMPILED, marks, entries=True)
            assert [(w.low, w.count, w.bits) for w in windows.over(source, 0, stop, ())] == alone
