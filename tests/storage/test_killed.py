"""What was acknowledged is there after `kill -9`, whole, and its events are told (again)."""

from __future__ import annotations

import asyncio
import subprocess
import time

import pytest

from tests.storage import child
from tests.storage.house import FEED, ITEMS
from venire.events import CaseChanged
from venire.kernel.chance import SeededChance
from venire.storage.relay import Relay, Subscription
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio

ROUNDS = 18


def killed_after(process: subprocess.Popen[str], pause_s: float, *, wait: bool) -> list[int]:
    """What a child acknowledged before it was killed, `pause_s` after its start or first word."""
    first = process.stdout.readline() if wait else ""
    time.sleep(pause_s)
    process.kill()
    rest, _ = process.communicate()
    return [int(word) for word in (first + rest).split()]


async def every(storage, table, owner):
    return [row.n for row in await storage.range(table, (owner,), limit=10**6)]


async def check_whole(storage, acknowledged: set[int]) -> set[int]:
    """Every acknowledged number is there with both its rows and its event; none is by half."""
    assert storage._facts.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    found = set(await every(storage, ITEMS, child.FACT))
    facts = {n for n in found if n < child.SHADOW}
    told = {envelope.event.case_id for envelope in await storage.tail(0, 10**6)}
    assert acknowledged <= facts
    assert facts == {n - child.SHADOW for n in found if n >= child.SHADOW} == told
    return facts


async def test_a_killed_process_loses_nothing_that_it_acknowledged(house):
    chance = SeededChance("moments to be killed at")
    acknowledged: set[int] = set()
    first = 0
    for attempt in range(ROUNDS):
        # Every third one is killed while it starts, creates or recovers its files.
        wait = attempt % 3 != 0
        pause_s = int.from_bytes(chance.token(2), "big") / 65_536 * (0.1 if wait else 0.2)
        process = child.start("numbers", house.folder, first=first)
        acknowledged |= set(killed_after(process, pause_s, wait=wait))

        storage = house.open()
        facts = await check_whole(storage, acknowledged)
        await storage.close()
        first = max(facts, default=-1) + 1

    assert len(acknowledged) > 100, "the children did next to nothing"
    storage = house.open()
    relay = Relay(storage, child.subscriptions(storage))
    relay.start()
    async with asyncio.timeout(30):
        while not await relay.drained():  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.02)
    await relay.stop()
    facts = await check_whole(storage, acknowledged)
    assert set(await every(storage, ITEMS, child.EFFECT)) == facts
    assert set(await every(storage, FEED, 1)) == facts
    await storage.close()


async def test_what_a_killed_process_was_hearing_is_told_again(house):
    storage = house.open()
    for n in range(3):
        await storage.commit(f"case:{n}", [], [CaseChanged(n)])
    process = child.start("hang", house.folder, node=1)
    heard = {int(process.stdout.readline()) for _ in range(3)}
    process.kill()
    process.communicate()

    again = []

    async def hear(envelope) -> None:
        again.append(envelope.event.case_id)

    relay = Relay(storage, [Subscription("ear", hear)])
    relay.start()
    async with asyncio.timeout(10):
        while not await relay.drained():  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
    await relay.stop()
    await storage.close()

    assert heard == set(again) == {0, 1, 2}


async def test_the_check_notices_a_lost_row_a_lost_event_and_half_a_commit(house):
    storage = house.open()
    for n in range(3):
        await child.write_one(storage, child.FACT, n)
    await check_whole(storage, {0, 1, 2})

    with pytest.raises(AssertionError):
        await check_whole(storage, {0, 1, 2, 3})
    await storage.put(ITEMS, child.Item(child.FACT, 7))
    with pytest.raises(AssertionError):
        await check_whole(storage, {0, 1, 2})
    await storage.delete(ITEMS, child.Item(child.FACT, 7))
    await check_whole(storage, {0, 1, 2})
    storage._writer._connection.execute("DELETE FROM outbox WHERE sequence = 2")
    with pytest.raises(AssertionError):
        await check_whole(storage, {0, 1, 2})
    await storage.close()


async def test_the_file_of_record_is_synced_at_every_commit(house):
    storage = house.open()
    connection = storage._writer._connection

    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2, "FULL: a commit survives a loss of power"
    assert connection.pragma("mmap_size") in {0, None}
    await storage.put(ITEMS, child.Item(1, 1))
    assert await storage.get(ITEMS, (1, 1)) == child.Item(1, 1)
    await storage.close()


async def test_a_commit_is_answered_only_once_it_is_in_the_file(house):
    storage = house.open()
    other = house.open(node=1)
    for n in range(50):
        await storage.commit("owner:1", [Put(ITEMS, child.Item(1, n))])
        assert await other.get(ITEMS, (1, n)) is not None
    await other.close()
    await storage.close()
