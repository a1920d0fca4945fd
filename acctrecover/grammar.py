"""What the skeleton is given: candidates as parallel lists, and what is known of the dialects they are of."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from acctrecover.reading import Reader

END = -1
"""No candidate."""


@dataclass(frozen=True)
class Candidates:
    """Parallel lists in ascending order of `starts`; `landings` is where the next record must start."""

    starts: Sequence[int]
    landings: Sequence[int]
    dialects: Sequence[int]
    costs: Sequence[float]
    unsound: Sequence[float]
    """What a candidate costs more where its payload breaks a rule and no wound begins in it."""
    whole: Sequence[float]
    """What it costs more where it is not cut."""
    bits: Sequence[float]
    """The evidence of each candidate."""
    loose: Sequence[bool]
    """Whether a candidate is of a type that may have any length, and so carry other records."""
    heads: frozenset[tuple[int, int]]
    """(dialect, offset) of further headers, which confirm what lands on them though their own records are cut."""
    serials: Sequence[float]
    clocks: Sequence[float]
    """The serial number and the clock of each candidate, in seconds; NaN where it has none."""
    padded: frozenset[tuple[int, int]] = frozenset()
    """(end, start) of records between which only fill bytes stand, if not where fill bytes belong."""


@dataclass(frozen=True)
class Grammar:
    """What the skeleton knows of a dialect: the fixed distance of its records or None, its header's size, its largest record,
    how a damaged header reads, and the bytes of a name at the end of a record of fixed size."""

    pitch: int | None
    head: int
    largest: int
    reader: Reader
    name: int = 0


@dataclass(frozen=True)
class Step:
    """A chosen candidate; `cut` where its header stands but its body lost or gained bytes."""

    index: int
    cut: bool


def containers(given: Candidates, ends: Container[tuple[int, int]], starts: Container[tuple[int, int]]) -> list[int]:
    """For each candidate where the last other one starts that holds its start and is linked on both sides, or END.

    `ends` and `starts` are the (dialect, offset) where candidates with evidence end, and where any begins.
    """
    out: list[int] = []
    open_now: list[tuple[int, int]] = []
    for start, landing, dialect in zip(given.starts, given.landings, given.dialects, strict=True):
        open_now = [pair for pair in open_now if pair[1] > start]
        out.append(max((s for s, _ in open_now if s < start), default=END))
        if (dialect, start) in ends and (dialect, landing) in starts:
            open_now.append((start, landing))
    return out
