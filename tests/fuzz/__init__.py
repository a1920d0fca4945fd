"""A fuzzer: bytes of every format and every kind of input, changed at random, given to everything that reads bytes.

    python -m tests.fuzz --seconds 600 --seed 1
    python -m tests.fuzz --seconds 60 --target verify

What breaks a claim of targets*.py is made as small as it can be and kept in corpus/, where test_fuzz.py replays it. It is
guided by what a run found (formats, causes, statuses), not by which lines ran: the engine's work is in numpy, where counting
lines tells little.
"""
