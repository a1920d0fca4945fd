"""Changes of single bytes all over a stream: line ends, byte order in words, UTF-8; undone where nothing was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from acctrecover.undone import Undone, same, shifted

PIECE = 1 << 22
"""Bytes looked at together."""
SHARE = 0.9
"""Of the bytes a change must have touched, the share that agrees with it: the rest may be later damage."""
FEWEST = 1
"""Line feeds with a carriage return before them that a sample must hold; undone, they must complete records."""
PAIRS = 8
"""UTF-8 sequences from which a stream is tried as re-encoded."""
AROUND = (0x0B, 0x0C, 0x0E, 0x0F, 0x10, 0x11)
"""The codes beside LF and CR: in a binary stream they are about as frequent."""
ENOUGH = 16
"""Times that each code around must occur before one that never does is missed."""
CONTROLS = 12
"""Control codes other than NUL, TAB, LF, CR, of 28, that a binary stream shows where text does not."""
SAMPLE = 512
"""Bytes in which that many control codes and no byte of 0x80 or more are no accident."""
CR, LF = 0x0D, 0x0A
BESIDE = ((CR, 0x09), (CR, 0x0B), (0x0C, LF), (0x0E, LF))
"""The pairs beside CR LF."""
Octets = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


def _octets(data: bytes) -> Octets:
    return np.frombuffer(data, np.uint8)


def _pieces(octets: Octets) -> Iterator[tuple[int, Octets]]:
    """Pieces that overlap by one byte, so that each pair of neighbours is in just one."""
    for low in range(0, max(len(octets) - 1, 0), PIECE):
        yield low, octets[low : low + PIECE + 1]


def _firsts(data: bytes, pair: Callable[[Octets, Octets], Bools]) -> Bools:
    """Which bytes (shape (len(data),)) satisfy `pair` with the next one."""
    out = np.zeros(len(data), np.bool_)
    for low, part in _pieces(_octets(data)):
        out[low : low + len(part) - 1] = pair(part[:-1], part[1:])
    return out


def _seconds(firsts: Bools) -> Bools:
    """Which bytes come directly behind those marked."""
    return np.concatenate(([False], firsts[:-1]))[: len(firsts)]


def _cr_lf(first: Octets, second: Octets) -> Bools:
    return np.asarray((first == CR) & (second == LF))


def _two_bytes(first: Octets, second: Octets) -> Bools:
    """UTF-8 of a code point from 0x80 to 0xFF."""
    return np.asarray(((first & 0xFE) == 0xC2) & ((second & 0xC0) == 0x80))


def _high(data: bytes) -> int:
    octets = _octets(data)
    return sum(int(np.count_nonzero(octets[low : low + PIECE] & 0x80)) for low in range(0, len(octets), PIECE))


def is_cr_lf(sample: bytes) -> bool:
    """Whether line feeds have a carriage return before them, nearly all."""
    feeds, pairs = sample.count(b"\n"), sample.count(b"\r\n")
    return pairs >= FEWEST and pairs >= SHARE * feeds


def undo_cr_lf(data: bytes, times: int = 1) -> Undone:
    """Drop the carriage return directly before each line feed; so many times, as a stream may be translated again.

    It is exact where every line feed had one put before it. A translation that spared the CR LF it met cannot be told from that.
    """
    dropped = _firsts(data, _cr_lf)
    count = int(np.count_nonzero(dropped))
    alone = data.count(b"\n") - count
    detail = f"{count} carriage returns before line feeds dropped"
    if alone:
        detail += f"; {alone} line feeds without one were not translated, or came later"
    back = shifted(_seconds(dropped)[~dropped], before=True)
    step = {"do": "drop CR before LF"}
    undone = Undone(data.replace(b"\r\n", b"\n"), back, 0, len(data), not alone, detail, steps=(step,))
    return undone.after(undo_cr_lf(undone.data, times - 1)) if times > 1 else undone


def undo_swap(data: bytes, width: int = 2, phase: int = 0) -> Undone:
    """Reverse the bytes of each word of `width` bytes from offset `phase` on; a part of a word at either end stays."""
    octets = _octets(data).copy()
    words = octets[phase : phase + (len(octets) - phase) // width * width].reshape(-1, width)
    words[:] = words[:, ::-1].copy()
    shift = f" from offset {phase} on" if phase else ""
    step = {"do": "reverse words", "width": width, "phase": phase}
    told = f"the bytes of each {width}-byte word{shift} reversed"
    return Undone(octets.tobytes(), same, 0, len(data), True, told, steps=(step,))


def is_utf8(sample: bytes) -> bool:
    """Whether bytes of 0x80 and more stand in UTF-8 sequences of code points up to 0xFF, nearly all."""
    pairs = int(np.count_nonzero(_firsts(sample, _two_bytes)))
    return pairs >= PAIRS and 2 * pairs >= SHARE * _high(sample)


def undo_utf8(data: bytes) -> Undone:
    """Make one byte of each UTF-8 sequence of a code point from 0x80 to 0xFF; other bytes stay."""
    leads = _firsts(data, _two_bytes)
    rests = _seconds(leads)
    octets = _octets(data).copy()
    octets[leads] = octets[leads] << 6 | octets[rests] & 0x3F
    count = int(np.count_nonzero(leads))
    stray = _high(data) - 2 * count
    detail = f"{count} UTF-8 sequences made bytes again" + (f"; {stray} bytes are in none" if stray else "")
    back = shifted(leads[~rests], before=False)
    return Undone(octets[~rests].tobytes(), back, 0, len(data), not stray, detail, steps=({"do": "UTF-8 to bytes"},))


def replaced(sample: bytes) -> str | None:
    """What shows that bytes which are no UTF-8 became U+FFFD, or None."""
    marks, high = sample.count(b"\xef\xbf\xbd"), _high(sample)
    if marks < PAIRS or 6 * marks < high:
        return None
    return f"{marks} U+FFFD stand for bytes that were no UTF-8; which ones is lost"


def stripped(sample: bytes) -> str | None:
    """What shows that bit 7 of every byte was cleared, or None."""
    if len(sample) < SAMPLE or _octets(sample).max() >= 0x80:
        return None
    seen = set(sample) - {0x00, 0x09, LF, CR}
    controls = sum(code < 0x20 for code in seen)
    if controls < CONTROLS:
        return None
    return f"no byte of 0x80 or more in {len(sample)} bytes that hold {controls} of 28 control codes: bit 7 is lost"


def line_end_lost(sample: bytes) -> str | None:
    """What shows that one code of a line end became the other, or None."""
    counts = np.bincount(_octets(sample), minlength=256)
    common = int(counts[list(AROUND)].min())
    for code, name, other in ((CR, "CR", "LF"), (LF, "LF", "CR")):
        if common >= ENOUGH and not counts[code]:
            return (
                f"no {name} in {len(sample)} bytes, though each code around it occurs {common} times or more: {name} became {other}"
            )
    return None


def pair_lost(sample: bytes) -> str | None:
    """What shows that each CR LF became LF, or None."""
    left, common = sample.count(b"\r\n"), min(sample.count(bytes(pair)) for pair in BESIDE)
    if common < ENOUGH or 8 * left > common:  # CR CR LF leaves one
        return None
    return f"{left} CR LF in {len(sample)} bytes, though each pair around it occurs {common} times or more: CR LF became LF"
