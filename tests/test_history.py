"""Claims about the history of a chain: what its clock and serial numbers say does not hang on how it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acctrecover.dialect import dialects
from acctrecover.fixed import Fixed
from acctrecover.history import History, history
from acctrecover.registry import load_formats

SAMPLE = (Path(__file__).parent.parent / "corpora" / "linux-v3" / "pacct-v3").read_bytes()
SIZE = 64


def aged(records: bytes, seconds: int) -> bytes:
    """The same records, written that much earlier."""
    octets = np.frombuffer(records, np.uint8).copy()
    octets.reshape(-1, SIZE)[:, 24:28].view("<u4")[:] -= np.uint32(seconds)
    return octets.tobytes()


OLDER = SAMPLE[: 100 * SIZE] + aged(SAMPLE[: 50 * SIZE], 100_000) + SAMPLE[100 * SIZE :] + SAMPLE
"""Records of an earlier day between newer ones, and then the whole once more."""


def told(data: bytes, batch: int) -> History:
    dialect = next(d for d in dialects([load_formats()["acct_v3"]]) if isinstance(d, Fixed) and not d.big)
    octets = np.frombuffer(data, np.uint8)
    parts = ((low, octets[low : low + batch * SIZE]) for low in range(0, len(data), batch * SIZE))
    return history(dialect.shape, parts, 0, after_damage=False)


@pytest.mark.parametrize("batch", [1, 2, 7, 217, 218, 219, 1000])
def test_seams_are_told_alike_however_the_records_are_batched(batch: int) -> None:
    assert told(OLDER, batch) == told(OLDER, 10_000)


def test_records_of_an_earlier_day_between_newer_ones_are_a_part_of_their_own() -> None:
    (part,) = told(OLDER, 10_000).parts
    assert (part.start, part.stop) == (100 * SIZE, 150 * SIZE)


def test_a_history_without_a_step_has_no_seam() -> None:
    assert told(SAMPLE, 10_000) == History("ac_pid")


def test_a_clock_that_falls_back_is_named_where_it_does_and_more_than_three_are_counted() -> None:
    said = told(SAMPLE * 6, 100).detail
    assert said is not None
    assert [f"at {len(SAMPLE) * n:#x}" in said for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert said.endswith("; 2 more such places")
