"""The fuzzer's corpus, replayed, and a few fixed draws: no bytes break a claim of tests/fuzz/targets*.py."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from fuzz.engine import CORPUS, Case, Finding, Fuzzer, minimised, run
from fuzz.mutate import MUTATIONS, mutate
from fuzz.targets import TARGETS, BrokenError, Target

KEPT = sorted(CORPUS.glob("*.bin"))
DRAWS = 4
"""Cases of each target."""


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_was_found_once_is_not_found_again(path: Path) -> None:
    finding = run(Case.of(path), 60)[1]
    assert finding is None, finding.text


def test_a_case_of_the_corpus_is_named_by_what_it_holds() -> None:
    assert [path.name for path in KEPT] == [Case.of(path).name for path in KEPT]


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_fixed_draws_break_no_claim(name: str) -> None:
    fuzzer = Fuzzer(7, [name])
    for _ in range(DRAWS):
        fuzzer.step()
    assert [finding.text for finding in fuzzer.findings.values()] == []
    assert fuzzer.executions[name] == DRAWS


def test_every_mutation_keeps_to_the_largest_size_and_takes_no_bytes_too() -> None:
    for data in (b"", b"\0", bytes(300)):
        for each in MUTATIONS:
            each(bytearray(data), Random(1), [b"other bytes"])
        assert len(mutate(data * 200, Random(2), [data])) <= 16384


def fails(data: bytes, rng: Random, folder: Path) -> None:
    (folder / "in").write_bytes(data)
    if b"ab" in data:
        raise BrokenError("there is no ab")


def spins(data: bytes, rng: Random, folder: Path) -> None:
    while True:
        pass


def test_a_finding_is_made_as_small_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "fails", Target(fails, lambda: [b""], 1))
    finding = run(Case("fails", 3, b"x" * 100 + b"ab" + b"y" * 55))[1]
    assert isinstance(finding, Finding)
    assert minimised(finding).case == Case("fails", 3, b"ab")


def test_a_run_that_takes_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "spins", Target(spins, lambda: [b""], 1))
    finding = run(Case("spins", 0, b""), 0.1)[1]
    assert finding is not None
    assert finding.key == "spins: slow"


def test_the_same_seed_draws_the_same_cases() -> None:
    drawn = [[fuzzer.drawn() for _ in range(20)] for fuzzer in (Fuzzer(5), Fuzzer(5))]
    assert drawn[0] == drawn[1]
