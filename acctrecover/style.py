"""How text fits where it is shown: its width, its colours, and the zone of its times."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from acctrecover.words import when

ROLES = {"head": "1", "gap": "33", "odd": "36", "good": "32", "bad": "31", "next": "1", "dim": "2"}
"""Colours by what a line is: parameters of ECMA-48 SGR, which no reader needs to tell lines apart."""
NARROW = 118
"""Columns from which details stand under the words that they belong to."""


@dataclass(frozen=True)
class Style:
    """How a report is laid out: for pipes and files, where nothing else is said.

    Lines are folded at `width` columns (None: never), coloured where `colour` says so, and times are local unless `utc`.
    """

    width: int | None = None
    colour: bool = False
    utc: bool = False
    verbose: bool = False

    @property
    def wide(self) -> bool:
        return self.width is None or self.width >= NARROW

    @property
    def indent(self) -> int:
        """Columns before the details of a row of a table of extents."""
        return 36 if self.wide else 4

    def when(self, seconds: float | None) -> str:
        return when(seconds, utc=self.utc)

    def lines(self, text: str, role: str = "", hang: int = 4) -> Iterator[str]:
        """A line as the lines that it takes, those after the first indented by `hang` columns; long words stay whole."""
        folded = [text]
        if self.width is not None and len(text) > self.width:
            fold = textwrap.TextWrapper(self.width, subsequent_indent=" " * hang, expand_tabs=False, replace_whitespace=False)
            fold.break_long_words = fold.break_on_hyphens = False
            folded = fold.wrap(text)
        for line in folded:
            yield self.painted(line, role)

    def painted(self, line: str, role: str) -> str:
        """A line as it is, in the colour of its role where colours are wanted."""
        return f"\x1b[{ROLES[role]}m{line}\x1b[0m" if self.colour and role and line else line


PLAIN = Style()
