"""SGI CSA, Comprehensive System Accounting: the pacct and spacct files of Linux, a record behind an 8-byte header for each event.

Sources: csa.h, csa_delay.h and csaacct.h of Linux CSA (SGI and LANL, 2000 to 2008) for the layouts; csaverify.c and its validity
tests for what is invalid; csa.c for what the writer does. A process is one entry of up to four records, written at once: acctcsa,
then as the daemon was told acctmem, acctio and acctdelay, each but the last with AMORE in ah_flag. The second header of acctcsa and
accteoj has the inverted magic number; in acctcsa its ah_size is the bytes of the records that follow. (Its ah_type should say
which follow, but has the bit of acctmem always: a slip of the writer.)

Three ABIs: LP64; i386, where 64-bit numbers stand at multiples of 4; and big-endian machines of 32 bits, as PowerPC and MIPS. Of a
sorted file's job headers (acctjob) and of a site's own records the header alone is known. The files of IRIX, of the first Linux
revision (05000), and the summaries of cacct and cms are others.
"""

from collections.abc import Mapping
from typing import Any

from construct import Bytes, Float64l, Int8ul, Int16sl, Int16ul, Int32sl, Int32ul, Int64sl, Int64ul, Struct, this

from acctrecover.expr import BIG_ENDIAN, not_empty
from acctrecover.schema import EPOCH, Entries, Framed, Record, flags, names

SOURCE = "SGI Linux CSA, csa.h, csaacct.h and csaverify.c"
PID_MAX_LIMIT = 0x400000
CSA, MEM, IO, DELAY, SOJ, EOJ, CFG, WKMG, JOB = 0o1, 0o2, 0o4, 0o10, 0o12, 0o14, 0o20, 0o122, 0o220
SITES = {0o100: "KERN_SITE0", 0o101: "KERN_SITE1", 0o200: "DMD_SITE0", 0o201: "DMD_SITE1"}
LONGEST = 1024
"""MAX_WRACCT, the most bytes that a daemon may have written as one record."""

HEADER = Struct("ah_magic" / Int16ul, "ah_revision" / Int16ul, "ah_type" / Int8ul, "ah_flag" / Int8ul, "ah_size" / Int16ul)
OF_SITE = (this.ah_type == 0o100) | (this.ah_type == 0o101) | (this.ah_type == 0o200) | (this.ah_type == 0o201)
LATER = (this.ah_type == IO) | (this.ah_type == DELAY)
FIRST = (this.ah_type != IO) & (this.ah_type != DELAY) & (this.ah_type != JOB)
REVISION = (
    OF_SITE
    | ((this.ah_revision == 0o6000) & FIRST)
    | ((this.ah_revision == 0o7000) & LATER)
    | ((this.ah_revision == 0o10000) & (this.ah_type == JOB))
)
PEEK = 3
"""Bytes of the header that are fields of each record: its flag and its size."""
OPEN = (PEEK, LONGEST - 8 + PEEK)
FLAG = {"ah_flag": Int8ul, "ah_size": Int16ul}
FLAGS = flags({0x01: "AFORK", 0x02: "ASU", 0x08: "ACORE", 0x10: "AXSIG", 0x20: "AMORE"})
AMORE = 0x20
NO_MORE = {"no linked record": (this.ah_flag & AMORE) == 0}
INCOMPLETE = "Incomplete record"
HEADER2 = {
    "hdr2_magic": Int16ul,
    "hdr2_revision": Int16ul,
    "hdr2_type": Int8ul,
    "hdr2_flag": Int8ul,
    "hdr2_size": Int16ul,
}
HEADER2_RULES = {
    "second magic": this.hdr2_magic == 0xCEB5 + 2 * BIG_ENDIAN,
    "second revision": this.hdr2_revision == 0o6000,
    "second size": (this.hdr2_size & 7) == 0,
}
MEMINT = ("himem", "mem1", "mem2", "mem3")
MEM_FIELDS = dict.fromkeys(
    [
        "ac_sbu",
        *(f"ac_core_{n}" for n in MEMINT),
        *(f"ac_virt_{n}" for n in MEMINT),
        "ac_pgswap",
        "ac_minflt",
        "ac_majflt",
        "ac_spare",
    ],
    Int64ul,
)
IO_FIELDS = dict.fromkeys(["ac_sbu", "ac_chr", "ac_chw", "ac_scr", "ac_scw", "ac_spare"], Int64ul)
DELAYS = ("cpu", "blkio", "swapin")
DELAY_FIELDS = dict.fromkeys(
    [
        *(f"ac_{what}_{kind}" for what in DELAYS for kind in ("count", "delay_total")),
        "ac_cpu_run_real_total",
        "ac_cpu_run_virtual_total",
    ],
    Int64ul,
)
UNITS = {
    **dict.fromkeys(("ac_etime", "ac_utime", "ac_stime"), "us"),
    **{name: "ns" for name in DELAY_FIELDS if not name.endswith("_count")},
}
CLOCKS = ("ac_btime", "ac_etime", "ac_rstime", "ac_boottime", "ac_curtime", "time", "enter_time")
"""What holds a time where it is a time_t."""
INITIATORS = {0: "login", 1: "LSF", 2: "crond", 3: "ftpd", 4: "inetd", 5: "telnetd"}
EVENTS = {0: "BOOT", 1: "FILE", 2: "ON", 3: "OFF"}
WM_TYPES = {1: "INFO", 2: "RECV", 3: "INIT", 4: "SPOOL", 5: "TERM", 6: "CON"}
WM_NO_INIT, WM_NO_TERM = -1, -2
SUBTYPE = (
    ((this.type == 1) & (this.subtype >= 1) & (this.subtype <= 2))
    | ((this.type == 2) & (this.subtype == 1))
    | ((this.type == 3) & (this.subtype >= 1) & (this.subtype <= 3))
    | ((this.type == 4) & ((this.subtype == 4) | (this.subtype == 6)))
    | ((this.type == 5) & (this.subtype >= 1) & (this.subtype <= 5))
    | ((this.type == 6) & (this.subtype >= WM_NO_INIT) & (this.subtype <= 4) & (this.subtype != 0))
)
INFO = this.type == 1
"""What tells of the accounting itself has no request to name."""


