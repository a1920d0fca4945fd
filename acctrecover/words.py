"""Values in the words that every report uses: instants, counts, names and bytes."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime

LONG = 64
"""Characters of a field's text before its end is left out."""


def when(seconds: float | None, *, utc: bool = False) -> str:
    """A clock reading in local time, or in UTC."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC if utc else None).strftime("%Y-%m-%d %H:%M:%S") + (" UTC" if utc else "")
    except (ValueError, OverflowError, OSError):
        return f"@{seconds:.0f}"


def plain(name: str) -> str:
    """A file name that cannot disturb a terminal."""
    return name if name.isprintable() else repr(name)


def quoted(name: str) -> str:
    """A file name as a word of a shell's command; one that could disturb a terminal in the form $'...' of bash, zsh and ksh."""
    if name.isprintable():
        return shlex.quote(name)
    told = (
        rf"\{c}" if c in "\\'" else c if c.isprintable() else "".join(rf"\x{octet:02x}" for octet in os.fsencode(c)) for c in name
    )
    return f"$'{''.join(told)}'"


def number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def seen(count: int) -> str:
    return "never seen" if not count else "seen once" if count == 1 else f"seen {count:,} times"


def rarely(value: float) -> str:
    """How often chance does something, in two digits; what is too rare for a number is said to be so."""
    return f"{value:.2g}" if value >= 1e-300 else "less than 1e-300"


def rate(value: float) -> str:
    """A rate in three significant digits, large ones whole."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def escaped(text: str) -> str:
    """A text with what a terminal cannot print escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shown(value: int | float | str | None) -> str:
    """A field's value; a long text is cut, and what a terminal cannot print is escaped."""
    if isinstance(value, str):
        text = escaped(value)
        return f"'{text}'" if len(text) <= LONG else f"'{text[:LONG]}'..."
    return "cut off" if value is None else f"{value:,}"


def octets_text(octets: bytes) -> str:
    """Bytes in hex; the middle of many, and NULs behind them, in numbers."""
    solid = octets.rstrip(b"\0") if len(octets) > 8 else octets
    nul = len(octets) - len(solid)
    hexed = solid.hex() if len(solid) <= 12 else f"{solid[:8].hex()}... {len(solid)} bytes"
    return " + ".join(filter(None, [hexed, f"{nul} NUL" if nul else ""]))
