"""Recover damaged accounting streams: find every surviving record, explain every other byte, never touch the evidence.

The package, from the top down; each module imports only from the lines below its own.

    cli                             the command line
    scan_command, repair_command, stats_command, damage_command, formats_command
    options, console                what several commands take, and where they speak
    report_repair, report_stats, report_damage, report_formats
    report                          how a scan reads
    report_parts                    how it reads of which files it is, and where compressed ones broke
    merging                         what repair does with several copies
    merged                          what that wrote, lost and doubts
    repairing, damaging, explaining, beside  what the commands do
    given                           what was given to a scan, and what it is made of
    scanning                        the extents of an input
    broken                          a scan of what came out of compressed files that broke
    account                         every byte accounted for: chains, what does not belong in them, gaps
    divide, held                    a gap cut into extents; how many records it held
    embedded, sequence              streams carried in payloads; holes in sequence numbers
    mend                            records in a gap that are neither intact nor lost
    fill, slots                     chains stranded in a gap; unused slots of an array
    background                      what chance leaves in an input's own bytes
    walk, export, table, offsets    bytes to chains; records to rows; a declaration to rows; where an input is not sound
    collate                         the records of several copies on one axis, and of each place the best
    align                           what two copies share, and how it stands
    joint                           what stands between two shared records
    copies                          the records of one copy
    cause                           why a gap is there
    slips, headers                  between records of one size; between records behind headers
    gap                             a gap and what stands on either side
    together                        records written as one entry
    result, survey                  what a scan found; every candidate at a wound
    dialect, likeness               a format in one byte order; how much bytes look like those around them
    chain, heal                     the skeleton by parsimony; the one reading that fits
    kin                             whether records go on a history
    fixed, grammar                  records of one size; what the skeleton is given
    framed, history, repeats        records behind headers; whether a stream is one history; what stands in it twice
    heading                         what a declaration fixes of headers
    shape                           one record layout: columns, rules, evidence
    chance                          what a rule is worth by its form
    unrelated                       what bytes look like that are no record
    reading                         what one damaged byte makes of a header
    joined                          several files as one stream
    columns, body, registry, transfer, cookies, wholesale
    source
    unpacking               a compressed file decompressed as far as it goes, and where it broke
    blocks                  the blocks of bzip2 one by one
    output, schema, kinds, objects, expr, recode, dump, paste, relay, retrace, wounds
    decoders, packed, packings, sizes
    errors, extent, stream, undone, lineage, bar, others, words
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["cookie_stats", "damage", "explain", "load_formats", "merge", "repair", "scan"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    homes = {
        "cookie_stats": "cookies",
        "damage": "damaging",
        "explain": "explaining",
        "load_formats": "registry",
        "merge": "merging",
        "repair": "repairing",
        "scan": "scanning",
    }
    value = getattr(import_module(f"acctrecover.{homes[name]}"), name)
    globals()[name] = value
    return value
