"""BSM audit trails of Solaris, FreeBSD and macOS: a record is a header token, the tokens of an event, and a trailer token.

Sources: audit.log(5), and audit_record.h of OpenBSM for the tokens. All numbers are big-endian on every machine. Header and trailer
both tell the record's size. Solaris begins and ends a trail with a file token, which stands outside of any record. The tokens
between header and trailer are not read here: praudit(1) prints them.
"""

import re
from typing import Any

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct, this

from acctrecover.expr import nul_terminated
from acctrecover.schema import EPOCH, Framed, Record

FILE, HEADER32, HEADER32_EX, HEADER64, HEADER64_EX, TRAILER = 0x11, 0x14, 0x15, 0x74, 0x79, 0x13
TRAILER_MAGIC = 0xB105
ADDRESSES = {4: "v4", 16: "v6"}
"""Address types of an extended header: the bytes of the address that follows."""
LONGEST = 1 << 16
LATEST_VERSION = 11
"""OpenBSM's; Solaris writes 2, the first OpenBSM wrote 1 and 10."""
EXTENDED = (this.token == HEADER32_EX) | (this.token == HEADER64_EX)
IS_FILE = this.token == FILE
NAMED = ((this.address_type >> 16) & 0xFF) == 0x2F
"""Where a file token has the first character of a path."""
MILLISECONDS = this.version < 0x3C
"""Where a file token has the highest byte of a number below 1,000 million."""

HEADER = Struct(
    "token" / Int8ul, "size" / Int32ul, "version" / Int8ul, "event" / Int16ul, "modifier" / Int16ul, "address_type" / Int32ul
)
BODY = HEADER.sizeof() - 1


def strings(octets: bytes) -> str:
    """The texts in a record's tokens: four and more printable characters, as paths, arguments and messages are."""
    return " ".join(run.decode() for run in re.findall(rb"[ -~]{4,}", octets))


def record(name: str, seconds: Any, address: int = 0) -> Record:
    """An audit record whose header has times of this width, and the host's address where it has so many bytes of one."""
    host = ("address_type" / Int32ul, "address" / Bytes(address)) if address else ()
    head = Struct(
        "size" / Int32ul, "version" / Int8ul, "event" / Int16ul, "modifier" / Int16ul, *host, "seconds" / seconds, "msec" / seconds
    )
    tail = Struct("trailer" / Int8ul, "trailer_magic" / Int16ul, "trailer_size" / Int32ul)
    least = head.sizeof() + tail.sizeof()
    return Record(
        name,
        Struct(*head.subcons, "tokens" / Bytes(this.length - least), *tail.subcons),
        rules={
            "trailer": this.trailer == TRAILER,
            "trailer magic": this.trailer_magic == TRAILER_MAGIC,
            "size": this.trailer_size == this.size,
            "time": (this.seconds > 0) & (this.seconds < (2**33 if seconds is Int64ul else 2**32 - 1)),
            "msec": this.msec < 10**9,  # Solaris writes nanoseconds, OpenBSM milliseconds
        },
        clock=this.seconds,
        labels={"tokens": strings},
        units={"seconds": EPOCH},
        lengths=(least, LONGEST - 1),
        closed=("trailer", "trailer magic", "size"),
    )


bsm = Framed(
    "bsm",
    "OpenBSM audit_record.h, audit.log(5)",
    header=HEADER,
    rules={
        "token": ((this.token == HEADER32) | (this.token == HEADER64) | EXTENDED)
        & (this.version >= 1)
        & (this.version <= LATEST_VERSION)
        | IS_FILE & NAMED & MILLISECONDS,
    },
    type=this.token + EXTENDED * (this.address_type << 8),
    length=IS_FILE * (((this.modifier & 0xFF) << 8) + (this.address_type >> 24) + 10) + (this.token != FILE) * (this.size - 1),
    peek=BODY,
    largest=LONGEST,
    orders=("big",),
    types={
        FILE: Record(
            "file",
            Struct("seconds" / Int32ul, "msec" / Int32ul, "name_size" / Int16ul, "name" / Bytes(this.length - 10)),
            rules={"msec": this.msec < 10**9, "name": nul_terminated(this.name)},
            clock=this.seconds,
            units={"seconds": EPOCH},
            lengths=(BODY, 1034),
        ),
        HEADER32: record("header32", Int32ul),
        HEADER64: record("header64", Int64ul),
        **{kind << 8 | HEADER32_EX: record(f"hdr32_{name}", Int32ul, kind) for kind, name in ADDRESSES.items()},
        **{kind << 8 | HEADER64_EX: record(f"hdr64_{name}", Int64ul, kind) for kind, name in ADDRESSES.items()},
    },
)
