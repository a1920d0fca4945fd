"""One record field by field: of a sound record, a suspect one, bytes in a gap, and bytes read as one is told to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import run, said
from damage import CORPORA

from acctrecover.errors import AcctrecoverError
from acctrecover.explaining import explain
from acctrecover.report_formats import explain_text

DAMAGED = CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct"
WTMP = CORPORA / "login" / "wtmp"
COOKIE = CORPORA / "cookie" / "le.cookie"


def values(told: Any) -> dict[str, Any]:
    return {one.name: one.value for one in told.fields}


def failing(told: Any) -> list[str]:
    return [rule.name for rule in told.rules if rule.holds is False]


def test_an_offset_inside_a_record_explains_that_record() -> None:
    told = explain(WTMP, 0x185)
    assert (told.start, told.size, told.format, told.byte_order, told.status) == (0x180, 384, "utmp_384", "little", "intact")
    assert (values(told)["ut_pid"], values(told)["ut_user"]) == (21251, "root")
    data = WTMP.read_bytes()
    assert b"".join(one.octets for one in told.fields) == data[0x180:0x300]
    assert [one.offset for one in told.fields][:4] == [0x180, 0x182, 0x184, 0x188]
    (kind,) = [one for one in told.fields if one.name == "ut_type"]
    assert kind.meaning == "USER_PROCESS"
    (seconds,) = [one.seconds for one in told.fields if one.name == "tv_sec"]
    assert seconds == told.clock == 1795449020
    assert failing(told) == []


def test_numbers_are_expanded_and_flags_are_told_in_words() -> None:
    told = explain(DAMAGED, 0x14)
    meanings = {one.name: one.meaning for one in told.fields}
    assert (meanings["ac_flag"], meanings["ac_exitcode"]) == ("ASU", "exit 0")
    assert told.derived["mem_kib"] == int(meanings["ac_mem"].removeprefix("mem_kib="))


def test_a_torn_record_shows_the_fields_it_has_and_those_cut_off() -> None:
    told = explain(DAMAGED, 0x2FD8)
    assert (told.start, told.status, told.why) == (0x2FD4, "none", "gap: torn record")
    assert [name for name, value in values(told).items() if value is None] == ["ac_majflt", "ac_swaps", "ac_comm"]
    assert failing(told) == []
    assert {rule.name for rule in told.rules if rule.holds is None} == {"swaps", "majflt", "comm padding", "comm end"}


def test_a_gap_on_a_neighbours_phase_shows_which_rule_its_record_breaks() -> None:
    data = bytearray((CORPORA / "linux-v3" / "pacct-v3").read_bytes())
    data[64 * 9 + 1] = 0x77
    data[64 * 9 + 60] = 0x77
    told = explain(bytes(data), 64 * 9 + 30, None)
    assert (told.start, told.format) == (64 * 9, "acct_v3")
    assert "version" in failing(told)


def test_the_record_behind_a_header_is_explained_with_it() -> None:
    told = explain(COOKIE, 0x4D)
    assert (told.start, told.type, told.size) == (0x45, "COREDUMP", 12)
    assert [one.name for one in told.fields] == ["cookie", "type", "length", "pid", "ppid"]
    assert {"cookie", "type", "length"} <= {rule.name for rule in told.rules}


def test_a_damaged_header_says_which_part_of_it_fails() -> None:
    data = bytearray(COOKIE.read_bytes())
    data[0x45:0x49] = b"\x91\x2b\x08\x09"
    assert failing(explain(bytes(data), 0x45, "cookie:little")) == ["length"]
    data[0x47] = 0x7F
    assert failing(explain(bytes(data), 0x45, "cookie:little")) == ["type", "length"]
    data[0x45] = 0
    assert failing(explain(bytes(data), 0x45, "cookie:little")) == ["cookie", "type", "length"]


def test_a_named_format_reads_the_very_bytes_it_is_pointed_at() -> None:
    told = explain(DAMAGED, 0x14, "acct_v3")
    assert (told.byte_order, told.status) == ("little", "valid")
    told = explain(DAMAGED, 0x14, "acct_v3:big")
    assert (told.byte_order, told.status) == ("big", "none")
    assert "version" in failing(told)


def test_no_offset_of_a_damaged_file_is_beyond_explanation() -> None:
    data = DAMAGED.read_bytes()[:200] + b"\x91\x2b" + COOKIE.read_bytes()[7:300]
    for offset in range(0, len(data), 23):
        told = explain(data, offset)
        assert told.start <= offset
        json.dumps(told.to_json())


@pytest.mark.parametrize(
    ("place", "words", "says"),
    [
        ("x", [], "say PATH@OFFSET"),
        ("x@y", [], "say PATH@OFFSET"),
        ("@5", [], "say PATH@OFFSET"),
        (f"{DAMAGED}@15872", [], "0x3e00 is not in its 15,872 bytes"),
        (f"{DAMAGED}@0", ["-f", "acct_v3:middle"], "little or big"),
        (f"{DAMAGED}@0", ["-f", "futx:little"], "no writer of futx uses this byte order"),
        (f"{DAMAGED}@0", ["-f", "acct_v9"], "did you mean acct_v"),
        ("/nonexistent@0", [], "no such file"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(place: str, words: list[str], says: str) -> None:
    assert says in said(run("explain", place, *words))


def test_the_command_prints_it_with_times_in_utc_when_asked() -> None:
    done = run("explain", f"{WTMP}@0x185", "--utc")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "0x185: intact, in a record of utmp_384 little-endian at 0x180, 5 bytes before: utmp, 384 bytes\n" in text
    assert "0x000002d4 bc60046b                             tv_sec         1,795,449,020  2026-11-23 15:50:20 UTC\n" in text
    assert "holds    type: (ut_type <= 9)  (1" in text
    assert run("explain", f"{DAMAGED}@0x2fd8").returncode == 1
    assert json.loads(run("explain", f"{WTMP}@389", "--json").stdout)["fields"][2]["octets"] == "03530000"


def test_a_float_that_json_has_no_word_for_is_told_as_text() -> None:
    record = bytearray((CORPORA / "linux-v3" / "pacct-v3").read_bytes()[:64])
    record[28:32] = b"\xff\xff\xff\x7f"
    told = explain(bytes(record), 0, "acct_v3").to_json()
    assert [one["value"] for one in told["fields"] if one["name"] == "ac_etime"] == ["nan"]
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("form", ["freebsd_v1_ilp32", "bsm", "exacct"])
def test_what_a_record_says_in_words_cannot_disturb_a_terminal(form: str) -> None:
    paths = {"freebsd_v1_ilp32": "pacct/freebsd_v1_ilp32.le", "bsm": "bsm/openbsm.bsm", "exacct": "exacct/kernel.exacct"}
    data = (CORPORA / paths[form]).read_bytes()[:2000]
    for at in range(0, 400, 5):
        told = explain(data[:at] + b"\x1b[2J" + data[at + 4 :], 0, form)
        assert all(line.isprintable() for line in explain_text("in", told))


def test_an_empty_input_has_no_byte_to_explain(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(AcctrecoverError, match="not in its 0 bytes"):
        explain(tmp_path / "empty", 0)
