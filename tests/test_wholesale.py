"""A stream that came through a text-mode transfer, a byte swap or a paste is read and repaired as if it had not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import CORPORA

from acctrecover import repair, scan
from acctrecover.export import rows
from acctrecover.report import scan_objects, scan_text

WHOLE = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()


def swapped(data: bytes) -> bytes:
    return b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))


def dumped(data: bytes) -> bytes:
    lines = (f"{i:08x}  {data[i : i + 8].hex(' ')}  {data[i + 8 : i + 16].hex(' ')}  |x|" for i in range(0, len(data), 16))
    return "\n".join([*lines, f"{len(data):08x}", ""]).encode()


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "CR-LF translated": lambda data: data.replace(b"\n", b"\r\n"),
    "byte-swapped": swapped,
    "hexdump": dumped,
    "base64": base64.encodebytes,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_wholesale_change_is_named_undone_and_costs_no_record(name: str, tmp_path: Path) -> None:
    data = CHANGES[name](WHOLE)
    found = scan(data)
    assert found.transfer is not None
    assert found.transfer.name == name
    assert found.counts == {"intact": 218, "suspect": 0, "healed": 0, "torn": 0}
    assert not found.whole
    assert len(list(rows(found))) == 218
    assert int(found.records["offset"][-1]) < len(data)
    assert next(scan_objects(found))["transfer"]["undone"]
    assert "once that is undone" in list(scan_text(found))[-1]
    result = repair(data, tmp_path / "out", report=tmp_path / "report", quarantine=tmp_path / "rest")
    assert (tmp_path / "out").read_bytes() == WHOLE
    assert not result.lossless
    assert json.loads((tmp_path / "report").read_text())["inputs"][0]["undone"]["sha256"] == result.sha256
