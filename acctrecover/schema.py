"""What a format file declares: layouts, rules, clocks and labels, each stated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from acctrecover.errors import FormatError

Label = Callable[[Any], str]
"""What a number, or the bytes of a byte-string field, says in words."""

EPOCH = "s since 1970"
"""The unit of a field that holds a time."""
TIMES = {EPOCH: 1, "ms since 1970": 10**3, "us since 1970": 10**6, "ns since 1970": 10**9}
"""Every such unit, and how many of them make a second."""
NS_SINCE_BOOT = "ns since boot"
"""The unit of a field that tells when, but not the date: it orders the records of one machine."""


@dataclass(frozen=True)
class Parts:
    """What is read from a byte string with a structure of its own: `read` gives columns of `names`, as many as it finds there."""

    field: str
    names: tuple[str, ...]
    read: Callable[[bytes], Mapping[str, Any]]


@dataclass(frozen=True)
class Record:
    """One kind of record.

    `layout` is a construct Struct of little-endian numbers and byte strings (a length may be an expression over the
    payload's `length`), or the name of a format whose record this one carries. `rules` are named `this` expressions that
    every record of the writer satisfies. `clock` gives seconds since the epoch; `derived` gives further columns, named
    with their units; `labels` turn a number, or a byte string, into words; `units` say what a raw number, or one of `parts`,
    counts, as "1/100 s" or "KiB", and are one of TIMES for a time, a derived one too.
    """

    name: str
    layout: Any
    rules: Mapping[str, Any] = field(default_factory=dict)
    clock: Any = None
    serial: Any = None
    """A number that rises from record to record until the machine boots again, as a process id does."""
    began: Any = None
    """When what it tells of began, in seconds since the epoch; its clock tells the end."""
    command: str = ""
    """The field that names what ran."""
    closes: Any = None
    """True of a record that the writer adds when it stops: of what still ran then, and so has another record to come."""
    exits: Any = None
    """The id of the process whose end it tells of, 0 where it tells of none."""
    exit_code: Any = None
    """How that process ended, as wait(2) has it."""
    derived: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    lengths: tuple[int, int] | None = None
    """Fewest and most payload bytes, where the layout does not fix them."""
    closed: tuple[str, ...] = ()
    """The rules that tell where it ends, as of a size at either end."""
    parts: Parts | None = None

    def __post_init__(self) -> None:
        _named(self.name, LONGEST_TYPE)

    def declares(self, name: str) -> bool:
        """Whether it has one of its optional parts, as "clock" or "rules"."""
        part = getattr(self, name)
        return len(part) > 0 if isinstance(part, Mapping) else part is not None


ORDERS = ("little", "big")
LONGEST_NAME, LONGEST_TYPE = 16, 16
"""Characters that the name of a format, and of a kind of record, may have: a row of every record holds both."""


@dataclass(frozen=True)
class Format:
    """A stream of records of one fixed size and kind, with no mark between them.

    `orders` are the byte orders that its writers use.
    """

    name: str
    source: str
    record: Record
    orders: tuple[str, ...] = ORDERS
    slots: str = ""
    """Of an array: what the index of a record is called. Slots of NUL bytes are unused there, and its clock tells no order."""
    place: object = ""
    """The file and line of the declaration as str() tells them, known once it is loaded."""

    def __post_init__(self) -> None:
        _named(self.name, LONGEST_NAME)
        _ordered(self.name, self.orders)
        if self.record.lengths is not None:
            raise FormatError(f"{self.name}: a stream without headers needs records of one size")


@dataclass(frozen=True)
class Sequence:
    """A number of `bits` bits that each source of records raises by one from record to record: what it skips was lost.

    `number`, `source` (whose number it is, as a CPU's) and `counted` (true of the records that have one) are expressions over
    the header.
    """

    number: Any
    source: Any
    counted: Any
    bits: int = 32


@dataclass(frozen=True)
class Entries:
    """Records written together: one for which `more` holds is followed by the next of its entry, of a type named in `linked`.

    Records of these types never begin an entry, the others always do. `total` gives by name of a type how many bytes of linked
    records follow one of it.
    """

    more: Any
    linked: frozenset[str]
    total: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Framed:
    """A stream of records that each start with a header from which their type and length follow.

    `header` is a Struct, of any size; `type` and `length` are expressions over it, of fields of any width. `length` counts
    the payload bytes behind the header: where the stream counts the whole record, say so, as in `this.ah_size - 8`. `types`
    maps the values of `type`, whichever they are, to the payloads. What else every header satisfies are `rules`, such as a
    magic number (`this.ah_magic == 0x314A - 2 * BIG_ENDIAN`); leave out rules that only bound the type or the length, as
    `types` does that. A first field that a rule, or `cookie`, fixes is
    searched for before all else. `cookie` is such a field whose `cookie_value` the writer may have chosen otherwise.

    `peek` bytes at the header's end are the payload's first ones, which `type` needs to see: they belong to the payload's
    layout too, and `length` counts them. Behind a payload stand bytes up to a multiple of `align` from the record's start;
    they are part of the record. No record has more than `largest` bytes. `fill` is a buffer size: 1 to header size - 1 zero
    bytes may stand directly before a multiple of it. `sequence` says which numbers tell lost records.
    """

    name: str
    source: str
    header: Any
    type: Any
    length: Any
    types: Mapping[int, Record]
    rules: Mapping[str, Any] = field(default_factory=dict)
    cookie: Any = None
    cookie_value: int | None = None
    peek: int = 0
    align: int = 1
    largest: int = 1 << 16
    fill: int | None = None
    sequence: Sequence | None = None
    unseen: str = ""
    """What may have been lost before it was written without a trace in the stream, in words."""

    orders: tuple[str, ...] = ORDERS
    entries: Entries | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    """What a verifier of the stream's own calls gaps, by their cause; under no cause what it calls all others."""
    rear: Callable[[bytes], str] | None = None
    """What the bytes right before a record still say, read from their end backwards: in words, or empty."""

    place: object = ""
    """The file and line of the declaration as str() tells them, known once it is loaded."""

    @property
    def closed(self) -> bool:
        """Whether some records have rules that tell where they end."""
        return any(record.closed for record in self.types.values())

    def __post_init__(self) -> None:
        _named(self.name, LONGEST_NAME)
        _ordered(self.name, self.orders)


def _named(name: str, longest: int) -> None:
    if not name or len(name) > longest or not name.isprintable() or " " in name:
        raise FormatError(f"{name!r} is no name: 1 to {longest} characters without spaces")


def _ordered(name: str, orders: tuple[str, ...]) -> None:
    if not orders or not set(orders) <= set(ORDERS):
        raise FormatError(f"{name}: orders must be some of {', '.join(ORDERS)}, not {orders!r}")


def _numbers(words: Mapping[int, str]) -> None:
    for value in words:
        if not isinstance(value, int):
            raise FormatError(f"{value!r} is no number that could stand for {words[value]!r}")


def names(words: Mapping[int, str]) -> Label:
    """A label for a number that stands for a word; others stay numbers. Raises FormatError where something else stands for one."""
    _numbers(words)
    return lambda value: words.get(value, str(value))


def internet_address(octets: bytes) -> str:
    """A label for 16 bytes in network order: an IPv6 address, or an IPv4 one in the first four; empty where all are zero."""
    if not any(octets):
        return ""
    four = not any(octets[4:])
    return str(ip_address(octets[:4] if four else octets))


def flags(names: Mapping[int, str]) -> Label:
    """A label for a bit field: the names of the set bits joined with `|`. Raises FormatError as `names` does."""
    _numbers(names)

    def words(value: int) -> str:
        known = [name for bit, name in names.items() if value & bit]
        rest = value & ~sum(names)
        return "|".join([*known, hex(rest)] if rest else known) or "-"

    return words


def wait_status(value: int) -> str:
    """A label for a raw wait(2) status: `exit 1`, `signal 9`, `signal 11, core dumped`."""
    signal = value & 0x7F
    if signal:
        return f"signal {signal}, core dumped" if value & 0x80 else f"signal {signal}"
    return f"exit {(value >> 8) & 0xFF}"


def c_string(octets: bytes) -> str:
    """A label for a char array: the text up to its first NUL. What follows in it may be left over from a longer one."""
    return octets.split(b"\0")[0].decode("utf-8", "backslashreplace")
