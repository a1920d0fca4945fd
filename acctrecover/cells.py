"""A column of records as a reader wants it: numbers, texts, instants in UTC, each value that comes often worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.distinct import Indices
from acctrecover.schema import TIMES

UNITS = {1: "s", 10**3: "ms", 10**6: "us", 10**9: "ns"}
"""numpy's name of what so many of make a second."""
LAST_YEAR = 253402300800
"""The first second of the year 10000, for which ISO 8601 has no four digits."""


@dataclass(frozen=True)
class Column:
    """Values of shape (k,), and which of them each row has: `codes` of shape (n,), None where each row has its own.

    `values` are finite numbers, or a list of what Python has for them, None for a row that has no such value.
    """

    values: npt.NDArray[Any] | list[Any]
    codes: Indices | None = None
    nulls: bool = False
    """Whether a row without a value says so; else it has no such column."""

    def __len__(self) -> int:
        return len(self.values if self.codes is None else self.codes)

    def cells(self) -> list[Any]:
        """One value a row."""
        values = self.values if isinstance(self.values, list) else self.values.tolist()
        return values if self.codes is None else [values[code] for code in self.codes.tolist()]

    def of(self, rows: Indices | slice) -> Column:
        """The column of some of the rows."""
        if self.codes is not None:
            return replace(self, codes=self.codes[rows])
        if isinstance(self.values, list) and not isinstance(rows, slice):
            return replace(self, values=[self.values[row] for row in rows.tolist()])
        return replace(self, values=self.values[rows])

    def kinds(self) -> tuple[set[type], int]:
        """The types of its values, and the largest of those that are whole numbers, or less."""
        if isinstance(self.values, list):
            whole = (value for value in self.values if type(value) is int)
            return {type(value) for value in self.values if value is not None}, max(whole, default=0)
        if self.values.dtype.kind == "f" or not len(self.values):
            return {float} if len(self.values) else set(), 0
        return {int}, int(self.values.max())


def same(value: Any, count: int) -> Column:
    """A column of one value."""
    return Column([value], np.zeros(count, np.intp))


def behind(parts: Sequence[Column]) -> Column:
    """The rows of several columns one after the other."""
    if len(parts) == 1:
        return parts[0]
    first = np.cumsum([0, *(len(part.values) for part in parts)])
    codes = [np.arange(len(part.values)) if part.codes is None else part.codes for part in parts]
    kinds = {None if isinstance(part.values, list) else part.values.dtype for part in parts}
    values = (
        np.concatenate([part.values for part in parts])
        if len(kinds) == 1 and None not in kinds
        else [value for part in parts for value in Column(part.values).cells()]
    )
    return Column(values, np.concatenate([code + low for code, low in zip(codes, first.tolist(), strict=False)]), parts[0].nulls)


def column(values: npt.NDArray[Any], codes: Indices | None = None) -> Column:
    """Numbers as they are, byte strings as `told`, truths and a float that JSON has no word for as Python has them."""
    if values.ndim == 2:
        return Column(_texts(np.ascontiguousarray(values)), codes)
    if values.dtype.kind == "b":
        return Column(values.tolist(), codes)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return Column([value if np.isfinite(value) else repr(value) for value in values.tolist()], codes)
    return Column(values.astype(values.dtype.newbyteorder("=")), codes)


def _texts(column: npt.NDArray[np.uint8]) -> list[str]:
    if not column.size:
        return [""] * len(column)
    octets = column.view(f"S{column.shape[1]}").ravel()  # without the NULs behind
    held = column != 0
    clean = ((column >= 0x20) & (column < 0x7F) | ~held).all(axis=1) & (held[:, 1:] <= held[:, :-1]).all(axis=1)
    if clean.all():
        return [text.decode("ascii") for text in octets.tolist()]
    return [told(text, column.shape[1]) for text in octets.tolist()]


def told(octets: bytes, width: int = 0) -> str:
    """A byte string without the NULs behind it as text, what cannot be printed as ``\\x1f``; in hex, with these NULs up to
    `width` bytes, where less than half of it can be."""
    broken = sum(c == "\ufffd" or not c.isprintable() for c in octets.decode("utf-8", "replace"))
    if 2 * broken > len(octets):
        return octets.ljust(width, b"\0").hex()
    text = octets.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}" for c in text)


def instants(column: npt.NDArray[Any], unit: str = "s since 1970") -> list[str | None]:
    """Times of a unit of TIMES in ISO 8601, as ``2026-11-23T15:28:17Z`` and as exact as the unit; None for 0, which stands for
    no time, and for what no calendar has."""
    many = TIMES[unit]
    with np.errstate(invalid="ignore"):
        known = np.isfinite(column) & (column > 0) & (column // many < LAST_YEAR)
    numbers = np.where(known, column, 0).astype(np.int64)
    unit_name: Any = UNITS[many]
    texts = np.datetime_as_string(numbers.astype(np.dtype(f"M8[{unit_name}]")), unit=unit_name)
    return [f"{text}Z" if sure else None for text, sure in zip(texts.tolist(), known.tolist(), strict=True)]
