"""Claims about what is printed for other programs: it is as the schemas say that ship with the package, key for key."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import run
from corpus import NAMES, placed
from damage import CORPORA
from evaluate.cases import PARTIAL, WHOLESALE, Case, deal
from fuzz.schemas import FOLDER, SCHEMAS, valid, validator
from jsonschema import Draft202012Validator

from acctrecover import cookie_stats, damage, explain, merge, repair, scan
from acctrecover.export import rows
from acctrecover.joined import open_joined
from acctrecover.registry import load_formats
from acctrecover.report import scan_objects
from acctrecover.scanning import compiled
from acctrecover.signs import signs
from acctrecover.table import detail, summary
from acctrecover.verifying import verify
from acctrecover.wounds import KINDS

DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()


def closed(schema: Any) -> Iterator[bool]:
    """Of each object with named keys whether it is told which others there may be."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield "additionalProperties" in schema
        for part in schema.values():
            yield from closed(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from closed(part)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_leaves_no_key_open(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert all(closed(SCHEMAS[name]))
    if name not in ("extent", "record"):
        assert SCHEMAS[name]["title"].startswith(f"acctrecover/{name}/1: ")
        assert f'"const": "acctrecover/{name}/1"' in (FOLDER / f"{name}.json").read_text()


def test_a_key_that_no_schema_has_is_refused() -> None:
    (source, *_) = scan_objects(scan(V3))
    assert not validator("scan").is_valid({**source, "mood": "good"})
    assert not validator("scan").is_valid({**source, "schema": "acctrecover/scan/2"})


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_scanned_and_repaired_as_the_schemas_say(tmp_path: Path, name: str) -> None:
    path = placed(tmp_path, name)
    found = scan(path)
    valid("scan", *scan_objects(found))
    told = list(rows(found))
    valid("record", *told[:: len(told) // 100 + 1], *(row for row in told if row["status"] != "intact"))
    done = repair(path, tmp_path / "out", report=tmp_path / "report")
    valid("repair", done.to_json(), json.loads((tmp_path / "report").read_text()))
    valid("verify", verify(tmp_path / "report").to_json())
    valid("explain", explain(path, found.size // 2).to_json(), explain(path, found.extents[0].stop - 1).to_json())


@pytest.mark.parametrize("kind", [*PARTIAL, *WHOLESALE, "mixed"])
def test_every_kind_of_damage_is_told_as_the_schemas_say(kind: str) -> None:
    for stream in ("cookie", "v3"):
        data = deal(Case(stream, kind, 1 if kind in WHOLESALE else 2, 31)).damaged.data
        found = scan(data)
        valid("scan", *scan_objects(found))
        valid("repair", repair(data, None).to_json())


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_of_every_kind_is_as_the_schema_says(kind: str) -> None:
    valid("damage", damage(V3, [kind], 3, stale=V3[::-1], other=V3[640:]).to_json())


def test_other_inputs_are_told_as_the_schemas_say() -> None:
    for data in (b"", bytes(5000), b"LPKSHHRH" + bytes(300), b"\xd4\xc3\xb2\xa1" + bytes(300), V3[:-7], V3 + b"x" * 99):
        valid("scan", *scan_objects(scan(data)))
        valid("repair", repair(data, None).to_json())


def test_compressed_broken_and_joined_inputs_are_told_as_the_schemas_say(tmp_path: Path) -> None:
    whole, cut, bare = tmp_path / "a.gz", tmp_path / "b.gz", tmp_path / "c"
    whole.write_bytes(gzip.compress(V3[:5000]))
    cut.write_bytes(gzip.compress(V3[5000:])[:-200])
    bare.write_bytes(V3)
    for path in (whole, cut):
        valid("scan", *scan_objects(scan(path)))
        valid("repair", repair(path, None).to_json())
        valid("cookie-stats", cookie_stats(path).to_json(3))
    with open_joined([whole, cut, bare]) as source:
        found = scan(source)
        told = list(scan_objects(found))
        valid("repair", repair(source, None).to_json())
    valid("scan", *told)
    kinds = [each["kind"] for each in told]
    assert kinds[:4] == ["joined", "part", "part", "part"]
    assert kinds.count("break") == 1
    assert all("in" in each for each in told if each["kind"] in ("chain", "gap"))
    valid("repair", merge([whole, bare], None).to_json())
    lines = run("scan", "--json", "--joined", whole, cut, "--start", "1Ki", "--length", 9000).stdout.splitlines()
    valid("scan", *map(json.loads, lines))


def test_a_merge_is_told_as_the_schema_says() -> None:
    first, second = damage(V3, ["zero-block-512", "delete"], 1).data, damage(V3, ["ff-block", "header-flip"], 2).data
    done = merge([first, second, first], None)
    assert done.lost or done.conflicts or done.aside
    valid("repair", done.to_json(), merge([b"", b"x"], None).to_json())


def test_every_format_is_listed_as_the_schema_says() -> None:
    for dialect in compiled((), None, ()):
        valid("formats", summary(dialect), detail(dialect))
    assert len(load_formats()) > 20


def test_what_the_commands_print_is_as_the_schemas_say(tmp_path: Path) -> None:
    outputs = ("-o", tmp_path / "o", "--report", tmp_path / "report", "--truth", tmp_path / "truth")
    lines = {
        "scan": run("scan", "--json", DAMAGED, DAMAGED).stdout,
        "repair": run("repair", "--json", DAMAGED, *outputs[:4]).stdout,
        "verify": run("verify", "--json", tmp_path / "report").stdout,
        "cookie-stats": run("cookie-stats", "--json", DAMAGED, "--top", 99).stdout,
        "formats": run("formats", "--json").stdout + run("formats", "acct_v3", "cookie", "--json").stdout,
        "explain": run("explain", "--json", f"{DAMAGED}@0x2fd4").stdout,
    }
    for name, text in lines.items():
        assert text
        valid(name, *map(json.loads, text.splitlines()))
    assert run("damage", DAMAGED, "-o", tmp_path / "d", "-k", "bit-flip", *outputs[4:]).returncode == 0
    valid("damage", json.loads((tmp_path / "truth").read_text()))
    assert set(lines) | {"damage", "extent", "record"} == set(SCHEMAS)


def test_signs_and_what_several_inputs_have_to_do_with_each_other_are_told_as_the_schema_says() -> None:
    busy = CORPORA / "linux-v3" / "pacct-busy"
    data = busy.read_bytes()
    cut = scan(data[: 64 * 2000] + data[64 * 2060 :])
    odd = signs(cut)
    assert odd
    valid("scan", *scan_objects(cut, odd))
    lines = run("scan", "--json", *(CORPORA / "linux-netlink").glob("*"))
    valid("scan", *map(json.loads, lines.stdout.splitlines()))
