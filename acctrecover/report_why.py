"""How the reasons of a scan read: what a chain's evidence is worth, and which rules contradict its suspect records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from acctrecover.extent import Extent, Oddity
from acctrecover.report_source import Again, again
from acctrecover.source import Source
from acctrecover.style import Style
from acctrecover.survey import RISK
from acctrecover.words import number, rarely, shown

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.result import Scan

FEW = 5
"""Records of a chain that are named as odd, unless all are wanted."""


def why_lines(scan: Scan, extent: Extent, source: Source, style: Style) -> Iterator[str]:
    """What is odd about the records of an extent; with `style.verbose` of all of them, by the rules that they break."""
    pad = " " * style.indent
    if style.verbose and extent.evidence_bits is not None:
        chance = "" if extent.e_value is None else f"; chance makes {rarely(extent.e_value)} such chains here (E-value)"
        yield from style.lines(f"{pad}evidence: {extent.evidence_bits:,.1f} bits{chance}", "dim", style.indent)
    odd = [oddity for oddity in extent.oddities if oddity.status != "torn"]
    for oddity in odd if style.verbose else odd[:FEW]:
        yield from style.lines(f"{pad}{oddity.status} at {oddity.offset:#x}: {oddity.reason}", "odd", style.indent + 4)
        if style.verbose:
            for line in _broken(scan, extent, oddity, source):
                yield from style.lines(f"{pad}    {line}", "dim", style.indent + 8)
    if len(odd) > FEW and not style.verbose:
        yield f"{pad}... {number(len(odd) - FEW, 'more such record')}; --verbose shows all"


def _broken(scan: Scan, extent: Extent, oddity: Oddity, source: Source) -> Iterator[str]:
    """The rules that a record breaks and what it was healed by."""
    for at, before, after in oddity.patches:
        yield f"healed {at:#x}: {before.hex()} to {after.hex()}"
    dialect = scan.by_extent.get(extent.start)
    if dialect is None or scan.transfer is not None:  # offsets are the input's, the records of undone bytes
        return
    from acctrecover.explaining import contradicted

    for rule in contradicted(source, dialect, oddity.offset, oddity.offset + oddity.size):
        values = ", ".join(f"{name}={shown(value)}" for name, value in rule.values.items())
        yield f"FAILS {rule.name}: {rule.rule}  ({rule.evidence_bits:.1f} bits)  with {values}"


def explain_step(scan: Scan, given: Again) -> Iterator[str]:
    """The command that shows the first suspect record field by field; none for several files as one stream."""
    for extent in scan.chains if len(scan.parts) < 2 else ():
        for oddity in extent.oddities:
            if oddity.status == "suspect":
                told = [pair for pair in given if pair[0] != "--format"]  # explain finds out which it is
                if len(told) < len(given) and (extent.e_value or 0) > RISK:  # only where it is asked for
                    told.append(("--format", f"{extent.format}:big" if extent.byte_order == "big" else f"{extent.format}"))
                yield f"next: acctrecover explain {again(scan, told, f'@{oddity.offset:#x}')}"
                return
