"""Whether the numbers of a repair's report add up, by the report alone; each function gives what is wrong, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

STATUSES = ("intact", "suspect", "healed")
SEAL = "report_sha256"


def seal(text: bytes, report: dict[str, Any]) -> str:
    """Of the report's text: it is written as a report is, and its last key is the SHA-256 of what stands before it."""
    forms = (json.dumps(report, indent=1), json.dumps(report))
    if list(report)[-1:] != [SEAL]:
        return f"{SEAL} is not its last key"
    said = {key: value for key, value in report.items() if key != SEAL}
    if hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest() != report[SEAL]:
        return f"what it says is not what {SEAL} is of"
    return "" if text in [f"{form}\n".encode() for form in forms] else "its text is not laid out as it was written"


def size_of(told: dict[str, Any]) -> int:
    """Bytes that the offsets of pieces and patches count: of the input, or of what undoing made of it."""
    return int(told.get("undone", told.get("unpacked", told))["size"])


def tiled(told: dict[str, Any]) -> str:
    """Of the extents of one input: each byte that was looked at is in just one, and its records are counted."""
    at, end = told.get("window", (0, told.get("unpacked", told)["size"]))
    for extent in told["extents"]:
        if extent["start"] != at or extent["stop"] <= at:
            return f"no extent begins at {at:#x}"
        at = extent["stop"]
    if at != end:
        return f"the extents end at {at:#x}"
    odd = Counter(each["status"] for extent in told["extents"] for each in extent.get("odd_records", ()))
    records = sum(extent["records"] for extent in told["extents"] if extent["kind"] == "chain")
    if "undone" in told:  # records that stand in a single byte of the input have no extent there
        return ""
    if records != sum(told["records"][status] for status in STATUSES):
        return f"the extents hold {records:,} records"
    wrong = next((status for status in ("suspect", "healed", "torn") if odd[status] != told["records"][status]), None)
    if wrong is not None:
        return f"the extents tell of {odd[wrong]:,} {wrong} records"
    patches = [
        {"offset": at, "before": before, "after": after}
        for extent in told["extents"]
        for each in extent.get("odd_records", ())
        for at, before, after in each.get("patches", ())
    ]
    return "" if patches == told["patches"] else "the patches of its healed records are not those of its extents"


def laid(report: dict[str, Any]) -> str:
    """Of the pieces: they follow each other in the output up to its size, and lie in their inputs."""
    at = 0
    for piece in report["pieces"]:
        length = piece["out_stop"] - piece["out_start"]
        if piece["out_start"] < at or length <= 0 or piece["in_stop"] - piece["in_start"] != length:
            return f"the piece at {piece['out_start']:#x} of the output does not follow the one before"
        if not 0 <= piece["in_start"] < piece["in_stop"] <= size_of(report["inputs"][piece["input"]]):
            return f"the piece at {piece['out_start']:#x} of the output is not in its input"
        at = piece["out_stop"]
    return "" if at == report["output"]["size"] else f"the pieces end at {at:#x}, the output at {report['output']['size']:#x}"


def healed(report: dict[str, Any]) -> str:
    """Of the patches: those of bytes that were written are in records called healed."""
    for number, told in enumerate(report["inputs"]):
        places = [range(each["offset"], each["offset"] + len(each["before"]) // 2) for each in told["patches"]]
        for piece in report["pieces"] if places else ():
            if piece["input"] == number and piece["status"] != "healed":
                touched = [p for p in places if p.start < piece["in_stop"] and piece["in_start"] < p.stop]
                if touched:
                    return f"{touched[0].start:#x} of input {number + 1} was patched in a record called {piece['status']}"
    return ""


def _spans(report: dict[str, Any], number: int) -> Iterator[tuple[int, int, str]]:
    for piece in report["pieces"]:
        if piece["input"] == number:
            yield piece["in_start"], piece["in_stop"], "piece"
    for name, parts in (
        ("piece", report["shared"]),
        ("quarantine", report["quarantine"]["parts"]),
        ("dropped", report["dropped"]),
    ):
        yield from ((part["start"], part["stop"], name) for part in parts if part["input"] == number)


def _content(told: dict[str, Any]) -> str:
    """The SHA-256 of an input's bytes, of a compressed one that of what came out."""
    return str(told.get("unpacked", told)["sha256"])


def accounted(report: dict[str, Any]) -> str:
    """Of every byte of the inputs: it was written, or stands in another copy's record that was, or is in the quarantine, or is
    told to be left; none of these is another."""
    for number, told in enumerate(report["inputs"]):
        if told["same_as"] is not None:
            if _content(report["inputs"][told["same_as"]]) != _content(told):
                return f"input {number + 1} is not the same as input {told['same_as'] + 1}"
            continue
        at, before = 0, ""
        for start, stop, name in sorted(_spans(report, number)):
            if start > at or stop <= start:
                return f"what became of the byte at {at:#x} of input {number + 1} is not told"
            if start < at and (name, before) != ("piece", "piece"):  # records may share a byte
                return f"the byte at {start:#x} of input {number + 1} is told of twice"
            at, before = max(at, stop), name
        if at != size_of(told):
            return f"what became of the byte at {at:#x} of input {number + 1} is not told"
    return ""


def counted(report: dict[str, Any]) -> str:
    """Of the records: those of the pieces, of the inputs and of each status are as many as were written."""
    records, by_status, by_input = report["records"], Counter[str](), Counter[int]()
    for piece in report["pieces"]:
        by_status[piece["status"]] += piece["records"]
        by_input[piece["input"]] += piece["records"]
    if sum(by_status.values()) != records["written"]:
        return f"the pieces hold {sum(by_status.values()):,} records"
    for status in STATUSES:
        if by_status[status] != records[status]:
            return f"the pieces hold {by_status[status]:,} {status} records"
    for number, told in enumerate(report["inputs"]):
        if by_input[number] != told["records"]["gave"]:
            return f"the pieces hold {by_input[number]:,} records of input {number + 1}"
    parts = sum(part["stop"] - part["start"] for part in report["quarantine"]["parts"])
    if parts != report["quarantine"]["size"]:
        return f"the parts of the quarantine are {parts:,} bytes"
    (found, *others) = (sum(told["records"][status] for status in STATUSES) for told in report["inputs"])
    if not others and "undone" not in report["inputs"][0] and found != records["written"] + records["left_out"]:
        return f"{found:,} records were found"
    return ""
