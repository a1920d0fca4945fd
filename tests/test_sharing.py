"""Claims about --jobs and --cluster: whoever does the work, and whoever is lost at it, the output is that of one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import run, said

from acctrecover import cluster as remote
from acctrecover import ranges
from acctrecover.asked import Asked
from acctrecover.errors import AcctrecoverError
from acctrecover.ranges import Shares
from acctrecover.source import open_source
from acctrecover.stream import WINDOW
from acctrecover.walk import Walker
from acctrecover.workers import Processes

pytest.importorskip("distributed")
CORPORA = Path(__file__).parent.parent / "corpora"
SMALL_RANGES = """
import sys
from acctrecover import counting, ranges, sharing
from acctrecover.cli import main
if __name__ == "__main__":
    ranges.LEAST = ranges.MOST = ranges.WINDOW
    counting.LARGE = sharing.LARGE = counting.LENGTH = 1 << 22
    main()
"""
"""The command with ranges so small that a test has many of them."""
PRELOAD = """
import os, time
from acctrecover import counting, ranges, whole
def slowly(function):
    if function.__name__ == "slow":  # a preload is executed twice
        return function
    def slow(given):
        open(os.path.join({folder!r}, f"{{function.__name__}}-{{os.getpid()}}"), "a").close()
        time.sleep(0.3)
        return function(given)
    return slow
