"""FreeBSD process accounting, versions 1 to 3; DragonFly and NetBSD before 6.0 write version 1.

Sources: freebsd-src sys/sys/acct.h (field names, layouts), sys/kern/kern_acct.c (encodings, what the writer guarantees),
usr.bin/lastcomm/readrec.c (how versions are told apart). Version 1 as written with a 64-bit time_t is DragonFly's, with a
32-bit one that of NetBSD before 6.0. LP64 stands for a 64-bit time_t, ILP32 for i386's of 32 bits.

The record is built on the kernel's stack: its padding holds whatever was there, and ac_comm behind its NUL what is left of a longer
name. Sixteen characters of a name leave no NUL.
"""

from construct import Bytes, Float32l, Int8ul, Int16ul, Int32ul, Int64sl, Int64ul, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, each, floor, no_controls, not_empty, whole_float
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

SOURCE = "freebsd-src sys/sys/acct.h, sys/kern/kern_acct.c"
AHZV1 = 64
ANVER = 0x20
FLAGS = flags({0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG", ANVER: "ANVER"})
LABELS = {"ac_comm": c_string, "ac_flag": FLAGS}
UNITS = {"ac_btime": EPOCH}
FIRST = {1: 7.2e8, 2: 1.17e9, 3: 1.46e9}
"""Seconds since the epoch, in 1992, 2007 and 2016: no kernel wrote the version before. A record from a clock that was not set is
suspect."""


def times(unit: int, utime: object, stime: object, etime: object) -> dict[str, object]:
    return {
        "utime_seconds": utime / unit,  # type: ignore[operator]
        "stime_seconds": stime / unit,  # type: ignore[operator]
        "etime_seconds": etime / unit,  # type: ignore[operator]
        "mem_kib": this.ac_mem,
    }


def since(version: int, abi: str) -> object:
    return (this.ac_btime >= int(FIRST[version])) & (this.ac_btime < (2**31 if abi == "ilp32" else 2**32))


def v1(abi: str, source: str, btime: tuple[object, ...], tail: int) -> Format:
    rules = {
        "flags": (this.ac_flag & 0xE0) == 0,
        "comm": not_empty(this.ac_comm),
        "btime": since(1, abi),
        **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_etime", "ac_io"),
        "comm text": no_controls(this.ac_comm),
    }
    layout = Struct(
        "ac_comm" / Bytes(16),
        "ac_utime" / Int16ul,
        "ac_stime" / Int16ul,
        "ac_etime" / Int16ul,
        "pad22" / Bytes(2),
        *btime,
        "ac_uid" / Int32ul,
        "ac_gid" / Int32ul,
        "ac_mem" / Int16ul,
        "ac_io" / Int16ul,
        "ac_tty" / Int32ul,
        "ac_flag" / Int8ul,
        "pad" / Bytes(tail),
    )
    derived = {
        **times(AHZV1, comp_t(this.ac_utime), comp_t(this.ac_stime), comp_t(this.ac_etime)),
        "io_blocks": comp_t(this.ac_io) // AHZV1,
    }
    clock = this.ac_btime + comp_t(this.ac_etime) // AHZV1
    return Format(
        f"freebsd_v1_{abi}", source, Record("acctv1", layout, rules, clock=clock, derived=derived, labels=LABELS, units=UNITS)
    )


def versioned(version: int, abi: str, btime: tuple[object, ...], tty: tuple[object, ...], tail: int) -> Format:
    layout = Struct(
        "ac_zero" / Int8ul,
        "ac_version" / Int8ul,
        "ac_len" / Int16ul,
        "ac_comm" / Bytes(16),
        "ac_utime" / Float32l,
        "ac_stime" / Float32l,
        "ac_etime" / Float32l,
        *btime,
        "ac_uid" / Int32ul,
        "ac_gid" / Int32ul,
        "ac_mem" / Float32l,
        "ac_io" / Float32l,
        *tty,
        "ac_len2" / Int16ul,
        "gap" / Bytes(2),
        "ac_flag" / Int8ul,
        "pad" / Bytes(tail),
    )
    size = layout.sizeof()
    rules = {
        "zero": this.ac_zero == 0,
        "version": this.ac_version == version,
        "length": this.ac_len == size,
        "length behind": this.ac_len2 == size,
        "flags": (this.ac_flag & 0xE0) == ANVER,
        "btime": since(version, abi),
        "utime": whole_float(this.ac_utime),
        "stime": whole_float(this.ac_stime),
        "etime": whole_float(this.ac_etime),
        "mem": whole_float(this.ac_mem),
        "io": whole_float(this.ac_io),
        "comm text": no_controls(this.ac_comm),
    }
    derived = {**times(10**6, this.ac_utime, this.ac_stime, this.ac_etime), "io_blocks": this.ac_io}
    clock = this.ac_btime + floor(this.ac_etime / 10**6)
    record = Record(f"acctv{version}", layout, rules, clock=clock, derived=derived, labels=LABELS, units=UNITS)
    return Format(f"freebsd_v{version}_{abi}", SOURCE, record)


ILP32 = ("ac_btime" / Int32ul,)
LP64 = ("ac_btime" / Int64sl,)
TTY2 = ("ac_tty" / Int32ul,)
TTY3 = ("ac_tty" / Int64ul, "ac_pad0" / Int32ul)

freebsd_v1_ilp32 = v1("ilp32", SOURCE + "; NetBSD before 6.0", ILP32, 3)
freebsd_v1_lp64 = v1("lp64", SOURCE + "; DragonFly sys/sys/acct.h", LP64, 7)
freebsd_v2_ilp32 = versioned(2, "ilp32", ILP32, TTY2, 3)
freebsd_v2_lp64 = versioned(2, "lp64", LP64, TTY2, 7)
freebsd_v3_ilp32 = versioned(3, "ilp32", ILP32, TTY3, 3)
freebsd_v3_lp64 = versioned(3, "lp64", LP64, TTY3, 7)
