"""What a repair's report says for a second examiner: with what it was run, of which bytes, and a seal over all of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acctrecover.given import given
from acctrecover.registry import declarations, folder
from acctrecover.result import Scan
from acctrecover.source import Source, open_source
from acctrecover.voids import HOLE

SCHEMA = "acctrecover/repair/1"
Span = tuple[int, int, int]
"""(number of an input, start, stop), by offsets of its undone bytes where it was undone."""


@dataclass(frozen=True)
class Run:
    """The options of a repair, and the paths it wrote to, as given: None where nothing was written."""

    formats: Sequence[str] | None = None
    cookie: int | None = None
    places: Sequence[str | Path] = ()
    strict: bool = False
    stale: bool = True
    output: str | os.PathLike[str] | None = None
    quarantine: str | os.PathLike[str] | None = None
    unasked: bool = False
    """Whether nobody asked to be `strict`: with suspect and healed records the stream would not have scanned clean."""

    def options(self) -> dict[str, Any]:
        """The options as JSON; of formats that do not ship, the SHA-256 of each declaration."""
        own = [path for place in self.places if Path(place) != folder() for path in declarations(Path(place))]
        return {
            "formats": list(self.formats) if self.formats else None,
            "cookie": self.cookie,
            "declarations": [{"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in own],
            "strict": self.strict,
            "stale": "keep" if self.stale else "drop",
        }


def named(path: str | os.PathLike[str] | None) -> str | None:
    """A path as JSON."""
    return None if path is None else os.fspath(path)


def tool() -> dict[str, str]:
    from acctrecover import __version__

    return {"name": "acctrecover", "version": __version__}


def undone(found: Scan) -> dict[str, Any]:
    """What was undone before records were found: pieces and patches are by offsets of the bytes that this SHA-256 is of, which
    `steps` make of the input."""
    assert found.transfer is not None
    assert found.transfer.undone is not None
    names = {"name": found.transfer.name, "exact": found.transfer.exact, "detail": found.transfer.detail}
    with open_source(found.told.evidence) as source:  # it may be a core
        void = voids(source)
    return {**names, "size": found.told.size, "sha256": found.told.sha256, **void, "steps": list(found.transfer.undone.steps)}


def voids(source: Source) -> dict[str, Any]:
    """What was taken for NUL bytes that are none."""
    told = [list(void) for void in source.voids if void[2] != HOLE]
    return {"voids": told} if told else {}


def told_input(found: Scan, gave: int, same: int | None = None) -> dict[str, Any]:
    """One input: of what files it is, with sizes and SHA-256; what a scan found in it, and how many records of it were written."""
    odd = [oddity for extent in found.told.extents for oddity in extent.oddities]
    return {
        "path": found.name,
        **given(found),
        "same_as": same,
        **seen_of(found),
        **({"undone": undone(found)} if found.told is not found else {}),
        "whole": found.whole,
        "records": {"gave": gave, **found.counts},
        "patches": [{"offset": at, "before": before.hex(), "after": after.hex()} for o in odd for at, before, after in o.patches],
        "extents": [extent.to_json() for extent in found.extents],
    }


def seen_of(found: Scan) -> dict[str, Any]:
    """What of the input was looked at, where that is not all: the window that its SHA-256 is of (of a compressed input that of what
    came out), what was taken for NUL bytes, where compressed data broke."""
    source = found.evidence
    if not isinstance(source, Source):
        return {}
    window = {"window": [source.start, source.stop]} if (source.start, source.stop) != (0, source.size) else {}
    breaks = [each.to_json() for each in found.breaks]
    return {**window, **voids(source), **({"breaks": breaks} if breaks else {})}


def spans(parts: Iterable[Span]) -> list[dict[str, int]]:
    return [dict(zip(("input", "start", "stop"), part, strict=True)) for part in parts]


def left(sizes: Sequence[int | None], *taken: Iterable[Span]) -> list[Span]:
    """What of the bytes of each input is in none of the spans; an input without a size counts for nothing."""
    out: list[Span] = []
    for number, size in enumerate(sizes):
        at = 0
        for _, start, stop in sorted(span for spans in taken for span in spans if span[0] == number) if size is not None else ():
            if start > at:
                out.append((number, at, start))
            at = max(at, stop)
        if size is not None and size > at:
            out.append((number, at, size))
    return out


def account(
    run: Run,
    inputs: list[dict[str, Any]],
    *,
    output: dict[str, Any],
    records: dict[str, Any],
    whole: bool,
    pieces: list[dict[str, Any]],
    quarantine: dict[str, Any],
    dropped: list[dict[str, int]],
    shared: Sequence[dict[str, int]] = (),
    lost: Sequence[dict[str, Any]] = (),
    conflicts: Sequence[dict[str, Any]] = (),
    out_of_place: Sequence[dict[str, int]] = (),
) -> dict[str, Any]:
    """The report of a repair, of one input or of several; the last of its keys seals it."""
    return sealed(
        {
            "schema": SCHEMA,
            "kind": "repair",
            "tool": tool(),
            "options": run.options(),
            "inputs": inputs,
            "output": {"path": named(run.output), **output},
            "records": records,
            "whole": whole,
            "pieces": pieces,
            "shared": list(shared),
            "lost": list(lost),
            "conflicts": list(conflicts),
            "out_of_place": list(out_of_place),
            "quarantine": {"path": named(run.quarantine), **quarantine},
            "dropped": dropped,
        }
    )


def sealed(account: dict[str, Any]) -> dict[str, Any]:
    """The same with the SHA-256 of what it says: of its JSON without spaces and without this last key."""
    text = json.dumps(account, separators=(",", ":"))
    return {**account, "report_sha256": hashlib.sha256(text.encode()).hexdigest()}


def written(account: dict[str, Any]) -> bytes:
    """A sealed account as the text of its file."""
    return json.dumps(account, indent=1).encode() + b"\n"
