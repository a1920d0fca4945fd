"""Whether the records of a stream are one history: clocks that fall back, serial numbers that start over, older records between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

STEP = 2.0
"""Seconds by which a clock must fall to be worth a word: start and elapsed time are rounded down, which makes less."""
RESTART = 1000
"""How far a serial number falls when it starts over; neighbours in exit order differ by less."""
ABRUPT = 0.25
"""The share of a fall that the clock must leap back at once behind older records: one that was set back only catches up."""
SUDDEN = 0.9
"""The share of a fall by which the clock leaps back at once behind a block that is older than what little stands before it."""
NEAR = 60.0
"""Seconds before the first record of a stream that may still be its own time."""
BACK = 512
"""Timed records before a fall that may be ones from further on."""
CLOSE = 8
"""Of these the ones that are looked at one by one: where clocks differ a little all along, that takes least time."""
COMMON = 4
"""Of so many records with clocks, one at most may fall back where they are of one history."""
MOST = 3
"""Seams named; more are counted."""
PATIENCE = 1 << 20
"""Records that wait at most for a clock to fall seldom enough."""

Floats = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Records [start, stop) of a stream that do not belong where they stand, in a word and a sentence.

    The last record with a clock before them stands at `after`, the last of themselves at `upto`; they may begin and end
    anywhere between. `timed` of them have a clock. `damaged`: they are no part unless a gap stands before them.
    """

    start: int
    stop: int
    cause: str
    detail: str
    after: int
    upto: int
    timed: int
    damaged: bool = False


@dataclass(frozen=True)
class _Early:
    """Records before a fall that may be ones from further on: from `start` on, `count` of them."""

    start: int
    count: int
    after: int


@dataclass(frozen=True)
class _Fall:
    start: int
    index: int
    high: float
    depth: float
    after: int
    early: _Early | None


