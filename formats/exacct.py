"""Solaris extended accounting: processes, tasks, flows and network use, as exacct(9) of the kernel and libexacct(3LIB) write them.

Sources: illumos exacct_core.c and os/exacct.c for the packing, exacct_ops.c for the header, sys/exacct_catalog.h for the tags. All
numbers are big-endian on every machine. A file is a sequence of groups, the first a header of version, file type, creator and host
name. Each object has its size at both ends: the back-skip that ends it leads to its start. (The header's is 0: nothing stands
before it.) Groups with a tag of a program's own catalog are one type here, whatever their number; groups in groups are read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from construct import Bytes, Int32ul, Struct, this

from acctrecover.expr import Truth
from acctrecover.objects import GROUP, Object, backward, members
from acctrecover.schema import EPOCH, Framed, Parts, Record

LOCAL = 0xF1000000
HEADER_GROUP = 0xF00000FF
NAMED_GROUPS = (
    "PROC TASK LWP PROC_TAG TASK_TAG LWP_TAG PROC_PARTIAL TASK_PARTIAL TASK_INTERVAL FLOW RFMA FMA "
    "NET_LINK_DESC NET_FLOW_DESC NET_LINK_STATS NET_FLOW_STATS"
)
GROUPS = NAMED_GROUPS.split()
"""EXD_GROUP_PROC is 0x100, and so on."""
TIMES = "START_SEC START_NSEC FINISH_SEC FINISH_NSEC CPU_USER_SEC CPU_USER_NSEC CPU_SYS_SEC CPU_SYS_NSEC "
COUNTS = (
    "FAULTS_MAJOR FAULTS_MINOR MESSAGES_RCV MESSAGES_SND BLOCKS_IN BLOCKS_OUT CHARS_RDWR "
    "CONTEXT_VOL CONTEXT_INV SIGNALS SWAPS SYSCALLS "
)
CATALOG = {
    first: [prefix + name for name in names.split()]
    for first, prefix, names in (
        (0x0001, "", "VERSION FILETYPE CREATOR HOSTNAME"),
        (
            0x1000,
            "PROC_",
            f"PID UID GID TASKID PROJID HOSTNAME COMMAND {TIMES}TTY_MAJOR TTY_MINOR {COUNTS}"
            "ACCT_FLAGS TAG ANCPID WAIT_STATUS ZONENAME MEM_RSS_AVG_K MEM_RSS_MAX_K",
        ),
        (0x2000, "TASK_", f"TASKID PROJID HOSTNAME {TIMES}{COUNTS}TAG ANCTASKID ZONENAME"),
        (
            0x3000,
            "FLOW_",
            "V4SADDR V4DADDR V6SADDR V6DADDR SPORT DPORT PROTOCOL DSFIELD NBYTES NPKTS CTIME LSEEN PROJID UID ANAME",
        ),
        (0x4000, "FMA_", "LABEL VERSION OSREL OSVER PLAT TODSEC TODNSEC NVLIST MAJOR MINOR INODE OFFSET UUID"),
        (
            0x5001,
            "NET_DESC_",
            "NAME EHOST EDEST VLAN_TPID VLAN_TCI SAP PRIORITY BWLIMIT DEVNAME V4SADDR V4DADDR V6SADDR V6DADDR SPORT DPORT "
            "PROTOCOL DSFIELD",
        ),
        (0x6000, "NET_STATS_", "NAME CURTIME IBYTES OBYTES IPKTS OPKTS IERRPKTS OERRPKTS"),
    )
}
"""The data ids of each family, from its first on, without EXD_."""
CLOCKS = ("START_SEC", "FINISH_SEC", "_CTIME", "_LSEEN", "_TODSEC", "_CURTIME")
"""The ends of the names of items that hold a time."""
NAMES = {
    **{first + index: name for first, names in CATALOG.items() for index, name in enumerate(names)},
    **{0x100 + index: f"GROUP_{name}" for index, name in enumerate(GROUPS)},
    0xFF: "GROUP_HEADER",
}
"""The default catalog: EXD_ and these are the names of the data ids."""
LARGEST = 1 << 16

HEADER = Struct("tag" / Int32ul, "size_high" / Int32ul, "size" / Int32ul, "nobjs" / Int32ul, "small_backskip" / Int32ul)
PEEK = HEADER.sizeof() - 1
"""Bytes of the header that are read with the objects: the data id of the tag, and all behind the tag."""
HEAD = HEADER.sizeof() - PEEK


def name_of(tag: int) -> str:
    """A tag in words: its name in the default catalog, or its number where it is another's."""
    return NAMES.get(tag & 0xFFFFFF, f"{tag:#010x}") if tag >> 24 & 0xF == 0 else f"{tag:#010x}"


