"""How the input of a scan reads, in words and as JSON: of which files it is, sizes and digests, what of it was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from acctrecover.remote import is_url, path_of
from acctrecover.source import Source
from acctrecover.voids import ERROR
from acctrecover.words import number, plain, quoted

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.packed import Part
    from acctrecover.result import Scan

Again = Sequence[tuple[str, str]]
"""Options and their values."""
ENDINGS = frozenset({".gz", ".bz2", ".xz", ".zst"})
"""Endings of compressed files that what came out of them has no more."""


def source_objects(scan: Scan) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` begins with: the source; of several files the stream that they make, then each of them."""
    from acctrecover.given import by_clocks, given  # numbers of clocks are of no use to other commands

    told = given(scan)
    files = told.pop("joined", [])
    kind = (
        {"kind": "joined", "inputs": len(files), "by_clocks": by_clocks(scan)} if files else {"kind": "source", "path": scan.name}
    )
    out: dict[str, Any] = {"schema": "acctrecover/scan/1", **kind, **told}
    source = scan.evidence
    if isinstance(source, Source):
        if (source.start, source.stop) != (0, source.size):
            out["start"], out["stop"] = source.start, source.stop
        if source.core is not None:
            out["core"] = {"segments": len(source.core.segments), "bytes": source.core.size, "absent": source.core.absent}
        if source.image is not None:
            out["image"] = source.image.to_json(source.md5)
        if source.voids.size:
            out["voids"] = {
                cause: dict(zip(("areas", "bytes"), both, strict=True)) for cause, both in source.voids.totals().items()
            }
    yield out
    yield from ({"kind": "part", **each} for each in files)


def source_text(scan: Scan) -> Iterator[str]:
    """The lines that `scan` begins with."""
    source = scan.evidence
    if len(scan.parts) > 1:
        yield f"{number(len(scan.parts), 'file')} as one stream: {_looked_at(scan)}"
        for part in scan.parts:
            yield from _file(part, f"{part.start:#010x}  ", _hashed(part.stop - part.start, part.sha256))
        yield from _order(scan)
    elif scan.parts:
        yield from _file(scan.parts[0], "", _looked_at(scan))
    else:
        yield f"{plain(scan.name)}: {_looked_at(scan)}"
    if isinstance(source, Source) and ERROR in (totals := source.voids.totals()):
        areas, octets = totals[ERROR]
        yield f"{number(octets, 'byte')} in {number(areas, 'place')} cannot be read, and are taken for NUL bytes, in the digest too"
    if isinstance(source, Source) and source.image is not None:
        yield f"the medium of an EWF image in {number(source.image.files, 'file')}; {source.image.told(source.md5)}"
    if isinstance(source, Source) and source.core is not None:
        absent = f"; {number(source.core.absent, 'byte')} more are not in the file" if source.core.absent else ""
        yield f"a core with {in_memory(scan)} in {number(len(source.core.segments), 'segment')}{absent}"


def _looked_at(scan: Scan) -> str:
    """How much is looked at, and its digest."""
    source = scan.evidence
    digest = f"SHA-256 {scan.sha256}"
    if not scan.sha256 and isinstance(source, Source):
        digest = f"not hashed: {source.unhashed}"
    if isinstance(source, Source) and (source.start, source.stop) != (0, source.size):
        return f"bytes {source.start:#x} to {source.stop:#x} of {scan.size:,}, {digest} of these"
    return f"{number(scan.size, 'byte')}, {digest}"


def _hashed(size: int, sha256: str) -> str:
    return f"{number(size, 'byte')}, " + (f"SHA-256 {sha256}" if sha256 else "not hashed")


def _file(part: Part, margin: str, told: str) -> Iterator[str]:
    """A file as given, and what came out of it; `told` is what is said of the bytes that offsets are of."""
    if part.packed is None:
        yield f"{margin}{plain(part.name)}: {told}"
        return
    members = f", {part.packed.members:,} members" if part.packed.members > 1 else ""
    yield f"{margin}{plain(part.name)}: {_hashed(part.packed.size, part.packed.sha256)}"
    yield f"{' ' * len(margin)}unpacked by {part.packed.by}{members}, offsets are of what came out: {told}"


def _order(scan: Scan) -> Iterator[str]:
    from acctrecover.given import by_clocks

    order = by_clocks(scan)
    if order:
        yield f"by the clocks of their records the order is another: {' '.join(map(quoted, order))}"


def names(scan: Scan) -> list[str]:
    """The inputs, as given."""
    return [part.name for part in scan.parts] or [scan.name]


def again(scan: Scan, given: Again = (), at: str = "") -> str:
    """What another command is given to look at the same: inputs, `at` behind each name, options asked or `given`."""
    asked = scan.evidence.asked if isinstance(scan.evidence, Source) else ()
    return " ".join(map(quoted, [*(name + at for name in names(scan)), *asked, *(word for pair in given for word in pair)]))


def target(scan: Scan) -> str:
    """What the name of a file made of a scan begins with, the point behind it included; nothing for what has no name."""
    name = names(scan)[-1]
    if name in ("-", "<bytes>"):
        return ""
    if is_url(name):
        name = path_of(name).partition("?")[0].rpartition("/")[2]
    packed = scan.parts and scan.parts[-1].packed is not None
    return f"{name[: -len(PurePath(name).suffix)] if packed and PurePath(name).suffix in ENDINGS else name}."


def in_memory(scan: Scan) -> str:
    """How much memory of a core was looked at; nothing of other inputs."""
    core = scan.evidence.core if isinstance(scan.evidence, Source) else None
    return "" if core is None else f"{number(core.size, 'byte')} of memory"
