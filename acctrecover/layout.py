"""What numpy and construct make of a record's layout: its fields, their types and offsets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from construct import Bytes, Container, FormatField, Renamed, Struct

from acctrecover.errors import FormatError


def dtype_of(where: str, layout: Any, big: bool, length: int) -> np.dtype[Any]:
    """The packed numpy dtype of a Struct of numbers and byte strings. Raises FormatError for anything else."""
    names: list[str] = []
    formats: list[Any] = []
    for name, inner in _fields(where, layout, length):
        if name in names:
            raise FormatError(f"{where}: the field name {name} is used twice")
        names.append(name)
        formats.append(_number(inner, big) if isinstance(inner, FormatField) else (np.uint8, (inner,)))
    offsets = np.cumsum([0] + [np.dtype(f).itemsize for f in formats]).tolist()
    return np.dtype({"names": names, "formats": formats, "offsets": offsets[:-1], "itemsize": offsets[-1]})


def struct_of(where: str, layout: Any, big: bool, length: int) -> Any:
    """The same for construct."""
    fields, order = _fields(where, layout, length), ">" if big else "<"
    return Struct(*(name / (Bytes(of) if isinstance(of, int) else FormatField(order, of.fmtstr[-1])) for name, of in fields))


@cache
def size_of(where: str, layout: Any) -> int:
    """The bytes of a Struct whose fields have sizes of their own. Raises FormatError for what dtype_of refuses."""
    return sum(inner if isinstance(inner, int) else inner.length for _, inner in _fields(where, layout, 0))


def _number(field: Any, big: bool) -> str:
    code = field.fmtstr[-1]
    return f"{'>' if big else '<'}{'f' if code in 'efd' else 'i' if code.islower() else 'u'}{field.length}"


def _fields(where: str, layout: Any, length: int) -> Iterator[tuple[str, Any]]:
    """The name and the number's construct, or the width in bytes, of every field; length expressions are worked out."""
    if not isinstance(layout, Struct):
        raise FormatError(f"{where}: the layout must be a construct Struct, not {type(layout).__name__}")
    for sub in layout.subcons:
        if not isinstance(sub, Renamed) or not sub.name:
            raise FormatError(f"{where}: every field of the layout needs a name")
        inner = sub.subcon
        if isinstance(inner, Bytes):
            yield sub.name, inner.length(Container(length=length)) if callable(inner.length) else inner.length
        elif isinstance(inner, FormatField):
            yield sub.name, inner
        else:
            raise FormatError(
                f"{where}: {sub.name} is a {type(inner).__name__}; only numbers and Bytes can be compiled "
                "(constants belong in rules, names in labels)"
            )
