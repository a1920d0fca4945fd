"""The command `man`: the manual page of all commands."""

# Annotations are no strings here: typer would compile every one of them at each start.
from typing import Any, cast

import typer

from acctrecover.console import show


def man(context: typer.Context) -> None:
    """Print the manual page, for man or any roff.

    \b
    Example: acctrecover man | man -l -
    """
    from acctrecover import __version__
    from acctrecover.manual import page

    show(page(cast(Any, context.find_root().command), __version__))
