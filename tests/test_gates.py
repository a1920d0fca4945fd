"""Gates let every sound record through, and one record alone is judged as it is among others."""

from __future__ import annotations

import random
from math import prod

import numpy as np
import pytest
from samples import Sample, known

from acctrecover.fixed import Fixed
from acctrecover.gates import Gate
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


@each_sample
def test_what_is_found_at_every_offset_is_what_keeps_every_rule(sample: Sample) -> None:
    shape, octets = shape_of(sample), np.frombuffer(damaged(sample), np.uint8)
    held = np.flatnonzero(shape.valid(shape.view(octets)))
    assert len(held) or not shape.rules
    assert shape.everywhere(octets).tolist() == held.tolist()


@each_sample
def test_one_record_is_judged_as_it_is_among_others(sample: Sample) -> None:
    shape, octets = shape_of(sample), damaged(sample)
    view = shape.view(np.frombuffer(octets, np.uint8))
    starts = [*range(0, 4000, 37), *np.flatnonzero(shape.valid(view))[:50].tolist()]
    assert [shape.keeps(octets[at : at + shape.size]) for at in starts] == shape.valid(view[starts]).tolist()
    assert not shape.keeps(octets[-shape.size + 1 :])


def test_a_gate_is_passed_from_its_lowest_to_its_highest_value() -> None:
    octets = np.arange(256, dtype=np.uint8)
    assert np.flatnonzero(Gate(0, 3, 3).passes(octets, 256)).tolist() == [3]
    assert np.flatnonzero(Gate(0, 0, 2).passes(octets, 256)).tolist() == [0, 1, 2]
    assert np.flatnonzero(Gate(6, 254, 255).passes(octets, 250)).tolist() == [248, 249]


def test_the_gates_of_a_version_and_its_padding_leave_few_offsets() -> None:
    (v3,) = (dialect for dialect in compiled(("acct_v3",), None, ()) if not dialect.big)
    assert isinstance(v3, Fixed)
    assert v3.shape.gates[0] == Gate(1, 3, 3)
    assert prod(gate.share() for gate in v3.shape.gates) < 1 / 2048
