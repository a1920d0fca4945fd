"""How it reads of which files a stream is, where compressed ones broke, and what to do with it next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from acctrecover.extent import Extent
from acctrecover.packed import Part, spots
from acctrecover.words import number, plain

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.result import Scan

TOLD = 20
"""Breaks that are told one by one."""
ENDINGS = frozenset({".gz", ".bz2", ".xz", ".zst"})


def source_lines(scan: Scan) -> Iterator[str]:
    """The lines that a scan begins with: what was given."""
    if len(scan.parts) == 1:
        yield from _file(scan.parts[0], "")
        return
    if not scan.parts:
        yield f"{plain(scan.name)}: {number(scan.size, 'byte')}, SHA-256 {scan.sha256}"
        return
    from acctrecover.given import by_clocks

    yield f"{number(len(scan.parts), 'file')} as one stream: {number(scan.size, 'byte')}, SHA-256 {scan.sha256}"
    for part in scan.parts:
        yield from _file(part, f"{part.start:#010x}  ")
    order = by_clocks(scan)
    if order:
        yield f"by the clocks of their records the order is another: {' '.join(shlex.quote(plain(name)) for name in order)}"


def _file(part: Part, margin: str) -> Iterator[str]:
    if part.packed is None:
        yield f"{margin}{plain(part.name)}: {number(part.stop - part.start, 'byte')}, SHA-256 {part.sha256}"
        return
    members = f", {part.packed.members:,} members" if part.packed.members > 1 else ""
    yield f"{margin}{plain(part.name)}: {number(part.packed.size, 'byte')}, SHA-256 {part.packed.sha256}"
    out = f"{number(part.stop - part.start, 'byte')}, SHA-256 {part.sha256}"
    yield f"{' ' * len(margin)}unpacked by {part.packed.by}{members}, offsets are of what came out: {out}"


def break_lines(scan: Scan) -> Iterator[str]:
    """A line and a reason for each place where a compressed file broke."""
    told = [(part, each) for part in scan.parts for each in part.breaks]
    for part, each in told[:TOLD]:
        name = f"{plain(part.name)}, " if len(scan.parts) > 1 else ""
        yield f"{each.at:#010x} {each.at:#010x} {0:>12}  break: {each.cause}"
        yield f"{'':36}{name}{each.detail}"
        if each.since < each.at:
            yield f"{'':36}what came out from {each.since:#x} on has no checksum that proves it"
    if len(told) > TOLD:
        yield f"  ... {number(len(told) - TOLD, 'more break')}; --json has them all"


def spot_line(scan: Scan, extent: Extent) -> str:
    """Of several files, in which an extent is; nothing where there is one file."""
    if len(scan.parts) < 2:
        return ""
    told = [f"{plain(name)} {start:#x}..{stop:#x}" for name, start, stop in spots(scan.parts, extent.start, extent.stop)]
    return "in " + ", ".join(told if len(told) < 4 else [*told[:2], f"{len(told) - 3} more", told[-1]])


def next_step(scan: Scan) -> str:
    """The command that repairs a stream."""
    names = [part.name for part in scan.parts] if len(scan.parts) > 1 else [scan.name]
    last = PurePath(names[-1])
    bare = str(last.with_suffix("")) if scan.parts and last.suffix in ENDINGS else names[-1]
    target = "recovered" if names[-1] in ("-", "<bytes>") else f"{bare}.recovered"
    joined = "--joined " if len(names) > 1 else ""
    return f"next: acctrecover repair {joined}{' '.join(map(shlex.quote, names))} -o {shlex.quote(target)}"


def broken_words(scan: Scan) -> str:
    """How often compressed data broke, for the verdict; nothing where they did not."""
    return f"; {number(len(scan.breaks), 'break')} of compressed data" if scan.breaks else ""
