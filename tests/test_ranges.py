"""Claims about work that is shared: whatever the borders and the damage, the result is that of a single walk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acctrecover import ranges
from acctrecover.asked import Asked
from acctrecover.ranges import Range, pack, steps, unpack
from acctrecover.scanning import compiled
from acctrecover.source import open_source
from acctrecover.survey import Chain
from acctrecover.walk import Key, Step, Walker

CORPORA = Path(__file__).parent.parent / "corpora"
PARTS = [(CORPORA / "linux-v3" / "pacct-v3").read_bytes(), (CORPORA / "cookie" / "le.cookie").read_bytes()]
ASKED = Asked(("acct_v3", "cookie", "utmp_384", "acct_v2"))


def known_of(path: str, borders: list[int]) -> dict[Key, Step]:
    """The steps that workers with these borders make."""
    dialects = ASKED.dialects()
    with open_source(path) as source:
        given_to = Range(path, source.size, os.stat(path).st_mtime_ns, (), ASKED, ranges.fingerprint())
        out: dict[Key, Step] = {}
        for low, high in zip(borders, [*borders[1:], source.size], strict=True):
            made = steps(Range(**{**vars(given_to), "low": low, "high": high}))
            assert isinstance(made, list), made
            out |= dict(unpack(dialects, packed) for packed in made)
        return out


def walked(path: str, known: dict[Key, Step]) -> tuple[list[Chain], int, int]:
    """The chains of a walk that may take known steps, how many it took and how many it made."""
    with open_source(path) as source:
        walker = Walker(source, ASKED.dialects(), lambda done: None)
        walker.known = known
        made: list[Key] = []
        walker.note = lambda key, step: made.append(key)
        chains = walker.walk()
        return chains, sum(key in known for key in made), len(made)


def stream(seed: int, size: int) -> bytearray:
    """Real streams with junk between them, and wounds: random bytes, bytes lost and bytes put in."""
    rng = np.random.default_rng(seed)
    data = bytearray()
    while len(data) < size:
        part = PARTS[int(rng.integers(2))]
        data += part * int(rng.integers(1, 4)) + rng.bytes(int(rng.choice([0, 0, 7, 5000, 40000])))
    for _ in range(int(rng.integers(0, 30))):
        at, length = int(rng.integers(len(data))), int(rng.choice([1, 3, 64, 512, 4096]))
        kind = rng.integers(3)
        data[at : at + (0 if kind == 1 else length)] = b"" if kind == 2 else rng.bytes(length)
    return data


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1 << 32), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_whatever_the_damage_and_the_borders_the_chains_are_those_of_a_single_walk(seed: int, places: list[float]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(stream(seed, 200_000))
        file.flush()
        size = os.stat(file.name).st_size
        known = known_of(file.name, sorted({0, *(int(place * (size - 1)) for place in places)}))
        alone, _, _ = walked(file.name, {})
        together, taken, _ = walked(file.name, known)
    assert together == alone
    assert taken  # those of the first range at least


def test_a_walk_takes_nearly_all_steps_from_workers_whose_borders_cut_records(tmp_path: Path) -> None:
    path = tmp_path / "pacct"
    rng = np.random.default_rng(7)
    data = bytearray(PARTS[0] * (3_000_000 // len(PARTS[0])))
    for at in range(50_000, len(data), 100_000):
        data[at : at + 700] = rng.bytes(700)
    path.write_bytes(data)
    alone, _, _ = walked(str(path), {})
    together, taken, made = walked(str(path), known_of(str(path), [0, 1_000_001, 2_000_003]))
    assert together == alone
    assert taken > 0.9 * made


def test_two_walks_over_junk_meet_wherever_they_began(tmp_path: Path) -> None:
    path = tmp_path / "junk"
    path.write_bytes(np.random.default_rng(8).bytes(6_000_000))
    _, taken, made = walked(str(path), known_of(str(path), [0, 1_000_001]))
    assert taken >= made - 3


def test_a_step_is_packed_as_plain_numbers_and_comes_back_the_same() -> None:
    dialects = compiled(ASKED.formats, None, ())
    with open_source(PARTS[0]) as source:
        walker = Walker(source, dialects, lambda done: None)
        seen: list[tuple[Key, Step]] = []
        walker.note = lambda key, step: seen.append((key, step))
        walker.walk()
    assert [unpack(dialects, pack(walker, key, step)) for key, step in seen] == seen


@pytest.mark.parametrize("change", [{"size": 5}, {"mtime": 5}, {"fingerprint": "other"}])
def test_a_worker_that_sees_another_file_or_other_formats_says_so(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "pacct"
    path.write_bytes(PARTS[0])
    status = path.stat()
    right = {"size": status.st_size, "mtime": status.st_mtime_ns, "fingerprint": ranges.fingerprint()}
    part = {"path": str(path), "voids": (), "asked": ASKED, "high": status.st_size, **right}
    assert isinstance(steps(Range(**part)), list)  # type: ignore[arg-type]
    assert isinstance(steps(Range(**{**part, **change})), str)  # type: ignore[arg-type]
