"""Run as a process of its own, to be killed: `python -m tests.cluster.writer WHERE KEYSPACE NODE`.

It commits version after version of a few owners and says what was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.keyspace import open_again
from tests.conformance.tables import CLAIMS, HEADS, LINES, TABLES, Claim, Head, Line
from venire.events import CaseChanged
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Conflict, Unavailable
from venire.storage.verbs import Put, Storage

ROOT = Path(__file__).parents[2]
OWNERS = (1, 2, 3, 4)
PLAIN = 9
"""An owner without a head: its commits are plain batches."""


def start(where: str, keyspace: str, node: int) -> subprocess.Popen[str]:
    """Start a writer; its standard output is a pipe."""
    command = [sys.executable, "-m", "tests.cluster.writer", where, keyspace, str(node)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def number(owner: int, version: int) -> int:
    """What a version's event says."""
    return owner * 1_000_000 + version


async def write_version(storage: Storage, owner: int, version: int) -> None:
    """A head, a line, a name that is guarded too, an event: all or none of them must be found."""
    await storage.commit(
        f"owner:{owner}",
        [
            Put(HEADS, Head(owner, version)),
            Put(LINES, Line(owner, version, 0)),
            Put(CLAIMS, Claim(f"{owner}-{version}", owner)),
        ],
        [CaseChanged(number(owner, version))],
        expect=version - 1,
    )


async def write_plain(storage: Storage, n: int) -> None:
    """Two lines and an event."""
    rows = [Put(LINES, Line(PLAIN, n, 0)), Put(LINES, Line(PLAIN, n, 1))]
    await storage.commit(f"owner:{PLAIN}", rows, [CaseChanged(number(PLAIN, n))])


def _say(*words: object) -> None:
    # Unbuffered: a line that is told must not die with the process.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def climb(storage: Storage, owner: int) -> None:
    """Move one owner's head up until killed."""
    while True:
        there = await storage.get(HEADS, (owner,))
        version = 1 + (0 if there is None else there.version)
        try:
            await write_version(storage, owner, version)
        except (Conflict, Unavailable):
            continue
        _say(owner, version)


async def add(storage: Storage, first: int) -> None:
    """Write plain commits until killed."""
    n = first
    while True:
        n += 1
        try:
            await write_plain(storage, n)
        except Unavailable:
            continue
        _say(PLAIN, n)


async def main(where: str, keyspace: str, node: int) -> None:
    """Write until killed."""
    storage = await open_again(SystemClock(), TABLES, keyspace, where, node=node)
    first = node * 100_000
    await asyncio.gather(*(climb(storage, owner) for owner in OWNERS), add(storage, first))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
