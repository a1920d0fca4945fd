"""Evidence is measured on the bytes that are there, and an E-value says how often chance does as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from damage import CORPORA
from evaluate import negatives
from samples import known

from acctrecover import scan
from acctrecover.background import Background
from acctrecover.fill import stranded
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.scanning import compiled

GENUINE = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
EVERY = compiled((), None, ())
V3 = next(d for d in EVERY if isinstance(d, Fixed) and d.name == "acct_v3" and not d.big)
COOKIE = next(d for d in EVERY if isinstance(d, FramedDialect) and d.name == "cookie" and not d.big)


def ground(data: bytes) -> Background:
    return Background([], len(data), lambda low, high: np.frombuffer(data[low:high], np.uint8))


def test_rules_that_nul_bytes_keep_are_worth_little_on_sparse_ground() -> None:
    random, sparse = (float(ground(negatives.made(kind, 1)).worth(V3).sum()) for kind in ("random", "sparse"))
    assert sparse + 10 < random <= V3.shape.bits


def test_a_header_is_worth_less_where_headers_are_common_and_no_more_than_over_uniform_bytes() -> None:
    assert -2 < ground(negatives.made("random", 1)).loss(COOKIE) <= 0.0
    assert ground(b"\x91\x2b\x80\x05" * 10000).loss(COOKIE) < -8


def test_ground_too_small_to_measure_leaves_a_record_its_worth() -> None:
    assert ground(b"x" * 60).worth(V3).sum() == pytest.approx(V3.shape.bits)


def test_a_run_of_records_is_found_on_sparse_ground_and_nothing_else() -> None:
    before, after = negatives.made("sparse", 2)[:100_003], negatives.made("sparse", 3)[:100_000]
    found = scan(before + GENUINE[: 40 * 64] + after)
    assert [(e.start, e.records) for e in found.chains] == [(100_003, 40)]
    assert found.chains[0].e_value is not None
    assert 0 < found.chains[0].e_value < 1e-6


def test_the_evidence_of_a_chain_that_explains_little_is_the_measured_one() -> None:
    data = negatives.made("sparse", 2) + GENUINE[: 40 * 64] + negatives.made("sparse", 3)
    bits = scan(data).chains[0].evidence_bits
    assert bits is not None
    assert bits < 40 * V3.shape.bits * 0.8


@pytest.mark.parametrize("kind", negatives.KINDS)
def test_no_e_value_is_reached_much_more_than_twice_as_often_as_it_says(kind: str) -> None:
    counted = negatives.count(kind, 1 << 20, seconds=2)
    if not counted.pieces:
        pytest.skip("this machine has none of the folders")
    print(*negatives.lines({kind: counted}), sep="\n")
    assert negatives.honest(counted)


def test_the_e_values_of_single_headers_over_random_bytes_are_honest() -> None:
    pieces, size = 1500, 1 << 12
    octets = np.random.default_rng(11).integers(0, 256, pieces * size, np.uint8)
    values = [
        size * 2.0**-chain.bits
        for low in range(0, len(octets), size)
        for chain in stranded(octets[low : low + size], low, size, set(), EVERY, 0.1)
    ]
    counts = {x: sum(value <= x for value in values) for x in negatives.LEVELS}
    print({x: (count, x * pieces) for x, count in counts.items()})
    assert counts[0.1] > 10
    assert all(count <= negatives.allowed(x * pieces) for x, count in counts.items())


def test_the_count_of_negatives_sees_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        (tmp_path / f"pacct{number}").write_bytes(GENUINE)
    monkeypatch.setattr(negatives, "ROOTS", (str(tmp_path),))
    counted = negatives.count("files", 1 << 20)
    assert counted.pieces == counted.at(1e-6) == 8
    assert not negatives.honest(counted)
    monkeypatch.setattr(negatives, "ROOTS", (str(tmp_path / "none"),))
    assert negatives.count("files", 1 << 20).pieces == 0


def test_one_record_of_the_other_byte_order_is_believed_where_an_input_begins_and_nowhere_else() -> None:
    samples = {sample.name: sample.data for sample in known()}
    big, little = (samples[f"gnu-acct-converted/pacct-v3.{order}"] for order in ("be", "le"))
    for at in range(0, 64 * 10, 64):
        one, rest = big[at : at + 64], little[37:64] + little[64 : 64 * 30]
        assert scan(one + rest).records["offset"][:2].tolist() == [0, 91], at
        assert 64 not in scan(bytes(64) + one + rest).records["offset"].tolist()
