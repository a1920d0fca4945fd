"""What is looked up for many wounds in one go, or kept for the next search, is what a search of its own would have found."""

from __future__ import annotations

import random

import numpy as np
import pytest
from samples import known

from acctrecover import scan, walk
from acctrecover.barren import barren
from acctrecover.fixed import Fixed
from acctrecover.kernel import library
from acctrecover.scanning import compiled
from acctrecover.seeker import Seeker
from acctrecover.sightings import BLOCK, SHARE, Sightings
from acctrecover.survey import RISK, Survey, stranded, survey

EVERY = compiled((), None, ())
PACCT = next(sample for sample in known() if sample.name == "gnu-acct-converted/pacct-v3.le")


def stretches(seed: int) -> list[tuple[int, np.ndarray]]:
    """Bytes such as stand between chains: random, empty, of text, and with a few records of every sample, whole or cut."""
    rng = random.Random(seed)
    out = []
    for sample in known():
        start, stop = sample.places[0][0], sum(sample.places[min(rng.randrange(4), len(sample.places) - 1)])
        records = sample.data[start:stop][rng.choice((0, 0, 3)) :]
        made = rng.choice((b"", rng.randbytes(rng.randrange(400)))) + records + rng.choice((b"", rng.randbytes(64)))
        out += [
            (rng.randrange(1 << 30), made),
            (rng.randrange(1 << 30), rng.choice((rng.randbytes, bytes))(rng.randrange(1, 5000))),
        ]
    return [(low, np.frombuffer(made, np.uint8)) for low, made in out]


@pytest.mark.parametrize("seed", range(3))
def test_a_stretch_is_barren_where_a_search_of_it_alone_finds_nothing(seed: int) -> None:
    given = stretches(seed)
    alone = [not stranded(octets, low, len(octets), {low, low + len(octets)}, EVERY) for low, octets in given]
    assert barren(given, Seeker(EVERY)) == alone
    assert 0 < sum(alone) < len(alone)


def disk() -> np.ndarray:
    """Random and NUL bytes, text, and records of every sample, also across the borders of blocks."""
    rng = random.Random(4)
    data = bytearray(rng.randbytes(BLOCK) + bytes(BLOCK // 2) + b"some lines of text\n" * 5000 + rng.randbytes(BLOCK))
    for sample in known():
        at = rng.choice((rng.randrange(len(data) - 4000), BLOCK - 500, 2 * BLOCK - 300))
        data[at : at + 1000] = sample.data[:1000]
    return np.frombuffer(bytes(data), np.uint8)


def windows(octets: np.ndarray) -> list[tuple[int, int]]:
    """Where searches begin and end: long and short, at the borders of blocks, and where just one record of a weak format stands."""
    rng = random.Random(5)
    drawn = [tuple(sorted(rng.sample(range(len(octets)), 2))) for _ in range(8)]
    lone = Seeker(EVERY).everywhere(octets, len(octets))
    weak = [int(found.starts[len(found.starts) // 2]) for number, found in lone.items() if isinstance(EVERY[number], Fixed)]
    long = BLOCK // SHARE
    return [
        (0, len(octets)),
        (BLOCK - 300, BLOCK + 40),
        (5, 9),
        (9, 9),
        *drawn,
        *((at, at + long) for at in weak[:6]),
        *ends(octets, weak[6:]),
    ]


def ends(octets: np.ndarray, starts: list[int]) -> list[tuple[int, int]]:
    """Windows at whose end a record of some weak format stands whole."""
    return [(max(0, at + size - BLOCK // SHARE), at + size) for at in starts for size in (32, 40, 48, 64)]


def test_a_search_of_whole_blocks_finds_what_one_of_each_format_in_just_these_bytes_finds() -> None:
    octets = disk()
    sightings = Sightings(lambda start, stop: octets[start:stop], EVERY, RISK)
    for low, high in windows(octets):
        for dialects in (EVERY, EVERY[::3], EVERY[:2]):
            kept = survey(octets[low:high], low, dialects, sightings=sightings)
            alone = survey(octets[low:high], low, dialects)
            assert kept.found.tobytes() == alone.found.tobytes(), (low, high)
            # what a header peeks at may stand behind the window
            inside = {(kind, at) for kind, at in kept.heads ^ alone.heads if at + EVERY[kind].finder.shape.size <= high}
            assert not inside


def test_records_that_nobody_would_believe_alone_are_not_kept_of_whole_blocks() -> None:
    octets = disk()
    sightings = Sightings(lambda start, stop: octets[start:stop], EVERY, RISK)
    counts = [
        sum(len(found.starts) for found in seeker.everywhere(octets[:BLOCK], BLOCK).values())
        for seeker in (sightings.all, sightings.likely)
    ]
    assert counts[1] < (counts[0] if library() is not None else counts[0] + 1)


def test_what_was_found_of_too_many_blocks_to_be_kept_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acctrecover.sightings.HELD", 0)
    octets = np.frombuffer(PACCT.data * (3 * BLOCK // len(PACCT.data) + 1), np.uint8)
    sightings = Sightings(lambda start, stop: octets[start:stop], EVERY, RISK)
    for _ in range(2):
        found = dict(sightings.found(EVERY, octets[64 : 3 * BLOCK], 64, RISK))[EVERY.index(PACCT.dialect)]
        assert found.starts.tolist() == list(range(0, 3 * BLOCK - 127, 64))
        assert len(sightings.kept) == 1


@pytest.mark.parametrize("seed", range(2))
def test_a_walk_that_goes_ahead_over_wounds_finds_what_one_that_does_not_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    data = bytearray((PACCT.data * (4_000_000 // len(PACCT.data)))[: 60_000 * 64])
    others = [sample for sample in known() if len(sample.data) > 2000 and sample.format != "acct_v3"]
    for at in sorted(rng.sample(range(1, 900), 60)):
        data[at * 4096 : at * 4096 + 4096] = rng.randbytes(4096)
        if rng.random() < 0.2:  # one that another format explains
            data[at * 4096 + 100 : at * 4096 + 1900] = rng.choice(others).data[:1800]
    looks = []
    look = walk.barren
    monkeypatch.setattr(walk, "barren", lambda stretches, seeker: looks.append(len(stretches)) or look(stretches, seeker))
    ahead = scan(bytes(data))
    assert max(looks) > 3
    assert looks.count(1) > 0
    monkeypatch.setattr(walk, "EAGER", 1)
    looks.clear()
    assert scan(bytes(data)).extents == ahead.extents
    assert max(looks) == 1


@pytest.mark.parametrize("name", ["gnu-acct-converted/pacct-v3.le", "cookie/le.cookie"])
def test_where_a_stream_goes_on_is_told_by_its_first_records_as_by_all_that_are_near(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = next(sample for sample in known() if sample.name.startswith(name))
    rng = random.Random(7)
    data = bytearray((sample.data * (400_000 // len(sample.data) + 1))[:400_000])
    for at in range(9_000, len(data) - 9_000, 20_000):
        data[at : at + rng.choice((1, 30, 512, 3000))] = rng.randbytes(rng.choice((1, 2, 512, 3000)))
    weighed = []
    chains = Survey.chains
    monkeypatch.setattr(
        Survey, "chains", lambda self, *args, **kinds: weighed.append(len(self.found)) or chains(self, *args, **kinds)
    )
    first, few = scan(bytes(data)).extents, sum(weighed)
    weighed.clear()
    monkeypatch.setattr("acctrecover.survey.LINKED", 1 << 20)
    assert scan(bytes(data)).extents == first
    assert few < 0.7 * sum(weighed)
