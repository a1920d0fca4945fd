"""System V process accounting: 32 bytes in Release 3, 40 since Release 4, as Solaris, illumos, IRIX and HP-UX write it.

Sources: illumos-gate usr/src/uts/common/sys/acct.h (layouts of both, flags), uts/common/os/acct.c (what the writer guarantees);
acct(4) of HP-UX 11i, whose records are Release 4's without AEXPND. By AEXPND acctcom tells the two lengths. Times are in clock
ticks, 100 a second.

The kernel writes from a variable of its own that starts as zeros, so that the two bytes before ac_uid stay zero. A name of eight
characters or more has no NUL. In Release 3 the name comes from a directory entry, padded with NUL.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Struct, this

from acctrecover.expr import canonical_comp_t, comp_t, comp_t_seconds, each, no_controls, not_empty, nul_padded
from acctrecover.schema import EPOCH, Format, Record, c_string, flags

SOURCE = "illumos-gate usr/src/uts/common/sys/acct.h"
HZ = 100
AEXPND = 0x20
FIRST = 440_000_000
"""December 1983: no kernel wrote these records before. One from a clock that was not set is suspect."""
LABELS = {"ac_comm": c_string, "ac_flag": flags({0x01: "AFORK", 0x02: "ASU", AEXPND: "AEXPND"})}
UNITS = {"ac_btime": EPOCH}

TAIL = (
    "ac_btime" / Int32ul,
    "ac_utime" / Int16ul,
    "ac_stime" / Int16ul,
    "ac_etime" / Int16ul,
    "ac_mem" / Int16ul,
    "ac_io" / Int16ul,
    "ac_rw" / Int16ul,
    "ac_comm" / Bytes(8),
)
COMMON = {
    **each(canonical_comp_t, "ac_utime", "ac_stime", "ac_etime", "ac_mem", "ac_io", "ac_rw"),
    "btime": (this.ac_btime >= FIRST) & (this.ac_btime < 2**31),
    "comm": not_empty(this.ac_comm),
    "comm text": no_controls(this.ac_comm),
}
CLOCK = this.ac_btime + comp_t(this.ac_etime) // HZ
DERIVED = {
    **comp_t_seconds(HZ, "ac_utime", "ac_stime", "ac_etime"),
    "io_characters": comp_t(this.ac_io),
    "rw_blocks": comp_t(this.ac_rw),
}

svr3 = Format(
    "svr3",
    SOURCE + " (o_acct)",
    Record(
        "o_acct",
        Struct("ac_flag" / Int8ul, "ac_stat" / Int8ul, "ac_uid" / Int16ul, "ac_gid" / Int16ul, "ac_tty" / Int16ul, *TAIL),
        rules={"flags": (this.ac_flag & 0xFC) == 0, **COMMON, "comm padding": nul_padded(this.ac_comm)},
        clock=CLOCK,
        derived=DERIVED,
        labels=LABELS,
        units=UNITS,
    ),
)


def expanded(name: str, source: str, flag: int, orders: tuple[str, ...]) -> Format:
    layout = Struct(
        "ac_flag" / Int8ul,
        "ac_stat" / Int8ul,
        "pad" / Int16ul,
        "ac_uid" / Int32ul,
        "ac_gid" / Int32ul,
        "ac_tty" / Int32ul,
        *TAIL,
    )
    rules = {"flags": (this.ac_flag & 0xFC) == flag, "pad": this.pad == 0, **COMMON}
    return Format(name, source, Record("acct", layout, rules, clock=CLOCK, derived=DERIVED, labels=LABELS, units=UNITS), orders)


svr4 = expanded("svr4", SOURCE + ", uts/common/os/acct.c", AEXPND, ("little", "big"))
hpux = expanded("hpux", "HP-UX 11i acct(4)", 0, ("big",))
