"""A scan as a picture: the stream by offset, its clock, and the records by time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from acctrecover.curve import Curve, curve
from acctrecover.palette import SOUND, key_of, look_of
from acctrecover.plot import figure
from acctrecover.report import verdict
from acctrecover.result import Scan
from acctrecover.words import number, plain, when

BARS = 200
"""Parts of the time drawn, in each of which records are counted."""
PLACE = {"left": 0.09, "right": 0.97, "top": 0.89, "bottom": 0.17, "hspace": 0.42}
NAMED = 1 / 16
"""The part of an input from which a gap is so wide that its name fits over it."""
INK = "#222222"
STEPS = [*(n * 1 for n in (1, 2, 5, 10, 20, 30)), *(n * 60 for n in (1, 2, 5, 10, 20, 30)), *(n * 3600 for n in (1, 2, 3, 6, 12))]
"""Seconds from one mark of a time axis to the next, up to a day."""


def write_map(scan: Scan, path: Path, file: BinaryIO) -> None:
    """Draw a scan to an open file, as .svg or .png by the ending of `path`; times are UTC. Raises OutputError."""
    points = curve(scan)
    with figure(path, file, 11, 7) as drawn:
        strip, clock, times = drawn.subplots(3, 1, height_ratios=(1, 4, 1.6), gridspec_kw=PLACE)
        name, told = plain(scan.name), list(verdict(scan))[-1]
        drawn.suptitle(f"{name}\n{told.removeprefix(f'{name}: ')}", x=PLACE["left"], y=0.98, ha="left", fontsize=10)
        _strip(scan, strip)
        _clock(scan, points, clock)
        _times(scan, points, times)
        _legend(scan, drawn)


def _patch(look: str, **how: Any) -> dict[str, Any]:
    found = look_of(look)
    return {"facecolor": found.colour, "hatch": found.lines * 3, "edgecolor": INK, "linewidth": 0.4, **how}


def _strip(scan: Scan, axes: Any) -> None:
    """Extents to scale, and under them a tick for each gap, however small."""
    for key in dict.fromkeys(map(key_of, scan.extents)):
        spans = [(extent.start, extent.size) for extent in scan.extents if key_of(extent) == key]
        axes.broken_barh(spans, (0.35, 0.65), **_patch(key))
    axes.plot([(gap.start + gap.stop) / 2 for gap in scan.gaps], [0.12] * len(scan.gaps), "|", color=INK, markersize=7)
    axes.set(ylim=(0, 1), yticks=[0.12, 0.67], yticklabels=["each gap", "bytes"])
    _by_offset(axes, scan.size)


def _by_offset(axes: Any, size: int) -> None:
    axes.set_xlim(-0.004 * max(size, 1), 1.004 * max(size, 1))
    step = 1 << max(0, (size // 8).bit_length())
    axes.set_xticks(range(0, size + 1, step), [f"{tick:#x}" for tick in range(0, size + 1, step)])


def _clock(scan: Scan, points: Curve, axes: Any) -> None:
    """Time over offset, one line a chain, gaps as bands; far clocks at the edge."""
    low, high = points.span()
    if not len(points.low):
        axes.text(0.5, 0.5, "no record with a clock", transform=axes.transAxes, ha="center")
    for key in dict.fromkeys(key_of(gap) for gap in scan.gaps):
        gaps = [gap for gap in scan.gaps if key_of(gap) == key]
        spans = [(gap.start, gap.size) for gap in gaps]
        axes.broken_barh(spans, (0, 1), transform=axes.get_xaxis_transform(), **_patch(key, linewidth=0, alpha=0.35))
        wide = max(gaps, key=lambda gap: gap.size)
        if wide.size > NAMED * scan.size:
            middle = (wide.start + wide.stop) / 2
            axes.text(middle, 1.01, key, transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=8)
    keys = np.array([key_of(extent) for extent in scan.extents] or [SOUND])[points.extents]
    for key in dict.fromkeys(keys.tolist()):
        of = keys == key
        drawn = np.clip(np.stack((points.low[of], points.high[of])), low, high)
        breaks = np.flatnonzero(np.diff(points.extents[of])) + 1
        line = np.insert(points.offsets[of], breaks, 0), np.insert(drawn.mean(0), breaks, np.nan)
        if key != SOUND:  # a band in the look's colour, and dashes that greyscale leaves
            axes.plot(*line, color=look_of(key).colour, linewidth=5, solid_capstyle="butt")
        axes.plot(*line, "-" if key == SOUND else "--", color=INK, linewidth=1.6)
        tall = drawn[0] < drawn[1]
        axes.vlines(points.offsets[of][tall], *drawn[:, tall], color=INK, linewidth=1)
        if key != SOUND:
            axes.annotate(key, (points.offsets[of][0], drawn[1][0]), (2, 6), textcoords="offset points", color=INK, fontsize=8)
    for edge, mark, far in ((high, "^", points.high > high), (low, "v", points.low < low)):
        axes.plot(points.offsets[far], np.full(far.sum(), edge), mark, color=INK, markersize=4, clip_on=False)
    far = (points.high > high) | (points.low < low)
    if far.any():
        told = f"{number(int(points.counts[far].sum()), 'record')} at the edge: from {when(float(points.low.min()), utc=True)}"
        axes.set_title(f"{told} to {when(float(points.high.max()), utc=True)}", fontsize=8, loc="right")
    axes.set_xlabel("offset in the input")
    axes.set_title("clock (UTC)", fontsize=9, loc="left")
    _by_offset(axes, scan.size)
    pad = max((high - low) * 0.06, 0.5)
    axes.set_ylim(low - pad, high + 2 * pad)
    _dated(axes.yaxis, low - pad, high + pad, 7)


def _dated(axis: Any, low: float, high: float, most: int) -> None:
    """At most so many marks, at whole seconds, minutes, hours or days; the date where it changes."""
    step = next((step for step in STEPS if (high - low) / step <= most), 0)
    step = step or 86400 * int(-(-(high - low) // (86400 * most)))
    ticks = [int(low // step + 1 + n) * step for n in range(int((high - low) // step) + 1)]
    ticks = [tick for tick in ticks if tick <= high] if math.isfinite(high - low) else []
    words = [when(tick, utc=True).removesuffix(" UTC") for tick in ticks]
    days = [text[:10] for text in words]
    labels = [day if step >= 86400 else f"{text[11:]}\n{day}" for text, day in zip(words, days, strict=True)]
    for index in range(1, len(labels)):
        if step < 86400 and days[index] == days[index - 1]:
            labels[index] = labels[index][:8]
    axis.set_ticks(ticks, labels)


def _times(scan: Scan, points: Curve, axes: Any) -> None:
    """Records by time, those that do not belong on top, and where in time the records of gaps were lost."""
    low, high = points.span()
    pad = max((high - low) * 0.01, 0.5)
    edges = np.linspace(low - pad, high + pad, BARS + 1)
    keys = [key_of(extent) for extent in scan.extents]
    below = np.zeros(BARS)
    for key in sorted(set(keys), key=lambda key: key != SOUND):
        of = np.isin(points.extents, [index for index, one in enumerate(keys) if one == key])
        if of.any():
            counts = points.by_time(edges, of)
            axes.bar(edges[:-1], counts, np.diff(edges), below, align="edge", **_patch(key, linewidth=0))
            below += counts
    for key in dict.fromkeys(key_of(gap) for gap in scan.gaps):
        gaps = [gap for gap in scan.gaps if key_of(gap) == key and gap.held]
        lost = [(gap.after, gap.before - gap.after) for gap in gaps if gap.after is not None and gap.before is not None]
        axes.broken_barh(lost, (0, 0.12), transform=axes.get_xaxis_transform(), **_patch(key))
    axes.set(
        xlim=(edges[0], edges[-1]), xlabel="clock (UTC); boxes at the foot: when the records of a gap were lost", ylabel="records"
    )
    _dated(axes.xaxis, float(edges[0]), float(edges[-1]), 9)


def _legend(scan: Scan, drawn: Any) -> None:
    from matplotlib.patches import Patch

    keys: dict[str, int] = {}
    for extent in scan.extents:
        keys[key_of(extent)] = keys.get(key_of(extent), 0) + extent.size
    entries = [Patch(label=f"{key}: {number(size, 'byte')}", **_patch(key)) for key, size in keys.items()]
    if entries:
        drawn.legend(handles=entries, loc="lower center", ncols=5, frameon=False, handleheight=1.4, fontsize=8)
