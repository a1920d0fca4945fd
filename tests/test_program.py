"""The compiled search says of every rule what numpy says of it, and gates let all of its records through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from construct import Bytes, Float32l, Float64l, Int8sl, Int8ul, Int16ul, Int32sl, Int32ul, Int64sl, Int64ul, Struct, this
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import expr
from acctrecover.errors import FormatError
from acctrecover.expr import begins_as, whole_float
from acctrecover.finder import Finder
from acctrecover.framed import FramedDialect
from acctrecover.kernel import library
from acctrecover.program import DEPTH
from acctrecover.scanning import compiled
from acctrecover.schema import Record
from acctrecover.shape import Shape

LAYOUT = Struct(
    *("byte" / Int8ul, "small" / Int8sl, "half" / Int16ul, "word" / Int32ul, "signed" / Int32sl, "long" / Int64sl),
    *("wide" / Int64ul, "single" / Float32l, "double" / Float64l, "name" / Bytes(6), "last" / Int8ul),
)
NARROW = ["byte", "small", "half", "word", "signed", "last"]
compiled_only = pytest.mark.skipif(library() is None, reason="the compiled search was not built")

NAMES = {**vars(expr), "this": this}
"""What the rules of a format file may name."""


def joined(*parts: Any) -> Any:
    """Source text of an expression from that of its parts."""
    return st.tuples(*(part if isinstance(part, st.SearchStrategy) else st.sampled_from(part) for part in parts)).map(
        lambda texts: f"({' '.join(map(str, texts))})"
    )


STRINGS = {"all_zero", "no_controls", "not_empty", "nul_padded", "nul_terminated", "text_padded"}
constants = st.integers(-3, 300) | st.sampled_from([0x2000, 0x8000, 0xFFFF, 1 << 31, (1 << 32) - 1, -(1 << 31)])
fields = st.sampled_from(NARROW).map("this.{}".format)
numbers = st.recursive(
    fields,
    lambda inner: st.one_of(
        joined(inner, "+-*&|^", inner | constants),
        joined(inner, ["<<", ">>"], st.integers(0, 20)),
        joined(inner, ["//", "%"], st.integers(1, 300)),
    ),
    max_leaves=4,
)
truths = st.one_of(
    joined(numbers, ["==", "!=", "<", "<=", ">", ">="], numbers | constants),
    joined(["this.single", "this.double"], ["==", "<", ">="], [0.0, 1.5, -2.0, 2.0**64, 7]),
    st.sampled_from(["whole_float(this.single)", "whole_float(this.double)", "(floor(this.double) == this.double)"]),
    st.sampled_from(sorted(STRINGS)).map("{}(this.name)".format),
    st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=3).map("begins_as(this.name, {})".format),
    joined(["this.wide", "this.long"], ["<", ">=", "=="], st.integers(0, 1 << 61)),
    joined(fields, ["== 1 +"], [0, 1, 0x80], ["* BIG_ENDIAN"]),
    st.just("canonical_comp_t(this.half)"),
)
rules = st.recursive(truths, lambda inner: joined(inner, "&|^", inner), max_leaves=5)


def records(seed: int) -> bytes:
    """Random bytes among which NUL, small and large ones are frequent."""
    rng = np.random.default_rng(seed)
    octets = rng.integers(0, 256, 2000, np.uint8)
    octets[rng.random(2000) < 0.4] = 0
    some = rng.random(2000) < 0.2
    octets[some] = rng.choice(np.array([1, 2, 0x20, 0x7F, 0x80, 0xF0, 0xFF], np.uint8), int(some.sum()))
    octets[600:1100] = 0
    octets[rng.integers(600, 1100, 3)] = 1
    return octets.tobytes()


@compiled_only
@settings(deadline=None, max_examples=150)
@given(st.lists(rules, min_size=1, max_size=4), st.booleans(), st.integers(0, 1 << 20))
def test_a_program_and_numpy_find_the_same_records(some: list[str], big: bool, seed: int) -> None:
    shape = Shape("test", Record("test", LAYOUT, {rule: eval(rule, NAMES) for rule in some}), big)
    try:
        shape.prove()
    except FormatError:  # as of a rule that wraps
        return
    octets = np.frombuffer(records(seed), np.uint8)
    finder = Finder(shape)
    assert finder.everywhere(octets).tolist() == np.flatnonzero(shape.valid(shape.view(octets))).tolist()
    good = np.append(shape.valid(shape.view(octets, shape.size)), False)
    assert finder.leading(octets) == int(np.argmin(good))


def of(rule: Any, layout: Any = LAYOUT) -> Finder:
    return Finder(Shape("test", Record("test", layout, {"rule": rule}), False))


@compiled_only
def test_what_has_no_instruction_is_left_to_numpy() -> None:
    deep: Any = this.byte
    for _ in range(DEPTH + 4):
        deep = this.byte + deep
    for rule in (
        deep == 3,
        (this.byte / 3) == 1,
        this.byte % this.last == 0,
        this.wide == (1 << 64) - 1,
        this.word << this.byte == 8,
    ):
        program = of(rule).program
        assert program is not None
        assert program.rest == [0]
    for rule in (this.byte % 7 == 3, this.wide > 5, whole_float(this.single), begins_as(this.name, [b"tty"]), this.last == 0xFF):
        program = of(rule).program
        assert program is not None
        assert program.rest == []


@compiled_only
def test_records_at_the_very_end_are_found_and_nothing_is_read_behind_it() -> None:
    finder = of(this.last == 7, Struct("number" / Bytes(3), "last" / Int8ul))
    for size in range(0, 530, 3):
        octets = np.zeros(size + 8, np.uint8)
        octets[size:] = 7
        if size >= 4:
            octets[[3, size - 1]] = 7
        assert finder.everywhere(octets[:size]).tolist() == sorted({0, size - 4} if size >= 4 else ())


def test_bytes_that_a_rule_allows_are_told_of_what_it_joins() -> None:
    gates = {gate.offset: gate for gate in of(((this.byte == 3) & (this.half > 0x1FF)) | (this.byte == 9)).gates}
    assert set(gates) == {0}
    assert np.flatnonzero(np.frombuffer(gates[0].passing, np.bool_)).tolist() == [3, 9]
    (high,) = of((this.half >> 12) == 0xA).gates
    assert (high.offset, high.spread.low, high.spread.high) == (3, 0xA0, 0xAF)


@compiled_only
def test_headers_are_found_by_their_cookie_as_numpy_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    for dialect in compiled(("cookie",), None, ()):
        assert isinstance(dialect, FramedDialect)
        opening = np.frombuffer(dialect.opening, np.uint8)
        for size in (4, 5, 255, 256, 257, 3000, (1 << 18) + 70):
            octets = rng.choice(np.concatenate((opening, opening, np.array([0, 1, 4, 16, 32], np.uint8))), size)
            octets[: size // 2 : 16] = opening[0]
            octets[1 : size // 2 : 16] = opening[1]
            told = [dialect.heads(octets)]
            with monkeypatch.context() as patch:
                patch.setitem(dialect.__dict__, "follower", None)
                told.append(dialect.heads(octets))
            assert size < 20 or len(told[0].starts)
            assert [found.starts.tolist() for found in told] == [told[0].starts.tolist()] * 2
            assert [found.sizes.tolist() for found in told] == [told[0].sizes.tolist()] * 2
            assert len({b"" if found.keys is None else found.keys.tobytes() for found in told}) == 1
