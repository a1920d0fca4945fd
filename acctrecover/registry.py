"""Formats are found by listing a folder; nothing else in the project knows one by name."""

from __future__ import annotations

import ast
import difflib
import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import walk_tb

from acctrecover.errors import AcctrecoverError, FormatError
from acctrecover.expr import truth_refused
from acctrecover.schema import Format, Framed, Record

Declaration = Format | Framed


@dataclass(frozen=True)
class Place:
    """Where a format is declared, as "PATH:LINE"; the line is looked up where it is asked for, which is in errors alone."""

    path: Path
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{_assignments(self.path).get(self.name, 1)}"


def folder() -> Path:
    """The folder of the formats that ship with the package: inside an installed one, beside a checkout's."""
    here = Path(__file__).resolve().parent
    return here / "formats" if (here / "formats").is_dir() else here.parent / "formats"


def ships(declared: Declaration) -> bool:
    """Whether a format is one of those that come with the package."""
    return isinstance(declared.place, Place) and declared.place.path.parent == folder()


def load_file(path: Path) -> list[Declaration]:
    """The formats one file declares. Raises FormatError with the file's name, and the line, for whatever is wrong in it."""
    spec = importlib.util.spec_from_file_location(f"acctrecover_format_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise FormatError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        with truth_refused():
            spec.loader.exec_module(module)
    except OSError as error:
        raise FormatError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except FormatError as error:
        raise FormatError(f"{path}{_line(path, error)}: {error}") from None
    except SyntaxError as error:
        raise FormatError(f"{path}:{error.lineno}: {error.msg}") from None
    except Exception as error:  # a user's file may raise anything
        raise FormatError(f"{path}{_line(path, error)}: {type(error).__name__}: {error}") from error
    names = {id(value): name for name, value in vars(module).items() if isinstance(value, Format | Framed)}
    if not names:
        raise FormatError(f"{path}: declares no format: a Format or Framed of acctrecover.schema, under a name of its own")
    values = {id(value): value for value in vars(module).values() if id(value) in names}
    return [replace(value, place=Place(path, names[key])) for key, value in values.items()]


def _line(path: Path, error: BaseException) -> str:
    """`:` and the last line of the file that was executed when the error was raised; nothing where none was."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    return f":{lines[-1]}" if lines else ""


def _assignments(path: Path) -> dict[str, int]:
    """The line on which each name of a file is assigned."""
    return {
        target.id: node.lineno
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def declarations(place: Path) -> list[Path]:
    """The files that a folder or a file named holds declarations in. Raises FormatError for a folder without one."""
    files = sorted(place.glob("[!_]*.py")) if place.is_dir() else [place]
    if not files:
        raise FormatError(f"{place}: no .py file in this folder")
    return files


def load_formats(*places: Path | str) -> dict[str, Declaration]:
    """Every format of the folders and files named (default: those that ship), by name, embedded ones resolved.

    Raises FormatError for a name declared twice, an unknown embedded format, or a file that cannot be loaded.
    """
    found: dict[str, Declaration] = {}
    for place in map(Path, places or (folder(),)):
        for file in declarations(place):
            for declared in load_file(file):
                if declared.name in found:
                    raise FormatError(f"{declared.place}: the name {declared.name} is taken at {found[declared.name].place}")
                found[declared.name] = declared
    return {name: _resolve(declared, found) for name, declared in found.items()}


def _resolve(declared: Declaration, found: dict[str, Declaration]) -> Declaration:
    if isinstance(declared, Format):
        return declared
    types: dict[int, Record] = {}
    for number, record in declared.types.items():
        if isinstance(record.layout, str):
            carried = found.get(record.layout)
            if not isinstance(carried, Format):
                raise FormatError(f"{declared.place}: type {record.name} carries {record.layout}, which is no known format")
            record = replace(carried.record, name=record.name)
        types[number] = record
    return replace(declared, types=types)


def choose(names: list[str] | None, formats: dict[str, Declaration]) -> list[Declaration]:
    """The formats named, or all. Raises AcctrecoverError that says the nearest names for an unknown one."""
    for name in names or []:
        if name not in formats:
            near = difflib.get_close_matches(name, formats, n=3, cutoff=0.4)
            told = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(formats))}"
            raise AcctrecoverError(f"unknown format {name}; {told}")
    return [formats[name] for name in (names or formats)]
