"""AIX 5.3 process accounting: 96 bytes, big-endian; AIX before it wrote System V's 40.

Source: AIX 5.3 sys/acct.h 1.17 (layout, flags). ac_btime has 64 bits, of which a 32-bit kernel writes the lower ones behind a pad;
what stands in ac_version, ac_ctime and reserved is not told.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64sl, Int64ul, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, comp_t_seconds, each, no_controls, not_empty
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

AHZ = 64
FIRST = 1_000_000_000
"""September 2001: no kernel wrote this record before. One from a clock that was not set is suspect."""
FLAGS = {0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG", 0x20: "ACHKPNT"}

aix = Format(
    "aix",
    "AIX 5.3 sys/acct.h 1.17",
    Record(
        "acct",
        Struct(
            "ac_flag" / Int8ul,
            "ac_stat" / Int8ul,
            "ac_version" / Int8ul,
            "ac_len" / Int8ul,
            "ac_uid" / Int32ul,
            "ac_gid" / Int32ul,
            "ac_tty" / Int32ul,
            "ac_tty64" / Int64ul,
            "ac_wlmkey" / Int64ul,
            "ac_btime" / Int64sl,
            "ac_utime" / Int16ul,
            "ac_stime" / Int16ul,
            "ac_etime" / Int16ul,
            "ac_mem" / Int16ul,
            "ac_io" / Int16ul,
            "ac_rw" / Int16ul,
            "ac_comm" / Bytes(12),
            "ac_ctime" / Int64ul,
            "reserved" / Bytes(24),
        ),
        rules={
            "length": this.ac_len == 96,
            "flags": (this.ac_flag & 0xC0) == 0,
            "comm": not_empty(this.ac_comm),
            "btime": (this.ac_btime >= FIRST) & (this.ac_btime < 2**32),
            **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_etime", "ac_mem", "ac_io", "ac_rw"),
            "comm text": no_controls(this.ac_comm),
        },
        clock=this.ac_btime + comp_t(this.ac_etime) // AHZ,
        derived={
            **comp_t_seconds(AHZ, "ac_utime", "ac_stime", "ac_etime"),
            "io_characters": comp_t(this.ac_io),
            "rw_blocks": comp_t(this.ac_rw),
        },
        labels={"ac_comm": c_string, "ac_flag": flags(FLAGS)},
        units={"ac_btime": EPOCH},
    ),
    orders=("big",),
)
