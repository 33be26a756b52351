"""Rows once read are kept until someone writes them: this storage, or another of the folder."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.house import FEED, ITEMS, PASSES, TABLES, FeedItem, House, Item, Pass
from venire.events import CaseChanged
from venire.kernel.errors import Conflict
from venire.storage.engines import sqlite_cache
from venire.storage.memory import Decoded, Memory
from venire.storage.tables.lists import LISTS, ListRow
from venire.storage.verbs import Delete, Put

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pair(house):
    """Two storages on one folder, as two processes of a site have them."""
    one, two = house.open(node=0), house.open(node=1)
    yield one, two
    await two.close()
    await one.close()


async def next_turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_what_is_read_again_is_the_same_object_until_it_is_written(pair):
    one, two = pair
    await one.put(ITEMS, Item(1, 1, "a"))
    kept = await one.get(ITEMS, (1, 1))
    assert await one.get(ITEMS, (1, 1)) is kept
    await two.put(ITEMS, Item(2, 2))
    await next_turn()
    assert await one.get(ITEMS, (1, 1)) is kept
    await two.put(ITEMS, Item(1, 1, "b"))
    await next_turn()
    assert (await one.get(ITEMS, (1, 1))).text == "b"


async def test_that_there_is_no_row_is_kept_until_there_is_one(pair):
    one, two = pair
    assert await one.get(ITEMS, (1, 1)) is None
    reads: list[str] = []
    one._facts.exec_trace = lambda _, sql, __: reads.append(sql) is None
    assert await one.get(ITEMS, (1, 1)) is None
    assert await one.get_many(ITEMS, [(1, 1), (1, 1)]) == [None, None]
    one._facts.exec_trace = None
    assert not [sql for sql in reads if "items" in sql]
    assert await two.put_if_absent(ITEMS, Item(1, 1, "x")) is None
    await next_turn()
    assert (await one.get(ITEMS, (1, 1))).text == "x"
    await two.delete(ITEMS, Item(1, 1))
    await next_turn()
    assert await one.get(ITEMS, (1, 1)) is None
    assert await one.get_many(ITEMS, [(1, 1), (1, 2), (1, 3)]) == [None] * 3


async def test_a_row_that_lapses_is_never_kept(pair, house):
    one, _ = pair
    await one.put(PASSES, Pass("t", 1), expires_at_ms=house.clock.now_ms() + 10)
    assert await one.get(PASSES, ("t",)) is not None
    house.clock.advance(10)
    assert await one.get(PASSES, ("t",)) is None
    assert await one.get_many(PASSES, [("t",)]) == [None]


def write_beside(house, *rows, events=()) -> None:
    """Another process commits within this turn of the loop."""

    async def write() -> None:
        other = house.open(node=2)
        await other.commit("owner:1", [Put(ITEMS, row) for row in rows], events)
        await other.close()

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    thread.join()


async def test_whoever_reads_a_list_does_not_read_older_rows_after_it(pair, house):
    """Within one turn of the loop too: the list shows what the row would deny."""
    one, _ = pair
    await one.put(ITEMS, Item(1, 1, "a"))
    assert (await one.get(ITEMS, (1, 1))).text == "a"
    write_beside(house, Item(1, 1, "b"), Item(1, 2, "b"))
    rows = await one.range(ITEMS, (1,))
    assert [row.text for row in rows] == ["b", "b"]
    assert (await one.get(ITEMS, (1, 1))).text == "b"


async def test_whoever_is_told_of_a_commit_reads_what_it_wrote(pair, house):
    one, _ = pair
    assert await one.get(ITEMS, (1, 1)) is None
    write_beside(house, Item(1, 1, "b"), events=[CaseChanged(1)])
    (told,) = await one.tail(0)
    assert told.event == CaseChanged(1)
    assert (await one.get(ITEMS, (1, 1))).text == "b"


async def test_far_behind_everything_is_forgotten_and_nothing_old_is_read(pair, monkeypatch):
    monkeypatch.setattr(sqlite_cache, "_BEHIND_MOST", 50)
    one, two = pair
    await one.put(ITEMS, Item(1, 1, "a"))
    await one.get(ITEMS, (1, 1))
    before = one.stamp(ITEMS, (1,))
    for n in range(120):
        await two.put(ITEMS, Item(2, n))
    await two.put(ITEMS, Item(1, 1, "b"))
    await next_turn()
    assert (await one.get(ITEMS, (1, 1))).text == "b"
    assert one.stamp(ITEMS, (1,)) is not before
    await two.put(ITEMS, Item(1, 1, "c"))
    await next_turn()
    assert (await one.get(ITEMS, (1, 1))).text == "c"


async def cut(storage, house) -> None:
    await storage.rebuild("feeds", 1_000_000, [])
    house.clock.advance(1_000)
    assert await storage.prune(house.clock.now_ms())


async def test_a_journal_that_was_cut_before_it_was_read_makes_everything_forgotten(pair, house):
    """One process sleeps for a week, the other's housekeeping cuts what it has not read."""
    one, two = pair
    await one.put(ITEMS, Item(1, 1, "a"))
    await one.get(ITEMS, (1, 1))
    stamp = one.stamp(ITEMS, (1,))
    await two.put(ITEMS, Item(1, 1, "b"))
    await cut(two, house)
    await next_turn()
    assert (await one.get(ITEMS, (1, 1))).text == "b"
    assert one.stamp(ITEMS, (1,)) is not stamp
    await two.put(ITEMS, Item(1, 1, "c"))
    await cut(two, house)
    await two.put(ITEMS, Item(1, 2, "d"))
    await next_turn()
    assert (await one.get(ITEMS, (1, 1))).text == "c"


