"""Process accounting of 4.xBSD: 32 bytes.

Sources: 4.3BSD sys/h/acct.h (layout), sys/sys/kern_acct.c (encodings, what the writer guarantees). Times are in
1/64 s, as 4.3BSD writes them; the kernels before it wrote ac_etime in seconds, and the clock here is then nearer to the process's
start than to its end. The PDP-11 wrote the same record with the higher half of ac_btime first, which is not read here.

The kernel writes from a variable of its own that starts as zeros. Names have no character above 0x7F: namei() refuses them.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, no_controls, not_empty, seven_bit
from acctrecover.schema import Format, Record, c_string, flags

AHZ = 64
FIRST = 330_000_000
"""June 1980: no kernel wrote this record before. One from a clock that was not set is suspect."""

bsd = Format(
    "bsd",
    "4.3BSD sys/h/acct.h, sys/sys/kern_acct.c",
    Record(
        "acct",
        Struct(
            "ac_comm" / Bytes(10),
            "ac_utime" / Int16ul,
            "ac_stime" / Int16ul,
            "ac_etime" / Int16ul,
            "ac_btime" / Int32ul,
            "ac_uid" / Int16ul,
            "ac_gid" / Int16ul,
            "ac_mem" / Int16ul,
            "ac_io" / Int16ul,
            "ac_tty" / Int16ul,
            "ac_flag" / Int8ul,
            "pad" / Int8ul,
        ),
        rules={
            "flags": (this.ac_flag & 0xE0) == 0,
            "pad": this.pad == 0,
            "btime": (this.ac_btime >= FIRST) & (this.ac_btime < 2**31),
            "utime": canonical_comp_t(this.ac_utime),
            "stime": canonical_comp_t(this.ac_stime),
            "etime": canonical_comp_t(this.ac_etime),
            "io": canonical_comp_t(this.ac_io),
            "comm": not_empty(this.ac_comm),
            "comm text": no_controls(this.ac_comm),
            "comm bits": seven_bit(this.ac_comm),
        },
        clock=this.ac_btime + comp_t(this.ac_etime) // AHZ,
        derived={
            "utime_seconds": comp_t(this.ac_utime) / AHZ,
            "stime_seconds": comp_t(this.ac_stime) / AHZ,
            "etime_seconds": comp_t(this.ac_etime) / AHZ,
            "mem_kib": this.ac_mem,
            "io_blocks": comp_t(this.ac_io) // AHZ,
        },
        labels={
            "ac_comm": c_string,
            "ac_flag": flags({0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG"}),
        },
    ),
)
