"""Cookie streams by an independent writer: from the specification's tables with `struct`, no code of acctrecover."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

COOKIE = 0x2B91
COMMANDS = (
    b"sh",
    b"bash",
    b"true",
    b"python3",
    b"rm",
    b"make",
    b"cc1",
    b"ld",
    b"sed",
    b"sshd",
    b"cron",
    b"logrotate",
    b"kworker/u4:1",
)
HOSTS = (b"node7", b"db1.example", b"mail.example.org", "büro-3.example".encode())
MIX = {
    "FORK": 24,
    "EXEC": 14,
    "EXIT": 18,
    "COMM": 10,
    "ACCT": 9,
    "CLOCK": 6,
    "UID": 3,
    "GID": 2,
    "SID": 3,
    "COREDUMP": 1,
    "JOB": 2,
    "LOST": 1,
    "HOST": 1,
    "BOOT": 1,
    "SITE": 8,
}
NAMES, SHARES = list(MIX), list(MIX.values())


@dataclass(frozen=True)
class Stream:
    """A whole stream: its bytes and (start, stop) of its records, which with fill bytes between some of them tile it."""

    data: bytes
    records: list[tuple[int, int]]
    format: str
    byte_order: str
    inner: list[tuple[int, int]] = field(default_factory=list)
    """Records that lie in payloads, at whatever depth: an ACCT record's acct_v3, and those of whole streams."""


def seconds(stream: Stream, start: int, stop: int) -> float | None:
    """The clock of one record of a stream in seconds since the epoch: a CLOCK's, or an exit's by its acct_v3."""
    order, octets = "<" if stream.byte_order == "little" else ">", stream.data[start:stop]
    if stream.format == "cookie":
        if octets[2] == 0x0B:
            return struct.unpack(order + "Q", octets[4:])[0] / 1e9
        if octets[2] != 0x0A:
            return None
        octets = octets[4:]
    begun, etime = struct.unpack(order + "If", octets[24:32])
    return begun + etime // 100


