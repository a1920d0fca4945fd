"""The house is kept: imports point down the package map, modules are small, one module prints."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import acctrecover

PACKAGE = Path(acctrecover.__file__).parent
MODULES = {path.stem: path for path in sorted(PACKAGE.glob("*.py")) if not path.stem.startswith("__")}
MAP = [line.strip().split("  ")[0].split(", ") for line in (acctrecover.__doc__ or "").splitlines() if line.startswith("    ")]
LAYERS = {name: height for height, line in enumerate(reversed(MAP)) for name in line}


def imported(path: Path) -> set[str]:
    """The modules of the package that a module imports when it is loaded, or later."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("acctrecover."):
            names.add(str(node.module).split(".")[1])
    return names


def test_the_package_map_names_every_module_once() -> None:
    assert sorted(name for line in MAP for name in line) == sorted(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_the_layers_below_it(name: str) -> None:
    assert {other: LAYERS[other] for other in imported(MODULES[name]) if LAYERS[other] >= LAYERS[name]} == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_a_sentence_to_say_what_it_is_for_and_no_more_than_400_lines(name: str) -> None:
    text = MODULES[name].read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"cli"}))
def test_only_the_command_line_prints(name: str) -> None:
    assert not re.search(r"\b(print|typer\.echo)\(", MODULES[name].read_text())


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"cli"}))
def test_the_engine_knows_no_format_by_name(name: str) -> None:
    assert not re.search(r"acct_v\d", MODULES[name].read_text())
