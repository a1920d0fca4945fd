"""How damage done on purpose reads: one line a wound."""

from __future__ import annotations

from collections.abc import Iterator

from acctrecover.damaging import KINDS, Damaged
from acctrecover.words import number, plain


def damage_text(damaged: Damaged, output: str) -> Iterator[str]:
    """The lines `damage` prints: one a wound, then one for all."""
    for wound in damaged.wounds:
        drawn = "".join(f", {name.replace('_', ' ')} {value}" for name, value in wound.parameters.items())
        places = f"input {wound.in_start:#x}..{wound.in_stop:#x}, output {wound.out_start:#x}..{wound.out_stop:#x}"
        yield f"{wound.kind}: {places}{drawn}"
    kept = sum(stop - start for start, stop, source, _ in damaged.truth if source == "input")
    yield f"wrote {number(len(damaged.data), 'byte')} to {plain(output)}; {kept:,} of them as they were"


def kinds_text() -> Iterator[str]:
    """One line a kind of damage."""
    for name, deal in KINDS.items():
        yield f"{name:<17}{(deal.__doc__ or '').splitlines()[0]}"
