"""Login accounting of the XPG utmpx: macOS utmpx (628 bytes), Solaris and illumos utmpx and wtmpx (372 bytes).

Sources: macOS Libc utmpx-darwin.h (struct utmpx32, field names), utmpx.h; illumos uts/common/sys/utmpx.h (struct futmpx, field
names). Both have one layout for 32-bit and 64-bit programs. The first record of a macOS file is its signature.
"""

from construct import Bytes, Int8ul, Int16sl, Int16ul, Int32sl, Int32ul, Struct, this

from acctrecover.expr import all_zero, not_empty, nul_padded, nul_terminated, text_padded
from acctrecover.schema import EPOCH, Format, Record, names

COMMON_TYPES = {
    0: "EMPTY",
    1: "RUN_LVL",
    2: "BOOT_TIME",
    3: "OLD_TIME",
    4: "NEW_TIME",
    5: "INIT_PROCESS",
    6: "LOGIN_PROCESS",
    7: "USER_PROCESS",
    8: "DEAD_PROCESS",
    9: "ACCOUNTING",
}
UNITS = {"tv_sec": EPOCH, "tv_usec": "us"}

utmpx_darwin = Format(
    "utmpx_darwin",
    "macOS Libc utmpx-darwin.h",
    Record(
        "utmpx",
        Struct(
            "ut_user" / Bytes(256),
            "ut_id" / Bytes(4),
            "ut_line" / Bytes(32),
            "ut_pid" / Int32ul,
            "ut_type" / Int16ul,
            "ut_align" / Bytes(2),
            "tv_sec" / Int32ul,
            "tv_usec" / Int32ul,
            "ut_host" / Bytes(256),
            "ut_pad" / Bytes(64),
        ),
        rules={
            "type": this.ut_type <= 11,
            "pid": this.ut_pid <= 99999,  # PID_MAX
            # A free slot keeps its id and pid; NULs with one other byte among them would keep every other rule.
            "used": (this.ut_type > 0) | (this.ut_pid > 0),
            "timed": (this.tv_sec > 0) | not_empty(this.ut_id) | not_empty(this.ut_user),
            "usec": this.tv_usec < 1000000,
            "pad": all_zero(this.ut_pad),
            "line": text_padded(this.ut_line),
            "line end": nul_terminated(this.ut_line),
            "user end": nul_terminated(this.ut_user),
            "user padding": nul_padded(this.ut_user),
            "host end": nul_terminated(this.ut_host),
            "host": text_padded(this.ut_host),
        },
        clock=this.tv_sec,
        labels={"ut_type": names({**COMMON_TYPES, 10: "SIGNATURE", 11: "SHUTDOWN_TIME"})},
        units=UNITS,
    ),
)

futmpx = Format(
    "futmpx",
    "illumos uts/common/sys/utmpx.h",
    Record(
        "futmpx",
        Struct(
            "ut_user" / Bytes(32),
            "ut_id" / Bytes(4),
            "ut_line" / Bytes(32),
            "ut_pid" / Int32ul,
            "ut_type" / Int16ul,
            "e_termination" / Int16sl,
            "e_exit" / Int16sl,
            "ut_align" / Bytes(2),
            "tv_sec" / Int32ul,
            "tv_usec" / Int32ul,
            "ut_session" / Int32sl,
            "ut_pad" / Bytes(20),
            "ut_syslen" / Int16ul,
            "ut_host" / Bytes(257),
            "ut_end" / Int8ul,
        ),
        rules={
            "type": (this.ut_type >= 1) & (this.ut_type <= 10),
            "pid": this.ut_pid <= 999999,  # MAX_MAXPID
            "usec": this.tv_usec < 1000000,
            "syslen": this.ut_syslen <= 257,
            "pad": all_zero(this.ut_pad),
            "line": text_padded(this.ut_line),
            "line end": nul_terminated(this.ut_line),
            "user padding": nul_padded(this.ut_user),
            "host end": nul_terminated(this.ut_host),
            "host": text_padded(this.ut_host),
            # Some writers count the NUL behind the name, some do not; an empty name counts 0 or 1.
            "syslen of host": ((this.ut_syslen == 0) ^ not_empty(this.ut_host)) | (this.ut_syslen == 1),
            "sec": this.tv_sec > 1000000,  # below: the microseconds of a macOS record, whose last fields before them are the same
            "line of user": (this.ut_type != 7) | not_empty(this.ut_line),
        },
        clock=this.tv_sec,
        labels={"ut_type": names({**COMMON_TYPES, 10: "DOWN_TIME"})},
        units=UNITS,
    ),
)
