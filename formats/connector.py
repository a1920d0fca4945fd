"""The process connector: netlink datagrams of cn_msg that tell of each fork, exec, exit and change of identity.

Source: Linux, include/uapi/linux/netlink.h, connector.h and cn_proc.h, drivers/connector/cn_proc.c, for the events of today and
their shorter ones before COMM (3.2), and of October 2005; the fork connector (Guillaume Thouvenin, linux-kernel, 24 February to
17 May 2005) and the exit connector (Badari Pulavarty, 30 June 2005) for the payloads before. All numbers are in the host's order.

A datagram's nlmsg_len holds its whole size; a number of its sender rises by one for each message of a CPU, so that a hole in
it counts lost ones. Early in 2005 cn_msg's len was 32 bits wide and nlmsg_len was aligned.
"""

from construct import Bytes, Int16ul, Int32ul, Int64ul, Struct, this

from acctrecover.expr import BIG_ENDIAN, Truth, nul_padded
from acctrecover.schema import NS_SINCE_BOOT, Framed, Record, Sequence, wait_status

PROC, FORK, EXIT = 1, 0xFEED, 0xFEEC
"""cn_msg's idx of cn_proc, of the fork connector and of the exit connector."""
PID_MAX_LIMIT = 4194304
NR_CPUS = 8192
NO_CPU = 0xFFFFFFFF
THREAD = 0xFFFFFFFF
"""The exit_signal of a thread."""

BYTES = this.nlmsg_len - 36
TEXT = (this.idx == FORK) & (this.word >= 0x20000000)
"""The first payloads were text: four characters make a number larger than any CPU's."""
TYPED = (this.idx == PROC) | (BYTES == 24) | (this.idx == EXIT)
"""Payloads whose first word says what they are and the second which CPU; the others begin with the CPU."""


def kind(idx: int, length: int, what: int = 0) -> int:
    """The number of a type: who sent it, how many bytes, and its first word where that tells."""
    return idx << 40 | length << 32 | what


def pids(*names: str, least: int = 0) -> dict[str, object]:
    return {name: (this[name] >= least) & (this[name] <= PID_MAX_LIMIT) for name in names}


def decimal(field: object) -> Truth:
    """True where a byte string holds digits and spaces, and NUL behind them."""

    def decimal(octets):  # type: ignore[no-untyped-def]
        text = (octets >= 0x30) & (octets <= 0x39) | (octets == 0x20)
        return (text | (octets == 0)).all(axis=-1) & (text[..., 1:] <= text[..., :-1]).all(axis=-1)

    return Truth(decimal, field)


EVENTS = {
    0x00000001: ("FORK", ["parent_pid", "parent_tgid", "child_pid", "child_tgid"]),
    0x00000002: ("EXEC", ["process_pid", "process_tgid"]),
    0x00000004: ("UID", ["process_pid", "process_tgid", "ruid", "euid"]),
    0x00000040: ("GID", ["process_pid", "process_tgid", "rgid", "egid"]),
    0x00000080: ("SID", ["process_pid", "process_tgid"]),
    0x00000100: ("PTRACE", ["process_pid", "process_tgid", "tracer_pid", "tracer_tgid"]),
    0x00000200: ("COMM", ["process_pid", "process_tgid", "comm"]),
    0x40000000: ("COREDUMP", ["process_pid", "process_tgid", "parent_pid", "parent_tgid"]),
    0x80000000: ("EXIT", ["process_pid", "process_tgid", "exit_code", "exit_signal", "parent_pid", "parent_tgid"]),
    0x00000000: ("ACK", ["err"]),
}
"""cn_proc.h's enum what and, of its union, the words of each; the request for events is answered with an ACK."""


