"""Login accounting of FreeBSD: utx.active, utx.lastlogin and utx.log since 9.0, and utmp and wtmp before it.

Sources: FreeBSD lib/libc/gen/utxdb.h (struct futx, field names), utxdb.c, pututxline.c; include/utmp.h of 8.0. A futx is big-endian
on every machine, its time in microseconds. `fu_id` is any eight bytes. Which fields are filled depends on the type (utx_to_futx):
only a session has a host, only a session or a prompt a user and a line, and a time that of the clock alone.

utx.log has each futx behind its length, without the NUL bytes at its end: the event of the clock ends in its time, the end
of a session in its process id, a session in its host, line or user. pututxline() logs no other types.

The utmp record before 9.0 has 44 bytes and nothing that marks it: a terminal, who, from where, when.
"""

from typing import Any

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct, this

from acctrecover.expr import Truth, all_zero, begins_as, each, not_empty, nul_padded, nul_terminated, text_padded
from acctrecover.schema import EPOCH, Format, Framed, Record, names

PID_MAX = 99999
YEAR_2001, YEAR_2106 = 10**9, 2**32
TYPES = names(
    {
        0: "EMPTY",
        1: "BOOT_TIME",
        2: "OLD_TIME",
        3: "NEW_TIME",
        4: "USER_PROCESS",
        5: "INIT_PROCESS",
        6: "LOGIN_PROCESS",
        7: "DEAD_PROCESS",
        8: "SHUTDOWN_TIME",
    }
)

futx = Format(
    "futx",
    "FreeBSD lib/libc/gen/utxdb.h",
    Record(
        "futx",
        Struct(
            "fu_type" / Int8ul,
            "fu_tv" / Int64ul,
            "fu_id" / Bytes(8),
            "fu_pid" / Int32ul,
            "fu_user" / Bytes(32),
            "fu_line" / Bytes(16),
            "fu_host" / Bytes(128),
        ),
        rules={
            "type": (this.fu_type >= 1) & (this.fu_type <= 8),
            "tv": (this.fu_tv >= YEAR_2001 * 10**6) & (this.fu_tv < YEAR_2106 * 10**6),  # the format is of 2010
            "pid": this.fu_pid <= PID_MAX,
            "pid of type": (this.fu_pid == 0) ^ ((this.fu_type >= 4) & (this.fu_type <= 7)),
            "id of type": ((this.fu_type >= 4) & (this.fu_type <= 7)) | all_zero(this.fu_id),
            "user padding": nul_padded(this.fu_user),
            "user of type": (this.fu_type == 4) | (this.fu_type == 6) | all_zero(this.fu_user),
            "user": not_empty(this.fu_user) | (this.fu_type != 4),
            "line": text_padded(this.fu_line),
            "line of type": (this.fu_type == 4) | (this.fu_type == 6) | all_zero(this.fu_line),
            "host end": nul_terminated(this.fu_host),
            "host": text_padded(this.fu_host),
            "host of type": (this.fu_type == 4) | all_zero(this.fu_host),
        },
        clock=this.fu_tv // 10**6,
        labels={"fu_type": TYPES},
        units={"fu_tv": "us since 1970"},
    ),
    orders=("big",),
)

TV = 9
"""Bytes of a futx up to the end of its time; PID and USER are those up to the fields behind."""
PID, USER, LINE, HOST, SIZE = 17, 21, 53, 69, 197
CLOCK_EVENTS, SESSION, LOGOUT = (1, 2, 3, 8), 4, 7
LABELS = {"fu_type": TYPES}
UNITS = {"fu_tv": "us since 1970"}
US = 10**6


def joined(name: str, width: int, have: int) -> tuple[list[Any], Any]:
    """A number of which the lowest bytes, all zero, are left out: fields of a byte each, and what they stand for."""
    parts = [f"{name}{at}" for at in range(have)]
    return [part / Int8ul for part in parts], sum((this[part] << 8 * (width - at - 1) for at, part in enumerate(parts[1:], 1)), 0)


