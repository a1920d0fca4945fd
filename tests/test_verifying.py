"""Claims about reports: each is enough to make the output of the evidence once more, and any change of one is noticed."""

from __future__ import annotations

import ast
import base64
import binascii
import gzip
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import run, said
from corpus import NAMES, placed, sample
from damage import CORPORA
from evaluate.cases import PARTIAL, WHOLESALE, Case, deal
from fuzz.engine import CORPUS
from test_elf import core_file, headers

from acctrecover import damage, merge, repair, replaying, tallying
from acctrecover.provenance import sealed, written
from acctrecover.registry import folder
from acctrecover.verifying import verify
from acctrecover.window import looked_at

DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
COOKIE = (CORPORA / "cookie" / "le.cookie").read_bytes()


def repaired(folder: Path, data: bytes, **how: Any) -> dict[str, Any]:
    """The report of a repair of these bytes, which are in a file `in`; `out`, `aside` and `report` lie beside it."""
    (folder / "in").write_bytes(data)
    repair(folder / "in", folder / "out", report=folder / "report", quarantine=folder / "aside", force=True, **how)
    told: dict[str, Any] = json.loads((folder / "report").read_text())
    return told


def merged(folder: Path, copies: list[bytes], **how: Any) -> None:
    """The same of several copies, `in0` and so on."""
    paths = [folder / f"in{n}" for n in range(len(copies))]
    for path, data in zip(paths, copies, strict=True):
        path.write_bytes(data)
    merge(paths, folder / "out", report=folder / "report", quarantine=folder / "aside", force=True, **how)


def refuted(folder: Path) -> list[str]:
    return [f"{check.claim}: {check.why}" for check in verify(folder / "report").checks if check.holds is False]


def holed(data: bytes, seed: int, kinds: tuple[str, ...]) -> bytes:
    return damage(data, kinds, seed, stale=V3, other=V3).data


@pytest.mark.parametrize("name", NAMES)
def test_the_report_of_every_sample_holds(tmp_path: Path, name: str) -> None:
    path = placed(tmp_path, name)
    repair(path, tmp_path / "out", report=tmp_path / "report", quarantine=tmp_path / "aside")
    assert refuted(tmp_path) == []
    checks = {check.claim: check.holds for check in verify(tmp_path / "report").checks}
    assert set(checks.values()) == {True}
    assert len(checks) == 14


@pytest.mark.parametrize("kind", [*PARTIAL, *WHOLESALE, "mixed"])
@pytest.mark.parametrize("stream", ["cookie", "v3"])
def test_the_report_of_every_kind_of_damage_holds(tmp_path: Path, stream: str, kind: str) -> None:
    for seed in (21, 22, 23):
        repaired(tmp_path, deal(Case(stream, kind, 1 if kind in WHOLESALE else 2, seed)).damaged.data)
        assert refuted(tmp_path) == []


@pytest.mark.parametrize("how", [{"strict": True}, {"stale": False}, {"strict": True, "stale": False}, {"formats": ["acct_v3"]}])
def test_the_report_of_a_repair_that_leaves_records_out_holds(tmp_path: Path, how: dict[str, Any]) -> None:
    flipped = bytearray(V3)
    flipped[64 * 20 + 1] ^= 4
    for data in (holed(V3, 3, ("stale-block", "bit-flip")), holed(COOKIE, 4, ("header-flip", "block-duplicate")), bytes(flipped)):
        told = repaired(tmp_path, data, **how)
        assert refuted(tmp_path) == []
        assert (told["options"]["strict"], told["options"]["stale"]) == ("strict" in how, "drop" if "stale" in how else "keep")


