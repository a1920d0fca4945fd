"""What the fuzzer begins with: pieces of every sample, and of what holds a stream."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import json
import lzma
import struct
import tempfile
from functools import cache
from pathlib import Path

from acctrecover import repair

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ROOT / "corpora"
TEXTS = {".c", ".json", ".md", ".oracle", ".truth", ".txt", ".layout"}
LONGEST = 3072
"""Bytes of a seed at most."""
MAPFILE = b"""# Mapfile. Created by GNU ddrescue version 1.27
0x00000800     ?               1
0x00000000  0x00000200  +
0x00000200  0x00000400  -
0x00000600  0x00000200  ?
0x00000800  0x00010000  +
"""
PASSWD = (
    b"root:x:0:0:root:/root:/bin/bash\n# comment\n+nis\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\nbob:*:1001:20::0:0:B:/:/bin/sh\n"
)


@cache
def streams() -> tuple[bytes, ...]:
    """The head of every sample, and a piece from the middle of those that are longer; whole and damaged ones."""
    out = []
    for path in sorted(CORPORA.rglob("*")):
        if not path.is_file() or path.suffix in TEXTS:
            continue
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        out.append(data[:LONGEST])
        if len(data) > 2 * LONGEST:
            middle = len(data) // 2
            out.append(data[middle : middle + LONGEST // 2])
    return tuple(out)


def core(data: bytes, *, wide: bool, mark: str, counted_apart: bool = False, kernel: bool = False) -> bytes:
    """An ELF core with two segments of memory, the second of which is `data`."""
    header, entry, size = ("HHIQQQIHHHHHH", "IIQQQQQQ", 56) if wide else ("HHIIIIIHHHHHH", "8I", 32)
    count, table, first = 2, 64 + 64 * counted_apart, 256
    loads = [(first, 0x1000, 0x1000 * kernel, 64), (first + 64, 0x8000, 0x4000 * kernel, len(data))]
    out = b"\x7fELF" + bytes([1 + wide, 1 if mark == "<" else 2, 1]) + bytes(9)
    number = 0xFFFF if counted_apart else count
    out += struct.pack(mark + header, 4, 62, 1, 0, table, 64 * counted_apart, 0, 64, size, number, 0, 0, 0)
    out = out.ljust(64, b"\0")
    if counted_apart:
        out += (bytes(44 if wide else 28) + struct.pack(mark + "I", count)).ljust(64, b"\0")
    for offset, vaddr, paddr, filesz in loads:
        words = (1, 7, offset, vaddr, paddr, filesz, filesz, 1) if wide else (1, offset, vaddr, paddr, filesz, filesz, 7, 1)
        out += struct.pack(mark + entry, *words)
    return out.ljust(first, b"\0") + bytes(64) + data


@cache
def cores() -> tuple[bytes, ...]:
    stream = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()[:1024]
    forms = [
        (wide, mark, apart, kernel)
        for wide in (False, True)
        for mark in "<>"
        for apart in (False, True)
        for kernel in (False, True)
    ]
    return tuple(core(stream, wide=w, mark=m, counted_apart=a, kernel=k) for w, m, a, k in forms)


def dumped(data: bytes) -> bytes:
    """As `hexdump -C` prints it."""
    return b"".join(b"%08x  %s  |....|\n" % (at, data[at : at + 16].hex(" ").encode()) for at in range(0, len(data), 16))


def xxd(data: bytes) -> bytes:
    lines = (b"%08x: %s  ....\n" % (at, data[at : at + 16].hex(" ", 2).encode()) for at in range(0, len(data), 16))
    return b"".join(lines)


def octal(data: bytes) -> bytes:
    """As `od -b` prints it."""
    rows = (b"%07o %s\n" % (at, b" ".join(b"%03o" % byte for byte in data[at : at + 16])) for at in range(0, len(data), 16))
    return b"".join(rows)


def uuencoded(data: bytes) -> bytes:
    return b"begin 644 pacct\n" + b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)) + b"`\nend\n"


def swapped(data: bytes) -> bytes:
    """The two bytes of every word exchanged."""
    out = bytearray(data + bytes(len(data) % 2))
    out[::2], out[1::2] = out[1::2], out[::2]
    return bytes(out)


WRAPPINGS = (
    base64.encodebytes,
    dumped,
    xxd,
    octal,
    uuencoded,
    swapped,
    gzip.compress,
    bz2.compress,
    lzma.compress,
    lambda data: data.hex().encode(),
    lambda data: data.replace(b"\n", b"\r\n"),
    lambda data: data.decode("latin-1").encode(),
    lambda data: bytes(byte >> 3 | (before & 7) << 5 for before, byte in zip(b"\0" + data, data, strict=False)),
)
"""What becomes of whole streams on their way."""


@cache
def wrapped() -> tuple[bytes, ...]:
    some = [*streams()[::9], *streams()[4::17]]
    return tuple(wrap(data[:1500])[:LONGEST] for wrap in WRAPPINGS for data in some)


@cache
def repaired() -> tuple[bytes, bytes, bytes, bytes]:
    """A damaged stream, what a repair made of it, what it left, and its report."""
    data = (CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct").read_bytes()[:2048]
    data = data[:700] + bytes(40) + data[760:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repair(data, folder / "out", report=folder / "report", quarantine=folder / "aside")
        return data, *((folder / part).read_bytes() for part in ("out", "aside", "report"))


@cache
def reports() -> tuple[bytes, ...]:
    text = repaired()[3]
    return (text, json.dumps(json.loads(text)).encode() + b"\n")
