"""Records as lines of a Sleuth Kit bodyfile (3.x), from which mactime makes a timeline."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from acctrecover.schema import TIMES

USER, GROUP = (re.compile(rf"(.*_)?r?{kind}(16)?", re.IGNORECASE) for kind in ("uid", "gid"))
PROCESS = re.compile(r"(.*_)?p?pid", re.IGNORECASE)
PADDING = re.compile(r"(.*_)?(pad|gap|hole|unused|spare|align|end|reserved)\d*")
"""Fields that hold nothing, or whatever was in memory there."""
GENERAL = {"offset", "size", "format", "byte_order", "type", "status", "evidence_bits"}


def line(row: Mapping[str, Any], units: Mapping[str, str]) -> str | None:
    """The line of one record as `rows` has it, None for a record that tells no time. `units` are those of its other times.

    ``0|name|offset|----------|uid|gid|size|0|mtime|0|crtime``: `name` is what the record says in words, `inode` its offset,
    `mtime` its clock, or without one the latest time that it holds; `crtime` another one, as that of the process's start, or 0 as
    the times that it lacks: mactime leaves those out. `|`, `\\` and control characters in a name are written as ``\\x7c``.
    """
    times = [row[name] // TIMES[unit] for name, unit in units.items() if unit in TIMES and isinstance(row.get(name), int)]
    held = [seconds for seconds in times if seconds > 0]
    clock = row.get("clock_seconds", max(held, default=None))
    if not isinstance(clock, int | float) or not math.isfinite(clock):
        return None
    born = next((seconds for seconds in held if seconds != clock or "clock_seconds" in row), 0)
    user, group = (_first(row, pattern) for pattern in (USER, GROUP))
    return f"0|{escaped(words(row))}|{row['offset']}|----------|{user}|{group}|{row['size']}|0|{int(clock)}|0|{born}"


def words(row: Mapping[str, Any]) -> str:
    """What a record says in words: its kind, its process ids, and every text that it holds or a label gives."""
    out = [f"{row['format']} {row['type']}" + (f" ({row['status']})" if row["status"] != "intact" else "")]
    for name, value in row.items():
        if name in GENERAL or name.endswith(("_text", "_utc")) or PADDING.fullmatch(name):
            continue
        value = row.get(f"{name}_text", value)
        if value != "" and (isinstance(value, str) or PROCESS.fullmatch(name)):
            out.append(f"{name}={value}")
    return " ".join(out)


def escaped(text: str) -> str:
    """A name that cannot break its line: no `|` and no control character."""
    return "".join(c if c not in "|\\" and (c.isprintable() or c == " ") else _code(c) for c in text)


def _code(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def _first(row: Mapping[str, Any], pattern: re.Pattern[str]) -> int:
    """The widest number whose field is called so, 0 for none."""
    return max((value for name, value in row.items() if pattern.fullmatch(name) and isinstance(value, int)), default=0)
