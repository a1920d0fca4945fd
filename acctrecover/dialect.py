"""A dialect is a format in one byte order; every order that the format's writers use."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from acctrecover.errors import FormatError
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.schema import ORDERS, Format, Framed
from acctrecover.shape import Octets
from acctrecover.stream import Found
from acctrecover.telling import told

Dialect = Fixed | FramedDialect


def dialects(declared: list[Format | Framed], cookie: int | None = None, *, proven: bool = True) -> list[Dialect]:
    """Every format in each byte order that its writers use, little-endian first; `proven` where they were not tried before.

    Raises FormatError with the file and line for a declaration that cannot be compiled or, `proven`, does not hold together.
    """
    out: list[Dialect] = []
    for form in declared:
        for big in (order == "big" for order in ORDERS if order in form.orders):
            try:
                out.append(Fixed(form, big) if isinstance(form, Format) else FramedDialect(form, big, cookie))
                if proven:
                    out[-1].prove()
            except FormatError as error:
                raise FormatError(f"{form.place}: {error}" if form.place else str(error)) from None
    return out


def clocks(dialect: Dialect, octets: Octets, found: Found) -> npt.NDArray[Any]:
    """Seconds since the epoch of each candidate, NaN where its type has no clock: float64 of shape (n,)."""
    out: npt.NDArray[Any] = numbers(dialect, octets, found, "clock")[0]
    return out


def numbers(dialect: Dialect, octets: Octets, found: Found, *names: str) -> npt.NDArray[Any]:
    """What candidates tell by expressions of their Record ("clock", "serial"), NaN where there is none: shape (names, n)."""
    return told(dialect.shapes(octets, found, *names), octets, found, *names)
