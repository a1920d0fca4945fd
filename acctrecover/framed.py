"""A stream of records behind headers that tell type and length, in one byte order: how they are found, followed and read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.columns import pick
from acctrecover.evidence import HeaderEvidence
from acctrecover.expr import field_of
from acctrecover.heading import opening_of, places_of
from acctrecover.kinds import Kinds
from acctrecover.reading import Plain, Reader
from acctrecover.schema import Framed, Record
from acctrecover.shape import Bools, Octets, Shape, size_of
from acctrecover.stream import NOWHERE, TAIL, Found, Offsets, Run, among

WORDS = (1, 2, 4, 8)
"""Widths of a first field that numpy searches for."""
MEASURED = 16, 256
"""Payload bytes of open types up to which evidence is measured for each length; above that for powers of two up to the second."""
LEAD = 16
"""Bytes of a payload before the stream that it carries, at most."""
TELLING = 24.0
"""Bits of the records that a sound one takes in, from which its length is wrong: fewer are there by chance in long streams."""
FIRST = 1 << 13
"""Bytes in which a run is looked for at first."""


class FramedDialect(HeaderEvidence):
    """A stream of records whose headers tell their type and length."""

    pitch: int | None = None
    serial = ""
    slots = ""

    def __init__(self, declared: Framed, big: bool, cookie: int | None = None) -> None:
        self.name, self.big, self.declared = declared.name, big, declared
        rules = dict(declared.rules)
        if declared.cookie is not None:
            self.cookie = declared.cookie_value if cookie is None else cookie
            rules = {"cookie": declared.cookie == self.cookie, **rules}
        self.header = Shape(f"{declared.name} header", Record("header", declared.header, rules), big)
        self.told = self.header.check("type", declared.type) | self.header.check("length", declared.length)
        """The fields that tell type and length."""
        self.head = self.smallest = self.header.size - declared.peek
        self.opening = opening_of(self.header, declared)
        """The bytes every record begins with, as far as they are one field."""
        self.payloads: dict[tuple[int, int], Shape] = {}
        self.declaring: dict[tuple[str, ...], Bools] = {}
        spans = {
            number: record.lengths or (size_of(f"{self.name} {record.name}", record.layout),) * 2
            for number, record in declared.types.items()
        }
        most = declared.largest - self.head
        plain = field_of(declared.type)
        kind = self.header.dtype[plain] if plain else None
        width = kind.itemsize if kind is not None and kind.kind == "u" else None
        self.kinds = Kinds({number: (low, min(high, most)) for number, (low, high) in spans.items()}, width)
        self.largest = self.sized(self.head + int(self.kinds.high.max()))
        self.tail = max(TAIL, 2 * self.largest)
        """Bytes at the end of a run whose records a wound behind it may have touched."""
        self.loose = bytes(n for n, (low, high) in spans.items() if low == 0 < high and n < 256)
        """Types of records that may have any length."""
        self.shift = int(self._lengths(np.zeros(1, self.header.dtype))[0])
        """Payload bytes that a header of zeros announces: what a length counts besides them."""
        self.places = places_of(self.header, declared, self.opening)
        """(start, stop) of the cookie, the type and the length in a header of just these, the last two of a byte each. What one
        damaged byte makes of a header is worked out for such ones alone; None for any other."""

    @property
    def order(self) -> str:
        return "big" if self.big else "little"

    def payload(self, number: int, length: int) -> Shape:
        """The compiled payload of a type; `length` counts only where the declaration leaves it open."""
        record = self.declared.types[number]
        key = (number, length if record.lengths else 0)
        if key not in self.payloads:
            alike = key[1]
            if record.lengths and alike >= MEASURED[0]:
                alike = max(min(1 << alike.bit_length() - 1, MEASURED[1]), record.lengths[0])
            like = self.payload(number, alike) if alike != key[1] else None
            self.payloads[key] = Shape(f"{self.name} {record.name}", record, self.big, length, like)
        return self.payloads[key]

    def prove(self) -> None:
        """Compile every payload now rather than when it is first met, and try all that is declared. Raises FormatError."""
        declared = self.declared
        self.header.prove()
        if declared.sequence is not None:
            for name in ("number", "source", "counted"):
                self.header.check(f"sequence {name}", getattr(declared.sequence, name))
        for number, record in declared.types.items():
            self.payload(number, record.lengths[0] if record.lengths else 0).prove()

    def sized(self, length: Any) -> Any:
        """The bytes up to a multiple of the alignment that `length` bytes take."""
        return length + -length % self.declared.align

    def _types(self, headers: npt.NDArray[Any]) -> Offsets:
        return np.asarray(self.header.evaluate(self.declared.type, headers), np.int64)

    def _lengths(self, headers: npt.NDArray[Any]) -> Offsets:
        """The payload bytes that each header announces."""
        return np.asarray(self.header.evaluate(self.declared.length, headers), np.int64)

    def _ample(self, octets: Octets) -> Octets:
        """The bytes with room behind them for what a header peeks at, which the last record's payload may not have."""
        return np.concatenate((octets, np.zeros(self.declared.peek, np.uint8))) if self.declared.peek else octets

    def headers(self, octets: Octets, starts: Offsets) -> npt.NDArray[Any]:
        """A copy of the headers at `starts`."""
        return self.header.gather(self._ample(octets), starts)

    def heads(self, octets: Octets) -> Found:
        """Every offset of a header that keeps its rules, has a known type and a length that type allows, and the record's size."""
        octets = self._ample(octets)
        last = len(octets) - self.header.size + 1
        if last <= 0:
            return Found(NOWHERE, NOWHERE)
        if len(self.opening) in WORDS:
            words = np.ndarray((last,), f"<u{len(self.opening)}", octets, strides=(1,))
            starts = np.flatnonzero(words == int.from_bytes(self.opening, "little"))
            headers = self.header.gather(octets, starts)
            if len(self.header.rules) > 1:
                good = self.header.valid(headers)
                starts, headers = starts[good], pick(headers, good)
        else:
            starts = self.header.everywhere(octets)
            headers = self.header.gather(octets, starts)
        low, high = self.kinds.limits(self._types(headers))
        lengths = self._lengths(headers)
        legal = (lengths >= low) & (lengths <= high)
        return Found(starts[legal], self.sized(self.head + lengths[legal]))

    def announces(self, headers: Octets, size: int) -> Bools:
        """Which of some headers, uint8 of shape (n, header's size), are sensible and announce a record of just this size."""
        records = np.ascontiguousarray(headers).reshape(-1).view(self.header.dtype)
        return np.asarray(self._claim(records, size) & self.header.valid(records))

    def claims(self, octets: Octets) -> bool:
        """Whether these bytes begin with a type and a length that announce as many, whatever rules the header breaks."""
        return len(octets) >= self.header.size and bool(
            self._claim(self.header.gather(octets, np.zeros(1, np.int64)), len(octets))[0]
        )

    def _claim(self, headers: npt.NDArray[Any], size: int) -> Bools:
        low, high = self.kinds.limits(self._types(headers))
        lengths = self._lengths(headers)
        return np.asarray((lengths >= low) & (lengths <= high) & (self.sized(self.head + lengths) == size))

    def candidates(self, octets: Octets, base: int = 0) -> Found:
        """Every offset of a sensible header whose record is there whole."""
        return self.whole(self.heads(octets), len(octets))

    def whole(self, found: Found, size: int) -> Found:
        """Those of some records that are whole in the first `size` bytes."""
        whole = found.stops <= size
        return Found(found.starts[whole], found.sizes[whole])

    def landing(self, octets: Octets, base: int, stops: Offsets) -> Offsets:
        """Where the record behind each stop must start: there, or behind the fill bytes before a buffer's border."""
        fill = self.declared.fill
        if fill is None or not len(stops):
            return stops
        room = -(base + stops) % fill
        out = stops.copy()
        near = np.flatnonzero((room > 0) & (room < self.head) & (stops + room <= len(octets)))
        for index in near:
            stop = int(stops[index])
            if not octets[stop : stop + int(room[index])].any():
                out[index] = stop + int(room[index])
        return out

    def run(self, octets: Octets, start: int, base: int = 0, trusted: int = 0) -> Run:
        """The linked records from `start` on, up to one whose length misleads at `trusted` or behind; their payloads are not
        looked at."""
        reach = start + FIRST
        while True:  # more and more of the bytes, so that a short run costs little
            part = octets[:reach]
            path, found, landing = self._follow(part, start, base)
            if len(part) == len(octets) or not len(path) or landing[path[-1]] + self.largest <= len(part):
                break
            reach += 7 * (reach - start)
        if len(path):
            doubtful = self.misled(part, found, landing, path)
            doubtful = [i for i in doubtful if int(found.starts[i]) >= trusted]
            if doubtful:
                path = path[: int(np.searchsorted(path, doubtful[0]))]
        if not len(path):
            return Run(start, 0, [])
        return Run(
            int(landing[path[-1]]),
            len(path),
            [s for s in found.starts[path[-self.tail // self.head :]].tolist() if s > landing[path[-1]] - self.tail],
        )

    def begins(self, octets: Octets) -> bool:
        """Whether the first bytes are a sensible header."""
        return self.shape_at(octets, 0) is not None

    def offsets(self, octets: Octets, start: int, stop: int, base: int = 0) -> Found:
        """The records of a chain [start, stop) found by `run` before."""
        path, found, _ = self._follow(octets[:stop], start, base)
        return Found(found.starts[path], found.sizes[path])

    def _follow(self, octets: Octets, start: int, base: int) -> tuple[Offsets, Found, Offsets]:
        found = self.candidates(octets[start:])
        found = replace(found, starts=found.starts + start)
        landing = self.landing(octets, base, found.stops)
        n = len(found.starts)
        if not n or found.starts[0] != start:
            return NOWHERE, found, landing
        following = np.searchsorted(found.starts, landing)
        linked = found.starts[np.minimum(following, n - 1)] == landing
        jumps = np.flatnonzero(~linked | (following != np.arange(n) + 1))  # the last candidate is one: it lands behind all
        targets = following[jumps]
        goes_on, onward = linked[jumps].tolist(), np.searchsorted(jumps, targets).tolist()
        taken = [0]
        while goes_on[taken[-1]]:  # one turn for each record whose payload holds a cookie, not for each record
            taken.append(onward[taken[-1]])
        firsts = np.concatenate((np.zeros(1, np.int64), targets[taken[:-1]]))
        counts = jumps[taken] - firsts + 1
        return np.arange(counts.sum()) + np.repeat(firsts - np.cumsum(counts) + counts, counts), found, landing

    def misled(self, octets: Octets, found: Found, landing: Offsets, path: Offsets) -> list[int]:
        """Which candidates of `path` have a length that one flipped bit would make right, and that takes other records in.

        Their payload ends in a chain of records that starts just where the payload would end with that bit flipped back. One
        such record is damage; where several of a type are alike, it is their writer's habit. But a record that breaks the rules
        that tell where it ends is damage in any case.
        """
        out: dict[int, list[int]] = {}
        sure: list[int] = []
        following = np.searchsorted(found.starts, found.stops[path])
        carriers = np.flatnonzero(following > path + 1)
        if len(carriers):  # only where another record ends at the same place
            ordered = np.sort(landing)
            twice = ordered[1:][ordered[1:] == ordered[:-1]]
            carriers = carriers[among(landing[path[carriers]], twice)]
        which = path[carriers]
        taken = Found(found.starts[which], found.sizes[which])
        sounds, numbers = self.sound(octets, taken).tolist(), self._types(self.headers(octets, taken.starts)).tolist()
        told, kept = self.ends(octets, taken)
        each = zip(which.tolist(), following[carriers].tolist(), sounds, numbers, (told & ~kept).tolist(), strict=True)
        for i, behind, sound, number, endless in each:
            ends: set[int] = set()
            for j in range(behind - 1, i, -1):
                if int(landing[j]) == int(landing[i]) or int(landing[j]) in ends:
                    ends.add(int(found.starts[j]))
            inner = set(landing[i + 1 : behind].tolist())
            heads = [start for start in ends if start not in inner]
            if not heads:
                continue
            length, lead = int(found.sizes[i]) - self.head, min(heads) - int(found.starts[i]) - self.head
            carries = lead > LEAD and 0 <= int(found.starts[i + 1]) - int(found.starts[i]) - self.head <= LEAD
            one_bit = (lead - self.shift ^ length - self.shift).bit_count() == 1
            if endless:
                sure.append(i)
            elif (lead < 0 or not sound or one_bit) and not (sound and carries):
                unlikely = lead < 0 or not sound or (lead > LEAD and self._proof(octets, found, ends) >= TELLING)
                low, high = self.kinds.span(number)
                if unlikely and low <= max(lead, 0) <= high:
                    out.setdefault(number, []).append(i)
        return sorted(sure + [group[0] for group in out.values() if len(group) == 1])

    def _proof(self, octets: Octets, found: Found, starts: set[int]) -> float:
        """The evidence in bits of the candidates that begin at some offsets."""
        which = np.searchsorted(found.starts, np.array(sorted(starts), np.int64))
        return float(self.bits(octets, Found(found.starts[which], found.sizes[which])).sum())

    def loosely(self, octets: Octets, found: Found) -> Bools:
        """Which candidates are of a type that may have several lengths."""
        low, high = self.kinds.limits(self._types(self.headers(octets, found.starts)))
        return np.asarray(low != high)

    def ends(self, octets: Octets, found: Found) -> tuple[Bools, Bools]:
        """Which candidates have rules that tell where they end, and which keep them."""
        told, kept = np.zeros((2, len(found.starts)), np.bool_)
        if self.declared.closed:
            for shape, skip, which in self.shapes(octets, found):
                told[which] = bool(shape.closed)
                kept[which] = ~shape.broken(shape.gather(octets, found.starts[which] + skip))[shape.closed].any(axis=0)
        return told, told & kept

    def doubled(self, octets: Octets, found: Found) -> Bools:
        """Which candidates have the cookie's bytes for type and length too."""
        width = len(self.opening)
        out = np.full(len(found.starts), self.head == 2 * width)
        for i, byte in enumerate(self.opening * out.any().item()):
            out &= octets[found.starts + width + i] == byte
        return out

    def shapes(self, octets: Octets, found: Found, *having: str) -> list[tuple[Shape, int, Offsets]]:
        """(shape, bytes before its first field, indices of the candidates of that shape); only those of kinds whose Record declares
        one of `having`, as "clock" or "rules", where any is named."""
        headers = self.headers(octets, found.starts)
        slots = self.kinds.slots(self._types(headers))
        lengths = found.sizes - self.head if self.declared.align == 1 else self._lengths(headers)
        keys = slots << 32 | np.where(self.kinds.low[slots] == self.kinds.high[slots], 0, lengths)
        which = np.flatnonzero(self._declaring(*having)[slots]) if having else np.arange(len(slots))
        order = which[np.argsort(keys[which], kind="stable")]
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        groups = np.split(order, edges) if len(order) else []
        numbers = self.kinds.numbers
        return [
            (self.payload(int(numbers[keys[g[0]] >> 32]), int(keys[g[0]] & 0xFFFFFFFF)), self.head, np.asarray(g)) for g in groups
        ]

    def _declaring(self, *having: str) -> Bools:
        """Which kinds, in the order of `kinds`, have a Record that declares one of these."""
        if having not in self.declaring:
            records = [self.declared.types[number] for number in self.kinds.numbers.tolist()]
            self.declaring[having] = np.array([*(any(map(record.declares, having)) for record in records), False])
        return self.declaring[having]

    def sound(self, octets: Octets, found: Found) -> Bools:
        """Which candidates keep every rule of their payload."""
        good = np.ones(len(found.starts), np.bool_)
        for shape, skip, which in self.shapes(octets, found, "rules"):
            if shape.rules:
                good[which] = shape.valid(shape.gather(octets, found.starts[which] + skip))
        return good

    def fits(self, octets: Octets) -> bool:
        """Whether the bytes are just one record, sound header and payload."""
        at = self.shape_at(octets, 0)
        if at is None or self.sized(at[0].size + at[1]) != len(octets):
            return False
        return at[0].keeps(octets[at[1] : at[1] + at[0].size].tobytes())

    def bits(self, octets: Octets, found: Found) -> npt.NDArray[np.float64]:
        """Evidence of each candidate in bits: its header's, and its payload's where that is sound; none in a cookie twice."""
        loose = self._declaring("lengths")[self.kinds.slots(self._types(self.headers(octets, found.starts)))]
        out = np.full(len(found.starts), self.fixed_bits)
        if loose.any():
            out[loose] = self.loose_bits if self.places is not None else min(self.loose_bits, self.measured_bits)
        for shape, skip, which in self.shapes(octets, found, "rules"):
            if shape.rules:
                good = shape.valid(shape.gather(octets, found.starts[which] + skip))
                out[which[good]] += shape.bits
        out[self.doubled(octets, found)] = 0.0
        return out

    def reader(self, octets: Octets, low: int) -> Reader:
        """What `reading.reader` says of the headers in some bytes that begin at `low`: of those of other formats nothing."""
        if self.places is None:
            return lambda at: ({}, None)
        return Plain(self.head, self.places, self.opening, self.kinds, self.loose).reader(octets.tobytes(), low)

    def shape_at(self, octets: Octets, start: int) -> tuple[Shape, int] | None:
        """The payload shape that the header at `start` announces, and the header's size; None where none stands there."""
        header = octets[start : start + self.header.size].tobytes()
        if len(header) < self.head or not header.startswith(self.opening):
            return None
        header = header.ljust(self.header.size, b"\0")
        if self.places is None:
            parsed = np.frombuffer(header, self.header.dtype)
            if not self.header.keeps(header):
                return None
            number, length = int(self._types(parsed)[0]), int(self._lengths(parsed)[0])
        else:
            _, (kind, kind_end), (room, room_end) = self.places
            order: Any = "big" if self.big else "little"
            number, length = int.from_bytes(header[kind:kind_end], order), int.from_bytes(header[room:room_end], order)
        low, high = self.kinds.span(number)
        if not low <= length <= high:
            return None
        return self.payload(number, length), self.head
