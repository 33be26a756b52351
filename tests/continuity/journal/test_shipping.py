"""The journal reaches every store, whole and once, whatever stores and kills do."""

from __future__ import annotations

import asyncio
import dataclasses
import statistics

import msgspec
import pytest

from tests.continuity.shipping_kit import (
    QUICK,
    Moody,
    caught_up,
    journal_in,
    segments_in,
    shipping,
    store,
    until,
)
from venire.continuity.journal import ship_states
from venire.events import CaseChanged, VendorShut
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Unavailable
from venire.storage.engines.sqlite import SqliteStorage

pytestmark = pytest.mark.anyio


async def commit(world, count=1):
    for _ in range(count):
        await world.storage.commit("case:1", [], [CaseChanged(1)])


async def state_of(world, name="first"):
    row = await ship_states.load(world.storage, name)
    return "" if row is None else row.state


async def prune(world):
    """Drop what every subscriber has passed; the feeds are not kept here."""
    newest = (await world.storage.journal(0, 100_000))[-1].sequence
    await world.storage.rebuild("feeds", newest, [])
    return await world.storage.prune(world.now_ms())


async def whole(world, objects, generation=1):
    """Wait until a store has everything, then compare it with the host's own journal."""
    await caught_up(world, objects, generation)
    shipped = await journal_in(objects, generation)
    mine = await world.storage.journal(0, 100_000)
    assert shipped == mine[: len(shipped)]
    assert len(shipped) >= len(mine) - 3, "what a store's own state adds may be on its way"
    return shipped


async def test_every_commit_is_in_every_store_and_proven(world):
    first, second = Moody(), Moody()
    await commit(world, 30)
    async with shipping(world, store(first), store(second, "second")):
        await commit(world, 30)
        await whole(world, first)
        await whole(world, second)
        assert await state_of(world) == await state_of(world, "second") == "working"


async def test_the_next_start_goes_on_where_the_last_one_was(world):
    objects = Moody()
    for _ in range(3):
        async with shipping(world, store(objects)):
            await commit(world, 5)
            await whole(world, objects)
    assert [one.name for one in await objects.listing("generations/")] == [
        "generations/00000001.json"
    ]


async def test_killed_between_the_store_and_the_cursor_it_goes_on(world):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 5)
        await whole(world, objects)
    first, last, _ = (await segments_in(objects))[-1]
    await world.storage.advance("ship:first", first - 1)
    before = await segments_in(objects)

    async with shipping(world, store(objects)):
        await commit(world)
        await whole(world, objects)

    assert (await segments_in(objects))[: len(before)] == before
    assert await world.storage.position("ship:first") > last


