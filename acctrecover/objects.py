"""Tagged objects with their size at both ends, as libexacct packs them: read from the front, or from the end by back-skips."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

FIXED = {1: ">B", 2: ">H", 3: ">I", 4: ">Q", 5: ">d"}
STRING, OBJECT, RAW, GROUP = 6, 7, 8, 15
"""Types of an object: the four highest bits of its tag. Those of FIXED are numbers."""
GROUP_HEAD = struct.Struct(">IQII")
HEAD_SKIP = GROUP_HEAD.size
SKIP = struct.Struct(">I")
DEEPEST = 16
"""Groups within groups that are followed."""


@dataclass(frozen=True)
class Object:
    """An object of `size` bytes at `offset`; its value is a number, a text, bytes, or the objects of a group."""

    tag: int
    offset: int
    size: int
    value: int | float | str | bytes | tuple[Object, ...]

    @property
    def kind(self) -> int:
        return self.tag >> 28


def read(data: bytes, at: int, stop: int | None = None, deep: int = 0) -> Object | None:
    """The object that begins at `at` and ends at `stop` or before; None where its type, its size or its back-skip is wrong."""
    stop = len(data) if stop is None else stop
    if at + 4 > stop:
        return None
    (tag,) = struct.unpack_from(">I", data, at)
    kind = tag >> 28
    if kind in FIXED:
        size = 8 + struct.calcsize(FIXED[kind])
        if not _closed(data, at, size, stop):
            return None
        return Object(tag, at, size, struct.unpack_from(FIXED[kind], data, at + 4)[0])
    if kind in (STRING, OBJECT, RAW):
        if at + 12 > stop:
            return None
        size = 12 + int(struct.unpack_from(">Q", data, at + 4)[0])
        if size < 16 or not _closed(data, at, size, stop):
            return None
        octets = data[at + 12 : at + size - 4]
        if kind != STRING:
            return Object(tag, at, size, octets)
        return Object(tag, at, size, octets[:-1].decode("utf-8", "backslashreplace")) if octets[-1:] == b"\0" else None
    return _group(data, at, stop, deep) if kind == GROUP else None


def _closed(data: bytes, at: int, size: int, stop: int) -> bool:
    """Whether the back-skip at an object's end is its size."""
    return at + size <= stop and SKIP.unpack_from(data, at + size - 4)[0] == size


def _group(data: bytes, at: int, stop: int, deep: int) -> Object | None:
    if deep >= DEEPEST or at + HEAD_SKIP > stop:
        return None
    tag, size, count, skip = GROUP_HEAD.unpack_from(data, at)
    if skip != HEAD_SKIP or size < 8 or not _closed(data, at, 16 + size, stop):
        return None
    inside = members(data, at + HEAD_SKIP, at + 12 + size, count, deep + 1)
    return None if inside is None else Object(tag, at, 16 + size, inside)


def members(data: bytes, at: int, stop: int, count: int, deep: int = 1) -> tuple[Object, ...] | None:
    """The `count` objects that fill the bytes from `at` to `stop`; None where they do not."""
    out: list[Object] = []
    while at < stop:
        found = read(data, at, stop, deep)
        if found is None or len(out) == count:
            return None
        out.append(found)
        at += found.size
    return tuple(out) if len(out) == count else None


def backward(data: bytes) -> Iterator[Object]:
    """The objects that end where the bytes do, the last first, each found by the back-skip of the one before it."""
    stop = len(data)
    while stop >= 4:
        (skip,) = SKIP.unpack_from(data, stop - 4)
        found = read(data, stop - skip, stop) if 8 < skip <= stop else None
        if found is None or found.size != skip:
            return
        yield found
        stop -= skip
