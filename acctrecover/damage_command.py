"""The command `damage`: a copy of a stream damaged on purpose."""

# Annotations are no strings here: typer would compile every one of them at each start.
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from acctrecover.console import show
from acctrecover.errors import OutputError
from acctrecover.options import Force


def _kinds(asked: bool) -> None:
    if asked:
        from acctrecover.report_damage import kinds_text

        show(kinds_text())
        raise typer.Exit


def damage(
    path: Annotated[str, typer.Argument(metavar="IN", help="A stream, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The new, damaged file.")],
    kinds: Annotated[list[str], typer.Option("--kind", "-k", metavar="KIND", help="A kind of damage; may be repeated.")],
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same bytes.")] = 0,
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help="Write where every byte came from, as JSON.")] = None,
    rest: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what follows a copytruncate here, not to OUT.")] = None,
    older: Annotated[str | None, typer.Option(metavar="FILE", help="An older stream that stale blocks come from.")] = None,
    other: Annotated[str | None, typer.Option(metavar="FILE", help="The stream that is spliced on.")] = None,
    listed: Annotated[bool, typer.Option("--list", callback=_kinds, is_eager=True, help="List the kinds of damage.")] = False,
    force: Force = False,
) -> None:
    """Damage a copy of a stream on purpose, to rehearse with.

    The truth says of every byte of the result where it came from.

    \b
    Example: acctrecover damage pacct -o pacct.damaged --kind zero-run --kind delete --seed 7 --truth truth.json
    """
    from acctrecover.damaging import damage as run
    from acctrecover.output import atomic_outputs, refuse
    from acctrecover.report_damage import damage_text
    from acctrecover.source import file_of, open_source

    targets = [target for target in (output, truth, rest) if target is not None]
    if len({os.path.realpath(target) for target in targets}) < len(targets):
        raise OutputError("the outputs must be different files")
    inputs = [path, older, other]
    for target in targets:
        refuse(target, *map(file_of, filter(None, inputs)), force=force)
    texts: list[bytes | None] = []
    for name in inputs:
        with open_source(name or b"") as source:
            texts.append(source.read(0, source.size) if name else None)
    damaged = run(texts[0] or b"", kinds, seed, stale=texts[1], other=texts[2])
    parts = damaged.parted() if rest is not None else (damaged.data, b"")
    contents = {output: parts[0], rest: parts[1], truth: json.dumps(damaged.to_json()).encode() + b"\n"}
    with atomic_outputs(targets, force=force) as files:
        for target, file in zip(targets, files, strict=True):
            file.write(contents[target])
    show(damage_text(damaged, str(output)))
