"""Format declarations with other numbers, names and operators in them."""

from __future__ import annotations

import io
import struct
import token
import tokenize
from collections.abc import Hashable
from functools import cache
from pathlib import Path

from acctrecover import explain, scan
from acctrecover.registry import folder, load_file
from acctrecover.scanning import compiled
from acctrecover.table import detail

from . import seeds

NUMBERS = ("0", "1", "2", "3", "7", "8", "9", "16", "-1", "0.5", "255", "256", "65535", "65536", "0x7fffffff", "1 << 31", "1 << 32")
OPERATORS = ("+", "-", "*", "&", "|", "==", "!=", "<", ">", "<=", ">=", ">>", "<<", "%", "//")
EDIT = struct.Struct("<HBB")


@cache
def files() -> list[Path]:
    return sorted(folder().glob("[!_]*.py"))


@cache
def tokens(path: Path) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(path.read_text()).readline))


def edited(script: bytes) -> str:
    """A declaration that ships, by the first byte, with a token changed by every four that follow: for another of its kind.

    Imports stay as they are, and what is put in is a number, an operator, or stands elsewhere in the file: it can do no more
    than the file itself.
    """
    path = files()[script[0] % len(files())] if script else files()[0]
    there = tokens(path)
    imports = {
        number
        for one in there
        if one.line.lstrip().startswith(("from ", "import "))
        for number in range(one.start[0], one.end[0] + 1)
    }
    free = [one for one in there if one.type in (token.NUMBER, token.NAME, token.STRING, token.OP) and one.start[0] not in imports]
    lines = path.read_text().splitlines(keepends=True)
    new: dict[int, str] = {}
    for at in range(1, min(len(script), 1 + 6 * EDIT.size) - EDIT.size + 1, EDIT.size):
        where, which, more = EDIT.unpack_from(script, at)
        old = free[where % len(free)]
        if old.type == token.NUMBER:
            word = NUMBERS[which % len(NUMBERS)]
        elif old.type == token.OP:
            word = OPERATORS[which % len(OPERATORS)] if old.string in OPERATORS else old.string
        else:
            same = [one.string for one in free if one.type == old.type]
            word = same[(which << 8 | more) % len(same)]
        new[where % len(free)] = word
    for index in sorted(new, reverse=True):
        (row, low), (stop, high) = free[index].start, free[index].end
        if row == stop:
            line = lines[row - 1]
            lines[row - 1] = line[:low] + new[index] + line[high:]
    return "".join(lines)


def used(path: Path) -> Hashable:
    """Scan with the formats of a file. Raises FormatError for one that is wrong."""
    names = [declared.name for declared in load_file(path)]
    dialects = compiled.__wrapped__((), None, (str(path),))
    for dialect in dialects:
        detail(dialect)
    for data in seeds.streams()[::16]:
        found = scan(data[:1024], places=[path])
        _ = found.records
        explain(data[:1024], 100, places=[path])
    return tuple(sorted(names))
