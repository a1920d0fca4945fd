"""Inputs without a record, and inputs made to mislead."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import scan
from acctrecover.extent import tiles

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
