"""Names for user ids, from a passwd file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from acctrecover.cells import Column
from acctrecover.errors import AcctrecoverError
from acctrecover.source import open_source

FIELD = re.compile(r"(?:ac_)?((?:.*_)?[re]?)(uid|UID)")
"""Fields that hold a user id: `ac_uid`, `ruid`, `PROC_UID`. The column of its name says user in place of uid, without `ac_`."""
WIDTHS = (7, 10)
"""Fields of a line of passwd, and of BSD's master.passwd."""
LARGEST = 1 << 26
"""Bytes of a passwd file: it is held in memory."""


@dataclass(frozen=True)
class Users:
    """The names of user ids; of several with one id, the first, as getpwuid(3) has it."""

    names: Mapping[int, str]

    def columns(self, names: Iterable[str]) -> list[str]:
        """The names of columns with one for the user behind each that holds a user id."""
        return list(dict.fromkeys(name for column in names for name in (column, user_column(column)) if name))

    def named(self, columns: Mapping[str, Column]) -> dict[str, Column]:
        """The columns of records with one of the user's name, where it is known, behind each that holds a user id."""
        out: dict[str, Column] = {}
        for name, held in columns.items():
            out[name] = held
            other = user_column(name)
            if other is not None and other not in columns:
                out[other] = Column([self.names.get(value) for value in Column(held.values).cells()], held.codes)
        return out


def user_column(name: str) -> str | None:
    """What the column of the user's name is called for a field that holds a user id, None for any other field."""
    found = FIELD.fullmatch(name)
    return None if found is None else found[1] + ("USER" if found[2] == "UID" else "user")


def read_users(path: Path) -> Users:
    """The users of a passwd(5) file, or a master.passwd(5). Raises SourceError, and AcctrecoverError for a line that is neither.

    Comments, empty lines and NIS entries (`+`, `-`) count for nothing.
    """
    with open_source(path) as source:
        if source.size > LARGEST:
            raise AcctrecoverError(f"{path}: {source.size:,} bytes is no passwd file")
        text = source.read(0, source.size).decode("utf-8", "backslashreplace")
    names: dict[int, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        cells = line.rstrip("\r").split(":")
        if not line.strip() or line[0] in "#+-":
            continue
        if len(cells) not in WIDTHS or not cells[0] or not cells[0].isprintable() or not re.fullmatch("[0-9]{1,10}", cells[2]):
            raise AcctrecoverError(f"{path}:{number}: no line of passwd, as name:x:1000:1000::/home/name:/bin/sh")
        names.setdefault(int(cells[2]), cells[0])
    return Users(names)
