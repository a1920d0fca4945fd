"""How often each 2-byte word stands in real bytes, and so which one makes a good magic cookie."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from acctrecover.errors import AcctrecoverError, OutputError
from acctrecover.processors import ahead, usable
from acctrecover.source import Evidence, Source, open_source
from acctrecover.voids import ERROR

WINDOW = 1 << 19
"""Bytes counted at once: few enough for a cache, and even, so that aligned words do not straddle windows."""
LARGE = 1 << 25
"""Bytes from which on an input is counted in threads, as many as there are processors."""
WORDS = 1 << 16
GIB = 1 << 30
COOKIE = 0x2B91
"""The word compared with where none is named."""
ENDINGS = (".npy", ".csv")


@dataclass(frozen=True)
class CookieStats:
    """Counts of 2-byte words. `counts` has shape (65536,): index is the word read in `order`; `words` is their sum, `bytes`
    and `inputs` are what was counted. Two of them add up."""

    counts: npt.NDArray[np.int64]
    bytes: int
    align: int
    order: str
    cookie: int
    inputs: int = 1
    unreadable: int = 0
    """Bytes that could not be read and are not counted."""
    breaks: tuple[str, ...] = ()
    """Where compressed inputs broke, so that not all of them was counted."""

    def __add__(self, other: CookieStats) -> CookieStats:
        return replace(
            self,
            counts=self.counts + other.counts,
            bytes=self.bytes + other.bytes,
            inputs=self.inputs + other.inputs,
            unreadable=self.unreadable + other.unreadable,
            breaks=self.breaks + other.breaks,
        )

    @cached_property
    def words(self) -> int:
        return int(self.counts.sum())

    def rarest(self, number: int) -> list[tuple[int, int]]:
        """The `number` rarest words with their counts, rarest first, equal ones by value; never 0x0000."""
        ranked = np.argsort(self.counts[1:], kind="stable")[:number] + 1
        return [(int(word), int(self.counts[word])) for word in ranked]

    def rank(self, word: int) -> int:
        """1 plus the number of strictly rarer words, 0x0000 left out."""
        return 1 + int((self.counts[1:] < self.counts[word]).sum())

    def ties(self, word: int) -> int:
        """How many words, 0x0000 left out, have the count of this one, itself included."""
        return int((self.counts[1:] == self.counts[word]).sum())

    @cached_property
    def nominee(self) -> int:
        """The word to nominate: of the rarest non-zero words one that is not its own swap (so that the byte order shows
        and it cannot overlap itself), whose swap is rare too, and whose bytes are the rarest in their places."""
        words = np.arange(1, WORDS)
        words = words[words >> 8 != words & 0xFF]
        square = self.counts.reshape(256, 256)
        expected = np.outer(1 + square.sum(1, float), 1 + square.sum(0, float)).ravel()  # but for a factor, by its bytes alone
        swapped = swap(words)
        order = np.lexsort((words, expected[words] + expected[swapped], self.counts[swapped], self.counts[words]))
        return int(words[order[0]])

    def false_per_gib(self, word: int) -> float:
        """Expected false cookies per GiB searched at every byte offset, from the counted rate; 0 where none was seen."""
        return float(self.counts[word]) / self.words * GIB if self.words else 0.0

    def false_per_gib_bound(self, word: int) -> float:
        """The 95 % upper bound of it, taking words as independent: by the rule of three where none was seen, else by
        Byar's approximation of the Poisson bound."""
        count = float(self.counts[word])
        above = count + 1
        most = above * (1 - 1 / (9 * above) + 1.645 / (3 * above**0.5)) ** 3 if count else 3.0
        return min(most / self.words, 1.0) * GIB if self.words else float(GIB)

    def _repr_html_(self) -> str:
        from acctrecover.notebook import table

        some = [self.nominee, self.cookie, swap(self.cookie), *(word for word, _ in self.rarest(10))] if self.words else []
        roles = ["to nominate", "the cookie", "the cookie swapped", *["rare"] * 10]
        rows = [(f"0x{word:04X}", role, int(self.counts[word]), self.rank(word)) for word, role in zip(some, roles, strict=False)]
        return table(f"{self.words:,} words of {self.bytes:,} bytes", ("word", "what", "count", "rank"), rows)

    def to_json(self, top: int) -> dict[str, Any]:
        """The object `cookie-stats --json` prints."""

        def about(word: int) -> dict[str, Any]:
            return {
                "word": f"0x{word:04X}",
                "count": int(self.counts[word]),
                "rank": self.rank(word),
                "ties": self.ties(word),
                "false_per_gib": round(self.false_per_gib(word), 3),
                "false_per_gib_95": round(self.false_per_gib_bound(word), 3),
            }

        return {
            "schema": "acctrecover/cookie-stats/1",
            "kind": "cookie-stats",
            "inputs": self.inputs,
            "bytes": self.bytes,
            "words": self.words,
            **({"unreadable": self.unreadable} if self.unreadable else {}),
            "align": self.align,
            "order": self.order,
            "cookie": about(self.cookie),
            "swapped": about(swap(self.cookie)),
            "nominee": about(self.nominee),
            **({"breaks": list(self.breaks)} if self.breaks else {}),
            "rarest": [about(word) for word, _ in self.rarest(top)],
        }