def struct(align: int, fields: Mapping[str, Any]) -> Any:
    """The Struct that a compiler makes of fields behind a header, with each number at a multiple of its size or of `align`."""
    out, at, widest = [], HEADER.sizeof() - PEEK, 1
    for name, kind in {**FLAG, **fields}.items():
        width = 1 if isinstance(kind, Bytes) else min(kind.sizeof(), align)
        if at % width:
            out.append(f"hole{at}" / Bytes(-at % width))
        out.append(name / kind)
        at += -at % width + kind.sizeof()
        widest = max(widest, width)
    return Struct(*out, *([f"hole{at}" / Bytes(-at % widest)] if at % widest else []))


def csa(name: str, time: Any, align: int, orders: tuple[str, ...]) -> Framed:
    """The files of an ABI: its time_t, and the bytes of which 64-bit numbers stand at multiples."""

    def since(seconds: Any) -> Any:
        return (seconds > 0) & (seconds < 2**33) if time is Int64sl else seconds > 0

    def record(name: str, fields: Mapping[str, Any], labels: Mapping[str, Any] | None = None, **about: Any) -> Record:
        units = {field: EPOCH if kind is time and field in CLOCKS else UNITS.get(field, "") for field, kind in fields.items()}
        told = {field: unit for field, unit in units.items() if unit}
        return Record(name, struct(align, fields), labels={"ah_flag": FLAGS, **(labels or {})}, units=told, **about)

    def unknown(name: str) -> Record:
        data = "data" / Bytes(this.length - PEEK)
        return Record(name, Struct(*struct(1, {}).subcons, data), lengths=OPEN, labels={"ah_flag": FLAGS})

    acctcsa = {
        **HEADER2,
        "ac_sbu": Int64ul,
        "ac_stat": Int8ul,
        "ac_nice": Int8ul,
        "ac_sched": Int8ul,
        "pad0": Int8ul,
        "ac_uid": Int32ul,
        "ac_gid": Int32ul,
        "ac_ash": Int64ul,
        "ac_jid": Int64ul,
        "ac_prid": Int64ul,
        "ac_pid": Int32ul,
        "ac_ppid": Int32ul,
        "ac_btime": time,
        "ac_comm": Bytes(16),
        "ac_etime": Int64ul,
        "ac_utime": Int64ul,
        "ac_stime": Int64ul,
        "ac_spare": Int64ul,
        "ac_spare1": Int64ul,
    }
    acctsoj = {
        "ac_type": Int8ul,
        "ac_init": Int8ul,
        "pad0": Int16ul,
        "ac_uid": Int32ul,
        "ac_jid": Int64ul,
        "ac_btime": time,
        "ac_rstime": time,
    }
    accteoj = {
        **HEADER2,
        "ac_sbu": Int64ul,
        "ac_init": Int8ul,
        "ac_nice": Int8ul,
        "pad0": Int16ul,
        "ac_uid": Int32ul,
        "ac_gid": Int32ul,
        "ac_ash": Int64ul,
        "ac_jid": Int64ul,
        "ac_prid": Int64ul,
        "ac_btime": time,
        "ac_etime": time,
        "ac_corehimem": Int64ul,
        "ac_virthimem": Int64ul,
        "ac_utime": Int64ul,
        "ac_stime": Int64ul,
        "ac_spare": Int32ul,
    }
    acctcfg = {
        "ac_kdmask": Int32ul,
        "ac_rmask": Int32ul,
        "ac_uptimelen": Int64sl,
        "ac_event": Int8ul,
        "pad0": Bytes(3),
        "ac_boottime": time,
        "ac_curtime": time,
        "sysname": Bytes(26),
        "nodename": Bytes(26),
        "release": Bytes(42),
        "version": Bytes(41),
        "machine": Bytes(26),
    }
    wkmgmtbs = {
        "sbu": Float64l,
        "type": Int16sl,
        "subtype": Int16sl,
        "arrayid": Int32sl,
        "serv_provider": Bytes(16),
        "time": time,
        "enter_time": time,
        "qtype": Int32sl,
        "uid": Int32ul,
        "prid": Int64ul,
        "ash": Int64ul,
        "jid": Int64ul,
        "machname": Bytes(16),
        "reqname": Bytes(16),
        "quename": Bytes(16),
        **dict.fromkeys(("reqid", "code", "utime", "stime", "ctime", "mem_reserved"), Int64sl),
        "ncpus": Int16sl,
        "term_subtype": Int16sl,
        "spare": Int32sl,
        "qwtime": Int64sl,
        "sbu_wt": Float64l,
    }
    initiator = this.ac_init < len(INITIATORS)
    return Framed(
        name,
        SOURCE,
        header=HEADER,
        rules={
            "magic": this.ah_magic == 0x314A - 2 * BIG_ENDIAN,
            "revision": REVISION,
            "flag": this.ah_flag < 0x40,
            "size": (this.ah_size & 7) == 0,
        },
        type=this.ah_type,
        length=this.ah_size - HEADER.sizeof() + PEEK,
        peek=PEEK,
        entries=Entries(
            more=(this.ah_flag & AMORE) != 0,
            linked=frozenset({"acctmem", "acctio", "acctdelay"}),
            total={"acctcsa": this.hdr2_size},
        ),
        words={"torn record": INCOMPLETE, "truncated tail": INCOMPLETE, "": "Unrecognizable data"},
        largest=LONGEST,
        orders=orders,
        types={
            CSA: record(
                "acctcsa",
                acctcsa,
                rules={
                    **HEADER2_RULES,
                    "second type": this.hdr2_type < 8,
                    "pid": this.ac_pid <= PID_MAX_LIMIT,
                    "ppid": this.ac_ppid <= PID_MAX_LIMIT,
                    "begin time": since(this.ac_btime),
                    "command": not_empty(this.ac_comm),
                },
                clock=this.ac_btime + this.ac_etime / 10**6,
                began=this.ac_btime,
                command="ac_comm",
                derived={
                    "etime_seconds": this.ac_etime / 10**6,
                    "utime_seconds": this.ac_utime / 10**6,
                    "stime_seconds": this.ac_stime / 10**6,
                },
            ),
            MEM: record("acctmem", MEM_FIELDS),
            IO: record("acctio", IO_FIELDS),
            DELAY: record("acctdelay", DELAY_FIELDS),
            SOJ: record(
                "acctsoj",
                acctsoj,
                rules={
                    **NO_MORE,
                    "type": (this.ac_type == 1) | (this.ac_type == 2),
                    "initiator": initiator,
                    "start time": since(this.ac_btime),
                    "restart time": (this.ac_type != 2) | since(this.ac_rstime),
                },
                labels={"ac_type": names({1: "start", 2: "restart"}), "ac_init": names(INITIATORS)},
            ),
            EOJ: record(
                "accteoj",
                accteoj,
                rules={
                    **HEADER2_RULES,
                    **NO_MORE,
                    "initiator": initiator,
                    "start time": since(this.ac_btime),
                    "end time": since(this.ac_etime),
                },
                clock=this.ac_etime,
                began=this.ac_btime,
                labels={"ac_init": names(INITIATORS)},
            ),
            CFG: record(
                "acctcfg",
                acctcfg,
                rules={
                    **NO_MORE,
                    "boot time": since(this.ac_boottime),
                    "current time": since(this.ac_curtime),
                    "event": this.ac_event < len(EVENTS),
                },
                clock=this.ac_curtime,
                labels={"ac_event": names(EVENTS)},
            ),
            WKMG: record(
                "wkmgmtbs",
                wkmgmtbs,
                rules={
                    **NO_MORE,
                    "subtype": SUBTYPE,
                    "time": since(this.time),
                    "array": this.arrayid >= 0,
                    "queue type": this.qtype >= 0,
                    "request": this.reqid >= 0,
                    "service provider": not_empty(this.serv_provider),
                    "machine name": INFO | not_empty(this.machname),
                    "request name": INFO | not_empty(this.reqname),
                    "queue name": INFO | not_empty(this.quename),
                },
                labels={"type": names(WM_TYPES)},
            ),
            JOB: unknown("acctjob"),
            **{number: unknown(name) for number, name in SITES.items()},
        },
    )


csa_lp64 = csa("csa_lp64", Int64sl, 8, ("little", "big"))
csa_i386 = csa("csa_i386", Int32sl, 4, ("little",))
csa_ilp32 = csa("csa_ilp32", Int32sl, 8, ("big",))
