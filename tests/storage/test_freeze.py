"""While a site moves no commit more is taken, in any process; what is not journaled goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.storage.house import ITEMS, House, Item
from venire.kernel.errors import Unavailable
from venire.storage.engines import sqlite_freeze
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    made = House(tmp_path)
    storage = made.open()
    other = made.open(node=1)
    yield made, storage, other
    await storage.close()
    await other.close()


async def test_every_process_refuses_from_one_place_of_the_journal_on(house):
    made, storage, other = house
    done: list[int] = []

    async def write(each, start: int) -> None:
        for n in range(start, start + 200):
            await each.put(ITEMS, Item(1, n))
            done.append(n)

    writing = [
        asyncio.create_task(write(each, 1000 * i)) for i, each in enumerate((storage, other))
    ]
    while len(done) < 20:  # noqa: ASYNC110 - the writers have no event for that
        await asyncio.sleep(0)
    last = await asyncio.to_thread(sqlite_freeze.freeze, made.folder, 1)
    results = await asyncio.gather(*writing, return_exceptions=True)
    assert [getattr(one, "code", None) for one in results] == ["site_moving", "site_moving"]
    entries = await storage.journal(0, 1000)
    assert entries[-1].sequence == last == len(done)
    assert len(await storage.range(ITEMS, (1,), limit=1000)) == len(done)


async def test_reads_and_cursors_go_on_and_a_new_start_is_frozen_too(house):
    made, storage, _ = house
    await storage.put(ITEMS, Item(1, 1))
    sqlite_freeze.freeze(made.folder, 1)
    assert await storage.get(ITEMS, (1, 1)) == Item(1, 1)
    await storage.advance("someone", 1)
    await storage.sweep()
    third = made.open(node=2)
    for each in (storage, third):
        for verb in (
            each.put(ITEMS, Item(1, 2)),
            each.put_if_absent(ITEMS, Item(1, 2)),
            each.compare_and_set(ITEMS, Item(1, 1), Item(1, 1, "x")),
            each.delete(ITEMS, Item(1, 1)),
            each.commit("owner:1", [Put(ITEMS, Item(1, 3))]),
        ):
            with pytest.raises(Unavailable) as refused:
                await verb
            assert refused.value.code == "site_moving"
    await third.close()


async def test_lifted_it_takes_commits_again(house):
    made, storage, _ = house
    sqlite_freeze.freeze(made.folder, 1)
    assert sqlite_freeze.is_frozen(made.folder)
    sqlite_freeze.lift(made.folder)
    await storage.put(ITEMS, Item(1, 1))
    assert not sqlite_freeze.is_frozen(made.folder)


async def test_one_at_a_time_moves_a_site(house):
    made, _, _ = house
    with sqlite_freeze.moving(made.folder) as first, sqlite_freeze.moving(made.folder) as second:
        assert (first, second) == (True, False)
    with sqlite_freeze.moving(made.folder) as again:
        assert again
