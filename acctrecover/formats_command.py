"""The commands `formats` and `explain`: what is looked for, and one record under it."""

# Annotations are no strings here: typer would compile every one of them at each start.
from typing import Annotated

import typer

from acctrecover.console import show_objects, show_text, style
from acctrecover.errors import AcctrecoverError
from acctrecover.options import Cookie, Json, Length, MapfileIn, Most, Passwd, Places, Start, Utc, places_of, word


def formats(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Formats to show field by field.")] = None,
    places: Places = None,
    as_json: Json = False,
) -> None:
    """List the formats looked for, or the fields of one.

    \b
    Example: acctrecover formats acct_v3
    """
    from acctrecover.report_formats import format_text, formats_text
    from acctrecover.scanning import compiled
    from acctrecover.table import detail, summary

    every = compiled(tuple(names or ()), None, tuple(map(str, places_of(places))))
    first = list({dialect.name: dialect for dialect in reversed(every)}.values())[::-1]
    if as_json:
        show_objects(map(detail if names else summary, first))
    elif names:
        for dialect in first:
            show_text(format_text(dialect), style())
    else:
        show_text(formats_text(first), style(), hang=16)


def explain(
    place: Annotated[str, typer.Argument(metavar="PATH@OFFSET", help="A byte of an input, as pacct@0x2fd4; - is standard input.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME[:big]", help="Read these very bytes as a record of this format, found or not."
        ),
    ] = None,
    places: Places = None,
    cookie: Cookie = None,
    start: Start = None,
    length: Length = None,
    mapfile_in: MapfileIn = None,
    most: Most = None,
    passwd: Passwd = None,
    utc: Utc = False,
    as_json: Json = False,
) -> None:
    """Show one record field by field, and which rules it keeps.

    The record is the one that a scan finds there; in a gap it is what the best-fitting format would see.
    The status is 0 for a record that keeps every rule, else 1.

    \b
    Example: acctrecover explain /var/log/account/pacct@0x2fd4 --utc
    """
    from acctrecover.explaining import explain as run
    from acctrecover.report_formats import explain_text
    from acctrecover.window import window

    path, _, text = place.rpartition("@")
    try:
        offset = int(text, 0)
    except ValueError:
        offset = -1
    if not path or offset < 0:
        raise AcctrecoverError(f"{place}: say PATH@OFFSET, as pacct@0x2fd4 or pacct@12244")
    with window([path], start, length, mapfile_in, most=most) as evidence:
        told = run(evidence, offset, form, cookie=word(cookie), places=places_of(places))
    if passwd is not None:
        from acctrecover.users import read_users

        told = told.named(read_users(passwd))
    look = style(utc=utc)
    if as_json:
        show_objects([told.to_json()])
    else:
        show_text(explain_text(path, told, style=look), look, hang=9)
    raise typer.Exit(0 if told.status in ("intact", "valid") else 1)
