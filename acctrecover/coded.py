"""Rows as columns for JSON: each distinct value once and numbers for it, so that a hundred thousand records stay small."""

from __future__ import annotations

from array import array
from typing import Any

EXACT = 1 << 53
"""From here on a reader whose numbers are floating-point ones would round an integer: it goes as text."""


class Coded:
    """One column that grows row by row; None where a row has no value."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}
        self.codes = array("i")

    def put(self, row: int, value: Any) -> None:
        """The value of a row not below any put before."""
        if len(self.codes) < row:
            self.fill(row)
        if value.__class__ is int and not -EXACT < value < EXACT:
            value = str(value)
        self.codes.append(self.numbers.setdefault(value, len(self.numbers)))

    def fill(self, rows: int) -> None:
        """Rows up to so many have no value, where none was put."""
        self.codes.extend([-1] * (rows - len(self.codes)))

    def to_json(self) -> dict[str, Any]:
        """{"values", "codes"}: a row's value is values[codes[row]], none at -1; codes is null where each row has its own, in order,
        and 0 where all have the one."""
        values = list(self.numbers)
        codes: Any = self.codes.tolist()
        if len(values) == len(codes):
            codes = None
        elif len(values) == 1 and -1 not in codes:
            codes = 0
        return {"values": values, "codes": codes}
