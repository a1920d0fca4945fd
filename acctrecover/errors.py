"""What acctrecover raises.

AcctrecoverError
    FormatError      a declaration that cannot be compiled or would silently go wrong
    SourceError      an input that cannot be read
    OutputError      an output that is refused or fails
    SelfCheckError   a result that contradicts itself
"""


class AcctrecoverError(Exception):
    """The base of all: its text is one line for the user."""


class FormatError(AcctrecoverError):
    """A format declaration is wrong."""


class SourceError(AcctrecoverError):
    """An input cannot be read."""


class OutputError(AcctrecoverError):
    """An output is refused or cannot be written."""


class SelfCheckError(AcctrecoverError):
    """A result contradicts itself: extents do not tile the input, or an output does not scan clean."""
