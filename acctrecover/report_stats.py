"""How the counts of words read: the rarest, the cookie, and the word to nominate."""

from __future__ import annotations

from collections.abc import Iterator

from acctrecover.cookies import GIB, CookieStats, swap
from acctrecover.words import number, plain, rate, seen


def stats_text(stats: CookieStats, top: int) -> Iterator[str]:
    """The lines `cookie-stats` prints. Of words equally rare either all are listed or how many they are."""
    where = "even offsets" if stats.align == 2 else "every byte offset"
    of = number(stats.bytes, "byte") + (f" in {stats.inputs:,} inputs" if stats.inputs > 1 else "")
    yield f"{number(stats.words, 'word')} at {where} of {of}, {stats.order}-endian"
    yield from (f"not all was counted: {plain(each)}" for each in stats.breaks)
    if stats.unreadable:
        yield f"{number(stats.unreadable, 'byte')} more cannot be read and are not counted"
    if not stats.words:
        yield "nothing to rank or nominate"
        return
    yield ""
    yield f"{'word':<16}{'count':>14}{'rank':>8}  false cookies to expect in a GiB"

    def line(name: str, word: int, note: str = "") -> str:
        count = int(stats.counts[word])
        likely = f"{rate(stats.false_per_gib(word))}, " if count else ""
        text = f"{name:<16}{count:>14,}{stats.rank(word):>8}  {likely}at most {rate(stats.false_per_gib_bound(word))} (95 %)"
        return text + (f"  {note}" if note else "")

    ranked = stats.rarest(top)
    rarest, last = ranked[0][1], ranked[-1][1]
    more = stats.ties(ranked[-1][0]) - [count for _, count in ranked].count(last)
    if more and last == rarest:
        yield line(f"{stats.ties(ranked[0][0]):,} words", ranked[0][0], "too many to list")
    else:
        for word, _ in ranked:
            yield line(f"0x{word:04X}", word)
        if more:
            yield f"... and {number(more, 'more word')} {seen(last)}"
    yield ""
    yield line(f"0x{stats.cookie:04X}", stats.cookie, "the cookie")
    yield line(f"0x{swap(stats.cookie):04X}", swap(stats.cookie), "the cookie, bytes swapped")
    yield ""
    best = stats.nominee
    count, ties = int(stats.counts[best]), stats.ties(best)
    longer = (stats.false_per_gib_bound(best) / GIB) ** 2 * GIB
    yield f"a 4-byte cookie of two words as rare: at most {rate(longer)} in a GiB (95 %), if the two are independent"
    if ties > 1 and not count:
        too = f", the cookie 0x{stats.cookie:04X} among them" if not stats.counts[stats.cookie] else ""
        yield f"{ties:,} words were never seen{too}: only more bytes can rank them"
    why = f"; of {ties:,} words as rare, the one of the rarest swap and bytes" if ties > 1 else ""
    other = f"its swap 0x{swap(best):04X} {seen(int(stats.counts[swap(best)]))}"
    yield f"nominate 0x{best:04X}: {seen(count)} in {number(stats.words, 'word')}, {other}{why}"