def told(found: Object) -> str:
    """An object in one line."""
    value = found.value
    if isinstance(value, tuple):
        return f"{name_of(found.tag)}{{{', '.join(map(told, value))}}}"
    return f"{name_of(found.tag)}={value.hex() if isinstance(value, bytes) else value}"


def inside(group: bytes) -> tuple[Object, ...] | None:
    """The objects of a group without its first byte; None where a type, a size at either end or their number is wrong."""
    return members(group, PEEK, len(group) - 4, int.from_bytes(group[11:15]))


def filled(group: Any) -> Truth:
    """True where a group's objects fill it, each with the same size at both ends."""

    def filled(octets: Any) -> Any:
        rows = octets.reshape(-1, octets.shape[-1])
        return np.array([inside(row.tobytes()) is not None for row in rows], np.bool_).reshape(octets.shape[:-1])

    return Truth(filled, group)


def same_at_both_ends(group: Any) -> Truth:
    """True where the back-skip that ends a group is its size, or 0 as that of the header."""

    def same_at_both_ends(octets: Any) -> Any:
        skip = octets[..., -4:].astype(np.int64) @ np.array([1 << 24, 1 << 16, 1 << 8, 1])
        return (skip == octets.shape[-1] + HEAD) | (skip == 0)

    return Truth(same_at_both_ends, group)


def columns(group: bytes) -> Mapping[str, Any]:
    """The items of a group under their names; `others` has those that are groups, or not of the default catalog."""
    out: dict[str, Any] = {"data_id": int.from_bytes(group[:3]), "nobjs": int.from_bytes(group[11:15])}
    others = []
    for found in inside(group) or ():
        name = name_of(found.tag)
        if found.kind == GROUP or name in out or name.startswith("0x"):
            others.append(told(found))
        else:
            out[name] = found.value.hex() if isinstance(found.value, bytes) else found.value
    return {**out, "others": " ".join(others)}


def rear(octets: bytes) -> str:
    """The items before the back-skip that ends a group whose start is lost."""
    items = [told(found) for found in backward(octets[:-4])]
    return ", ".join(reversed(items))


def names(*families: int) -> Iterator[str]:
    yield from ("data_id", "nobjs")
    for family in families:
        yield from CATALOG[family]
    yield "others"


def record(name: str, *families: int) -> Record:
    return Record(
        name,
        Struct("group" / Bytes(this.length)),
        rules={"back-skip": same_at_both_ends(this.group), "objects": filled(this.group)},
        lengths=(PEEK + 4, LARGEST - HEAD),
        closed=("back-skip",),
        parts=Parts("group", tuple(names(*families)), columns),
        units={name: EPOCH for name in names(*families) if name.endswith(CLOCKS)},
    )


FAMILIES = {"PROC": 0x1000, "LWP": 0x1000, "TASK": 0x2000, "FLOW": 0x3000, "RFMA": 0x4000, "FMA": 0x4000}
exacct = Framed(
    "exacct",
    "illumos exacct_core.c, sys/exacct_catalog.h",
    header=HEADER,
    rules={
        "small back-skip": this.small_backskip == HEADER.sizeof(),
        "size": (this.size_high == 0) & (this.size >= 8),
        "objects": this.nobjs <= this.size // 9,
    },
    type=(this.tag >> 24 == 0xF1) * LOCAL + (this.tag >> 24 != 0xF1) * this.tag,
    length=this.size + 16 - HEAD,
    peek=PEEK,
    largest=LARGEST,
    orders=("big",),
    rear=rear,
    types={
        HEADER_GROUP: record("header", 0x0001),
        **{
            0xF0000100 + index: record(name.lower(), FAMILIES.get(name.split("_")[0], 0x5001 if name.endswith("DESC") else 0x6000))
            for index, name in enumerate(GROUPS)
        },
        LOCAL: record("local", 0x0001),
    },
)
