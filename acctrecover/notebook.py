"""Results as a notebook shows them: a sentence and a small table in HTML, with nothing of the evidence taken for markup."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

MOST = 20
"""Rows before the middle of a table is left out."""


def _cell(value: object) -> str:
    """A cell: numbers to the right with separators, texts escaped, also what no terminal should get."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f'<td style="text-align:right">{value:,}</td>'
    return f'<td style="text-align:left">{escape(plainly("" if value is None else str(value)))}</td>'


def table(sentence: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A sentence over a table, rows in the order of `names`; the middle of more than MOST rows is left out and counted."""
    hidden = len(rows) - MOST
    parts = [(*rows[: MOST // 2],), (*rows[-(MOST // 2) :],)] if hidden > 0 else [tuple(rows)]
    lines = ["".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in part) for part in parts]
    between = f'<tr><td colspan="{len(names)}">{hidden:,} more rows</td></tr>'
    head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in names)
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{between.join(lines)}</tbody></table>"
    return f"<div><p>{escape(plainly(sentence))}</p>{body}</div>"


def plainly(text: str) -> str:
    """A text without what a terminal or a page should not get."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def span(start: int, stop: int) -> str:
    """A half-open range of bytes."""
    return f"{start:#010x}..{stop:#010x}"
