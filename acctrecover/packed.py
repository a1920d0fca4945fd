"""What is known of a compressed file beside what came out of it: its hash, its members, where it broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

DAMAGED = "compressed data damaged"
CUT = "compressed data cut off"
OTHER = "no compressed data"
STOPPED = "unpacking stopped"
"""Causes of a break: what stands there does not decompress, the file ends within a member, other bytes stand where the next
member would begin, or a limit was reached."""


@dataclass(frozen=True)
class Break:
    """A place in a decompressed stream, at its byte `at`, where an unknown number of bytes is missing.

    In the file as given the bytes [packed, resumes) are to blame; `resumes` is None where nothing behind could be read. What
    came out before, from byte `since` of the stream on, has no checksum that proves it.
    """

    at: int
    since: int
    packed: int
    resumes: int | None
    cause: str
    detail: str

    def to_json(self) -> dict[str, Any]:
        """The object that tells of it: `at` and `unproved_from` are offsets in the stream, the `packed_` ones in the file."""
        return {
            "at": self.at,
            "unproved_from": self.since,
            "packed_at": self.packed,
            "packed_resumes": self.resumes,
            "cause": self.cause,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Packed:
    """A compressed file as given: by which program, its size in bytes and SHA-256, how many members gave something."""

    by: str
    size: int
    sha256: str
    members: int
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True)
class Part:
    """The bytes [start, stop) of a stream, which are those of one file, and their `sha256` ("" where they are not hashed); `packed`
    tells of the file that they were in."""

    name: str
    start: int
    stop: int
    sha256: str
    packed: Packed | None = None

    @property
    def breaks(self) -> list[Break]:
        """Where the file broke, by offsets in the stream."""
        own = self.packed.breaks if self.packed is not None else ()
        return [replace(each, at=each.at + self.start, since=each.since + self.start) for each in own]

    def to_json(self) -> dict[str, Any]:
        """The file as given, and beside it what came out of it where it is compressed."""
        if self.packed is None:
            return {"size": self.stop - self.start, "sha256": self.sha256 or None}
        size, digest = self.stop - self.start, self.sha256 or None
        out = {"by": self.packed.by, "members": self.packed.members, "size": size, "sha256": digest}
        return {"size": self.packed.size, "sha256": self.packed.sha256, "unpacked": out}


def spots(parts: Sequence[Part], start: int, stop: int) -> Iterator[tuple[str, int, int]]:
    """(file, start, stop) of the bytes [start, stop) of a stream, by offsets in each file, or in what came out of it."""
    for part in parts:
        low, high = max(start, part.start), min(stop, part.stop)
        if low < high:
            yield part.name, low - part.start, high - part.start
