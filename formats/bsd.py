"""Process accounting of 4.xBSD and of the Seventh Edition before it: 32 bytes.

Sources: 4.3BSD sys/h/acct.h (layout), sys/sys/kern_acct.c (encodings, what the writer guarantees); Seventh Edition sys/h/acct.h
(the same layout). Times are in 1/64 s, as 4.3BSD writes them; the kernels before it wrote ac_etime in seconds, the Seventh
Edition in 1/60 s, and the clock here is then nearer to the process's start than to its end. The PDP-11, a machine of little-endian
16-bit words, has the higher word of a long first, which concerns ac_btime alone.

The kernel writes from a variable of its own that starts as zeros. Names have no character above 0x7F: namei() refuses them.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, comp_t_seconds, each, no_controls, not_empty, seven_bit
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

SOURCE = "4.3BSD sys/h/acct.h, sys/sys/kern_acct.c"
AHZ = 64
FIRST = 330_000_000
"""June 1980: no VAX kernel wrote this record before. One from a clock that was not set is suspect."""
FIRST_PDP = 284_000_000
"""January 1979, of the Seventh Edition."""
FLAGS = {0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG"}


def acct(name: str, source: str, btime: dict[str, object], seconds: object, first: int, orders: tuple[str, ...]) -> Format:
    """The record with ac_btime in one field or two, and what they say in seconds."""
    layout = Struct(
        "ac_comm" / Bytes(10),
        "ac_utime" / Int16ul,
        "ac_stime" / Int16ul,
        "ac_etime" / Int16ul,
        *(field / kind for field, kind in btime.items()),  # type: ignore[operator]
        "ac_uid" / Int16ul,
        "ac_gid" / Int16ul,
        "ac_mem" / Int16ul,
        "ac_io" / Int16ul,
        "ac_tty" / Int16ul,
        "ac_flag" / Int8ul,
        "pad" / Int8ul,
    )
    rules = {
        "flags": (this.ac_flag & 0xE0) == 0,
        "pad": this.pad == 0,
        "btime": (seconds >= first) & (seconds < 2**31),  # type: ignore[operator]
        **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_etime", "ac_io"),
        "comm": not_empty(this.ac_comm),
        "comm text": no_controls(this.ac_comm),
        "comm bits": seven_bit(this.ac_comm),
    }
    derived = {
        **comp_t_seconds(AHZ, "ac_utime", "ac_stime", "ac_etime"),
        "mem_kib": this.ac_mem,
        "io_blocks": comp_t(this.ac_io) // AHZ,
    }
    clock = seconds + comp_t(this.ac_etime) // AHZ
    labels = {"ac_comm": c_string, "ac_flag": flags(FLAGS)}
    if "ac_btime" not in btime:
        derived |= {"ac_btime": seconds}
    units = {"ac_btime": EPOCH}
    return Format(name, source, Record("acct", layout, rules, clock=clock, derived=derived, labels=labels, units=units), orders)


HIGH_FIRST = (this.ac_btime_high << 16) + this.ac_btime_low

bsd = acct("bsd", SOURCE, {"ac_btime": Int32ul}, this.ac_btime, FIRST, ("little", "big"))
bsd_pdp11 = acct(
    "bsd_pdp11",
    "Seventh Edition and 2.xBSD sys/h/acct.h",
    {"ac_btime_high": Int16ul, "ac_btime_low": Int16ul},
    HIGH_FIRST,
    FIRST_PDP,
    ("little",),
)
