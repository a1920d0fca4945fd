"""How the bytes of a gap read that prove its cause: those at its two edges, in hex and ASCII."""

from __future__ import annotations

from collections.abc import Iterator

from acctrecover.extent import Extent
from acctrecover.source import Source
from acctrecover.style import Style
from acctrecover.voids import TOLD


def proof_lines(gap: Extent, source: Source, style: Style) -> Iterator[str]:
    """At most two lines of bytes of a gap, from its start and from its end; none of a gap without bytes of its own."""
    if gap.cause in TOLD:
        return
    many = 16 if style.wide else 8
    yield _line(gap.start, source.read(gap.start, min(gap.stop, gap.start + many)), many, style)
    if gap.size > many:
        low = max(gap.start + many, gap.stop - many)
        yield _line(low, source.read(low, gap.stop), many, style)


def _line(at: int, octets: bytes, many: int, style: Style) -> str:
    text = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in octets)
    return style.painted(f"{'':{style.indent}}{at:#010x}  {octets.hex(' '):<{3 * many - 1}}  |{text}|", "dim")
