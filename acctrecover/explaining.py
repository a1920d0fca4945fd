"""One record of a stream field by field: its bytes, what they say, and which rule of its format passes or fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.errors import AcctrecoverError
from acctrecover.expr import fields_of, text
from acctrecover.extent import Extent
from acctrecover.framed import FramedDialect
from acctrecover.result import Scan
from acctrecover.scanning import compiled, scan
from acctrecover.schema import ORDERS, TIMES
from acctrecover.shape import Shape
from acctrecover.source import Evidence, Source, open_source
from acctrecover.users import Users, user_column
from acctrecover.words import shown


@dataclass(frozen=True)
class Field:
    """A field of a record: its offset in the input, its bytes, its value and what that means.

    `value` is None where the bytes are cut off; `seconds` is since the epoch where the field holds a time.
    """

    name: str
    offset: int
    size: int
    octets: bytes
    value: Any
    unit: str = ""
    meaning: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Asked:
    """A rule asked of a record: whether it holds (None: fields of it are cut off), its worth in bits, the values it is about."""

    name: str
    rule: str
    holds: bool | None
    evidence_bits: float
    values: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """What stands at `offset`: a record [start, start + size) that a scan found, or, with status `none`, what would be one
    there; `why` says of a record what is odd about it, and of other bytes why they are none."""

    offset: int
    start: int
    size: int
    format: str
    byte_order: str
    type: str
    status: str
    why: str = ""
    fields: list[Field] = field(default_factory=list)
    rules: list[Asked] = field(default_factory=list)
    derived: dict[str, Any] = field(default_factory=dict)
    clock: float | None = None
    address: int | None = None
    """Where the record is in the memory of a core."""

    @property
    def score(self) -> float:
        """Bits of the rules that hold, less those of the rules that fail."""
        return sum(rule.evidence_bits * (1 if rule.holds else -1) for rule in self.rules if rule.holds is not None)

    def named(self, users: Users) -> Explanation:
        """The same with the names of users as what their ids mean."""
        told = [
            replace(one, meaning=users.names[one.value]) if user_column(one.name) and one.value in users.names else one
            for one in self.fields
        ]
        return replace(self, fields=told)

    def _repr_html_(self) -> str:
        from acctrecover.notebook import table

        rows = [(f"{f.offset:#010x}", f.octets.hex(), f.name, shown(f.value), f.meaning) for f in self.fields]
        told = f"{self.offset:#x}: {self.status}, {self.format} {self.byte_order}-endian {self.type} at {self.start:#x}"
        why = f": {self.why}" if self.why else ""
        return table(told + why, ("offset", "bytes", "field", "value", "meaning"), rows)

    def to_json(self) -> dict[str, Any]:
        """The object that `explain --json` prints; bytes are in hex, floats that JSON has no word for as text."""
        out: dict[str, Any] = {"schema": "acctrecover/explain/1", "kind": "explanation", **_worded(asdict(self))}
        out["address"] = None if self.address is None else f"{self.address:#x}"
        for row, one in zip(out["fields"], self.fields, strict=True):
            row["octets"] = one.octets.hex()
        return out


def _worded(value: Any) -> Any:
    """A value with text for each float in it that is no finite number."""
    if isinstance(value, dict):
        return {key: _worded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_worded(each) for each in value]
    return repr(value) if isinstance(value, float) and not isfinite(value) else value


def explain(
    evidence: Evidence,
    offset: int,
    form: str | None = None,
    *,
    cookie: int | None = None,
    places: Sequence[str | Path] = (),
) -> Explanation:
    """Explain the record that holds byte `offset`, as a scan finds it; in a gap, the one that a format would best see there.

    `form` reads the bytes at `offset` itself as a record of that format, `NAME` or `NAME:little` or `NAME:big`, found or not.
    Raises AcctrecoverError for an offset that is not in the input, or a format that is not known.
    """
    name, _, order = (form or "").partition(":")
    if order and order not in ORDERS:
        raise AcctrecoverError(f"--format {form}: the byte order is {' or '.join(ORDERS)}")
    every = compiled((name,) if name else (), cookie, tuple(map(str, places)))
    with open_source(evidence) as source:
        if not source.start <= offset < source.stop:
            what = f"its {source.size:,} bytes" if source.stop - source.start == source.size else "the window"
            raise AcctrecoverError(f"{source.name}: {offset:#x} is not in {what}")
        if name:
            chosen = [dialect for dialect in every if order in ("", dialect.order)]
            if not chosen:
                raise AcctrecoverError(f"--format {form}: no writer of {name} uses this byte order")
            read = [_would(source, dialect, offset, offset, source.size, "") for dialect in chosen]
            told = max(read, key=lambda seen: seen.score)
        else:
            found = scan(source, cookie=cookie, places=places)
            told = _record(found, offset) or _gap(source, found, offset, every)
        return told if source.core is None else replace(told, address=source.core.address(told.start))


def contradicted(source: Source, dialect: Dialect, start: int, stop: int) -> list[Asked]:
    """The rules of its format that the record at [start, stop) breaks."""
    return [rule for rule in _would(source, dialect, start, start, stop, "").rules if rule.holds is False]


def _record(found: Scan, offset: int) -> Explanation | None:
    """The record that the scan found over `offset`."""
    for dialect, rows, octets, low in found.told.batches():
        placed = found.placed(rows)
        over = np.flatnonzero((placed["offset"] <= offset) & (offset < placed["offset"] + placed["size"]))
        if dialect is None or not len(over):
            continue
        at, status = int(rows["offset"][over[0]]), str(rows["status"][over[0]])
        why = [odd.reason for extent in found.told.extents for odd in extent.oddities if odd.offset == at]
        if found.transfer is not None and found.told is not found:
            why.append(f"the input is {found.transfer.name}: offsets of fields are those of the undone bytes")
        return _told(dialect, octets[at - low :], at, offset, status, "; ".join(why))
    return None


def _gap(source: Source, found: Scan, offset: int, every: list[Dialect]) -> Explanation:
    """What the format that fits best would see at an offset in no record, or at the place of a neighbour's record around it.

    The formats of the neighbours come first: others where all of their rules hold.
    """
    gap = next((extent for extent in found.extents if extent.start <= offset < extent.stop), None)
    inside = gap is not None and gap.kind == "gap"
    why = f"gap: {gap.cause}" if gap is not None and inside else "fill bytes between two records"
    stop = gap.stop if gap is not None and inside else source.size
    near = list(_neighbours(found, gap))
    places = [(dialect, offset) for dialect in every]
    places += [(d, max(0, edge + (offset - edge) // d.pitch * d.pitch)) for d, edge in near if d.pitch is not None]
    seen = [_would(source, dialect, start, offset, stop, why) for dialect, start in places]
    own = {(dialect.name, dialect.order) for dialect, _ in near}
    if own:
        seen = [s for s in seen if (s.format, s.byte_order) in own or all(rule.holds for rule in s.rules)]
    return max(seen, key=lambda one: one.score)


def _neighbours(found: Scan, gap: Extent | None) -> Iterator[tuple[Dialect, int]]:
    """The dialects of the chains around a gap, and where these end or begin."""
    for chain in found.chains:
        if gap is not None and (chain.stop == gap.start or chain.start == gap.stop) and chain.start in found.by_extent:
            yield found.by_extent[chain.start], chain.start


def _would(source: Source, dialect: Dialect, start: int, offset: int, stop: int, why: str) -> Explanation:
    """What a format sees at `start`, of the bytes up to `stop`."""
    octets = np.frombuffer(source.read(start, min(stop, start + dialect.largest)), np.uint8)
    seen = _told(dialect, octets, start, offset, "none", why)
    good = all(rule.holds for rule in seen.rules) and len(octets) >= seen.size
    return seen if why or not good else _told(dialect, octets, start, offset, "valid", "")


def _told(dialect: Dialect, octets: npt.NDArray[np.uint8], start: int, offset: int, status: str, why: str) -> Explanation:
    """The record that `octets` begin with, which stands at `start` of the input."""
    fields: list[Field] = []
    rules: list[Asked] = []
    kind, skip, shape = "", 0, None
    if isinstance(dialect, FramedDialect):
        skip = dialect.head
        fields = [one for one in _fields(dialect.header, octets, start) if one.offset < start + skip]
        rules = list(_header(dialect, octets))
        if all(rule.holds for rule in rules):
            number, length = (int(_header_value(dialect, octets, what)) for what in ("type", "length"))
            shape = dialect.payload(number, length)
    else:
        shape = dialect.shape
    derived: dict[str, Any] = {}
    clock = None
    if shape is not None:
        fields += _fields(shape, octets[skip:], start + skip)
        rules += _rules(shape, octets[skip:])
        kind = shape.record.name
        record = _laid(shape, octets[skip:])
        if len(octets) >= skip + shape.size:
            derived = {name: _value(shape.evaluate(expr, record)) for name, expr in shape.record.derived.items()}
            if shape.record.parts is not None:
                derived.update(shape.record.parts.read(record[shape.record.parts.field][0].tobytes()))
            seconds = float(shape.clocks(record)[0])
            clock = seconds if isfinite(seconds) else None
    size = skip + (shape.size if shape is not None else 0)
    return Explanation(offset, start, size, dialect.name, dialect.order, kind, status, why, fields, rules, derived, clock)


def _laid(shape: Shape, octets: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """One record over the bytes, NULs where they end."""
    data = octets[: shape.size].tobytes().ljust(shape.size, b"\0")
    return np.frombuffer(data, shape.dtype) if shape.size else np.zeros(1, shape.dtype)


def _value(column: Any) -> Any:
    return np.broadcast_to(column, 1)[0].item()


def _fields(shape: Shape, octets: npt.NDArray[np.uint8], start: int) -> list[Field]:
    record, out = _laid(shape, octets), []
    for name in shape.dtype.names or ():
        kind, at = shape.dtype.fields[name][:2]  # type: ignore[index]
        raw = octets[at : at + kind.itemsize].tobytes()
        value: Any = None
        unit = shape.record.units.get(name, "")
        words: list[str] = []
        seconds = None
        if len(raw) == kind.itemsize:
            value = raw.rstrip(b"\0").decode("utf-8", "backslashreplace") if kind.subdtype else record[name][0].item()
            if name in shape.record.labels:
                words.append(shape.record.labels[name](raw if kind.subdtype else value))
            for title, expr in shape.record.derived.items():
                if fields_of(expr) == {name}:
                    words.append(f"{title}={_value(shape.evaluate(expr, record)):g}")
            if unit in TIMES and value is not None and isfinite(value):
                seconds = value / TIMES[unit]
        out.append(Field(name, start + at, kind.itemsize, raw, value, unit, ", ".join(filter(None, words)), seconds))
    return out


def _rules(shape: Shape, octets: npt.NDArray[np.uint8]) -> Iterator[Asked]:
    failed = shape.broken(_laid(shape, octets))[:, 0]
    values = {one.name: one.value for one in _fields(shape, octets, 0)}
    for (name, expr), reads, fails, bits in zip(shape.rules, shape.reads, failed, shape.weights, strict=True):
        asked = {one: value for one, value in values.items() if one in reads}
        holds = None if None in asked.values() else not bool(fails)
        yield Asked(name, text(expr), holds, round(float(bits), 1) + 0.0, asked)


def _header_value(dialect: FramedDialect, octets: npt.NDArray[np.uint8], what: str) -> Any:
    return _value(dialect.header.evaluate(getattr(dialect.declared, what), _laid(dialect.header, octets)))


def _header(dialect: FramedDialect, octets: npt.NDArray[np.uint8]) -> Iterator[Asked]:
    """What the header of a framed stream must say: its rules, a type that is declared, a length that the type allows."""
    number, length = (int(_header_value(dialect, octets, what)) for what in ("type", "length"))
    there = len(octets) >= dialect.head
    low, high = dialect.kinds.span(number)
    known = high >= 0
    sensible = f"type is one of {len(dialect.declared.types)} declared"
    span = f"length is {low}" if low == high else f"length is from {low} to {high}" if known else "length fits the type"
    yield from _rules(dialect.header, octets)
    yield Asked("type", sensible, known if there else None, 0.0, {"type": number})
    bits = (dialect.fixed_bits if low == high else dialect.loose_bits) - dialect.ruled_bits
    good = (known and low <= length <= high) if there else None
    yield Asked("length", span, good, round(bits, 1), {"type": number, "length": length})
