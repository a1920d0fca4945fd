"""Claims about the cookie statistics, held against a count in plain Python."""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from command import run
from damage import CORPORA
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import cookies
from acctrecover.cookies import GIB, CookieStats, cookie_stats, swap, write_table
from acctrecover.errors import AcctrecoverError, OutputError, SourceError
from acctrecover.output import atomic_output
from acctrecover.report_stats import stats_text

DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"


def plain(parts: list[bytes], align: int, order: str) -> Counter[int]:
    seen: Counter[int] = Counter()
    for part in parts:
        for at in range(0, len(part) - 1, align):
            first, second = part[at], part[at + 1]
            seen[first + 256 * second if order == "little" else second + 256 * first] += 1
    return seen


def as_counter(stats: CookieStats) -> Counter[int]:
    return Counter({int(word): int(stats.counts[word]) for word in np.flatnonzero(stats.counts)})


def made(counts: dict[int, int], rest: int = 9) -> CookieStats:
    table = np.full(65536, rest, np.int64)
    for word, count in counts.items():
        table[word] = count
    return CookieStats(table, 2 * int(table.sum()), 2, "little", 0x2B91)


@pytest.mark.parametrize("align", [1, 2])
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("window", [2, 4, 64, 1 << 22])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 63, 64, 65, 66, 128, 129, 4097])
def test_the_counts_equal_a_plain_count(monkeypatch: pytest.MonkeyPatch, align: int, order: str, window: int, size: int) -> None:
    monkeypatch.setattr(cookies, "WINDOW", window)
    data = random.Random(size).randbytes(size)
    stats = cookie_stats(data, align=align, order=order)
    expected = plain([data], align, order)
    assert as_counter(stats) == expected
    assert (stats.words, stats.bytes) == (expected.total(), size)
    assert stats.counts.shape == (65536,)
    assert stats.counts.dtype == np.int64


@given(
    parts=st.lists(st.binary(max_size=40), max_size=4),
    align=st.sampled_from([1, 2]),
    order=st.sampled_from(["little", "big"]),
    window=st.integers(1, 6).map(lambda half: 2 * half),
)
def test_no_word_spans_two_inputs_whatever_the_window(parts: list[bytes], align: int, order: str, window: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cookies, "WINDOW", window)
        stats = cookie_stats(parts, align=align, order=order)
    assert as_counter(stats) == plain(parts, align, order)
    assert stats.bytes == sum(map(len, parts))


@pytest.mark.parametrize("processors", [1, 2, 5])
@pytest.mark.parametrize("align", [1, 2])
def test_the_counts_are_the_same_for_any_number_of_processors(monkeypatch: pytest.MonkeyPatch, align: int, processors: int) -> None:
    monkeypatch.setattr(cookies, "usable", lambda: processors)
    monkeypatch.setattr(cookies, "LARGE", 1000)
    monkeypatch.setattr(cookies, "WINDOW", 64)
    data = random.Random(2).randbytes(4099)
    assert as_counter(cookie_stats(data, align=align)) == plain([data], align, "little")


def test_an_odd_last_byte_is_not_a_word() -> None:
    stats = cookie_stats(b"\x91\x2b\x77")
    assert as_counter(stats) == {0x2B91: 1}
    assert (stats.words, stats.bytes) == (1, 3)


def test_big_order_reads_the_first_byte_as_the_high_one() -> None:
    assert as_counter(cookie_stats(b"\x2b\x91", order="big")) == {0x2B91: 1}
    assert as_counter(cookie_stats(b"\x2b\x91", order="little")) == {0x912B: 1}


def test_a_path_a_list_of_paths_and_bytes_count_alike(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(999)
    path = tmp_path / "image"
    path.write_bytes(data)
    for given_as in (path, str(path), [path], (str(path),), bytearray(data), memoryview(data)):
        assert np.array_equal(cookie_stats(given_as, align=1).counts, cookie_stats(data, align=1).counts)


def test_progress_is_told_the_bytes_of_each_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookies, "WINDOW", 4)
    seen: list[int] = []
    cookie_stats([b"123456", b"", b"12345"], progress=seen.append)
    assert seen == [4, 2, 4, 1]


def test_a_missing_file_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        cookie_stats(tmp_path / "none")


@pytest.mark.parametrize("wrong", [{"align": 4}, {"order": "pdp"}, {"cookie": 0}, {"cookie": 65536}])
def test_a_wrong_option_is_refused(wrong: dict[str, int | str]) -> None:
    with pytest.raises(AcctrecoverError):
        cookie_stats(b"", **wrong)  # type: ignore[arg-type]


def test_the_rarest_are_in_order_of_count_then_value_and_never_zero() -> None:
    stats = made({0: 0, 7: 2, 5: 2, 9: 1})
    assert stats.rarest(4) == [(9, 1), (5, 2), (7, 2), (1, 9)]
    assert len(stats.rarest(70000)) == 65535
    assert stats.rarest(0) == []


