"""The command `verify`: a repair checked by its report."""

# Annotations are no strings here: typer would compile every one of them at each start.
from pathlib import Path
from typing import Annotated

import typer

from acctrecover.console import show_objects, show_text, style
from acctrecover.options import Json, Quiet


def verify(
    report: Annotated[str, typer.Argument(metavar="REPORT", help="The report of a repair, as repair --report wrote it.")],
    inputs: Annotated[
        list[Path] | None,
        typer.Option("--input", metavar="FILE", help="Where the input is now; once for each copy, in order. Default: as reported."),
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the repaired stream is now.")] = None,
    quarantine: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the bytes left out are now.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a repair by its report and the evidence.

    The output is made of the input once more, by the report and by other code than that which repairs, and compared. A report
    also tells by a digest of its own that it was altered, which whoever altered it may have mended: keep its SHA-256 elsewhere.
    Exit status 0: every claim holds, 1: one does not, 2: it could not be checked.

    \b
    Example: acctrecover verify pacct.json
    """
    from acctrecover.report_verify import verify_text
    from acctrecover.verifying import verify as run

    done = run(report, inputs or (), output=output, quarantine=quarantine)
    if as_json:
        show_objects([done.to_json()])
    else:
        lines = list(verify_text(done))
        show_text(lines[-1:] if quiet else lines, style(), hang=15)
    raise typer.Exit(0 if done.holds else 1)
