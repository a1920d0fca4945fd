"""Recover damaged accounting streams: find every surviving record, explain every other byte, never touch the evidence.

The package, from the top down; each module imports only from those below it.

    cli       the commands             report    how results read
    repairing, export, cookies         what the commands do
    damaging, wholesale, wounds        streams damaged on purpose      lineage  bytes that know their origin
    scanning  extents of an input      mend, cause, fill, seam   what becomes of a gap
    walk      bytes to chains          chain     the skeleton by parsimony
    heal      the one reading that fits
    transfer  wholesale changes, judged    recode, dump, paste, undone, retrace   undone, with the way back
    dialect   a format in one order    shape     a record's dtype, rules and evidence
    columns   fields as arrays, and which rules need them widened
    registry  formats found by listing schema, expr        what a format file says
    extent, source, output, errors
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["cookie_stats", "damage", "load_formats", "repair", "scan"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    homes = {
        "cookie_stats": "cookies",
        "damage": "damaging",
        "load_formats": "registry",
        "repair": "repairing",
        "scan": "scanning",
    }
    value = getattr(import_module(f"acctrecover.{homes[name]}"), name)
    globals()[name] = value
    return value
