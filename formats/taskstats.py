"""taskstats: what the kernel sends over generic netlink of each task that exits, and of those asked for.

Source: Linux, include/uapi/linux/netlink.h, genetlink.h and taskstats.h, Documentation/accounting/taskstats.rst and
taskstats-struct.rst; version 17 as posted in January 2026. All numbers are in the host's order.

A message holds the attribute AGGR_PID (or AGGR_TGID) with an id and a struct taskstats in it; the last thread of a group has both.
The struct grew with its version: up to 14 and from 16 on at its end, while version 15 moved nearly every field and is as large as
version 16. On machines that cannot read unaligned words an empty attribute TYPE_NULL moves the struct to a multiple of 8 bytes:
from Linux 2.6.37 to 4.6 before each aggregate, since 4.7 in the first one, before the struct (kernel/taskstats.c, mk_reply).
"""

from functools import cache
from typing import Any

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64sl, Int64ul, Struct, this

from acctrecover.expr import nul_padded
from acctrecover.schema import EPOCH, Framed, Record, flags, wait_status

ERROR, GENL_ID_CTRL, GENL_MAX_ID = 2, 16, 1023
TASKSTATS_CMD_NEW = 2
NLM_F_CAPPED = 0x100
"""An answer that repeats the header of the request only, not all of it; its length stands where an attribute's head would."""
AGGR_PID, AGGR_TGID, BOTH = 4, 5, 6
"""The attributes that hold an id and its struct; BOTH, which is none of the kernel's, stands for one behind the other."""
TYPE_NULL = 6
BEFORE, WITHIN = 0x80, 0x40
"""Where TYPE_NULL stands, as part of a type's number: before each aggregate, within the first one."""
PID_MAX_LIMIT = 4194304
AFLAGS = {0x01: "AFORK", 0x02: "ASU", 0x04: "ACOMPAT", 0x08: "ACORE", 0x10: "AXSIG", 0x20: "AGROUP"}
UNITS = {
    **dict.fromkeys(("ac_btime", "ac_btime64"), EPOCH),
    **dict.fromkeys(("ac_etime", "ac_utime", "ac_stime", "ac_tgetime", "ac_utimescaled", "ac_stimescaled"), "us"),
    **dict.fromkeys(("hiwater_rss", "hiwater_vm"), "KiB"),
    **dict.fromkeys(("coremem", "virtmem"), "MiB us"),
}
NANOSECONDS = ("delay_total", "delay_max", "delay_min", "real_total", "virtual_total")
"""The ends of the names of what counts these."""
ALIGNED = {"ac_uid": 8}
"""Fields that taskstats.h aligns wider than they are."""

DELAYS = ("cpu", "blkio", "swapin", "freepages", "thrashing", "compact", "wpcopy", "irq")
"""What a task is delayed by, in the order of the pairs of max and min that version 16 has at its end."""


def delay(name: str, *, extremes: bool = False) -> list[tuple[str, Any]]:
    """A count of delays and their sum, in version 15 with the longest and the shortest behind."""
    total = "cpu_delay_total" if name == "cpu" else "irq_delay_total" if name == "irq" else f"{name}_delay_total"
    both = [(f"{name}_delay_max", Int64ul), (f"{name}_delay_min", Int64ul)] if extremes else []
    return [(f"{name}_count", Int64ul), (total, Int64ul), *both]


