"""User ids get the names that a passwd file gives them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from command import run, said
from damage import CORPORA

from acctrecover.errors import AcctrecoverError, SourceError
from acctrecover.users import read_users, user_column

WHOLE = CORPORA / "linux-v3" / "pacct-v3"
PASSWD = (
    "# accounts\nroot:x:0:0:root:/root:/bin/sh\n\ntoor:x:0:0::/root:/bin/sh\ndaemon:*:1:1:Owner, of:/:/usr/sbin/nologin\n+::::::\n"
)
BSD = "root:*:0:0::0:0:Charlie &:/root:/bin/csh\n"


@pytest.fixture
def passwd(tmp_path: Path) -> Path:
    (tmp_path / "passwd").write_text(PASSWD)
    return tmp_path / "passwd"


def test_a_passwd_file_gives_each_id_its_first_name(passwd: Path, tmp_path: Path) -> None:
    assert read_users(passwd).names == {0: "root", 1: "daemon"}
    (tmp_path / "master.passwd").write_text(BSD)
    assert read_users(tmp_path / "master.passwd").names == {0: "root"}


@pytest.mark.parametrize(
    "line",
    [
        "root",
        "root:x:zero:0::/root:/bin/sh",
        ":x:0:0::/:",
        "root:x:0:0::/root",
        "root:x:-1:0::/:/x",
        "\0" * 99,
        "\x1b[2J:x:5:5::/:/bin/sh",
    ],
)
def test_a_line_that_is_none_of_passwd_is_named(line: str, passwd: Path) -> None:
    passwd.write_text(PASSWD + line + "\n")
    with pytest.raises(AcctrecoverError, match=r"passwd:7: no line of passwd"):
        read_users(passwd)
    assert "passwd:7" in said(run("scan", WHOLE, "--passwd", passwd))


def test_a_passwd_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_users(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("ac_uid", "user"),
        ("uid", "user"),
        ("ruid", "ruser"),
        ("euid", "euser"),
        ("PROC_UID", "PROC_USER"),
        ("tgid_ac_uid", "tgid_ac_user"),
    ],
)
def test_the_column_of_a_name_is_called_by_the_field_of_the_id(name: str, column: str) -> None:
    assert user_column(name) == column


@pytest.mark.parametrize("name", ["ac_gid", "ac_uid16", "ut_user", "guid", "ac_pid"])
def test_other_fields_have_no_such_column(name: str) -> None:
    assert user_column(name) is None


def test_records_have_the_name_beside_the_id(passwd: Path, tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "body"):
        assert run("scan", WHOLE, "--records", tmp_path / f"r.{ending}", "--passwd", passwd).returncode == 0
    with (tmp_path / "r.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    names = list(table[0])
    assert names[names.index("ac_uid") + 1] == "user"
    assert {(row["ac_uid"], row["user"]) for row in table} == {
        (row["ac_uid"], {"0": "root", "1": "daemon"}.get(row["ac_uid"], "")) for row in table
    }
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [row.get("user", "") for row in rows] == [row["user"] for row in table]
    assert sum("user=root" in line for line in (tmp_path / "r.body").read_text().splitlines()) > 100


def test_a_record_in_words_has_the_name_behind_the_id(passwd: Path) -> None:
    told = run("explain", f"{WHOLE}@0", "--passwd", passwd).stdout.decode()
    assert next(line for line in told.splitlines() if " ac_uid " in line).endswith("0  root")
