"""Inputs without a record, and inputs made to mislead."""

from __future__ import annotations

import time

import numpy as np
import pytest
from bench import hostile
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import scan
from acctrecover.extent import tiles
from acctrecover.scanning import compiled
from acctrecover.source import open_source
from acctrecover.survey import Chain
from acctrecover.walk import Walker

SIZE = 1 << 20
NEGATIVES = {
    "random": np.random.default_rng(5).integers(0, 256, SIZE, np.uint8).tobytes(),
    "zero": bytes(SIZE),
    "cookies": b"\x91\x2b" * (SIZE // 2),
    "threes": b"\x03" * SIZE,
    "text": b"Nov 24 00:19:01 host kernel: [ 1.0] a line of a log\n" * (SIZE // 52),
}


@pytest.mark.parametrize("name", NEGATIVES)
def test_no_chain_is_found_where_there_is_none(name: str) -> None:
    found = scan(NEGATIVES[name])
    assert found.chains == []
    assert tiles(found.extents, len(NEGATIVES[name]))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([b"\x91\x2b", b"\x91\x2b\x06\x04\1\0\0\0", bytes(64)])), max_size=40)
)
def test_any_bytes_give_extents_that_tile_them(parts: list[bytes]) -> None:
    data = b"".join(parts)
    assert tiles(scan(data).extents, len(data))


@pytest.mark.parametrize("kind", sorted(set(hostile.KINDS) - {"clean"}))
def test_twice_as_much_that_is_made_to_cost_time_costs_no_more_than_twice_the_time(kind: str) -> None:
    took = []
    for size in (1 << 16, 1 << 17):
        data = hostile.KINDS[kind](size)
        begin = time.thread_time()
        found = scan(data, ["cookie", "acct_v3"])
        took.append(time.thread_time() - begin)
        assert tiles(found.extents, size)
    assert took[1] < 2.3 * took[0] + 0.2


def test_records_that_were_taken_back_before_are_not_taken_back_again() -> None:
    every = compiled((), None, ())
    with open_source(bytes(1000)) as source:
        walker = Walker(source, every, lambda done: None)
        walker.at, walker.chains = 400, [Chain(every[0], 0, 320, 5, 400.0, ())]
        assert walker._untail() == (320, every[0], 1, None)
