"""Bytes made again of a repair's report: by the report, the evidence and Python's own library, with nothing of what repairs."""

from __future__ import annotations

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any

PIECE = 1 << 22
"""Bytes at once."""
Read = Callable[[int, int], bytes]
"""Bytes [start, stop) of an input."""
LETTERS = {
    "hex": b"0123456789abcdefABCDEF",
    "octal": b"01234567",
    "base64": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
}
NONE = {name: bytes(set(range(256)) - set(letters)) for name, letters in LETTERS.items()}
"""What stands between digits: space, line ends, marks of a quotation."""


def replay(step: dict[str, Any], data: bytes) -> bytes:
    """What one of the `steps` of an input that was undone makes of its bytes. Raises ValueError where it cannot be taken.

    `drop CR before LF`: each CR LF becomes LF. `reverse words`: the bytes of each whole word of `width` bytes from `phase` on
    are reversed. `UTF-8 to bytes`: each sequence of a code point from 0x80 to 0xFF becomes that byte. `keep`: the bytes of
    `parts`, [start, stop], one behind the other. `read digits`: see `digits_read`.
    """
    what = step["do"]
    if what == "drop CR before LF":
        return data.replace(b"\r\n", b"\n")
    if what == "reverse words":
        width, phase = int(step["width"]), int(step["phase"])
        stop = phase + (len(data) - phase) // width * width
        out = bytearray(data)
        for place in range(width):
            out[phase + place : stop : width] = data[phase + width - 1 - place : stop : width]
        return bytes(out)
    if what == "UTF-8 to bytes":
        return re.sub(rb"[\xc2\xc3][\x80-\xbf]", lambda found: found[0].decode().encode("latin-1"), data)
    if what == "keep":
        return b"".join(data[start:stop] for start, stop in step["parts"])
    if what == "read digits":
        return digits_read(step, data)
    raise ValueError(f"there is no step {what!r}")


def digits_read(step: dict[str, Any], text: bytes) -> bytes:
    """The bytes that digits in a text stand for, by `parts` [place, count, times, step].

    From `place` on, `count` bytes are read, other characters between the digits skipped, and so `times` times, each `step`
    characters further on. The digits are hex, octal or base64, those of each `word` of bytes the last byte first; or a line
    that was uuencoded. Where `place` is a word: `nul` puts NUL bytes, `again` the bytes last read over and over, `drop` takes
    the last bytes away.
    """
    name, word = step["digits"], int(step["word"])
    out, last = bytearray(), b""
    for place, count, times, ahead in step["parts"]:
        if place == "nul":
            out += bytes(count)
        elif place == "again":
            out += (last * (count // len(last) + 1))[:count]
        elif place == "drop":
            del out[len(out) - count :]
        else:
            for number in range(times):
                last = _read(name, word, text, place + number * ahead, count)
                out += last
    return bytes(out)


def _read(name: str, word: int, text: bytes, place: int, count: int) -> bytes:
    """`count` bytes by the digits from `place` on."""
    if name == "uu":
        letters = bytes(letter - 0x20 & 0x3F for letter in text[place + 1 : place + 1 + -(-count // 3) * 4])
        letters = letters.ljust(-(-count // 3) * 4, b"\0")
        quads = (letters[at : at + 4] for at in range(0, len(letters), 4))
        return b"".join((a << 18 | b << 12 | c << 6 | d).to_bytes(3, "big") for a, b, c, d in quads)[:count]
    each = {"hex": 2 * word, "octal": (0, 3, 6)[min(word, 2)]}.get(name, 0)
    need = -(-count * 4 // 3) if name == "base64" else -(-count // word) * each
    digits, at = b"", place
    while len(digits) < need and at < len(text):
        digits += text[at : at + 2 * need + 16].translate(None, NONE[name])
        at += 2 * need + 16
    digits = digits[:need]
    if len(digits) < need:
        raise ValueError(f"{count} bytes cannot be read from {place:#x} of the text on")
    if name == "hex" and word == 1:
        return bytes.fromhex(digits.decode())
    if name == "base64":
        return base64.b64decode(digits + b"=" * (-len(digits) % 4))[:count]
    numbers = (digits[at : at + each] for at in range(0, need, each))
    return b"".join(int(number, 16 if name == "hex" else 8).to_bytes(word, "little") for number in numbers)[:count]


def patched(read: Read, patches: list[dict[str, Any]]) -> Read:
    """Bytes with the patches made. Raises ValueError where what stands there is not what a patch replaces."""
    changes = sorted((int(each["offset"]), bytes.fromhex(each["before"]), bytes.fromhex(each["after"])) for each in patches)
    values: dict[int, int] = {}
    for at, before, after in changes:
        if len(before) != len(after) or read(at, at + len(before)) != before:
            raise ValueError(f"the byte at {at:#x} is not the one that was healed")
        values.update(zip(range(at, at + len(after)), after, strict=True))
    places = sorted(values)

    def changed(start: int, stop: int) -> bytes:
        data = read(start, stop)
        if not places:
            return data
        out = bytearray(data)
        for at in places[bisect_left(places, start) : bisect_left(places, start + len(data))]:
            out[at - start] = values[at]
        return bytes(out)

    return changed


def voided(read: Read, voids: list[list[Any]]) -> Read:
    """Bytes with those of `voids`, [start, stop, cause] in order, as NUL: no repair has seen what stands there."""
    stops = [stop for _, stop, _ in voids]

    def seen(start: int, stop: int) -> bytes:
        first = bisect_right(stops, start)
        if first == len(voids) or voids[first][0] >= stop:
            return read(start, stop)
        out, at = bytearray(stop - start), start
        for low, high, _ in [*voids[first:], [stop, stop, ""]]:
            if at < min(low, stop):
                out[at - start : min(low, stop) - start] = read(at, min(low, stop))
            at = max(at, high)
        return bytes(out)

    return seen if voids else read


def joined(parts: list[tuple[int, int, Read]]) -> Read:
    """The bytes of several, [start, stop) one behind the other, as one."""

    def one(start: int, stop: int) -> bytes:
        return b"".join(
            read(max(start, low) - low, min(stop, high) - low) for low, high, read in parts if low < stop and start < high
        )

    return one


def copied(read: Read, start: int, stop: int) -> Iterator[bytes]:
    """Bytes [start, stop), some megabytes at a time."""
    for low in range(start, stop, PIECE):
        yield read(low, min(stop, low + PIECE))


def rebuilt(report: dict[str, Any], inputs: list[Read]) -> Read:
    """The repaired stream: the pieces, and NUL bytes between them, where slots of an array are not used."""
    pieces = report["pieces"]
    stops = [piece["out_stop"] for piece in pieces]
    size = report["output"]["size"]

    def read(start: int, stop: int) -> bytes:
        stop, parts = min(stop, size), []
        for piece in pieces[bisect_right(stops, start) :]:
            low, high = max(start, piece["out_start"]), min(stop, piece["out_stop"])
            if piece["out_start"] >= stop:
                break
            shift = piece["in_start"] - piece["out_start"]
            parts += [bytes(low - start), inputs[piece["input"]](low + shift, high + shift)]
            start = high
        return b"".join([*parts, bytes(max(0, stop - start))])

    return read


def quarantine(report: dict[str, Any], inputs: list[Read]) -> Iterator[bytes]:
    """The bytes in no written record, some megabytes at a time."""
    for part in report["quarantine"]["parts"]:
        yield from copied(inputs[part["input"]], part["start"], part["stop"])
