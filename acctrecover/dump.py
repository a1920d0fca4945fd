"""Hexdumps: the bytes of lines that `hexdump`, `xxd` or `od` printed and someone pasted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from acctrecover.undone import MOST_MISSING, Lines, Offsets, Undone

FEWEST = 3
"""Lines from which a text is taken for a dump, most of whose offsets must follow from the line before."""
BEFORE = rb"^[ \t>|]*+(?:(\*)|(?:0x)?([0-9a-f]{4,16})"
XXD = BEFORE + rb":[ \t]++((?:[0-9a-f]{%b} )*[0-9a-f]{2,%b}))(?:  [^\n]*+|[ \t]*+\r?)$"
PLAIN = BEFORE + rb"(?:[ \t]++([0-9a-f]{%b}(?: {1,4}[0-9a-f]{%b})*+))?+)[ \t]*+(?:[|>][^\n]*+)?\r?$"
"""A line: a mark of repeated lines, or an offset and bytes; after them, text between bars or, of xxd, behind two spaces."""
RADIXES = {16: "x", 8: "o", 10: "d"}
"""Radixes of offsets, and how a number is formatted in each."""
SIZES = {2: 1, 4: 2, 8: 4, 16: 8, 3: 1, 6: 2}
"""Bytes of a number of so many digits."""
OCTAL = (3, 6)
"""Digits of an octal number."""


@dataclass(frozen=True)
class Layout:
    """How a dump is written: its lines' pattern, the radix of its offsets, bytes a line, digits of an offset.

    `word` is the bytes of a number that a little-endian host printed, else 1; `octal` whether in octal; `columns` is where
    in a line's bytes each one begins, shape (n,): for a word's, where the word does.
    """

    pattern: re.Pattern[bytes]
    radix: int
    count: int
    digits: int
    word: int
    octal: bool
    columns: Offsets

    def octets(self, area: bytes) -> bytes:
        """The bytes that the numbers of a line stand for; none where they cannot be."""
        try:
            if self.octal:
                return b"".join(int(number, 8).to_bytes(self.word, "little") for number in area.split())
            octets = bytes.fromhex(area.replace(b" ", b"").decode())
        except (ValueError, OverflowError):
            return b""
        return np.frombuffer(octets, np.uint8).reshape(-1, self.word)[:, ::-1].tobytes() if self.word > 1 else octets


class Row(NamedTuple):
    """A line of a dump: its offset as printed and as a number (None: unreadable), its bytes, where they and the line stand;
    where the mark before it does, or -1."""

    digits: bytes
    offset: int | None
    octets: bytes
    place: int
    start: int
    stop: int
    mark: int


def _number(digits: bytes, radix: int) -> int | None:
    try:
        return int(digits, radix)
    except ValueError:
        return None


def layout(sample: bytes) -> Layout | None:
    """How the dump in a text is written; None where there is none."""
    return _layout(sample, XXD, words=False) or _layout(sample, PLAIN, words=True)


def _layout(sample: bytes, form: bytes, *, words: bool) -> Layout | None:
    """The same for one form of line; `words` says that digits without a space between are a number, not bytes in order."""
    loose = re.compile(form % ((b"2,", b"2,") if words else (b"2,", b"")), re.M | re.I)
    rows = [(match[2], match[3]) for match in loose.finditer(sample) if match[3]]
    if len(rows) < FEWEST:
        return None
    width = Counter(len(area.split(b" ", 1)[0]) for _, area in rows).most_common(1)[0][0]
    if words and width not in SIZES:
        return None
    word = SIZES[width] if words else 1
    counts = [len(area.replace(b" ", b"")) // (width // word if words else 2) for _, area in rows]
    follow = {radix: _following([_number(digits, radix) for digits, _ in rows], counts) for radix in RADIXES}
    radix = max(follow, key=lambda one: follow[one])
    if follow[radix] < max(FEWEST - 1, len(rows) // 2):
        return None
    count = Counter(counts).most_common(1)[0][0]
    digits, area = next(row for row, octets in zip(rows, counts, strict=True) if octets == count)
    places = [(group.start(), word if words else len(group[0]) // 2) for group in re.finditer(rb"\S+", area)]
    columns = [at + (0 if words else 2 * byte) for at, octets in places for byte in range(octets)]
    pattern = re.compile(form % (b"%d" % width, b"%d" % width), re.M | re.I)
    return Layout(pattern, radix, count, len(digits), word, words and width in OCTAL, np.array(columns, np.int64))


def _following(offsets: list[int | None], counts: list[int]) -> int:
    """How many lines begin where the one before ends."""
    return sum(a is not None and b == a + octets for (a, b), octets in zip(pairwise(offsets), counts, strict=False))


def _rows(how: Layout, data: bytes) -> Iterator[Row]:
    stop, mark = 0, -1
    for match in how.pattern.finditer(data):
        near = not data[stop : match.start()].strip()  # a line between that cannot be read makes a mark's reach uncertain
        stop = match.end()
        if match[1]:
            mark = match.start(1) if near else -1
            continue
        area = match[3]
        octets = how.octets(area) if area else b""
        if len(octets) > how.count or (not octets and (area or abs(len(match[2]) - how.digits) > 1)):
            continue
        place = match.start(3) if area else match.start()
        yield Row(match[2], _number(match[2], how.radix), octets, place, match.start(), match.end(), mark if near else -1)
        mark = -1


def _one_wrong(digits: bytes, offset: int, radix: int) -> bool:
    """Whether digits are an offset's but for one."""
    right = format(offset, RADIXES[radix]).zfill(len(digits)).encode()
    return len(right) == len(digits) and sum(a != b for a, b in zip(right, digits.lower(), strict=True)) == 1


def undo_dump(data: bytes, how: Layout) -> Undone:
    """The bytes a dump shows. Offsets tell how far a repeated line goes and which lines are missing.

    A line with one wrong digit in its offset keeps its place; a line shown again is left out; where offsets start over, another
    dump begins.
    """
    top = len(how.columns) - 1
    lines = Lines(lambda numbers: how.columns[np.minimum(numbers, top)], "octal" if how.octal else "hex", how.word)
    first = expected = 0
    last = b""
    again: list[Row] = []
    for row, after in pairwise(chain(_rows(how, data), [None])):
        assert row is not None
        if not last:
            if row.octets and row.offset is not None:
                first = expected = row.offset
            else:
                continue
        follows = row.octets and after is not None and after.offset == expected + len(row.octets)
        if row.offset != expected and not (follows and _one_wrong(row.digits, expected, how.radix)):
            if row.offset is None:
                continue
            ahead = row.offset - expected
            if ahead < 0 and not row.octets:
                if -ahead < how.word:
                    lines.trim(-ahead)
                    lines.stop = row.stop
                continue
            at = len(lines.data) + ahead
            if ahead < 0 and at >= 0 and lines.data[at : at + len(row.octets)] == row.octets:
                again.append(row)
                continue
            if ahead > 0 and row.mark >= 0:
                lines.repeat(last, ahead, row.mark)
            else:
                lines.hole(ahead if 0 < ahead <= MOST_MISSING else 0)
                for old in again if ahead < 0 else ():  # what looked shown again began another dump
                    lines.line(old.octets, old.place, old.start, old.stop)
            expected += ahead
        again.clear()
        if row.octets:
            lines.line(row.octets, row.place, row.start, row.stop)
            last = row.octets
        else:
            lines.stop = row.stop
        expected += len(row.octets)
    return lines.undone(f"lines of {how.count} bytes" + (f", the first at {first:#x}" if first else ""), data)
