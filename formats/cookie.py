"""The cookie stream: the second accounting file, each record a magic cookie, a type byte and a length byte.

Source: Paul Jackson, linux-kernel, 28 and 29 March 2005, "Re: [patch 1/2] fork_connector: add a fork connector", for the
framing and the cookie 0x2B91; the registry of types is this project's. All integers are in the stream's byte order.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct, this

from acctrecover.expr import all_zero, nul_padded, printable
from acctrecover.schema import Framed, Record, wait_status

PID_MAX_LIMIT = 4194304
PID = (this.pid > 0) & (this.pid <= PID_MAX_LIMIT)
PPID = this.ppid <= PID_MAX_LIMIT
DATA = Struct("data" / Bytes(this.length))
YEAR_2106 = 2**32

cookie = Framed(
    "cookie",
    source="Paul Jackson, linux-kernel, 28 March 2005",
    header=Struct("cookie" / Int16ul, "type" / Int8ul, "length" / Int8ul),
    cookie=this.cookie,
    cookie_value=0x2B91,
    type=this.type,
    length=this.length,
    fill=512,
    types={
        0x00: Record("PAD", DATA, rules={"zero": all_zero(this.data)}, lengths=(0, 255)),
        0x01: Record("FORK", Struct("ppid" / Int32ul, "pid" / Int32ul), rules={"pid": PID, "ppid": PPID}, serial=this.pid),
        0x02: Record("EXEC", Struct("pid" / Int32ul), rules={"pid": PID}, serial=this.pid),
        0x03: Record(
            "EXIT",
            Struct("pid" / Int32ul, "exitcode" / Int32ul),
            rules={"pid": PID, "exitcode": (this.exitcode >> 16) == 0},
            labels={"exitcode": wait_status},
            serial=this.pid,
        ),
        0x04: Record("UID", Struct("pid" / Int32ul, "ruid" / Int32ul, "euid" / Int32ul), rules={"pid": PID}, serial=this.pid),
        0x05: Record("GID", Struct("pid" / Int32ul, "rgid" / Int32ul, "egid" / Int32ul), rules={"pid": PID}, serial=this.pid),
        0x06: Record("SID", Struct("pid" / Int32ul), rules={"pid": PID}, serial=this.pid),
        0x07: Record(
            "COMM",
            Struct("pid" / Int32ul, "comm" / Bytes(16)),
            rules={"pid": PID, "comm padding": nul_padded(this.comm)},
            serial=this.pid,
        ),
        0x08: Record("COREDUMP", Struct("pid" / Int32ul, "ppid" / Int32ul), rules={"pid": PID, "ppid": PPID}, serial=this.pid),
        0x09: Record("JOB", Struct("pid" / Int32ul, "jid" / Int64ul), rules={"pid": PID}, serial=this.pid),
        0x0A: Record("ACCT", "acct_v3"),
        0x0B: Record(
            "CLOCK",
            Struct("ns" / Int64ul),
            rules={"ns": this.ns < YEAR_2106 * 10**9},
            clock=this.ns // 10**9,
        ),
        0x0C: Record("LOST", Struct("records" / Int32ul)),
        0x0D: Record("HOST", Struct("nodename" / Bytes(this.length)), {"nodename": printable(this.nodename)}, lengths=(1, 64)),
        0x0E: Record("BOOT", Struct("boot_id" / Bytes(16))),
        **{number: Record(f"SITE_{number:02X}", DATA, lengths=(0, 255)) for number in range(0x80, 0x100)},
    },
)
