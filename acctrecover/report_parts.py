"""How it reads where compressed files broke, and in which of several files a place is, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from acctrecover.extent import Extent
from acctrecover.packed import spots
from acctrecover.words import number, plain

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.result import Scan

TOLD = 20
"""Breaks that are told one by one."""


def break_objects(scan: Scan) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` prints for where compressed files broke."""
    for part, each in scan.broke:
        yield {"kind": "break", "path": part.name, **each.to_json()}


def break_lines(scan: Scan) -> Iterator[str]:
    """A line and a reason for each place where a compressed file broke."""
    told = scan.broke
    for part, each in told[:TOLD]:
        name = f"{plain(part.name)}, " if len(scan.parts) > 1 else ""
        yield f"{each.at:#010x} {each.at:#010x} {0:>12}  break: {each.cause}"
        yield f"{'':36}{name}{each.detail}"
        if each.since < each.at:
            yield f"{'':36}what came out from {each.since:#x} on has no checksum that proves it"
    if len(told) > TOLD:
        yield f"  ... {number(len(told) - TOLD, 'more break')}; --json has them all"


def broken_words(scan: Scan) -> str:
    """How often compressed data broke, for the verdict; nothing where they did not."""
    return f"; {number(len(scan.breaks), 'break')} of compressed data" if scan.breaks else ""


def spot_object(scan: Scan, extent: Extent) -> dict[str, Any]:
    """Of several files, those that an extent is in, by offsets in each or in what came out of it; nothing where there is one."""
    if len(scan.parts) < 2:
        return {}
    told = spots(scan.parts, extent.start, extent.stop)
    return {"in": [dict(zip(("path", "start", "stop"), spot, strict=True)) for spot in told]}


def spot_line(scan: Scan, extent: Extent) -> str:
    """The same in words."""
    if len(scan.parts) < 2:
        return ""
    told = [f"{plain(name)} {start:#x}..{stop:#x}" for name, start, stop in spots(scan.parts, extent.start, extent.stop)]
    return "in " + ", ".join(told if len(told) < 4 else [*told[:2], f"{len(told) - 3} more", told[-1]])
