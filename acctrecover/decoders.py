"""What decompresses one member of a compressed file, each with the interface of Python's own."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from typing import Any, Protocol

MEMORY = 1 << 28
"""Bytes of memory at most that a member of an .xz may ask for: what `xz -9` made asks for 65 MiB."""


class BrokenError(Exception):
    """Compressed bytes that do not decompress."""


BROKEN = (BrokenError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)
"""What decoders raise for them."""


class MissingError(Exception):
    """What Python lacks, as it is installed here, to decompress a file."""


class Decoder(Protocol):
    """It is fed with bytes until `eof`; those in `unused_data` were not its own. Raises one of BROKEN, without the output."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Wrapped:
    """What another decoder, `_state`, knows of where its bytes end."""

    _state: Any

    @property
    def eof(self) -> bool:
        return bool(self._state.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._state.unused_data)


class Gzip(_Wrapped):
    """A member of a .gz, with its header and its checksum."""

    def __init__(self) -> None:
        self._state = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        out: bytes = self._state.decompress(self._state.unconsumed_tail + data, max_length)
        return out


class Zstd(_Wrapped):
    """A frame of a .zst. Raises MissingError where no library for it is installed."""

    def __init__(self) -> None:
        try:
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd
        except ImportError:
            raise MissingError("compressed with zstd; to read it: pip install 'acctrecover[zstd]'") from None
        self._state, self._error = zstd.ZstdDecompressor(), zstd.ZstdError

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        try:
            out: bytes = self._state.decompress(data, max_length)
            return out
        except self._error as error:
            raise BrokenError(str(error)) from None


def decoder(name: str) -> Decoder:
    """A new decoder of a member, by the name of its Packing."""
    if name == "bzip2":
        return bz2.BZ2Decompressor()
    if name == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
    return Gzip() if name == "gzip" else Zstd()