def event(name: str, words: list[str], union: int, timed: bool) -> Record:
    """A proc_event with a union of so many bytes, with or without timestamp_ns."""
    fields = ["what" / Int32ul, "cpu" / Int32ul, *(["timestamp_ns" / Int64ul] if timed else [])]
    size = 0
    for word in words:
        width = 16 if word == "comm" else 4
        if size + width <= union:
            fields.append(word / (Bytes(16) if word == "comm" else Int32ul))
            size += width
    held = words[: len(fields) - (3 if timed else 2)]
    rules = {"cpu": (this.cpu < NR_CPUS) | (this.cpu == NO_CPU) if name == "ACK" else this.cpu < NR_CPUS}
    rules |= pids(*(w for w in held if w.startswith(("process_", "child_"))), least=1)
    rules |= pids(*(w for w in held if w.startswith(("parent_", "tracer_"))))
    if "exit_code" in held:
        rules |= {"exit_code": (this.exit_code >> 16) == 0}
        rules |= {"exit_signal": (this.exit_signal <= 64) | (this.exit_signal == THREAD)}
    if "comm" in held:
        rules |= {"comm padding": nul_padded(this.comm)}
    rest = ["unused" / Bytes(union - size)] if union > size else []
    labels = {"exit_code": wait_status} if "exit_code" in held else {}
    ends = (this.process_pid == this.process_tgid) * this.process_tgid if "exit_code" in held else None  # a thread's end is none
    return Record(
        name,
        Struct(*fields, *rest),
        rules,
        exits=ends,
        exit_code=None if ends is None else this.exit_code,
        labels=labels,
        units={"timestamp_ns": NS_SINCE_BOOT} if timed else {},
    )


def forked(*words: str) -> Record:
    """A payload of the fork or exit connector: its words, cpu among them."""
    cpu = {"cpu": this.cpu < NR_CPUS}
    return Record("FORK", Struct(*(word / Int32ul for word in words)), cpu | pids(*(w for w in words if w.endswith("id")), least=0))


def exited(*words: str) -> Record:
    record = forked(*words)
    return Record("EXIT", record.layout, {**record.rules, "code": (this.code >> 16) == 0}, labels={"code": wait_status})


def status(unused: int) -> Record:
    layout = Struct("type" / Int32ul, "cpu" / Int32ul, "status" / Int32ul, "unused" / Bytes(unused))
    return Record("STATUS", layout, {"cpu": this.cpu < NR_CPUS})


connector = Framed(
    "connector",
    source="Linux, uapi/linux/connector.h and cn_proc.h; linux-kernel, February to October 2005",
    header=Struct(
        *("nlmsg_len" / Int32ul, "nlmsg_type" / Int16ul, "nlmsg_flags" / Int16ul, "nlmsg_seq" / Int32ul, "nlmsg_pid" / Int32ul),
        *("idx" / Int32ul, "val" / Int32ul, "seq" / Int32ul, "ack" / Int32ul, "len" / Int16ul, "flags" / Int16ul),
        *("word" / Int32ul, "second" / Int32ul),
    ),
    peek=8,
    align=4,
    rules={
        "nlmsg_type": this.nlmsg_type == 3,
        "nlmsg_flags": this.nlmsg_flags == 0,
        "nlmsg_pid": this.nlmsg_pid == 0,
        "val": ((this.idx == PROC) & (this.val == 1))
        | ((this.idx == FORK) & (this.val == 0xBEEF))
        | ((this.idx == EXIT) & (this.val == 0xCEEF)),
        "seq": this.nlmsg_seq == this.seq,
        "flags": (this.flags == 0) | ((BIG_ENDIAN == 1) & (this.len == 0)),
        "len": (this.len + this.flags <= BYTES) & (this.len + this.flags + 3 >= BYTES),
    },
    type=(this.idx << 40) + (1 - TEXT * 1) * ((BYTES << 32) + TYPED * this.word),
    length=BYTES,
    sequence=Sequence(this.seq, source=(this.idx << 32) + TYPED * this.second + (1 - TYPED * 1) * this.word, counted=1 - TEXT * 1),
    types={
        **{kind(PROC, 40, what): event(name, words, 24, True) for what, (name, words) in EVENTS.items()},
        **{kind(PROC, 32, what): event(name, words, 16, True) for what, (name, words) in EVENTS.items()},
        **{kind(PROC, 24, what): event(name, words, 16, False) for what, (name, words) in EVENTS.items()},
        kind(FORK, 0): Record("FORK", Struct("text" / Bytes(this.length)), {"text": decimal(this.text)}, lengths=(4, 40)),
        kind(FORK, 12): forked("cpu", "ppid", "cpid"),
        kind(FORK, 20): forked("cpu", "ppid", "ptid", "cpid", "ctid"),
        kind(FORK, 24, 0): forked("type", "cpu", "ppid", "ptid", "cpid", "ctid"),
        kind(FORK, 24, 1): status(12),
        kind(EXIT, 20, 0): exited("type", "cpu", "pid", "ptid", "code"),
        kind(EXIT, 20, 1): status(8),
    },
)
