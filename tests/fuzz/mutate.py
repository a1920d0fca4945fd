"""Changes to bytes, as damage makes them and as someone who means harm does."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from random import Random

from .seeds import WRAPPINGS

LARGEST = 16384
"""Bytes of a mutated input at most."""
EDGES = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
"""Numbers at which arithmetic turns."""
MAGICS = (
    b"\x7fELF\2\1\1",
    b"\x91\x2b",
    b"\x2b\x91",
    b"\x1f\x8b\x08\0",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"PK\3\4",
    b"LPKSHHRH",
    b"#",
    b"begin 644 x\n",
    b"00000000  ",
    b"*\n",
    b"\0" * 64,
    b"\xff" * 32,
    b"\xef\xbb\xbf",
    b"\x1b[31m",
    b"</script>",
    b"\r\n",
)
Mutation = Callable[[bytearray, Random, Sequence[bytes]], None]
MUTATIONS: list[Mutation] = []


def mutation(function: Mutation) -> Mutation:
    MUTATIONS.append(function)
    return function


def mutate(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """The bytes with some changes; pieces may come from `others`."""
    body = bytearray(data)
    for _ in range(min(12, 1 + int(rng.expovariate(0.5)))):
        rng.choice(MUTATIONS)(body, rng, others)
        del body[LARGEST:]
    return bytes(body)


def _span(body: bytearray, rng: Random, most: int = 1024) -> tuple[int, int]:
    start = rng.randrange(len(body) + 1)
    return start, min(len(body), start + min(most, int(rng.expovariate(1 / 40)) + 1))


@mutation
def flip(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    for _ in range(rng.choice((1, 1, 2, 8)) if body else 0):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)


@mutation
def overwrite(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    start, stop = _span(body, rng)
    kind = rng.randrange(4)
    new = rng.randbytes(stop - start) if kind == 0 else bytes([(0, 0xFF, rng.randrange(256))[kind - 1]]) * (stop - start)
    body[start:stop] = new


@mutation
def delete(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    start, stop = _span(body, rng)
    del body[start:stop]


@mutation
def insert(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    at = rng.randrange(len(body) + 1)
    body[at:at] = rng.choice((rng.randbytes(rng.randrange(1, 70)), bytes(rng.choice((1, 63, 64, 512, 4096))), rng.choice(MAGICS)))


@mutation
def duplicate(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    start, stop = _span(body, rng, 4096)
    if rng.random() < 0.5:
        start, stop = start // 64 * 64, start // 64 * 64 + rng.choice((64, 128, 512, 1024))
    at = rng.choice((stop, rng.randrange(len(body) + 1)))
    body[at:at] = body[start:stop] * rng.choice((1, 1, 2, 9))


@mutation
def move(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    start, stop = _span(body, rng, 4096)
    piece = body[start:stop]
    del body[start:stop]
    at = rng.randrange(len(body) + 1)
    body[at:at] = piece


@mutation
def truncate(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    at = rng.randrange(len(body) + 1)
    if rng.random() < 0.7:
        del body[at:]
    else:
        del body[: at // 2]


@mutation
def splice(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    other = rng.choice(others)
    start, stop = _span(bytearray(other), rng, 4096)
    at = rng.randrange(len(body) + 1)
    if rng.random() < 0.4:
        body[at:] = other[start:]
    else:
        body[at : at + rng.choice((0, stop - start))] = other[start:stop]


@mutation
def number(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """A number of two, four or eight bytes becomes another, as a length or a count."""
    width, mark = rng.choice((1, 2, 4, 8)), rng.choice("<>")
    if len(body) < width:
        return
    at = rng.randrange(len(body) - width + 1)
    at -= at % width if rng.random() < 0.7 else 0
    form = mark + {1: "B", 2: "H", 4: "I", 8: "Q"}[width]
    old = struct.unpack_from(form, body, at)[0]
    new = rng.choice((rng.choice(EDGES), old + rng.choice((-64, -8, -2, -1, 1, 2, 4, 8, 64, 4096)), len(body), len(body) - at))
    struct.pack_into(form, body, at, new % (1 << 8 * width))


@mutation
def magic(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    word = rng.choice(MAGICS)
    at = rng.choice((0, 0, rng.randrange(len(body) + 1)))
    body[at : at + len(word)] = word


@mutation
def riddle(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """The same wound again and again."""
    pitch, width = rng.choice((64, 100, 333, rng.randrange(8, 600))), rng.choice((1, 2, 20, rng.randrange(1, 40)))
    start = rng.randrange(pitch)
    for at in range(start, len(body) - width, pitch):
        body[at : at + width] = rng.randbytes(width)


@mutation
def digits(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """A number written in digits becomes another."""
    found = list(re.finditer(rb"(?:0x)?[0-9a-f]{1,20}", bytes(body[:LARGEST])))
    if found:
        match = rng.choice(found)
        new = rng.choice((*EDGES, -1, rng.randrange(1 << 16)))
        body[match.start() : match.end()] = rng.choice((b"%d", b"%x", b"0x%08x", b"1e%d", b"%d.5", b"\xd9\xa3%d")) % new


@mutation
def lines(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """Lines of a text change places, are left out or stand twice."""
    rows = bytes(body).split(b"\n")
    at, to = rng.randrange(len(rows)), rng.randrange(len(rows))
    rows[at : at + 1] = rng.choice(([], [rows[at]] * 2, [rows[to]], [rows[at], rows[to]], [rows[at][: len(rows[at]) // 2]]))
    body[:] = b"\n".join(rows)


@mutation
def words(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """A word of a text becomes another word of it."""
    found = list(re.finditer(rb'"[^"]*"|\w+|[-+*/<>&|=]+', bytes(body[:LARGEST])))
    if found:
        old, new = rng.choice(found), rng.choice(found)[0]
        body[old.start() : old.end()] = rng.choice((new, b"null", b"true", b"[]", b"{}", b'"x"', b"-1", b"1e999", b"[[]]"))


@mutation
def wrap(body: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    if rng.random() < 0.3:
        body[:] = rng.choice(WRAPPINGS)(bytes(body[:4096]))
