"""construct and numpy say the same of every format in the folder, field by field and rule by rule."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover.dialect import dialects
from acctrecover.errors import FormatError
from acctrecover.framed import FramedDialect
from acctrecover.registry import load_formats
from acctrecover.shape import Shape


def shapes() -> list[tuple[str, Shape]]:
    out = []
    for dialect in dialects(list(load_formats().values())):
        if isinstance(dialect, FramedDialect):
            numbers = [n for n in dialect.declared.types if n <= 0x81]
            out += [(f"{dialect.name}-{n:02x}-{dialect.order}", dialect.payload(n, 9)) for n in numbers]
        else:
            out.append((f"{dialect.name}-{dialect.order}", dialect.shape))
    return out


@pytest.mark.parametrize(("name", "shape"), shapes(), ids=[name for name, _ in shapes()])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_construct_and_numpy_agree(name: str, shape: Shape, data: st.DataObject) -> None:
    mostly_zero = st.lists(st.one_of(st.just(0), st.integers(0, 255)), min_size=shape.size, max_size=shape.size).map(bytes)
    octets = data.draw(st.one_of(st.binary(min_size=shape.size, max_size=shape.size), mostly_zero))
    parsed = shape.parse(octets)
    record = np.frombuffer(octets, shape.dtype)
    for field in shape.dtype.names or ():
        ours = record[0][field]
        if ours.ndim:
            assert ours.tobytes() == parsed[field]
        else:
            assert ours.item() == parsed[field] or (math.isnan(ours.item()) and math.isnan(parsed[field]))
    failed = shape.broken(record)[:, 0]
    assert [not bad for bad in failed] == [bool(expr(parsed)) for _, expr in shape.rules]
    assert bool(shape.valid(record)[0]) == (not failed.any())


HEAD = "from construct import *\nfrom acctrecover.schema import *\nfrom acctrecover.expr import *\n"


def declared(layout: str, rule: str) -> str:
    return f"{HEAD}f = Format('mine', 'test', Record('r', Struct({layout}), rules={{'a': {rule}}}))\n"


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
    ],
)
def test_a_declaration_that_would_go_wrong_is_refused(tmp_path: Path, layout: str, rule: str, says: str) -> None:
    (tmp_path / "mine.py").write_text(declared(layout, rule))
    with pytest.raises(FormatError, match=says):
        dialects(list(load_formats(tmp_path).values()))


def test_a_format_name_may_be_declared_only_once(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(declared("'n' / Int16ul", "this.n == 1"))
    with pytest.raises(FormatError, match="taken"):
        load_formats(tmp_path)