class Writer:
    """A writer on one host: its clock and process ids rise."""

    def __init__(self, rng: random.Random, big: bool, buffer: int = 0, began: int | None = None, depth: int = 0) -> None:
        self.rng, self.order, self.buffer, self.depth = rng, ">" if big else "<", buffer, depth
        self.ns = (rng.randrange(1_100_000_000, 1_780_000_000) if began is None else began) * 10**9 + rng.randrange(10**9)
        self.pid = rng.randrange(300, 32000)
        self.out = bytearray()
        self.records: list[tuple[int, int]] = []
        self.inner: list[tuple[int, int]] = []

    def stream(self, count: int) -> Stream:
        """`count` records besides the padding, the first three a boot id, a host name and a clock."""
        for name in ("BOOT", "HOST", "CLOCK")[:count]:
            getattr(self, name.lower())()
        for name in self.rng.choices(NAMES, SHARES, k=max(0, count - 3)):
            getattr(self, name.lower())()
        return self.done()

    def done(self) -> Stream:
        return Stream(bytes(self.out), self.records, "cookie", "little" if self.order == "<" else "big", self.inner)

    def pack(self, codes: str, *values: object) -> bytes:
        return struct.pack(self.order + codes, *values)

    def emit(self, number: int, payload: bytes) -> int:
        """Write one record, in buffers also what pads the last one out; returns where its payload starts."""
        if self.buffer:
            room = self.buffer - len(self.out) % self.buffer
            while room < 4 + len(payload):
                pad = min(room - 4, 255)
                if pad < 0:
                    self.out += bytes(room)
                    break
                self.append(0, bytes(pad))
                room = room - 4 - pad or self.buffer
        return self.append(number, payload)

    def append(self, number: int, payload: bytes) -> int:
        start = len(self.out)
        self.out += self.pack("HBB", COOKIE, number, len(payload)) + payload
        self.records.append((start, len(self.out)))
        return start + 4

    def some_pid(self) -> int:
        return self.rng.randrange(max(1, self.pid - 400), self.pid + 1)

    def fork(self) -> None:
        parent = self.some_pid()
        self.pid = self.pid + self.rng.choice((1, 1, 1, 2, 3, 7)) if self.pid < 4194000 else 300
        self.emit(0x01, self.pack("II", parent, self.pid))

    def exec(self) -> None:
        self.emit(0x02, self.pack("I", self.some_pid()))

    def exit(self) -> None:
        self.emit(0x03, self.pack("II", self.some_pid(), self.wait_status()))

    def wait_status(self) -> int:
        return self.rng.choice((0, 0, 0, 0, 0x100, 0x100, 0x7F00, 9, 15, 0x8B))

    def uid(self) -> None:
        self.emit(0x04, self.pack("III", self.some_pid(), self.rng.choice((0, 1000, 1001)), self.rng.choice((0, 1000, 65534))))

    def gid(self) -> None:
        self.emit(0x05, self.pack("III", self.some_pid(), self.rng.choice((0, 100, 1000)), self.rng.choice((0, 100, 65534))))

    def sid(self) -> None:
        self.emit(0x06, self.pack("I", self.some_pid()))

    def comm(self) -> None:
        self.emit(0x07, self.pack("I16s", self.some_pid(), self.rng.choice(COMMANDS)))

    def coredump(self) -> None:
        self.emit(0x08, self.pack("II", self.some_pid(), self.some_pid()))

    def job(self) -> None:
        self.emit(0x09, self.pack("IQ", self.some_pid(), self.rng.randrange(1 << 40)))

    def acct(self) -> None:
        rng, pick = self.rng, self.rng.choice
        etime = pick((0, 0, 1, 2, 5, 17, 130, 2400, 90000))
        begun = self.ns // 10**9 - etime // 100
        head = (pick((0, 0, 1, 2, 3)), 0x83 if self.order == ">" else 0x03, pick((0, 0x8800, 0x8801, 0x0401)), self.wait_status())
        ids = (pick((0, 0, 1000, 65534)), pick((0, 100, 1000)), self.some_pid(), self.some_pid(), begun, float(etime))
        counts = (self.comp_t(40), self.comp_t(20), 0x2000 * pick((0, 1)) + rng.randrange(1024, 8192), self.comp_t(30000), 0)
        record = self.pack("BBHI" + "IIIIIf" + "8H16s", *head, *ids, *counts, self.comp_t(900), self.comp_t(3), 0, pick(COMMANDS))
        at = self.emit(0x0A, record)
        self.inner.append((at, at + len(record)))

    def comp_t(self, scale: int) -> int:
        """A small number in comp_t: below 8192 as it is, above as a mantissa of 1024 and more with an exponent."""
        value = int(self.rng.expovariate(1 / scale))
        exponent = 0
        while value > 8191:
            value, exponent = value >> 3, exponent + 1
        return exponent << 13 | value

    def clock(self) -> None:
        self.ns += int(self.rng.expovariate(1 / 4e9))
        self.emit(0x0B, self.pack("Q", self.ns))

    def lost(self) -> None:
        self.emit(0x0C, self.pack("I", self.rng.randrange(1, 500)))

    def host(self) -> None:
        self.emit(0x0D, self.rng.choice(HOSTS))

    def boot(self) -> None:
        self.emit(0x0E, self.rng.randbytes(16))

    def site(self) -> None:
        """A site's record: random bytes, bare cookies, or a whole stream of another writer's from the first byte or a later one."""
        rng = self.rng
        size = rng.randrange(256) if rng.random() < 0.8 else rng.choice((0, 1, 2, 3, 4, 255))
        number, how = rng.randrange(0x80, 0x100), rng.random()
        if how < 0.35 or self.depth > 1:
            self.emit(number, rng.randbytes(size))
        elif how < 0.5:
            word = self.pack("H", COOKIE)
            self.emit(
                number, (rng.randbytes(rng.randrange(4)) + word * 128)[:size] if rng.random() < 0.5 else self.dotted(size, word)
            )
        else:
            self.carrier(number, size)

    def dotted(self, size: int, word: bytes) -> bytes:
        """Random bytes with the cookie among them."""
        octets = bytearray(self.rng.randbytes(size))
        for at in range(self.rng.randrange(16), size - 1, self.rng.randrange(2, 24)):
            octets[at : at + 2] = word
        return bytes(octets)

    def carrier(self, number: int, room: int) -> None:
        rng = self.rng
        lead = rng.randbytes(rng.choice((0, 0, 0, rng.randrange(1, 12))))
        within = Writer(rng, (self.order == ">") == (rng.random() < 0.8), depth=self.depth + 1)
        while len(within.out) < room - len(lead):
            before = len(within.out)
            kept, kept_inner = len(within.records), len(within.inner)
            getattr(within, rng.choices(NAMES, SHARES)[0].lower())()
            if len(within.out) > 255 - len(lead):
                del within.out[before:], within.records[kept:], within.inner[kept_inner:]
                break
        leftover = rng.randbytes(rng.choice((0, 0, rng.randrange(1, 8))))[: 255 - len(lead) - len(within.out)]
        at = self.emit(number, lead + bytes(within.out) + leftover) + len(lead)
        self.inner += [(at + start, at + stop) for start, stop in within.records + within.inner]


def cookie_stream(rng: random.Random, records: tuple[int, int], big: bool | None = None, began: int | None = None) -> Stream:
    """From the fewest to the most `records` (besides padding) in either byte order, a third of the streams in buffers."""
    order = rng.random() < 0.5 if big is None else big
    return Writer(rng, order, rng.choice((0, 0, 0, 0, 512, 4096)), began).stream(rng.randint(*records))
