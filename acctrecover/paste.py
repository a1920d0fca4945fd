"""Bytes as lines of letters: base64, plain hexadecimal digits, uuencode; also with other text around."""

from __future__ import annotations

import binascii
import re
from collections import Counter

from acctrecover.undone import Lines, Undone

TEXT = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
TEXT_SHARE = 0.95
"""Of a text, the bytes that are printable: the rest may be damage."""
LINE = re.compile(rb"^[ \t>|]*+([^\r\n]++)", re.M)
BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]++\r?$", re.M)
SHORTEST = 32
"""Letters of a full line at least."""
LONG = 1000
"""Letters from which a line was not broken by a program, which leaves the prompt behind it too."""
NEARLY = 2
"""Letters by which a damaged line may be longer or shorter than a full one."""
UU_LINE = 45
"""Bytes of a full uuencoded line."""


class Letters:
    """Letters of which `unit` stand for `octets` bytes."""

    def __init__(self, alphabet: bytes, unit: int, octets: int) -> None:
        self.alphabet, self.unit, self.octets = alphabet, unit, octets
        self.padding = b"=" if unit == 4 else b""
        self.name = "base64" if unit == 4 else "hex"

    def bare(self, text: bytes) -> tuple[bytes, bool]:
        """The letters a line begins with, and whether nothing but padding is behind them; behind a long line a prompt may be."""
        rest = text.lstrip(self.alphabet)
        letters = text[: len(text) - len(rest)]
        return letters, len(letters) > LONG or not rest.rstrip(self.padding)

    def decode(self, text: bytes) -> bytes:
        """The whole bytes that letters stand for."""
        if self.unit == 2:
            return bytes.fromhex(text[: len(text) // 2 * 2].decode())
        text = text[: len(text) - (len(text) % 4 == 1)]
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


DIGITS = b"0123456789"
BASE64 = Letters(bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + DIGITS + b"+/", 4, 3)
HEX = Letters(DIGITS + b"ABCDEFabcdef", 2, 1)


def is_text(sample: bytes) -> bool:
    """Whether bytes are printable, nearly all."""
    return len(sample.translate(None, TEXT)) <= (1 - TEXT_SHARE) * len(sample)


def length(data: bytes, letters: Letters) -> int:
    """The number of letters of a full line, 0 where there is none."""
    room: Counter[int] = Counter()
    for match in LINE.finditer(data):
        text, clean = letters.bare(match[1].rstrip())
        if clean and len(text) >= SHORTEST:
            room[len(text)] += len(text)
    return max(room, key=lambda one: (room[one], one)) if room else 0


def undo_letters(data: bytes, letters: Letters) -> Undone:
    """The bytes that lines of letters stand for.

    Those are lines of the commonest length, and a shorter one directly behind one of those. A line of about that length
    with other characters in it is a lost one; behind other text, or behind a shorter line, another run of lines begins.
    """
    full = length(data, letters)
    lines = Lines(lambda numbers: numbers * letters.unit // letters.octets, letters.name)
    lost = other = tail = 0
    going, rest = False, b""
    for match in LINE.finditer(data) if full else ():
        whole = match[1].rstrip()
        text, clean = letters.bare(whole)
        if not clean or len(text) > full or (len(text) < full and (other or not going)):
            damaged = abs(len(whole) - full) <= NEARLY
            lost, other = lost + damaged, other + (not damaged)
            continue
        if lost or other or not going:
            lines.hole(full * letters.octets // letters.unit * lost if going and not other else 0)
            rest = b""
        lost = other = 0
        going = len(text) == full and len(whole) == full
        read, end = tail - len(rest) if rest else match.start(1), match.start(1) + len(text)
        place, text = match.start(1) - len(rest), rest + text
        now = len(text) // letters.unit * letters.unit if going else len(text)
        lines.line(letters.decode(text[:now]), place, match.start(), match.end(), read)
        rest, tail = text[now:], end
    if going and lost and not other:
        lines.hole(0)
    if rest:
        lines.line(letters.decode(rest), lines.stop - len(rest), lines.start, lines.stop, tail - len(rest))
    return lines.undone(f"lines of {full} letters", data)


def undo_uu(data: bytes) -> Undone:
    """The bytes of uuencoded files, one behind the other; a line that cannot be read is a lost one."""
    lines = Lines(lambda numbers: 1 + numbers * 4 // 3, "uu")
    inside = False
    for match in LINE.finditer(data):
        text = data[match.start() : match.end()]
        if BEGIN.match(text):
            lines.hole(0)
            inside = True
        elif inside and text.rstrip() in (b"end", b"`", b""):
            inside = False
        elif inside:
            _uu_line(lines, text, match.start())
    return lines.undone("uuencoded lines", data)


def _uu_line(lines: Lines, text: bytes, start: int) -> None:
    """Take one uuencoded line; what its letters do not reach to is missing."""
    count = (text[0] - 0x20) & 0x3F
    try:
        octets = binascii.a2b_uu(text)[: (len(text) - 1) * 3 // 4]
    except binascii.Error:
        octets, count = b"", UU_LINE
    if octets:
        lines.line(octets, start, start, start + len(text))
    if len(octets) < count:
        lines.hole(count - len(octets))


def is_letters(sample: bytes, letters: Letters) -> bool:
    """Whether a text has lines of such letters."""
    return length(sample, letters) > 0


def is_uu(sample: bytes) -> bool:
    """Whether a text has the first line of a uuencoded file."""
    return BEGIN.search(sample) is not None
