"""What the verbs cost on one Cassandra node: `python -m benchmarks.cluster [batch|group|periodic]`.

Microseconds are CPU: of this process, and of the node. Rates are by the clock on the wall, on
whatever else this machine does. The word says when the node syncs its commit log.
"""

# ruff: noqa: INP001 - a command, not a package

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table as Printed

from tests.cluster.keyspace import open_empty
from tests.cluster.node import Node, cpu_s
from venire.events import CaseChanged
from venire.kernel.clock import SystemClock
from venire.storage.engines.cql import CqlStorage
from venire.storage.verbs import Put, Table

ROWS = 20_000
TEXT = "a post of ordinary length, as most are, with a little more to say than nothing at all" * 2


class Post(msgspec.Struct, frozen=True):
    """A row of about 200 bytes."""

    id: int
    author: int
    text: str
    version: int = 1


class Line(msgspec.Struct, frozen=True):
    """A narrow row of a timeline, with three columns that are mostly empty."""

    owner: int
    id: int
    author: int
    one: int | None = None
    two: int | None = None
    three: str | None = None


def _posts(name: str, **options: Any) -> Table[Post]:
    return Table(
        name=name,
        row=Post,
        question="What does this post say?",
        partition=("id",),
        aggregate="load",
        retention="none",
        **options,
    )


def _lines(name: str) -> Table[Line]:
    return Table(
        name=name,
        row=Line,
        question="What is newest?",
        partition=("owner",),
        clustering=("id",),
        descending=True,
        aggregate="load",
        retention="none",
    )


POSTS, HEADS = _posts("posts"), _posts("heads", version="version")
CLAIMS = _posts("claims", guarded=True)
LINES, FULL = _lines("lines"), _lines("full_lines")
TABLES = (POSTS, HEADS, CLAIMS, LINES, FULL)


class Meter:
    """Runs an operation many times, and says what it cost here and there."""

    def __init__(self, node: Node, printed: Printed) -> None:
        self._node = node
        self._printed = printed

    async def measure(
        self, name: str, one: Callable[[int], Awaitable[object]], count: int, flight: int = 64
    ) -> None:
        """`count` calls, `flight` at a time; a few before, which are not counted."""
        for n in range(-20, 0):
            await one(n)
        numbers = iter(range(count))

        async def several() -> None:
            for n in numbers:
                await one(n)

        wall, here, there = time.perf_counter(), time.process_time(), cpu_s(self._node.pid)
        await asyncio.gather(*(several() for _ in range(flight)))
        wall = time.perf_counter() - wall
        here, there = time.process_time() - here, cpu_s(self._node.pid) - there
        self._printed.add_row(
            name,
            f"{flight}",
            f"{count / wall:,.0f}",
            f"{here / count * 1e6:,.0f}",
            f"{there / count * 1e6:,.0f}",
        )


async def fill(storage: CqlStorage) -> None:
    """Posts, and two timelines of the same rows: one of them has nulls."""

    async def some(start: int) -> None:
        ids = range(start, start + 20)
        posts = [Put(POSTS, Post(n, n, TEXT)) for n in ids]
        lines = [Put(LINES, Line(n % 50, n, n)) for n in ids]
        full = [Put(FULL, Line(n % 50, n, n, 1, 2, "three")) for n in ids]
        await storage.commit("load", [*posts, *lines, *full])

    starts = iter(range(0, ROWS, 20))

    async def several() -> None:
        for start in starts:
            await some(start)

    await asyncio.gather(*(several() for _ in range(16)))


async def read(storage: CqlStorage, meter: Meter) -> None:
    """Reads that hit."""

    def at(n: int) -> int:
        return n * 7919 % ROWS

    await meter.measure("get", lambda n: storage.get(POSTS, (at(n),)), 20_000)
    await meter.measure(
        "get_many of 20", lambda n: storage.get_many(POSTS, [(at(n + i),) for i in range(20)]), 1000
    )
    for name, table in (("range of 20", FULL), ("range of 20, 3 nulls each", LINES)):
        await meter.measure(
            name,
            lambda n, table=table: storage.range(table, (n % 50,), below=(at(n) + 1,), limit=20),
            5000,
        )
    await meter.measure("tail, nothing new", lambda _: storage.tail(1 << 62), 2000)


async def write(storage: CqlStorage, meter: Meter) -> None:
    """Plain commits, and those with a condition."""
    fresh = itertools.count(ROWS)

    async def plain(_: int) -> None:
        n = next(fresh)
        rows = [Put(POSTS, Post(n, 1, TEXT)), Put(LINES, Line(n % 50, n, 1, 1, 2, ""))]
        await storage.commit("load", rows, [CaseChanged(n)])

    async def first(_: int) -> None:
        n = next(fresh)
        rows = [Put(HEADS, Post(n, 1, TEXT)), Put(LINES, Line(n % 50, n, 1, 1, 2, ""))]
        await storage.commit("load", rows, [CaseChanged(n)], expect=0)

    async def following(n: int) -> None:
        there = await storage.get(HEADS, (-1 - n % 200,))
        version = 0 if there is None else there.version
        rows = [Put(HEADS, Post(-1 - n % 200, 1, TEXT, version + 1))]
        await storage.commit("load", rows, [CaseChanged(n)], expect=version)

    async def claim(_: int) -> None:
        await storage.put_if_absent(CLAIMS, Post(next(fresh), 1, TEXT))

    for flight in (1, 64):
        few = 20 if flight == 1 else 1
        await meter.measure("commit: 2 rows, an event", plain, 10_000 // few, flight)
        await meter.measure("the same, expecting nobody", first, 4000 // few, flight)
        await meter.measure("get, then commit expecting it", following, 4000 // few, flight)
        await meter.measure("put_if_absent", claim, 4000 // few, flight)


async def main(sync: str) -> None:
    """Start a node, measure, print, stop it."""
    printed = Printed("verb", "in flight", "a second", "us here", "us there", title=sync)
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder) / "node", sync=sync)
        node.start()
        try:
            where = f"{node.address}:{node.port}"
            storage = await open_empty(SystemClock(), TABLES, "benchmark", where)
            await fill(storage)
            await fill(storage)
            meter = Meter(node, printed)
            await read(storage, meter)
            await write(storage, meter)
            await storage.close()
        finally:
            node.stop()
    Console().print(printed)


if __name__ == "__main__":
    asyncio.run(main((sys.argv[1:] or ["batch"])[0]))
