"""Claims about the cookie statistics, held against a count in plain Python."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acctrecover import cookies
from acctrecover.cookies import GIB, CookieStats, cookie_stats, swap, write_table
from acctrecover.errors import AcctrecoverError, OutputError, SourceError


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


def test_a_npy_table_loads_as_the_counts(tmp_path: Path) -> None:
    stats = cookie_stats(random.Random(2).randbytes(500))
    write_table(stats, tmp_path / "t.npy")
    assert np.array_equal(np.load(tmp_path / "t.npy"), stats.counts)


def test_a_csv_table_has_a_row_for_every_word(tmp_path: Path) -> None:
    write_table(cookie_stats(b"\x91\x2b"), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == "word,count"
    assert len(lines) == 65537
    assert lines[1 + 0x2B91] == "0x2B91,1"
    assert lines[1] == "0x0000,0"


def test_a_table_of_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.npy or \.csv"):
        write_table(cookie_stats(b""), tmp_path / "t.txt")
    assert not list(tmp_path.iterdir())


def test_a_table_replaces_a_file_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists; use --force"):
        write_table(cookie_stats(b""), path)
    assert path.read_text() == "mine"
    write_table(cookie_stats(b""), path, force=True)
    assert path.read_text().startswith("word,count")
