"""Nodes and writers that are killed: what was acknowledged is there, whole, and told."""

from __future__ import annotations

import asyncio
import os

import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cluster import writer
from tests.cluster.checks import KEYSPACE, check_told, check_whole, soon, told
from tests.cluster.keyspace import WHERE, open_again, open_empty
from tests.cluster.node import Node
from tests.cluster.writer import OWNERS, PLAIN, write_plain, write_version
from tests.conformance.tables import CLAIMS, HEADS, LINES, NOTES, TABLES, Claim, Line, Note
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Conflict, Unavailable

pytestmark = [pytest.mark.anyio, pytest.mark.cluster, pytest.mark.timeout(300)]


class Writers:
    """Write to one engine until told to stop; know what was acknowledged and what refused."""

    def __init__(self, storage):
        self.storage = storage
        self.acknowledged: set[tuple[int, int]] = set()
        self.refused: list[str] = []
        self.stop = asyncio.Event()

    async def run(self):
        await asyncio.gather(*(self.climb(owner) for owner in OWNERS), self.add())

    async def climb(self, owner):
        version = 0
        while not self.stop.is_set():
            try:
                await write_version(self.storage, owner, version + 1)
                self.acknowledged.add((owner, version + 1))
                version += 1
            except Conflict as conflict:
                # A commit in doubt had been applied after all.
                version = int(conflict.data["found"])
            except Unavailable as problem:
                self.refused.append(problem.code)
                await asyncio.sleep(0.1)

    async def add(self):
        n = 0
        while not self.stop.is_set():
            n += 1
            try:
                await write_plain(self.storage, n)
                self.acknowledged.add((PLAIN, n))
            except Unavailable as problem:
                self.refused.append(problem.code)
                await asyncio.sleep(0.1)


@pytest.mark.loopback
async def test_what_a_killed_node_acknowledged_is_there_when_it_is_back(tmp_path):
    node = Node(tmp_path / "node")
    await asyncio.to_thread(node.start)
    where = f"{node.address}:{node.port}"
    # What is in doubt for longer than a start takes holds the journal up for so long.
    storage = await open_empty(SystemClock(), TABLES, KEYSPACE, where, silent_s=3)
    writers = Writers(storage)
    try:
        running = asyncio.create_task(writers.run())
        for _ in range(2):
            await asyncio.sleep(1.5)
            await asyncio.to_thread(node.kill)
            before = len(writers.acknowledged)
            await asyncio.to_thread(node.start)
            await soon_more(writers.acknowledged, before)
        writers.stop.set()
        await running

        assert len(writers.acknowledged) > 100, "next to nothing was written"
        assert writers.refused, "nobody noticed that the node was gone"
        plain = await check_whole(storage, writers.acknowledged)
        await soon(lambda: _caught_up(storage, plain))
        await check_told(storage, plain)
        await storage.close()
        again = await open_again(SystemClock(), TABLES, KEYSPACE, where)
        assert await check_whole(again, writers.acknowledged) == plain
        await check_told(again, plain)
        await again.close()
    finally:
        node.remove()


async def soon_more(acknowledged, before):
    """Wait until the writers have found the node again."""
    async with asyncio.timeout(60):
        while len(acknowledged) < before + 20:  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.1)


@pytest.mark.loopback
async def test_a_node_that_is_gone_is_said_to_be_unavailable_and_no_more(tmp_path):
    node = Node(tmp_path / "node")
    await asyncio.to_thread(node.start)
    storage = await open_empty(
        SystemClock(), TABLES, KEYSPACE, f"{node.address}:{node.port}", silent_s=1
    )
    await storage.put(NOTES, Note(1, "secret"))
    node.kill()
    await asyncio.sleep(0.5)

    try:
        for attempt in (
            storage.get(NOTES, (1,)),
            storage.range(LINES, (1,)),
            storage.put(LINES, Line(1, 1, 1)),
            storage.put(NOTES, Note(1, "secret")),
            storage.put_if_absent(CLAIMS, Claim("secret", 1)),
            storage.tail(0),
            storage.position("x"),
        ):
            with pytest.raises(Unavailable) as gone:
                await attempt
            assert gone.value.code in {"storage_unavailable", "storage_in_doubt"}
            assert "secret" not in str(gone.value)
            assert node.address not in str(gone.value)
        with pytest.raises(Unavailable) as gone:
            await open_again(SystemClock(), TABLES, KEYSPACE, f"{node.address}:{node.port}")
        assert gone.value.code == "storage_unreachable"
    finally:
        await storage.close()
        node.remove()


async def test_what_killed_writers_acknowledged_is_there_and_whole(storage):
    acknowledged: set[tuple[int, int]] = set()
    for round_ in range(3):
        writers = [writer.start(os.environ[WHERE], KEYSPACE, node) for node in (2, 3)]
        first = [child.stdout.readline() for child in writers]
        await asyncio.sleep(0.4 + round_ * 0.35)
        for child in writers:
            child.kill()
        rest = [await asyncio.to_thread(child.communicate) for child in writers]
        for line, (more, _) in zip(first, rest, strict=True):
            said = [tuple(map(int, each.split())) for each in (line + more).splitlines()]
            acknowledged |= {(owner, n) for owner, n in said}

    assert len(acknowledged) > 50, "the writers did next to nothing"
    # The dead hold the journal up until they have been silent for long enough.
    storage._journal.silent_s = 1.0
    plain = await check_whole(storage, acknowledged)
    await soon(lambda: _caught_up(storage, plain))
    await check_told(storage, plain)


async def _caught_up(storage, plain):
    heard = await told(storage)
    heads = [await storage.get(HEADS, (owner,)) for owner in OWNERS]
    wanted = len(plain) + sum(head.version for head in heads if head is not None)
    return len({n for numbers in heard.values() for n in numbers}) >= wanted