async def test_a_stamp_moves_with_its_partition_and_with_no_other(pair):
    one, two = pair
    stamps = {owner: one.stamp(ITEMS, (owner,)) for owner in (1, 2)}
    assert one.stamp(ITEMS, (1,)) is stamps[1]
    for writer in (one, two):
        for write in (Put(ITEMS, Item(1, 1)), Delete(ITEMS, Item(1, 1))):
            await writer.commit("owner:1", [write])
            await next_turn()
            moved = one.stamp(ITEMS, (1,))
            assert moved is not stamps[1]
            assert one.stamp(ITEMS, (2,)) is stamps[2]
            stamps[1] = moved


async def test_stamps_of_rebuildable_tables_move_with_either_writer(pair):
    one, two = pair
    stamp = one.stamp(FEED, (1,))
    await two.rebuild("feeds", 1, [Put(FEED, FeedItem(1, 1))])
    await next_turn()
    moved = one.stamp(FEED, (1,))
    assert moved is not stamp
    other = one.stamp(FEED, (2,))
    await one.rebuild("feeds", 2, [Put(FEED, FeedItem(1, 2))])
    assert one.stamp(FEED, (1,)) is not moved
    # Whoever leads knows what it wrote, and so forgets no more than that.
    assert one.stamp(FEED, (2,)) is other


async def test_what_one_wrote_itself_needs_no_reading(pair):
    one, _ = pair
    await one.get(ITEMS, (1, 1))
    row = Item(1, 1, "mine")
    await one.put(ITEMS, row)
    assert await one.get(ITEMS, (1, 1)) is row
    await one.delete(ITEMS, row)
    assert await one.get(ITEMS, (1, 1)) is None


async def test_writes_that_overtake_each_other_leave_what_is_in_the_file(pair):
    one, two = pair
    for turn in range(60):
        await asyncio.gather(one.get(ITEMS, (1, 1)), two.get(ITEMS, (1, 1)))
        texts = [f"{turn}-{number}" for number in range(6)]
        await asyncio.gather(
            *(
                (one, two)[number % 2].put(ITEMS, Item(1, 1, text))
                for number, text in enumerate(texts)
            )
        )
        await next_turn()
        (there,) = await one.range(ITEMS, (1,))
        assert there.text in texts
        assert await one.get(ITEMS, (1, 1)) == await two.get(ITEMS, (1, 1)) == there


async def test_a_refused_write_changes_nothing_that_is_kept(pair):
    one, _ = pair
    await one.put(ITEMS, Item(1, 1, "a"))
    kept = await one.get(ITEMS, (1, 1))
    assert not await one.compare_and_set(ITEMS, Item(1, 1, "other"), Item(1, 1, "b"))
    assert await one.get(ITEMS, (1, 1)) == kept
    assert await one.put_if_absent(ITEMS, Item(1, 1, "b")) == kept
    assert await one.get(ITEMS, (1, 1)) == kept


async def test_whoever_lost_a_race_reads_the_winners_row_at_the_next_try(house):
    """Every `expect` is a loop of load and commit: on a stale row it would never end."""
    one, two = house.open((*TABLES, LISTS), node=0), house.open((*TABLES, LISTS), node=1)

    async def add(storage, times: int) -> int:
        tries = 0
        for _ in range(times):
            while True:
                tries += 1
                row = await storage.get(LISTS, (1, 7))
                version = 0 if row is None else row.version
                new = ListRow(1, 7, version + 1, "", "", exclusive=False, size=0)
                try:
                    await storage.commit(LISTS.aggregate_of(new), [Put(LISTS, new)], expect=version)
                except Conflict:
                    continue
                break
        return tries

    async with asyncio.timeout(20):
        tries = await asyncio.gather(*(add(storage, 10) for storage in (one, two) for _ in (1, 2)))
    assert (await one.get(LISTS, (1, 7))).version == 40
    # A loser tries again once for each that won meanwhile, and no more.
    assert sum(tries) <= 40 * 4
    await two.close()
    await one.close()


async def test_a_memory_lasts_as_long_as_its_sources(pair):
    one, two = pair
    memory: Memory[int] = Memory(3)
    worked: list[int] = []

    async def recall(storage, owner: int) -> int:
        async def work_out() -> int:
            worked.append(owner)
            return len(await storage.range(ITEMS, (owner,)))

        return await memory.recall(storage, owner, [(ITEMS, (owner,))], work_out)

    assert [await recall(one, 1), await recall(one, 1)] == [0, 0]
    assert worked == [1]
    await two.put(ITEMS, Item(1, 1))
    await next_turn()
    assert await recall(one, 1) == 1
    assert await recall(two, 1) == 1
    assert worked == [1, 1, 1]
    for owner in range(2, 9):
        await recall(one, owner)
    assert len(memory._kept[one]) <= 3


