"""NetBSD process accounting since 6.0, with 64-bit time_t and dev_t.

Sources: NetBSD src sys/sys/acct.h 1.28 (layout), sys/kern/kern_acct.c (encodings, what the writer guarantees). i386 lays 64-bit
numbers at multiples of 4, the other machines at multiples of 8. Before 6.0 the record was FreeBSD's version 1.

The record is built on the kernel's stack: its padding is not zero, nor ac_comm behind its NUL.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64sl, Int64ul, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, comp_t_seconds, each, no_controls, not_empty
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

SOURCE = "NetBSD src sys/sys/acct.h 1.28, sys/kern/kern_acct.c"
AHZ = 64
NODEV = 2**64 - 1
FIRST = 1_200_000_000
"""January 2008: no kernel wrote this record before. One from a clock that was not set is suspect."""
LABELS = {
    "ac_comm": c_string,
    "ac_flag": flags({0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG"}),
}
UNITS = {"ac_btime": EPOCH}


def acct(name: str, gap: tuple[object, ...], tail: int, orders: tuple[str, ...]) -> Format:
    layout = Struct(
        "ac_comm" / Bytes(16),
        "ac_utime" / Int16ul,
        "ac_stime" / Int16ul,
        "ac_etime" / Int16ul,
        "pad22" / Bytes(2),
        "ac_btime" / Int64sl,
        "ac_uid" / Int32ul,
        "ac_gid" / Int32ul,
        "ac_mem" / Int16ul,
        "ac_io" / Int16ul,
        *gap,
        "ac_tty" / Int64ul,
        "ac_flag" / Int8ul,
        "pad" / Bytes(tail),
    )
    rules = {
        "flags": (this.ac_flag & 0xE0) == 0,
        "comm": not_empty(this.ac_comm),
        "tty": (this.ac_tty < 2**32) | (this.ac_tty == NODEV),  # makedev() fills 32 bits
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
    return Format(name, SOURCE, Record("acct", layout, rules, clock=clock, derived=derived, labels=LABELS, units=UNITS), orders)


netbsd = acct("netbsd", ("pad44" / Bytes(4),), 7, ("little", "big"))
netbsd_i386 = acct("netbsd_i386", (), 3, ("little",))
