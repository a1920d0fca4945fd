"""How a verification reads: one line a claim, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from acctrecover.words import number, plain

if TYPE_CHECKING:  # a command loads what it uses
    from acctrecover.verifying import Verification

WORDS = {True: "holds", False: "DOES NOT HOLD", None: "not checked"}


def verify_text(verification: Verification) -> Iterator[str]:
    """The lines `verify` prints."""
    for check in verification.checks:
        yield f"{WORDS[check.holds]:<14} {check.claim}" + (f": {check.why}" if check.why else "")
    refuted = sum(check.holds is False for check in verification.checks)
    checked = sum(check.holds is not None for check in verification.checks)
    what = (
        f"{number(refuted, 'claim')} of {checked} did not hold"
        if refuted
        else f"the report holds, {number(checked, 'claim')} checked"
    )
    yield f"{plain(verification.report)}: {what}"
