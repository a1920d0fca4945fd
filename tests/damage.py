"""Damage done to a stream whose records are known, and what a scan of it must keep to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acctrecover import scan
from acctrecover.extent import tiles

CORPORA = Path(__file__).resolve().parent.parent / "corpora"


def cookie_truth(path: Path) -> list[tuple[int, int]]:
    """(offset, size) of every record the independent writer wrote."""
    lines = path.with_suffix(".truth").read_text().splitlines()
    return [tuple(map(int, line.split()[:2])) for line in lines if not line.startswith("fill")]  # type: ignore[misc]


@dataclass(frozen=True)
class Wound:
    """`data` is a stream of which the bytes [at, at + gone) were replaced by `put`."""

    name: str
    data: bytes
    at: int
    gone: int
    put: bytes

    def moved(self, start: int, size: int) -> int | None:
        """Where an untouched record stands now; None for one the wound touched."""
        if start + size <= self.at:
            return start
        if start >= self.at + self.gone:
            return start + len(self.put) - self.gone
        return None


def wounds(data: bytes, at: int) -> Iterator[Wound]:
    """Every single wound of the sweep at one offset."""

    def cut(name: str, gone: int, put: bytes) -> Wound:
        return Wound(name, data[:at] + put + data[at + gone :], at, gone, put)

    for bit in range(8):
        yield cut(f"bit {bit}", 1, bytes([data[at] ^ 1 << bit]))
    yield cut("zeroed", 1, b"\0")
    yield cut("0xff", 1, b"\xff")
    yield cut("deleted", 1, b"")
    for value in (0x00, 0xAA, 0x2B, 0x91):
        yield cut(f"inserted {value:#04x}", 0, bytes([value]))
    yield cut("truncated", len(data) - at, b"")


def faults(wound: Wound, truth: list[tuple[int, int]], formats: list[str] | None = None) -> list[str]:
    """What a scan of a wounded stream, for these formats, got wrong: nothing, in the best case."""
    found = scan(wound.data, formats)
    out = [] if tiles(found.extents, len(wound.data)) else ["extents do not tile"]
    seen = {int(row["offset"]): str(row["status"]) for row in found.records}
    sizes = {int(row["offset"]): int(row["size"]) for row in found.records}
    places = [(wound.moved(*record), record[1]) for record in truth]
    kept = {place: size for place, size in places if place is not None}
    for place, size in kept.items():
        if seen.get(place) not in ("intact", "suspect") or sizes[place] != size:
            out.append(f"lost an untouched record at {place}")
    suspects = [place for place in kept if seen.get(place) == "suspect"]
    allowed = 2 if len(wound.put) != wound.gone else 0  # those on either side, each of which may have lost or gained the bytes
    if len(suspects) > allowed:
        out.append(f"doubts untouched records at {suspects}")
    starts = {start for start, _ in truth} | set(kept)
    shifted = {start + len(wound.put) - wound.gone for start, size in truth if start + size > wound.at}
    for place, status in seen.items():
        if status == "intact" and place not in starts | shifted:
            out.append(f"invented a record at {place}")
    return out
