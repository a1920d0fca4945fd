"""The house is kept: imports point down the package map, modules are small, one module prints."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import acctrecover
from acctrecover.cookies import COOKIE, swap

PACKAGE = Path(acctrecover.__file__).parent
MODULES = {path.stem: path for path in sorted(PACKAGE.glob("*.py")) if not path.stem.startswith("__")}
MAP = [line.strip().split("  ")[0].split(", ") for line in (acctrecover.__doc__ or "").splitlines() if line.startswith("    ")]
LAYERS = {name: height for height, line in enumerate(reversed(MAP)) for name in line}


def imported(text: str) -> set[str]:
    """The modules of the package that a module imports when it is loaded, or later, in whatever form."""
    paths: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            paths += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            home = "acctrecover." * bool(node.level) + (node.module or "")
            paths += [f"{home.rstrip('.')}.{alias.name}" for alias in node.names]
    return {path.split(".")[1] for path in paths if path.startswith("acctrecover.")} & set(MODULES)


def test_the_package_map_names_every_module_once() -> None:
    assert sorted(name for line in MAP for name in line) == sorted(MODULES)


@pytest.mark.parametrize(
    "text",
    [
        "from acctrecover.fill import x",
        "from acctrecover import fill",
        "import acctrecover.fill",
        "import acctrecover.fill as f",
        "from .fill import x",
        "from . import fill",
        "def later():\n    from acctrecover.fill import x",
    ],
)
def test_an_import_is_seen_in_every_form(text: str) -> None:
    assert imported(text) == {"fill"}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_the_layers_below_it(name: str) -> None:
    assert {other: LAYERS[other] for other in imported(MODULES[name].read_text()) if LAYERS[other] >= LAYERS[name]} == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_a_sentence_to_say_what_it_is_for_and_no_more_than_400_lines(name: str) -> None:
    text = MODULES[name].read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"console", "cli"}))
def test_only_the_console_prints(name: str) -> None:
    assert not re.search(r"\b(print|typer\.echo)\(", MODULES[name].read_text())


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"options", "formats_command"}))
def test_the_engine_knows_no_format_by_name(name: str) -> None:
    assert not re.search(r"acct_v\d", MODULES[name].read_text())


def test_the_default_cookie_to_count_is_the_only_cookie_the_engine_knows() -> None:
    values = {COOKIE, swap(COOKIE)}
    knows = {
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in values
    }
    assert knows == {"cookies"}
