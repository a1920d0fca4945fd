"""Records that were written together as one entry: which belong together, and which are left without the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from acctrecover.extent import Oddity
from acctrecover.framed import FramedDialect
from acctrecover.shape import Octets
from acctrecover.stream import Found

ROW = np.dtype([("start", "i8"), ("size", "i8"), ("linked", "?"), ("more", "?"), ("total", "i8"), ("name", "U16")])
Rows = npt.NDArray[np.void]
UNTOLD = -1
"""The bytes of linked records where the first one does not tell."""


class Together:
    """Collects the entries of a chain as its records come; the last one waits for what follows it."""

    def __init__(self, dialect: FramedDialect) -> None:
        self.dialect = dialect
        self.waiting = np.zeros(0, ROW)

    def feed(self, octets: Octets, found: Found, low: int) -> Rows:
        """The records, rows of ROW, of the entries that are over. `octets` begin at `low`."""
        entries = self.dialect.declared.entries
        if entries is None:
            return self.waiting
        rows = np.zeros(len(found.starts), ROW)
        rows["start"], rows["size"], rows["total"] = found.starts + low, found.sizes, UNTOLD
        for shape, skip, which in self.dialect.shapes(octets, found):
            name, records = shape.record.name, shape.gather(octets, found.starts[which] + skip)
            rows["name"][which], rows["linked"][which] = name, name in entries.linked
            rows["more"][which] = shape.evaluate(entries.more, records)
            if name in entries.total:
                rows["total"][which] = shape.evaluate(entries.total[name], records)
        rows = np.concatenate((self.waiting, rows))
        last = int(heads(rows)[-1]) if len(rows) else 0
        self.waiting = rows[last:]
        return rows[:last]

    def close(self) -> Rows:
        """The records of the last entry: nothing of it follows any more."""
        rows, self.waiting = self.waiting, np.zeros(0, ROW)
        return rows


def heads(rows: Rows) -> npt.NDArray[np.int64]:
    """Which records begin an entry: the first, those behind one without more, and those that are never linked to another."""
    begin = np.ones(len(rows), np.bool_)
    begin[1:] = ~rows["more"][:-1] | ~rows["linked"][1:]
    return np.flatnonzero(begin)


def spans(rows: Rows) -> Iterator[tuple[int, int]]:
    """(start, stop) of every entry."""
    first = heads(rows)
    stops = np.append(first[1:], len(rows)) - 1 if len(rows) else first
    yield from zip(rows["start"][first].tolist(), (rows["start"] + rows["size"])[stops].tolist(), strict=True)


def broken(rows: Rows, *, at_end: bool = False) -> list[Oddity]:
    """An oddity of the first record of every entry that is not whole, in the words of csaverify.

    `at_end`: nothing of the last entry follows any more.
    """
    if not len(rows):
        return []
    first = heads(rows)
    last = np.append(first[1:], len(rows)) - 1
    behind = rows["size"].copy()
    behind[first] = 0
    follow, total = np.add.reduceat(behind, first), rows["total"][first]
    orphaned, unfinished = rows["linked"][first], rows["more"][last]
    out = []
    for which in np.flatnonzero(orphaned | unfinished | ((total != UNTOLD) & (total != follow))).tolist():
        name, told = (
            str(rows["name"][first[which]]),
            f"{total[which]} bytes of linked records are announced, {follow[which]} follow",
        )
        if orphaned[which]:
            why = f"Record '{name}' cannot be a primary record"
        elif total[which] > follow[which]:
            why = f"Incomplete record: {told}"
        elif unfinished[which] and at_end and which == len(first) - 1:
            why = "Incomplete record: its linked records are gone"
        elif unfinished[which]:
            why = f"Record '{name}' erroneously indicates that there is more linked record"
        else:
            why = f"Record '{name}' has an illegally linked record: {told}"
        row = rows[first[which]]
        out.append(Oddity(int(row["start"]), int(row["size"]), "suspect", why))
    return out
