"""The kinds of damage that can be done to a stream, each a small function under its name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from acctrecover.errors import AcctrecoverError
from acctrecover.lineage import Traced

STALE, OTHER = 1, 2
"""Numbers of the texts besides the input, which is 0."""
HEADER = 4
"""Leading bytes of a record that a header flip aims at."""
LOG = (
    b"Nov 24 08:16:01 node7 CRON[4121]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n",
    b"Nov 24 08:16:01 node7 systemd[1]: Starting logrotate.service - Rotate log files...\n",
    b"Nov 24 08:16:02 node7 kernel: [ 1021.441837] Process accounting paused\n",
    b"Nov 24 08:16:02 node7 kernel: [ 1021.441902] EXT4-fs (sda1): Delayed block allocation failed with error 28\n",
    b"Nov 24 08:16:09 node7 sshd[977]: Accepted publickey for alice from 192.0.2.17 port 51122 ssh2\n",
    b"Nov 24 08:17:40 node7 systemd[1]: logrotate.service: Deactivated successfully.\n",
)


@dataclass(frozen=True)
class Scene:
    """What a kind may draw on: an older stream's bytes, another stream's, and the offsets at which records start."""

    stale: bytes | None
    other: bytes | None
    borders: Callable[[], Sequence[int]]


@dataclass(frozen=True)
class Stroke:
    """What one wound made of a body: bytes [start, stop) of it became `width` bytes of `result` from `start` on."""

    result: Traced
    start: int
    stop: int
    width: int
    parameters: dict[str, Any]


Kind = Callable[[Traced, np.random.Generator, Scene], Stroke]
KINDS: dict[str, Kind] = {}


def kind(name: str) -> Callable[[Kind], Kind]:
    """Enter a kind of damage under its name; its docstring is the line users read about it."""

    def enter(function: Kind) -> Kind:
        KINDS[name] = function
        return function

    return enter


def find(name: str) -> Kind:
    """The kind of that name. Raises AcctrecoverError that says the nearest names for an unknown one."""
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, n=3, cutoff=0.4) or KINDS
        raise AcctrecoverError(f"unknown kind of damage {name}; did you mean {', '.join(near)}?")
    return KINDS[name]


def _replace(body: Traced, start: int, stop: int, new: Traced, **parameters: Any) -> Stroke:
    return Stroke(Traced.join((body[:start], new, body[stop:])), start, stop, len(new), parameters)


def _write(body: Traced, start: int, values: bytes, **parameters: Any) -> Stroke:
    stop = min(start + len(values), len(body))
    return _replace(body, start, stop, body[start:stop].written(values[: stop - start]), **parameters)


def _offset(body: Traced, rng: np.random.Generator, room: int = 1) -> int:
    """A random offset with `room` bytes behind it, where the body has that many."""
    return int(rng.integers(max(1, len(body) - room + 1)))


def _block(body: Traced, rng: np.random.Generator, size: int) -> tuple[int, int]:
    """A random block of `size` bytes that starts at a multiple of it; the last may be shorter."""
    start = int(rng.integers(-(-len(body) // size))) * size
    return start, min(start + size, len(body))


def _unit(body: Traced, blocks: int) -> int:
    """The size of blocks that are moved about: 512 bytes, or less where so many would not fit."""
    return max(1, min(512, len(body) // blocks))


def _ragged(rng: np.random.Generator, longest: int) -> int:
    """1 to `longest`, small numbers as likely as large ones on a scale of powers."""
    return int(np.exp(rng.random() * np.log(longest + 1)))


@kind("bit-flip")
def bit_flip(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """One bit flipped."""
    at, bit = _offset(body, rng), int(rng.integers(8))
    return _write(body, at, bytes([body.data[at] ^ 1 << bit]), bit=bit)


@kind("byte-set")
def byte_set(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """One byte set to another value."""
    at = _offset(body, rng)
    value = (body.data[at] + int(rng.integers(1, 256))) % 256
    return _write(body, at, bytes([value]), value=value)


@kind("burst")
def burst(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """2 to 12 bits flipped within 2 to 8 neighbouring bytes."""
    span = min(int(rng.integers(2, 9)), len(body))
    at = _offset(body, rng, span)
    bits = np.zeros(8 * span, np.uint8)
    bits[rng.choice(8 * span, min(int(rng.integers(2, 13)), 8 * span), replace=False)] = 1
    values = np.frombuffer(body.data[at : at + span], np.uint8) ^ np.packbits(bits)
    return _write(body, at, values.tobytes(), bits=int(bits.sum()))


@kind("header-flip")
def header_flip(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """One bit flipped in the first 4 bytes of a record."""
    borders = [border for border in scene.borders() if border < len(body)]
    start = borders[int(rng.integers(len(borders)))] if borders else _offset(body, rng)
    at = min(start + int(rng.integers(HEADER)), len(body) - 1)
    bit = int(rng.integers(8))
    return _write(body, at, bytes([body.data[at] ^ 1 << bit]), bit=bit, record=start)


@kind("zero-run")
def zero_run(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """1 to 1024 bytes overwritten with zeros."""
    size = _ragged(rng, 1024)
    return _write(body, _offset(body, rng, size), bytes(size))


@kind("zero-block-512")
def zero_block_512(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A block of 512 bytes zeroed."""
    start, stop = _block(body, rng, 512)
    return _write(body, start, bytes(stop - start))


