"""What the fuzzer runs of repairs: what is written, what its report says, and whether a check of it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from pathlib import Path
from random import Random

from acctrecover import merge, repair, scan, verify
from acctrecover.errors import AcctrecoverError
from acctrecover.ewf import is_image
from acctrecover.report_repair import merge_text, repair_text
from acctrecover.report_verify import verify_text
from acctrecover.source import open_source
from acctrecover.tallying import SEAL

from . import seeds
from .mutate import mutate
from .schemas import valid
from .targets import claim, evidence, inputs, may_refuse, options, placed, printable, target, told


def paths(folder: Path) -> dict[str, Path]:
    return {"report": folder / "report.json", "quarantine": folder / "aside"}


def verified(folder: Path, inputs: list[Path]) -> None:
    """A report is accepted with its inputs and outputs."""
    given = paths(folder)
    checked = verify(given["report"], inputs, output=folder / "out", quarantine=given["quarantine"])
    refuted = [f"{check.claim.replace(str(folder), '')}: {check.why}" for check in checked.checks if check.holds is False]
    claim(not refuted, f"a repair's report is verified: {refuted[:1]}")


@target(14, inputs)
def repair_(data: bytes, rng: Random, folder: Path) -> Hashable:
    how, given = options(rng), evidence(data, rng, folder)
    if isinstance(given, bytes) and is_image(data):  # the file with these bytes is refused, or another
        return None
    how.pop("risk", None)
    strict, stale = rng.random() < 0.4, rng.random() < 0.7
    done = repair(given, folder / "out", **how, **paths(folder), strict=strict, stale=stale)
    verified(folder, [placed(data, folder)])
    valid("repair", json.loads((folder / "report.json").read_text()))
    printable(repair_text(done, "out"))
    done._repr_html_()
    if done.format is None:
        claim((folder / "out").read_bytes() == b"", "without a record nothing is written")
        return told(done.scan)
    again = scan(folder / "out", [done.format], cookie=how.get("cookie"))
    claim(not again.gaps, "what was repaired has no gap")
    claim(sum(extent.records for extent in again.chains) == done.kept, "what was repaired has the records that were kept")
    twice = repair(folder / "out", None, [done.format], cookie=how.get("cookie"))
    claim((twice.kept, twice.left_out) == (done.kept, 0), "what was repaired is repaired as it is")
    return told(done.scan), strict, stale


@target(8, seeds.streams)
def merge_(data: bytes, rng: Random, folder: Path) -> Hashable:
    parts = [data, *(mutate(data, rng, seeds.streams()) for _ in range(rng.choice((1, 1, 2))))]
    copies = [placed(part, folder, f"in{index}") for index, part in enumerate(parts)]
    with may_refuse():
        done = merge([str(path) for path in copies], folder / "out", **paths(folder), strict=rng.random() < 0.3)
        verified(folder, copies)
        valid("repair", json.loads((folder / "report.json").read_text()))
        printable(merge_text(done, "out"))
        if done.format is not None:
            again = scan(folder / "out", [done.format])
            claim(not again.gaps, "what was merged has no gap")
            claim(sum(extent.records for extent in again.chains) == done.kept, "what was merged has the records that were kept")
        return done.format, done.kept > 0
    return None


@target(5, seeds.reports)
def verify_(data: bytes, rng: Random, folder: Path) -> Hashable:
    """A report that was changed is refused, also where it was sealed again."""
    for name, octets in zip(("in", "out", "aside"), seeds.repaired(), strict=False):
        placed(octets, folder, name)
    sealed = rng.random() < 0.8
    if sealed:
        try:
            told = json.loads(data)
            told.pop(SEAL, None)
            told[SEAL] = hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()
            data = json.dumps(told).encode() + b"\n"
        except (ValueError, AttributeError, RecursionError, TypeError):
            return None
    report = placed(data, folder, "report.json")
    try:
        done = verify(report, [folder / "in"], output=folder / "out", quarantine=folder / "aside")
    except AcctrecoverError:
        return None
    valid("verify", done.to_json())
    printable(verify_text(done))
    with open_source(report) as source:  # one that is compressed is read as what it holds
        held = source.read(0, source.size)
    claim(sealed or not done.holds or held in seeds.reports(), "a report with other bytes is refused")
    return tuple((check.claim[:30], check.holds) for check in done.checks)
