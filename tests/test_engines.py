"""construct and numpy, in the fields' own types and widened, say the same of every format in the folder and of every rule."""

from __future__ import annotations

import math
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from construct import Container, this
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from samples import known
from shapes import shapes

from acctrecover import scan
from acctrecover.chance import chance
from acctrecover.columns import Columns, Widened, native, pick
from acctrecover.dialect import dialects
from acctrecover.errors import FormatError
from acctrecover.expr import floor, text
from acctrecover.framed import FramedDialect
from acctrecover.registry import load_formats
from acctrecover.schema import Framed
from acctrecover.shape import Shape
from acctrecover.stream import Found
from acctrecover.unrelated import BACKGROUNDS, Law, sparse, unrelated

HEAD = "from construct import *\nfrom acctrecover.schema import *\nfrom acctrecover.expr import *\n"


def declared(layout: str, rule: str) -> str:
    return f"{HEAD}f = Format('mine', 'test', Record('r', Struct({layout}), rules={{'a': {rule}}}))\n"


@cache
def genuine() -> dict[tuple[str, bool, int], list[bytes]]:
    """Records of the samples by what their layout is called, byte order and size: a few of each."""
    out: dict[tuple[str, bool, int], list[bytes]] = {}
    for sample in known():
        for dialect, rows, octets, low in scan(sample.data).batches():
            if dialect is not None:
                found = Found(rows["offset"] - low, rows["size"].astype(np.int64))
                layouts = list(dialect.shapes(octets, found))
                if isinstance(dialect, FramedDialect):
                    layouts.append((dialect.header, 0, np.arange(len(found.starts) - bool(dialect.declared.peek))))
                for shape, skip, which in layouts:
                    starts = (found.starts[which] + skip)[:8].tolist()
                    out[shape.where, shape.big, shape.size] = [octets[at : at + shape.size].tobytes() for at in starts]
    return out


def near(samples: list[bytes], most: int) -> st.SearchStrategy[bytes]:
    """One of these records with up to so many bytes changed."""
    size = len(samples[0])
    changes = st.lists(st.tuples(st.integers(0, max(size - 1, 0)), st.integers(0, 255)), max_size=most if size else 0)

    def changed(sample: bytes, changes: list[tuple[int, int]]) -> bytes:
        octets = bytearray(sample)
        for at, value in changes:
            octets[at] = value
        return bytes(octets)

    return st.builds(changed, st.sampled_from(samples), changes)


@cache  # to make one for each example takes longer than all that is tried on it
def octets_of(shape: Shape) -> st.SearchStrategy[bytes]:
    """Any bytes, NUL bytes with a few others among them, and genuine records with up to three bytes changed."""
    zeros = [bytes(shape.size)]
    found = genuine().get((shape.where, shape.big, shape.size), zeros)
    return st.one_of(st.binary(min_size=shape.size, max_size=shape.size), near(zeros, 12), near(found, 3))


def test_the_samples_hold_genuine_records_of_every_format_and_what_is_in_them() -> None:
    """Of what stands behind a header not all: no sample holds every version and kind."""
    held = {where for where, _, _ in genuine()}
    for name, declared in load_formats().items():
        assert (f"{name} header" if isinstance(declared, Framed) else name) in held
        assert not isinstance(declared, Framed) or any(where.startswith(f"{name} ") for where in held - {f"{name} header"})


@pytest.mark.parametrize("shape", [shape for _, shape in shapes().values()], ids=list(shapes()))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_construct_and_numpy_agree(shape: Shape, data: st.DataObject) -> None:
    octets = data.draw(octets_of(shape))
    parsed = shape.parse(octets)
    record = np.frombuffer(octets, shape.dtype)
    for field in shape.dtype.names or ():
        ours = record[0][field]
        if ours.ndim:
            assert ours.tobytes() == parsed[field]
        else:
            assert ours.item() == parsed[field] or (math.isnan(ours.item()) and math.isnan(parsed[field]))
    failed = shape.broken(record)[:, 0]
    alone = [bool(expr(parsed)) for _, expr in shape.rules]
    assert [not bad for bad in failed] == alone
    assert [bool(shape.evaluate(expr, record)) for _, expr in shape.rules] == alone
    assert bool(shape.valid(record)[0]) == (not failed.any())


@pytest.mark.parametrize("shape", [shape for _, shape in shapes().values()], ids=list(shapes()))
def test_many_records_at_once_are_judged_as_each_alone(shape: Shape) -> None:
    rng = np.random.default_rng(7)
    octets = rng.integers(0, 256, 8 * max(shape.size, 1)) * (rng.random(8 * max(shape.size, 1)) < 0.3)
    for stride, part in ((1, octets[: 3 * max(shape.size, 1)]), (shape.size or 1, octets)):
        records = shape.view(part.astype(np.uint8), stride)
        broken = np.hstack([shape.broken(records[i : i + 1]) for i in range(len(records))])
        assert (shape.broken(records) == broken).all()
        assert (shape.valid(records) == ~broken.any(axis=0)).all()
        assert pick(records, ~broken.any(axis=0)).tobytes() == records[~broken.any(axis=0)].tobytes()


