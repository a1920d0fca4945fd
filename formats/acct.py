"""Linux process accounting, versions 0 to 3, and version 0 as m68k lays it out.

Sources: linux include/uapi/linux/acct.h and kernel/acct.c (field names, encodings and what the writer guarantees);
GNU acct pacct_rd.c (an independent table of the offsets). Times are in AHZ ticks: 100 a second, or `ac_ahz`.
"""

from construct import Bytes, Float32l, Int8ul, Int16ul, Int32ul, Struct, this

from acctrecover.expr import (
    BIG_ENDIAN,
    all_zero,
    canonical_comp_t,
    comp2_t,
    comp_t,
    comp_t_seconds,
    each,
    floor,
    no_controls,
    not_empty,
    nul_padded,
    nul_terminated,
    whole_float,
)
from acctrecover.schema import EPOCH, Format, Record, flags, wait_status

SOURCE = "linux include/uapi/linux/acct.h, kernel/acct.c"
PID_MAX_LIMIT = 4194304
FIRST_M68K = 760_000_000
"""January 1994: no m68k ran Linux before. A record from a clock that was not set is suspect. Its time_t ends in 2038."""
FLAGS = flags({0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG"})
LABELS = {"ac_flag": FLAGS, "ac_exitcode": wait_status}
UNITS = {"ac_btime": EPOCH}

# AGROUP (0x20) is set in taskstats only; ac_io is never tested: vendor kernels keep CPU microseconds in it.
COMMON = {
    "flags": (this.ac_flag & 0xE0) == 0,
    "exitcode": (this.ac_exitcode >> 16) == 0,
    "rw": this.ac_rw == 0,
    "swaps": this.ac_swaps == 0,
    **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_mem", "ac_io", "ac_minflt", "ac_majflt"),
    "comm padding": nul_padded(this.ac_comm),
    "comm end": nul_terminated(this.ac_comm),
}

ETIME2 = comp2_t(this.ac_etime_hi, this.ac_etime_lo)


def times(ahz: object, etime: object) -> dict[str, object]:
    return {
        **comp_t_seconds(ahz, "ac_utime", "ac_stime"),
        "etime_seconds": etime / ahz,  # type: ignore[operator]
        "mem_kib": comp_t(this.ac_mem),
        "minflt": comp_t(this.ac_minflt),
        "majflt": comp_t(this.ac_majflt),
    }


HEAD = (
    "ac_flag" / Int8ul,
    "ac_version" / Int8ul,
    "ac_uid16" / Int16ul,
    "ac_gid16" / Int16ul,
    "ac_tty" / Int16ul,
    "ac_btime" / Int32ul,
    "ac_utime" / Int16ul,
    "ac_stime" / Int16ul,
    "ac_etime" / Int16ul,
    "ac_mem" / Int16ul,
    "ac_io" / Int16ul,
    "ac_rw" / Int16ul,
    "ac_minflt" / Int16ul,
    "ac_majflt" / Int16ul,
    "ac_swaps" / Int16ul,
)
TAIL = (
    "ac_exitcode" / Int32ul,
    "ac_comm" / Bytes(17),
    "ac_etime_hi" / Int8ul,
    "ac_etime_lo" / Int16ul,
    "ac_uid" / Int32ul,
    "ac_gid" / Int32ul,
)
WIDE_IDS = {
    "uid16": this.ac_uid16 == (this.ac_uid & 0xFFFF),
    "gid16": this.ac_gid16 == (this.ac_gid & 0xFFFF),
    "etime": canonical_comp_t(this.ac_etime),
}

# A zeroed record would satisfy every v0 rule but the last two. ac_pad is not tested: GNU acct leaves garbage there, and writes
# 0x80 into big-endian version bytes.
acct_v0 = Format(
    "acct_v0",
    SOURCE + " of 2.4",
    Record(
        "acct",
        Struct(*HEAD, "ac_pad0" / Bytes(2), "ac_exitcode" / Int32ul, "ac_comm" / Bytes(17), "ac_pad" / Bytes(10), "pad" / Int8ul),
        rules={
            "version": (this.ac_version == 0) | (this.ac_version == 0x80 * BIG_ENDIAN),
            **COMMON,
            "etime": canonical_comp_t(this.ac_etime),
            "btime": this.ac_btime > 0,
            "comm": not_empty(this.ac_comm),
        },
        clock=this.ac_btime + comp_t(this.ac_etime) // 100,
        derived=times(100, comp_t(this.ac_etime)),
        labels=LABELS,
        units=UNITS,
    ),
)

# 32-bit numbers at even offsets: no padding before ac_exitcode. The kernel clears the record, and writes neither byte 1 nor ac_io.
acct_v0_m68k = Format(
    "acct_v0_m68k",
    SOURCE + " of 2.4 (m68k: 62 bytes)",
    Record(
        "acct",
        Struct(*HEAD, "ac_exitcode" / Int32ul, "ac_comm" / Bytes(17), "ac_pad" / Bytes(10), "pad" / Int8ul),
        rules={
            "version": this.ac_version == 0,
            **COMMON,
            "io": this.ac_io == 0,
            "etime": canonical_comp_t(this.ac_etime),
            "btime": (this.ac_btime >= FIRST_M68K) & (this.ac_btime < 2**31),
            "comm": not_empty(this.ac_comm),
            "comm text": no_controls(this.ac_comm),
            "ac_pad": all_zero(this.ac_pad),
            "pad": this.pad == 0,
        },
        clock=this.ac_btime + comp_t(this.ac_etime) // 100,
        derived=times(100, comp_t(this.ac_etime)),
        labels=LABELS,
        units=UNITS,
    ),
    orders=("big",),
)

acct_v1 = Format(
    "acct_v1",
    SOURCE + " (m68k: 62 bytes)",
    Record(
        "acct",
        Struct(*HEAD, *TAIL),
        rules={"version": this.ac_version == 1 + 0x80 * BIG_ENDIAN, **COMMON, **WIDE_IDS},
        clock=this.ac_btime + ETIME2 // 100,
        derived=times(100, ETIME2),
        labels=LABELS,
        units=UNITS,
    ),
)

acct_v2 = Format(
    "acct_v2",
    SOURCE,
    Record(
        "acct",
        Struct(*HEAD, "ac_ahz" / Int16ul, *TAIL),
        rules={
            "version": this.ac_version == 2 + 0x80 * BIG_ENDIAN,
            **COMMON,
            **WIDE_IDS,
            "ahz": (this.ac_ahz == 100) | (this.ac_ahz == 1024),
        },
        clock=this.ac_btime + ETIME2 // 100,
        derived=times(this.ac_ahz, ETIME2),
        labels=LABELS,
        units=UNITS,
    ),
)

acct_v3 = Format(
    "acct_v3",
    SOURCE,
    Record(
        "acct",
        Struct(
            "ac_flag" / Int8ul,
            "ac_version" / Int8ul,
            "ac_tty" / Int16ul,
            "ac_exitcode" / Int32ul,
            "ac_uid" / Int32ul,
            "ac_gid" / Int32ul,
            "ac_pid" / Int32ul,
            "ac_ppid" / Int32ul,
            "ac_btime" / Int32ul,
            "ac_etime" / Float32l,
            "ac_utime" / Int16ul,
            "ac_stime" / Int16ul,
            "ac_mem" / Int16ul,
            "ac_io" / Int16ul,
            "ac_rw" / Int16ul,
            "ac_minflt" / Int16ul,
            "ac_majflt" / Int16ul,
            "ac_swaps" / Int16ul,
            "ac_comm" / Bytes(16),
        ),
        rules={
            "version": this.ac_version == 3 + 0x80 * BIG_ENDIAN,
            **COMMON,
            "pid": (this.ac_pid > 0) & (this.ac_pid <= PID_MAX_LIMIT),
            "ppid": this.ac_ppid <= PID_MAX_LIMIT,
            "etime": whole_float(this.ac_etime),
        },
        clock=this.ac_btime + floor(this.ac_etime / 100),
        serial=this.ac_pid,
        began=this.ac_btime,
        command="ac_comm",
        exits=this.ac_pid,
        exit_code=this.ac_exitcode,
        # Of a process that still runs when accounting stops: what is collected at its exit is zero.
        closes=((this.ac_exitcode | this.ac_flag | this.ac_utime | this.ac_stime | this.ac_mem) == 0)
        & ((this.ac_minflt | this.ac_majflt) == 0),
        derived=times(100, this.ac_etime),
        labels=LABELS,
        units=UNITS,
    ),
)
