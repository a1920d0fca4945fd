"""Recover damaged accounting streams: find every surviving record, explain every other byte, never touch the evidence.

The package, from the top down; each module imports only from the lines below its own.

    cli                             the command line
    scan_command, repair_command, verify_command, stats_command, damage_command, formats_command, man_command
    options, console, window        what several commands take, where they speak, and the part of an input they look at
    report_histories, report_repair, report_verify, report_stats, report_damage, report_formats, cookie_map
    manual                          the manual page
    beside                          what a scan writes
    page, stream_map                a scan as one page; as a picture
    report                          how a scan reads
    report_proof, report_rows, report_why   the bytes that prove a gap, the rows of extents, the reasons
    report_source                   how its input reads
    report_parts                    in which of several files a place is; where compressed ones broke
    verifying                       a repair checked by its report alone, with code of its own
    replaying, tallying             the output made again of the evidence; whether a report's numbers add up
    merging                         what repair does with several copies
    merged                          what that wrote, lost and doubts
    repairing, damaging, explaining  what the commands do
    provenance                      what a repair's report says for a second examiner
    given                           what was given to a scan, and what it is made of
    counting                        words counted by several workers
    sharing                         how the work of a command is shared
    cluster                         workers of a Dask cluster
    whole                           inputs scanned by several workers, a whole one each
    ranges                          ranges of an input walked by several workers
    resume                          the state of a walk, to go on where it was
    asked                           what a scan looks for, as another process is told
    scanning                        the extents of an input
    broken                          a scan of what came out of compressed files that broke
    account                         every byte accounted for: chains, what does not belong in them, gaps
    divide, held                    a gap cut into extents; how many records it held
    windows, bordered               what the records of a framed chain tell; its last one, where a disk block begins in it
    embedded, sequence              streams carried in payloads; holes in sequence numbers
    mend                            records in a gap that are neither intact nor lost
    lodged                          records that a lost one may have carried
    phase, few                      where records that prove little change their phase; what is left of them in a named format
    fill, slots                     chains stranded in a gap; unused slots of an array
    reclaim                         records that a cut record of another stream claims
    background                      what chance leaves in an input's own bytes
    page_data                       what a page shows
    curve                           the clock along a stream
    histories                       several inputs of one history
    timeline                        the records of several inputs in clock order
    signs                           places that are worth a look
    skipped, lull                   serial numbers that no record has; holes in time
    trail                           the records of one format as columns
    walk, export, table, offsets    bytes to chains; records to rows; a declaration to rows; where an input is not sound
    body, parquet                   rows as a bodyfile; as Parquet and Arrow
    lines                           rows as .csv and .jsonl
    frames                          records as columns
    fingerprint                     what two processes must agree on
    unread                          records of which bytes were never read
    collate                         the records of several copies on one axis, and of each place the best
    align                           what two copies share, and how it stands
    joint                           what stands between two shared records
    copies                          the records of one copy
    cause                           why a gap is there
    slips, headers                  between records of one size; between records behind headers
    gap                             a gap and what stands on either side
    together                        records written as one entry
    barren                          stretches of which no format makes anything
    result, survey                  what a scan found; every candidate at a wound
    moments                         when a record was written
    dialect, likeness               a format in one byte order; how much bytes look like those around them
    chain, heal                     the skeleton by parsimony; the one reading that fits
    payloads                        what the payloads of candidates hold
    kin, costs                      whether records go on a history; what breaks cost
    sightings                       what begins in whole blocks of an input
    seeker                          records of many layouts, found at once
    fixed, grammar                  records of one size; what the skeleton is given
    framed, history, repeats        records behind headers; whether a stream is one history; what stands in it twice
    tally                           what records behind headers of a cookie, a byte of type and one of length tell, by search.c
    follow                          which of them follow each other
    heading, evidence, links        what a declaration fixes of headers; what one proves; records that follow each other
    misled, pairs                   records that take others in; what a byte of type and one of length announce
    telling                         what records tell of their history, and whether two chains tell the same
    finder                          where sound records of a layout begin
    program                         that search compiled: what search.c is told
    shape                           one record layout: columns, rules, evidence
    gates, sieve                    single bytes, and byte strings, at every offset
    chance                          what a rule is worth by its form
    layout                          a record's fields as numpy and construct have them
    unrelated                       what bytes look like that are no record
    reading                         what one damaged byte makes of a header
    joined                          several files as one stream
    palette, plot, coded            how extents look; pictures as files; columns as JSON
    columns, compute, registry, transfer, cookies, wholesale, users
    source
    cells, digits                   values as a reader wants them; numbers in decimal
    pieces                          byte strings laid side by side into lines
    distinct                        rows of a column that hold the same
    kernel                          what is compiled, search.c, and where it was built
    unpacking                       a compressed file decompressed as far as it goes, and where it broke
    blocks                          the blocks of bzip2 one by one
    output, schema, kinds, objects, expr, recode, dump, paste, relay, retrace, wounds
    notebook                        results as a notebook shows them
    sizes, look, pread, mapfile     numbers of bytes in words; what is to be seen of a file at once; its bytes; ddrescue mapfiles
    elf                             the memory in a core
    style                           how text fits where it is shown
    ewf, remote                     images of disks; what is behind URLs
    served, spool                   bytes that a library serves by offset; what can be read only once
    decoders, packed, packings      decompressors; what is known of a compressed file; how one begins
    workers, processors             who shares the work of a command; processors and their threads
    errors, extent, stream, undone, lineage, bar, others, words, voids
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what a type checker sees; what runs loads each when it is first asked for
    from acctrecover.cookies import cookie_stats
    from acctrecover.damaging import damage
    from acctrecover.errors import AcctrecoverError
    from acctrecover.explaining import explain
    from acctrecover.export import to_arrow, to_pandas
    from acctrecover.merging import merge
    from acctrecover.registry import load_formats
    from acctrecover.repairing import repair
    from acctrecover.scanning import scan
    from acctrecover.verifying import verify

__version__ = "0.1.0"
__all__ = [
    "AcctrecoverError",
    "cookie_stats",
    "damage",
    "explain",
    "load_formats",
    "merge",
    "repair",
    "scan",
    "to_arrow",
    "to_pandas",
    "verify",
]


if not TYPE_CHECKING:  # else any name would pass for one of these

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        homes = {
            "AcctrecoverError": "errors",
            "cookie_stats": "cookies",
            "damage": "damaging",
            "explain": "explaining",
            "load_formats": "registry",
            "merge": "merging",
            "repair": "repairing",
            "scan": "scanning",
            "to_arrow": "export",
            "to_pandas": "export",
            "verify": "verifying",
        }
        value = getattr(import_module(f"acctrecover.{homes[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
