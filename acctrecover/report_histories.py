"""How several inputs of one history read: which goes on in which, what one has that another lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from acctrecover.style import PLAIN, Style
from acctrecover.words import number, plain

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.histories import Histories

MOST = 8
"""Lost ends of processes named."""


def history_lines(told: Histories, style: Style = PLAIN) -> Iterator[str]:
    """What several inputs have to do with each other; no line where nothing is seen."""
    if not told.links and not told.matches:
        return
    yield ""
    yield "together:"
    for link in told.links:
        where = f"closed at {link.old_offset:#x} by process {link.pid}, whose end stands at {link.new_offset:#x} of the other"
        yield f"{plain(link.old)} goes on in {plain(link.new)}: {where}"
    for match in told.matches:
        first, second = plain(match.first), plain(match.second)
        yield f"{first} and {second} both tell of {number(match.shared, 'end')} of processes; in their common time"
        yield f"    {second} lacks {lost(match.second_lost, first)}"
        yield f"    {first} lacks {lost(match.first_lost, second)}"
    for event, seconds in sorted(told.since.items()):
        yield f"{event}: {style.when(seconds)}, by the ends that are told in both times"


def history_objects(told: Histories) -> Iterator[dict[str, Any]]:
    """The objects `scan --json` prints behind those of several inputs."""
    yield from (link.to_json() for link in told.links)
    yield from (match.to_json() for match in told.matches)


def lost(ends: Sequence[tuple[int, int]], where: str) -> str:
    """How many ends, and which processes' the first ones are, with their offsets in the input that has them."""
    if not ends:
        return f"none of {where}"
    named = ", ".join(f"{pid} at {at:#x}" for pid, at in ends[:MOST])
    return f"{len(ends):,} of {where}: process {named}" + (", ..." if len(ends) > MOST else "")
