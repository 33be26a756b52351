"""Locks between the processes of one host: who writes ids, who runs the workers."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from venire.kernel.errors import Unavailable
from venire.kernel.ids import IMPORT_NODE


class NodeLease:
    """A node part for ids that no other living process of this data folder holds."""

    def __init__(self, folder: Path) -> None:
        for node in range(IMPORT_NODE):
            handle = (folder / f"node-{node}.lock").open("ab")
            if _try_lock(handle):
                self.node = node
                self._handle = handle
                return
            handle.close()
        raise Unavailable("no_node_free", "31 processes have this data folder open already")

    def release(self) -> None:
        """Give the node part back."""
        self._handle.close()


class LeaderLock:
    """Held by the one process that runs subscribers, timers and the record's sequencer."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "leader.lock"
        self._handle: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Try to become the leader; the lock goes with the process, however it ends."""
        if self._handle is not None:
            return True
        handle = self._path.open("ab")
        if not _try_lock(handle):
            handle.close()
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Stop being the leader."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def _try_lock(handle: IO[bytes]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
