"""Gates let every sound record through, and one record alone is judged as it is among others."""

from __future__ import annotations

import os
import random
from math import prod
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from samples import Sample, known

from acctrecover import kernel
from acctrecover.finder import Finder
from acctrecover.fixed import Fixed
from acctrecover.gates import Gate
from acctrecover.kernel import NUMPY, _older, library
from acctrecover.scanning import compiled
from acctrecover.shape import Shape

each_sample = pytest.mark.parametrize("sample", known(), ids=lambda sample: sample.name)


def shape_of(sample: Sample) -> Shape:
    return sample.dialect.shape if isinstance(sample.dialect, Fixed) else sample.dialect.header


def damaged(sample: Sample) -> bytes:
    """Its first bytes with every tenth one set to another value, behind as many random ones."""
    rng = random.Random(sample.name)
    octets = bytearray(rng.randbytes(3000) + sample.data[:6000])
    for at in range(3000, len(octets), 10):
        octets[at] = rng.choice((0, 1, 0x7F, 0xFF, octets[at] ^ 1 << rng.randrange(8)))
    return bytes(octets) + sample.data[:6000]


def finder_of(shape: Shape, engine: str, monkeypatch: pytest.MonkeyPatch) -> Finder:
    """A finder of its own, with the compiled search or without."""
    if engine == "numpy":
        monkeypatch.setattr("acctrecover.finder.library", lambda: None)
    elif library() is None:
        pytest.skip("the compiled search was not built")
    return Finder(shape)


each_engine = pytest.mark.parametrize("engine", ["numpy", "compiled"])


@each_engine
@each_sample
def test_what_is_found_at_every_offset_is_what_keeps_every_rule(
    sample: Sample, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape, octets = shape_of(sample), np.frombuffer(damaged(sample), np.uint8)
    held = np.flatnonzero(shape.valid(shape.view(octets)))
    assert len(held) or not shape.rules
    assert finder_of(shape, engine, monkeypatch).everywhere(octets).tolist() == held.tolist()


@each_engine
@each_sample
def test_records_one_behind_another_are_counted_up_to_the_first_that_breaks_a_rule(
    sample: Sample, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = shape_of(sample)
    finder = finder_of(shape, engine, monkeypatch)
    octets = np.frombuffer(sample.data, np.uint8)
    for start in [*range(70), *np.flatnonzero(shape.valid(shape.view(octets[:6000]))).tolist()[:20]]:
        good = shape.valid(shape.view(octets[start:], shape.size))
        assert finder.leading(octets[start:]) == (int(np.argmin(good)) if not good.all() else len(good))


def test_the_search_is_compiled_where_there_is_a_compiler() -> None:
    if which("cc") is None:
        pytest.skip("there is no C compiler")
    assert library() is not None or NUMPY in os.environ


def test_what_was_built_of_an_older_source_is_not_used(tmp_path: Path) -> None:
    built = tmp_path / "_search.so"
    built.touch()
    os.utime(built, (0, 0))
    assert _older(str(built)) == Path(kernel.__file__).with_name("search.c").exists()
    built.touch()
    assert not _older(str(built))


@each_sample
def test_one_record_is_judged_as_it_is_among_others(sample: Sample) -> None:
    shape, octets = shape_of(sample), damaged(sample)
    view = shape.view(np.frombuffer(octets, np.uint8))
    starts = [*range(0, 4000, 37), *np.flatnonzero(shape.valid(view))[:50].tolist()]
    assert [shape.keeps(octets[at : at + shape.size]) for at in starts] == shape.valid(view[starts]).tolist()
    assert not shape.keeps(octets[-shape.size + 1 :])


def test_a_gate_is_passed_from_its_lowest_to_its_highest_value() -> None:
    octets = np.arange(256, dtype=np.uint8)

    def gate(offset: int, *values: int) -> Gate:
        return Gate(offset, bytes(value in values for value in range(256)))

    assert np.flatnonzero(gate(0, 3).passes(octets, 256)).tolist() == [3]
    assert np.flatnonzero(gate(0, 0, 2).passes(octets, 256)).tolist() == [0, 1, 2]
    assert np.flatnonzero(gate(6, 254, 255).passes(octets, 250)).tolist() == [248, 249]


def test_the_gates_of_a_version_and_its_padding_leave_few_offsets() -> None:
    (v3,) = (dialect for dialect in compiled(("acct_v3",), None, ()) if not dialect.big)
    assert isinstance(v3, Fixed)
    rarest = v3.finder.gates[0]
    assert (rarest.offset, rarest.spread.low, rarest.spread.high) == (1, 3, 3)
    assert prod(gate.spread.share for gate in v3.finder.gates) < 1 / 2048
