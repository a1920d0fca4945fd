"""What the fuzzer runs, and what each run must keep to, whatever the bytes are.

A target takes bytes, a Random that picks its options, and an empty folder; it gives back what it found, in a form that can be
compared, and raises where a claim is broken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from acctrecover import cookie_stats, damage, explain, scan
from acctrecover.beside import write
from acctrecover.damaging import KINDS
from acctrecover.elf import read_core
from acctrecover.errors import AcctrecoverError, FormatError, OutputError, SelfCheckError, SourceError
from acctrecover.ewf import is_image
from acctrecover.extent import tiles
from acctrecover.histories import histories
from acctrecover.mapfile import mapfile_lines, read_mapfile
from acctrecover.mend import SHARED
from acctrecover.report import scan_objects, scan_text
from acctrecover.report_formats import explain_text
from acctrecover.report_histories import history_lines, history_objects
from acctrecover.result import Scan
from acctrecover.signs import signs
from acctrecover.source import Evidence, open_source
from acctrecover.timeline import Timeline
from acctrecover.users import read_users
from acctrecover.voids import Voids
from acctrecover.window import looked_at

from . import seeds
from .declarations import edited, used
from .mutate import mutate
from .schemas import valid

CHOICES = (["acct_v3"], ["cookie"], ["acct_v0", "acct_v1", "acct_v2", "acct_v3"], ["exacct", "bsm"], ["utmp_384", "lastlog"])
"""Formats to choose, few enough that what is compiled of them stays in memory."""
Run = Callable[[bytes, Random, Path], Hashable]


class BrokenError(Exception):
    """A claim that does not hold."""


@dataclass(frozen=True)
class Target:
    """A way to give bytes to the package: `run`, the bytes it begins with, and how often it is drawn."""

    run: Run
    seeds: Callable[[], Sequence[bytes]]
    weight: int


TARGETS: dict[str, Target] = {}


def inputs() -> tuple[bytes, ...]:
    """All that a scan may be given."""
    return (*seeds.streams(), *seeds.cores(), *seeds.wrapped())


def target(weight: int, begin: Callable[[], Sequence[bytes]] = inputs) -> Callable[[Run], Run]:
    def enter(run: Run) -> Run:
        TARGETS[run.__name__.rstrip("_")] = Target(run, begin, weight)
        return run

    return enter


def claim(holds: object, what: str) -> None:
    if not holds:
        raise BrokenError(what)


@contextmanager
def may_refuse(kind: type[AcctrecoverError] = AcctrecoverError) -> Iterator[None]:
    """An error for the user is no fault here, of this kind; one line, and no failed self-check."""
    try:
        yield
    except SelfCheckError:
        raise
    except kind as error:
        claim(str(error) and len(str(error)) < 4000, "an error is one clear line")


def placed(data: bytes, folder: Path, name: str = "in", *, sparse: bool = False) -> Path:
    """The bytes as a file; sparse: with holes where blocks are NUL."""
    path = folder / name
    with path.open("wb") as file:
        for at in range(0, len(data), 4096):
            if sparse and not any(data[at : at + 4096]):
                file.seek(at + 4096)
            else:
                file.write(data[at : at + 4096])
        file.truncate(len(data))
    return path


def options(rng: Random) -> dict[str, Any]:
    """Options of a scan: mostly none."""
    out: dict[str, Any] = {}
    if rng.random() < 0.3:
        out["formats"] = rng.choice(CHOICES)
    if rng.random() < 0.05:
        out["cookie"] = rng.choice((0x2B91, 0x0001, 0xFFFF, 0x0303))
    if rng.random() < 0.05:
        out["risk"] = rng.choice((0.0, 1e-9, 1.0, 1e9))
    return out


def evidence(data: bytes, rng: Random, folder: Path) -> Evidence:
    """The bytes as they are, as a file, or a part of it."""
    kind = rng.choice(("bytes", "bytes", "bytes", "file", "file", "sparse", "window", "mapfile"))
    if kind == "bytes":
        return data
    path = placed(data, folder, sparse=kind == "sparse")
    if is_image(data):  # one that its library cannot open is refused as a whole
        with may_refuse(SourceError), open_source(str(path)):
            return str(path)
        return data
    if kind in ("file", "sparse") or not data:
        return str(path)
    mapfile = None
    if kind == "mapfile":
        edges = sorted(rng.sample(range(len(data) + 2), min(4, len(data))))
        rows = [f"{low:#x} {high - low:#x} {rng.choice('+-?/*')}" for low, high in pairwise(edges)]
        mapfile = folder / "map"
        mapfile.write_text("\n".join(["0 +", *rows]))
    start, length = rng.randrange(len(data)), rng.choice((None, rng.randrange(1, len(data) + 9)))
    with open_source(str(path)) as source:
        if source.packed is not None:
            return str(path)
    start = rng.choice((0, start))
    return looked_at(str(path), start=start, length=length, mapfile=mapfile)


def told(found: Scan) -> Hashable:
    """What is comparable of a scan: sorts of extents and records, not where they are."""
    sorts = {(extent.kind, extent.format, extent.byte_order, extent.cause) for extent in found.extents}
    odd = {odd.status for extent in found.extents for odd in extent.oddities}
    transfer = found.transfer.name if found.transfer else ""
    return frozenset(sorts), frozenset(odd), transfer, found.other.name if found.other else ""


def sound(found: Scan, given: Evidence) -> None:
    """The claims of every scan."""
    low, high = (getattr(given, "start", 0), getattr(given, "stop", found.size))
    at = low
    for extent in found.extents:
        claim(extent.start == at < extent.stop, "extents tile")
        at = extent.stop
    claim(at == high, "extents tile")
    claim(low or high < found.size or tiles(found.extents, found.size), "extents tile")
    rows = found.records
    claim(len(rows) == sum(found.counts.values()) or found.transfer is not None, "as many records as are counted")
    ends = rows["offset"] + rows["size"]
    claim(not len(rows) or (rows["offset"].min() >= low and ends.max() <= high), "records are within the input")
    claim((np.diff(rows["offset"]) >= 0).all(), "records are in order")
    if found.transfer is None:
        whole = rows["status"] != "torn"
        room = np.where(rows["status"] == "suspect", SHARED, 0)[whole]  # it may share bytes with the next, which are missing
        claim((ends[whole][:-1] - room[:-1] <= rows["offset"][whole][1:]).all(), "records do not overlap")
    claim(set(rows["status"].tolist()) <= {"intact", "suspect", "healed", "torn"}, "a record has a status")


def printable(lines: Iterator[str]) -> None:
    for line in lines:
        claim(line.isprintable(), "what is printed is printable")


@target(30)
def scan_(data: bytes, rng: Random, folder: Path) -> Hashable:
    how, given = options(rng), evidence(data, rng, folder)
    found = scan(given, **how)
    sound(found, given)
    odd = signs(found)
    printable(scan_text(found, every=True, signs=odd))
    printable(scan_text(found, every=False, signs=None))
    valid("scan", *scan_objects(found, odd))
    if isinstance(given, str) and found.size == len(data):  # bytes are not unpacked
        again = scan(data, **how)
        claim(again.records.tobytes() == found.records.tobytes() or found.evidence.voids.size, "a file and its bytes scan alike")  # type: ignore[union-attr]
    return told(found)


@target(8)
def export_(data: bytes, rng: Random, folder: Path) -> Hashable:
    given = evidence(data, rng, folder)
    found = scan(given, **options(rng))
    ending = rng.choice((".csv", ".jsonl", ".body"))
    outputs = {"--records": folder / f"rows{ending}", "--html": folder / "page.html", "--mapfile": folder / "out.map"}
    write([found], outputs, {}, force=False, users=read_users(placed(seeds.PASSWD, folder, "passwd")))
    with may_refuse(OutputError):
        write([found], {"--csa-offsets": folder / "offsets"}, {}, force=False)
    if ending == ".jsonl":
        rows = [json.loads(line) for line in outputs["--records"].read_bytes().decode().split("\n")[:-1]]
        valid("record", *rows)
        claim(len(rows) == len(found.records), "a row for every record")
    read_mapfile(outputs["--mapfile"])
    return told(found)


@target(6)
def explain_(data: bytes, rng: Random, folder: Path) -> Hashable:
    given = evidence(data, rng, folder)
    places = [rng.randrange(max(1, len(data))) for _ in range(2)]
    found = scan(given)
    rows = found.records
    plain = found.transfer is None and len(rows)
    row = rows[rng.randrange(len(rows))] if plain else None
    if row is not None:
        places.append(int(row["offset"]))
    out = []
    for offset in places:
        form = rng.choice((None, None, rng.choice(rng.choice(CHOICES))))
        with may_refuse():
            said = explain(given, offset, form)
            valid("explain", said.to_json())
            printable(explain_text("in", said))
            said._repr_html_()
            out.append((said.status, said.format))
            if row is not None and form is None and offset == row["offset"] and row["status"] != "torn":
                claim((said.start, said.status) == (offset, row["status"]), "a record is explained as it was found")
    return tuple(out)


@target(2)
def cookies(data: bytes, rng: Random, folder: Path) -> Hashable:
    given, align, order = evidence(data, rng, folder), rng.choice((1, 2)), rng.choice(("little", "big"))
    stats = cookie_stats([given], align=align, order=order, cookie=rng.randrange(1, 1 << 16))
    with open_source(data) as source:
        if isinstance(given, bytes) and not source.voids:
            claim(stats.words == max(0, source.size - 1 if align == 1 else source.size // 2), "every word is counted")
    valid("cookie-stats", stats.to_json(10))
    stats._repr_html_()
    return None


@target(4, seeds.streams)
def histories_(data: bytes, rng: Random, folder: Path) -> Hashable:
    middle = len(data) // 2
    parts = [data[:middle], data[middle:], mutate(data, rng, seeds.streams())]
    parts = [part for part in parts if not is_image(part)]  # see `evidence`
    scans = [scan(str(placed(part, folder, f"in{index}"))) for index, part in enumerate(parts)]
    found = histories(scans)
    printable(iter(history_lines(found)))
    valid("scan", *history_objects(found))
    rows = list(Timeline(scans, found.since).rows())
    claim(len(rows) == sum(len(each.records) for each in scans), "a row for every record")
    write(scans, {"--records": folder / "all.csv"}, {}, force=False, since=found.since)
    return bool(found.links), bool(found.matches)


@target(4, seeds.streams)
def damage_(data: bytes, rng: Random, folder: Path) -> Hashable:
    kinds = rng.choices(sorted(KINDS), k=rng.randrange(1, 5))
    with may_refuse():
        done = damage(data, kinds, rng.randrange(1 << 32), stale=rng.choice((None, data[::-1])), other=rng.choice(seeds.streams()))
        valid("damage", done.to_json())
        at = 0
        for start, stop, source, first in done.truth:
            claim(start == at < stop, "segments tile")
            at = stop
            if source == "input":
                claim(done.data[start:stop] == data[first : (first or 0) + stop - start], "a segment is the input's")
        claim(at == len(done.data), "segments tile")
    return frozenset(kinds)


@target(2, lambda: [seeds.MAPFILE])
def mapfile(data: bytes, rng: Random, folder: Path) -> Hashable:
    stream = seeds.repaired()[0]
    path, under = placed(data, folder, "map"), placed(stream, folder)
    with may_refuse(SourceError):
        voids = read_mapfile(path)
        claim(all(0 <= low <= high for low, high, _ in voids), "voids are ranges")
        given = looked_at(str(under), mapfile=path)
        found = scan(given)
        sound(found, given)
        list(mapfile_lines(found.extents))
        return told(found)
    return None


@target(4, seeds.cores)
def elf(data: bytes, rng: Random, folder: Path) -> Hashable:
    core = read_core(lambda start, stop: data[max(0, start) : stop])
    if core is None:
        return None
    at = 0
    for segment in core.segments:
        claim(at <= segment.start < segment.stop, "segments are apart, in order")
        at = segment.stop
    cut = core.cut(len(data))
    claim(cut.size + Voids(cut.voids(len(data))).size == len(data), "memory and what is none make the file")
    claim(all(cut.address(segment.start) == segment.address for segment in cut.segments), "memory has an address")
    path = placed(data, folder, sparse=True)
    found = scan(str(path), ["acct_v3"])
    sound(found, str(path))
    return len(core.segments), told(found)


@target(1, lambda: [seeds.PASSWD])
def users(data: bytes, rng: Random, folder: Path) -> Hashable:
    with may_refuse():
        return len(read_users(placed(data, folder, "passwd")).names)
    return None


@target(3, lambda: [bytes(9)])
def declaration(data: bytes, rng: Random, folder: Path) -> Hashable:
    path = folder / "declared.py"
    path.write_text(edited(data))
    with may_refuse(FormatError):
        return used(path)
    return None
