"""Claims about lines laid of byte strings: whatever stands in the columns, no row is lost and none reaches into the next."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import digits, distinct, frames, pieces
from acctrecover.cells import Column, column
from acctrecover.frames import Frame, Table
from acctrecover.lines import csv_lines, json_lines
from acctrecover.pieces import Piece, lay, piece

CELLS = st.one_of(st.none(), st.integers(-(1 << 70), 1 << 70), st.floats(), st.text(st.characters(codec="utf-8")), st.booleans())


@st.composite
def lines(draw: st.DrawFn, count: int) -> list[tuple[Piece, list[bytes]]]:
    """Pieces, and the byte string of each row in them."""
    out = []
    shared = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)), np.intp)
    for kind in draw(st.lists(st.sampled_from(["one", "own", "coded", "shared"]), min_size=1, max_size=6)):
        texts = draw(st.lists(st.binary(max_size=20), min_size=3, max_size=3))
        if kind == "own":
            texts = draw(st.lists(st.binary(max_size=70), min_size=count, max_size=count))
        codes = {"coded": shared[::-1].copy(), "shared": shared}.get(kind)
        made = piece(texts[:1] if kind == "one" else texts, codes)
        at = [0] * count if kind == "one" else list(range(count)) if codes is None else codes.tolist()
        out.append((made, [texts[index] for index in at]))
    return out


@given(st.data(), st.integers(1, 30), st.sampled_from([3, 1 << 12]), st.sampled_from([1, 1 << 13]), st.booleans())
def test_rows_of_two_kinds_stand_in_their_order_however_they_are_laid(
    data: st.DataObject, count: int, at_once: int, few: int, compiled: bool
) -> None:
    first = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), np.bool_)
    wanted: list[bytes] = [b""] * count
    parts = []
    turn = data.draw(st.sampled_from([1, -1]))  # rows may come in any order
    for rows in (np.flatnonzero(first)[::turn], np.flatnonzero(~first)):
        if len(rows):
            line = data.draw(lines(len(rows)))
            parts.append((rows, [made for made, _ in line]))
            for number, row in enumerate(rows.tolist()):
                wanted[row] = b"".join(texts[number] for _, texts in line)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "AT_ONCE", at_once)
        patch.setattr(pieces, "FEW", few)
        if not compiled:
            patch.setattr(pieces, "library", lambda: None)
        assert bytes(lay(parts, count)) == b"".join(wanted)


@given(st.lists(st.integers(0, (1 << 64) - 1) | st.integers(0, 30000), min_size=1, max_size=40), st.sampled_from([b"", b", "]))
def test_a_number_is_written_as_python_writes_it(numbers: list[int], before: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "FEW", 1)
        line = digits.digits(np.array(numbers, np.uint64), before)
    assert bytes(lay([(np.arange(len(numbers)), line)], len(numbers))) == b"".join(b"%s%d" % (before, n) for n in numbers)


@given(
    st.lists(st.integers(0, 5), min_size=64, max_size=300),
    st.integers(1, 1 << 50),
    st.sampled_from(["u1", ">u2", ">i8", "<u4", "S9"]),
    st.booleans(),
)
def test_a_value_that_comes_often_is_found_in_every_row_that_has_it(
    values: list[int], step: int, kind: str, compiled: bool
) -> None:
    held = np.array([value * step % (1 << 32) for value in values]).astype(kind)
    given = held.view(np.uint8).reshape(len(held), 9) if kind == "S9" else held
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(distinct, "library", lambda: None)
        found = distinct.distinct(given)
    assert found is not None
    firsts, codes = found
    assert (held[firsts][codes] == held).all()
    assert len(firsts) == len(set(held.tolist()))


@pytest.mark.parametrize("kind", ["u1", "<u2"])
def test_every_value_of_a_byte_or_two_has_a_seat_where_there_are_rows_enough(kind: str) -> None:
    held = (np.arange(1 << 16) % 1009 * 65).astype(kind)
    firsts, codes = distinct.distinct(held) or ([], [])
    assert (held[firsts][codes] == held).all()
    assert len(firsts) == len(set(held.tolist()))


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from([1, 1 << 22]))
def test_lines_are_those_of_the_standard_library(cells: list[list[Any]], heavy: int) -> None:
    names = ["a", 'b "', "c"]
    told = [[repr(value) if isinstance(value, float) and not np.isfinite(value) else value for value in row] for row in cells]
    columns = {name: Column([row[place] for row in told]) for place, name in enumerate(names)}
    sizes = {"size": column(np.full(len(cells), 64))}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *told])
    rows = [{"size": 64} | {name: value for name, value in zip(names, row, strict=True) if value is not None} for row in told]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "HEAVY", heavy)
        table = Table(len(cells), [Frame(np.arange(len(cells)), sizes | columns)])
        assert b"".join(csv_lines([table], names)) == text.getvalue().encode()
        assert b"".join(json_lines([table])) == "".join(json.dumps(row) + "\n" for row in rows).encode()
        assert table.dicts() == rows
