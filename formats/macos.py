"""macOS process accounting: command names of ten bytes, laid out as 4.4BSD's.

Sources: apple/darwin-xnu bsd/sys/acct.h (layout), bsd/kern/kern_acct.c (encodings, what the writer guarantees). The record is built
on the kernel's stack: its padding is not zero, nor ac_comm behind its NUL; a name of ten characters or more has none.
"""

from construct import Bytes, Int8ul, Int16ul, Int32sl, Int32ul, Int64sl, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, comp_t_seconds, each, no_controls, not_empty
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

SOURCE = "apple/darwin-xnu bsd/sys/acct.h, bsd/kern/kern_acct.c"
AHZ = 64
FIRST = 950_000_000
"""February 2000: no kernel wrote these records before. One from a clock that was not set is suspect."""
LABELS = {
    "ac_comm": c_string,
    "ac_flag": flags({0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG"}),
}
UNITS = {"ac_btime": EPOCH}


def acct(name: str, btime: object, tail: int, rule: object) -> Format:
    layout = Struct(
        "ac_comm" / Bytes(10),
        "ac_utime" / Int16ul,
        "ac_stime" / Int16ul,
        "ac_etime" / Int16ul,
        btime,
        "ac_uid" / Int32ul,
        "ac_gid" / Int32ul,
        "ac_mem" / Int16ul,
        "ac_io" / Int16ul,
        "ac_tty" / Int32sl,
        "ac_flag" / Int8ul,
        "pad" / Bytes(tail),
    )
    rules = {
        "flags": (this.ac_flag & 0xE0) == 0,
        "comm": not_empty(this.ac_comm),
        "btime": rule,
        **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_etime", "ac_io"),
        "comm text": no_controls(this.ac_comm),
    }
    derived = {
        **comp_t_seconds(AHZ, "ac_utime", "ac_stime", "ac_etime"),
        "mem_kib": this.ac_mem,
        "io_blocks": comp_t(this.ac_io) // AHZ,
    }
    clock = this.ac_btime + comp_t(this.ac_etime) // AHZ
    return Format(name, SOURCE, Record("acct", layout, rules, clock=clock, derived=derived, labels=LABELS, units=UNITS))


macos_ilp32 = acct("macos_ilp32", "ac_btime" / Int32ul, 3, (this.ac_btime >= FIRST) & (this.ac_btime < 2**31))
macos_lp64 = acct("macos_lp64", "ac_btime" / Int64sl, 7, (this.ac_btime >= FIRST) & (this.ac_btime < 2**32))