ranges.steps, whole.scanned, counting.counted = map(slowly, (ranges.steps, whole.scanned, counting.counted))
"""
"""What makes a worker slow, and lets it say what it works on."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file of 25 MB with wounds, and two small ones."""
    folder = tmp_path_factory.mktemp("inputs")
    pacct = (CORPORA / "linux-v3" / "pacct-v3").read_bytes()
    data = bytearray(pacct * (25_000_000 // len(pacct)))
    rng = np.random.default_rng(11)
    for at in rng.integers(0, len(data), 60).tolist():
        data[at : at + 1000] = rng.bytes(1000)
    paths = [folder / name for name in ("large", "small", "cookie")]
    for path, content in zip(paths, (data, pacct[:5000], (CORPORA / "cookie" / "le.cookie").read_bytes()), strict=True):
        path.write_bytes(content)
    return paths


def shared(*words: object) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-c", SMALL_RANGES, *map(str, words)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


FORMATS = ("-f", "acct_v3", "-f", "cookie")


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_output_is_the_same_for_any_number_of_jobs(inputs: list[Path], jobs: int) -> None:
    done = shared("scan", *inputs, "--json", *FORMATS, "--jobs", jobs)
    assert done.communicate(timeout=100) == (run("scan", *inputs, "--json", *FORMATS).stdout, b"")


@pytest.mark.parametrize("words", [("--align", "1"), ("--order", "big", "--start", "4095", "--length", "0x900001")])
def test_words_counted_by_jobs_are_those_of_one_count(inputs: list[Path], words: tuple[str, ...]) -> None:
    paths = inputs if "--start" not in words else inputs[:1]
    done = shared("cookie-stats", *paths, "--json", *words, "--jobs", "2")
    assert done.communicate(timeout=100) == (run("cookie-stats", *paths, "--json", *words).stdout, b"")


def test_a_state_that_jobs_left_is_taken_up_by_one_process(inputs: list[Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    program = SMALL_RANGES.replace("    main()", "    from acctrecover import resume\n    resume.EVERY = 0\n    main()")
    words = ["scan", str(inputs[0]), "--json", *FORMATS, "--resume", str(state)]
    victim = subprocess.Popen([sys.executable, "-c", program, *words, "--jobs", "2"], stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not state.exists() and victim.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    victim.kill()
    victim.communicate(timeout=30)
    assert run(*words).stdout == run("scan", inputs[0], "--json", *FORMATS).stdout
    assert not state.exists()


def test_processes_make_nearly_all_steps_of_a_walk_that_they_share(inputs: list[Path]) -> None:
    asked = Asked(("acct_v3", "cookie"))
    with Processes(2) as workers, open_source(str(inputs[0])) as source:
        walker = Walker(source, asked.dialects(), lambda done: None)
        taken: list[bool] = []
        walker.note = lambda key, step: taken.append(key in walker.known)
        shares = Shares(workers, asked, length=WINDOW)
        chains = shares.walk(walker)
        assert chains == Walker(source, asked.dialects(), lambda done: None).walk()
    assert sum(taken) > 0.9 * len(taken)
    assert shares.said == []


class Here:
    """A worker that is this process, and how often it was asked."""

    width = 1

    def __init__(self, patience: float) -> None:
        self.patience, self.asked = patience, 0

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], *given: Any) -> Any:
        self.asked += 1
        return function(*given)

    def result(self, future: Any) -> Any:
        return future

    def forget(self, future: Any) -> None:
        pass


@pytest.mark.parametrize(("patience", "shares"), [(1e-9, True), (1e9, False)])
def test_a_walk_is_shared_unasked_only_where_the_rest_of_it_takes_long(
    inputs: list[Path], monkeypatch: pytest.MonkeyPatch, patience: float, shares: bool
) -> None:
    monkeypatch.setattr(ranges, "SEEN", 0.0)
    asked, here = Asked(("acct_v3",)), Here(patience)
    with open_source(str(inputs[0])) as source:
        source.limit(0, 2 * WINDOW)
        walker = Walker(source, asked.dialects(), lambda done: None)
        chains = Shares(here, asked, length=WINDOW).walk(walker)
        assert chains == Walker(source, asked.dialects(), lambda done: None).walk()
    assert bool(here.asked) == shares


Cluster = tuple[str, list[subprocess.Popen[bytes]], Path]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The address of a scheduler, its two workers, and the folder in which they say what they work on."""
    preload, file = tmp_path / "slow.py", tmp_path / "scheduler.json"
    preload.write_text(PRELOAD.format(folder=str(tmp_path)))
    environment = {**os.environ, "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false"}
    common = ["--no-dashboard", "--scheduler-file", str(file)]

    def start(module: str, *words: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", f"distributed.cli.{module}", *common, *words]
        return subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path, start_new_session=True
        )

    own = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        few = (
            "--nthreads",
            "1",
            "--no-nanny",
            "--host",
            "127.0.0.1",
            "--preload",
            str(preload),
            "--local-directory",
            str(tmp_path),
        )
        workers = [start("dask_worker", *few, "--name", str(number)) for number in range(2)]
        own += workers
        from distributed import Client

        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address, workers, tmp_path
    finally:
        for process in reversed(own):
            process.kill()
            process.wait()


def kill_when_busy(victim: subprocess.Popen[bytes], work: str, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not (folder / f"{work}-{victim.pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()


def test_a_worker_killed_in_mid_run_costs_no_result_of_a_scan_of_ranges_and_files(inputs: list[Path], cluster: Cluster) -> None:
    address, workers, folder = cluster
    running = shared("scan", *inputs, "--json", *FORMATS, "--cluster", address)
    kill_when_busy(workers[0], "steps", folder)
    assert running.communicate(timeout=120) == (run("scan", *inputs, "--json", *FORMATS).stdout, b"")
    assert (folder / f"steps-{workers[1].pid}").exists()
    assert list(folder.glob("scanned-*"))  # the small files were scanned by workers, too


def test_a_worker_killed_in_mid_run_costs_no_count_of_words(inputs: list[Path], cluster: Cluster) -> None:
    address, workers, folder = cluster
    running = shared("cookie-stats", *inputs, "--json", "--align", "1", "--cluster", address)
    kill_when_busy(workers[1], "counted", folder)
    assert running.communicate(timeout=120) == (run("cookie-stats", *inputs, "--json", "--align", "1").stdout, b"")


def test_a_cluster_that_is_not_there_is_one_line(inputs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acctrecover.cluster.PATIENCE", 1)
    with pytest.raises(AcctrecoverError, match="no scheduler answers there"):
        remote.Cluster("tcp://127.0.0.1:9")
    assert "not both" in said(run("scan", inputs[1], "--cluster", "tcp://127.0.0.1:9", "--jobs", "2"))
