"""Every format in the folder has a sample, a source, the layout of its C struct and equal engines, and bears a wound."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from samples import Sample, family, formats, known, samples
from shapes import shapes
from sweep import offsets, wrong

from acctrecover import repair, scan
from acctrecover.dialect import dialects
from acctrecover.fixed import Fixed
from acctrecover.framed import FramedDialect
from acctrecover.schema import ORDERS
from acctrecover.shape import Shape

FORMATS = formats()
each_format = pytest.mark.parametrize("name", FORMATS)
each_sample = pytest.mark.parametrize("sample", known(), ids=lambda sample: sample.name)


@each_format
def test_a_format_has_a_sample(name: str) -> None:
    assert [sample.name for sample in known() if sample.format == name], "no samples.json in corpora/ tells of one"


@each_format
def test_a_format_and_its_file_name_the_same_source(name: str) -> None:
    """A header, a manual page or who wrote about it."""
    told = ast.get_docstring(ast.parse(Path(str(FORMATS[name].place).rpartition(":")[0]).read_text())) or ""
    named = re.findall(r"[\w-]+\.[chx]\b|\w+\(\w+\)", FORMATS[name].source) or [FORMATS[name].source.split(",")[0]]
    assert re.search(r"\bSources?: ", told)
    assert any(word in told for word in named)


@each_format
def test_a_declaration_that_ships_is_proven_here_as_a_users_own_is_at_every_start(name: str) -> None:
    assert [dialect.order for dialect in dialects([FORMATS[name]])] == [order for order in ORDERS if order in FORMATS[name].orders]


def fields(shape: Shape, skip: int) -> dict[str, tuple[int, int]]:
    """(offset in the record, size) of every field of a layout that begins `skip` bytes into it."""
    return {name: (shape.dtype.fields[name][1] + skip, shape.dtype[name].itemsize) for name in shape.dtype.names or ()}  # type: ignore[index]


def declared(sample: Sample, record: str, size: int) -> list[dict[str, tuple[int, int]]]:
    """The fields of the format's records of this name and size; `header` is the header."""
    ours = sample.dialect
    if isinstance(ours, Fixed):
        return [fields(ours.shape, 0)] if ours.size == size else []
    if record == "header":
        return [fields(ours.header, 0)] if ours.header.size == size else []
    kinds = [number for number, kind in ours.declared.types.items() if kind.name == record]
    shaped = [shape for number in kinds if ours.sized(ours.head + (shape := ours.payload(number, size - ours.head)).size) == size]
    return [{**fields(shape, ours.head), **fields(ours.header, 0)} for shape in shaped]


@each_sample
def test_a_layout_is_that_of_the_c_struct(sample: Sample) -> None:
    """A format may name what the struct leaves open, as bytes between fields, or behind the header of a message."""
    if "no layout" in sample.told:
        pytest.skip(sample.told["no layout"])
    assert sample.layouts
    for record, size, theirs in sample.layouts:
        tried = declared(sample, record, size)
        same = [ours for ours in tried if theirs.items() <= ours.items()]
        assert same, (record, size, [sorted(theirs.items() ^ ours.items()) for ours in tried])
        taken = {octet for at, width in theirs.values() for octet in range(at, at + width)}
        more = [same[0][name] for name in same[0].keys() - theirs.keys()]
        peeked = sample.dialect.declared.peek if isinstance(sample.dialect, FramedDialect) else 0
        assert peeked or not taken & {octet for at, width in more for octet in range(at, at + width)}


@each_sample
def test_every_record_is_where_its_writer_put_it(sample: Sample) -> None:
    found = scan(sample.data)
    assert found.whole
    assert {(extent.format, extent.byte_order) for extent in found.chains} == {(sample.format, sample.order)}
    assert list(zip(found.records["offset"].tolist(), found.records["size"].tolist(), strict=True)) == sample.places


@each_sample
def test_a_whole_sample_comes_out_byte_for_byte(sample: Sample, tmp_path: Path) -> None:
    assert repair(sample.data, tmp_path / "out").lossless
    assert (tmp_path / "out").read_bytes() == sample.data


PROGRAMS = sorted({(sample.path.parent, words) for sample in samples() if (words := sample.told.get("gcc"))})


def filled(text: str, sample: Sample) -> str:
    return text.replace("{format}", sample.format)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed: the independent writers cannot be compiled")
@pytest.mark.parametrize(("folder", "words"), PROGRAMS, ids=lambda each: str(each).rpartition("/")[2])
def test_every_sample_is_what_the_program_beside_it_writes(folder: Path, words: str, tmp_path: Path) -> None:
    made = [sample for sample in samples() if (sample.path.parent, sample.told.get("gcc")) == (folder, words)]
    built: dict[str, Path] = {}
    for sample in made:
        flags = filled(words, sample)
        if flags not in built:
            built[flags] = tmp_path / f"writer{len(built)}"
            subprocess.run(["gcc", "-w", "-o", built[flags], *flags.split()], check=True, cwd=folder)
        outs = {what: tmp_path / what for what in ("sample", "truth", "layout")}
        run = [word.format(format=sample.format, **outs) for word in sample.told["run"].split()]
        subprocess.run([built[flags], *run], check=True)
        for what, out in outs.items():
            if f"{{{what}}}" in sample.told["run"]:
                kept = sample.path if what == "sample" else sample.beside(what)
                assert kept is not None
                assert out.read_bytes() == kept.read_bytes()


@each_format
def test_both_engines_are_tried_on_every_format(name: str) -> None:
    """test_engines takes the layouts from the same place."""
    assert [where for where, (format, _) in shapes().items() if format == name]


@each_sample
def test_no_single_wound_costs_an_untouched_record_or_invents_one(sample: Sample) -> None:
    """For the formats of the same file. ACCTRECOVER_SWEEP=1 deals the wounds at every offset."""
    assert [fault for at in offsets(sample) for fault in wrong(sample, at, *family(sample.format))] == []


@each_sample
def test_no_single_wound_makes_a_record_one_of_another_family(sample: Sample) -> None:
    """As above, for all formats, in the middle."""
    assert list(wrong(sample, offsets(sample)[-2])) == []