async def test_a_write_while_a_value_is_worked_out_makes_it_short_lived(pair):
    one, two = pair
    memory: Memory[int] = Memory()

    async def work_out() -> int:
        found = len(await one.range(ITEMS, (1,)))
        await two.put(ITEMS, Item(1, 1))
        return found

    assert await memory.recall(one, 1, [(ITEMS, (1,))], work_out) == 0
    await next_turn()
    again = await memory.recall(one, 1, [(ITEMS, (1,))], lambda: counted(one))
    assert again == 1


async def counted(storage) -> int:
    return len(await storage.range(ITEMS, (1,)))


def test_what_rows_say_is_decoded_once_for_each_row_object():
    decoded: list[Item] = []
    values = Decoded(lambda row: decoded.append(row) or row.text, most=2)
    row, equal = Item(1, 1, "a"), Item(1, 1, "a")
    assert [values.of(1, row), values.of(1, row), values.of(1, equal)] == ["a"] * 3
    assert len(decoded) == 2
    for n in range(5):
        values.of(n, row)
    assert len(values._kept) <= 2


# Any interleaving of two writers and two readers.

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "absent", "swap", "commit"]),
        st.integers(0, 1),
        st.integers(1, 2),
        st.integers(1, 3),
        st.sampled_from(["get", "many", "range", "stamp", "nothing"]),
    ),
    max_size=40,
)


class Watched:
    """Two storages, what is true, and for each the values that it remembers under stamps."""

    def __init__(self, house: House) -> None:
        self.storages = [house.open(node=0), house.open(node=1)]
        self.truth: dict[tuple[int, int], Item] = {}
        self.stamps: list[dict[int, tuple[object, list[Item]]]] = [{}, {}]
        self.count = 0

    async def write(self, verb: str, who: int, owner: int, n: int) -> None:
        self.count += 1
        storage, key, row = self.storages[who], (owner, n), Item(owner, n, str(self.count))
        old = self.truth.get(key)
        if verb == "put":
            await storage.put(ITEMS, row)
            self.truth[key] = row
        elif verb == "delete":
            await storage.delete(ITEMS, row)
            self.truth.pop(key, None)
        elif verb == "absent":
            assert await storage.put_if_absent(ITEMS, row) == old
            self.truth.setdefault(key, row)
        elif verb == "swap":
            swapped = await storage.compare_and_set(ITEMS, old or row, row)
            assert swapped is (old is not None)
            if swapped:
                self.truth[key] = row
        else:
            rows = [Item(owner, one, str(self.count)) for one in (1, 2, 3)]
            await storage.commit(f"owner:{owner}", [Put(ITEMS, one) for one in rows])
            self.truth |= {(owner, one.n): one for one in rows}

    async def read(self, how: str, who: int, owner: int, n: int) -> None:
        storage = self.storages[who]
        rows = [self.truth[key] for key in sorted(self.truth) if key[0] == owner]
        if how == "get":
            assert await storage.get(ITEMS, (owner, n)) == self.truth.get((owner, n))
        elif how == "many":
            keys = [(o, one) for o in (1, 2) for one in (1, 2, 3)]
            assert await storage.get_many(ITEMS, keys) == [self.truth.get(key) for key in keys]
        elif how == "range":
            assert await storage.range(ITEMS, (owner,)) == rows
        elif how == "stamp":
            stamp = storage.stamp(ITEMS, (owner,))
            kept = self.stamps[who].get(owner)
            if kept is not None and kept[0] is stamp:
                assert kept[1] == rows, "a value was kept that is not true any more"
            self.stamps[who][owner] = (stamp, rows)


@settings(max_examples=40, deadline=None)
@given(_STEPS, st.integers(3, 8))
def test_an_acknowledged_write_is_read_by_whoever_reads_later(steps, behind_most):
    async def run(folder: Path) -> None:
        watched = Watched(House(folder))
        for verb, who, owner, n, how in steps:
            # Both have read before, so both keep something that may become untrue.
            await watched.read("many", 0, owner, n)
            await watched.read("many", 1, owner, n)
            await watched.write(verb, who, owner, n)
            if watched.count % behind_most:
                # Now and then nobody looks for a while, and the journal runs ahead.
                for reader in (1 - who, who):
                    await next_turn()
                    await watched.read(how, reader, owner, n)
        for reader in (0, 1):
            await next_turn()
            for owner in (1, 2):
                await watched.read("range", reader, owner, 1)
                await watched.read("many", reader, owner, 1)
        for storage in watched.storages:
            await storage.close()

    kept, sqlite_cache._BEHIND_MOST = sqlite_cache._BEHIND_MOST, 4
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(run(Path(folder)))
    finally:
        sqlite_cache._BEHIND_MOST = kept
