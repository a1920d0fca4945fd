"""Disk images of the Expert Witness format, as EnCase and ewfacquire write them: the bytes of the medium, by offset."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from acctrecover.errors import SourceError
from acctrecover.served import PlaceError, Served

LEADS = (b"EVF\x09\x0d\x0a\xff\x00", b"EVF2\x0d\x0a\x81\x00")
"""How a file of an image (.E01, .Ex01) begins."""
HASH = "MD5"
"""The digest that an image holds of its medium."""


@dataclass(frozen=True)
class Image:
    """What is known of an image beside the bytes of its medium: how many files it has, and the MD5 of these bytes, "" where it
    holds none."""

    files: int
    md5: str

    def to_json(self, md5: str) -> dict[str, Any]:
        """As JSON; `md5` is what the medium's bytes have, "" where they were not all hashed."""
        held = self.md5 or None
        return {"by": "EWF", "files": self.files, "md5": held, "md5_holds": self.md5 == md5 if held and md5 else None}

    def told(self, md5: str) -> str:
        """In words."""
        if not self.md5:
            return "it holds no digest of the medium"
        if not md5:
            return f"it holds the MD5 {self.md5} of the medium, which was not checked"
        return f"the MD5 {md5} of the medium is the one it holds" if md5 == self.md5 else f"it holds another MD5: {self.md5}"


def is_image(lead: bytes) -> bool:
    """Whether a file begins as the first one of an image."""
    return lead.startswith(LEADS)


def medium(name: str) -> tuple[Served, Image]:
    """The bytes of the medium in an image, whose first file has this name, and what is known of it.

    A chunk that cannot be read is NUL bytes, and told of in `unread`; libewf makes NUL bytes of those with a wrong checksum,
    too, and then the MD5 is another. Raises SourceError where the library is not installed, or cannot open the image.
    """
    try:
        import pyewf
    except ImportError:
        raise SourceError(f"{name}: is an EWF image; to read the medium in it: pip install 'acctrecover[ewf]'") from None
    handle = pyewf.handle()
    try:
        try:
            names = pyewf.glob(name)
        except (OSError, MemoryError):  # so it says that the name ends otherwise
            names = [name]
        handle.open(names)
        digest = handle.get_hash_value(HASH) or ""
        size, step = handle.get_media_size(), handle.get_chunk_size()
        files = tuple(map(os.stat, names))
    except (OSError, MemoryError) as error:
        told = str(error).split(". ")  # of one function after another, the innermost first
        why = told[min(1, len(told) - 1)]
        raise SourceError(f"{name}: is an EWF image that libewf cannot open: {why}; --most 0 takes it as it is") from None
    if not size:
        raise SourceError(f"{name}: is an EWF image in which libewf finds no medium; --most 0 takes it as it is")

    def serve(start: int, stop: int) -> bytes:
        try:
            octets: bytes = handle.read_buffer_at_offset(stop - start, start)
        except OSError:
            raise PlaceError from None
        if len(octets) != stop - start:
            raise PlaceError
        return octets

    return Served(serve, size, step, files), Image(len(names), digest.lower())
