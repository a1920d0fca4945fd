"""The user's own formats: loaded beside those that ship, and what is wrong in one is said with its line."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from command import run, said
from damage import CORPORA

HEAD = """from construct import *
from acctrecover.schema import *
from acctrecover.expr import *

layout = Struct("kind" / Int8ul, "zero" / Bytes(3), "time" / Int32ul)
"""
GOOD = 'rules={"kind": (this.kind >= 1) & (this.kind <= 4), "zero": all_zero(this.zero)}'


def declare(path: Path, name: str = "door", rest: str = GOOD, head: str = HEAD) -> Path:
    path.write_text(f'{head}{name} = Format("{name}", "a manual", Record("event", layout, {rest}, clock=this.time))\n')
    return path


def events(count: int) -> bytes:
    return b"".join(struct.pack("<B3xI", 1 + n % 4, 1700000000 + n) for n in range(count))


def test_a_users_format_is_looked_for_beside_those_that_ship(tmp_path: Path) -> None:
    declare(tmp_path / "door.py")
    (tmp_path / "events").write_bytes(events(50) + (CORPORA / "linux-v3" / "pacct-v3").read_bytes())
    for place in (tmp_path / "door.py", tmp_path):
        done = run("scan", "--json", "--formats", place, tmp_path / "events")
        chains = [line for line in map(json.loads, done.stdout.splitlines()) if line["kind"] == "chain"]
        assert [(chain["format"], chain["byte_order"], chain["records"]) for chain in chains] == [
            ("door", "little", 50),
            ("acct_v3", "little", 218),
        ]


def test_a_users_format_is_repaired_and_listed(tmp_path: Path) -> None:
    place = declare(tmp_path / "door.py")
    data = events(50)
    done = run("repair", "-", "-o", tmp_path / "out", "--formats", place, stdin=data[:81] + b"?" + data[81:])
    assert done.returncode == 1
    assert (tmp_path / "out").read_bytes() == data[:80] + data[88:]
    listed = [json.loads(line) for line in run("formats", "--json", "--formats", place).stdout.splitlines()]
    assert {line["name"] for line in listed} > {"door", "acct_v3"}
    assert b"rule zero: all_zero(zero)" in run("formats", "door", "--formats", place).stdout


@pytest.mark.parametrize(
    ("rest", "head", "says"),
    [
        ('rules={"kind": 0 < this.kind < 5}', HEAD, "door.py:6: (kind > 0): a chained comparison"),
        ('rules={"kind": this.kidn > 0}', HEAD, "door.py:6: door: kind reads kidn, which the layout does not have"),
        (GOOD + ', units={"tiem": EPOCH}', HEAD, "door.py:6: door: units name tiem, which the layout does not have"),
        (GOOD + ', labels={"knid": names({})}', HEAD, "door.py:6: door: labels name knid, which the layout does not have"),
        (GOOD + ', labels={"kind": "open"}', HEAD, "door.py:6: door: labels of kind are no function that puts a value into words"),
        ('rules={"kind": true}', HEAD, "door.py:6: NameError: name 'true' is not defined"),
        (GOOD, HEAD.replace("Int8ul", "Enum(Int8ul, a=1)"), "door.py:6: door: kind is a Enum; only numbers and Bytes"),
        (GOOD + ', labels={"kind": names({"open": 1})}', HEAD, "door.py:6: 'open' is no number that could stand for 1"),
        (GOOD + ', labels={"kind": flags({"open": 1})}', HEAD, "door.py:6: 'open' is no number that could stand for 1"),
        ('rules={"odd": Call(lambda kind: kind.odd, this.kind)}', HEAD, "door.py:6: AttributeError: 'numpy.ndarray' object has no"),
        ('rules={"odd": this.kind // 0 == 1}', HEAD, "door.py:6: door: odd fails on a record: integer division"),
        (GOOD, HEAD.replace("Bytes(3)", "Bytes(-3)"), "door.py:6: ValueError: "),
        (GOOD, HEAD + "layout = Struct(1 / 0)\n", "door.py:6: ZeroDivisionError: division by zero"),
        (GOOD, HEAD + "layout = (\n", "door.py:6: '(' was never closed"),
        (GOOD, "1\n" + HEAD.replace("from construct import *", "import nothing_of_this_name"), "door.py:2: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_in_a_declaration_is_said_in_one_line_with_its_own(tmp_path: Path, rest: str, head: str, says: str) -> None:
    place = declare(tmp_path / "door.py", rest=rest, head=head)
    for words in (["scan", CORPORA / "linux-v3" / "pacct-v3"], ["formats"]):
        assert f"acctrecover: {tmp_path}/{says}" in said(run(*words, "--formats", place))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no such file or directory"),
        ("x = 1\n", "declares no format"),
        (HEAD + 'f = Format("acct_v3", "mine", Record("event", layout))\n', "mine.py:6: the name acct_v3 is taken at "),
        (HEAD + 'f = Format("a_name_of_many_letters", "mine", Record("event", layout))\n', "is no name: 1 to 16 characters"),
        (HEAD + 'f = Format("mine", "mine", Record("a kind", layout))\n', "is no name: 1 to 16 characters"),
        (HEAD + 'f = Format("mine", "mine", Record("event", layout), orders=("middle",))\n', "orders must be some of little, big"),
    ],
)
def test_a_file_that_gives_no_new_format_is_refused(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    assert says in said(run("formats", "--formats", tmp_path / "mine.py"))


def test_a_folder_without_a_declaration_is_refused(tmp_path: Path) -> None:
    assert "no .py file" in said(run("formats", "--formats", tmp_path))