def test_a_rank_counts_only_words_strictly_rarer() -> None:
    stats = made({0: 0, 7: 2, 5: 2, 9: 1})
    assert [stats.rank(word) for word in (9, 5, 7, 1)] == [1, 2, 2, 4]


def test_of_equally_rare_words_one_of_differing_bytes_is_nominated() -> None:
    assert made({0x1111: 1, 0x9A12: 1}).nominee == 0x9A12


def test_of_equally_rare_words_the_one_whose_swap_is_rarer_is_nominated() -> None:
    assert made({0x1234: 1, 0x5678: 1, 0x7856: 3}).nominee == 0x5678


def test_of_words_equal_in_all_the_smallest_is_nominated() -> None:
    assert made({0x5678: 1, 0x1234: 1}).nominee == 0x1234
    assert made({0: 0}).nominee == 1


def test_false_finds_are_the_rate_times_a_gibibyte() -> None:
    stats = made({0x2B91: 3})
    assert stats.false_per_gib(0x2B91) == pytest.approx(3 / stats.words * GIB)


def test_a_word_never_seen_is_bounded_by_the_rule_of_three() -> None:
    stats = made({0x2B91: 0})
    assert stats.false_per_gib(0x2B91) == 0
    assert stats.false_per_gib_bound(0x2B91) == pytest.approx(3 / stats.words * GIB)


@pytest.mark.parametrize(("count", "most"), [(1, 4.744), (2, 6.296), (10, 16.962), (100, 118.08)])
def test_a_word_that_was_seen_is_bounded_as_a_poisson_count(count: int, most: float) -> None:
    stats = made({0x2B91: count})
    assert stats.false_per_gib_bound(0x2B91) == pytest.approx(most / stats.words * GIB, rel=5e-3)


def test_no_rate_is_above_one_a_byte() -> None:
    assert cookie_stats(b"\x91\x2b").false_per_gib_bound(0x2B91) == GIB


def test_of_words_equally_rare_one_of_the_rarest_bytes_is_nominated() -> None:
    data = random.Random(4).choices(range(256), [1 if byte in (0x3C, 0xA7) else 20 for byte in range(256)], k=20000)
    stats = cookie_stats(bytes(data))
    assert stats.counts[stats.nominee] == 0
    assert {stats.nominee >> 8, stats.nominee & 0xFF} == {0x3C, 0xA7}


def test_statistics_add_up(tmp_path: Path) -> None:
    parts = [random.Random(seed).randbytes(size) for seed, size in ((1, 999), (2, 0), (3, 4096))]
    whole = cookie_stats(parts, align=1, cookie=7)
    total = sum((cookie_stats(part, align=1, cookie=7) for part in parts), cookie_stats([], align=1, cookie=7))
    assert np.array_equal(total.counts, whole.counts)
    assert (total.bytes, total.inputs, total.cookie) == (whole.bytes, whole.inputs, whole.cookie) == (5095, 3, 7)
    assert total.to_json(9) == whole.to_json(9)


