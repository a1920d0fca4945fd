"""When a record was written: by its clock, or by a field that counts from another event, as nanoseconds since boot."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.schema import Record
from acctrecover.shape import Octets
from acctrecover.stream import Found, Offsets

EPOCH = "1970"
"""What clocks count from."""
SINCE = re.compile(r"(s|ms|us|ns) since (.+)")
SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def counted(record: Record) -> tuple[str, str, int] | None:
    """(field, what it counts from, how many make a second) of a layout's first field with a unit as "ns since boot"."""
    fields = {sub.name for sub in record.layout.subcons}
    told = ((name, SINCE.fullmatch(unit)) for name, unit in record.units.items() if name in fields)
    return next(((name, said[2], SECOND[said[1]]) for name, said in told if said), None)


def moments(dialect: Dialect, octets: Octets, found: Found) -> Iterator[tuple[Offsets, str, npt.NDArray[np.float64]]]:
    """(numbers of the candidates, what their times count from, seconds) of each kind that tells its time, in float64."""
    for shape, skip, which in dialect.shapes(octets, found):
        told = ("", EPOCH, 1) if shape.record.clock is not None else counted(shape.record)
        if told is None or not len(which):
            continue
        records = shape.gather(octets, found.starts[which] + skip)
        field, epoch, second = told
        yield which, epoch, records[field].astype(np.float64) / second if field else shape.clocks(records)