def since(version: int) -> list[tuple[str, Any]]:
    """The fields of struct taskstats as of a version from 8 on, without its padding."""
    odd = version == 15
    fields: list[tuple[str, Any]] = [("version", Int16ul), ("ac_exitcode", Int32ul), ("ac_flag", Int8ul), ("ac_nice", Int8ul)]
    for name in DELAYS[:3]:
        fields += delay(name, extremes=odd)
    fields += [("cpu_run_real_total", Int64ul), ("cpu_run_virtual_total", Int64ul), ("ac_comm", Bytes(32)), ("ac_sched", Int8ul)]
    fields += [("ac_pad", Bytes(3)), *((name, Int32ul) for name in ("ac_uid", "ac_gid", "ac_pid", "ac_ppid", "ac_btime"))]
    fields += [("ac_etime", Int64sl), *((name, Int64ul) for name in ("ac_utime", "ac_stime", "ac_minflt", "ac_majflt"))]
    counters = "coremem virtmem hiwater_rss hiwater_vm read_char write_char read_syscalls write_syscalls read_bytes write_bytes"
    more = "cancelled_write_bytes nvcsw nivcsw ac_utimescaled ac_stimescaled cpu_scaled_run_real_total"
    fields += [(name, Int64ul) for name in f"{counters} {more}".split()]
    fields += delay("freepages", extremes=odd)
    fields += delay("thrashing", extremes=odd) if version >= 9 else []
    fields += [("ac_btime64", Int64ul)] if version >= 10 else []
    fields += delay("compact", extremes=odd) if version >= 11 else []
    if version >= 12:
        fields += [("ac_tgid", Int32ul), *((name, Int64ul) for name in ("ac_tgetime", "ac_exe_dev", "ac_exe_inode"))]
    fields += delay("wpcopy", extremes=odd) if version >= 13 else []
    fields += delay("irq", extremes=odd) if version >= 14 else []
    if version >= 16:
        fields += [(f"{name}_delay_{end}", Int64ul) for name in DELAYS for end in ("max", "min")]
    if version >= 17:
        fields += [(f"{name}_delay_max_ts_{part}", Int64sl) for name in DELAYS for part in ("sec", "nsec")]
    return fields


@cache
def laid_out(version: int, prefix: str = "", most: int | None = None) -> tuple[list[Any], int]:
    """C's layout of struct taskstats, aligned to 8 bytes, as fields and its size; of the first `most` bytes only."""
    out: list[Any] = []
    at = 0

    def pad(width: int) -> None:
        nonlocal at
        if room := -at % width:
            out.append(f"{prefix}pad{at}" / Bytes(room))
            at += room

    for name, kind in since(version):
        size = kind.sizeof()
        pad(ALIGNED.get(name, 1 if isinstance(kind, type(Bytes(1))) else size))
        if most is not None and at + size > most:
            break
        out.append(f"{prefix}{name}" / kind)
        at += size
    pad(8)
    return out, at


def stats(version: int, of: int, most: int | None = None, null: int = 0) -> Record:
    """A message with the struct taskstats of a thread, of a group, which is mostly zero, or with both; `null` is BEFORE or WITHIN
    where it has a TYPE_NULL."""
    fields, size = laid_out(version, "", most)
    names = {field.name for field in fields}
    empty, head = [("null_len", Int16ul), ("null_type", Int16ul)], [("aggr_len", Int16ul), ("aggr_type", Int16ul)]
    ids = [("id_len", Int16ul), ("id_type", Int16ul), ("id", Int32ul)]
    struct = [("stats_len", Int16ul), ("stats_type", Int16ul)]
    before, within = (empty if null == where else [] for where in (BEFORE, WITHIN))
    first = [*before, *head, *ids, *within, *struct]
    layout = ["cmd" / Int8ul, "genl_version" / Int8ul, "reserved" / Int16ul, *(name / kind for name, kind in first), *fields]
    if of == BOTH:
        second = [*before, *head, *ids, *struct]
        layout += [f"tgid_{name}" / kind for name, kind in second] + laid_out(version, "tgid_", most)[0]
    rules: dict[str, Any] = {"id": (this.id > 0) & (this.id <= PID_MAX_LIMIT), "stats_len": this.stats_len == size + 4}
    if null:
        rules |= {"null": (this.null_len == 4) & (this.null_type == TYPE_NULL), "stats_type": this.stats_type == 3}
        rules |= {"ids": (this.id_len == 8) & (this.id_type + 3 == this.aggr_type)}
    labels: dict[str, Any] = {}
    clock = None
    rules |= {"ac_exitcode": (this.ac_exitcode >> 16) == 0, "ac_flag": this.ac_flag < 0x40}
    labels |= {"ac_exitcode": wait_status, "ac_flag": flags(AFLAGS)}
    if "ac_ppid" in names:
        rules |= {"ac_pid": this.ac_pid <= PID_MAX_LIMIT, "ac_ppid": this.ac_ppid <= PID_MAX_LIMIT}
        rules |= {"ac_comm": nul_padded(this.ac_comm)}
        clock = this.ac_btime + this.ac_etime // 1000000 if of != AGGR_TGID else None
    ends = (this.ac_pid == this.ac_tgid) * this.ac_pid if clock is not None and "ac_tgid" in names else None
    if of == BOTH:
        rules |= {"group": (this.tgid_id <= PID_MAX_LIMIT) & (this.tgid_stats_len == size + 4) & (this.tgid_aggr_type == AGGR_TGID)}
    counted = [field.name for field in fields if field.name in UNITS or field.name.endswith(NANOSECONDS)]
    return Record(
        {AGGR_PID: "PID", AGGR_TGID: "TGID", BOTH: "PID+TGID"}[of],
        Struct(*layout),
        rules,
        clock=clock,
        began=None if clock is None else this.ac_btime,
        exits=ends,
        exit_code=None if ends is None else this.ac_exitcode,
        labels=labels,
        units={name: "ns" if name.endswith(NANOSECONDS) else UNITS[name] for name in counted},
    )


