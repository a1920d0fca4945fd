"""Claims about the history of a chain: what its clock and serial numbers say does not hang on how it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acctrecover.dialect import dialects
from acctrecover.fixed import Fixed
from acctrecover.history import PATIENCE, History
from acctrecover.registry import load_formats

SAMPLE = (Path(__file__).parent.parent / "corpora" / "linux-v3" / "pacct-v3").read_bytes()
SIZE = 64


def aged(records: bytes, seconds: int) -> bytes:
    """The same records, written that much earlier, or later where it is negative."""
    octets = np.frombuffer(records, np.uint8).copy()
    octets.reshape(-1, SIZE)[:, 24:28].view("<u4")[:] -= np.uint32(seconds % 2**32)
    return octets.tobytes()


OLDER = SAMPLE[: 100 * SIZE] + aged(SAMPLE[: 50 * SIZE], 100_000) + SAMPLE[100 * SIZE :] + SAMPLE
"""Records of an earlier day between newer ones, and then the whole once more."""


def told(data: bytes, batch: int) -> History:
    dialect = next(d for d in dialects([load_formats()["acct_v3"]]) if isinstance(d, Fixed) and not d.big)
    octets, out = np.frombuffer(data, np.uint8), History(dialect.serial)
    out.begin(0, after_damage=False)
    for low in range(0, len(data), batch * SIZE):
        records = dialect.shape.view(octets[low : low + batch * SIZE], SIZE)
        serials = np.asarray(dialect.shape.evaluate(dialect.shape.record.serial, records), np.float64)
        out.feed(low + SIZE * np.arange(len(records)), dialect.shape.clocks(records), serials)
    out.finish(len(data))
    return out


@pytest.mark.parametrize("batch", [1, 2, 7, 217, 218, 219, 1000])
def test_seams_and_parts_are_told_alike_however_the_records_are_batched(batch: int) -> None:
    one, other = told(OLDER, batch), told(OLDER, 10_000)
    assert (one.seams, one.parts, one.falls) == (other.seams, other.parts, other.falls)


def test_records_of_an_earlier_day_between_newer_ones_are_a_part_of_their_own() -> None:
    part = next(part for part in told(OLDER, 10_000).parts if not part.damaged)
    assert (part.start, part.stop, part.cause) == (100 * SIZE, 150 * SIZE, "stale records")


def test_records_from_further_on_are_a_part_of_their_own_where_they_are_fewer_than_those_behind() -> None:
    later = aged(SAMPLE[: 20 * SIZE], -100_000)
    (part,) = told(SAMPLE[: 60 * SIZE] + later + SAMPLE[60 * SIZE :] + aged(SAMPLE, -200_000), 10_000).parts
    assert (part.start, part.stop, part.cause) == (60 * SIZE, 80 * SIZE, "out-of-order block")


def test_a_clock_set_back_that_only_catches_up_makes_no_part() -> None:
    slow = b"".join(aged(SAMPLE[at : at + SIZE], -at // 64) for at in range(0, 200 * SIZE, SIZE))
    assert [part for part in told(slow + aged(slow, 50), 10_000).parts if not part.damaged] == []


def test_a_history_without_a_step_has_no_seam() -> None:
    assert (told(SAMPLE, 10_000).seams, told(SAMPLE, 10_000).parts) == ([], [])


def test_a_clock_that_falls_back_is_named_where_it_does_and_more_than_three_are_counted() -> None:
    found = told(SAMPLE * 6, 100)
    said = found.telling(found.seams)
    assert said is not None
    assert [f"at {len(SAMPLE) * n:#x}" in said for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert said.endswith("; 2 more such places")


def test_a_clock_that_falls_at_every_other_record_is_none() -> None:
    to_and_fro = b"".join(aged(SAMPLE[at : at + SIZE], 100 * (at // 64 % 2)) for at in range(0, 100 * SIZE, SIZE))
    assert not told(to_and_fro, 10_000).coherent
    assert told(SAMPLE * 6, 100).coherent


@pytest.mark.parametrize("upto", [400, 700, 1400])
def test_falls_that_waited_are_told_as_if_they_had_not(upto: int) -> None:
    dialect = next(d for d in dialects([load_formats()["acct_v3"]]) if isinstance(d, Fixed) and not d.big)
    records = dialect.shape.view(np.frombuffer(OLDER * 3, np.uint8), SIZE)
    number = np.arange(len(records))
    seconds = dialect.shape.clocks(records) + 40 * (number % 2) * (number < upto)
    eager, lazy = History(), History()
    waited = 0
    for low in range(0, len(records), 100):
        asked = low % 700 == 100
        told = eager.feed(SIZE * number[low : low + 100], seconds[low : low + 100])
        assert lazy.feed(SIZE * number[low : low + 100], seconds[low : low + 100], asked=asked, lazy=True) == told or not asked
        waited += len(lazy.seams) < len(eager.seams)
    assert waited
    assert (lazy.coherent, lazy.falls) == (eager.coherent, eager.falls) == (upto < 1000, lazy.falls)
    assert not lazy.coherent or (lazy.seams, lazy.parts) == (eager.seams, eager.parts)
    for history in (eager, lazy):
        history.finish(SIZE * len(records))
    assert (lazy.seams, lazy.parts) == (eager.seams, eager.parts)


def test_a_clock_that_falls_all_along_is_none_and_its_records_are_not_kept_waiting_for_ever() -> None:
    history = History()
    seconds = np.tile([1e9, 1e9 - 1000.0], 1 << 15)
    for turn in range(40):
        history.feed(np.arange(len(seconds)) + turn * len(seconds), seconds, asked=False, lazy=True)
        assert sum(len(offsets) for offsets, _, _ in history._waiting) <= PATIENCE
    assert not history.coherent
    for turn in range(200):  # that it is one from here on comes too late
        history.feed(np.arange(1 << 16) + (turn + 40 << 16), 1e9 + turn + np.zeros(1 << 16), asked=False, lazy=True)
    assert not history.coherent
    history.finish(1 << 30)
    assert history.parts == []
