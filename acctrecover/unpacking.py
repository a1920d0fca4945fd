"""Decompress a file, all that can be read of it, and say where it broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from acctrecover.blocks import END_BITS, Read, block, marks
from acctrecover.decoders import BROKEN, Decoder, decoder
from acctrecover.packed import CUT, DAMAGED, OTHER, STOPPED, Break
from acctrecover.packings import LEAD, Packing

PIECE = 1 << 16
"""Compressed bytes fed at once."""
STEP = 1 << 20
"""Bytes that a decoder gives at once."""
FINER = (1 << 10, 1)
"""And fewer, one after the other, where it gave up: all that it gives before is wanted, but not byte by byte from its start."""
BACK = 1 << 16
"""Bytes before the place where a decoder gave up in which the next member may already begin: as many are copied unread at most."""
MOST_BREAKS = 1000
"""Breaks after which nothing more is read: a file may be made of nothing else."""


class _End(NamedTuple):
    """Where a member ended; or where it broke, and why."""

    at: int
    broke: str | None = None


class _FullError(Exception):
    """As many bytes came out as are wanted at most."""


class Unpacking:
    """A file of `size` bytes compressed by `packing`, decompressed into `spool`, at most `most` bytes.

    `given` bytes came out, of `members` members; `breaks` are in order. Raises MissingError where no library for it is installed.
    """

    def __init__(
        self, read: Read, size: int, packing: Packing, spool: BinaryIO, most: int, progress: Callable[[int], None]
    ) -> None:
        self.read, self.size, self.packing, self.spool, self.most, self.progress = read, size, packing, spool, most, progress
        self.given = self.members = self.at = 0
        self.breaks: list[Break] = []

    def run(self) -> None:
        """Decompress all of it."""
        try:
            while self.at < self.size:
                if len(self.breaks) >= MOST_BREAKS:
                    self._break(self.given, self.at, None, STOPPED, f"it broke {MOST_BREAKS} times before")
                    return
                self._next()
        except _FullError:
            self._break(self.given, self.at, None, STOPPED, f"{self.most:,} bytes came out before, the most that is allowed")

    def _next(self) -> None:
        """Go on behind the member at `at`, or to where the next one begins."""
        start, before, known = self.at, self.given, len(self.breaks)
        end = self._member(start)
        if end.broke and self.packing.name == "bzip2":
            self._rewind(before)
            end = self._blocks(start, end.broke)
        since = self.given if self.packing.name == "bzip2" else before  # where each block has a checksum, all is proved
        self.members += self.given > before or end.broke is None
        if end.broke == "":
            why = "it ends within a member" if len(self.breaks) == known else "its end is missing too"
            self._break(since, self.size, None, CUT, why)
            self.at = self.size
        elif end.broke is not None:
            then = self._head(max(start + 1, end.at - BACK))
            self._break(since, end.at, then, DAMAGED, end.broke)
            self.at = self.size if then is None else then
        else:
            self.at = end.at
            self._between()

    def _between(self) -> None:
        """Go on to the next member from where one ended, over NUL bytes that fill up a block, or over other data."""
        start = self.at
        if start == self.size or self.packing.lead.match(self.read(start, start + LEAD)):
            return
        then = self._head(start)
        self.at = self.size if then is None else then
        if any(any(self.read(low, min(low + STEP, self.at))) for low in range(start, self.at, STEP)):
            where = "behind the last member" if then is None else "between two members"
            self._break(self.given, start, then, OTHER, f"{self.at - start:,} bytes of other data {where}")

    def _head(self, start: int) -> int | None:
        """Where the next member begins, from an offset on."""
        for low in range(start, self.size, STEP):
            data = self.read(low, low + STEP + LEAD)
            found = self.packing.head.search(data)
            if found and found.start() < STEP:
                return low + found.start()
        return None

    def _member(self, start: int) -> _End:
        """Give what a member holds."""
        state, before = decoder(self.packing.name), self.given
        at = start
        while not state.eof:
            piece = self.read(at, at + PIECE)
            if not piece:
                return _End(self.size, "")
            self.at = at
            try:
                outs = _outputs(state, piece)
                while (out := _caught(outs)) is not None:
                    self._give(out)
            except BrokenPieceError as error:
                return _End(self._last(start, at, self.given - before), str(error))
            at += len(piece)
            self.progress(len(piece) - len(state.unused_data))
        return _End(at - len(state.unused_data))

    def _last(self, start: int, piece: int, known: int) -> int:
        """Give what the piece that broke still holds, byte by byte; returned is the offset of the byte at which it breaks."""
        broken, seen = self._fed(start, piece, self.size, STEP, known)
        if broken < self.size:
            for step in FINER:
                _, seen = self._fed(start, broken, broken + 1, step, seen)
        return broken

    def _fed(self, start: int, singly: int, stop: int, step: int, known: int) -> tuple[int, int]:
        """Feed a member anew, from `singly` on byte by byte; what comes out beyond `known` bytes, `step` at once, is given.

        Returned is where it broke, and how many bytes came out until then.
        """
        state, seen = decoder(self.packing.name), 0
        edges = [*range(start, singly, PIECE), *range(singly, min(stop, singly + PIECE))]
        for at, upto in zip(edges, [*edges[1:], edges[-1] + 1], strict=True):
            try:
                data = self.read(at, upto)
                outs = _outputs(state, data, step, known - seen) if at >= singly else _outputs(state, data)
                while (out := _caught(outs)) is not None:
                    if seen + len(out) > known:
                        self._give(out[max(0, known - seen) :])
                    seen += len(out)
            except BrokenPieceError:
                return at, seen
        return stop, seen

    def _blocks(self, start: int, why: str) -> _End:
        """Give every block of a bzip2 member whose checksum is right."""
        good, known = 8 * start + 32, len(self.breaks)  # everything before this bit was read
        found = marks(self.read, self.size, start)
        mark = next(found, None)
        while mark is not None and mark[1]:
            then = next(found, None)
            self.at = mark[0] // 8
            data, ended = block(self.read, mark[0], then[0] if then is not None else 8 * self.size)
            if data:
                self._bad(good, mark[0], why)
                self._give(data)
                good = ended
            mark = then
        if mark is None:
            return _End(self.size, "")
        end = mark[0]
        self._bad(good, end, why)
        if len(self.breaks) == known:
            self._break(self.given, end // 8, None, DAMAGED, "the checksum over all blocks is wrong, that of each one is right")
        return _End(-(-(end + END_BITS) // 8))

    def _bad(self, good: int, then: int, why: str) -> None:
        if then > good and len(self.breaks) < MOST_BREAKS:
            self._break(self.given, good // 8, then // 8, DAMAGED, why)

    def _rewind(self, given: int) -> None:
        self.spool.seek(given)
        self.spool.truncate()
        self.given = given

    def _give(self, data: bytes) -> None:
        room = self.most - self.given
        self.spool.write(data[:room])
        self.given += min(len(data), room)
        if len(data) > room:
            raise _FullError

    def _break(self, since: int, packed: int, then: int | None, cause: str, why: str) -> None:
        goes_on = "nothing behind it was read" if then is None else f"reading goes on at {then:#x}"
        if cause == OTHER and then is None:
            goes_on = "they were not read"
        detail = f"at {packed:#x} of the {self.packing.name} file: {why}; {goes_on}"
        self.breaks.append(Break(self.given, since, packed, then, cause, detail))


class BrokenPieceError(Exception):
    """A decoder gave up, for the reason it gives."""


def _caught(outs: Iterator[bytes]) -> bytes | None:
    """The next of a decoder's outputs, None behind the last. Raises BrokenPieceError; what takes the output may fail otherwise."""
    try:
        return next(outs, None)
    except BROKEN as error:
        raise BrokenPieceError(str(error).rpartition(": ")[2].lower() or "broken") from None


def _outputs(state: Decoder, data: bytes, step: int = STEP, known: int = 0) -> Iterator[bytes]:
    """All that a decoder gives for some bytes, at most `step` at once behind the first `known` of them."""
    out = state.decompress(data, min(STEP, known) if known > 0 else step)
    while out:
        yield out
        known -= len(out)
        more = min(STEP, known) if known > 0 else step
        out = b"" if state.eof else state.decompress(b"", more)  # bzip2's keeps some back until it is asked again
