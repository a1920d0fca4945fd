"""The options that several commands share, and what their words stand for."""

# Annotations are no strings here: typer would compile every one of them at each start.
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from acctrecover.errors import AcctrecoverError


class Order(StrEnum):
    """Byte orders of a word."""

    LITTLE = "little"
    BIG = "big"


Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, URLs, block devices, pipes, or - for standard input.")]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", "-f", metavar="NAME", help="Look for this format only, as acct_v3; may be repeated. Default: all."),
]
Places = Annotated[
    list[Path] | None,
    typer.Option("--formats", metavar="DIR|FILE", help="Look for the formats declared there too, as door.py; may be repeated."),
]
Cookie = Annotated[str | None, typer.Option(metavar="0xNNNN", help="The stream's magic cookie, where it is not 0x2B91.")]
Start = Annotated[
    str | None, typer.Option(metavar="BYTES", help="Look at the input from here on; 0x, Ki, Mi, Gi, Ti. Offsets stay the input's.")
]
Length = Annotated[str | None, typer.Option(metavar="BYTES", help="Look at so many bytes of the input only; 0x, Ki, Mi, Gi, Ti.")]
MapfileIn = Annotated[
    Path | None,
    typer.Option(
        "--mapfile-in", metavar="FILE", help="The ddrescue mapfile of the input: what it does not call finished was never read."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, max=256, metavar="N", help="Share the work among N processes. Default: those idle, where it pays."
    ),
]
ClusterAddress = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Share it among the workers of a Dask scheduler, as tcp://host:8786."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text, one object per line.")]
Passwd = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Give names to user ids by this passwd file, as the evidence's etc/passwd.")
]
Utc = Annotated[bool, typer.Option("--utc", help="Show times in UTC, not in local time.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the last line only, the verdict; JSON stays whole.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Show why: each chain's evidence and E-value, and the rules that odd records break."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace output files that exist. The input is never replaced.")]

Joined = Annotated[
    bool,
    typer.Option("--joined", help="The inputs, in this order, are one stream: a log and its rotations."),
]
Most = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", help="Unpack so much of a compressed input, 0: take it as it is. Default: 1Gi and 100 times its size."
    ),
]


def word(text: str | None) -> int | None:
    """The cookie that --cookie names. Raises AcctrecoverError for what is no word, or none that can be a cookie."""
    if text is None:
        return None
    try:
        value = int(text, 0)
    except ValueError:
        value = 0
    if not 0 < value <= 0xFFFF:
        raise AcctrecoverError(f"--cookie {text}: not a word from 0x0001 to 0xffff")
    return value


def streams(paths: list[str], joined: bool) -> list[list[str]]:
    """The inputs of each stream that a command looks at: one each, or all together."""
    return [paths] if joined else [[path] for path in paths]


def whole(*parts: object) -> bool:
    """Whether files are looked at just as they are: no option given that asks for a part of them or for several as one."""
    return not any(parts)


def places_of(given: list[Path] | None) -> list[Path]:
    """Where formats are declared: those that ship, and the user's own."""
    from acctrecover.registry import folder

    return [folder(), *given] if given else []
