"""How formats read: one line each, the fields and rules of one, and one record under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acctrecover.dialect import Dialect
from acctrecover.explaining import Explanation
from acctrecover.expr import text
from acctrecover.style import PLAIN, Style
from acctrecover.table import fields, rules, shapes, summary
from acctrecover.words import escaped, number, octets_text, plain, shown

ENDIAN = {
    ("little", "big"): "little-endian as declared and big-endian",
    ("little",): "little-endian only",
    ("big",): "big-endian only, numbers declared as little-endian",
}


def formats_text(dialects: Sequence[Dialect]) -> Iterator[str]:
    """One line a format."""
    listed = list(map(summary, dialects))
    width = max(12, *(len(about["name"]) + 2 for about in listed))
    yield f"{'format':<{width}}{'bytes a record':>15}{'evidence':>10}  {'byte orders':<12} source"
    for about in listed:
        sizes = str(about["largest"]) if about["smallest"] == about["largest"] else f"{about['smallest']} to {about['largest']}"
        orders = ", ".join(about["byte_orders"])
        yield f"{about['name']:<{width}}{sizes:>15}{about['evidence_bits']:>5.0f} bits  {orders:<12} {about['source']}"


def format_text(dialect: Dialect) -> Iterator[str]:
    """The field table of one format: offsets, sizes, types and names, then the rules and the bits each is worth."""
    about = summary(dialect)
    yield f"{about['name']}, {ENDIAN[tuple(about['byte_orders'])]}; {about['source']}"
    for title, shape in shapes(dialect):
        yield ""
        yield title
        for offset, size, kind, name in fields(shape):
            told = [shape.record.units.get(name), "in words too" if name in shape.record.labels else None]
            notes = ", ".join(filter(None, told))
            yield f"  {offset:>4} {size:>4}  {kind:<6} {name}" + (f"  ({notes})" if notes else "")
        for name, rule, bits in rules(shape):
            yield f"  rule {name}: {rule}  ({bits:.1f} bits)"
        if shape.record.clock is not None:
            yield f"  clock: {text(shape.record.clock)}"
        for name, expr in shape.record.derived.items():
            yield f"  {name} = {text(expr)}"


def explain_text(name: str, told: Explanation, *, style: Style = PLAIN) -> Iterator[str]:
    """The lines `explain` prints: where, every field, every rule, what follows from them."""
    kind, at = f"{told.format} {told.byte_order}-endian", f"{plain(name)}: {told.offset:#x}"
    inside = f"at {told.start:#x}" + (f", {number(told.offset - told.start, 'byte')} before" if told.start != told.offset else "")
    inside += "" if told.address is None else f" (in memory at {told.address:#x})"
    if told.status in ("none", "valid"):
        why = told.why or ("every rule holds" if told.status == "valid" else "not a record of this format")
        yield f"{at}: {why}; read as {kind} {inside}, {number(told.size, 'byte')}:"
    else:
        yield f"{at}: {told.status}, in a record of {kind} {inside}: {told.type}, {number(told.size, 'byte')}"
        if told.why:
            yield told.why
    yield ""
    yield f"{'offset':<10} {'bytes':<36} {'field':<14} value"
    for one in told.fields:
        unit = one.unit if one.seconds is None and one.value is not None else ""
        words = [shown(one.value), unit, style.when(one.seconds), escaped(one.meaning)]
        yield f"{one.offset:#010x} {octets_text(one.octets):<36} {one.name:<14} {'  '.join(filter(None, words))}"
    yield ""
    for rule in told.rules:
        verdict = {True: "holds", False: "FAILS", None: "cut off"}[rule.holds]
        read = "" if rule.holds else "  with " + ", ".join(f"{key}={shown(value)}" for key, value in rule.values.items())
        yield f"{verdict:<8} {rule.name}: {rule.rule}  ({rule.evidence_bits:.1f} bits){read}"
    for title, value in told.derived.items():
        yield f"{'':<8} {title} = {value:g}" if isinstance(value, float) else f"{'':<8} {title} = {escaped(str(value))}"
    if told.clock is not None:
        yield f"{'':<8} clock = {style.when(told.clock)}"
