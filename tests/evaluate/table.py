"""The bench's counts as a table and one line of rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .bench import Cell, Tally
from .cases import WHOLESALE

COLUMNS = (
    "streams",
    "intact",
    "found",
    "missed",
    "missed1",
    "doubted",
    "false",
    "embedded",
    "chimera",
    "altered",
    "healed right",
    "healed wrong",
)
HEADS = ("streams", "intact", "found", "missed", "single", "doubted", "false", "inner", "chimera", "altered", "healed", "wrong")


def lines(tallies: dict[Cell, Tally]) -> Iterator[str]:
    """The table: one row a stream and kind, over all numbers of wounds; `single` are those missed beside a single wound."""
    partial = [cell for cell in tallies if cell[1] not in WHOLESALE]
    if partial:
        yield f"{'stream kind':<23}" + "".join(f"{head:>8}" for head in HEADS) + f"{'cause':>9}{'ms':>7}"
        for stream, kind in dict.fromkeys(cell[:2] for cell in partial):
            yield row(f"{stream:<6} {kind}", (tallies[cell] for cell in partial if cell[:2] == (stream, kind)))
        yield row("all", (tallies[cell] for cell in partial))
    whole = [cell for cell in tallies if cell[1] in WHOLESALE]
    if whole:
        yield ""
        yield f"{'stream kind':<23}{'streams':>9}{'records':>9}{'recovered':>11}{'other':>9}{'ms':>7}"
        for cell in whole:
            counts, streams = tallies[cell].counts, max(1, tallies[cell].counts["streams"])
            numbers = f"{counts['streams']:>9,}{counts['records']:>9,}{counts['recovered']:>11,}"
            numbers += f"{counts['wrong']:>9,}"
            yield f"{cell[0]:<6} {cell[1]:<16}{numbers}{1000 * tallies[cell].seconds / streams:>7.1f}"
    if partial:
        yield ""
        yield summary(total(tallies[cell] for cell in partial).counts)


def total(tallies: Iterable[Tally]) -> Tally:
    out = Tally()
    for tally in tallies:
        out.add(tally.counts, tally.seconds)
    return out


def row(name: str, tallies: Iterable[Tally]) -> str:
    tally = total(tallies)
    counts = tally.counts
    numbers = "".join(f"{counts[column]:>8,}" for column in COLUMNS)
    scored = counts["cause right"] + counts["cause wrong"]
    cause = f"{100 * counts['cause right'] / scored:.1f} %" if scored else "-"
    return f"{name:<23}{numbers}{cause:>9}{1000 * tally.seconds / max(1, counts['streams']):>7.1f}"


def summary(counts: Counter[str]) -> str:
    """Rates in the units of the promises."""
    intact = max(1, counts["intact"])
    claimed = max(1, counts["found"] + counts["altered"] + counts["false"])
    healed = max(1, counts["healed right"] + counts["healed wrong"])
    scored = max(1, counts["cause right"] + counts["cause wrong"])
    return (
        f"{counts['streams']:,} streams, {counts['intact']:,} intact records: "
        f"missed {1e5 * counts['missed'] / intact:.1f} in 100,000 ({counts['missed1']} beside single wounds), "
        f"false {1e5 * counts['false'] / claimed:.1f} in 100,000 "
        f"({1e5 * (counts['false'] - counts['embedded'] - counts['chimera']) / claimed:.1f} without those embedded in a damaged "
        "payload and chimeras), "
        f"doubted {1e3 * counts['doubted'] / intact:.2f} in 1,000, "
        f"healed wrong {200 * counts['healed wrong'] / healed:.2f} in 200, "
        f"cause right {100 * counts['cause right'] / scored:.1f} %, raised {counts['raised']}"
    )


def sweep_lines(tallies: dict[str, Tally]) -> Iterator[str]:
    """One row a stream of the sweep."""
    columns = (
        "streams",
        "intact",
        "found",
        "missed",
        "doubted",
        "false",
        "embedded",
        "chimera",
        "healed right",
        "healed wrong",
        "raised",
    )
    yield f"{'stream':<15}" + "".join(f"{name.split()[-1]:>11}" for name in columns)
    for name, tally in tallies.items():
        yield f"{name:<15}" + "".join(f"{tally.counts[column]:>11,}" for column in columns)


def lost(counts: Counter[str]) -> int:
    """Records missed, or invented though the bytes tell, and scans that raised."""
    return counts["missed"] + counts["false"] - counts["embedded"] - counts["chimera"] + counts["raised"]
