"""The page of a scan: what it says without a browser, and that evidence in it stays data."""

from __future__ import annotations

import json
import os
import re
import subprocess
from base64 import b64encode
from hashlib import sha256
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from command import run, said
from damage import CORPORA
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import page_data, scan
from acctrecover.coded import Coded
from acctrecover.export import rows
from acctrecover.page import command, write_page
from acctrecover.palette import LOOKS

TORN = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
BREAKS_OUT = b"</script><img a>"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,  # of a hundred, a text is no other than of these
)


def page_of(evidence: Any, options: dict[str, list[object]] | None = None) -> str:
    file = BytesIO()
    write_page(scan(evidence), file, options or {})
    return file.getvalue().decode()


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def column(data: dict[str, Any], name: str) -> list[Any]:
    told = data["records"]["columns"][name]
    values, codes = told["values"], told["codes"]
    if codes is None:
        return list(values)
    return [None if code < 0 else values[code] for code in codes] if codes else values * data["records"]["total"]


def with_comm(comm: bytes) -> bytes:
    data = bytearray(TORN.read_bytes())
    data[0x14 + 64 * 7 + 48 : 0x14 + 64 * 8] = comm.ljust(16, b"\0")
    return bytes(data)


@given(st.dictionaries(st.text(), JSON))
def test_data_in_a_page_ends_no_element_and_reads_back_the_same(data: dict[str, Any]) -> None:
    text = page_data.escaped(data)
    assert not re.search("[<>&\u2028\u2029]", text)
    assert text.isascii()
    assert json.loads(text) == data


@given(st.lists(st.none() | st.integers() | st.text(max_size=3) | st.floats(allow_nan=False)))
def test_a_column_reads_back_the_same(values: list[Any]) -> None:
    made = Coded()
    for row, value in enumerate(values):
        if value is not None:
            made.put(row, value)
    made.fill(len(values))
    told = json.loads(json.dumps(made.to_json()))
    known, codes = told["values"], told["codes"]
    if codes is None:
        codes = range(len(known))
    elif codes == 0:
        codes = [0] * len(values)
    back = [None if code < 0 else known[code] for code in codes]
    assert back == [str(value) if isinstance(value, int) and abs(value) >= 1 << 53 else value for value in values]


def test_a_page_says_the_verdict_the_sum_and_the_command_without_its_script() -> None:
    words = unescape(re.sub(r"<script.*?</script>|<style.*?</style>", "", page_of(TORN, {"--format": ["acct_v3"]}), flags=re.S))
    assert "damaged: 247 records intact, 1 torn; 64 bytes in 2 gaps" in words
    assert sha256(TORN.read_bytes()).hexdigest() in words
    assert f"acctrecover scan --format acct_v3 {TORN} --html report.html" in words
    assert f"acctrecover repair {TORN} --format acct_v3 -o {TORN}.recovered" in words


def test_a_page_is_the_same_each_time_and_names_nothing_to_load() -> None:
    page = page_of(TORN)
    assert page == page_of(TORN)
    assert "default-src 'none'" in unescape(page)
    assert not re.search(
        r"https?:|//[a-z]|\bsrc=|\bhref=|@import|url\(|\bfetch\(|XMLHttpRequest|innerHTML|insertAdjacent|\.write\(", page
    )


@pytest.mark.parametrize("element", ["script", "style"])
def test_the_policy_lets_only_the_pages_own_script_and_style_run(element: str) -> None:
    page = page_of(TORN)
    (body,) = re.findall(rf"<{element}>(.*?)</{element}>", page, flags=re.S)
    allowed = b64encode(sha256(body.encode()).digest()).decode()
    policy = unescape(page).split('Content-Security-Policy" content="')[1].split('"')[0]
    assert f"{element}-src 'sha256-{allowed}';" in policy
    assert "unsafe" not in policy


def test_what_a_page_holds_of_records_is_what_an_export_does() -> None:
    found = scan(TORN)
    data = page_data.page_data(found)
    told = list(rows(found))
    for name in ("offset", "status", "ac_comm", "ac_pid", "clock_seconds", "ac_etime"):
        assert column(data, name) == [row.get(name) for row in told], name
    (why,) = filter(None, column(data, "why"))
    assert column(data, "why").index(why) == [row["status"] for row in told].index("torn")


