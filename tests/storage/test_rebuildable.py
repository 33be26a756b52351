"""The second file, damaged or other than declared, is dropped and says since when it is whole."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from tests.storage.house import FEED, ITEMS, TABLES, FeedItem, Item
from venire.events import CaseChanged
from venire.kernel.errors import Unavailable
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio

HOUR = 3_600_000


async def lived_in(house, events: int = 3) -> int:
    """A site with some history; return the last place in its journal."""
    storage = house.open()
    for n in range(events):
        await storage.commit("owner:1", [Put(ITEMS, Item(1, n))], [CaseChanged(n)])
    told = await storage.tail(0)
    last = told[-1].sequence if told else 0
    rows = [Put(FEED, FeedItem(owner, n)) for owner in range(100) for n in range(50)]
    await storage.rebuild("feeds", last, rows)
    await storage.close()
    return last


def damage_page(path) -> None:
    # Page 3 and on hold rows: the header stays good, only a check of the pages can tell.
    content = bytearray(path.read_bytes())
    assert len(content) > 8192 * 4
    for start in range(8192 * 2, len(content), 8192):
        content[start : start + 64] = b"\xa5" * 64
    path.write_bytes(content)


def damage_header(path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def damage_schema(path) -> None:
    content = bytearray(path.read_bytes())
    content[100:8192] = b"\xff" * (8192 - 100)
    path.write_bytes(content)


def cut_short(path) -> None:
    path.write_bytes(path.read_bytes()[: 8192 * 3 + 17])


def empty(path) -> None:
    path.write_bytes(b"")


def remove(path) -> None:
    path.unlink()


DAMAGES = [damage_page, damage_header, damage_schema, cut_short, empty, remove]


async def test_a_new_site_is_whole_since_ever(house):
    storage = house.open()
    assert storage.rebuilt_at_ms == 0
    assert await storage.position("feeds") == 0
    await storage.close()

    house.clock.advance(HOUR)
    again = house.open()
    assert again.rebuilt_at_ms == 0
    await again.close()


async def test_a_sound_file_is_kept(house):
    last = await lived_in(house)
    house.clock.advance(HOUR)

    storage = house.open()

    assert storage.rebuilt_at_ms == 0
    assert await storage.position("feeds") == last
    assert len(await storage.range(FEED, (1,), limit=100)) == 50
    await storage.close()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_a_damaged_file_is_dropped_and_whole_from_now_on(house, damage):
    last = await lived_in(house)
    house.clock.advance(HOUR)
    damage(house.folder / "rebuildable.db")

    storage = house.open()

    assert storage.rebuilt_at_ms == house.clock.now_ms()
    assert await storage.position("feeds") == last, "what was before is read from its source"
    assert await storage.range(FEED, (1,)) == []
    assert len(await storage.range(ITEMS, (1,))) == 3
    assert len(await storage.tail(0)) == 3
    await storage.rebuild("feeds", last + 1, [Put(FEED, FeedItem(1, 1))])
    await storage.close()

    since = house.clock.now_ms()
    house.clock.advance(HOUR)
    again = house.open()
    assert again.rebuilt_at_ms == since
    assert await again.range(FEED, (1,)) == [FeedItem(1, 1)]
    await again.close()


async def test_a_dropped_file_goes_on_at_the_end_of_a_pruned_journal(house):
    last = await lived_in(house)
    storage = house.open()
    house.clock.advance(HOUR)
    assert await storage.prune(house.clock.now_ms()) == 3
    await storage.close()
    damage_header(house.folder / "rebuildable.db")

    again = house.open()

    assert await again.position("feeds") == last
    assert again.rebuilt_at_ms == house.clock.now_ms()
    await again.close()


class FeedItemWithMore(msgspec.Struct, frozen=True):
    owner: int
    n: int
    reason: str


@pytest.mark.parametrize(
    "declared",
    [
        dataclasses.replace(FEED, row=FeedItemWithMore),
        dataclasses.replace(FEED, partition=("n",), clustering=("owner",)),
        dataclasses.replace(FEED, expires=False),
        dataclasses.replace(FEED, name="other_feed"),
    ],
    ids=["column", "key", "expiry", "name"],
)
async def test_a_change_of_a_rebuildable_table_needs_no_migration(house, declared):
    await lived_in(house)
    house.clock.advance(HOUR)

    storage = house.open([*(table for table in TABLES if table is not FEED), declared])

    assert storage.rebuilt_at_ms == house.clock.now_ms()
    assert (await storage.scan(declared)) == ([], None)
    assert len(await storage.range(ITEMS, (1,))) == 3
    await storage.close()


async def test_a_subscriber_keeps_its_place_when_the_second_file_is_dropped(house):
    await lived_in(house)
    storage = house.open()
    await storage.advance("ear", 2)
    await storage.close()
    damage_header(house.folder / "rebuildable.db")

    again = house.open()
    assert await again.position("ear") == 2
    await again.close()


@pytest.mark.parametrize("damage", [damage_header, damage_schema])
async def test_a_damaged_file_of_record_is_never_dropped(house, damage):
    await lived_in(house)
    path = house.folder / "venire.db"
    damage(path)
    content = path.read_bytes()

    with pytest.raises(Unavailable) as refused:
        house.open()

    assert refused.value.code == "data_damaged"
    assert path.read_bytes() == content


async def test_lapsed_rows_are_swept_from_both_files(house, storage):
    from tests.storage.house import PASSES, Pass

    now_ms = house.clock.now_ms()
    for n in range(5):
        await storage.put(PASSES, Pass(f"p{n}", 1), expires_at_ms=now_ms + n)
    await storage.put(PASSES, Pass("stays", 1))
    feed = [Put(FEED, FeedItem(1, n), now_ms + n) for n in range(5)]
    await storage.rebuild("feeds", 1, [*feed, Put(FEED, FeedItem(1, 9))])
    house.clock.advance(2)

    assert await storage.sweep(limit=2) == 4
    assert await storage.sweep(limit=2) == 2
    assert await storage.sweep() == 0

    def left(connection, table: str) -> int:
        counted = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - two names
        return int(counted.fetchone()[0])

    assert left(storage._facts, "passes") == 3
    assert left(storage._feeds, "feed_items") == 3
    assert len(await storage.range(FEED, (1,))) == 3
