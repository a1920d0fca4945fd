"""Claims about carving: fragments of many formats in a disk's bytes are found, and nothing else is. ACCTRECOVER_SWEEP=1: 64 MiB."""

from __future__ import annotations

import os

import pytest
from image import image
from samples import Sample, family

from acctrecover import scan

SIZE, SEEDS = (64 << 20, (5, 7)) if os.environ.get("ACCTRECOVER_SWEEP") == "1" else (2 << 20, (1, 2))


def kin(seen: dict[tuple[str, str], set[tuple[int, int]]], sample: Sample) -> set[tuple[int, int]]:
    """The places of records of a sample's format, or of one like it: a few records of CSA can be those of several ABIs."""
    alike = family(sample.format) if sample.format.startswith("csa_") else [sample.format]
    return set().union(*(seen.get((name, sample.order), set()) for name in alike))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fragment_in_a_disk_like_image_is_found_and_no_false_chain(seed: int) -> None:
    data, fragments = image(SIZE, seed)
    assert len({fragment.sample.format for fragment in fragments}) >= 10
    found = scan(data)
    seen: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for row in found.records[found.records["status"] != "torn"]:  # those at an end of a fragment have lost what was beside them
        key = str(row["format"]), str(row["byte_order"])
        seen.setdefault(key, set()).add((int(row["offset"]), int(row["offset"] + row["size"])))
    missed = [
        (fragment.sample.name, hex(fragment.start), missing)
        for fragment in fragments
        if (missing := set(fragment.records) - kin(seen, fragment.sample))
    ]
    assert missed == []
    places = [(fragment.start, fragment.stop) for fragment in fragments]
    false = [
        (chain.format, hex(chain.start), chain.records)
        for chain in found.chains
        if not any(start < chain.stop and chain.start < stop for start, stop in places)
    ]
    assert false == []
