"""How the input of a scan reads: its name and size, what of it was looked at, its digest, what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from acctrecover.source import Source
from acctrecover.voids import ERROR
from acctrecover.words import number, plain, quoted

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.result import Scan

Again = Sequence[tuple[str, str]]
"""Options and their values."""


def source_object(scan: Scan) -> dict[str, Any]:
    """The object that `scan --json` begins with."""
    out: dict[str, Any] = {"schema": "acctrecover/scan/1", "kind": "source", "path": scan.name, "size": scan.size}
    out["sha256"] = scan.sha256 or None
    source = scan.evidence
    if isinstance(source, Source):
        if (source.start, source.stop) != (0, source.size):
            out["start"], out["stop"] = source.start, source.stop
        if source.core is not None:
            out["core"] = {"segments": len(source.core.segments), "bytes": source.core.size, "absent": source.core.absent}
        if source.voids.size:
            out["voids"] = {
                cause: dict(zip(("areas", "bytes"), both, strict=True)) for cause, both in source.voids.totals().items()
            }
    return out


def source_text(scan: Scan) -> Iterator[str]:
    """The lines that `scan` begins with."""
    source, name = scan.evidence, plain(scan.name)
    digest = f"SHA-256 {scan.sha256}"
    if not scan.sha256 and isinstance(source, Source):
        digest = f"not hashed: {source.unhashed}"
    if isinstance(source, Source) and (source.start, source.stop) != (0, source.size):
        yield f"{name}: bytes {source.start:#x} to {source.stop:#x} of {scan.size:,}, {digest} of these"
    else:
        yield f"{name}: {number(scan.size, 'byte')}, {digest}"
    if isinstance(source, Source) and ERROR in (totals := source.voids.totals()):
        areas, octets = totals[ERROR]
        yield f"{number(octets, 'byte')} in {number(areas, 'place')} cannot be read, and are taken for NUL bytes, in the digest too"
    if isinstance(source, Source) and source.core is not None:
        absent = f"; {number(source.core.absent, 'byte')} more are not in the file" if source.core.absent else ""
        yield f"a core with {in_memory(scan)} in {number(len(source.core.segments), 'segment')}{absent}"


def asked(scan: Scan) -> tuple[str, ...]:
    """The options by which another command looks at the same part of the input."""
    return scan.evidence.asked if isinstance(scan.evidence, Source) else ()


def words_of(name: str, scan: Scan, again: Again) -> str:
    """The words of a command on an input, to paste: its name, the part of it that was looked at, and the options `again`."""
    return " ".join(map(quoted, [name, *asked(scan), *(word for given in again for word in given)]))


def in_memory(scan: Scan) -> str:
    """How much memory of a core was looked at; nothing of other inputs."""
    core = scan.evidence.core if isinstance(scan.evidence, Source) else None
    return "" if core is None else f"{number(core.size, 'byte')} of memory"
