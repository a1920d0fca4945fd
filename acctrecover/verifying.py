"""Check a repair by its report: hash the evidence, make the output of it once more, compare; what repairs is not asked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from acctrecover import replaying, tallying
from acctrecover.errors import AcctrecoverError
from acctrecover.remote import is_url
from acctrecover.source import Source, open_source, unpacked
from acctrecover.voids import Voids
from acctrecover.words import number, plain

SCHEMA = "acctrecover/verify/1"
REPORT = "acctrecover/repair/1"
"""The reports that can be checked here."""
MISSHAPEN = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
"""What a report that says nonsense leads to."""


@dataclass(frozen=True)
class Check:
    """One claim of a report: what it is, whether it holds (None: there is nothing to check it on), and why not."""

    claim: str
    holds: bool | None
    why: str = ""


@dataclass(frozen=True)
class Verification:
    """What became of each claim of a report, in the order they were checked."""

    report: str
    checks: list[Check]

    @property
    def holds(self) -> bool:
        """Whether no claim was refuted."""
        return all(check.holds is not False for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The object that `verify --json` prints."""
        checks = [{"claim": check.claim, "holds": check.holds, "why": check.why} for check in self.checks]
        return {"schema": SCHEMA, "kind": "verification", "report": self.report, "holds": self.holds, "checks": checks}


def verify(
    report: str | os.PathLike[str],
    inputs: Sequence[str | os.PathLike[str]] = (),
    *,
    output: str | os.PathLike[str] | None = None,
    quarantine: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Verification:
    """Check the report of a repair against its inputs and outputs.

    `inputs` (as many as the report has files, those that were joined each), `output` and `quarantine` say where files have gone;
    by default they are looked for where the report says, from the current folder, from the report's, and beside the report.
    A compressed file is hashed as it is, then unpacked by the code that a repair unpacks it with, which alone gives of a damaged
    one the same bytes; what comes out must have the SHA-256 of the report, as of an undamaged one the output of gzip -dc has.
    `progress` is told of the bytes of the inputs that are hashed and of the output that are made. Raises SourceError for a file
    that is not there or cannot be read, AcctrecoverError for a file that is no report of a repair or for another number of inputs.
    A claim that does not hold is a result, never an exception.
    """
    with open_source(report) as source:
        text = source.read(0, source.size)
    name = os.fspath(report)
    claim = "the report is as it was written"
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return Verification(name, [Check(claim, False, "it is no JSON")])
    if not isinstance(told, dict) or not (told.get("schema") == REPORT or tallying.SEAL in told):
        raise AcctrecoverError(f"{name}: is no report of a repair as repair --report writes it")
    sealed = _check(claim, lambda: tallying.seal(text, told))
    if not sealed.holds:
        return Verification(name, [sealed])
    if told["schema"] != REPORT:
        raise AcctrecoverError(f"{name}: is a report of another kind or version, {told['schema']}; this checks {REPORT}")
    done = Verification(name, [sealed])
    try:
        paths, outputs = _paths(told, Path(name).parent, inputs, output, quarantine)
        with ExitStack() as stack:
            files = [_bare(stack.enter_context(open_source(path, most=0))) for path in paths]
            written = [None if path is None else _bare(stack.enter_context(open_source(path, most=0))) for path in outputs]
            done.checks.extend(_checks(told, files, written, progress))
    except MISSHAPEN as error:
        done.checks.append(Check("the report makes sense", False, f"{type(error).__name__}: {error}"))
    return done


def _check(claim: str, finds: Callable[[], str]) -> Check:
    """A claim that holds where `finds` finds nothing."""
    try:
        why = finds()
    except MISSHAPEN as error:
        why = f"it makes no sense ({type(error).__name__}: {error})"
    return Check(claim, not why, why)


def _paths(
    told: dict[str, Any],
    folder: Path,
    inputs: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str] | None,
    quarantine: str | os.PathLike[str] | None,
) -> tuple[list[str | os.PathLike[str]], list[str | os.PathLike[str] | None]]:
    """Where the files of the inputs are, and the output and the quarantine; None for an output that was not written."""
    files = [file for each in told["inputs"] for file in each.get("joined", [each])]
    if inputs and len(inputs) != len(files):
        raise AcctrecoverError(f"the report is of {number(len(files), 'input')}, --input names {len(inputs)}")
    found = list(inputs)
    for each in files if not inputs else ():
        if each["path"] in ("-", "<bytes>"):
            raise AcctrecoverError("the report is of standard input or of bytes; name a file that holds them with --input FILE")
        found.append(_found(each["path"], folder))
    written = ((output, told["output"]["path"]), (quarantine, told["quarantine"]["path"]))
    return found, [path if path is not None else None if given is None else _found(given, folder) for path, given in written]


