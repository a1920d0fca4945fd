"""Claims about the package as a library: typed as it runs, shown well, tables with the columns of --records."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from command import run
from damage import CORPORA

import acctrecover
from acctrecover import cookie_stats, damage, explain, merge, repair, scan
from acctrecover.errors import AcctrecoverError

ROOT = Path(__file__).resolve().parent.parent
DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
USER = """
import acctrecover
from acctrecover import scan

reveal_type(acctrecover.scan)
found = scan(b"", ["acct_v3"], cookie=1)
reveal_type(found.extents[0].start)
reveal_type(acctrecover.repair(b"", None).kept)
reveal_type(acctrecover.verify("report").holds)
reveal_type(acctrecover.load_formats())
acctrecover.cookie_stats([], align="two")
acctrecover.nothing
"""


def test_a_type_checker_sees_the_real_signatures(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file", "/dev/null", "user.py"]
    environment = {"MYPYPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith("user.py")]
    assert "def (evidence: " in told[0]
    assert "-> acctrecover.result.Scan" in told[0]
    revealed = [line.split('Revealed type is "')[1].rstrip('"').removeprefix("builtins.") for line in told[1:5]]
    assert revealed[:3] == ["int", "int", "bool"]
    assert revealed[3].startswith("dict[")
    assert 'Argument "align"' in told[5]
    assert 'has no attribute "nothing"' in told[6]


def test_every_name_of_the_package_is_there_and_says_what_it_takes_gives_and_raises() -> None:
    for name in acctrecover.__all__:
        assert name in dir(acctrecover)
        told = inspect.getdoc(getattr(acctrecover, name)) or ""
        assert told
        if inspect.isfunction(getattr(acctrecover, name)):
            assert "Raises" in told, name


class Tags(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_results_show_as_a_sentence_and_a_table() -> None:
    shown = {
        "damaged: 247 intact, 1 torn": scan(DAMAGED)._repr_html_(),
        "247 records of acct_v3 little-endian, 15,808 bytes": repair(DAMAGED, None)._repr_html_(),
        "218 records of acct_v3": merge([V3[:-640], V3[640:]], None)._repr_html_(),
        "7,936 words of 15,872 bytes": cookie_stats(DAMAGED)._repr_html_(),
        "0x0: none, acct_v3": explain(DAMAGED, 0)._repr_html_(),
    }
    for sentence, page in shown.items():
        seen = Tags(page)
        assert sentence in seen.texts[0]
        assert seen.tags[:4] == ["div", "p", "table", "thead"]
        assert seen.tags.count("tr") > 1
    many = damage(V3 * 40, ["zero-run"] * 30, 1).data
    rows = Tags(scan(many)._repr_html_())
    assert rows.tags.count("tr") == 22
    assert any("more rows" in text for text in rows.texts)


def test_what_the_evidence_holds_is_never_markup_nor_a_control_character(tmp_path: Path) -> None:
    name = tmp_path / "<script>alert(1)<\x1b[2J>\n"
    data = bytearray(V3[:6400])
    data[48:64] = b"<script>&\x1b[31m\0\0"[:16].ljust(16, b"\0")
    name.write_bytes(data)
    for page in (scan(name)._repr_html_(), merge([name, V3], None)._repr_html_(), explain(name, 10)._repr_html_()):
        assert "script" not in Tags(page).tags
        assert "\x1b" not in page
        assert "\n" not in page
    assert "&lt;script&gt;" in explain(name, 10)._repr_html_()


def test_a_table_of_records_has_the_columns_of_the_parquet_file(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra parquet) is not installed")
    for path in (DAMAGED, CORPORA / "login" / "wtmp", CORPORA / "cookie" / "le.cookie"):
        run("scan", path, "--records", tmp_path / "r.parquet", "--force")
        table = scan(path).to_arrow()
        assert table.schema.equals(parquet.read_schema(tmp_path / "r.parquet"), check_metadata=True)
        assert table.equals(parquet.read_table(tmp_path / "r.parquet"))
    pytest.importorskip("pandas", reason="pandas (extra pandas) is not installed")
    frame = scan(DAMAGED).to_pandas()
    assert list(frame.columns) == scan(DAMAGED).to_arrow().column_names
    assert str(frame["ac_pid"].dtype) == "int64[pyarrow]"
    assert frame["status"].value_counts().to_dict() == {"intact": 247, "torn": 1}
    assert scan(b"").to_pandas().empty


@pytest.mark.parametrize(("module", "method"), [("pyarrow", "to_arrow"), ("pandas", "to_pandas")])
def test_a_table_without_its_library_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, module: str, method: str) -> None:
    monkeypatch.setattr("acctrecover.export.find_spec", lambda name: None if name == module else object())
    with pytest.raises(AcctrecoverError, match=f"needs {module}, which the extra"):
        getattr(scan(DAMAGED), method)()


def test_the_tutorial_of_readme_runs_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corpora").symlink_to(CORPORA)
    monkeypatch.chdir(tmp_path)
    section = (ROOT / "README.md").read_text().split("\n## In Python\n")[1].split("\n## ")[0]
    tutorial = doctest.DocTestParser().get_doctest(section, {}, "README", "README.md", 0)
    assert len(tutorial.examples) > 8
    told: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(tutorial, out=told.append)
    assert outcome.failed == 0, "".join(told)
