"""Two processes on one data folder: both write, nothing is lost, the files are made once."""

from __future__ import annotations

import asyncio
import fcntl

import pytest

from tests.storage import child
from tests.storage.house import ITEMS, Item
from venire.kernel.errors import Conflict
from venire.storage.tables.outbox import TIMERS

pytestmark = pytest.mark.anyio

COUNT = 400


async def test_processes_that_write_at_once_lose_nothing(house):
    # The folder is empty: they also race to create the files.
    processes = [child.start("several", house.folder, node=node, count=COUNT) for node in (1, 2, 3)]
    for process in processes:
        said, _ = process.communicate(timeout=60)
        assert (said, process.returncode) == ("done\n", 0)

    storage = house.open()
    told = await storage.tail(0, 10 * COUNT)
    for owner in (1, 2, 3):
        rows = await storage.range(ITEMS, (owner,), below=(child.SHADOW,), limit=2 * COUNT)
        assert [row.n for row in rows] == list(range(COUNT))
        heard = [e.event.case_id for e in told if e.aggregate == f"owner:{owner}"]
        assert sorted(heard) == list(range(COUNT))
    assert len({envelope.id for envelope in told}) == 3 * COUNT
    assert len({envelope.sequence for envelope in told}) == 3 * COUNT
    assert storage._facts.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    await storage.close()


async def test_one_of_two_who_compare_and_set_wins(house):
    one, two = house.open(node=0), house.open(node=1)
    await one.put(ITEMS, Item(1, 1, "free"))
    for n in range(30):
        old = await one.get(ITEMS, (1, 1))
        won = await asyncio.gather(
            one.compare_and_set(ITEMS, old, Item(1, 1, f"one {n}")),
            two.compare_and_set(ITEMS, old, Item(1, 1, f"two {n}")),
        )
        assert sorted(won) == [False, True]
        assert await two.get(ITEMS, (1, 1)) == Item(1, 1, f"{'one' if won[0] else 'two'} {n}")
    await two.close()
    await one.close()


async def test_what_one_writes_the_other_reads_and_notices(house):
    one, two = house.open(node=0), house.open(node=1)
    before = two.data_version()
    assert two.data_version() == before

    await one.put(ITEMS, Item(1, 1))

    assert two.data_version() != before
    assert await two.get(ITEMS, (1, 1)) == Item(1, 1)
    await two.close()
    await one.close()


async def test_a_data_version_moves_with_the_writes_of_ones_own_process(storage):
    before = storage.data_version()
    await storage.put(ITEMS, Item(1, 1))
    assert storage.data_version() != before


async def test_a_place_in_the_journal_is_never_given_twice(house):
    storage = house.open()
    for n in range(3):
        await child.write_one(storage, 1, n)
    last = (await storage.tail(0))[-1].sequence
    await storage.rebuild("feeds", last, [])
    house.clock.advance(1000)
    assert await storage.prune(house.clock.now_ms()) == 3
    await storage.close()

    again = house.open()
    await child.write_one(again, 1, 3)
    assert (await again.tail(0))[0].sequence > last
    await again.close()


async def test_a_write_after_the_end_is_refused_not_left_hanging(house):
    storage = house.open()
    await storage.close()

    with pytest.raises(Exception, match="storage_closed"):
        async with asyncio.timeout(5):
            await storage.put(ITEMS, Item(1, 1))


async def test_what_was_queued_before_the_end_is_written(house):
    storage = house.open()
    writes = [asyncio.create_task(storage.put(ITEMS, Item(1, n))) for n in range(50)]
    await asyncio.sleep(0)
    await storage.close()
    await asyncio.gather(*writes)

    again = house.open()
    assert len(await again.range(ITEMS, (1,), limit=100)) == 50
    await again.close()


async def test_one_bad_write_does_not_fail_the_group_it_is_in(storage):
    def fails(connection):
        connection.execute("INSERT INTO items VALUES (9, 9, 'half')")
        connection.execute("INSERT INTO no_such_table VALUES (1)")

    bad = asyncio.create_task(storage._writer.run(fails))
    good = [asyncio.create_task(storage.put(ITEMS, Item(1, n))) for n in range(20)]
    await asyncio.gather(bad, *good, return_exceptions=True)

    assert "no such table" in str(bad.exception())
    assert len(await storage.range(ITEMS, (1,))) == 20
    assert await storage.get(ITEMS, (9, 9)) is None


async def test_many_scans_at_once_do_not_disturb_each_other(storage):
    for start in range(0, 1000, 100):
        rows = [Item(1, n, "x" * 100) for n in range(start, start + 100)]
        await storage.commit("owner:1", [child.Put(ITEMS, row) for row in rows])

    async def all_rows() -> int:
        count, cursor = 0, None
        while True:
            page, cursor = await storage.scan(ITEMS, cursor, 90)
            count += len(page)
            if cursor is None:
                return count

    assert await asyncio.gather(*(all_rows() for _ in range(12))) == [1000] * 12
    assert await storage.scan(TIMERS) == ([], None)


async def test_a_conflict_is_told_to_its_caller_alone(storage):
    async def attempt(n: int) -> str:
        try:
            await storage._writer.run(lambda _: _raise(n))
        except Conflict as conflict:
            return conflict.code
        return "fine"

    answers = await asyncio.gather(*(attempt(n) for n in range(10)))

    assert answers == ["version_moved" if n % 2 else "fine" for n in range(10)]


def _raise(n: int) -> None:
    if n % 2:
        raise Conflict("version_moved")


@pytest.fixture
def held(house):
    """Holds one of the folder's locks as another process would; call the answer to let go."""
    handles = []

    def hold(name: str):
        handle = (house.folder / name).open("ab")
        handles.append(handle)
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle.close

    yield hold
    for handle in handles:
        handle.close()


async def test_a_writer_waits_its_turn_before_it_begins(storage, held):
    # Without the lock SQLite would sleep and try again: a second, where this takes milliseconds.
    let_go = held("write.lock")
    write = asyncio.create_task(storage.put(ITEMS, Item(1, 1)))
    await asyncio.sleep(0.05)
    assert not write.done()
    assert await storage.get(ITEMS, (1, 1)) is None, "readers do not wait"

    let_go()
    await write
    assert await storage.get(ITEMS, (1, 1)) == Item(1, 1)


async def test_one_process_at_a_time_prepares_the_files(house, held):
    let_go = held("open.lock")
    opening = asyncio.create_task(asyncio.to_thread(house.open))
    await asyncio.sleep(0.05)
    assert not opening.done()
    assert not (house.folder / "venire.db").exists()

    let_go()
    await (await opening).close()
