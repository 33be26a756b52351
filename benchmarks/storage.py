"""What the verbs cost on the SQLite engine: `python -m benchmarks.storage [ROWS ...]`.

Microseconds are CPU of this process (all threads), rates are by the clock on the wall and depend on
the disk, since every commit is synced. The data grows 100 times between the two usual sizes.
"""

# ruff: noqa: INP001 - a command, not a package

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table as Printed

from venire.events import CaseChanged
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.relay import Relay, Subscription
from venire.storage.tables import outbox
from venire.storage.verbs import Envelope, Put, Table, Write

SIZES = (2_000, 200_000)
OWNERS = 50
READS = 5_000
COMMITS = 4_000
TEXT = "a post of ordinary length, as most are, with a little more to say than nothing at all" * 2


class Post(msgspec.Struct, frozen=True):
    """A row of about 200 bytes in a wide table, read by id."""

    id: int
    author: int
    text: str
    state: str = "visible"


class Line(msgspec.Struct, frozen=True):
    """A narrow row of a timeline, read by range."""

    owner: int
    id: int
    author: int


POSTS = Table(
    name="posts",
    row=Post,
    question="What does this post say?",
    partition=("id",),
    aggregate="load",
    wide=True,
    retention="none",
)
LINES = Table(
    name="lines",
    row=Line,
    question="What is newest?",
    partition=("owner",),
    clustering=("id",),
    descending=True,
    aggregate="load",
    retention="none",
)
TABLES = (POSTS, LINES, *outbox.TABLES)
Figures = dict[str, float]


async def fill(storage: SqliteStorage, rows: int) -> None:
    """As many posts, and a timeline line for each."""
    gate = asyncio.Semaphore(32)

    async def hundred(start: int) -> None:
        async with gate:
            ids = range(start, min(start + 50, rows))
            posts = [Put(POSTS, Post(n, n % OWNERS, TEXT)) for n in ids]
            lines = [Put(LINES, Line(n % OWNERS, n, n)) for n in ids]
            await storage.commit("load", [*posts, *lines])

    await asyncio.gather(*(hundred(start) for start in range(0, rows, 50)))


async def cpu_us(count: int, one: Callable[[int], Awaitable[object]]) -> float:
    """CPU microseconds of one call, of `count` in a row."""
    before = time.process_time()
    for n in range(count):
        await one(n)
    return (time.process_time() - before) / count * 1e6


async def read(storage: SqliteStorage, rows: int) -> Figures:
    """Reads that hit, spread over all the data."""
    stride = 7919

    def some(n: int) -> int:
        return n * stride % rows

    return {
        "get, us": await cpu_us(READS, lambda n: storage.get(POSTS, (some(n),))),
        "get, absent, us": await cpu_us(READS, lambda n: storage.get(POSTS, (rows + n,))),
        "get_many of 20, us": await cpu_us(
            READS // 10, lambda n: storage.get_many(POSTS, [(some(n + i),) for i in range(20)])
        ),
        "range of 20, us": await cpu_us(
            READS // 5,
            lambda n: storage.range(LINES, (n % OWNERS,), below=(some(n) + 1,), limit=20),
        ),
    }


async def write(storage: SqliteStorage, first: int) -> Figures:
    """Commits of two rows and an event, so many in flight at once."""
    figures: Figures = {}
    numbers = iter(range(first, sys.maxsize))

    async def one(n: int) -> None:
        writes: list[Write] = [Put(POSTS, Post(n, 1, TEXT)), Put(LINES, Line(n % OWNERS, n, 1))]
        await storage.commit("load", writes, [CaseChanged(n)])

    async def several(count: int) -> None:
        for _ in range(count):
            await one(next(numbers))

    for flight in (1, 16, 128, 256):
        count = COMMITS if flight > 1 else COMMITS // 10
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(several(count // flight) for _ in range(flight)))
        done = count // flight * flight
        figures[f"commits/s, {flight} in flight"] = done / (time.perf_counter() - wall)
        figures[f"commit, {flight} in flight, us"] = (time.process_time() - cpu) / done * 1e6
    return figures


async def follow(storage: SqliteStorage) -> Figures:
    """The outbox read in pages, then told by a relay to one subscriber."""
    wall = time.perf_counter()
    after = count = 0
    while page := await storage.tail(after):
        after, count = page[-1].sequence, count + len(page)
    tailed = count / (time.perf_counter() - wall)

    async def hear(_envelope: Envelope) -> None:
        return

    relay = Relay(storage, [Subscription("benchmark", hear)])
    wall = time.perf_counter()
    relay.start()
    while not await relay.drained():  # noqa: ASYNC110 - a relay has no event for this
        await asyncio.sleep(0.001)
    told = count / (time.perf_counter() - wall)
    await relay.stop()
    return {"events/s, tail": tailed, "events/s, relay": told}


async def measure(rows: int, folder: Path) -> Figures:
    """Everything, on a folder with so many rows."""
    clock = SystemClock()
    storage = SqliteStorage(folder, clock, Ids(clock), TABLES)
    await fill(storage, rows)
    figures = {**await read(storage, rows), **await write(storage, rows), **await follow(storage)}
    await storage.close()
    wall = time.perf_counter()
    storage = SqliteStorage(folder, clock, Ids(clock), TABLES)
    figures["opening, ms"] = (time.perf_counter() - wall) * 1e3
    await storage.close()
    return figures


def main(sizes: tuple[int, ...]) -> None:
    """Measure each size in a folder of its own and print one column for each."""
    columns: list[Figures] = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            columns.append(asyncio.run(measure(rows, Path(folder))))
    printed = Printed(title="storage verbs on SQLite")
    printed.add_column("measure")
    for rows in sizes:
        printed.add_column(f"{rows:,} rows", justify="right")
    printed.add_column("last / first", justify="right")
    for name in columns[0]:
        values = [column[name] for column in columns]
        shown = [f"{value:,.1f}" if value < 100 else f"{value:,.0f}" for value in values]  # noqa: PLR2004
        printed.add_row(name, *shown, f"{values[-1] / values[0]:.2f}")
    Console().print(printed)


if __name__ == "__main__":
    main(tuple(int(word) for word in sys.argv[1:]) or SIZES)
