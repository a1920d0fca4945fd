"""Workers of a Dask cluster, of which any may be lost."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from acctrecover.errors import AcctrecoverError

PATIENCE = 10
"""Seconds in which a scheduler must answer, and for which a cluster may be without a worker, before this process does the work."""


class Cluster:
    """The workers of the Dask scheduler at `address`, as tcp://host:8786. Work of a lost one is given to another.

    Raises AcctrecoverError where the extra `dask` is not installed, no scheduler answers, or it has no workers.
    """

    patience = 0.0

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise AcctrecoverError("--cluster needs the extra dask: pip install 'acctrecover[dask]'") from None
        try:
            client: Any = distributed.Client
            self.client = client(address, timeout=PATIENCE, set_as_default=False, name="acctrecover")
        except (OSError, TimeoutError, ValueError, ImportError) as error:
            told = str(error).splitlines()[0] if isinstance(error, ValueError) and str(error) else "no scheduler answers there"
            raise AcctrecoverError(f"--cluster {address}: {told}") from None
        self.width = self._threads()
        if not self.width:
            self.client.close()
            raise AcctrecoverError(f"--cluster {address}: the scheduler has no workers")

    def _threads(self) -> int:
        return sum(self.client.nthreads().values())

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.client.close(timeout=2)

    def submit(self, function: Callable[..., Any], *given: Any) -> Any:
        return self.client.submit(function, *given, pure=False, retries=2)

    def result(self, future: Any) -> Any:
        while True:
            try:
                return future.result(timeout=PATIENCE)
            except TimeoutError:
                try:
                    if future.status != "pending" or not self._threads():
                        return None
                except (OSError, TimeoutError):  # the scheduler itself is gone
                    return None
            except Exception:  # of the cluster, whatever it is: the work is done here then
                return None

    def forget(self, future: Any) -> None:
        future.release()
