"""A stream of records behind headers of cookie, type and length, in one byte order: how they are found, followed and read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.errors import FormatError
from acctrecover.expr import field_of
from acctrecover.schema import Framed
from acctrecover.shape import Bools, Octets, Shape
from acctrecover.stream import NOWHERE, TAIL, Found, Offsets, Run, among

LEAD = 16
"""Bytes of a payload before the stream that it carries, at most."""
Reader = Callable[[int], tuple[dict[int, int], tuple[int, int, int] | None]]
FIRST = 1 << 13
"""Bytes in which a run is looked for at first."""
SLIPPED = -1
"""What `reader` says of a header with one byte missing or too many."""


class FramedDialect:
    """A stream of records with a header of cookie, type and length."""

    pitch: int | None = None
    serial = ""
    slots = ""

    def __init__(self, declared: Framed, big: bool, cookie: int | None = None) -> None:
        from acctrecover.schema import Record

        self.name, self.big, self.declared = declared.name, big, declared
        self.cookie = declared.cookie_value if cookie is None else cookie
        if not 0 < self.cookie <= 0xFFFF:
            raise FormatError(f"the cookie {self.cookie:#x} is not a word from 0x0001 to 0xffff")
        self.header = Shape(f"{declared.name} header", Record("header", declared.header), big)
        self.head = self.smallest = self.header.size
        self.places = [_place(self.header, expr) for expr in (declared.cookie, declared.type, declared.length)]
        """(start, stop) of the cookie, the type and the length in a header."""
        self.opening = self.cookie.to_bytes(2, "big" if big else "little")
        """The bytes every record begins with."""
        self.low, self.high = np.full(256, 1 << 30), np.full(256, -1)
        self.payloads: dict[tuple[int, int], Shape] = {}
        fixed = loose = 0
        for number, record in declared.types.items():
            if record.lengths is None:
                self.low[number] = self.high[number] = self.payload(number, 0).size
                fixed += 1
            else:
                self.low[number], self.high[number] = record.lengths
                loose += record.lengths[1] - record.lengths[0] + 1
        self.largest = self.head + int(self.high.max())
        self.fixed_bits, self.loose_bits = (32 - math.log2(n) if n else 32.0 for n in (fixed, loose))
        self.header_bits = 32 - math.log2(max(fixed + loose, 1))
        """Evidence of a header of any type and length that are allowed."""
        self.loose = bytes(n for n in range(256) if self.low[n] == 0 and self.high[n] > 0)
        """Types of records that may have any length."""

    @property
    def order(self) -> str:
        return "big" if self.big else "little"

    def payload(self, number: int, length: int) -> Shape:
        """The compiled payload of a type; `length` counts only where the declaration leaves it open."""
        record = self.declared.types[number]
        key = (number, length if record.lengths else 0)
        if key not in self.payloads:
            self.payloads[key] = Shape(f"{self.name} {record.name}", record, self.big, length)
        return self.payloads[key]

    def heads(self, octets: Octets) -> tuple[Offsets, Offsets, Offsets]:
        """Every offset with the cookie, a sensible type and a length that type allows: starts, types, lengths."""
        at = self.header.dtype.fields["cookie"][1]  # type: ignore[index]
        last = len(octets) - self.head + 1
        if last <= 0:
            return NOWHERE, NOWHERE, NOWHERE
        words = np.ndarray((last,), "<u2", octets, offset=at, strides=(1,))
        starts = np.flatnonzero(words == int.from_bytes(self.opening, "little"))
        headers = self.header.gather(octets, starts)
        types = np.asarray(self.header.evaluate(self.declared.type, headers), np.int64)
        lengths = np.asarray(self.header.evaluate(self.declared.length, headers), np.int64)
        legal = (lengths >= self.low[types]) & (lengths <= self.high[types])
        return starts[legal], types[legal], lengths[legal]

    def candidates(self, octets: Octets, base: int = 0) -> Found:
        """Every offset of a sensible header whose payload is there whole."""
        starts, _, lengths = self.heads(octets)
        whole = starts + self.head + lengths <= len(octets)
        return Found(starts[whole], self.head + lengths[whole])

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
            [s for s in found.starts[path[-TAIL // self.head :]].tolist() if s > landing[path[-1]] - TAIL],
        )

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
        such record is damage; where several of a type are alike, it is their writer's habit.
        """
        _, (kind, kind_end), _ = self.places
        out: dict[bytes, list[int]] = {}
        following = np.searchsorted(found.starts, found.stops[path])
        carriers = np.flatnonzero(following > path + 1)
        if len(carriers):  # only where another record ends at the same place
            ordered = np.sort(landing)
            twice = ordered[1:][ordered[1:] == ordered[:-1]]
            carriers = carriers[among(landing[path[carriers]], twice)]
        which = path[carriers]
        sounds = self.sound(octets, Found(found.starts[which], found.sizes[which])).tolist()
        for i, behind, sound in zip(which.tolist(), following[carriers].tolist(), sounds, strict=True):
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
            if (lead < 0 or not sound or (lead ^ length).bit_count() == 1) and not (sound and carries):
                number = octets[int(found.starts[i]) + kind : int(found.starts[i]) + kind_end].tobytes()
                unlikely = lead < 0 or lead > LEAD or not sound
                if unlikely and self.low[number[0]] <= max(lead, 0) <= self.high[number[0]]:
                    out.setdefault(number, []).append(i)
        return sorted(group[0] for group in out.values() if len(group) == 1)

    def loosely(self, octets: Octets, found: Found) -> Bools:
        """Which candidates are of a type that may have several lengths."""
        types = np.asarray(self.header.evaluate(self.declared.type, self.header.gather(octets, found.starts)), np.int64)
        return np.asarray(self.low[types] != self.high[types])

    def doubled(self, octets: Octets, found: Found) -> Bools:
        """Which candidates have the cookie's bytes for type and length too."""
        width = len(self.opening)
        out = np.full(len(found.starts), self.head == 2 * width)
        for i, byte in enumerate(self.opening * out.any().item()):
            out &= octets[found.starts + width + i] == byte
        return out

    def shapes(self, octets: Octets, found: Found) -> list[tuple[Shape, int, Offsets]]:
        """(shape, bytes before its first field, indices of the candidates of that shape)."""
        headers = self.header.gather(octets, found.starts)
        types = np.asarray(self.header.evaluate(self.declared.type, headers), np.int64)
        keys = types << 32 | np.where(self.low[types] == self.high[types], 0, found.sizes - self.head)
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        groups = np.split(order, edges) if len(order) else []
        return [(self.payload(int(keys[g[0]] >> 32), int(keys[g[0]] & 0xFFFFFFFF)), self.head, np.asarray(g)) for g in groups]

    def sound(self, octets: Octets, found: Found) -> Bools:
        """Which candidates keep every rule of their payload."""
        good = np.ones(len(found.starts), np.bool_)
        for shape, skip, which in self.shapes(octets, found):
            if shape.rules:
                good[which] = shape.valid(shape.gather(octets, found.starts[which] + skip))
        return good

    def fits(self, octets: Octets) -> bool:
        """Whether the bytes are just one record, sound header and payload."""
        at = self.shape_at(octets, 0)
        if at is None or at[0].size + at[1] != len(octets):
            return False
        return not at[0].rules or bool(at[0].valid(np.frombuffer(octets[at[1] :].tobytes(), at[0].dtype))[0])

    def bits(self, octets: Octets, found: Found) -> npt.NDArray[np.float64]:
        """Evidence of each candidate in bits: its header's, and its payload's where that is sound; none in a cookie twice."""
        out = np.zeros(len(found.starts))
        for shape, skip, which in self.shapes(octets, found):
            head = self.loose_bits if shape.record.lengths else self.fixed_bits
            out[which] = head
            if shape.rules:
                good = shape.valid(shape.gather(octets, found.starts[which] + skip))
                out[which[good]] += shape.bits
        out[self.doubled(octets, found)] = 0.0
        return out

    def reader(self, octets: Octets, low: int) -> Reader:
        """A function of an offset that says which sizes a record there has if one byte of its header is damaged.

        It returns {size: damage} and, where only the length can be what is wrong, (length, fewest, most) payload bytes of the
        type. Damage is the number of bits that differ, or SLIPPED where a byte is missing or too many. `octets` begin at `low`.
        """
        data, head = octets.tobytes(), self.head
        (mark, mark_end), (kind, kind_end), (room, room_end) = self.places
        order: Any = "big" if self.big else "little"
        lowest, highest = self.low.tolist(), self.high.tolist()

        def fields(header: bytes) -> tuple[int, int, list[int]]:
            """Type, length, and by what the bytes of the cookie differ from it where they do."""
            wrong = [a ^ b for a, b in zip(header[mark:mark_end], self.opening, strict=True) if a != b]
            return int.from_bytes(header[kind:kind_end], order), int.from_bytes(header[room:room_end], order), wrong

        known: dict[bytes, tuple[dict[int, int], tuple[int, int, int] | None]] = {}

        def read(at: int) -> tuple[dict[int, int], tuple[int, int, int] | None]:
            seen, before = data[at - low : at - low + head + 1], data[max(at - low - 1, 0) : at - low]
            if len(seen) <= head:
                return {}, None
            if before + seen not in known:
                known[before + seen] = fresh(seen, before)
            return known[before + seen]

        def fresh(seen: bytes, before: bytes) -> tuple[dict[int, int], tuple[int, int, int] | None]:
            sizes: dict[int, int] = {}
            for k in range(head):  # the byte that is missing
                if mark <= k < mark_end:
                    fill = self.opening[k - mark : k - mark + 1]
                elif kind <= k < kind_end:
                    fill = self.loose[:1]
                else:
                    number = int.from_bytes(seen[kind:kind_end], order)
                    fill = bytes([lowest[number] & 0xFF]) if lowest[number] == highest[number] else b""
                if k == 0 and before == fill:
                    continue  # the header is whole and one byte earlier: what ended there has lost the byte
                if fill:
                    number, length, wrong = fields(seen[:k] + fill + seen[k : head - 1])
                    if not wrong and lowest[number] <= length <= highest[number]:
                        sizes[head + length - 1] = SLIPPED
            for k in range(1, head + 1):  # the byte too many; one before a sound header is no part of its record
                number, length, wrong = fields(seen[:k] + seen[k + 1 :])
                if seen[:k] + seen[k + 1 :] != seen[1:] and not wrong and lowest[number] <= length <= highest[number]:
                    sizes[head + length + 1] = SLIPPED
            number, length, wrong = fields(seen[:head])
            legal = lowest[number] <= length <= highest[number]
            if not legal and not wrong:
                near = any(lowest[number ^ 1 << b] <= length <= highest[number ^ 1 << b] for b in range(8))
                sizes[head + length] = 1 if near else 8
                if lowest[number] == highest[number]:
                    sizes[head + lowest[number]] = (length ^ lowest[number]).bit_count()
            elif legal and len(wrong) == 1:
                sizes[head + length] = wrong[0].bit_count()
            return sizes, None if wrong or lowest[number] > highest[number] else (length, lowest[number], highest[number])

        return read

    def shape_at(self, octets: Octets, start: int) -> tuple[Shape, int] | None:
        """The payload shape that the header at `start` announces, and the header's size; None where none stands there."""
        (mark, mark_end), (kind, kind_end), (room, room_end) = self.places
        header = octets[start : start + self.head].tobytes()
        if len(header) < self.head or header[mark:mark_end] != self.opening:
            return None
        order: Any = "big" if self.big else "little"
        number, length = int.from_bytes(header[kind:kind_end], order), int.from_bytes(header[room:room_end], order)
        if not self.low[number] <= length <= self.high[number]:
            return None
        return self.payload(number, length), self.head


def _place(header: Shape, expr: Any) -> tuple[int, int]:
    """Where in a header the field stands that an expression names."""
    name = field_of(expr)
    if name is None:
        raise FormatError(f"{header.where}: cookie, type and length must each name a field of the header, as in this.length")
    start = int(header.dtype.fields[name][1])  # type: ignore[index]
    return start, start + int(header.dtype[name].itemsize)
