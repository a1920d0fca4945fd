"""Why a gap is there: what its bytes, and the records on either side, say of the damage."""

from __future__ import annotations

from acctrecover.fixed import Fixed
from acctrecover.gap import Gap, Verdict, look
from acctrecover.headers import framed_cause
from acctrecover.slips import fixed_cause


def judge(gap: Gap) -> Verdict:
    """The cause of a gap whose bytes are no zero run, in one of the words README lists."""
    chain = gap.before or gap.after
    if chain is None:
        return Verdict("foreign data", look(gap.octets) + "; no record of a known format")
    if gap.at_end and gap.before is not None and (torn := gap.torn(gap.before.dialect)):
        return Verdict("truncated tail", f"the last record stops after {len(gap.octets)} bytes; {torn.reason}", torn)
    found = fixed_cause(gap, chain.dialect) if isinstance(chain.dialect, Fixed) else framed_cause(gap, chain.dialect)
    if found.cause == "foreign data" and not any(gap.octets):
        return Verdict("zero run", f"{len(gap.octets)} NUL bytes")
    return found