def kind(told: int, of: int) -> int:
    """The number of a type: the version (before 8 the length of the attribute that holds the struct) and whose it is."""
    return (told << 8) + of


SIZES = {version: laid_out(version)[1] for version in range(8, 18)}
"""328, 344, 352, 368, 400, 416, 432, 560, 560 and 688 bytes."""
EARLY = (80, 248, 272, 288, 312, 328)
"""Sizes of versions 1 to 7: fields were only put at the end."""
STATS = this.nlmsg_type > GENL_ID_CTRL
NULL_BEFORE, NULL_WITHIN = (this.aggr_type == TYPE_NULL) * 1, (this.stats_type == TYPE_NULL) * 1
PLAIN = 1 - NULL_BEFORE - NULL_WITHIN


def told(plain: Any, before: Any, within: Any) -> Any:
    """What a field says, whose place depends on where TYPE_NULL stands."""
    return PLAIN * plain + NULL_BEFORE * before + NULL_WITHIN * within


AGGR_LEN, AGGR_TYPE = told(this.aggr_len, this.id_len, this.aggr_len), told(this.aggr_type, this.id_type, this.aggr_type)
STATS_LEN, VERSION = told(this.stats_len, this.version, this.version), told(this.version, this.word_40, this.word_40)
TWO = this.nlmsg_len > 2 * STATS_LEN
OLD = VERSION < 8

REQUEST = [("len", Int32ul), ("type", Int16ul), ("flags", Int16ul), ("seq", Int32ul), ("pid", Int32ul)]
error = Record(
    "ERROR",
    Struct("error" / Int32ul, *(f"request_{name}" / kind for name, kind in REQUEST), "request" / Bytes(this.length - 20)),
    rules={
        "error": (this.error == 0) | (this.error > 0xFFFFF000),
        "request_len": (this.request_len >= 16) & (this.request_len < 4096),
        "request_type": (this.request_type >= GENL_ID_CTRL) & (this.request_type <= GENL_MAX_ID),
        "request_flags": (this.request_flags & 1) == 1,
    },
    derived={"errno": (2**32 - this.error) & 0xFFFFFFFF},
    lengths=(20, 64),
)
family = Record(
    "NEWFAMILY",
    Struct(
        *("cmd" / Int8ul, "genl_version" / Int8ul, "reserved" / Int16ul),
        *("name_len" / Int16ul, "name_type" / Int16ul, "family_name" / Bytes(12)),
        *("id_len" / Int16ul, "id_type" / Int16ul, "family_id" / Int16ul, "id_pad" / Int16ul),
        "attributes" / Bytes(this.length - 28),
    ),
    rules={
        "cmd": this.cmd == 1,
        "name_len": (this.name_len == 14) & (this.name_type == 2),
        "family_name": nul_padded(this.family_name),
        "id_len": (this.id_len == 6) & (this.id_type == 1),
        "family_id": (this.family_id > GENL_ID_CTRL) & (this.family_id <= GENL_MAX_ID),
    },
    lengths=(28, 512),
)