@pytest.mark.parametrize("data", [b"", bytes(4096), b"no record at all\n" * 99])
def test_the_report_of_an_input_without_a_record_holds(tmp_path: Path, data: bytes) -> None:
    told = repaired(tmp_path, data)
    assert (told["output"]["size"], told["pieces"]) == (0, [])
    assert refuted(tmp_path) == []
    merged(tmp_path, [data, data, data + bytes(8)])
    assert refuted(tmp_path) == []


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("whole", [V3, COOKIE], ids=["v3", "cookie"])
def test_the_report_of_a_merge_holds(tmp_path: Path, whole: bytes, seed: int) -> None:
    kinds = [("zero-block-512", "header-flip"), ("delete", "byte-set"), ("ff-block", "insert")]
    copies = [holed(whole, seed + 10 * n, kinds[n]) for n in range(3)]
    merged(tmp_path, [*copies, copies[1]], strict=seed % 3 == 2, stale=seed % 2 == 0)
    told = json.loads((tmp_path / "report").read_text())
    assert len({piece["input"] for piece in told["pieces"]}) > 1
    assert refuted(tmp_path) == []


def words(data: bytes, template: str, count: int) -> bytes:
    """A dump of little-endian words, as od and hexdump print it on most machines."""
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        numbers = (int.from_bytes(row[i : i + count], "little") for i in range(0, len(row), count))
        rows.append(f"{at:07o} " + " ".join(format(number, template) for number in numbers))
    return "\n".join([*rows, f"{len(data):07o}", ""]).encode()


def squeezed(data: bytes) -> bytes:
    """A dump whose repeated lines are a mark."""
    out, before = [], b""
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        out += ["*"] if row == before else [f"{at:08x}  {row.hex(' ')}"]
        before = row
    text = [line for n, line in enumerate(out) if line != "*" or out[n - 1] != "*"]
    return "\n".join([*text, f"{len(data):08x}", ""]).encode()


