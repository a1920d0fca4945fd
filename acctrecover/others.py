"""Files that lie beside accounting streams and are none: told by how they begin, and which tool reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAD = 4096
"""Bytes of an input that say what it is."""


@dataclass(frozen=True)
class Other:
    """A kind of file without accounting records.

    `start` is a pattern that its first bytes match; `reader` is the command that reads it, FILE standing for its name.
    """

    name: str
    start: bytes
    reader: str

    @property
    def told(self) -> str:
        """What it is and what to do with it, in one sentence."""
        return f"this is {self.name}, which holds no accounting records; {self.reader} reads it"


OTHERS = (
    Other("a raw log of atop", rb"\xef\xbe\xed\xfe|\xfe\xed\xbe\xef", "atop -r FILE"),
    Other("a system activity file of sysstat", rb"\x96\xd5[\x6f-\x75]\x21|\xd5\x96\x21[\x6f-\x75]", "sar -A -f FILE"),
    Other("a systemd journal", rb"LPKSHHRH", "journalctl --file FILE"),
    Other("a log of auditd", rb"(node=\S+ )?type=[A-Z0-9_]+(\[\d+\])? msg=audit\(\d+\.\d+:\d+\)", "ausearch -i -if FILE"),
    Other(
        "a packet capture",
        rb"(\xd4\xc3\xb2\xa1|\x4d\x3c\xb2\xa1)\x02\0\x04\0|(\xa1\xb2\xc3\xd4|\xa1\xb2\x3c\x4d)\0\x02\0\x04"
        rb"|\x0a\x0d\x0d\x0a....(\x4d\x3c\x2b\x1a|\x1a\x2b\x3c\x4d)",
        "tcpdump -r FILE",
    ),
)
"""Magic numbers: atop rawlog.h 0xfeedbeef, sysstat sa.h 0xd596 and a format of 0x216f to 0x2175, systemd journal-def.h, the
first line that auditd writes, pcap 0xa1b2c3d4 or 0xa1b23c4d and version 2.4, pcapng's section header. All in either byte order."""


def identify(lead: bytes) -> Other | None:
    """What an input is that begins with these bytes; None where no known kind of other file does."""
    return next((other for other in OTHERS if re.match(other.start, lead, re.DOTALL)), None)
