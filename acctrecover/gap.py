"""A gap and what stands on either side of it, as those who look for its cause see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from acctrecover.dialect import Dialect
from acctrecover.extent import Oddity
from acctrecover.likeness import SAMPLE, Likeness
from acctrecover.shape import Octets, Shape
from acctrecover.survey import Chain

ZEROS = 32
"""NUL bytes in a row that make a zero run of their own inside a gap."""
FEW = 3
"""Records of a type from which bytes are compared with them place by place."""
TELLING = 16.0
"""Bits of evidence from which leading or trailing fields are taken for a record's."""


@dataclass(frozen=True)
class Verdict:
    """The cause of a gap in one of the words README lists, the bytes that prove it, and a torn record if it holds one.

    `missing` is how many bytes are gone from one record, where its length tells.
    """

    cause: str
    detail: str
    torn: Oddity | None = None
    missing: int = 0


@dataclass(frozen=True)
class Gap:
    """The bytes of a gap, or of the part of it at `start`, in an input of `size` bytes that `read(start, stop)` reads.

    `before` and `after` are the chains that end and begin at its borders; None where none does.
    """

    octets: bytes
    start: int
    size: int
    before: Chain | None
    after: Chain | None
    read: Callable[[int, int], bytes]

    @property
    def stop(self) -> int:
        return self.start + len(self.octets)

    @property
    def at_end(self) -> bool:
        return self.stop == self.size

    @property
    def within(self) -> Dialect | None:
        """The dialect that goes on behind the gap as it did before."""
        if self.before is None or self.after is None or self.before.dialect is not self.after.dialect:
            return None
        return self.before.dialect

    @cached_property
    def column(self) -> Octets:
        return np.frombuffer(self.octets, np.uint8)

    @cached_property
    def last(self) -> Octets:
        """The record before the gap."""
        if self.before is None or not self.before.tail:
            return np.zeros(0, np.uint8)
        return np.frombuffer(self.read(self.before.tail[-1], self.before.stop), np.uint8)

    @cached_property
    def samples(self) -> list[Octets]:
        """Records on either side. There must be a chain on one."""
        chain = self.before or self.after
        assert chain is not None
        unit = chain.dialect.pitch or 64
        samples = []
        if self.before is not None:
            stop = self.before.stop - (0 if chain.dialect.pitch else len(self.last))  # the last one may be damaged
            samples.append(self.read(stop - min(SAMPLE * unit, stop - self.before.start), stop))
        if self.after is not None and self.after.dialect is chain.dialect:
            samples.append(self.read(self.after.start, min(self.after.stop, self.after.start + SAMPLE * unit)))
        return [np.frombuffer(sample, np.uint8) for sample in samples]

    @cached_property
    def likeness(self) -> Likeness:
        """How much bytes look like the records on either side. There must be a chain on one."""
        chain = self.before or self.after
        assert chain is not None
        return Likeness(self.samples, chain.dialect.pitch)

    def kin(self, header: bytes, size: int) -> Likeness | None:
        """How much bytes look like records with this header and size; None where few stand near."""
        rows: list[Octets] = []
        for sample in self.samples:
            data, at = sample.tobytes(), sample.tobytes().find(header)
            while at >= 0:
                if at + size <= len(data):
                    rows.append(sample[at : at + size])
                at = data.find(header, at + 1)
        return Likeness(rows, size) if len(rows) >= FEW else None

    def torn(self, dialect: Dialect) -> Oddity | None:
        """The record whose leading fields all of these bytes are."""
        octets, at = self.octets, dialect.shape_at(self.column, 0)
        if at is None:
            opening = dialect.opening[: len(octets)]
            begun = bool(opening) and octets.startswith(opening) and len(octets) < dialect.smallest
            return Oddity(self.start, len(octets), "torn", "its header begins") if begun else None
        shape, skip = at
        if not 0 < len(octets) < shape.size + skip:
            return None
        fields, bits, holds = shape.prefix(octets[skip:])
        if not holds or (bits < TELLING and not skip and not self.at_end):
            return None
        text = f"its first {len(fields)} fields hold: {leading(shape, octets[skip:], fields)}" if fields else "its header holds"
        return Oddity(self.start, len(octets), "torn", text)


def split_zeros(octets: bytes) -> list[tuple[int, int, bool]]:
    """Cut a gap into zero runs and the rest: (start, stop, whether it is a zero run), tiling it."""
    if not octets.strip(b"\0"):
        return [(0, len(octets), True)]
    marked = np.concatenate(([1], np.frombuffer(octets, np.uint8), [1])) != 0
    solid = np.flatnonzero(marked)
    wide = np.flatnonzero(np.diff(solid) > ZEROS)
    out, at = [], 0
    for index in wide:
        start, stop = int(solid[index]), int(solid[index + 1]) - 1
        if start > at:
            out.append((at, start, False))
        out.append((start, stop, True))
        at = stop
    if at < len(octets):
        out.append((at, len(octets), False))
    return out


def leading(shape: Shape, octets: bytes, fields: list[str]) -> str:
    """The named fields of a cut record as `name=value` words."""
    record = np.frombuffer(octets[: shape.size].ljust(shape.size, b"\0"), shape.dtype)[0]
    words = []
    for name in fields:
        value = record[name]
        shown = repr(value.tobytes().rstrip(b"\0")) if value.ndim else format(value.item(), "g" if value.dtype.kind == "f" else "d")
        words.append(f"{name}={shown}")
    return " ".join(words)


def look(octets: bytes) -> str:
    """What bytes look like to a reader."""
    sample = octets[:4096]
    if not sample.strip(sample[:1]):
        return f"{len(octets)} bytes of 0x{sample[0]:02x}"
    return f"{len(octets)} bytes of {'text' if is_text(sample) else 'other data'}"


def text_run(octets: bytes) -> tuple[int, int]:
    """The longest run of printable ASCII with line ends: (start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], _printable(octets), [0]))))
    if not len(edges):
        return 0, 0
    starts, stops = edges[::2], edges[1::2]
    longest = int((stops - starts).argmax())
    return int(starts[longest]), int(stops[longest])


def is_text(octets: bytes) -> bool:
    """Whether bytes are printable ASCII, nearly all of them."""
    return bool(np.count_nonzero(_printable(octets)) > 0.95 * len(octets))


def _printable(octets: bytes) -> npt.NDArray[np.bool_]:
    """Which bytes are printable ASCII or end a line: shape (bytes,)."""
    column = np.frombuffer(octets, np.uint8)
    return np.asarray((column >= 32) & (column < 127) | (column == 10) | (column == 13) | (column == 9))
