"""OpenBSD process accounting with a process id: 64 bytes since command names may have 23 characters, 56 before.

Sources: OpenBSD src sys/sys/acct.h 1.13 and 1.16 (layout, flags), sys/kern/kern_acct.c (encodings). A name of 24 bytes always ends
with a NUL; the older one of 16 need not.
"""

from construct import Bytes, Int16ul, Int32sl, Int32ul, Int64sl, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, comp_t_seconds, each, no_controls, not_empty, nul_terminated
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

SOURCE = "OpenBSD src sys/sys/acct.h, sys/kern/kern_acct.c"
AHZ = 64
PID_MAX = 99999
FIRST = 1_370_000_000
"""May 2013: no kernel had a 64-bit time_t before. A record from a clock that was not set is suspect."""
FLAGS = {
    0x01: "AFORK",
    0x02: "ASU",
    0x04: "AMAP",
    0x08: "ACORE",
    0x10: "AXSIG",
    0x20: "APLEDGE",
    0x40: "ATRAP",
    0x80: "AUNVEIL",
    0x100: "AEXECVE",
    0x200: "APINSYS",
    0x400: "ABTCFI",
}
LABELS = {"ac_comm": c_string, "ac_flag": flags(FLAGS)}
UNITS = {"ac_btime": EPOCH}


def acct(name: str, comm: int, rules: dict[str, object]) -> Format:
    layout = Struct(
        "ac_comm" / Bytes(comm),
        "ac_utime" / Int16ul,
        "ac_stime" / Int16ul,
        "ac_etime" / Int16ul,
        "ac_io" / Int16ul,
        "ac_btime" / Int64sl,
        "ac_uid" / Int32ul,
        "ac_gid" / Int32ul,
        "ac_mem" / Int32ul,
        "ac_tty" / Int32sl,
        "ac_pid" / Int32ul,
        "ac_flag" / Int32ul,
    )
    common = {
        "flags": this.ac_flag < 0x800,
        "pid": (this.ac_pid > 0) & (this.ac_pid <= PID_MAX),
        "comm": not_empty(this.ac_comm),
        "btime": (this.ac_btime >= FIRST) & (this.ac_btime < 2**32),
        **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_etime", "ac_io"),
        "comm text": no_controls(this.ac_comm),
    }
    derived = {
        **comp_t_seconds(AHZ, "ac_utime", "ac_stime", "ac_etime"),
        "mem_kib": this.ac_mem,
        "io_blocks": comp_t(this.ac_io) // AHZ,
    }
    clock = this.ac_btime + comp_t(this.ac_etime) // AHZ
    return Format(
        name, SOURCE, Record("acct", layout, {**common, **rules}, clock=clock, derived=derived, labels=LABELS, units=UNITS)
    )


openbsd = acct("openbsd", 24, {"comm end": nul_terminated(this.ac_comm)})
openbsd_56 = acct("openbsd_56", 16, {})
