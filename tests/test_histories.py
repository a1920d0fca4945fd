"""Several inputs of one history are seen together: rotated files, and one event told by several streams."""

from __future__ import annotations

import json
from pathlib import Path

from command import run
from damage import CORPORA

from acctrecover import scan
from acctrecover.histories import Link, histories

OLD, NEW = (CORPORA / "linux-v3-damaged" / f"rotate-mv-{which}.pacct" for which in ("old", "new"))
NETLINK = CORPORA / "linux-netlink"
JOINT = [NETLINK / name for name in ("pacct-v3", "proc-connector.bin", "taskstats-exit.bin")]


def test_the_closing_record_links_a_rotated_file_to_the_next_in_whatever_order_they_are_given() -> None:
    for paths in ([OLD, NEW], [NEW, OLD]):
        assert histories(list(map(scan, paths))).links == (Link(str(OLD), str(NEW), 16661, 0x100, 0),)


def test_files_that_have_nothing_to_do_with_each_other_are_not_linked() -> None:
    told = histories([scan(OLD), scan(JOINT[0]), scan(CORPORA / "login" / "wtmp"), scan(CORPORA / "linux-v3" / "pacct-v3")])
    assert (told.links, told.matches, told.since) == ((), (), {})


def test_each_accounting_record_of_the_joint_capture_has_its_end_in_the_connector() -> None:
    acct, connector, taskstats = histories(list(map(scan, JOINT))).matches
    assert [(match.shared, match.first_lost, match.second_lost) for match in (acct, connector, taskstats)] == [
        (27, (), ()),
        (27, (), ()),
        (28, (), ()),
    ]


def test_what_one_stream_lost_and_another_has_is_told() -> None:
    data = JOINT[0].read_bytes()
    (match,) = histories([scan(data[: 10 * 64] + data[13 * 64 :]), scan(JOINT[1])]).matches
    assert match.shared == 24
    assert [pid for pid, _ in match.first_lost] == [15015, 15019, 15012]
    assert match.second_lost == ()
    for pid, at in match.first_lost:
        assert pid.to_bytes(4, "little") in JOINT[1].read_bytes()[at : at + 76]


def test_times_since_boot_stand_among_the_others_in_one_table(tmp_path: Path) -> None:
    run("scan", *JOINT, "--records", tmp_path / "r.jsonl")
    table = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert len(table) == 27 + 97 + 34
    place = {
        (row["format"], row.get("ac_pid") or row.get("process_tgid")): n for n, row in enumerate(table) if row["type"] != "FORK"
    }
    assert place["connector", 15004] < place["acct_v3", 15031] < len(table) - 1
    assert [row["timestamp_ns"] for row in table if "timestamp_ns" in row] == sorted(
        row["timestamp_ns"] for row in table if "timestamp_ns" in row
    )


def test_a_scan_of_several_inputs_says_what_they_have_to_do_with_each_other() -> None:
    text = run("scan", OLD, NEW, *JOINT).stdout.decode()
    assert f"{OLD} goes on in {NEW}" in text
    assert "both tell of 27 ends of processes" in text
    assert "lacks none of" in text
    rows = [json.loads(line) for line in run("scan", "--json", OLD, NEW, *JOINT).stdout.splitlines()]
    assert [row["kind"] for row in rows[-4:]] == ["link", "match", "match", "match"]
    assert rows[-4]["pid"] == 16661
    assert rows[-3]["first_lost"] == {"count": 0, "named": []}
    assert b"together" not in run("scan", OLD, JOINT[0]).stdout
