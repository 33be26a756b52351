"""One host is the site: whoever finds that another one is, stops, and loses nobody's journal."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.continuity.shipping_kit import (
    KEY,
    PUBLIC,
    QUICK,
    SEED,
    Moody,
    caught_up,
    journal_in,
    segments_in,
    shipper,
    shipping,
    store,
    until,
)
from venire.continuity.journal import generations, ship_states
from venire.continuity.journal.lineage import (
    After,
    cuts,
    decode_generation,
    generation_path,
    generations_in,
)
from venire.continuity.journal.news import Pace
from venire.continuity.journal.shipper import Shipper
from venire.continuity.journal.slices import Slices
from venire.continuity.recovery.claiming import claim, hand_of
from venire.events import CaseChanged
from venire.kernel.chance import SeededChance
from venire.kernel.errors import Unavailable
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.engines.sqlite_upkeep import FACTS, copy_file
from venire.storage.tables.every import ALL
from venire.storage.world import Site, World

pytestmark = pytest.mark.anyio


async def commit(world, count=1):
    for _ in range(count):
        await world.storage.commit("case:1", [], [CaseChanged(1)])


async def shipped(world, objects):
    await caught_up(world, objects)
    return await journal_in(objects)


@pytest.fixture
def opened(tmp_path, clock):
    """Opens another site, or the same folder as another process would."""
    made = []

    def open_one(folder=None):
        place = tmp_path / (folder or "elsewhere")
        place.mkdir(exist_ok=True)
        ids = Ids(clock, node=1)
        storage = SqliteStorage(place, clock, ids, ALL)
        made.append(storage)
        return World(storage, clock, SeededChance("two"), ids, Site("venire.test", "http://x"))

    return open_one


async def test_another_sites_store_is_never_written_to(world, opened):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await shipped(world, objects)
    before = await objects.listing("")
    other = opened()
    await commit(other, 9)

    async with shipping(other, store(objects)):
        await until(lambda: refused(other))
        await asyncio.sleep(0.1)

    assert await objects.listing("") == before
    async with shipping(world, store(objects)):
        await commit(world)
        await shipped(world, objects)


async def refused(world):
    row = await ship_states.load(world.storage, "first")
    return row is not None and row.state == "refused"


async def test_of_a_folder_and_its_copy_one_stops(world, opened, tmp_path):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 5)
        await shipped(world, objects)
    (tmp_path / "copy").mkdir()
    copy_file(tmp_path / FACTS, tmp_path / "copy" / FACTS, lambda *_: None)
    copy = opened("copy")

    async with shipping(world, store(objects)) as (_, one), shipping(copy, store(objects)) as two:
        for _ in range(20):
            await commit(world)
            await commit(copy, 2)
            await asyncio.sleep(0.01)
        done, _ = await asyncio.wait([one, two[1]], timeout=8, return_when="FIRST_COMPLETED")
        assert done
        for task in done:
            assert task.exception().code == "fenced"


async def test_a_restored_site_takes_over_and_the_old_host_stops_for_good(world, opened, tmp_path):
    objects, second = Moody(), Moody()
    async with shipping(world, store(objects), store(second, "second")) as (_, task):
        await commit(world, 5)
        await shipped(world, objects)
        await shipped(world, second)
        last = (await journal_in(objects))[-1].sequence
        header = msgspec.json.decode(
            (await objects.get((await segments_in(objects))[-1][2], 1 << 20)).partition(b"\n")[0]
        )
        (tmp_path / "new").mkdir()
        copy_file(tmp_path / FACTS, tmp_path / "new" / FACTS, lambda *_: None)
        new = opened("new")
        await generations.note_restored(new.storage, After(1, last, header["chain"]))

        async with shipping(new, store(objects), store(second, "second")):
            await commit(new, 4)
            await commit(world, 2)
            await until(lambda: _done(task))
            await until(lambda: _has(objects, 2))
            await until(lambda: _has(second, 2))
        assert task.exception().code == "fenced"

    with pytest.raises(Unavailable) as failure:
        await generations.check_ours(world.storage)
    assert failure.value.code == "fenced"
    with pytest.raises(Unavailable):
        await shipper(world, store(objects)).run()
    told = msgspec.json.decode(await objects.get("generations/00000002.json", 10_000))
    assert told["after"] == {"generation": 1, "sequence": last, "chain": header["chain"]}
    assert await second.get("generations/00000002.json", 10_000) == await objects.get(
        "generations/00000002.json", 10_000
    )
    later = await journal_in(objects, 2, bytes.fromhex(header["chain"]))
    assert later[0].sequence > last


async def _done(task):
    return task.done()


async def _has(objects, generation):
    return bool(await segments_in(objects, generation))


async def restored(world, objects, opened, tmp_path):
    """A copy that goes on from what a store has, and that took a turn there alone."""
    last = (await journal_in(objects))[-1].sequence
    begin = (await objects.get((await segments_in(objects))[-1][2], 1 << 20)).partition(b"\n")[0]
    after = After(1, last, msgspec.json.decode(begin)["chain"])
    (tmp_path / "new").mkdir()
    copy_file(tmp_path / FACTS, tmp_path / "new" / FACTS, lambda *_: None)
    new = opened("new")
    who = {"site": "venire.test", "origin": "venire.test/record", "program": "0", "now_ms": 0}
    claimed = await claim([store(objects)], after, **who, hand=hand_of(PUBLIC, SEED))
    await generations.note_restored(new.storage, after)
    return new, claimed.generation


@pytest.mark.parametrize("look_s", [0.05, 60.0])
async def test_an_older_host_stops_by_the_one_store_it_reaches_which_missed_a_turn(
    world, opened, tmp_path, look_s
):
    objects, second = Moody(), Moody()
    reached_by_the_old = Moody(objects.inner)
    pace = Pace(gap_s=0.01, look_s=look_s, patience_s=0.15)
    old_stores = store(reached_by_the_old), store(second, "second")
    async with shipping(world, *old_stores, pace=pace) as (_, task):
        await commit(world, 5)
        await shipped(world, objects)
        await shipped(world, second)
        reached_by_the_old.mood = "down"
        new, number = await restored(world, objects, opened, tmp_path)
        async with shipping(new, store(objects), store(second, "second")):
            await until(lambda: _told(second, number + 1))
            await commit(world)
            await until(lambda: _done(task))
    assert task.exception().code == "fenced"


async def _told(objects, generation):
    return await objects.size(f"generations/{generation:08d}.json") is not None


async def test_a_turn_that_a_store_was_not_told_of_hides_none_that_counts(world, opened, tmp_path):
    objects, second = Moody(), Moody()
    async with shipping(world, store(objects), store(second, "second")):
        await commit(world, 5)
        await shipped(world, objects)
        await shipped(world, second)
    new, _ = await restored(world, objects, opened, tmp_path)
    async with shipping(new, store(objects), store(second, "second")):
        await commit(new)
        await until(lambda: _has(second, 3))
    for one in (objects, second):
        names = [entry.name for entry in await one.listing("generations/")]
        told = {
            number: decode_generation(await one.get(path, 10_000), path)
            for number in generations_in(names)
            for path in [generation_path(number)]
        }
        assert set(told) == {1, 2, 3}
        assert set(cuts(told)) == {1, 3}


async def test_a_restored_site_does_not_stop_another_one_whose_store_it_was_given(world, opened):
    objects, other = Moody(), opened()
    async with shipping(other, store(objects)):
        await commit(other, 3)
        await until(lambda: _has(objects, 1))
    before = await objects.listing("")
    await generations.note_restored(world.storage, After(4, 0, "00" * 32))
    await generations.begin(world, 5, "elsewhere.test/record")
    slices = Slices(world.storage, [KEY.to_public()])
    made = Shipper(world, [store(objects)], slices, origin="elsewhere.test/record", pace=QUICK)
    task = asyncio.create_task(made.run())
    await until(lambda: refused(world))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await objects.listing("") == before


async def test_a_folder_older_than_its_store_does_not_write_over_it(world, opened, tmp_path):
    objects = Moody()
    async with shipping(world, store(objects)):
        await commit(world, 3)
        await shipped(world, objects)
        (tmp_path / "old").mkdir()
        copy_file(tmp_path / FACTS, tmp_path / "old" / FACTS, lambda *_: None)
        await commit(world, 20)
        await shipped(world, objects)
    old = opened("old")
    before = await segments_in(objects)

    with pytest.raises(Unavailable) as failure:
        await asyncio.wait_for(shipper(old, store(objects)).run(), 5)

    assert failure.value.code == "fenced"
    assert await segments_in(objects) == before


class Listed(Moody):
    """A store that counts what it is asked to list."""

    listings = 0

    async def listing(self, prefix, after=""):
        self.listings += 1
        return await super().listing(prefix, after)


async def test_an_idle_host_looks_at_one_name_and_lists_seldom_and_is_stopped_all_the_same(world):
    objects = Listed()
    async with shipping(world, store(objects)) as (_, task):
        await commit(world, 3)
        await shipped(world, objects)
        await asyncio.sleep(0.3)
        before = objects.listings
        await asyncio.sleep(0.6)
        # A look each 0.05 s, two lists each: a dozen looks would be two dozen.
        assert objects.listings - before <= 8
        who = {"site": "venire.test", "origin": "venire.test/record", "program": "0", "now_ms": 0}
        after = After(1, 3, "00" * 32)
        await claim([store(objects)], after, **who, hand=hand_of(PUBLIC, SEED))
        await until(lambda: _done(task))
    assert task.exception().code == "fenced"
