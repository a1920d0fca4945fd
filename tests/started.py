"""A process that has loaded the command once, and for each run that it is asked for becomes that command in a child of its own.

Such a child is what `python -m acctrecover` is once it has imported all it needs: words, folder, streams and end are its own."""

from __future__ import annotations

import gc
import json
import os
import runpy
import socket
import sys
from pathlib import Path

LARGEST = 1 << 20
"""Bytes of a request: the words of a command, and its folder."""
SAMPLE = Path(__file__).parent.parent / "corpora" / "linux-v3-damaged" / "enospc-misaligned.pacct"


def load() -> None:
    """What nearly every command needs, as the compiled formats."""
    import acctrecover.cli  # noqa: F401
    from acctrecover import repair, scan
    from acctrecover.report import scan_text

    list(scan_text(scan(SAMPLE)))
    repair(SAMPLE, None)
    gc.freeze()  # what is here to stay, as children have it too


def asked(door: socket.socket) -> list[str]:
    """The words of a command, in the child that is to be it; the process itself goes on until no one is left to ask."""
    while True:
        request, streams, *_ = socket.recv_fds(door, LARGEST, 2)
        if not request:
            sys.exit()
        child = os.fork()
        if not child:
            break
        for stream in streams:
            os.close(stream)
        door.sendall(b"%d" % os.waitpid(child, 0)[1])
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    door.close()
    told = json.loads(request)
    os.chdir(told["cwd"])
    return list(told["words"])


if __name__ == "__main__":
    load()
    sys.argv[1:] = asked(socket.socket(fileno=int(sys.argv[1])))
    sys.path[0] = os.getcwd()
    runpy.run_module("acctrecover", run_name="__main__", alter_sys=True)
