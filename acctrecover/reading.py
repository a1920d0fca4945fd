"""What one damaged byte makes of a header of just a cookie, a type and a length, the last two of a byte each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from acctrecover.kinds import Kinds

Reader = Callable[[int], tuple[dict[int, int], tuple[int, int, int] | None]]
SLIPPED = -1
"""What `reader` says of a header with one byte missing or too many."""


@dataclass(frozen=True)
class Plain:
    """Such a header of `head` bytes; `places` are (start, stop) of its cookie, type and length, `opening` the cookie's bytes.

    `loose` are the types of records that may have any length.
    """

    head: int
    places: Sequence[tuple[int, int]]
    opening: bytes
    kinds: Kinds
    loose: bytes
    order: str

    def reader(self, data: bytes, low: int) -> Reader:
        """What `FramedDialect.reader` gives, for bytes that begin at `low`."""
        head = self.head
        (mark, mark_end), (kind, kind_end), (room, room_end) = self.places
        order: Any = self.order
        lowest, highest = zip(*(self.kinds.span(number) for number in range(256)), strict=True)

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