taskstats = Framed(
    "taskstats",
    source="Linux, uapi/linux/genetlink.h and taskstats.h",
    unseen="messages that the kernel dropped leave no trace",
    header=Struct(
        *("nlmsg_len" / Int32ul, "nlmsg_type" / Int16ul, "nlmsg_flags" / Int16ul, "nlmsg_seq" / Int32ul, "nlmsg_pid" / Int32ul),
        *("cmd" / Int8ul, "genl_version" / Int8ul, "reserved" / Int16ul),
        *("aggr_len" / Int16ul, "aggr_type" / Int16ul, "id_len" / Int16ul, "id_type" / Int16ul, "id" / Int32ul),
        *("stats_len" / Int16ul, "stats_type" / Int16ul, "version" / Int16ul, "word_38" / Int16ul, "word_40" / Int16ul),
    ),
    peek=26,
    align=4,
    rules={
        "nlmsg_type": (this.nlmsg_type == ERROR) | ((this.nlmsg_type >= GENL_ID_CTRL) & (this.nlmsg_type <= GENL_MAX_ID)),
        "nlmsg_flags": (this.nlmsg_flags & 0xFEFC) == 0,
        "request": (this.nlmsg_type != ERROR)
        | ((this.nlmsg_flags == NLM_F_CAPPED) & (this.nlmsg_len == 36))
        | ((this.nlmsg_flags == 0) & (this.aggr_len + this.aggr_type + 20 == this.nlmsg_len)),
        "genl": (this.nlmsg_type == ERROR) | ((this.reserved == 0) & (this.cmd > 0) & (this.cmd < 4) & (this.genl_version < 4)),
        "id_type": (this.nlmsg_type <= GENL_ID_CTRL) | (NULL_BEFORE == 1) | (this.id_type + 3 == this.aggr_type),
        "id_len": (this.nlmsg_type <= GENL_ID_CTRL) | (NULL_BEFORE == 1) | (this.id_len == 8),
        "stats_type": (this.nlmsg_type <= GENL_ID_CTRL) | (PLAIN == 0) | (this.stats_type == 3),
        "stats_len": (this.nlmsg_type <= GENL_ID_CTRL) | (STATS_LEN + 12 + 4 * NULL_WITHIN == AGGR_LEN),
        "cmd": (this.nlmsg_type <= GENL_ID_CTRL) | (this.cmd == TASKSTATS_CMD_NEW),
        "aggr_type": (this.nlmsg_type <= GENL_ID_CTRL) | (AGGR_TYPE == AGGR_PID) | (AGGR_TYPE == AGGR_TGID),
    },
    type=(1 - STATS * 1) * this.nlmsg_type
    + STATS * (((OLD * STATS_LEN + (1 - OLD * 1) * VERSION) << 8) + AGGR_TYPE + TWO * (BOTH - AGGR_TYPE))
    + STATS * (BEFORE * NULL_BEFORE + WITHIN * NULL_WITHIN),
    length=this.nlmsg_len - 16,
    largest=2048,
    types={
        ERROR: error,
        GENL_ID_CTRL: family,
        **{kind(size + 4, of): stats(8, of, size) for size in EARLY for of in (AGGR_PID, AGGR_TGID, BOTH)},
        **{kind(version, of): stats(version, of) for version in SIZES for of in (AGGR_PID, AGGR_TGID, BOTH)},
        **{kind(8, of) + BEFORE: stats(8, of, null=BEFORE) for of in (AGGR_PID, AGGR_TGID, BOTH)},
        **{kind(version, of) + WITHIN: stats(version, of, null=WITHIN) for version in SIZES for of in (AGGR_PID, AGGR_TGID, BOTH)},
    },
)