FIELDS = np.dtype([("a", ">u1"), ("b", ">u2"), ("c", "<u4"), ("d", ">u8"), ("e", ">f4"), ("f", "<f8"), ("g", "<i2")])
NUMBERS = st.one_of(st.sampled_from([0, 1, 2, 255, 256, 1024, 65535, 65536, 2**32, 2**64 - 1, 2**64, -1]), st.integers(0, 70))
LEAVES = st.sampled_from([*(f"this.{name}" for name in "abcdefg"), "floor(this.e)", "floor(this.f)"])
COMPARISONS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
JOINTS = st.sampled_from(["&", "|", "^"])
OPERATORS = st.sampled_from(["&", "|", "^", ">>", "//", "%", "+", "-", "*", "<<"])
BINARY = "({} {} {})".format
CONSTANTS = st.one_of(NUMBERS, st.floats(allow_nan=False, allow_infinity=False, width=32)).map(str)
TERMS = st.recursive(LEAVES, lambda terms: st.builds(BINARY, terms, OPERATORS, st.one_of(CONSTANTS, terms)), max_leaves=3)
TESTS = st.builds(BINARY, TERMS, COMPARISONS, st.one_of(CONSTANTS, TERMS))
RULES = st.recursive(TESTS, lambda tests: st.builds(BINARY, tests, JOINTS, tests), max_leaves=2)
OCTETS = st.binary(min_size=4 * FIELDS.itemsize, max_size=4 * FIELDS.itemsize)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(rule=RULES, octets=OCTETS)
def test_a_rule_called_native_says_the_same_in_the_fields_own_types_as_in_python(rule: str, octets: bytes) -> None:
    expr = eval(rule, {"this": this, "floor": floor})
    assume(native(expr, FIELDS, big=False))
    records = np.frombuffer(octets, FIELDS)
    with np.errstate(all="ignore"):
        columns = expr(Columns(records, big=False))
    for record, held in zip(records, columns, strict=True):
        assert bool(held) == bool(expr(Container({name: record[name].item() for name in FIELDS.names or ()})))


@pytest.mark.parametrize(
    ("rule", "can"),
    [
        ((this.b & 0xFF) == 3, True),
        ((this.b >> 13 == 0) | (this.b % 1024 >= 5), True),
        (this.b == (this.c & 0xFFFF), True),
        ((floor(this.e) == this.e) & (this.e < 2.0**64), True),
        (this.b + 1 == 0, False),
        (this.b << 3 == 8, False),
        (this.b == 65536, False),
        (this.g >= 0, True),
        (this.g >= 32768, False),
        ((this.g >> 1) >= 0, False),
        (this.e < 0.1, False),
        (this.e == this.f, True),
        (this.b & 0xFF, False),
    ],
)
def test_what_could_leave_its_type_is_widened(rule: Any, can: bool) -> None:
    assert native(rule, FIELDS, big=False) == can


def test_every_rule_that_ships_is_evaluated_without_widening_but_those_that_do_sums() -> None:
    """Headers apart, whose rules may relate one field to another: these are asked last, where the others hold."""
    wide = [
        f"{name}: {text(expr)}"
        for name, (_, shape) in shapes().items()
        for (_, expr), proven in zip(shape.rules, shape.native, strict=True)
        if not proven and "-header-" not in name
    ]
    assert [rule for rule in wide if " << " not in rule and " + " not in rule] == []


def test_widened_columns_have_room_for_arithmetic() -> None:
    records = np.frombuffer(b"\xff" * FIELDS.itemsize, FIELDS)
    assert (this.a * this.c + 1)(Widened(records, big=False)).tolist() == [255 * (2**32 - 1) + 1]


