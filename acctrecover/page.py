"""A scan as one page to attach to a case: it loads nothing, and what the evidence says is shown as text alone."""

from __future__ import annotations

import html
import os
import platform
import re
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import BinaryIO

from acctrecover import __version__
from acctrecover.page_data import EXTENTS, RECORDS, escaped, page_data
from acctrecover.report import verdict
from acctrecover.report_source import names
from acctrecover.result import Scan
from acctrecover.signs import Sign
from acctrecover.words import number, plain

AGAIN = ("--format", "--formats", "--cookie")
"""Options of a scan that the command to go on with needs too."""
Options = Mapping[str, Sequence[object]]
"""Options of the command by name, with the values they were given."""


def write_page(scan: Scan, file: BinaryIO, options: Options, signs: Sequence[Sign] | None = None) -> None:
    """Write the page of a scan, UTF-8, to an open file; `options` are those that it was made with, `signs` the places that are
    worth a look, None where they were not looked for."""
    script, style = (files("acctrecover").joinpath("html", f"report.{kind}").read_text("utf-8") for kind in ("js", "css"))
    given = [(name, str(value)) for name in AGAIN for value in options.get(name, ())]
    *advice, told = verdict(scan, len(signs or ()), given)
    words = {
        "title": plain(scan.name),
        "verdict": told.removeprefix(f"{plain(scan.name)}: "),
        "next": advice[0].removeprefix("next: ") if advice else "nothing",
        "size": f"{number(scan.size, 'byte')} ({scan.size:#x})",
        "sha256": _digests(scan),
        "transfer": _transfer(scan),
        "command": command(names(scan), options),
        "options": ", ".join(f"{name} {value}".strip() for name, values in options.items() for value in values) or "none",
        "versions": ", ".join(
            [f"acctrecover {__version__}", f"Python {platform.python_version()}"]
            + [f"{name} {version(name)}" for name in ("numpy", "construct")]
        ),
        "limits": _limits(scan),
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'",
    }
    parts = {name: html.escape(text) for name, text in words.items()}
    parts |= {"looks": _looks(signs), "style": style, "script": script, "data": escaped(page_data(scan))}
    template = files("acctrecover").joinpath("html", "report.html").read_text("utf-8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)
    file.write(page.encode("utf-8", "backslashreplace"))


def command(paths: Sequence[str], options: Options) -> str:
    """The command that makes the page of an input again, to paste into a shell."""
    given = [word for option, values in options.items() for value in values for word in (option, str(value)) if word]
    return " ".join(["acctrecover scan", *map(_quoted, [*given, *paths]), "--html report.html"])


def _looks(signs: Sequence[Sign] | None) -> str:
    """The part of a page that tells what is worth a look, as HTML; nothing where nothing is, or nobody looked."""
    if not signs:
        return ""
    rows = []
    for sign in signs:
        what = f"{sign.kind}: {sign.detail}; {sign.likelihood}; it may be: {', '.join(sign.innocent)}"
        rows.append(f"<li><code>{sign.start:#010x} to {sign.stop:#010x}</code> {html.escape(what)}</li>")
    head = ['<section aria-labelledby="h-looks">', '<h2 id="h-looks">Worth a look</h2>']
    return "\n".join(
        [*head, "<p>What tampering can leave, and other things too.</p>", '<ul class="looks">', *rows, "</ul>", "</section>"]
    )


def _digests(scan: Scan) -> str:
    """The SHA-256 of each file as given, and of what offsets are of where that is not the file."""
    told = [(part.packed.sha256 if part.packed is not None else part.sha256, part.name) for part in scan.parts]
    what = "of what came out" if len(told) == 1 else "of the one stream"
    return "; ".join([*(f"{digest} of {plain(name)}" for digest, name in told), f"{scan.sha256} {what}"]) if told else scan.sha256


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    octets = os.fsencode(word)
    return "$'" + "".join(chr(c) if 32 <= c < 127 and c not in b"\\'" else f"\\x{c:02x}" for c in octets) + "'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _transfer(scan: Scan) -> str:
    if scan.transfer is None:
        return "none"
    undone = "undone to find these records; offsets are the input's" if scan.told is not scan else "not undone"
    return f"{scan.transfer.name}: {undone}" + (f"; {scan.transfer.detail}" if scan.transfer.detail else "")


def _limits(scan: Scan) -> str:
    """What of a scan its page leaves out, and which command has it."""
    total = sum(scan.counts.values())
    left = []
    if total > RECORDS:
        left.append(f"This page holds the first {RECORDS:,} of {number(total, 'record')}; scan --records FILE.csv writes all.")
    if len(scan.extents) > EXTENTS:
        left.append(f"This page holds the first {EXTENTS:,} of {number(len(scan.extents), 'extent')}; scan --json lists all.")
    return " ".join(left) or "This page holds every record and every extent."
