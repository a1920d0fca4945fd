"""Genuine streams, and the texts that real tools make of them."""

from __future__ import annotations

import binascii
import shutil
import subprocess

import numpy as np
import pytest
from damage import CORPORA

from acctrecover.undone import Undone

V3 = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
TORN = (CORPORA / "linux-v3-damaged" / "enospc-misaligned.pacct").read_bytes()
ZERO_TAIL = (CORPORA / "linux-v3-damaged" / "crash-ext4-ordered-zero-tail.pacct").read_bytes()
COOKIE = (CORPORA / "cookie" / "le.cookie").read_bytes()
STREAMS = {"v3": V3, "torn": TORN, "zero-tail": ZERO_TAIL, "cookie": COOKIE}


def tool(command: str, data: bytes) -> bytes:
    """What a tool makes of bytes on its standard input; the test is skipped where it is not installed."""
    words = command.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def uuencoded(data: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 pacct\n" + lines + b"`\nend\n"


def terminal(command: str, text: bytes) -> bytes:
    """A text with the prompt before and behind it, and the line ends of a Windows terminal."""
    return (b"root@host:~# " + command.encode() + b" pacct\n" + text + b"root@host:~# \n").replace(b"\n", b"\r\n")


def way(undone: Undone) -> np.ndarray:
    """Where each undone byte stands, and the end; never falling."""
    places = undone.to_input(np.arange(len(undone.data) + 1))
    assert bool((np.diff(places) >= 0).all())
    return places


def dumped(data: bytes, first: int = 0) -> list[bytes]:
    """Lines as `hexdump -C` prints them, none left out."""
    return [b"%08x  %s  |....|\n" % (first + at, data[at : at + 16].hex(" ").encode()) for at in range(0, len(data), 16)]
