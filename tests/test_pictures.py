"""Pictures of scans and of word counts: the same each time, whole for any input, text as text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from command import run, said
from damage import CORPORA

from acctrecover import cookie_stats, scan
from acctrecover.curve import FAR, Curve, curve
from acctrecover.palette import LOOKS

TORN = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"


def drawn(evidence: object, kind: str = "svg") -> bytes:
    pytest.importorskip("matplotlib", reason="matplotlib (extra plot) is not installed")
    from acctrecover.stream_map import write_map

    file = BytesIO()
    write_map(scan(evidence), Path(f"map.{kind}"), file)  # type: ignore[arg-type]
    return file.getvalue()


def texts(svg: bytes) -> list[str]:
    return [text for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") for text in ["".join(node.itertext())]]


def test_the_clock_of_a_short_stream_has_a_point_for_each_record() -> None:
    found = scan(TORN)
    points = curve(found)
    placed = found.records[found.records["status"] == "intact"]
    assert points.offsets.tolist() == placed["offset"].tolist()
    assert set(points.counts.tolist()) == {1}
    assert points.low[0] == 1795447697
    assert sorted(set(points.extents.tolist())) == [1, 3]


def test_the_clock_of_a_suspect_record_does_not_flatten_the_map() -> None:
    octets = bytearray((CORPORA / "linux-v3" / "pacct-v3").read_bytes())
    octets[64 * 100 + 24 : 64 * 100 + 34] = b"\xee" * 10
    found = scan(bytes(octets))
    assert found.counts == {"intact": 217, "suspect": 1, "healed": 0, "torn": 0}
    points = curve(found)
    assert points.counts.sum() == 217
    assert points.high.max() - points.low.min() == 3


def test_the_points_of_a_long_stream_are_few_and_stand_for_every_record(tmp_path: Path) -> None:
    octets = (CORPORA / "linux-v3" / "pacct-v3").read_bytes() * 60
    points = curve(scan(octets, ["acct_v3"]))
    assert points.counts.sum() == len(octets) // 64
    assert len(points.offsets) < 4200 < len(octets) // 64
    assert (points.low <= points.high).all()


def test_records_by_time_are_counted_once_each() -> None:
    points = curve(scan(TORN))
    edges = np.linspace(points.low.min() - 1, points.high.max() + 1, 8)
    assert points.by_time(edges, points.counts > 0).sum() == pytest.approx(points.counts.sum())
    spread = Curve(np.array([0]), np.array([10.0]), np.array([30.0]), np.array([8]), np.array([0]))
    assert spread.by_time(np.array([0.0, 20, 25, 40]), np.array([True])).tolist() == pytest.approx([4, 2, 2])


def test_a_few_far_clocks_do_not_flatten_the_map() -> None:
    def span(times: list[float]) -> tuple[float, float]:
        column = np.array(times)
        one = np.ones(len(times), np.int64)
        return Curve(one, column, column, one, one).span()

    near = [float(n) for n in range(1000)]
    low, high = span([*near, near[-1] * FAR * 2])
    assert (low, high) == pytest.approx((10, 990), abs=5)
    assert span([*near, 1500.0]) == (0, 1500)
    assert span([7.0] * 50) == (7, 7)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_map_is_the_same_each_time(kind: str) -> None:
    assert drawn(TORN, kind) == drawn(TORN, kind)


def test_a_map_names_the_file_the_verdict_and_each_cause_in_words() -> None:
    words = texts(drawn(TORN))
    assert str(TORN) in words
    assert "damaged: 247 records intact, 1 torn; 64 bytes in 2 gaps" in words
    assert {"torn record: 44 bytes", "foreign data: 20 bytes", "records: 15,808 bytes"} <= set(words)


def test_a_name_with_signs_of_markup_and_formulas_is_drawn_as_it_is(tmp_path: Path) -> None:
    name = tmp_path / "a$x^2$<b>&"
    name.write_bytes(TORN.read_bytes())
    assert str(name) in texts(drawn(name))


@pytest.mark.parametrize("evidence", [b"", bytes(5000), b"text, no record" * 40, TORN.read_bytes()[20:84]])
def test_an_input_with_few_or_no_records_has_a_map_too(evidence: bytes) -> None:
    assert texts(drawn(evidence))


@pytest.mark.parametrize("words", [("scan", TORN, "--map"), ("cookie-stats", TORN, "--plot")])
def test_a_picture_of_another_ending_is_refused_before_any_work(words: tuple[object, ...], tmp_path: Path) -> None:
    assert "written as .svg or .png" in said(run(*words, tmp_path / "map.gif"))


def test_without_matplotlib_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from acctrecover.errors import OutputError
    from acctrecover.plot import check_ending

    monkeypatch.setattr("acctrecover.plot.find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"acctrecover\[plot\]"):
        check_ending(Path("map.svg"))


def test_the_map_of_words_marks_the_nominated_one_and_the_cookie(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (extra plot) is not installed")
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for file in files:
        assert run("cookie-stats", TORN, "--plot", file).returncode == 0
    stats = cookie_stats(TORN)
    words = texts(files[0].read_bytes())
    assert f"nominated 0x{stats.nominee:04X}: never seen" in words
    assert "cookie 0x2B91: never seen" in words
    assert "exists; use --force" in said(run("cookie-stats", TORN, "--plot", files[0]))
    assert files[0].read_bytes() == files[1].read_bytes()


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_what_is_no_sound_record_differs_from_one_in_greyscale() -> None:
    sound = luminance(LOOKS["records"].colour)
    for key, look in LOOKS.items():
        assert key == "records" or look.lines or abs(luminance(look.colour) - sound) > 0.3, key
