"""The samples in corpora/, each found by what the samples.json in its folder says of it: nothing in the tests lists them.

A samples.json holds a list of objects. `sample` names a file of that folder, or is a pattern with {format} in it for the files of
several formats; `order` is its byte order. `truth` is what an independent writer, or a receiver, told of it, and `places` a regular
expression that finds (offset, size) of each record in that; records of one size need none. `layout` is the file with the lines
`layout RECORD SIZE field=offset:size ...` of the C structs, the truth where it is not given; `no layout` says why there is no
struct. `gcc` and `run` make the files in braces again, byte for byte."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from damage import CORPORA

from acctrecover import load_formats
from acctrecover.dialect import Dialect
from acctrecover.registry import Declaration
from acctrecover.scanning import compiled

LAYOUT = re.compile(r"^layout\t(\w+)\t(\d+)((?:\t\w+=\d+:\d+)+)$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Sample:
    """A whole stream of one format in one byte order, and what is known of it."""

    path: Path
    format: str
    order: str
    told: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(CORPORA))

    @cached_property
    def data(self) -> bytes:
        octets = self.path.read_bytes()
        return lzma.decompress(octets) if self.path.suffix == ".xz" else octets

    def beside(self, what: str) -> Path | None:
        """The file that `truth` or `layout` names."""
        return self.path.parent / self.told[what].format(format=self.format) if what in self.told else None

    @cached_property
    def dialect(self) -> Dialect:
        return next(d for d in compiled((), None, ()) if (d.name, d.order) == (self.format, self.order))

    @cached_property
    def layouts(self) -> list[tuple[str, int, dict[str, tuple[int, int]]]]:
        """(record, size, {field: (offset, size)}) of each C struct, by the compiler."""
        path = self.beside("layout") or self.beside("truth")
        out = []
        for record, size, fields in LAYOUT.findall(path.read_text() if path else ""):
            places = (word.replace("=", ":").split(":") for word in fields.split())
            out.append((record, int(size), {name: (int(at), int(width)) for name, at, width in places}))
        return out

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """(offset, size) of every record: as its writer tells, or by the size of the C struct, unused slots left out."""
        truth = self.beside("truth")
        if "places" in self.told and truth:
            return [(int(at), int(size)) for at, size in re.findall(self.told["places"], truth.read_text(), re.MULTILINE)]
        size = self.layouts[0][1]
        return [(at, size) for at in range(0, len(self.data), size) if self.data[at : at + size].strip(b"\0")]


@cache
def samples() -> list[Sample]:
    out = []
    for index in sorted(CORPORA.glob("**/samples.json")):
        for told in json.loads(index.read_text()):
            before, _, behind = told["sample"].partition("{format}")
            for path in sorted(index.parent.glob(told["sample"].replace("{format}", "*"))):
                name = told.get("format", path.name[len(before) : len(path.name) - len(behind)])
                out.append(Sample(path, name, told["order"], told))
    return out


def known() -> list[Sample]:
    """The samples of the formats that are declared."""
    return [sample for sample in samples() if sample.format in formats()]


@cache
def formats() -> dict[str, Declaration]:
    """The formats of the folder."""
    return load_formats()


@cache
def family(name: str) -> list[str]:
    """The formats declared in the same file."""
    file = {other: str(form.place).rpartition(":")[0] for other, form in formats().items()}
    return [other for other in file if file[other] == file[name]]