def test_the_sample_that_evidence_is_measured_on_is_the_same_everywhere() -> None:
    assert unrelated(8).hex() == "4d11ff045ff14fef"
    assert unrelated(64)[:8] == unrelated(8)
    assert sparse(8).hex() == "00176c6400000011"


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_background_has_the_bytes_that_its_law_says(background: Law) -> None:
    counts = np.bincount(np.frombuffer(background.sample(1 << 18), np.uint8), minlength=256)
    assert counts / (1 << 18) == pytest.approx(background.law, abs=0.005)
    assert background.law.sum() == pytest.approx(1)


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("field", ["a", "g"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_chance_that_a_rule_has_by_its_form_is_that_counted_over_every_value(
    background: Law, field: str, data: st.DataObject
) -> None:
    kind = FIELDS[field].newbyteorder("<")
    number = st.integers(-40000, 70000) if field == "g" else st.integers(-3, 300)
    side = st.builds("(this.{} {} {})".format, st.just(field), COMPARISONS, number)
    rule = eval(data.draw(st.one_of(side, st.builds(BINARY, side, st.sampled_from(["&", "|"]), side))), {"this": this})
    octets = np.arange(256**kind.itemsize).astype(f"<u{kind.itemsize}")
    law = np.prod(background.law[octets.view(np.uint8).reshape(-1, kind.itemsize)], axis=1)
    records = octets.view(kind).view(np.dtype([(field, kind)]))
    passing = float(law[np.broadcast_to(rule(Widened(records, big=False)), len(records))].sum())
    assert (chance(rule, FIELDS, False, background) or 0.0) == pytest.approx(passing, abs=1e-9)


@pytest.mark.parametrize(
    ("rules", "weights", "bits"),
    [
        ("'a': this.a == 0x8081, 'b': this.b >= 2**31, 'c': (this.b & 1) == 1", [16, 1, 1], 18),
        ("'a': this.a == 0, 'b': this.b < 2**30, 'c': (this.b & 1) == 0", [16, 2, 1], 3.2),  # NUL bytes pass these
    ],
)
def test_evidence_is_what_the_rules_ask_of_the_bytes_that_pass_most_easily(
    tmp_path: Path, rules: str, weights: list[float], bits: float
) -> None:
    layout = "Struct('a' / Int16ul, 'b' / Int32ul)"
    (tmp_path / "mine.py").write_text(f"{HEAD}f = Format('mine', 'test', Record('r', {layout}, rules={{{rules}}}))\n")
    for dialect in dialects(list(load_formats(tmp_path).values())):
        assert dialect.shape.weights == pytest.approx(weights, abs=0.1)  # type: ignore[union-attr]
        assert dialect.shape.bits == pytest.approx(bits, abs=0.1)  # type: ignore[union-attr]


def test_a_rule_of_the_byte_order_alone_holds_for_every_record_or_none(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(declared("'n' / Int16ul", "BIG_ENDIAN == 1"))
    little, big = dialects(list(load_formats(tmp_path).values()))
    for dialect, good in ((little, []), (big, [0, 1, 2])):
        assert dialect.candidates(np.arange(1, 5, dtype=np.uint8)).starts.tolist() == good


def test_evidence_of_a_large_record_takes_no_more_memory_than_that_of_a_small_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(declared("'n' / Int16ul, 'rest' / Bytes(65536)", "this.n == 1"))
    (little, _) = dialects(list(load_formats(tmp_path).values()))
    tracemalloc.start()
    bits = little.shape.bits
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert bits > 8
    assert most < 1 << 28


@pytest.mark.parametrize("broken", [0, 1, 63, 64, 65, 32_831, 32_832, 32_833, 65_535])
def test_a_run_stops_at_the_record_that_breaks_a_rule(broken: int) -> None:
    sample = (Path(__file__).parent.parent / "corpora" / "linux-v3" / "pacct-v3").read_bytes()
    octets = np.frombuffer((sample * (65_536 * 64 // len(sample) + 1))[: 65_536 * 64], np.uint8).copy()
    octets[broken * 64 + 1] ^= 0x40
    dialect = next(d for d in dialects([load_formats()["acct_v3"]]) if d.order == "little")
    run = dialect.run(octets, 0)
    assert (run.count, run.stop) == (broken, broken * 64)


@pytest.mark.parametrize(
    ("layout", "rule", "says"),
    [
        ("'n' / Int16ul", "0 < this.n < 5", "chained"),
        ("'n' / Int16ul", "(this.n > 1) and (this.n < 5)", "chained"),
        ("'n' / Int16ul", "not (this.n > 1)", "chained"),
        ("'n' / Int16ul", "this.n in (1, 2)", "chained"),
        ("'n' / Int16ul", "~(this.n == 1)", "not"),
        ("'n' / Int16ul", "this.m == 1", "does not have"),
        ("'n' / Int16ul, 'n' / Int8ul", "this.n == 1", "twice"),
        ("'n' / Enum(Int8ul, a=1)", "this.n == 1", "cannot be compiled|can be compiled"),
        ("'n' / Int64ul", "(this.n - 1) > 5", "wraps"),
        ("'n' / Int16ul", "True", "not an expression|no expression"),
        ("'n' / Int16ul", "this.n * Int8ul > 1", "neither a number nor an expression"),
    ],
)
def test_a_declaration_that_would_go_wrong_is_refused(tmp_path: Path, layout: str, rule: str, says: str) -> None:
    (tmp_path / "mine.py").write_text(declared(layout, rule))
    with pytest.raises(FormatError, match=says):
        dialects(list(load_formats(tmp_path).values()))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("'mine'", "'seventeen_letters'"), "is no name: 1 to 16 characters"),
        (("))\n", "), ('middle',))\n"), "orders must be some of little, big"),
        (("))\n", "), ())\n"), "orders must be some of little, big"),
    ],
)
def test_a_format_with_a_long_name_or_other_byte_orders_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    (tmp_path / "mine.py").write_text(declared("'n' / Int16ul", "this.n == 1").replace(*change))
    with pytest.raises(FormatError, match=says):
        load_formats(tmp_path)


def test_a_format_is_looked_for_in_the_byte_orders_it_declares(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(declared("'n' / Int16ul", "this.n == 1").replace("))\n", "), ('big',))\n"))
    assert [dialect.order for dialect in dialects(list(load_formats(tmp_path).values()))] == ["big"]


def test_a_format_name_may_be_declared_only_once(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(declared("'n' / Int16ul", "this.n == 1"))
    with pytest.raises(FormatError, match="taken"):
        load_formats(tmp_path)
