"""The ways a file is compressed, and how each begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAD = 16
"""Bytes of a file that tell how it is compressed."""


@dataclass(frozen=True)
class Packing:
    """A compression: `lead` matches how a file begins, `head` how a member of one does, which chance hardly makes."""

    name: str
    lead: re.Pattern[bytes]
    head: re.Pattern[bytes]


def _packing(name: str, lead: bytes, head: bytes) -> Packing:
    return Packing(name, re.compile(lead, re.DOTALL), re.compile(head, re.DOTALL))


ZSTD = rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"
XZ = rb"\xfd7zXZ\x00"
BLOCK, END = b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"
"""What each block of bzip2 begins with, at any bit, and what stands behind the last one of a member."""
PACKINGS = (
    _packing("gzip", rb"\x1f\x8b\x08[\x00-\x1f]", rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]"),
    _packing(
        "bzip2",
        rb"BZh[1-9](?:" + re.escape(BLOCK) + rb"|" + re.escape(END) + rb"|.{0,5}\Z)",
        rb"BZh[1-9](?:" + re.escape(BLOCK) + rb"|" + re.escape(END) + rb")",
    ),
    _packing("xz", XZ, XZ + rb"\x00[\x00-\x0f]"),
    _packing("zstd", ZSTD, rb"\x28\xb5\x2f\xfd[\x00-\x07\x20-\x27\x40-\x47\x60-\x67\x80-\x87\xa0-\xa7\xc0-\xc7\xe0-\xe7]"),
)
"""RFC 1952 (gzip: method, flags, time, extra flags, system), bzip2's BZ_HDR, the .xz file format 1.2, RFC 8878 (zstd: frames and
skippable frames)."""


def packing_of(lead: bytes) -> Packing | None:
    """How a file is compressed whose first LEAD bytes these are; None where it does not begin as one that is."""
    return next((packing for packing in PACKINGS if packing.lead.match(lead)), None)
