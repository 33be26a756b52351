"""A commit that asks for it is acknowledged once it lies outside of the host, or says so."""

from __future__ import annotations

import asyncio

import pytest

from tests.continuity.shipping_kit import QUICK, Moody, journal_in, shipping, store, until
from venire.continuity.journal import ship_states
from venire.continuity.journal.offsite import Stores
from venire.events import CaseChanged
from venire.kernel.errors import Unavailable
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio

NAMES = ("first", "second")


def waiting(world, names=NAMES, *, patience_s=3.0, refuses=False):
    made = Stores(world.storage, names, patience_s=patience_s, refuses=refuses)
    world.storage.offsite = made
    return made


async def commit(storage, durable="remote"):
    await storage.commit("case:1", [], [CaseChanged(1)], durable=durable)


async def shipped(objects):
    return max([one.sequence for one in await journal_in(objects)], default=0)


async def works(world, *names):
    async def both():
        rows = await ship_states.load_all(world.storage, names)
        return all(row is not None and row.state == "working" for row in rows)

    await until(both)


async def test_what_is_acknowledged_is_in_the_stores(world):
    first, second = Moody(), Moody()
    made = waiting(world)
    async with shipping(world, store(first), store(second, "second")) as (at_work, _):
        world.storage.on_commit(at_work.wake)
        for durable in ("remote", "strict", "remote"):
            await commit(world.storage, durable)
            newest = (await world.storage.tail(0, 1000))[-1].sequence
            assert min(await shipped(first), await shipped(second)) >= newest
    assert made.fallen_back == 0


async def test_many_wait_together_and_none_is_forgotten(world):
    first, second = Moody(), Moody()
    waiting(world)
    async with shipping(world, store(first), store(second, "second")):
        await asyncio.wait_for(
            asyncio.gather(*(commit(world.storage) for _ in range(60))), timeout=5
        )
        newest = (await world.storage.tail(0, 1000))[-1].sequence
        assert await shipped(first) >= newest


async def test_one_store_that_works_is_enough(world):
    first, second = Moody(), Moody()
    made = waiting(world)
    async with shipping(world, store(first), store(second, "second")):
        await commit(world.storage)
        await works(world, *NAMES)
        first.mood = "hangs"
        for _ in range(3):
            await asyncio.wait_for(commit(world.storage, "strict"), 1.5)
        newest = (await world.storage.tail(0, 1000))[-1].sequence
        assert await shipped(second) >= newest
        first.mood = ""
    assert made.fallen_back == 0


async def test_while_every_store_fails_a_commit_counts_on_the_host_and_it_is_told(world, caplog):
    first, second = Moody(), Moody()
    made = waiting(world)
    async with shipping(world, store(first), store(second, "second")):
        await commit(world.storage)
        await works(world, *NAMES)
        first.mood, second.mood = "down", "closed"
        await asyncio.wait_for(commit(world.storage), 5)
        rows = await ship_states.load_all(world.storage, NAMES)
        assert [row.state for row in rows] == ["failing", "closed"]

        began_s = asyncio.get_running_loop().time()
        await commit(world.storage)
        assert asyncio.get_running_loop().time() - began_s < 0.5, "nobody waits any more"
        assert made.fallen_back == 2
        assert "kept_on_this_host_only" in caplog.text
        with pytest.raises(Unavailable) as refused:
            await commit(world.storage, "strict")
        assert refused.value.code == "not_kept_elsewhere"

        first.mood = ""
        await works(world, "first")
        await asyncio.wait_for(commit(world.storage, "strict"), 5)


async def test_what_was_refused_stands_and_is_found_when_asked_again(world):
    objects = Moody()
    waiting(world, ("first",), patience_s=0.3)
    objects.mood = "down"
    async with shipping(world, store(objects)):
        with pytest.raises(Unavailable):
            await commit(world.storage, "strict")
        assert [one.event for one in await world.storage.tail(0)] == [CaseChanged(1)]
        with pytest.raises(Unavailable):
            await world.storage.kept_elsewhere(strict=True)
        objects.mood = ""
        await works(world, "first")
        await world.storage.kept_elsewhere(strict=True)
        assert await shipped(objects) >= 1


async def test_an_operator_may_have_it_refused_instead(world):
    waiting(world, ("first",), patience_s=0.1, refuses=True)

    with pytest.raises(Unavailable) as refused:
        await commit(world.storage)
    assert refused.value.code == "not_kept_elsewhere"


async def test_where_no_store_was_ever_reached_nobody_waits_for_one(world, caplog):
    objects = Moody()
    objects.mood = "down"
    waiting(world, ("first",), patience_s=5)
    async with shipping(world, store(objects)):
        await asyncio.wait_for(commit(world.storage), 3)
        await asyncio.wait_for(commit(world.storage), 0.5)
        assert "no_store_reached" in caplog.text

        objects.mood = ""
        await works(world, "first")
        await commit(world.storage, "strict")
        assert await shipped(objects) >= 2


async def test_nobody_waits_longer_than_the_stated_time(world):
    made = waiting(world, ("first",), patience_s=0.2)
    began_s = asyncio.get_running_loop().time()

    await commit(world.storage)

    assert 0.15 < asyncio.get_running_loop().time() - began_s < 2
    assert made.fallen_back == 1
    assert not made._waiting


async def test_a_store_that_was_given_up_counts_for_nobody(world):
    # Its cursor is far ahead, so that the journal is not kept for it.
    waiting(world, ("first",), patience_s=0.2)
    await ship_states.note(world.storage, "first", "lapsed", world.now_ms())
    await world.storage.advance("ship:first", ship_states.FAR)

    with pytest.raises(Unavailable):
        await commit(world.storage, "strict")


async def test_it_works_from_another_process_of_the_site(world, tmp_path, clock):
    objects = Moody()
    other = SqliteStorage(tmp_path, clock, Ids(clock, node=1), ALL)
    other.offsite = Stores(other, ("first",), patience_s=5)
    async with shipping(world, store(objects), pace=QUICK):
        for _ in range(3):
            await asyncio.wait_for(commit(other, "strict"), 3)
            assert await shipped(objects) >= (await other.tail(0, 100))[-1].sequence
    await other.close()


async def test_who_stops_waiting_leaves_nothing_behind(world):
    made = waiting(world, ("first",))
    task = asyncio.create_task(commit(world.storage))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert not made._waiting
    assert len(await world.storage.tail(0)) == 1


async def test_who_waits_is_heard_of_and_who_need_not_is_not(world):
    objects, heard = Moody(), []
    made = waiting(world, ("first",))
    made.on_wait(lambda: heard.append(1))
    async with shipping(world, store(objects)) as (at_work, _):
        world.storage.on_commit(at_work.wake)
        await commit(world.storage, "local")
        assert heard == []
        await commit(world.storage)
        assert heard
        await works(world, "first")
        await world.storage.kept_elsewhere()
        heard.clear()
        await world.storage.kept_elsewhere()
        assert heard == [], "all of it was there already"
