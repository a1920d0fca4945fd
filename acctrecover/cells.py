"""Values of a column of records as a reader wants them: numbers, texts, instants in UTC."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.schema import TIMES

UNITS = {1: "s", 10**3: "ms", 10**6: "us", 10**9: "ns"}
"""numpy's name of what so many of make a second."""
LAST_YEAR = 253402300800
"""The first second of the year 10000, for which ISO 8601 has no four digits."""


def cells(column: npt.NDArray[Any]) -> list[Any]:
    """One value a record: numbers, byte strings as `told`, a float that JSON has no word for as text."""
    if column.ndim == 2:
        return _texts(np.ascontiguousarray(column))
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        return [value if np.isfinite(value) else repr(value) for value in column.tolist()]
    values: list[Any] = column.tolist()
    return values


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
