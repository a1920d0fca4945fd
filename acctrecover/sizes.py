"""Numbers of bytes as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

from acctrecover.errors import AcctrecoverError

UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


def quantity(option: str, text: str | None) -> int | None:
    """The bytes that 512, 0x200, 4Ki, 1.5Gi mean. Raises AcctrecoverError for anything else, and for a fraction of a byte."""
    if text is None:
        return None
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)(|Ki|Mi|Gi|Ti)B?", text)
    if match is None:
        raise AcctrecoverError(f"{option} {text}: say bytes as 4096 or 0x1000, or as 4Ki, 1.5Mi, 2Gi, 1Ti")
    digits, unit = match.groups()
    value = UNITS[unit] * (int(digits, 16) if digits[1:2] in ("x", "X") else Fraction(digits))
    if value.denominator > 1:
        raise AcctrecoverError(f"{option} {text}: that is no whole number of bytes")
    return int(value)
