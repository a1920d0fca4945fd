"""How a framed stream is followed fast says what following it record by record would say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acctrecover.costs import Lowest
from acctrecover.dialect import dialects
from acctrecover.framed import FramedDialect
from acctrecover.links import linked
from acctrecover.misled import taking
from acctrecover.registry import load_formats
from acctrecover.repeats import PROBE, once
from acctrecover.stream import Found

SAMPLE = (Path(__file__).parent.parent / "corpora" / "cookie" / "le.cookie").read_bytes()
LAYOUTS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=40)
"""Of each candidate how far it begins behind the one before, and its size."""


def cookie() -> FramedDialect:
    (dialect,) = (d for d in dialects([load_formats()["cookie"]]) if not d.big)
    assert isinstance(dialect, FramedDialect)
    return dialect


def laid(layout: list[tuple[int, int]]) -> Found:
    starts = np.cumsum([0, *(step for step, _ in layout[1:])])
    return Found(starts, np.array([size for _, size in layout]))


@given(LAYOUTS)
def test_a_path_holds_the_records_that_following_one_after_the_other_finds(layout: list[tuple[int, int]]) -> None:
    found = laid(layout)
    at, path = 0, [0]
    while found.stops[at] in found.starts:
        path.append(at := int(np.flatnonzero(found.starts == found.stops[at])[0]))
    told = linked(found.starts, found.stops, lambda starts: np.ones(len(starts), np.bool_))
    split = told.split(found)
    assert split.starts.tolist() == found.starts[path].tolist()
    assert len(told) == len(path)
    assert told.end(3).tolist() == path[-3:]
    assert split.others is not None
    assert split.owners is not None
    assert split.others.starts.tolist() == np.delete(found.starts, path).tolist()
    assert split.owners.tolist() == (np.searchsorted(split.starts, split.others.starts, "right") - 1).tolist()
    inside = [i for i in path if any(found.stops[j] == found.stops[i] for j in range(i + 1, len(layout)))]
    assert told.taking(found.stops).tolist() == inside
    assert set(inside) <= set(taking(found, found.stops).tolist())
    led = told.led(found, found.stops, 3)
    assert (led.count, led.ahead, led.takers.tolist()) == (len(path), found.stops[path[-1]], inside)
    assert led.tail.tolist() == found.starts[path[-3:]].tolist()


@given(st.lists(st.sampled_from([b"\x91\x2b", b"\x01\x08", b"\x00", b"\x91", b"\x2b\x04", b"\xff"]), max_size=200))
def test_tables_find_the_headers_that_rules_find(pieces: list[bytes]) -> None:
    octets, dialect = np.frombuffer(b"".join(pieces), np.uint8), COOKIE
    brief = dialect.heads(octets)
    dialect.brief = False
    try:
        ruled = dialect.heads(octets)
    finally:
        dialect.brief = True
    assert brief.starts.tolist() == ruled.starts.tolist()
    assert brief.sizes.tolist() == ruled.sizes.tolist()
    whole, same = dialect.whole(brief, len(octets)), dialect.whole(ruled, len(octets))
    for name in ("sound", "bits", "doubled", "loosely", "types"):
        assert getattr(dialect, name)(octets, whole).tolist() == getattr(dialect, name)(octets, same).tolist()
    assert [(shape, which.tolist()) for shape, _, which in dialect.shapes(octets, whole, "rules", "clock")] == [
        (shape, which.tolist()) for shape, _, which in dialect.shapes(octets, same, "rules", "clock")
    ]


COOKIE = cookie()


@pytest.mark.parametrize("at", [0, 8000, 70_000, 540_000, 1_200_000])
def test_a_run_is_the_same_whether_it_is_taken_to_be_long_or_not(at: int) -> None:
    octets = np.frombuffer(SAMPLE * (1_300_000 // len(SAMPLE)), np.uint8).copy()
    octets[at + 700 : at + 1500] = 0
    assert COOKIE.run(octets, 0) == COOKIE.run(octets, 0, long=True)
    assert COOKIE.run(octets, 0).count > at // 100


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(-9, 9)), max_size=60), st.integers(0, 20))
def test_the_lowest_cost_is_that_of_all_that_begins_near(steps: list[tuple[int, float]], reach: int) -> None:
    lowest, at = Lowest(reach), 1000
    seen: list[tuple[int, float]] = []
    for step, cost in steps:
        at -= step
        assert lowest.behind(at) == min((c for start, c in seen if start <= at + reach), default=np.inf)
        lowest.add(at, cost)
        seen.append((at, cost))


def test_bytes_that_stand_twice_are_not_told_to_stand_once() -> None:
    octets = np.random.default_rng(1).integers(0, 256, 4096).astype(np.uint8)
    octets[3000 : 3000 + PROBE] = octets[100 : 100 + PROBE]
    octets[3500 : 3500 + PROBE - 1] = octets[200 : 200 + PROBE - 1]
    starts = np.array([0, 100, 200, 3000, 3500, 4090])
    assert once(octets, starts).tolist() == [0, 200, 3500]