def test_the_edges_of_a_gap_are_the_bytes_before_in_and_behind_it() -> None:
    octets = bytearray(TORN.read_bytes())
    octets[0x1000:0x1800] = bytes(0x800)
    found = scan(bytes(octets))
    for extent, told in zip(found.extents, page_data.page_data(found)["extents"], strict=True):
        assert ("edges" in told) == (extent.kind == "gap")
        for start, digits in told.get("edges", []):
            assert octets[start : start + len(digits) // 2].hex() == digits
        if extent.kind == "gap" and extent.size > 128:
            spans = [(start, start + len(digits) // 2) for start, digits in told["edges"]]
            low, high = extent.start, extent.stop
            assert spans == [(low - 64, low), (low, low + 64), (high - 64, high), (high, high + 64)]


def test_a_command_and_a_file_name_stay_text() -> None:
    page = page_of(with_comm(BREAKS_OUT))
    assert BREAKS_OUT.decode() in column(data_of(page), "ac_comm")
    assert BREAKS_OUT.decode() not in page
    assert page.count("</script>") == 2


@pytest.mark.parametrize("name", ["a b.pacct", "<img src=x onerror=alert(1)>", "new\nline", "it's \x1b[2J", "\udcff\udcfe"])
def test_a_page_of_a_strangely_named_file_is_made_and_the_command_finds_the_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(TORN.read_bytes())
    done = run("scan", name, "--html", "out.html", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(CORPORA.parent)})
    assert done.returncode == 1, done.stderr
    page = (tmp_path / "out.html").read_text()
    assert "<img" not in page
    (told,) = re.findall("<pre>(.*?)</pre>", page, flags=re.S)
    echoed = subprocess.run(
        ["bash", "-c", unescape(told).replace("acctrecover scan", "printf '%s\\0'", 1)], capture_output=True, check=True
    )
    assert echoed.stdout.split(b"\0")[0] == os.fsencode(name)


def test_a_command_names_every_option() -> None:
    assert command(["x y"], {"--format": ["acct_v3", "cookie"], "--cookie": ["0x1234"], "--formats": []}) == (
        "acctrecover scan --format acct_v3 --format cookie --cookie 0x1234 'x y' --html report.html"
    )
    assert command(["x.gz", "x"], {"--most": ["4Ki"], "--joined": [""]}) == (
        "acctrecover scan --most 4Ki --joined x.gz x --html report.html"
    )


def test_a_page_too_small_for_all_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("page", "page_data"):
        monkeypatch.setattr(f"acctrecover.{module}.RECORDS", 100)
        monkeypatch.setattr(f"acctrecover.{module}.EXTENTS", 2)
    page = page_of(TORN)
    data = data_of(page)
    assert "the first 100 of 248 records" in page
    assert "the first 2 of 4 extents" in page
    assert len(column(data, "offset")) == 100
    assert [extent["kind"] for extent in data["extents"]] == ["gap", "chain", "rest"]
    assert data["extents"][-1]["stop"] == data["size"]
    assert set(data["curve"]["extents"]) <= {0, 1, 2}


@pytest.mark.parametrize("evidence", [b"", b"no record here" * 99, bytes(4096)])
def test_an_input_without_records_has_a_page_too(evidence: bytes) -> None:
    data = data_of(page_of(evidence))
    assert data["records"] == {"total": 0, "units": {}, "columns": {}}
    assert data["size"] == len(evidence)


def test_every_kind_of_extent_looks_unlike_every_other() -> None:
    assert len(set(LOOKS.values())) == len(LOOKS)


def test_the_outputs_of_a_scan_appear_together_or_not_at_all(tmp_path: Path) -> None:
    done = run(
        "scan", TORN, "--html", tmp_path / "a.html", "--records", tmp_path / "a.csv", "--map", tmp_path / "nowhere" / "a.svg"
    )
    assert "nowhere" in said(done)
    assert list(tmp_path.iterdir()) == []
    assert "different files" in said(run("scan", TORN, "--html", tmp_path / "a.csv", "--records", tmp_path / "a.csv"))
    assert "--html takes one input" in said(run("scan", TORN, TORN, "--html", tmp_path / "a.html"))
    assert run("scan", TORN, "--html", tmp_path / "a.html", "--records", tmp_path / "a.csv").returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.html"]


def test_a_page_says_what_is_worth_a_look_and_how_to_go_on_with_the_same_options(tmp_path: Path) -> None:
    busy = (CORPORA / "linux-v3" / "pacct-busy").read_bytes()
    (tmp_path / "cut").write_bytes(busy[:128000] + busy[131200:] + b"torn")
    done = run("scan", "-q", "-f", "acct_v3", "cut", "--html", "report.html", cwd=tmp_path)
    assert b"1 place worth a look" in done.stdout
    page = (tmp_path / "report.html").read_text()
    assert "1 place worth a look" in page
    assert '<h2 id="h-looks">Worth a look</h2>' in page
    assert "skipped numbers: no record has 50 of the numbers between 2007 and 2059 (ac_pid)" in page
    assert "acctrecover repair cut --format acct_v3 -o cut.recovered" in page
    run("scan", "-q", "--no-signs", "cut", "--html", "plain.html", cwd=tmp_path)
    assert "Worth a look" not in (tmp_path / "plain.html").read_text()
