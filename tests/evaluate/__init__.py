"""The test bench of the scan: seeded streams, seeded damage, and what the scan made of them, counted.

    make evaluate                                    the routine run, about a minute
    python -m tests.evaluate --streams 20000 -j 2    the full run of one's patience
    python -m tests.evaluate --stream v3 --kinds delete,insert --failures failures.jsonl
    python -m tests.evaluate --replay cookie:delete:2:1042      truth and scan side by side around what went wrong
    python -m tests.evaluate --negatives 10G                    chains found where there are none, against their E-values
    python -m tests.evaluate --sweep --stream v3                every offset, every small wound, of a 256-record stream

A case is `STREAM:KIND:WOUNDS:SEED` and gives the same bytes for ever; `--failures` writes one JSON object a line with the case in
`replay`, the wounds dealt and what went wrong.

    streams   the cookie streams, by a writer that shares no code with acctrecover
    genuine   windows of genuine v3 records out of corpora/
    cases     a case's name to its damaged bytes
    judge     a scan against the truth
    causes    which cause each kind may be given
    bench     many cases, counted         table   the counts as they print
    negatives bytes without records
    sweep     every small wound           replay  one case, side by side
"""
