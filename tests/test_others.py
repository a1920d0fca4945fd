"""Claims about inputs that are no accounting streams: what they are is said, and what reads them."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
from command import run
from damage import CORPORA

from acctrecover import scan
from acctrecover.others import identify

NOISE = random.Random(4).randbytes(3000)
AUDIT = "type=DAEMON_START msg=audit(1700000000.123:4567): op=start ver=3.0.9 format=enriched kernel=6.1.0 auid=0 pid=500\n"
CAPTURE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
SAMPLES = {
    "atop": struct.pack("<IHHHH", 0xFEEDBEEF, 0x820B, 0, 480, 96) + NOISE,
    "atop, big-endian": struct.pack(">IHHHH", 0xFEEDBEEF, 0x820B, 0, 480, 96) + NOISE,
    "sysstat": struct.pack("<HHBBBB", 0xD596, 0x2175, 12, 6, 1, 0) + NOISE,
    "sysstat, big-endian": struct.pack(">HHBBBB", 0xD596, 0x2171, 10, 1, 5, 0) + NOISE,
    "journal": b"LPKSHHRH" + struct.pack("<II", 0, 4) + bytes(400) + NOISE,
    "auditd": (AUDIT * 20).encode(),
    "auditd of a named node": f"node=host7 {AUDIT}".encode(),
    "capture": CAPTURE + NOISE,
    "capture, nanoseconds, big-endian": struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + NOISE,
    "capture, next generation": struct.pack("<IIIHH", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0) + NOISE,
}
READERS = {"atop": "atop -r", "sysstat": "sar", "journal": "journalctl --file", "auditd": "ausearch", "capture": "tcpdump -r"}


@pytest.mark.parametrize("name", SAMPLES)
def test_another_kind_of_file_is_named_with_what_reads_it(name: str) -> None:
    found = scan(SAMPLES[name])
    assert found.other is not None
    assert READERS[name.split(",")[0].split()[0]] in found.other.reader
    assert [(extent.kind, extent.start, extent.stop) for extent in found.extents] == [("gap", 0, len(SAMPLES[name]))]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"type=",
        b"LPKSHHR",
        struct.pack("<H", 0xD596) + b"\0\0",
        CAPTURE[:6],
        NOISE,
        b"type=text and no audit event",
        b"\0" * 64,
    ],
)
def test_what_only_resembles_one_is_not_named(data: bytes) -> None:
    assert identify(data) is None


def test_records_behind_the_start_of_another_kind_of_file_are_found_all_the_same() -> None:
    whole = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    found = scan(CAPTURE + whole)
    assert (found.other, found.counts["intact"]) == (None, 218)


def test_the_commands_say_it_and_end_with_2(tmp_path: Path) -> None:
    path = tmp_path / "it's.pcap"
    path.write_bytes(SAMPLES["capture"])
    text = run("scan", path)
    assert text.returncode == 2
    assert text.stdout.decode().splitlines()[-1].endswith(f"""tcpdump -r '{tmp_path}/it'"'"'s.pcap' reads it""")
    source, gap, summary = map(json.loads, run("scan", "--json", path).stdout.splitlines())
    assert source["other"] == {"name": "a packet capture", "reader": "tcpdump -r FILE"}
    assert (gap["cause"], summary["whole"]) == ("another kind of file", False)
    repaired = run("repair", path, "-n")
    assert repaired.returncode == 1
    assert b"tcpdump" in repaired.stdout
