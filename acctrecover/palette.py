"""How each kind of extent looks on a map: a colour that the colour-blind tell apart, and lines that greyscale leaves."""

from __future__ import annotations

from dataclasses import dataclass

from acctrecover.extent import Extent

SOUND = "records"
"""The key of a chain that belongs where it stands; any other extent's is its cause."""


@dataclass(frozen=True)
class Look:
    """A fill of Okabe and Ito's palette, and the lines over it by matplotlib's signs: / \\ | - + x . or none."""

    colour: str
    lines: str = ""


OTHER = Look("#ffffff", "/")
LOOKS = {
    SOUND: Look("#0072b2"),
    "stale records": Look("#e69f00", "-"),
    "out-of-order block": Look("#f0e442", "|"),
    "duplicate block": Look("#e69f00", "+"),
    "other byte order": Look("#56b4e9", "-"),
    "foreign stream": Look("#56b4e9", "x"),
    "zero run": Look("#ffffff", "."),
    "padding": Look("#dddddd"),
    "unused slots": Look("#dddddd", "."),
    "write in progress": Look("#dddddd", "/"),
    "torn record": Look("#d55e00", "/"),
    "truncated head": Look("#d55e00", "\\"),
    "truncated tail": Look("#d55e00", "-"),
    "bytes missing": Look("#d55e00", "|"),
    "bytes inserted": Look("#cc79a7", "+"),
    "overwritten": Look("#d55e00", "x"),
    "header damaged": Look("#009e73", "x"),
    "foreign data": Look("#999999", "/"),
}
"""What README's causes look like; a cause that is not among them is OTHER."""


def key_of(extent: Extent) -> str:
    """What an extent is on a map: SOUND, or its cause."""
    return extent.cause or (SOUND if extent.kind == "chain" else "gap")


def look_of(key: str) -> Look:
    return LOOKS.get(key, OTHER)