@dataclass
class History:
    """What the clocks and the serial numbers (named `serial`) of a stream say, told in offset order by `feed` and `finish`.

    `seams` are (offset, seconds by which the clock steps there), `parts` what does not belong where it stands.
    """

    serial: str = ""
    seams: list[tuple[int, float]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    falls: int = 0
    """How often the clock falls."""
    _offsets: Offsets = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    _seconds: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    _number: float | None = None
    _index: int = 0
    _base: float = 0.0
    _first: int = 0
    _fall: _Fall | None = None
    _fresh: bool = False
    _chain: int = 0
    _fed: int = 0
    _last: float = 0.0
    _waiting: list[tuple[Offsets, Floats, Floats]] = field(default_factory=list, repr=False)
    """Records that were counted and not yet looked at."""
    _patience: int = PATIENCE
    """How many more may wait; once it is negative, the clock is taken for none, whatever follows."""

    def begin(self, start: int, after_damage: bool) -> None:
        """A chain starts; `after_damage` says that a gap stands before it."""
        self._fresh, self._chain = after_damage, start

    def feed(
        self, offsets: Offsets, seconds: Floats, numbers: Floats | None = None, *, asked: bool = True, lazy: bool = False
    ) -> bool:
        """Records in offset order, of shape (n,): where they start, their clocks, none of them NaN, and their serial numbers.

        Whether they make a seam or a part, or anything where that is not `asked`. `lazy`, for records without numbers: while the
        clock falls too often to be one, each fall may wait to be looked at; most who ask look at `coherent` clocks alone. Where
        PATIENCE records wait, it is taken for none.
        """
        if not len(offsets):
            return False
        steps = _steps(seconds, self._last if self._fed else None)
        fallen = int(np.count_nonzero(steps <= -STEP))
        self.falls, self._fed, self._last = self.falls + fallen, self._fed + len(offsets), float(seconds[-1])
        clear = bool(fallen) and self._fall is None and not self._waiting  # the first fall makes a seam
        if lazy and not self.coherent and (clear or not asked):
            self._patience -= len(offsets)
            if self._patience >= 0:
                self._waiting.append((offsets, seconds, steps))
            else:
                self._waiting.clear()
            return self._patience >= 0
        if self._patience < 0:
            return False
        self._catch_up()
        told = len(self.seams), len(self.parts)
        self._look(offsets, seconds, steps, numbers)
        return (len(self.seams), len(self.parts)) != told

    def _catch_up(self) -> None:
        """Look at the records that wait."""
        waiting, self._waiting = self._waiting, []
        self._patience = PATIENCE if waiting else self._patience
        for records in waiting:
            self._look(*records, None)

    def _look(self, offsets: Offsets, seconds: Floats, steps: Floats, numbers: Floats | None) -> None:
        """`steps` is by how much the clock of each rises from the one before."""
        if not self._index:
            self._base, self._first = float(seconds[0]), int(offsets[0])
        known, count = len(self._offsets), len(steps)
        odd, restarts = steps <= -STEP, np.zeros(count, np.bool_)
        if numbers is not None:
            rises = _steps(numbers, self._number)
            restarts = (rises < -RESTART) & (steps >= STEP)
            self._number = float(numbers[-1])
        if self._fall is not None or odd.any():
            odd |= steps >= STEP
        rows = np.flatnonzero(odd | restarts).tolist()
        if rows or count < BACK:  # else those before are of no more use
            offsets, seconds = np.concatenate((self._offsets, offsets)), np.concatenate((self._seconds, seconds))
        for row in rows:
            self._odd(offsets, seconds, known + row, self._index + row, float(steps[row]), bool(restarts[row]))
        self._index += count
        self._offsets, self._seconds = offsets[-BACK:].copy(), seconds[-BACK:].copy()

    def _odd(self, offsets: Offsets, seconds: Floats, row: int, index: int, step: float, restart: bool) -> None:
        at, second, fall = int(offsets[row]), float(seconds[row]), self._fall
        before = int(offsets[row - 1]) if row else at
        returns = fall is not None and second > fall.high - STEP
        if fall is not None and self._sooner(fall, at, index - fall.index):
            alone = fall.early is not None and fall.early.start == self._first
            sudden = alone and step >= SUDDEN * fall.depth
            if index - fall.index > BACK or -step >= ABRUPT * fall.depth or (returns and not sudden):
                self._settle(fall)
                fall, returns = None, False
        if fall is not None and returns:
            if step >= ABRUPT * fall.depth:
                self.parts.append(self._older(fall, at, before, index))
            self._fall = None
        elif step <= -STEP:
            early = self._ahead(offsets, seconds, row)
            self._fall = fall or _Fall(at, index, second - step, -step, before, early)
            self.seams.append((at, step))
        elif restart:
            self.seams.append((at, step))
            if self._fresh and len(self.seams) == 1 and not self.parts:
                why = f"{self.told(*self.seams.pop())}: these may be records of a deleted file"
                self.parts.append(Part(self._chain, at, "stale records", why, self._chain, before, index))

    def _ahead(self, offsets: Offsets, seconds: Floats, row: int) -> _Early | None:
        """The records just before a fall whose clocks leapt ahead, if they did."""
        low, second = max(0, row - BACK), seconds[row] + STEP
        first = next((at for at in range(row, max(low, row - CLOSE), -1) if seconds[at - 1] <= second), low)
        if first == low:
            behind = np.flatnonzero(seconds[low:row] <= second)
            first = low + int(behind[-1]) + 1 if len(behind) else low
            if not len(behind) and int(offsets[low]) != self._first:
                return None
        leap = seconds[first] - seconds[first - 1] if first else np.inf
        if first == row or leap < ABRUPT * (seconds[row - 1] - seconds[row]):
            return None
        return _Early(int(offsets[first]), row - first, int(offsets[first - 1]) if first else int(offsets[first]))

    def _sooner(self, fall: _Fall, at: int, behind: int) -> bool:
        """Whether the records before a fall are few against those `behind` it, up to `at`: then it is these that do not belong."""
        if fall.early is None:
            return False
        if fall.early.start == self._first:
            return fall.start - self._first < at - fall.start and behind > 2 * fall.early.count
        return behind > 2 * fall.early.count

    def _settle(self, fall: _Fall) -> None:
        """The records before a fall are ones from further on: fewer than those behind it."""
        assert fall.early is not None
        why = f"their clock is {fall.depth:,.0f} s ahead of what stands behind them"
        early, first = fall.early, fall.early.start == self._first
        word = "out-of-order block" if not first or self._near(fall) else "foreign stream"
        self.parts.append(Part(early.start, fall.start, word, why, early.after, fall.after, early.count, damaged=first))
        self._fall = None

    @property
    def coherent(self) -> bool:
        """Whether the clock falls so seldom that it is one."""
        return self._patience >= 0 and COMMON * self.falls <= self._fed + COMMON

    def finish(self, stop: int) -> None:
        """The stream ends at `stop`."""
        self._catch_up()
        fall = self._fall
        if fall is None or self._patience < 0:
            return
        left, last, early = self._index - fall.index, int(self._offsets[-1]), fall.early
        if early is not None and early.start != self._first and early.count < left:
            self._settle(fall)
        elif stop - fall.start <= fall.start - self._first:
            part = self._older(fall, stop, last, self._index)
            self.parts.append(replace(part, damaged=early is None or early.start == self._first))
        else:
            why = f"their clock is {fall.depth:,.0f} s ahead of what stands behind them"
            word = "out-of-order block" if self._near(fall) else "foreign stream"
            self.parts.append(Part(self._first, fall.start, word, why, self._first, fall.after, fall.index, damaged=True))

    def _near(self, fall: _Fall) -> bool:
        """Whether a clock falls to a time that is as likely the stream's own as an older one's: no further before its first
        record than that is before the fall, or than a minute."""
        return fall.high - fall.depth >= self._base - max(fall.high - self._base, NEAR)

    def _older(self, fall: _Fall, stop: int, upto: int, index: int) -> Part:
        count = index - fall.index
        if not self._near(fall):
            why = (
                f"their clock is {fall.depth:,.0f} s behind what stands before them, and long before the first record of the stream"
            )
            return Part(fall.start, stop, "stale records", why, fall.after, upto, count)
        why = f"their clock is {fall.depth:,.0f} s behind what stands before them"
        return Part(fall.start, stop, "out-of-order block", why, fall.after, upto, count)

    def telling(self, seams: list[tuple[int, float]]) -> str | None:
        """Seams in words: the first ones, and how many more."""
        more = [f"{len(seams) - MOST} more such places"] if len(seams) > MOST else []
        return "; ".join([self.told(*seam) for seam in seams[:MOST]] + more) or None

    def told(self, at: int, step: float) -> str:
        """A seam in words."""
        if step < 0:
            return f"the clock falls back {-step:,.0f} s at {at:#x}: set back, or older records before or behind it"
        return f"{self.serial} starts over at {at:#x}, {step:,.0f} s later, as after a reboot"


def _steps(numbers: Floats, before: float | None) -> Floats:
    """By how much each rises from the one before, the first from `before`, None where there is none."""
    out = np.empty(len(numbers))
    out[0] = 0.0 if before is None else numbers[0] - before
    np.subtract(numbers[1:], numbers[:-1], out=out[1:])
    return out
