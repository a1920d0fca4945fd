"""How much bytes look like those of the records around them, in bits against unrelated ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acctrecover.shape import Octets

SAMPLE = 64
"""Records on either side, or as many times 64 bytes of framed ones, that a gap is compared with."""
FAITH = 4.0
"""Bytes seen at one place of a record that weigh as much as all bytes of all records do."""


class Likeness:
    """What bytes the records near a gap have: at each place of a record where `pitch` is their size, anywhere where it is None.

    `samples` are whole records before and behind the gap; there must be at least one byte of them.
    """

    def __init__(self, samples: list[Octets], pitch: int | None) -> None:
        octets = np.concatenate(samples)
        self.pitch = pitch
        counts = np.bincount(octets, minlength=256)
        anywhere = (counts + 1.0) / (len(octets) + 256.0)
        self.odds = np.log2(256 * anywhere)[None, :]
        if pitch is not None:
            places = np.zeros((pitch, 256))
            rows = octets[: len(octets) // pitch * pitch].reshape(-1, pitch)
            for place in range(pitch):
                places[place] = np.bincount(rows[:, place], minlength=256)
            self.odds = np.log2(256 * (places + FAITH * anywhere) / (len(rows) + FAITH))

    def of(self, octets: Octets, place: int = 0) -> npt.NDArray[np.float64]:
        """Bits of each byte, the first of which stands at `place` of a record: shape (n,)."""
        at = (np.arange(len(octets)) + place) % (self.pitch or 1)
        return np.asarray(self.odds[at, octets])

    def bits(self, octets: Octets) -> float:
        """Bits of all of them together, wherever in a record they stand."""
        return float(self.of(octets).sum())

    def two_parts(self, octets: Octets) -> tuple[float, int]:
        """The most bits as the start of one record and the end of another, and where the second begins.

        `pitch` must be known, and there must be fewer than two records of bytes.
        """
        pitch, count = self.pitch or 1, len(octets)
        fore = np.concatenate(([0.0], np.cumsum(self.of(octets[:pitch]))))
        rear = np.concatenate(([0.0], np.cumsum(self.of(octets[max(0, count - pitch) :], -min(count, pitch) % pitch)[::-1])))
        cuts = np.arange(max(0, count - pitch), min(count, pitch) + 1)
        both = fore[cuts] + rear[count - cuts]
        return float(both.max()), int(cuts[both.argmax()])

    def around(self, octets: Octets) -> tuple[float, int]:
        """The most bits as one record with foreign bytes in it, and where these begin; `octets` are more than a record."""
        pitch = self.pitch or 1
        fore = np.concatenate(([0.0], np.cumsum(self.of(octets[:pitch]))))
        rear = np.concatenate(([0.0], np.cumsum(self.of(octets[len(octets) - pitch :])[::-1])))[::-1]
        both = fore + rear
        return float(both.max()), int(both.argmax())
