"""Numbers of bytes as people write them."""

from __future__ import annotations

import re

from acctrecover.errors import AcctrecoverError

UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


def quantity(option: str, text: str | None) -> int | None:
    """The bytes that 512, 0x200, 4Ki, 2Gi mean. Raises AcctrecoverError for anything else."""
    if text is None:
        return None
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)(|Ki|Mi|Gi|Ti)B?", text)
    if match is None:
        raise AcctrecoverError(f"{option} {text}: say bytes as 4096 or 0x1000, or as 4Ki, 1Mi, 2Gi, 1Ti")
    return int(match[1], 16 if match[1][:2] in ("0x", "0X") else 10) * UNITS[match[2]]
