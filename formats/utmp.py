"""Login accounting of glibc: utmp, wtmp and btmp records of 384 and of 400 bytes, and lastlog.

Sources: glibc bits/utmp.h (field names; machines whose 32-bit and 64-bit programs share the file have 384 bytes, the others,
as aarch64 and s390x, 400); utmp(5). The strings are padded with NULs, not ended by one, but no terminal or host name fills its
field; what a user typed at a login prompt may be anything. `ut_addr_v6` is in network order in both byte orders. lastlog
is an array by user id, mostly unused slots.
"""

from construct import Bytes, Int16ul, Int32sl, Int32ul, Int64sl, Int64ul, Struct, this

from acctrecover.expr import all_zero, not_empty, nul_padded, nul_terminated, text_padded
from acctrecover.schema import EPOCH, Format, Record, internet_address, names

SOURCE = "glibc bits/utmp.h, utmp(5)"
PID_MAX_LIMIT = 4194304
TYPES = names(
    {
        0: "EMPTY",
        1: "RUN_LVL",
        2: "BOOT_TIME",
        3: "NEW_TIME",
        4: "OLD_TIME",
        5: "INIT_PROCESS",
        6: "LOGIN_PROCESS",
        7: "USER_PROCESS",
        8: "DEAD_PROCESS",
        9: "ACCOUNTING",
    }
)
LABELS = {"ut_type": TYPES, "ut_addr_v6": internet_address}
UNITS = {"tv_sec": EPOCH, "tv_usec": "us"}

HEAD = (
    "ut_type" / Int16ul,
    "ut_pad" / Bytes(2),
    "ut_pid" / Int32ul,
    "ut_line" / Bytes(32),
    "ut_id" / Bytes(4),
    "ut_user" / Bytes(32),
    "ut_host" / Bytes(256),
    "e_termination" / Int16ul,
    "e_exit" / Int16ul,
)
RULES = {
    "type": this.ut_type <= 9,
    "pid": this.ut_pid <= PID_MAX_LIMIT,
    "line": text_padded(this.ut_line),
    "line end": nul_terminated(this.ut_line),
    "id padding": nul_padded(this.ut_id),
    "user padding": nul_padded(this.ut_user),
    "host": text_padded(this.ut_host),
    "host end": nul_terminated(this.ut_host),
    "usec": this.tv_usec < 1000000,
    "unused": all_zero(this.ut_unused),
    # NULs with one other byte among them would keep every other rule.
    "used": (this.ut_type > 0) | (this.ut_pid > 0) | not_empty(this.ut_user),
    "timed": (this.tv_sec > 0) | ((this.ut_type > 0) & not_empty(this.ut_user) & not_empty(this.ut_line)),
}

utmp_384 = Format(
    "utmp_384",
    SOURCE + ", with __WORDSIZE_TIME64_COMPAT32",
    Record(
        "utmp",
        Struct(
            *HEAD,
            "ut_session" / Int32sl,
            "tv_sec" / Int32ul,
            "tv_usec" / Int32ul,
            "ut_addr_v6" / Bytes(16),
            "ut_unused" / Bytes(20),
        ),
        # Below: the session of a big-endian 400-byte record, whose seconds follow.
        rules={**RULES, "sec": (this.tv_sec > PID_MAX_LIMIT) | (this.tv_sec == 0) | (this.tv_usec > 0)},
        clock=this.tv_sec,
        labels=LABELS,
        units=UNITS,
    ),
)

utmp_400 = Format(
    "utmp_400",
    SOURCE + ", without __WORDSIZE_TIME64_COMPAT32",
    Record(
        "utmp",
        Struct(
            *HEAD,
            "ut_session" / Int64sl,
            "tv_sec" / Int64ul,
            "tv_usec" / Int64ul,
            "ut_addr_v6" / Bytes(16),
            "ut_unused" / Bytes(20),
            "ut_end" / Bytes(4),
        ),
        rules={**RULES, "sec": this.tv_sec < 2**32},
        clock=this.tv_sec,
        labels=LABELS,
        units=UNITS,
    ),
)

lastlog = Format(
    "lastlog",
    "glibc bits/utmp.h, lastlog(8)",
    Record(
        "lastlog",
        Struct("ll_time" / Int32ul, "ll_line" / Bytes(32), "ll_host" / Bytes(256)),
        rules={
            # From 1978, or the process id of a utmp record, before its line, would do; to 2038, as ll_time is signed.
            "time": (this.ll_time >= 2**28) & (this.ll_time < 2**31),
            "line": text_padded(this.ll_line),
            "line end": nul_terminated(this.ll_line),
            "used": not_empty(this.ll_line) | not_empty(this.ll_host),
            "host": text_padded(this.ll_host),
            "host end": nul_terminated(this.ll_host),
        },
        clock=this.ll_time,
        units={"ll_time": EPOCH},
    ),
    slots="uid",
)
