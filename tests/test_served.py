"""Claims about inputs that a library serves: what is behind a URL, read by ranges, and the medium of an EWF image."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest
from command import run, said
from damage import CORPORA
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import cookie_stats, repair, scan, served, verify
from acctrecover.errors import SourceError
from acctrecover.report import scan_objects
from acctrecover.report_source import source_text
from acctrecover.served import PlaceError, Served
from acctrecover.source import open_source

V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
IMAGE = CORPORA / "ewf" / "pacct-v3.E01"
TORN = (CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct").read_bytes()


def told(evidence: Any) -> list[dict[str, Any]]:
    """What a scan finds, whatever the input is called."""
    return [{key: value for key, value in each.items() if key != "path"} for each in scan_objects(scan(evidence))]


class Server(ThreadingHTTPServer):
    """Serves `files` by path, by ranges where it `ranges`; `asked` are the ranges, or () for all of a file."""

    daemon_threads = True
    ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[int, ...]] = []

    def url(self, name: str, content: bytes) -> str:
        self.files[f"/{name}"] = content
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        part = content
        asked: tuple[int, ...] = ()
        if span is not None and self.server.ranges:
            start, stop = int(span[1]), min(int(span[2]) + 1, len(content))
            part, asked = content[start:stop], (start, stop)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        else:
            self.send_response(200)
        if body:
            self.server.asked.append(asked)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if body:
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.parametrize("ranges", [True, False])
def test_what_a_server_has_is_scanned_as_the_file_is(server: Server, ranges: bool) -> None:
    server.ranges = ranges
    assert told(server.url("pacct", TORN)) == told(TORN)
    assert (() in server.asked) == (not ranges)


def test_of_a_large_object_no_more_is_asked_for_than_the_window_and_its_blocks(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "BLOCK", 1 << 16)
    url = server.url("image", bytes(3 << 20) + V3 + bytes(3 << 20))
    with open_source(url) as source:
        source.limit(3 << 20, (3 << 20) + len(V3))
        assert scan(source).counts["intact"] == 218
    asked = [span for span in server.asked if span]
    assert () not in server.asked
    assert max(stop - start for start, stop in asked) <= 1 << 16
    assert sum(stop - start for start, stop in asked) <= 4 << 16


def test_what_a_server_has_is_repaired_verified_and_counted_with_files(server: Server, tmp_path: Path) -> None:
    url, out, report = server.url("pacct", TORN), tmp_path / "out", tmp_path / "report.json"
    repair(url, out, report=report)
    assert scan(out).counts["intact"] == 247
    assert verify(report).holds
    assert (cookie_stats([url, TORN]).counts == 2 * cookie_stats(TORN).counts).all()


def test_a_compressed_object_is_unpacked_and_one_in_memory_repaired(tmp_path: Path) -> None:
    import gzip

    with fsspec.open("memory://log/pacct.gz", "wb") as file:
        file.write(gzip.compress(V3))
    try:
        assert scan("memory://log/pacct.gz").counts["intact"] == 218
        assert cookie_stats("memory://log/pacct.gz").bytes == len(V3)
        repair("memory://log/pacct.gz", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == V3
    finally:
        fsspec.filesystem("memory").rm("/log", recursive=True)


def test_the_file_behind_a_url_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pacct.csv"
    path.write_bytes(V3)
    done = run("scan", f"file://{path}", "--records", path, "--force")
    assert "is the input, which is never written to" in said(done)
    assert path.read_bytes() == V3


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("memory://none", "no such file"),
        ("nothing://there", "nothing"),
        ("http://127.0.0.1:1/pacct", "connect"),
        ("file:///proc", "is a directory"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(url: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        open_source(url)
    assert str(caught.value).startswith(f"{url}: ")
    assert "\n" not in str(caught.value)


def test_an_object_that_goes_while_it_is_read_is_said_in_one_line(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "BLOCK", 4096)
    with open_source(server.url("pacct", V3)) as source:
        del server.files["/pacct"]
        with pytest.raises(SourceError, match="404"):
            source.read(8192, 8256)


@pytest.mark.parametrize(("name", "extra"), [("fsspec", "remote"), ("pyewf", "ewf")])
def test_a_library_that_is_not_there_is_named_by_its_extra(monkeypatch: pytest.MonkeyPatch, name: str, extra: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SourceError, match=re.escape(f"pip install 'acctrecover[{extra}]'")):
        open_source("memory://x" if extra == "remote" else IMAGE)


def test_a_file_with_the_name_of_a_url_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    (tmp_path / "s3:" / "pacct").write_bytes(V3)
    assert scan("s3://pacct").counts["intact"] == 218


PLACES = st.tuples(st.integers(0, 320), st.integers(0, 320))


@given(st.binary(max_size=300), st.lists(PLACES, max_size=6), st.sets(st.integers(0, 20)))
def test_slices_are_those_of_the_bytes_and_what_fails_is_nul_bytes_and_told(
    data: bytes, asked: list[tuple[int, int]], bad: set[int]
) -> None:
    def serve(start: int, stop: int) -> bytes:
        if any(start < 16 * (n + 1) and 16 * n < stop for n in bad):
            raise PlaceError
        return data[start:stop]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "BLOCK", 64)
        patch.setattr(served, "KEPT", 2)
        made = Served(serve, len(data), 16)
        sound = bytes(0 if at // 16 in bad else octet for at, octet in enumerate(data))
        for start, stop in [*asked, (0, len(data))]:
            assert made[start:stop] == sound[start:stop]
    assert {start // 16 for start, _ in made.unread} == {n for n in bad if 16 * n < len(data)}


def test_the_medium_of_an_image_is_scanned_and_its_digest_checked(tmp_path: Path) -> None:
    found = scan(IMAGE)
    assert (found.size, found.counts["intact"]) == (13824, 216)
    assert found.sha256 == hashlib.sha256(V3[:13824]).hexdigest()
    assert next(scan_objects(found))["image"] == {
        "by": "EWF",
        "files": 1,
        "md5": hashlib.md5(V3[:13824]).hexdigest(),
        "md5_holds": True,
    }
    assert "of the medium is the one it holds" in "\n".join(source_text(found))
    repair(IMAGE, tmp_path / "out", report=tmp_path / "report.json")
    assert (tmp_path / "out").read_bytes() == V3[:13824]
    assert verify(tmp_path / "report.json").holds


def test_a_changed_image_holds_another_digest(tmp_path: Path) -> None:
    octets = bytearray(IMAGE.read_bytes())
    at = octets.index(b"sectors") + 200
    octets[at] ^= 0xFF
    (tmp_path / "x.E01").write_bytes(octets)
    assert "it holds another MD5" in "\n".join(source_text(scan(tmp_path / "x.E01")))


def test_a_file_that_only_begins_as_an_image_is_said_and_can_be_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "short.E01"
    path.write_bytes(IMAGE.read_bytes()[:200])
    with pytest.raises(SourceError, match="is an EWF image that libewf cannot open"):
        open_source(path)
    with open_source(path, most=0) as source:
        assert (source.size, source.image) == (200, None)


def test_an_image_without_a_medium_is_no_empty_input(tmp_path: Path) -> None:
    octets = IMAGE.read_bytes()
    (tmp_path / "x.E01").write_bytes(octets[:20] + b"\xff" * 60 + octets[80:])
    with pytest.raises(SourceError, match="libewf finds no medium; --most 0"):
        open_source(tmp_path / "x.E01")


@pytest.mark.skipif(shutil.which("ewfacquirestream") is None, reason="ewf-tools is not installed")
def test_a_part_of_an_image_that_is_not_there_is_a_read_error(tmp_path: Path) -> None:
    data = V3[:13824] * 240
    command = ["ewfacquirestream", "-t", str(tmp_path / "image"), "-c", "none", "-S", str(1 << 20)]
    subprocess.run(command, input=data, capture_output=True, check=True)
    assert scan(tmp_path / "image.E01", ["acct_v3"]).sha256 == hashlib.sha256(data).hexdigest()
    (tmp_path / "image.E03").unlink()
    found = scan(tmp_path / "image.E01", ["acct_v3"])
    gaps = [extent for extent in found.extents if extent.cause == "read error"]
    assert [gap.stop for gap in gaps] == [len(data)]
    assert 1 << 20 < found.size - gaps[0].size < len(data)
