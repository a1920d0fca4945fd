"""Claims about start-up: what a command has no use for is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command import environment, run

SAMPLE = Path(__file__).parent.parent / "corpora" / "linux-v3" / "pacct-v3"
PROGRAM = """
import sys
from acctrecover.cli import main
sys.argv = ["acctrecover", *sys.argv[1:]]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
print(" ".join(sys.modules), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_no_numpy_and_no_construct() -> None:
    assert loaded("--help").isdisjoint({"numpy", "construct", "acctrecover.scanning"})


def test_a_scan_of_a_whole_file_loads_no_progress_bar_export_or_random_numbers() -> None:
    modules = loaded("scan", str(SAMPLE))
    assert "acctrecover.scanning" in modules
    assert modules.isdisjoint({"tqdm", "acctrecover.export", "numpy.random"})


@pytest.mark.parametrize(
    "words", [["scan", "pacct-v3"], ["scan"], ["--help"], ["formats", "acct_v3"], ["repair", "pacct-v3", "-o", "pacct-v3"]]
)
def test_a_command_that_is_spared_its_start_does_what_one_that_is_not_does(words: list[str]) -> None:
    spared, other = run(*words, cwd=SAMPLE.parent), run(*words, cwd=SAMPLE.parent, env=environment())
    assert (spared.returncode, spared.stdout, spared.stderr) == (other.returncode, other.stdout, other.stderr)
