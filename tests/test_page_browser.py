"""The page of a scan in a real browser: it renders, filters, opens gaps, searches, and lets nothing out or in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from browser import KEYS, Browser
from command import run
from damage import CORPORA
from test_page import BREAKS_OUT, TORN, with_comm

MANY = 100_000
PAINTED = """
    const pen = document.querySelector(arguments[0]).getContext("2d"), ratio = devicePixelRatio;
    const [x, y, w, h] = [...arguments].slice(1).map((n) => n * ratio), seen = new Set();
    const dots = pen.getImageData(x, y, w, h).data;
    for (let at = 0; at < dots.length; at += 4) seen.add(dots[at] + "," + dots[at + 1] + "," + dots[at + 2]);
    return [...seen];"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


def page_of(octets: bytes, folder: Path, name: str = "pacct") -> Path:
    (folder / name).write_bytes(octets)
    done = run("scan", name, "--html", "report.html", cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    return folder / "report.html"


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(TORN.read_bytes(), tmp_path_factory.mktemp("torn"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A busy stream of MANY records and a torn one, after a genuine one's fashion."""
    records = np.frombuffer((CORPORA / "linux-v3" / "pacct-v3").read_bytes(), np.uint8).reshape(-1, 64)
    records = np.tile(records, (MANY // len(records) + 1, 1))[:MANY].copy()
    pids, times = records[:, 16:20].view("<u4"), records[:, 24:28].view("<u4")
    pids[:, 0] = 300 + np.arange(MANY) % 30000
    times[:, 0] = times[0, 0] + np.arange(MANY) // 40
    records[:, 28:32].view("<f4")[:] = 0
    octets = records.tobytes()
    return page_of(octets[: 64 * 50000] + b"\xff" * 30 + octets[64 * 50000 :], tmp_path_factory.mktemp("many"))


def open_page(browser: Browser, page: Path) -> None:
    """Open it afresh, with nothing in the logs from before."""
    browser.log("browser")
    browser.log("performance")
    browser.open(page)


def rows(browser: Browser, table: str) -> list[list[str]]:
    found: list[list[str]] = browser.run(
        """return [...document.querySelectorAll(arguments[0] + " tbody tr[id]")].map((row) =>
        [...row.cells].map((cell) => cell.textContent))""",
        table,
    )
    return found


def test_a_page_renders_without_a_complaint_and_asks_the_network_for_nothing(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    assert browser.text("#extents-count") == "4 of 4 extents"
    assert [row[4] for row in rows(browser, "#extents")] == [
        "gap: foreign data",
        "191 records acct_v3 little-endian",
        "gap: torn record",
        "56 records acct_v3 little-endian",
    ]
    browser.click("#gap-after")
    browser.type("#search", "true")
    assert browser.log("browser") == []
    assert browser.requests() == [torn.resolve().as_uri()]


def test_the_policy_of_a_page_keeps_scripts_and_requests_out(browser: Browser, torn: Path) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        open_page(browser, torn)
        outcome = browser.run(
            """const home = arguments[0], script = document.createElement("script"), image = new Image();
            script.textContent = "window.broken = 1";
            document.body.append(script);
            image.src = home + "image";
            document.body.append(image);
            return fetch(home + "fetch").then(() => "answered", () => "refused " + window.broken);""",
            f"http://127.0.0.1:{server.server_port}/",
        )
        server.shutdown()
    assert outcome == "refused undefined"
    assert asked == []
    assert len([entry for entry in browser.log("browser") if "Content Security Policy" in entry["message"]]) >= 3


def test_extents_are_filtered_by_kind_and_by_words(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    browser.click("#kind option[value='torn record']")
    assert [row[0] for row in rows(browser, "#extents")] == ["2"]
    browser.click("#kind option[value=all]")
    browser.type("#filter", "FOREIGN other")
    browser.wait("document.querySelector('#extents-count').textContent === '1 of 4 extents'")
    assert [row[0] for row in rows(browser, "#extents")] == ["0"]


def test_a_gap_opens_with_the_bytes_before_in_and_behind_it(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    browser.click("#extents tbody tr:nth-child(3)")
    assert browser.text("#extent h3") == "Extent 2: gap: torn record"
    octets = TORN.read_bytes()
    for name, (start, stop) in {"inside": (0x2FD4, 0x3000), "outside": (0x2F94, 0x2FD4)}.items():
        shown = f"document.querySelector('.hex .{name}').querySelectorAll('td:nth-child(2)')"
        digits = browser.run(f"return [...{shown}].map((cell) => cell.textContent).join(' ')")
        assert bytes.fromhex(digits) == octets[start:stop]
    heads = browser.run("return [...document.querySelectorAll('.hex th')].map((cell) => cell.textContent)")
    assert heads == ["before the gap", "in the gap", "behind the gap"]
    assert "44 bytes of a record were written" in browser.text("#extent")


def test_next_gap_finds_one_that_the_filter_hides_and_zooms_to_it(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    browser.click("#kind option[value=chains]")
    browser.click("#gap-after")
    browser.click("#gap-after")
    assert browser.text("#told") == "Extent 2: gap: torn record, 44 bytes at 0x00002fd4"
    assert browser.text("#extent h3") == "Extent 2: gap: torn record"
    browser.click("#gap-after")
    assert browser.text("#told") == "No gap behind this one."


def test_records_are_searched_by_words_fields_extents_and_status(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    for asked, count in [("accton", 2), ("pid=15483", 1), ("comm=tru", 0), ("extent=3", 56), ("offset=0x3000", 1), ("seq true", 0)]:
        browser.type("#search", asked)
        browser.wait(f"document.querySelector('#records-count').textContent === '{count} of 248 record' + 's'")
        assert len(rows(browser, "#records")) == min(count, 25)
    browser.type("#search", " ")
    browser.wait("document.querySelector('#records-count').textContent === '248 of 248 records'")
    browser.click("#status option[value=torn]")
    browser.wait("document.querySelector('#records-count').textContent === '1 of 248 records'")
    browser.click("#records tbody tr")
    assert "why" in browser.text("#record")
    browser.click("#record button")
    assert browser.text("#extent h3") == "Extent 2: gap: torn record"


def test_the_tables_and_the_map_work_by_keyboard(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    browser.type("#extents", KEYS["down"] * 3, afresh=False)
    assert browser.text("#extent h3") == "Extent 2: gap: torn record"
    browser.type("#records", KEYS["end"], afresh=False)
    assert browser.text("#record h3") == "Record at 0x00003dc0"
    browser.type("#map", "+", afresh=False)
    assert browser.text("#told") == "Shown: 0x00000f80 to 0x00002e80"
    browser.type("#map", "0", afresh=False)
    assert browser.text("#told") == "Shown: 0x00000000 to 0x00003e00"


def test_the_map_shows_chains_and_gaps_and_tells_of_what_the_pointer_is_over(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    assert "0,114,178" in browser.run(PAINTED, "#map", 300, 20, 50, 20)
    where = browser.run("const box = document.querySelector('#map').getBoundingClientRect(); return [box.left, box.top, box.width]")
    x = int(where[0] + 92 + (where[2] - 106) * 0x2FE8 / 0x3E00)
    move = {"type": "pointerMove", "x": x, "y": int(where[1] + 200)}
    pointer = {"type": "pointer", "id": "mouse", "actions": [move]}
    browser.ask("POST", "/actions", {"actions": [pointer]})
    assert "gap: torn record\n0x00002fd4 to 0x00003000, 44 bytes" in browser.text("#hover")
    pointer["actions"] = [move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
    browser.ask("POST", "/actions", {"actions": [pointer]})
    assert browser.text("#extent h3") == "Extent 2: gap: torn record"
    pointer["actions"] = [move, {"type": "pointerDown", "button": 0}, {**move, "x": x + 100}, {"type": "pointerUp", "button": 0}]
    browser.ask("POST", "/actions", {"actions": [pointer]})
    assert browser.text("#told").startswith("Shown: 0x00002f")


def test_what_would_break_out_of_a_page_stays_text(browser: Browser, tmp_path: Path) -> None:
    name = "<script>window.broken=1<|script>"
    page = page_of(with_comm(BREAKS_OUT), tmp_path, name)
    open_page(browser, page)
    browser.type("#search", BREAKS_OUT.decode().replace(" ", "\u00a0").split("\u00a0")[0])
    browser.wait("document.querySelector('#records-count').textContent === '1 of 248 records'")
    browser.click("#records tbody tr")
    assert BREAKS_OUT.decode() in browser.text("#record")
    assert browser.text("h1") == name
    assert browser.run("return [document.images.length, document.scripts.length, window.broken === undefined]") == [0, 2, True]
    assert browser.log("browser") == []


def test_a_name_that_breaks_lines_or_turns_them_round_shows_by_number_and_is_found(browser: Browser, tmp_path: Path) -> None:
    open_page(browser, page_of(with_comm("a\n\u202eb\x1b".encode()), tmp_path))
    browser.type("#search", "comm=a\\x0a\\u202eb\\x1b")
    browser.wait("document.querySelector('#records-count').textContent === '1 of 248 records'")
    (row,) = rows(browser, "#records")
    assert row[4].startswith("ac_comm=a\\x0a\\u202eb\\x1b ")
    assert browser.run("return document.querySelector('#records tbody tr[id]').offsetHeight") == 26


def test_a_page_of_a_hundred_thousand_records_does_not_freeze(browser: Browser, many: Path) -> None:
    open_page(browser, many)
    assert browser.text("#records-count") == f"{MANY:,} of {MANY:,} records"
    assert len(rows(browser, "#records")) < 60
    took = []
    for asked, count in [("pid=299", 0), ("pid=300", 4)]:
        browser.type("#search", asked)
        took.append(browser.wait(f"document.querySelector('#records-count').textContent === '{count} of 100,000 records'"))
    longest = browser.run(
        """const box = document.querySelector("#search"), begun = performance.now();
        for (box.value of ["a 1", ""]) document.querySelector("#status").dispatchEvent(new Event("change"));
        return performance.now() - begun;"""
    )
    assert max(*took, longest) < 3000
    browser.run("const box = document.querySelector('#records'); box.scrollTop = box.scrollHeight")
    last = f"0x{64 * (MANY - 1) + 30:08x}"
    browser.wait(f"document.querySelector('#records tbody').textContent.includes('{last}')")
    assert len(rows(browser, "#records")) < 60
    zoomed = browser.run(
        "const begun = performance.now(); document.querySelector('#zoom-in').click(); return performance.now() - begun"
    )
    assert zoomed < 1000


def test_what_is_printed_says_why_each_gap_is_there_and_how_much_it_leaves_out(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert len(rows(browser, "#records")) == 200
    assert "48 more rows not printed" in browser.run("return document.querySelector('#records').textContent")
    assert "44 bytes of a record were written" in browser.run("return document.querySelector('#extents').textContent")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert "44 bytes of a record were written" not in browser.run("return document.querySelector('#extents').textContent")
    assert len(rows(browser, "#records")) < 60


def test_every_control_has_a_name_and_every_part_a_heading(browser: Browser, torn: Path) -> None:
    open_page(browser, torn)
    nameless = browser.run(
        """return [...document.querySelectorAll("button, input, select, canvas[role], [tabindex]")]
        .filter((one) => !(one.getAttribute("aria-label") || (one.labels && one.labels.length) || one.textContent.trim()))
        .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert browser.run("return [...document.querySelectorAll('h1, h2')].map((head) => head.textContent)") == [
        "pacct",
        "Map",
        "Extents",
        "Records",
        "How to reproduce it",
    ]


def test_a_page_is_dark_where_the_reader_asks_for_that_and_light_on_paper(browser: Browser, torn: Path) -> None:
    browser.open(torn)
    try:
        for scheme, dark in (("dark", True), ("light", False)):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [feature]}})
            shades = browser.run("""
                const of = getComputedStyle, back = of(document.documentElement).backgroundColor, ink = of(document.body).color;
                return [back, ink].map((colour) => colour.match(/\\d+/g).reduce((sum, part) => sum + Number(part), 0));""")
            assert (shades[0] < shades[1]) is dark
            plate = "23,25,27" if dark else "255,255,255"
            browser.run("return new Promise((done) => setTimeout(() => done(0), 300))")
            assert plate in browser.run(PAINTED, "#map", 2, 2, 20, 4)
        feature["value"] = "dark"
        browser.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [feature]}})
        browser.run("dispatchEvent(new Event('beforeprint'))")
        assert "255,255,255" in browser.run(PAINTED, "#map", 2, 2, 20, 4)
        browser.run("dispatchEvent(new Event('afterprint'))")
    finally:
        browser.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": []}})


def test_on_a_narrow_screen_every_column_of_a_table_can_be_reached_and_read(browser: Browser, torn: Path) -> None:
    browser.open(torn)
    try:
        browser.ask("POST", "/window/rect", {"width": 500, "height": 900})
        wide, seen, page, screen = browser.run("""
            const box = document.querySelector("#extents"), cells = box.querySelectorAll("thead th");
            return [cells[cells.length - 1].clientWidth, box.scrollWidth > box.clientWidth,
                    document.documentElement.scrollWidth, innerWidth];""")
        assert wide > 150
        assert seen
        assert page <= screen
    finally:
        browser.ask("POST", "/window/rect", {"width": 1300, "height": 1000})
