"""Run as a process of its own, on a data folder that others use or that will be left in a hurry.

`python -m tests.storage.child MODE FOLDER NODE FIRST COUNT`: it prints what was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.storage.house import FEED, ITEMS, TABLES, FeedItem, Item
from venire.events import CaseChanged
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Unavailable
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.relay import Relay, Subscription
from venire.storage.verbs import Envelope, Put

ROOT = Path(__file__).parents[2]
FACT, EFFECT, SHADOW = 1, 2, 1_000_000


def start(
    mode: str, folder: Path, *, node: int = 0, first: int = 0, count: int = 0
) -> subprocess.Popen[str]:
    """Start a child; its standard output is a pipe."""
    arguments = [mode, str(folder), str(node), str(first), str(count)]
    command = [sys.executable, "-m", "tests.storage.child", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def say(*words: object) -> None:
    # Unbuffered: a line that is told must not die with the process.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def write_one(storage: SqliteStorage, owner: int, n: int) -> None:
    """Two rows and an event: all or none of them must be found."""
    rows = [Put(ITEMS, Item(owner, n, "x" * 50)), Put(ITEMS, Item(owner, n + SHADOW))]
    await storage.commit(f"owner:{owner}", rows, [CaseChanged(n)])


async def effect(storage: SqliteStorage, envelope: Envelope) -> None:
    """What a subscriber does: the same however often it is told."""
    assert isinstance(envelope.event, CaseChanged)
    await storage.put(ITEMS, Item(EFFECT, envelope.event.case_id))


async def feed(storage: SqliteStorage, page: Sequence[Envelope], position: int) -> None:
    """What a subscriber of pages does."""
    rows = [FeedItem(1, e.event.case_id) for e in page if isinstance(e.event, CaseChanged)]
    await storage.rebuild("feeds", position, [Put(FEED, row) for row in rows])


def subscriptions(storage: SqliteStorage) -> list[Subscription]:
    """Those of `numbers`, to be run here or by whoever comes after."""
    return [
        Subscription("effects", lambda envelope: effect(storage, envelope)),
        Subscription("feeds", page=lambda page, position: feed(storage, page, position)),
    ]


async def numbers(storage: SqliteStorage, first: int) -> None:
    """Commit numbered rows until killed."""
    relay = Relay(storage, subscriptions(storage))
    storage.on_commit(relay.wake)
    relay.start()
    numbered = iter(range(first, SHADOW))

    async def writer() -> None:
        for n in numbered:
            await write_one(storage, FACT, n)
            say(n)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(writer() for _ in range(8)))


async def hang(storage: SqliteStorage) -> None:
    """Hear events and never be done with them."""

    async def hear(envelope: Envelope) -> None:
        assert isinstance(envelope.event, CaseChanged)
        say(envelope.event.case_id)
        await asyncio.Event().wait()

    Relay(storage, [Subscription("ear", hear)]).start()
    await asyncio.Event().wait()


async def several(storage: SqliteStorage, owner: int, count: int) -> None:
    """Commit `count` rows, many at once, beside other processes that do the same."""
    gate = asyncio.Semaphore(16)

    async def one(n: int) -> None:
        async with gate:
            await write_one(storage, owner, n)

    await asyncio.gather(*(one(n) for n in range(count)))
    say("done")


async def cramped(storage: SqliteStorage, folder: Path) -> None:
    """Write until the disk is full, in vain; then find room again."""
    size = (folder / "venire.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1_500_000, resource.RLIM_INFINITY))
    n = failed = 0
    while failed < 5:
        try:
            await write_one(storage, FACT, n)
        except Unavailable as problem:
            failed += 1
            say("refused", problem.code)
        else:
            say(n)
        n += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await write_one(storage, FACT, n)
    say(n)


async def main(mode: str, folder: Path, node: int, first: int, count: int) -> None:
    clock = SystemClock()
    storage = SqliteStorage(folder, clock, Ids(clock, node=node), TABLES)
    if mode == "numbers":
        await numbers(storage, first)
    elif mode == "hang":
        await hang(storage)
    elif mode == "several":
        await several(storage, node, count)
    else:
        await cramped(storage, folder)
    await storage.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6])))