@kind("zero-block-4096")
def zero_block_4096(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A block of 4096 bytes zeroed."""
    start, stop = _block(body, rng, 4096)
    return _write(body, start, bytes(stop - start))


@kind("ff-block")
def ff_block(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A block of 512 bytes overwritten with 0xFF, as erased flash reads."""
    start, stop = _block(body, rng, 512)
    return _write(body, start, b"\xff" * (stop - start))


@kind("random-block")
def random_block(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A block of 512 bytes overwritten with random ones."""
    start, stop = _block(body, rng, 512)
    return _write(body, start, rng.bytes(stop - start))


@kind("stale-block")
def stale_block(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A block of 512 bytes overwritten with one of an older stream (or, none given, of the input itself)."""
    start, stop = _block(body, rng, _unit(body, 2))
    if scene.stale is not None:
        source, text = Traced.of(scene.stale, STALE), "stale"
        at, _ = _block(source, rng, 512)
    else:
        source, text = body, "input"
        blocks = -(-len(body) // _unit(body, 2))
        at = (start // _unit(body, 2) + int(rng.integers(1, max(2, blocks)))) % blocks * _unit(body, 2)
    new = source[at : at + stop - start]
    return _replace(body, start, start + len(new), new, source=text, source_offset=at)


@kind("delete")
def delete(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """1 to 200 bytes deleted."""
    size = int(rng.integers(1, 201))
    at = _offset(body, rng, size)
    return _replace(body, at, min(at + size, len(body)), body[:0])


@kind("insert")
def insert(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """1 to 200 random bytes inserted."""
    at = _offset(body, rng, 0)
    return _replace(body, at, at, Traced.put(rng.bytes(int(rng.integers(1, 201)))))


@kind("text-insert")
def text_insert(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """1 to 6 lines of a system log inserted."""
    at = _offset(body, rng, 0)
    lines = [LOG[int(i)] for i in rng.integers(len(LOG), size=int(rng.integers(1, 7)))]
    return _replace(body, at, at, Traced.put(b"".join(lines)), lines=len(lines))


@kind("head-cut")
def head_cut(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The first bytes gone, at most half."""
    return _replace(body, 0, int(rng.integers(1, len(body) // 2 + 1)) if len(body) > 1 else 1, body[:0])


@kind("tail-cut")
def tail_cut(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The last bytes gone, at most half."""
    return _replace(body, len(body) - int(rng.integers(1, len(body) // 2 + 1)) if len(body) > 1 else 0, len(body), body[:0])


@kind("copytruncate")
def copytruncate(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A run of 64 to 2048 bytes lost at any byte, as between a copy and the truncation behind it."""
    size = min(int(rng.integers(64, 2049)), max(1, len(body) // 2))
    at = _offset(body, rng, size)
    return _replace(body, at, at + size, body[:0])


@kind("enospc-slip")
def enospc_slip(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The tail of one record missing from a block's border on: a write cut by a full disk, the stream resumed behind it.

    Where no record lies across a multiple of 512, as 64-byte records never do, any byte of a record may be the border.
    """
    borders = [*scene.borders(), len(body)]
    pairs = [(a, b) for a, b in pairwise(borders) if b - a > 1]
    across = [(-(-(a + 1) // 512) * 512, b) for a, b in pairs if a // 512 != (b - 1) // 512 and -(-(a + 1) // 512) * 512 < b]
    if across:
        border, stop = across[int(rng.integers(len(across)))]
    elif pairs:
        start, stop = pairs[int(rng.integers(len(pairs)))]
        border = start + int(rng.integers(1, stop - start))
    else:
        border, stop = _offset(body, rng), len(body)
    return _replace(body, border, stop, body[:0])


@kind("block-duplicate")
def block_duplicate(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """A block of 512 bytes written twice in a row."""
    start, stop = _block(body, rng, _unit(body, 1))
    return _replace(body, stop, stop, body[start:stop], source_offset=start)


@kind("block-swap")
def block_swap(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """Two blocks of 512 bytes in each other's place."""
    unit = _unit(body, 2)
    first, second = sorted(int(i) * unit for i in rng.choice(max(2, len(body) // unit), 2, replace=False))
    new = Traced.join((body[second : second + unit], body[first + unit : second], body[first : first + unit]))
    return _replace(body, first, min(second + unit, len(body)), new, block=unit)


@kind("block-reorder")
def block_reorder(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """3 to 6 neighbouring blocks of 512 bytes in another order."""
    unit = _unit(body, 3)
    count = min(int(rng.integers(3, 7)), len(body) // unit)
    start = int(rng.integers(len(body) // unit - count + 1)) * unit
    order = rng.permutation(count)
    if (order == np.arange(count)).all():
        order = order[::-1]
    blocks = [body[start + int(i) * unit : start + int(i) * unit + unit] for i in order]
    return _replace(body, start, start + count * unit, Traced.join(blocks), block=unit, order=order.tolist())


@kind("splice")
def splice(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The head of the input, then the tail of another stream (given as `other`)."""
    if not scene.other:
        raise AcctrecoverError("splice needs another stream: give --other FILE")
    at, source = _offset(body, rng), Traced.of(scene.other, OTHER)
    behind = _offset(source, rng)
    return _replace(body, at, len(body), source[behind:], source_offset=behind)