def _found(path: str, folder: Path) -> str | Path:
    """The file that a report names: where it says, or from the report's folder, or in it; else where it says."""
    if is_url(path):
        return path
    places = [Path(path), folder / path, folder / Path(path).name]
    return next((place for place in places if place.exists()), places[0])


def _checks(
    told: dict[str, Any], files: list[Source], written: list[Source | None], progress: Callable[[int], None]
) -> Iterator[Check]:
    output, quarantine = written
    reads: list[replaying.Read] = []
    whole: list[Check] = []
    left = iter(files)
    for index, each in enumerate(told["inputs"]):
        own = list(islice(left, len(each.get("joined", [each]))))
        named = " + ".join(plain(source.name) for source in own)
        name = f"input {index + 1}, {named}," if len(told["inputs"]) > 1 else f"the input {named}"
        checks, size, read = _stream(name, each, own, progress)
        whole += checks
        sound = all(check.holds is not False for check in checks)
        read = replaying.voided(read, each.get("voids", []))
        if "undone" in each and sound:
            data = _undone(each, read(0, size))
            read = _reader(data)
            claim = f"{name} undone by the steps of the report has the size and SHA-256 that it says"
            whole.append(_same(claim, len(data), read, each["undone"], progress))
            read = replaying.voided(read, each["undone"].get("voids", []))
        reads.append(read)
        whole.append(_check(f"each byte of {name} is in one extent, and its records are counted", lambda: tallying.tiled(each)))  # noqa: B023
    whole.append(_check("the pieces follow each other in the output and lie in the input", lambda: tallying.laid(told)))
    whole.append(_check("every byte of the input was written, set aside, or told to be left", lambda: tallying.accounted(told)))
    whole.append(_check("the counts of records and bytes add up", lambda: tallying.counted(told)))
    whole.append(_check("only records called healed were patched", lambda: tallying.healed(told)))
    yield from whole
    if any(check.holds is False for check in whole):
        yield Check("the output can be made of the input", None, "not tried, for the claims above")
        return
    yield (before := _check("what was healed had the bytes that the report says", lambda: _patches(told, reads)))
    if not before.holds:
        return
    healed = [replaying.patched(read, each["patches"]) for read, each in zip(reads, told["inputs"], strict=True)]
    made = replaying.rebuilt(told, healed)
    size = told["output"]["size"]
    yield _same("the output made of the input has the SHA-256 of the report", size, made, told["output"], progress)
    yield _alike("the output", output, told["output"], replaying.copied(made, 0, size))
    yield _check("what is called shared stands in the output", lambda: _shared(told, healed, made))
    yield _check("what is told to be left is NUL bytes", lambda: _left(told, reads))
    digest = hashlib.sha256()
    for part in replaying.quarantine(told, reads):
        digest.update(part)
    why = "" if digest.hexdigest() == told["quarantine"]["sha256"] else f"it has the SHA-256 {digest.hexdigest()}"
    yield Check("the quarantine made of the input has the SHA-256 of the report", not why, why)
    yield _alike("the quarantine", quarantine, told["quarantine"], replaying.quarantine(told, reads))


def _bare(source: Source) -> Source:
    """The bytes of a file, also those that are no memory in a core: the report says which of them were not looked at."""
    source.voids = Voids()
    return source


