"""Login accounting of FreeBSD: the packed records of utx.active and utx.lastlogin since 9.0.

Source: FreeBSD lib/libc/gen/utxdb.h (struct futx, field names), pututxline.c. Everything is big-endian on every machine; the
time is in microseconds. `fu_id` is any eight bytes. Which fields are filled depends on the type (utx_to_futx): only a session
has a host, only a session or a prompt a user and a line, and a time that of the clock alone.
"""

from construct import Bytes, Int8ul, Int32ul, Int64ul, Struct, this

from acctrecover.expr import all_zero, not_empty, nul_padded, nul_terminated, text_padded
from acctrecover.schema import Format, Record, names

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
