"""What a format's declaration says, as rows to print: its fields with their offsets, its rules with their evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acctrecover.dialect import Dialect
from acctrecover.expr import text
from acctrecover.framed import FramedDialect
from acctrecover.shape import Shape


def summary(dialect: Dialect) -> dict[str, Any]:
    """A format in a few words: its name, the byte orders it is looked for in, the bytes of its smallest and largest record,
    the fewest bits of evidence that a record of it gives, where its declaration comes from."""
    framed = isinstance(dialect, FramedDialect)
    bits = dialect.least_bits if isinstance(dialect, FramedDialect) else dialect.shape.bits
    source = dialect.declared.source
    return {
        "schema": "acctrecover/formats/1",
        "kind": "format",
        "name": dialect.name,
        "byte_orders": list(dialect.declared.orders),
        "smallest": dialect.smallest,
        "largest": dialect.largest,
        "framed": framed,
        "evidence_bits": round(bits, 1),
        "source": source,
    }


def shapes(dialect: Dialect) -> Iterator[tuple[str, Shape]]:
    """(title, shape) of every layout: the header and each type of a framed format, alike ones once, or the one record."""
    if not isinstance(dialect, FramedDialect):
        yield f"{dialect.name}: {dialect.size} bytes", dialect.shape
        return
    yield f"header: {dialect.head} bytes", dialect.header
    kinds: dict[int, list[int]] = {}
    for number, record in dialect.declared.types.items():
        kinds.setdefault(id(record.layout) if record.lengths == (0, 255) and not record.rules else number + (1 << 64), []).append(
            number
        )
    for numbers in kinds.values():
        record = dialect.declared.types[numbers[0]]
        low, high = dialect.kinds.span(numbers[0])
        span = f"{numbers[0]:#04x}" if len(numbers) == 1 else f"{numbers[0]:#04x} to {numbers[-1]:#04x}"
        yield f"type {span} {record.name}: {low if low == high else f'{low} to {high}'} bytes", dialect.payload(numbers[0], high)


def fields(shape: Shape) -> Iterator[tuple[int, int, str, str]]:
    """(offset, size in bytes, type, name) of every field of a layout."""
    for name in shape.dtype.names or ():
        kind, offset = shape.dtype.fields[name][:2]  # type: ignore[index]
        word = "bytes" if kind.subdtype is not None else f"{kind.kind}{8 * kind.itemsize}"
        yield offset, kind.itemsize, word, name


def rules(shape: Shape) -> Iterator[tuple[str, str, float]]:
    """(name, expression, evidence in bits) of every rule, in the order they are declared."""
    for (name, expr), bits in zip(shape.rules, shape.weights, strict=True):
        yield name, text(expr), float(bits) + 0.0


def detail(dialect: Dialect) -> dict[str, Any]:
    """The summary of a format and, under `layouts`, what each of its layouts declares."""
    return {**summary(dialect), "layouts": [_layout(title, shape) for title, shape in shapes(dialect)]}


def _layout(title: str, shape: Shape) -> dict[str, Any]:
    record = shape.record
    return {
        "title": title,
        "fields": [
            {
                "offset": offset,
                "size": size,
                "type": kind,
                "name": name,
                "unit": record.units.get(name),
                "in_words": name in record.labels,
            }
            for offset, size, kind, name in fields(shape)
        ],
        "rules": [{"name": name, "rule": rule, "evidence_bits": round(bits, 1)} for name, rule, bits in rules(shape)],
        "clock": None if record.clock is None else text(record.clock),
        "derived": {name: text(expr) for name, expr in record.derived.items()},
    }
