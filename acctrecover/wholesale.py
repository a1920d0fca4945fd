"""Kinds of damage that change a whole stream: a transfer in text mode, a dump pasted into a mail."""

from __future__ import annotations

import base64 as codec
from itertools import pairwise

import numpy as np

from acctrecover.lineage import Traced
from acctrecover.wounds import Scene, Stroke, kind


def _everything(body: Traced, new: Traced) -> Stroke:
    return Stroke(new, 0, len(body), len(new), {})


@kind("crlf")
def crlf(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """Every LF become CR LF."""
    ends = [0, *(np.flatnonzero(np.frombuffer(body.data, np.uint8) == 10).tolist()), len(body)]
    parts = []
    for start, stop in pairwise(ends):
        parts += [body[start:stop], Traced.put(b"\r" if stop < len(body) else b"")]
    return _everything(body, Traced.join(parts))


@kind("pair-swap")
def pair_swap(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The two bytes of every 16-bit word swapped."""
    octets = np.frombuffer(body.data, np.uint8).copy()
    even = len(octets) // 2 * 2
    octets[:even] = octets[:even].reshape(-1, 2)[:, ::-1].ravel()
    return _everything(body, body.written(octets.tobytes()))


@kind("strip-7bit")
def strip_7bit(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The highest bit of every byte lost."""
    return _everything(body, body.written((np.frombuffer(body.data, np.uint8) & 0x7F).tobytes()))


@kind("hexdump")
def hexdump(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The text that `xxd` or `hexdump -C` prints of the stream."""
    style = ("xxd", "hexdump -C")[int(rng.integers(2))]
    lines = []
    for at in range(0, len(body), 16):
        row = body.data[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        if style == "xxd":
            lines.append(f"{at:08x}: {' '.join(row[i : i + 2].hex() for i in range(0, len(row), 2)):<39}  {shown}\n")
        else:
            halves = f"{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}"
            lines.append(f"{at:08x}  {halves}  |{shown}|\n")
    if style != "xxd":
        lines.append(f"{len(body):08x}\n")
    stroke = _everything(body, Traced.put("".join(lines).encode()))
    stroke.parameters["style"] = style
    return stroke


@kind("base64")
def base64(body: Traced, rng: np.random.Generator, scene: Scene) -> Stroke:
    """The stream as base64 text in lines of 76 characters."""
    return _everything(body, Traced.put(codec.encodebytes(body.data)))
