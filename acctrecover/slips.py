"""Why a gap is there between records of one size: its length says whether their phase slipped, and its bytes which way."""

from __future__ import annotations

import numpy as np

from acctrecover.fixed import Fixed
from acctrecover.gap import TELLING, Gap, Verdict, look

WRITTEN = 3
"""Bytes other than NUL that a lost record's end must show where others stand before it: nearly empty bytes fit any record's end."""


def fixed_cause(gap: Gap, dialect: Fixed) -> Verdict:
    """The cause of a gap before, between or behind records of a fixed size."""
    octets, size = gap.octets, dialect.size
    if gap.before is not None and (torn := gap.torn(dialect)):
        return Verdict("torn record", f"{len(octets)} bytes of a record were written; {torn.reason}", torn, size - len(octets))
    opens = gap.before is None and gap.start == 0 and gap.after is not None
    if opens and len(octets) < size:
        return _head(gap, dialect)
    if gap.within is not dialect and not opens:
        return Verdict("foreign data", look(octets))
    slip = len(octets) % size
    if not slip:
        return Verdict("overwritten", f"room of {len(octets) // size} records holds {look(octets)}")
    kept, at = gap.likeness.around(gap.column) if len(octets) > size else (0.0, 0)
    if len(octets) < 2 * size and (found := _parted(gap, dialect, max(kept, 0.0))):
        return found
    if len(octets) < size:
        return Verdict("bytes inserted", f"{look(octets)} between two records")
    if kept >= TELLING:
        return Verdict("bytes inserted", f"{len(octets) - size} bytes too many in one record, behind its byte {at}")
    return Verdict("foreign data", look(octets))


def _parted(gap: Gap, dialect: Fixed, other: float) -> Verdict | None:
    """The start of one record and the end of another, if these are more like the records around than `other` bits."""
    both, cut = gap.likeness.two_parts(gap.column)
    if both <= other:
        return None
    gone = dialect.size - len(gap.octets) % dialect.size
    return Verdict("bytes missing", f"{gone} bytes are gone behind byte {cut} of a record, or whole records with them", None, gone)


def _head(gap: Gap, dialect: Fixed) -> Verdict:
    """What stands before the first record of an input."""
    octets = gap.octets
    lost = dialect.size - len(octets)
    _, bits, holds = dialect.shape.suffix(octets)
    alike = gap.likeness.of(gap.column, lost)[gap.column != 0].sum() >= 0
    if len(octets) <= dialect.shape.dtype[-1].itemsize:  # less than the last field: any that fits a sound record
        grafted = np.concatenate((gap.samples[0][: dialect.size][:lost], gap.column))
        alike = alike or dialect.begins(grafted)
    if holds and (alike or (bits >= TELLING and len(octets) - octets.count(0) >= WRITTEN)):
        return Verdict("truncated head", f"the last {len(octets)} bytes of a record whose start is lost", None, lost)
    return Verdict("foreign data", f"{look(octets)} before the first record; it fits no record's end")
