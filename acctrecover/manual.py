"""The manual page, in man(7) macros, made of the help that the commands themselves give."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what reads a command line is loaded already
    import click

ENVIRONMENT = {
    "NO_COLOR": "Set to anything: no colours. Nor are there any where TERM is dumb, or the output is no terminal.",
    "COLUMNS": "The width that lines are folded at on a terminal, where it is not the terminal's own.",
    "TMPDIR": "Where the input from a pipe is kept while it is worked on. Default: /var/tmp.",
    "TZ": "The zone of local times.",
}
SEE = ("accton(8)", "dump\\-acct(8)", "lastcomm(1)", "sa(8)", "utmpdump(1)", "ddrescue(1)", "mactime(1)")


def page(root: click.Group, version: str) -> Iterator[str]:
    """The lines of the page of a program: the same for the same commands and version."""
    name = "acctrecover"
    top = root.context_class(root, info_name=name, **root.context_settings)
    title, *about = paragraphs(root.help)
    yield f'.TH {name.upper()} 1 "" "{name} {version}" "User Commands"'
    yield from (".SH NAME", f"{name} \\- {escaped(title.rstrip('.')[0].lower() + title.rstrip('.')[1:])}", ".SH SYNOPSIS")
    commands = [(title, root.commands[title]) for title in root.list_commands(top)]
    for title, command in commands:
        words = command.collect_usage_pieces(root.context_class(command, info_name=title, parent=top))
        yield from (f".B {name} {escaped(title)}", escaped(" ".join(words)), ".br")
    yield from (".SH DESCRIPTION", *_body(about), *_options(root, top), ".SH COMMANDS")
    for title, command in commands:
        yield from (f".SS {name} {escaped(title)}", *_body(paragraphs(command.help)))
        yield from _options(command, root.context_class(command, info_name=title, parent=top))
    yield ".SH ENVIRONMENT"
    for variable, told in ENVIRONMENT.items():
        yield from (".TP", f".B {variable}", escaped(told))
    yield from (".SH SEE ALSO", ", ".join(SEE))


def paragraphs(told: str | None) -> list[str]:
    """The paragraphs of a help text, each on one line."""
    text = inspect.cleandoc(told or "").replace("\b\n", "")
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]


def examples(told: str | None) -> list[str]:
    """The commands that a help text gives as examples."""
    return [part.removeprefix("Example: ") for part in paragraphs(told) if part.startswith("Example: ")]


def escaped(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha")
    return "\\&" + text if text.startswith((".", "'")) else text.replace("~", "\\(ti")


def _body(parts: list[str]) -> Iterator[str]:
    for part in parts:
        if part.startswith("Example: "):
            yield from (".PP", "Example:", ".PP", ".RS 4", ".nf", escaped(part.removeprefix("Example: ")), ".fi", ".RE")
        else:
            yield from (".PP", escaped(part))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        told = parameter.get_help_record(context)
        if told is not None:
            yield from (".TP", f'.B "{escaped(told[0])}"', escaped(" ".join(told[1].split())))
