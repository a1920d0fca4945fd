"""What is looked up for many wounds in one go, or kept for the next search, is what a search of its own would have found."""

from __future__ import annotations

import random

import numpy as np
import pytest
from samples import known

from acctrecover import scan, walk
from acctrecover.barren import barren
from acctrecover.fixed import Fixed
from acctrecover.scanning import compiled
from acctrecover.sightings import BLOCK, Sightings
from acctrecover.survey import stranded

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
    assert barren(given, EVERY) == alone
    assert 0 < sum(alone) < len(alone)


def test_sightings_are_those_of_a_search_wherever_it_begins_and_ends() -> None:
    rng = random.Random(4)
    data = bytearray(rng.randbytes(BLOCK) + bytes(BLOCK // 2) + rng.randbytes(BLOCK))
    for sample in known():
        at = rng.choice((rng.randrange(len(data) - 4000), BLOCK - 500, 2 * BLOCK - 300))
        data[at : at + 1000] = sample.data[:1000]
    octets = np.frombuffer(bytes(data), np.uint8)
    sightings = Sightings(lambda start, stop: octets[start:stop])
    dialects = [dialect for dialect in EVERY if isinstance(dialect, Fixed)]
    for low, high in [
        (0, len(data)),
        (BLOCK - 300, BLOCK + 40),
        (5, 9),
        *(sorted(rng.sample(range(len(data)), 2)) for _ in range(8)),
    ]:
        for dialect in dialects:
            found = dialect.finder.everywhere(octets[low:high]) + low
            assert sightings.starts(dialect, low, high).tolist() == found.tolist()


def test_sightings_of_which_too_many_would_be_kept_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acctrecover.sightings.HELD", 0)
    octets = np.frombuffer(PACCT.data * (3 * BLOCK // len(PACCT.data) + 1), np.uint8)
    sightings = Sightings(lambda start, stop: octets[start:stop])
    dialect = PACCT.dialect
    assert isinstance(dialect, Fixed)
    for _ in range(2):
        assert sightings.starts(dialect, 64, 3 * BLOCK).tolist() == list(range(64, 3 * BLOCK - 63, 64))
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
    monkeypatch.setattr(walk, "barren", lambda stretches, dialects: looks.append(len(stretches)) or look(stretches, dialects))
    ahead = scan(bytes(data))
    assert max(looks) > 3
    assert looks.count(1) > 0
    monkeypatch.setattr(walk, "EAGER", 1)
    looks.clear()
    assert scan(bytes(data)).extents == ahead.extents
    assert max(looks) == 1