def uu(data: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 pacct\n" + lines + b"`\nend\n"


def lines_of(text: str, width: int, before: str = "") -> bytes:
    return "".join(f"{before}{text[at : at + width]}\n" for at in range(0, len(text), width)).encode()


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "CR-LF translated": lambda data: data.replace(b"\n", b"\r\n"),
    "translated twice": lambda data: data.replace(b"\n", b"\r\r\n"),
    "2-byte words": lambda data: b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2)),
    "4-byte words": lambda data: b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4)),
    "UTF-8": lambda data: data.decode("latin-1").encode(),
    "od -x": lambda data: words(data, "04x", 2),
    "od -b": lambda data: words(data, "03o", 1),
    "od": lambda data: words(data, "06o", 2),
    "od -t x4": lambda data: words(data, "08x", 4),
    "squeezed": lambda data: squeezed(data[:640] + bytes(640) + data[640:]),
    "base64": base64.encodebytes,
    "base64 quoted": lambda data: lines_of(base64.b64encode(data).decode(), 75, "> "),
    "hex digits": lambda data: lines_of(data.hex(), 71),
    "uuencoded": uu,
    "CR-LF in base64": lambda data: base64.encodebytes(data.replace(b"\n", b"\r\n")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_undone_is_undone_once_more_by_the_steps_of_the_report(tmp_path: Path, name: str) -> None:
    changed = CHANGES[name](V3)
    cuts = [changed, changed[: len(changed) // 2] + changed[len(changed) // 2 + 333 :], b"Hello,\n\n" + changed + b"\n-- \nbye\n"]
    undone = 0
    for data in cuts:
        told = repaired(tmp_path, data)
        assert refuted(tmp_path) == []
        undone += "undone" in told["inputs"][0]
    assert undone >= 1


def test_relay_sub_buffers_are_put_together_by_the_report(tmp_path: Path) -> None:
    told = repaired(tmp_path, sample("linux-blktrace/tiny.blktrace.0.xz"))
    assert refuted(tmp_path) == []
    merged(tmp_path, [base64.encodebytes(V3[:-64]), V3[64:]])
    assert refuted(tmp_path) == []
    assert "undone" in json.loads((tmp_path / "report").read_text())["inputs"][0]
    assert told["records"]["written"] > 0


def other(byte: int, draw: random.Random) -> int:
    return byte ^ draw.randrange(1, 256)


def tampered() -> list[tuple[str, tuple[bytes, ...]]]:
    return [("healed", (holed(COOKIE, 4, ("header-flip", "delete")),)), ("merge", (holed(V3, 1, ("delete",)), V3[:-6400]))]


@pytest.mark.parametrize(("name", "copies"), tampered(), ids=["healed", "merge"])
def test_one_changed_byte_of_the_report_or_of_an_output_is_refused_wherever_it_is(
    tmp_path: Path, name: str, copies: tuple[bytes, ...]
) -> None:
    if name == "merge":
        merged(tmp_path, list(copies))
    else:
        assert repaired(tmp_path, copies[0])["inputs"][0]["patches"]
    draw = random.Random(name)
    for target, times in (("report", 200), ("out", 200), ("aside", 50)):
        right = (tmp_path / target).read_bytes()
        for _ in range(times):
            wrong, at = bytearray(right), draw.randrange(len(right))
            wrong[at] = other(wrong[at], draw)
            (tmp_path / target).write_bytes(wrong)
            assert not verify(tmp_path / "report").holds, f"{target} with another byte at {at}"
        for wrong_length in (right[:-1], right + b"\n"):
            (tmp_path / target).write_bytes(wrong_length)
            assert not verify(tmp_path / "report").holds
        (tmp_path / target).write_bytes(right)
    assert refuted(tmp_path) == []


def swap_first(told: dict[str, Any]) -> None:
    told["pieces"][0]["in_start"] += 1
    told["pieces"][0]["in_stop"] += 1


def miscount(told: dict[str, Any]) -> None:
    told["records"]["written"] += 1


def misplace(told: dict[str, Any]) -> None:
    told["inputs"][0]["patches"][0]["before"] = "00"
    told["inputs"][0]["extents"][0]["odd_records"][0]["patches"][0][1] = "00"


def hide(told: dict[str, Any]) -> None:
    del told["quarantine"]["parts"][0]


def leave(told: dict[str, Any]) -> None:
    told["dropped"].append(told["quarantine"]["parts"].pop())


def untile(told: dict[str, Any]) -> None:
    told["inputs"][0]["extents"].pop()


def call_intact(told: dict[str, Any]) -> None:
    for piece in told["pieces"]:
        piece["status"] = "intact"


def promise(told: dict[str, Any]) -> None:
    told["output"]["sha256"] = "0" * 64


def rename(told: dict[str, Any]) -> None:
    told["pieces"] = "all of it"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (swap_first, "is not told"),
        (miscount, "the pieces hold"),
        (misplace, "stands"),
        (hide, "is not told"),
        (leave, "the parts of the quarantine are"),
        (untile, "the extents end at"),
        (call_intact, "was patched in a record called intact"),
        (promise, "has the SHA-256"),
        (rename, "makes no sense"),
    ],
)
def test_a_report_that_was_changed_and_sealed_again_is_refused_by_the_evidence(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    told = repaired(tmp_path, holed(COOKIE, 4, ("header-flip", "delete")))
    change(told)
    told.pop("report_sha256")
    (tmp_path / "report").write_bytes(written(sealed(told)))
    assert says in " ".join(refuted(tmp_path))


def test_another_input_is_refused(tmp_path: Path) -> None:
    repaired(tmp_path, DAMAGED.read_bytes())
    (tmp_path / "in").write_bytes(V3)
    done = run("verify", tmp_path / "report")
    assert done.returncode == 1
    assert b"DOES NOT HOLD  the input" in done.stdout
    assert b"it has 13,952 bytes, not 15,872" in done.stdout


def test_files_that_moved_are_named_by_options_or_found_beside_the_report(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    repaired(home, DAMAGED.read_bytes())
    assert run("verify", home / "report").returncode == 0
    for name in ("in", "out", "aside", "report"):
        (home / name).rename(away / name)
    assert run("verify", away / "report").returncode == 0
    assert run("verify", away / "report", "-q").stdout.decode().splitlines() == [
        f"{away / 'report'}: the report holds, 14 claims checked"
    ]
    (away / "in").rename(tmp_path / "evidence")
    (away / "out").rename(tmp_path / "result")
    (away / "aside").rename(tmp_path / "rest")
    assert "no such file" in said(run("verify", away / "report"))
    moved = ("--input", tmp_path / "evidence", "--output", tmp_path / "result", "--quarantine", tmp_path / "rest")
    assert run("verify", away / "report", *moved).returncode == 0
    assert run("verify", away / "report", *moved[:3], tmp_path / "rest", *moved[4:]).returncode == 1


def test_what_came_through_a_pipe_is_verified_on_the_file_that_is_named(tmp_path: Path) -> None:
    words = ("repair", "-", "-o", tmp_path / "out", "--report", tmp_path / "report")
    assert run(*words, stdin=DAMAGED.read_bytes()).returncode == 1
    assert "--input FILE" in said(run("verify", tmp_path / "report"))
    done = run("verify", tmp_path / "report", "--input", DAMAGED)
    assert done.returncode == 0
    assert b"not checked    the quarantine was written: the report names no file\n" in done.stdout
    assert "names 2" in said(run("verify", tmp_path / "report", "--input", DAMAGED, "--input", DAMAGED))


@pytest.mark.parametrize("text", [b"{}", b"[1]", b'{"kind": "source"}\n'])
def test_a_file_that_is_no_report_is_said_to_be_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "other").write_bytes(text)
    assert "no report" in said(run("verify", tmp_path / "other"))
    assert "no such file" in said(run("verify", tmp_path / "none"))


def test_what_a_dry_run_prints_is_a_report_too(tmp_path: Path) -> None:
    (tmp_path / "printed").write_bytes(run("repair", DAMAGED, "--dry-run", "--json").stdout)
    done = run("verify", tmp_path / "printed", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["holds"]
    assert [check["holds"] for check in told["checks"]].count(None) == 2


def test_what_makes_the_output_again_shares_nothing_with_what_repairs() -> None:
    for module in (replaying, tallying):
        tree = ast.parse(Path(str(module.__file__)).read_text())
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert [name for name in names if name.split(".")[0] in ("acctrecover", "numpy", "construct")] == []


def test_the_declarations_of_own_formats_are_named_with_their_hash(tmp_path: Path) -> None:
    assert repaired(tmp_path, V3, places=[folder()])["options"]["declarations"] == []
    mine = tmp_path / "own.py"
    mine.write_bytes((folder() / "acct.py").read_bytes())
    told = repaired(tmp_path, bytes(64), places=[mine])
    assert told["options"]["declarations"] == [{"path": str(mine), "sha256": hashlib.sha256(mine.read_bytes()).hexdigest()}]


def test_the_report_of_an_undone_input_holds_of_which_a_part_was_never_read(tmp_path: Path) -> None:
    data = V3[:6400].replace(b"\n", b"\r\n")
    assert len(data) > 6400
    (tmp_path / "in").write_bytes(data)
    (tmp_path / "map").write_text("0 +\n0x0 0x400 +\n0x400 0x200 -\n")
    with looked_at(str(tmp_path / "in"), mapfile=tmp_path / "map") as source:
        repair(source, tmp_path / "out", report=tmp_path / "report", quarantine=tmp_path / "aside")
    (told,) = json.loads((tmp_path / "report").read_text())["inputs"]
    assert "undone" in told
    assert told["voids"]
    assert refuted(tmp_path) == []


def test_the_report_of_a_core_that_was_pasted_holds(tmp_path: Path) -> None:
    core = headers((256, 0x1000, 0, 3200)).ljust(256, b"\xa5") + V3[:3200] + b"behind the memory"
    (told,) = repaired(tmp_path, base64.encodebytes(core))["inputs"]
    assert told["undone"]["voids"]
    assert refuted(tmp_path) == []


@pytest.mark.parametrize("cut", [0, 300])
def test_the_report_of_a_compressed_input_holds_for_that_file_alone(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(DAMAGED.read_bytes(), mtime=0)
    told = repaired(tmp_path, packed[: len(packed) - cut])
    (each,) = told["inputs"]
    assert each["sha256"] == hashlib.sha256(packed[: len(packed) - cut]).hexdigest()
    assert each["unpacked"]["size"] > each["size"]
    assert len(each.get("breaks", [])) == bool(cut)
    assert (tmp_path / "out").read_bytes()
    done = verify(tmp_path / "report")
    assert {check.holds for check in done.checks} == {True}
    assert any("unpacked has the size and SHA-256" in check.claim for check in done.checks)
    for place in (5, 9, 700):  # in the time of the header, in the byte that names a system, in the data
        octets = bytearray((tmp_path / "in").read_bytes())
        octets[place] ^= 1
        (tmp_path / "other").write_bytes(octets)
        found = verify(tmp_path / "report", [tmp_path / "other"])
        wrong = [check.why for check in found.checks if check.holds is False]
        assert wrong == [f"it has the SHA-256 {hashlib.sha256(octets).hexdigest()}"]
        assert "other has the size and SHA-256" in next(check.claim for check in found.checks if check.holds is False)


def test_the_report_of_joined_files_holds_for_these_in_this_order(tmp_path: Path) -> None:
    data = DAMAGED.read_bytes()
    paths = [tmp_path / name for name in ("a.gz", "b")]
    paths[0].write_bytes(gzip.compress(data[:5000], mtime=0))
    paths[1].write_bytes(data[5000:])
    for words in ((), ("--start", "640", "--length", "0x2000")):
        done = run("repair", "--joined", *paths, *words, "-o", tmp_path / "out", "--report", tmp_path / "report", "--force")
        assert done.returncode == 1
        assert refuted(tmp_path) == []
        assert run("verify", tmp_path / "report", "--input", paths[0], "--input", paths[1]).returncode == 0
        assert "the report is of 2 inputs, --input names 1" in said(run("verify", tmp_path / "report", "--input", paths[0]))
        assert not verify(tmp_path / "report", paths[::-1]).holds
        for path in paths:
            octets = path.read_bytes()
            path.write_bytes(octets[:-20] + bytes([octets[-20] ^ 1]) + octets[-19:])
            assert any(f"{path} in the input" in claim for claim in refuted(tmp_path))
            path.write_bytes(octets)
        assert refuted(tmp_path) == []


def test_a_repair_that_took_a_limit_or_a_compressed_file_as_it_is_is_checked_likewise(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(gzip.compress(V3))
    for most in ("4Ki", "0"):
        run("repair", tmp_path / "in", "--most", most, "-o", tmp_path / "out", "--report", tmp_path / "report", "--force")
        assert ("unpacked" in json.loads((tmp_path / "report").read_text())["inputs"][0]) == (most == "4Ki")
        assert refuted(tmp_path) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_report_of_a_core_holds_though_its_digest_is_of_more_than_memory(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    told = repaired(tmp_path, pack(core_file((0x3000, V3[:6400]))))
    assert any(cause == "not in the core" for _, _, cause in told["inputs"][0]["voids"])
    assert refuted(tmp_path) == []


def test_the_report_of_a_merge_of_a_stream_and_its_compressed_copy_holds(tmp_path: Path) -> None:
    merged(tmp_path, [V3[:640], gzip.compress(V3[:640])])
    assert json.loads((tmp_path / "report").read_text())["inputs"][1]["same_as"] == 0
    assert refuted(tmp_path) == []


def test_the_report_of_a_damaged_compressed_input_that_gives_nothing_holds(tmp_path: Path) -> None:
    told = repaired(tmp_path, (CORPUS / "repair-75-6dd9f0aa55.bin").read_bytes())  # its only block breaks
    assert told["inputs"][0]["unpacked"]["size"] == 0
    assert refuted(tmp_path) == []
