"""Every kind of single wound over a spread of offsets; ACCTRECOVER_SWEEP=1 takes every offset."""

from __future__ import annotations

import os

import pytest
from damage import CORPORA, cookie_truth, faults, wounds

EVERY = os.environ.get("ACCTRECOVER_SWEEP") == "1"
FIXED = [
    ("linux-v3/pacct-v3", 64),
    ("gnu-acct-converted/pacct-v3.be", 64),
    ("gnu-acct-converted/pacct-v2.le", 64),
    ("gnu-acct-converted/pacct-v1.be", 62),
]


@pytest.mark.parametrize(("name", "size"), FIXED)
@pytest.mark.parametrize("part", range(4))
def test_no_single_wound_costs_an_untouched_record_or_invents_one(name: str, size: int, part: int) -> None:
    data = (CORPORA / name).read_bytes()[: 64 * size]
    truth = [(at, size) for at in range(0, len(data), size)]
    step = 1 if EVERY else 67
    wrong = [(w.name, w.at, f) for at in range(part, len(data), 4 * step) for w in wounds(data, at) if (f := faults(w, truth))]
    assert wrong == []


@pytest.mark.parametrize("name", ["le", "be"])
@pytest.mark.parametrize("part", range(4))
def test_no_flipped_bit_costs_a_cookie_stream_an_untouched_record(name: str, part: int) -> None:
    path = CORPORA / "cookie" / f"{name}.cookie"
    truth = cookie_truth(path)[:100]
    data = path.read_bytes()[: sum(truth[-1])]
    step = 1 if EVERY else 41
    wrong = [
        (w.name, w.at, f)
        for at in range(part, len(data), 4 * step)
        for w in wounds(data, at)
        if w.name.startswith("bit") and (f := faults(w, truth))
    ]
    assert wrong == []
