"""A disk that refuses: the caller hears `unavailable`, nothing acknowledged is lost, it goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.storage import child
from tests.storage.house import ITEMS, Item
from venire.kernel.errors import Unavailable

pytestmark = pytest.mark.anyio


async def fill(storage, first: int = 0) -> int:
    """Write until refused; return the first number that was."""
    for n in range(first, first + 10_000):
        [answer] = await asyncio.gather(
            storage.put(ITEMS, Item(1, n, "x" * 2000)), return_exceptions=True
        )
        if answer is not None:
            assert isinstance(answer, Unavailable)
            assert answer.code == "storage_full_or_failing"
            return n
    pytest.fail("the disk was never full")


async def test_a_full_disk_is_unavailable_and_loses_nothing(house):
    storage = house.open()
    connection = storage._writer._connection
    pages = connection.pragma("page_count")
    connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    refused = await fill(storage)
    assert refused > 5
    assert [row.n for row in await storage.range(ITEMS, (1,), limit=10_000)] == [*range(refused)]
    assert await storage.get(ITEMS, (1, refused)) is None

    connection.execute("PRAGMA max_page_count = 1000000")
    await storage.put(ITEMS, Item(1, refused, "room again"))
    await storage.close()
    again = house.open()
    assert len(await again.range(ITEMS, (1,), limit=10_000)) == refused + 1
    assert again._facts.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    await again.close()


async def test_in_a_group_that_does_not_fit_every_caller_hears_the_truth(house):
    storage = house.open()
    connection = storage._writer._connection
    connection.execute(f"PRAGMA max_page_count = {connection.pragma('page_count') + 20}")

    answers = await asyncio.gather(
        *(storage.put(ITEMS, Item(1, n, "x" * 2000)) for n in range(200)), return_exceptions=True
    )

    written = {row.n for row in await storage.range(ITEMS, (1,), limit=1000)}
    assert 0 < len(written) < 200
    for n, answer in enumerate(answers):
        assert (answer is None) == (n in written)
        assert answer is None or isinstance(answer, Unavailable)
    await storage.close()


async def test_a_file_that_may_not_be_written_is_unavailable(storage):
    await storage.put(ITEMS, Item(1, 1))
    storage._writer._connection.execute("PRAGMA query_only = 1")

    with pytest.raises(Unavailable) as unavailable:
        await storage.put(ITEMS, Item(1, 2))

    assert unavailable.value.code == "storage_full_or_failing"
    assert await storage.range(ITEMS, (1,)) == [Item(1, 1)]


async def test_a_file_that_a_stranger_holds_is_unavailable(house, storage):
    import apsw

    stranger = apsw.Connection(str(house.folder / "venire.db"))
    stranger.execute("BEGIN IMMEDIATE")
    storage._writer._connection.execute("PRAGMA busy_timeout = 20")
    with pytest.raises(Unavailable) as unavailable:
        await storage.put(ITEMS, Item(1, 1))
    stranger.execute("ROLLBACK")
    stranger.close()

    assert unavailable.value.code == "storage_busy"
    await storage.put(ITEMS, Item(1, 1))


async def test_a_process_that_meets_a_limit_of_the_system_goes_on_when_there_is_room(house):
    process = child.start("cramped", house.folder)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    lines = said.splitlines()
    acknowledged = {int(line) for line in lines if line.isdigit()}
    refused = [line for line in lines if not line.isdigit()]

    assert refused == ["refused storage_full_or_failing"] * 5
    assert len(acknowledged) > 20
    assert lines[-1].isdigit(), "there was room again"
    storage = house.open()
    rows = await storage.range(ITEMS, (child.FACT,), below=(child.SHADOW,), limit=10**5)
    assert {row.n for row in rows} == acknowledged
    assert {e.event.case_id for e in await storage.tail(0, 10**5)} == acknowledged
    assert storage._facts.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    await storage.close()
