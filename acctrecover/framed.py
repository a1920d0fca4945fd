"""A stream of records behind headers that tell type and length, in one byte order: how they are found, followed and read."""

from __future__ import annotations

from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from acctrecover.evidence import HeaderEvidence
from acctrecover.expr import field_of
from acctrecover.finder import Finder
from acctrecover.follow import Follower
from acctrecover.heading import opening_of, places_of
from acctrecover.kernel import library
from acctrecover.kinds import Kinds
from acctrecover.layout import size_of
from acctrecover.links import NO_PATH, Led, Path, filled, linked
from acctrecover.misled import MOST, misled
from acctrecover.pairs import EVERY, Pairs, Worth, groups
from acctrecover.reading import Plain, Reader
from acctrecover.schema import Framed, Record
from acctrecover.shape import Bools, Octets, Shape
from acctrecover.sieve import standing
from acctrecover.stream import NONE, TAIL, Found, Offsets, Run, gathered
from acctrecover.tally import WITHIN, Tally

WORDS = (1, 2, 4, 8)
"""Widths of a first field that numpy searches for."""
MEASURED = 16, 256
"""Payload bytes of open types up to which evidence is measured for each length; above that for powers of two up to the second."""
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
        self.finder = Finder(self.header)
        self.told = self.header.check("type", declared.type) | self.header.check("length", declared.length)
        """The fields that tell type and length."""
        self.head = self.smallest = self.header.size - declared.peek
        self.opening = opening_of(self.header, declared)
        """The bytes every record begins with, as far as they are one field."""
        self.payloads: dict[tuple[int, int], Shape] = {}
        self.finds = cache(Finder)
        """What asks the rules of a payload of many records at once, by its shape."""
        self.declaring: dict[tuple[str, ...], Bools] = {}
        self.pairing: dict[tuple[str, ...], Bools] = {}
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
        self.nests = any(record.parts for record in declared.types.values())
        """Whether records are made of their like."""
        self.loose = bytes(n for n, (low, high) in spans.items() if low == 0 < high and n < 256)
        """Types of records that may have any length."""
        self.shift = int(self._lengths(np.zeros(1, self.header.dtype))[0])
        """Payload bytes that a header of zeros announces: what a length counts besides them."""
        self.places = places_of(self.header, declared, self.opening)
        """(start, stop) of the cookie, the type and the length in a header of just these, the last two of a byte each. What one
        damaged byte makes of a header is worked out for such ones alone, by `plain`; None for any other."""
        self.plain = None if self.places is None else Plain(self.head, self.places, self.opening, self.kinds, self.loose)
        self.brief = self.places is not None and len(self.header.rules) == 1 and len(self.opening) in WORDS
        """Whether a header is just these and sensible wherever its type and length are."""

    @cached_property
    def pairs(self) -> Pairs:
        """What each type and length of a `brief` header announce."""
        return Pairs(self.kinds, self.places or [], self.opening, lambda lengths: self.sized(self.head + lengths))

    @cached_property
    def follower(self) -> Follower | None:
        """What follows records behind `brief` headers by search.c, where that was built."""
        return Follower(self.pairs, self.head, self.declared.fill) if self.brief and library() is not None else None

    @cached_property
    def worth(self) -> Worth:
        """What records behind `brief` headers prove."""
        return Worth(np.where(self.pairs.doubled, 0.0, self._header_worth(self._paired("lengths"))), self.pairs.doubled)

    @cached_property
    def tally(self) -> Tally | None:
        """What counts such records by search.c, where nothing but their payloads has to be looked at."""
        if self.follower is None or self.declared.sequence or self.declared.entries or self.largest > WITHIN:
            return None
        having = (self.kinds.numbers[self._declaring(part)[:-1]] for part in ("rules", "clock"))
        return Tally(self.follower, self.payload, self.finds, self.worth, *having)

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

    def types(self, octets: Octets, found: Found) -> Offsets:
        """The number of each candidate's type."""
        return self._types(self.headers(octets, found.starts)) if found.keys is None else (found.keys >> 8).astype(np.int64)

    def _types(self, headers: npt.NDArray[Any]) -> Offsets:
        return np.asarray(self.header.evaluate(self.declared.type, headers), np.int64)

    def _lengths(self, headers: npt.NDArray[Any]) -> Offsets:
        """The payload bytes that each header announces."""
        return np.asarray(self.header.evaluate(self.declared.length, headers), np.int64)

    def _ample(self, octets: Octets) -> Octets:
        """The bytes with room behind them for what a header peeks at, which the last record's payload may not have."""
        return np.concatenate((octets, np.zeros(self.declared.peek, np.uint8))) if self.declared.peek else octets

    def headers(self, octets: Octets, starts: Offsets) -> npt.NDArray[Any]:
        """A copy of the headers at `starts`, in ascending order."""
        room = len(octets) - self.header.size
        return self.header.gather(octets if not len(starts) or starts[-1] <= room else self._ample(octets), starts)

    def heads(self, octets: Octets) -> Found:
        """Every offset of a header that keeps its rules, has a known type and a length that type allows, and the record's size."""
        octets = self._ample(octets)
        last = len(octets) - self.header.size + 1
        if last <= 0:
            return NONE
        if self.brief:
            return (self.follower or self.pairs).heads(octets, last)
        if self.finder.program is None and len(self.opening) in WORDS:
            starts = np.concatenate([*standing(octets, self.opening, last)])
            if len(self.header.rules) > 1:
                starts = starts[self.header.valid(self.header.gather(octets, starts))]
        else:
            starts = self.finder.everywhere(octets)
        return self.headed(octets, starts)

    def headed(self, octets: Octets, starts: Offsets) -> Found:
        """Those of some offsets of headers that keep their rules, with room for what they peek at, as `heads` has them."""
        if not len(starts):
            return NONE
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
        some = int(np.searchsorted(found.starts, size - self.largest, "right"))  # these are, whatever their size
        last = found.part(some, len(found.starts))
        whole = last.stops <= size
        return found if whole.all() else gathered([found.part(0, some), last.pick(whole)])

    def landing(self, octets: Octets, base: int, stops: Offsets) -> Offsets:
        """Where the record behind each stop must start: there, or behind the fill bytes before a buffer's border."""
        return filled(octets, base, stops, self.declared.fill, self.head)

    def run(self, octets: Octets, start: int, base: int = 0, trusted: int = 0, *, long: bool = False) -> Run:
        """The linked records from `start` on, up to one whose length misleads at `trusted` or behind; their payloads are not
        looked at. `long`: they likely go on to the end of the bytes."""
        reach = len(octets) - start if long and self.largest <= FIRST else FIRST
        while True:  # more and more of the bytes, so that a short run costs little
            part = octets[: start + reach] if reach == FIRST or start + 2 * reach < len(octets) else octets
            led = self._led(part, start, base)
            end = led.ahead + self.largest if led.count else 0
            if end <= len(part) or len(part) == len(octets):
                break
            reach *= 8
        room, found, landings = FIRST, led.found, led.landings
        while start + room < end:
            room *= 8
        if end > 0 and start + room < len(part):  # what misleads is judged by what stands near
            part = octets[: start + room]
            found = self.whole(found, len(part))
            landings = self.landing(part, base, found.stops)
        wrong = [at for at in found.starts.take(misled(self, part, found, landings, led.takers, base)).tolist() if at >= trusted]
        if wrong:
            led = self._led(octets[: wrong[0]], start, base)
        return Run(led.ahead if led.count else start, led.count, led.tail[led.tail > led.ahead - self.tail].tolist())

    def begins(self, octets: Octets) -> bool:
        """Whether the first bytes are a sensible header."""
        return self.shape_at(octets, 0) is not None

    def offsets(self, octets: Octets, start: int, stop: int, base: int = 0) -> Found:
        """The records of a chain [start, stop) found by `run` before."""
        if self.follower is not None:
            return self.follower.records(octets[:stop], start, base)
        path, found, _ = self._follow(octets[:stop], start, base)
        return path.split(found) if path.lasts.size else NONE

    def _led(self, octets: Octets, start: int, base: int) -> Led:
        if self.follower is not None:
            return self.follower.led(octets, start, base, self.tail, MOST)
        path, found, landing = self._follow(octets, start, base)
        return path.led(found, landing, -(-self.tail // self.head))

    def _follow(self, octets: Octets, start: int, base: int) -> tuple[Path, Found, Offsets]:
        found = self.candidates(octets[start:]).moved(start)
        landing = self.landing(octets, base, found.stops)
        if not len(found.starts) or found.starts[0] != start:
            return NO_PATH, found, landing
        return linked(found.starts, landing, partial(self.opens, octets)), found, landing

    def opens(self, octets: Octets, starts: Offsets) -> Bools:
        """At which offsets the bytes stand that every record begins with; those behind the last byte count as at it."""
        out = np.ones(len(starts), np.bool_)
        for index, byte in enumerate(self.opening):
            out &= octets.take(starts + index, mode="clip") == byte
        return out

    def loosely(self, octets: Octets, found: Found) -> Bools:
        """Which candidates are of a type that may have several lengths."""
        if found.keys is not None:
            return np.asarray(self.pairs.open.take(found.keys))
        low, high = self.kinds.limits(self.types(octets, found))
        return np.asarray(low != high)

    def ends(self, octets: Octets, found: Found) -> tuple[Bools, Bools]:
        """Which candidates have rules that tell where they end, and which keep them."""
        told, kept = np.zeros((2, len(found.starts)), np.bool_)
        if self.declared.closed:
            for shape, skip, which in self.shapes(octets, found):
                if shape.closed:
                    told[which], kept[which] = True, shape.ended(shape.gather(octets, found.starts[which] + skip))
        return told, told & kept

    def doubled(self, octets: Octets, found: Found) -> Bools:
        """Which candidates have the cookie's bytes for type and length too."""
        if found.keys is not None:
            return self.pairs.doubled.take(found.keys)
        width = len(self.opening)
        out = np.full(len(found.starts), self.head == 2 * width)
        for i, byte in enumerate(self.opening * out.any().item()):
            out &= octets[found.starts + width + i] == byte
        return out

    def shapes(self, octets: Octets, found: Found, *having: str) -> list[tuple[Shape, int, Offsets]]:
        """(shape, bytes before its first field, indices of the candidates of that shape); only those of kinds whose Record declares
        one of `having`, as "clock" or "rules", where any is named."""
        numbers = self.kinds.numbers
        if found.keys is not None:
            wanted = numbers[self._declaring(*having)[:-1]] if having else numbers
            return [(self.payload(key >> 8, key & 0xFF), self.head, which) for key, which in self.pairs.groups(found.keys, wanted)]
        headers = self.headers(octets, found.starts)
        slots = self.kinds.slots(self._types(headers))
        lengths = found.sizes - self.head if self.declared.align == 1 else self._lengths(headers)
        keys = slots << 32 | np.where(self.kinds.low[slots] == self.kinds.high[slots], 0, lengths)
        which = np.flatnonzero(self._declaring(*having)[slots]) if having else np.arange(len(slots))
        alike = groups(keys[which], which)
        return [(self.payload(int(numbers[key >> 32]), key & 0xFFFFFFFF), self.head, own) for key, own in alike]

    def _having(self, octets: Octets, found: Found, *having: str) -> Bools:
        """Which candidates are of a kind whose Record declares one of these."""
        if found.keys is not None:
            return np.asarray(self._paired(*having).take(found.keys))
        return self._declaring(*having)[self.kinds.slots(self.types(octets, found))]

    def _paired(self, *having: str) -> Bools:
        """`_declaring` by key of a `brief` header."""
        if having not in self.pairing:
            self.pairing[having] = self._declaring(*having)[self.kinds.slots(EVERY >> 8)]
        return self.pairing[having]

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
                good[which] = self.finds(shape).kept(octets, found.starts.take(which) + skip)
        return good

    def fits(self, octets: Octets) -> bool:
        """Whether the bytes are just one record, sound header and payload."""
        at = self.shape_at(octets, 0)
        if at is None or self.sized(at[0].size + at[1]) != len(octets):
            return False
        return at[0].keeps(octets[at[1] : at[1] + at[0].size].tobytes())

    def bits(self, octets: Octets, found: Found) -> npt.NDArray[np.float64]:
        """Evidence of each candidate in bits: its header's, and its payload's where that is sound; none in a cookie twice."""
        return self.judged(octets, found)[1]

    def judged(self, octets: Octets, found: Found) -> tuple[Bools, npt.NDArray[np.float64]]:
        """Which candidates are `sound`, and the `bits` of each."""
        good = np.ones(len(found.starts), np.bool_)
        bits = self._header_worth(self._having(octets, found, "lengths")) if found.keys is None else np.zeros(0)
        for shape, skip, which in self.shapes(octets, found, "rules"):
            if shape.rules:
                kept = self.finds(shape).kept(octets, found.starts.take(which) + skip)
                if not kept.all():
                    good[which] = kept
                if found.keys is None:
                    bits[which[kept]] += shape.bits
                else:
                    self.worth.add(int(found.keys[which[0]]), shape.bits)
        if found.keys is None:
            bits[self.doubled(octets, found)] = 0.0
        else:
            bits = self.worth.of(found.keys, np.flatnonzero(~good))
        return good, bits

    def _header_worth(self, loose: Bools) -> npt.NDArray[np.float64]:
        """Evidence in bits of headers, by whether their type may have several lengths."""
        out = np.full(len(loose), self.fixed_bits)
        if loose.any():
            out[loose] = self.loose_bits if self.places is not None else min(self.loose_bits, self.measured_bits)
        return out

    def reader(self, octets: Octets, low: int) -> Reader:
        """What `reading.reader` says of the headers in some bytes that begin at `low`: of those of other formats nothing."""
        return self.plain.reader(octets.tobytes(), low) if self.plain is not None else lambda at: ({}, None)

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
