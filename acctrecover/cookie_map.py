"""The counts of all 2-byte words as a picture of 256 by 256, with the words that matter marked."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from acctrecover.cookies import CookieStats
from acctrecover.plot import figure
from acctrecover.words import number, seen


def write_cookie_map(stats: CookieStats, path: Path, file: BinaryIO) -> None:
    """Draw the counts, by logarithm, to `file`, as .svg or .png by the ending of `path`. Raises OutputError.

    A row is a word's high byte, a column its low one; words never seen are white.
    """
    square = stats.counts.reshape(256, 256)
    with figure(path, file, 8.6, 7.4, "constrained") as drawn:
        from matplotlib import colormaps
        from matplotlib.colors import ListedColormap, LogNorm

        axes = drawn.subplots()
        shown = axes.imshow(
            np.ma.masked_equal(square, 0),
            norm=LogNorm(1, max(10, int(square.max(initial=1)))),
            cmap=ListedColormap(colormaps["cividis_r"](np.linspace(0.25, 1, 256))),  # once is darker than never, which is white
            interpolation="nearest",
        )
        drawn.colorbar(shown, ax=axes, shrink=0.8, format="{x:,.0f}", label="times seen (white: never)")
        marks = {stats.cookie: "s"} | {stats.nominee: "o"} if stats.words else {stats.cookie: "s"}
        for index, (word, mark) in enumerate(sorted(marks.items())):
            name = " and ".join(["nominated"] * (bool(stats.words) and word == stats.nominee) + ["cookie"] * (word == stats.cookie))
            high, low = divmod(word, 256)
            for colour, width in (("white", 4), ("black", 1.5)):
                axes.plot(low, high, mark, markersize=13, markerfacecolor="none", markeredgecolor=colour, markeredgewidth=width)
            axes.annotate(
                f"{name} 0x{word:04X}: {seen(int(stats.counts[word]))}",
                (low, high),
                (-16 if low > 127 else 16, -14 if index else 14),
                textcoords="offset points",
                ha="right" if low > 127 else "left",
                va="center",
                color="black",
                bbox={"facecolor": "white", "edgecolor": "black", "boxstyle": "round,pad=0.2"},
            )
        ticks = [*range(0, 256, 32), 255]
        axes.set_xticks(ticks, [f"{tick:02X}" for tick in ticks])
        axes.set_yticks(ticks, [f"{tick:02X}" for tick in ticks])
        axes.set(xlabel="low byte", ylabel="high byte")
        where = "even offsets" if stats.align == 2 else "every byte offset"
        axes.set_title(f"{number(stats.words, 'word')} at {where}, {stats.order}-endian", fontsize=10)