def swap(word: Any) -> Any:
    """A word, or an array of words, with its two bytes exchanged."""
    return (word & 0xFF) << 8 | word >> 8


def cookie_stats(
    sources: Evidence | Sequence[Evidence],
    *,
    align: int = 2,
    order: str = "little",
    cookie: int = COOKIE,
    progress: Callable[[int], None] = lambda done: None,
) -> CookieStats:
    """Count every 2-byte word of one or several inputs: at even offsets (`align` 2) or at every offset (1).

    Words span neither two inputs nor, aligned, an odd last byte. What has no bytes of its own, as the holes of a sparse file, is
    not counted. Raises SourceError for what cannot be read,
    AcctrecoverError for another `align`, `order` or a cookie that is no word from 0x0001 to 0xFFFF.
    """
    if align not in (1, 2) or order not in ("little", "big") or not 0 < cookie < WORDS:
        raise AcctrecoverError("align is 1 or 2, order little or big, a cookie from 0x0001 to 0xffff")
    inputs = [sources] if isinstance(sources, str | os.PathLike | bytes | bytearray | memoryview | Source) else list(sources)
    counts = np.zeros(WORDS, np.int64)
    total = unread = 0
    breaks: list[str] = []
    for evidence in inputs:
        with open_source(evidence, progress) as source:
            breaks += [f"{name}: {each.cause} {each.detail}" for name, each in source.broke]
            threads = usable() if source.room >= LARGE else 1
            for found in ahead(partial(_counted, align=align), _windows(source, align, progress), threads):
                counts += found
            total += source.size - source.voids.size
            unread += source.voids.totals().get(ERROR, (0, 0))[1]
    if order == "big":
        counts = counts.reshape(256, 256).T.ravel()
    return CookieStats(counts, total, align, order, cookie, len(inputs), unread, tuple(breaks))


def _windows(source: Source, align: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The bytes to be counted, each run of them on its own; aligned words begin at its even offsets."""
    for start, stop in source.solid(0, source.size):
        for low in range(start + start % 2 * (align == 2), stop, WINDOW):
            data = source.read(low, min(low + WINDOW + (align == 1), stop))
            for first, last in source.solid(low, low + len(data)):  # what could not be read is void by now
                yield data[first - low : last - low]
            progress(min(WINDOW, stop - low))


def _counted(data: bytes, align: int) -> npt.NDArray[np.int64]:
    counts = np.bincount(np.frombuffer(data, "<u2", len(data) // 2), minlength=WORDS)
    return counts if align == 2 or len(data) < 3 else counts + _counted(data[1:], 2)


def check_ending(path: Path) -> None:
    """Raise OutputError for a file name whose ending no table is written by."""
    if path.suffix not in ENDINGS:
        raise OutputError(f"{path}: the table is written as {' or '.join(ENDINGS)}, by the ending of the name")


def write_table(stats: CookieStats, path: str | os.PathLike[str], file: BinaryIO) -> None:
    """Write all 65536 counts to `file`: int64 `.npy`, or `.csv` with the columns word and count, by the ending of `path`."""
    check_ending(Path(path))
    if Path(path).suffix == ".npy":
        np.save(file, stats.counts)
    else:
        lines = (f"0x{word:04X},{count}\n" for word, count in enumerate(stats.counts.tolist()))
        file.write(("word,count\n" + "".join(lines)).encode())
