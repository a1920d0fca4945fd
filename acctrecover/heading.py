"""What a stream's declaration fixes of its headers: the bytes they open with, and where cookie, type and length stand."""

from __future__ import annotations

import numpy as np

from acctrecover.errors import FormatError
from acctrecover.expr import field_of
from acctrecover.schema import Framed
from acctrecover.shape import Shape, equality


def opening_of(header: Shape, declared: Framed) -> bytes:
    """The bytes of the header's first field where a rule fixes it.

    Raises FormatError for a cookie that is no field of the header, or no word.
    """
    fixed = [pair for _, expr in header.rules if (pair := equality(expr, header.big))]
    if declared.cookie is not None and not any(name == field_of(declared.cookie) for name, _ in fixed):
        raise FormatError(f"{header.where}: the cookie must name a field of the header, as in this.cookie")
    for name, value in fixed:
        kind, at = header.dtype.fields[name][:2]  # type: ignore[index]
        if at == 0:
            if name == field_of(declared.cookie) and not 0 < value < 1 << 8 * kind.itemsize:
                raise FormatError(f"the cookie {value:#x} is not a word from 0x0001 to {(1 << 8 * kind.itemsize) - 1:#x}")
            return np.array([value]).astype(kind).tobytes()
    return b""


def places_of(header: Shape, declared: Framed, opening: bytes) -> list[tuple[int, int]] | None:
    """(start, stop) of the cookie, the type and the length in a header of just these, the last two of a byte each, else None."""
    fields = header.dtype.fields
    kind, room = (field_of(expr) for expr in (declared.type, declared.length))
    if not opening or kind is None or room is None or len(fields or ()) != 3 or declared.peek:
        return None
    places = [(int(at), int(at) + int(size.itemsize)) for size, at in (fields[name][:2] for name in (kind, room))]  # type: ignore[index]
    return [(0, len(opening)), *places] if all(stop - start == 1 for start, stop in places) else None