def _stream(
    name: str, each: dict[str, Any], files: list[Source], progress: Callable[[int], None]
) -> tuple[list[Check], int, replaying.Read]:
    """What is claimed of the bytes of one input; their number, and how to read them: of one file, of what is in a compressed one,
    of several one behind the other."""
    checks: list[Check] = []
    window = each.get("window")
    if "joined" not in each:
        (source,) = files
        if "unpacked" not in each:
            return [_hashed(name, source.size, source.read, each, progress, window)], source.size, source.read
        checks.append(_hashed(name, source.size, source.read, each, progress))
        if checks[0].holds is False:  # what comes out of another file is not asked for
            return checks, source.size, source.read
        for most in (each["unpacked"]["size"], None):  # of a damaged one more may have come out before it broke
            stream = _bare(unpacked(source, most))
            found = _hashed(f"{name} unpacked", stream.size, stream.read, each["unpacked"], progress, window)
            if found.holds:
                break
        return [*checks, found], stream.size, stream.read
    parts: list[tuple[int, int, replaying.Read]] = []
    at = 0
    for file, source in zip(each["joined"], files, strict=True):
        own, size, read = _stream(f"{plain(source.name)} in {name}" if len(files) > 1 else name, file, [source], progress)
        checks += own
        parts.append((at, at + size, read))
        at += size
    laid = [(file["start"], file["stop"]) for file in each["joined"]] == [(start, stop) for start, stop, _ in parts]
    checks.append(Check(f"the files of {name} are where the report says", laid, "" if laid else "they have other sizes"))
    read = replaying.joined(parts)
    return [*checks, _hashed(name, at, read, each, progress, window)], at, read


def _hashed(
    name: str,
    size: int,
    read: replaying.Read,
    said: dict[str, Any],
    progress: Callable[[int], None],
    window: Sequence[int] | None = None,
) -> Check:
    """Whether an input, or a window of it, has the size and the SHA-256 that are said; there may be none."""
    if said["sha256"] is None:
        return Check(f"{name} has the SHA-256 of the report", None, "the report has none")
    what = f"the SHA-256 of the report from {window[0]:#x} to {window[1]:#x}" if window else "SHA-256 of the report"
    return _same(f"{name} has the size and {what}", size, read, said, progress, window)


def _reader(data: bytes) -> replaying.Read:
    return lambda start, stop: data[start:stop]


def _undone(each: dict[str, Any], data: bytes) -> bytes:
    for step in each["undone"]["steps"]:
        data = replaying.replay(step, data)
    return data


def _same(
    claim: str,
    size: int,
    read: replaying.Read,
    said: dict[str, Any],
    progress: Callable[[int], None],
    window: Sequence[int] | None = None,
) -> Check:
    """Whether bytes, or a window of them, have the size and the SHA-256 that are said."""
    if size != said["size"]:
        return Check(claim, False, f"it has {number(size, 'byte')}, not {said['size']:,}")
    digest = hashlib.sha256()
    for part in replaying.copied(read, *(window or (0, size))):
        digest.update(part)
        progress(len(part))
    same = digest.hexdigest() == said["sha256"]
    return Check(claim, same, "" if same else f"it has the SHA-256 {digest.hexdigest()}")


def _alike(name: str, source: Source | None, said: dict[str, Any], parts: Iterable[bytes]) -> Check:
    """Whether a file has just these bytes."""
    if source is None:
        return Check(f"{name} was written", None, "the report names no file")
    claim = f"{name} {plain(source.name)} is just that, byte for byte"
    if source.size != said["size"]:
        return Check(claim, False, f"it has {number(source.size, 'byte')}, not {said['size']:,}")
    at = 0
    for part in parts:
        there = source.read(at, at + len(part))
        if there != part:
            place = at + next(n for n, (one, other) in enumerate(zip(there, part, strict=False)) if one != other)
            return Check(claim, False, f"the byte at {place:#x} is another")
        at += len(part)
    return Check(claim, True)


def _patches(told: dict[str, Any], reads: list[replaying.Read]) -> str:
    for index, (each, read) in enumerate(zip(told["inputs"], reads, strict=True)):
        for patch in each["patches"]:
            before, at = bytes.fromhex(patch["before"]), patch["offset"]
            if read(at, at + len(before)) != before:
                return f"at {at:#x} of input {index + 1} stands {read(at, at + len(before)).hex()}"
    return ""


def _shared(told: dict[str, Any], healed: list[replaying.Read], made: replaying.Read) -> str:
    for part in told["shared"]:
        at = part["out_start"]
        for low in range(part["start"], part["stop"], replaying.PIECE):
            high = min(part["stop"], low + replaying.PIECE)
            if healed[part["input"]](low, high) != made(at + low - part["start"], at + high - part["start"]):
                return f"{part['start']:#x}..{part['stop']:#x} of input {part['input'] + 1} is not at {at:#x} of the output"
    return ""


def _left(told: dict[str, Any], reads: list[replaying.Read]) -> str:
    for part in told["dropped"]:
        if any(any(data) for data in replaying.copied(reads[part["input"]], part["start"], part["stop"])):
            return f"{part['start']:#x}..{part['stop']:#x} of input {part['input'] + 1} holds other bytes"
    return ""