def clock_event(size: int) -> Record:
    """A time and nothing behind it; of one whose lowest bytes are zero these are left out."""
    if size == TV:
        layout, tv, derived = ["fu_tv" / Int64ul], this.fu_tv, {}
    else:
        layout, tv = joined("fu_tv", 8, size - 1)
        derived = {"fu_tv": tv}
    last = this.fu_tv if size == TV else this[f"fu_tv{size - 2}"]
    rules = {"end": (last & 0xFF) > 0}
    layout = ["fu_type" / Int8ul, *layout]
    return Record("clock", Struct(*layout), rules, clock=tv // US, derived=derived, labels=LABELS, units=UNITS)


def ended(size: int) -> Record:
    """The end of a session, up to its process id."""
    if size == USER:
        layout, pid, derived = ["fu_pid" / Int32ul], this.fu_pid, {}
    else:
        layout, pid = joined("fu_pid", 4, size - PID)
        derived = {"fu_pid": pid}
    layout = ["fu_type" / Int8ul, "fu_tv" / Int64ul, "fu_id" / Bytes(8), *layout]
    last = this.fu_pid if size == USER else this[f"fu_pid{size - PID - 1}"]
    rules = {"pid": (pid > 0) & (pid <= PID_MAX), "end": (last & 0xFF) > 0}
    return Record("logout", Struct(*layout), rules, clock=this.fu_tv // US, derived=derived, labels=LABELS, units=UNITS)


def upto(start: int, stop: int) -> Any:
    """How many bytes are there of a field that begins at `start` of a futx and ends at `stop`."""
    return lambda context: min(max(context.length - start, 0), stop - start)


session = Record(
    "session",
    Struct(
        "fu_type" / Int8ul,
        "fu_tv" / Int64ul,
        "fu_id" / Bytes(8),
        "fu_pid" / Int32ul,
        "fu_user" / Bytes(upto(USER, LINE)),
        "fu_line" / Bytes(upto(LINE, HOST)),
        "fu_host" / Bytes(upto(HOST, SIZE)),
    ),
    rules={
        "pid": (this.fu_pid > 0) & (this.fu_pid <= PID_MAX),
        "user": not_empty(this.fu_user),
        "user padding": nul_padded(this.fu_user),
        "line": text_padded(this.fu_line),
        "host": text_padded(this.fu_host),
    },
    clock=this.fu_tv // US,
    labels=LABELS,
    units=UNITS,
    lengths=(USER + 1, SIZE),
)
EVENT = (this.fu_type != SESSION) & (this.length < 32)

utx_log = Framed(
    "utx_log",
    "FreeBSD lib/libc/gen/utxdb.h, pututxline.c",
    header=Struct("length" / Int16ul, "fu_type" / Int8ul, "tv_high" / Int32ul),
    peek=5,
    rules={"tv": (this.tv_high >= (YEAR_2001 * US) >> 32) & (this.tv_high <= (YEAR_2106 * US) >> 32)},
    type=this.fu_type + EVENT * (this.length << 8),
    length=this.length,
    largest=2 + SIZE,
    orders=("big",),
    types={
        **{kind + (size << 8): clock_event(size) for kind in CLOCK_EVENTS for size in range(TV - 2, TV + 1)},
        **{LOGOUT + (size << 8): ended(size) for size in range(PID + 2, USER + 1)},
        SESSION: session,
    },
)

FIRST, LAST = 730_000_000, 2**31
"""February 1993: no FreeBSD wrote a utmp record before."""
LINES = (b"tty", b"pts/", b"console\0", b"cua", b"dcons\0", b"ftp", b":0", b":1", b"~\0", b"|\0", b"{\0")
"""How the name of a line begins: of a terminal, of ftpd or of a display, and the marks of reboots and of clock changes."""


def terminal(line: Any) -> Truth:
    """True where a byte-string field begins as one of LINES."""
    return begins_as(line, LINES)


def word(field: Any) -> Truth:
    """True where a byte-string field has no space."""

    def word(octets: Any) -> Any:
        return (octets != 0x20).all(axis=-1)

    return Truth(word, field)


utmp_44 = Format(
    "utmp_44",
    "FreeBSD include/utmp.h before 9.0",
    Record(
        "utmp",
        Struct("ut_line" / Bytes(8), "ut_name" / Bytes(16), "ut_host" / Bytes(16), "ut_time" / Int32ul),
        rules={
            "time": (this.ut_time >= FIRST) & (this.ut_time < LAST),
            "line text": text_padded(this.ut_line),
            "terminal": terminal(this.ut_line),
            "name text": text_padded(this.ut_name),
            **each(word, "ut_line", "ut_name", "ut_host"),
            "host text": text_padded(this.ut_host),
            "host of name": not_empty(this.ut_name) | all_zero(this.ut_host),
        },
        clock=this.ut_time,
        units={"ut_time": EPOCH},
    ),
)