async def test_killed_while_a_segment_was_written_it_writes_it_again(world):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 5)
        await whole(world, objects)
    first, _, name = (await segments_in(objects))[-1]
    content = await objects.get(name, 1 << 20)
    await objects.put(name, content[: len(content) // 2])
    await world.storage.advance("ship:first", first - 1)

    async with shipping(world, store(objects)):
        await commit(world)
        await whole(world, objects)


@pytest.mark.parametrize("left", [0, 1, 50, 400])
async def test_a_store_that_has_spoilt_what_it_had_is_sent_it_again(world, left):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 5)
        await whole(world, objects)
        await asyncio.sleep(0.1)
    for _, _, name in (await segments_in(objects))[-2:]:
        await objects.put(name, (await objects.get(name, 1 << 20))[:left])

    async with shipping(world, store(objects)):
        await commit(world)
        await whole(world, objects)


@pytest.mark.parametrize("lie", ["drops", "halves"])
async def test_a_store_that_lies_about_a_write_is_not_believed(world, lie):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await whole(world, objects)
        await asyncio.sleep(0.1)  # what the store's own state added is shipped too
        position = await world.storage.position("ship:first")
        objects.lies = lie
        await commit(world, 3)

        async def failing():
            return await state_of(world) == "failing"

        await until(failing)
        assert await world.storage.position("ship:first") == position
        row = await ship_states.load(world.storage, "first")
        assert row.said == "write_not_kept"

        objects.lies = ""
        await whole(world, objects)
        assert await state_of(world) == "working"


@pytest.mark.parametrize("mood", ["down", "hangs"])
async def test_a_store_that_fails_holds_up_no_other_and_catches_up_by_itself(world, mood):
    bad, good = Moody(), Moody()
    async with shipping(world, store(bad), store(good, "second")):
        await commit(world, 3)
        await whole(world, bad)
        bad.mood = mood
        await commit(world, 40)
        await whole(world, good)
        before = await world.storage.position("ship:first")
        assert before < await world.storage.position("ship:second")

        bad.mood = ""
        await whole(world, bad)
        await until(lambda: _same(world))


async def _same(world):
    first, second = [await world.storage.position(f"ship:{one}") for one in ("first", "second")]
    return first == second


async def test_a_store_that_refuses_our_account_is_left_alone_until_a_person_has_looked(world):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await whole(world, objects)
        objects.mood = "closed"
        await commit(world, 3)
        await until(lambda: _is(world, "closed"))
        told = [one.event for one in await world.storage.tail(0, 1000)]
        assert VendorShut("objects", "first") in told

        objects.mood = ""
        puts = objects.puts
        await asyncio.sleep(0.3)
        assert objects.puts == puts, "it was asked again before anybody had looked"
        await ship_states.reset(world.storage, "first", world.now_ms())
        await whole(world, objects)
        assert await state_of(world) == "working"


async def _is(world, state, name="first"):
    return await state_of(world, name) == state


async def test_a_store_that_is_away_for_long_does_not_fill_the_disk(world, clock):
    dead, good = Moody(), Moody()
    async with shipping(world, store(dead), store(good, "second")):
        await commit(world, 10)
        await whole(world, dead)
        await whole(world, good)
        dead.mood = "down"
        await commit(world, 10)
        await until(lambda: _is(world, "failing"))
        await whole(world, good)
        clock.advance(6 * DAY_MS)
        assert await prune(world) < 20, "it is kept for the one that is away"

        clock.advance(2 * DAY_MS)
        await until(lambda: _is(world, "lapsed"))
        await caught_up(world, good)
        assert await prune(world) > 0
    dead.mood = ""
    clock.advance(DAY_MS)
    async with shipping(world, store(dead), store(good, "second")):
        await commit(world, 5)
        await until(lambda: _is(world, "working"))
        row = await ship_states.load(world.storage, "first")
        assert row.base > 0
        await caught_up(world, dead)
        await caught_up(world, good)
        end = (await segments_in(dead))[-1], (await segments_in(good))[-1]
    chains = [
        msgspec.json.decode((await one.get(name, 1 << 20)).partition(b"\n")[0])["chain"]
        for one, (_, _, name) in zip((dead, good), end, strict=True)
    ]
    assert end[0][1] != end[1][1] or chains[0] == chains[1]


async def test_a_store_that_is_named_no_more_holds_nothing_back(world, clock):
    first, second = Moody(), Moody()
    async with shipping(world, store(first), store(second, "second")):
        await commit(world, 5)
        await whole(world, first)
        await whole(world, second)
    async with shipping(world, store(first)):
        await commit(world, 5)
        await whole(world, first)
        await until(lambda: _is(world, "lapsed", "second"))
    clock.advance(DAY_MS)
    assert await prune(world) >= 10


async def test_a_store_that_is_added_later_begins_where_the_others_are(world):
    first, second = Moody(), Moody()
    async with shipping(world, store(first)):
        await commit(world, 10)
        await whole(world, first)
    async with shipping(world, store(first), store(second, "second")):
        await commit(world, 5)
        await caught_up(world, first)
        await caught_up(world, second)
    begin = (await segments_in(second))[0]
    everything = {one.sequence: one for one in await journal_in(first)}
    content = await second.get(begin[2], 1 << 20)
    previous = msgspec.json.decode(content.partition(b"\n")[0])["previous"]
    found = await journal_in(second, chain=bytes.fromhex(previous))
    assert [everything.get(one.sequence, one) for one in found] == found


async def test_while_the_hosts_own_disk_is_full_it_waits_and_goes_on(world, monkeypatch):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await whole(world, objects)
        real, refused = SqliteStorage.advance, []

        async def full(self, cursor, position):
            if len(refused) < 2 and cursor == "ship:first":
                refused.append(position)
                raise Unavailable("storage_full_or_failing")
            await real(self, cursor, position)

        monkeypatch.setattr(SqliteStorage, "advance", full)
        await commit(world, 3)
        await whole(world, objects)
        assert refused


async def test_it_is_never_further_behind_than_it_says(world):
    objects = Moody()
    pace = dataclasses.replace(QUICK, gap_s=0.1)
    async with shipping(world, store(objects), pace=pace) as (made, _):
        await commit(world)
        await whole(world, objects)
        loop, took_s = asyncio.get_running_loop(), []
        for _ in range(5):
            await commit(world)
            wanted = (await world.storage.journal(0, 10_000))[-1].sequence
            made.wake()
            began_s = loop.time()
            while await world.storage.position("ship:first") < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            took_s.append(loop.time() - began_s)
        # A machine that does much else may stall for longer than that, but not each time.
        assert statistics.median(took_s) < 0.25, took_s


async def test_what_is_left_at_the_end_is_sent(world):
    objects, dead = Moody(), Moody()
    slow = dataclasses.replace(QUICK, gap_s=30)
    async with shipping(world, store(objects), store(dead, "second"), pace=slow) as (made, task):
        await commit(world)
        await until(lambda: _is(world, "working"))
        dead.mood = "down"
        await commit(world, 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.flush()
        assert await journal_in(objects) == await world.storage.journal(0, 1000)


async def test_an_idle_site_ships_nothing_and_reads_nothing(world, monkeypatch):
    objects = Moody()
    pace = dataclasses.replace(QUICK, gap_s=0.02, look_s=60)
    async with shipping(world, store(objects), pace=pace):
        await commit(world, 3)
        await whole(world, objects)
        await asyncio.sleep(0.1)
        puts, reads = objects.puts, []
        real = SqliteStorage.journal

        async def journal(self, after, limit=256):
            reads.append(after)
            return await real(self, after, limit)

        monkeypatch.setattr(SqliteStorage, "journal", journal)
        await asyncio.sleep(0.4)
        assert (objects.puts, reads) == (puts, [])
        # And what is committed without a word to anybody is seen all the same.
        await commit(world)
        await until(lambda: _has_shipped(objects, puts))
        assert reads


async def _has_shipped(objects, puts):
    return objects.puts > puts


async def test_a_site_that_ships_seldom_ships_at_once_for_somebody_who_waits(world):
    objects = Moody()
    slow = dataclasses.replace(QUICK, gap_s=20, look_s=60)
    async with shipping(world, store(objects), pace=slow) as (made, _):
        await commit(world)
        await whole(world, objects)
        await commit(world)
        made.wake()
        await asyncio.sleep(0.3)
        wanted = (await world.storage.journal(0, 10_000))[-1].sequence
        assert await world.storage.position("ship:first") < wanted, "its pause is not over"
        made.hurry()
        await asyncio.wait_for(whole(world, objects), 5)
