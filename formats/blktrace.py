"""blktrace: what each request to a block device goes through, the commonest stream that relay carries.

Source: Linux, include/uapi/linux/blktrace_api.h and kernel/trace/blktrace.c; one file per CPU, in the host's byte order.

A record is a header of 48 bytes and pdu_len bytes of what its action adds. The sequence number counts a CPU's records, but not the
notes of process names, of the clock and of messages, which leave that field as it was.
"""

from construct import Bytes, Int16ul, Int32ul, Int64ul, Struct, this

from acctrecover.schema import NS_SINCE_BOOT, Framed, Record, Sequence

BLK_IO_TRACE_MAGIC, BLK_IO_TRACE_VERSION = 0x65617400, 0x07
BLK_TC_SHIFT, BLK_TC_NOTIFY = 16, 1 << 10
NR_CPUS = 8192
ACTS = "QUEUE BACKMERGE FRONTMERGE GETRQ SLEEPRQ REQUEUE ISSUE COMPLETE PLUG UNPLUG_IO UNPLUG_TO INSERT SPLIT BOUNCE REMAP ABORT"
CGROUP = 8
"""Bytes of a cgroup's id, which stands before the rest of a pdu since 4.14."""
NOTES = {"PROCESS": (16, 16 + CGROUP), "TIMESTAMP": (8, 8 + CGROUP), "MESSAGE": (0, 128 + CGROUP)}
"""What is noted, and the fewest and most bytes of it."""

NOTE = ((this.action >> BLK_TC_SHIFT) & BLK_TC_NOTIFY) != 0
FIELDS = (
    *("sequence" / Int32ul, "time" / Int64ul, "sector" / Int64ul, "bytes" / Int32ul, "action" / Int32ul, "pid" / Int32ul),
    *("device" / Int32ul, "cpu" / Int32ul, "error" / Int16ul, "pdu_len" / Int16ul),
)


def record(name: str, least: int = 0, most: int = 16 + CGROUP) -> Record:
    """A record with a pdu: none, a count of requests, a sector, where it was remapped from; a driver's data may be longer."""
    layout = Struct(*FIELDS, "pdu" / Bytes(this.length - 44))
    return Record(
        name,
        layout,
        rules={"cpu": this.cpu < NR_CPUS, "pid": this.pid <= 4194304},
        units={"sector": "512 bytes", "time": NS_SINCE_BOOT},
        lengths=(44 + least, 44 + most),
    )


blktrace = Framed(
    "blktrace",
    source="Linux, uapi/linux/blktrace_api.h",
    header=Struct("magic" / Int32ul, *FIELDS),
    peek=44,
    rules={"magic": this.magic == BLK_IO_TRACE_MAGIC | BLK_IO_TRACE_VERSION},
    type=(this.action & 0xFF) + NOTE * 0x100,
    length=this.pdu_len + 44,
    sequence=Sequence(this.sequence, source=this.cpu, counted=1 - NOTE * 1),
    types={
        **{number: record(name) for number, name in enumerate(ACTS.split(), 1)},
        17: record("DATA", most=256),
        **{0x100 + number: record(name, *pdu) for number, (name, pdu) in enumerate(NOTES.items())},
    },
)
