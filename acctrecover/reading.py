"""What one damaged byte makes of a header of just a cookie, a type and a length, the last two of a byte each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def spans(self) -> tuple[Sequence[int], Sequence[int]]:
        """The fewest payload bytes of every type by its number, and the most."""
        lowest, highest = zip(*(self.kinds.span(number) for number in range(256)), strict=True)
        return lowest, highest

    def reader(self, data: bytes, low: int) -> Reader:
        """What `FramedDialect.reader` gives, for bytes that begin at `low`."""
        head, opening = self.head, self.opening
        (mark, mark_end), (kind, _), (room, _) = self.places
        lowest, highest = self.spans
        missing = [opening[k - mark : k - mark + 1] if mark <= k < mark_end else self.loose[:1] * (k == kind) for k in range(head)]
        """What each byte of a header must have been, where that is known; of a length the type tells it."""
        known: dict[bytes, tuple[dict[int, int], tuple[int, int, int] | None]] = {}

        def read(at: int) -> tuple[dict[int, int], tuple[int, int, int] | None]:
            seen, before = data[at - low : at - low + head + 1], data[max(at - low - 1, 0) : at - low]
            if len(seen) <= head:
                return {}, None
            if before + seen not in known:
                known[before + seen] = fresh(seen, before)
            return known[before + seen]

        def legal(header: bytes) -> bool:
            return header[mark:mark_end] == opening and lowest[header[kind]] <= header[room] <= highest[header[kind]]

        def fresh(seen: bytes, before: bytes) -> tuple[dict[int, int], tuple[int, int, int] | None]:
            sizes: dict[int, int] = {}
            number, length = seen[kind], seen[room]
            for k, fill in enumerate(missing):  # the byte that is missing
                if k == room and lowest[number] == highest[number]:
                    fill = bytes([lowest[number] & 0xFF])
                if not fill or (k == 0 and before == fill):
                    continue  # or the header is whole and one byte earlier: what ended there has lost the byte
                header = seen[:k] + fill + seen[k : head - 1]
                if legal(header):
                    sizes[head + header[room] - 1] = SLIPPED
            for k in range(1, head + 1):  # the byte too many; one before a sound header is no part of its record
                header = seen[:k] + seen[k + 1 :]
                if legal(header) and header != seen[1:]:
                    sizes[head + header[room] + 1] = SLIPPED
            allowed = lowest[number] <= length <= highest[number]
            wrong = [a ^ b for a, b in zip(seen[mark:mark_end], opening, strict=True) if a != b]
            if not allowed and not wrong:
                near = any(lowest[number ^ 1 << b] <= length <= highest[number ^ 1 << b] for b in range(8))
                sizes[head + length] = 1 if near else 8
                if lowest[number] == highest[number]:
                    sizes[head + lowest[number]] = (length ^ lowest[number]).bit_count()
            elif allowed and len(wrong) == 1:
                sizes[head + length] = wrong[0].bit_count()
            return sizes, None if wrong or lowest[number] > highest[number] else (length, lowest[number], highest[number])

        return read
