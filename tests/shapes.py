"""The layouts of every format in the folder, as both engines read them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from acctrecover.framed import FramedDialect
from acctrecover.scanning import compiled
from acctrecover.schema import Record
from acctrecover.shape import Shape

LENGTH = 13
"""Payload bytes where a declaration leaves them open: as many as the host name of the samples has."""


def chosen(types: Mapping[int, Record]) -> list[int]:
    """The types whose layouts are tried: of the sites' two, of those of one name, which grew with time, every seventh."""
    named: dict[str, list[int]] = {}
    for number in sorted(types):
        if types[number].name.startswith("SITE") <= (number <= 0x81):
            named.setdefault(types[number].name, []).append(number)
    return [number for numbers in named.values() for number in numbers[::7]]


@cache
def shapes() -> dict[str, tuple[str, Shape]]:
    """The format and the layout, by a name for it: of one size as it is, of framed ones the header's and those of its payloads."""
    out = {}
    for dialect in compiled((), None, ()):
        if isinstance(dialect, FramedDialect):
            out[f"{dialect.name}-header-{dialect.order}"] = dialect.name, dialect.header
            for n in chosen(dialect.declared.types):
                length = max(LENGTH, dialect.kinds.span(n)[0])
                out[f"{dialect.name}-{n:02x}-{dialect.order}"] = dialect.name, dialect.payload(n, length)
        else:
            out[f"{dialect.name}-{dialect.order}"] = dialect.name, dialect.shape
    return out