@pytest.mark.parametrize("align", [1, 2])
@pytest.mark.parametrize("order", ["little", "big"])
def test_real_files_are_counted_as_struct_reads_them(align: int, order: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(DAMAGED.read_bytes()[:-1])
    expected: Counter[int] = Counter()
    for path in (odd, Path(cookies.__file__), DAMAGED):
        data = path.read_bytes()
        for skip in range(3 - align):
            expected.update(
                word for (word,) in struct.iter_unpack("<H" if order == "little" else ">H", data[skip:][: (len(data) - skip) & -2])
            )
    table = tmp_path / "t.csv"
    done = run(
        "cookie-stats", odd, cookies.__file__, DAMAGED, "--align", align, "--order", order, "--table", table, "--json", "--top", 99
    )
    assert done.returncode == 0
    counts = [int(line.split(",")[1]) for line in table.read_text().splitlines()[1:]]
    assert Counter({word: count for word, count in enumerate(counts) if count}) == expected
    out = json.loads(done.stdout)
    assert (out["inputs"], out["words"]) == (3, expected.total())
    ranking = sorted(range(1, 65536), key=lambda word: (expected[word], word))
    assert [int(row["word"], 16) for row in out["rarest"]] == ranking[:99]
    assert expected[int(out["nominee"]["word"], 16)] == expected[ranking[0]]
    assert out["nominee"]["ties"] == 65535 - len([word for word in expected if word])


def lines(stats: CookieStats, top: int = 10) -> list[str]:
    return list(stats_text(stats, top))


@given(st.binary(max_size=64), st.sampled_from([1, 2]), st.integers(1, 65535))
def test_the_word_of_zeros_is_never_listed_or_nominated(data: bytes, align: int, top: int) -> None:
    stats = cookie_stats(data, align=align)
    assert 0 not in [word for word, _ in stats.rarest(top)]
    assert stats.nominee != 0
    assert not any("0x0000" in line for line in lines(stats, min(top, 50)))


def test_words_that_tie_at_zero_are_counted_rather_than_picked_from() -> None:
    text = lines(cookie_stats(b"\x91\x2b\x92\x2b" * 9))
    assert [line.split()[:2] for line in text if "too many to list" in line] == [["65,533", "words"]]
    assert not any(line.startswith("0x") for line in text[: text.index("", 3)])
    assert "65,533 words were never seen: only more bytes can rank them" in text


def test_all_words_that_tie_are_listed_where_they_fit() -> None:
    text = lines(made({0x1234: 0, 0x5678: 0, 0x2B91: 7}), 4)
    assert [line.split()[0] for line in text[3:6]] == ["0x1234", "0x5678", "0x2B91"]
    assert text[7] == "... and 65,531 more words seen 9 times"
    assert "2 words were never seen: only more bytes can rank them" in text


def test_the_nomination_says_what_speaks_for_it() -> None:
    assert lines(made({0x5678: 1, 0x7856: 2}))[-1].startswith("nominate 0x5678: seen once in ")
    assert lines(made({0x5678: 1, 0x7856: 2}))[-1].endswith(" words, its swap 0x7856 seen 2 times")
    assert lines(made({0x5678: 0, 0x1234: 0}))[-1].endswith("of 2 words as rare, the one of the rarest swap and bytes")


def test_the_cookie_is_said_to_be_among_those_never_seen() -> None:
    assert any("the cookie 0x2B91 among them" in line for line in lines(cookie_stats(b"ab")))
    assert not any("among them" in line for line in lines(cookie_stats(b"\x91\x2bab")))


def test_nothing_counted_nominates_nothing() -> None:
    assert lines(cookie_stats(b"x")) == ["0 words at even offsets of 1 byte, little-endian", "nothing to rank or nominate"]


def test_the_json_names_words_as_they_are_written() -> None:
    out = json.loads(json.dumps(cookie_stats(b"\x91\x2b" * 3 + b"\x2b\x91").to_json(2)))
    assert (out["kind"], out["bytes"], out["words"], out["align"], out["order"]) == ("cookie-stats", 8, 4, 2, "little")
    assert (out["cookie"]["word"], out["cookie"]["count"], out["cookie"]["rank"]) == ("0x2B91", 3, 65535)
    assert (out["swapped"]["word"], out["swapped"]["count"]) == ("0x912B", 1)
    assert out["cookie"]["false_per_gib"] == 0.75 * GIB
    assert [row["word"] for row in out["rarest"]] == ["0x0001", "0x0002"]
    assert out["nominee"]["word"] == "0x0001"


def test_swapping_twice_changes_nothing() -> None:
    assert swap(0x2B91) == 0x912B
    assert swap(swap(0x00FF)) == 0x00FF


def test_no_input_gives_json_without_nan() -> None:
    json.dumps(cookie_stats(b"").to_json(2), allow_nan=False)


def table(stats: CookieStats, path: Path, *, force: bool = False) -> None:
    with atomic_output(path, force=force) as file:
        write_table(stats, path, file)


def test_a_table_and_a_picture_are_both_written_or_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from typer.testing import CliRunner

    from acctrecover import cookie_map
    from acctrecover.cli import app

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    words = ["cookie-stats", str(CORPORA / "linux-v3" / "pacct-v3"), "--table", f"{tmp_path}/t.csv", "--plot", f"{tmp_path}/p.svg"]
    with monkeypatch.context() as patched:
        patched.setattr(cookie_map, "write_cookie_map", full)
        assert CliRunner().invoke(app, words).exit_code
    assert not list(tmp_path.iterdir())
    assert CliRunner().invoke(app, words).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.svg", "t.csv"]


def test_a_npy_table_loads_as_the_counts(tmp_path: Path) -> None:
    stats = cookie_stats(random.Random(2).randbytes(500))
    table(stats, tmp_path / "t.npy")
    assert np.array_equal(np.load(tmp_path / "t.npy"), stats.counts)


def test_a_csv_table_has_a_row_for_every_word(tmp_path: Path) -> None:
    table(cookie_stats(b"\x91\x2b"), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == "word,count"
    assert len(lines) == 65537
    assert lines[1 + 0x2B91] == "0x2B91,1"
    assert lines[1] == "0x0000,0"


def test_a_table_of_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.npy or \.csv"):
        table(cookie_stats(b""), tmp_path / "t.txt")
    assert not list(tmp_path.iterdir())


def test_a_table_replaces_a_file_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists; use --force"):
        table(cookie_stats(b""), path)
    assert path.read_text() == "mine"
    table(cookie_stats(b""), path, force=True)
    assert path.read_text().startswith("word,count")
