"""What a real node says to our tables and statements, and how its schema is brought forward."""

from __future__ import annotations

import asyncio
import dataclasses

import msgspec
import pytest

from tests.cluster.keyspace import contact, empty, open_again
from tests.storage.house import FEED, ITEMS, PASSES, FeedItem, Item
from tests.storage.test_hot_queries import HOT
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Unavailable
from venire.storage.engines.cql_statements import create_table, guards, statements_for
from venire.storage.migrations import AddColumn, AddTable, DropTable, Migration
from venire.storage.tables.every import ALL
from venire.storage.verbs import Column, Put, Table

pytestmark = [pytest.mark.anyio, pytest.mark.cluster, pytest.mark.timeout(300)]

TABLES = (ITEMS, PASSES, FEED)


@pytest.fixture
async def driver():
    from venire.storage.engines.cql_driver import CqlDriver

    opened = await CqlDriver.connect(contact("none"))
    yield opened
    await opened.close()


@pytest.fixture
async def keyspace(driver):
    """A name of a keyspace that is not there, and will not be."""
    await driver.define("DROP KEYSPACE IF EXISTS schema_test")
    yield "schema_test"
    await driver.define("DROP KEYSPACE IF EXISTS schema_test")


def opened(keyspace, tables=TABLES, clock=None, **options):
    return open_again(clock or ManualClock(), tables, keyspace, **options)


@pytest.fixture(scope="module")
def every_table():
    """A keyspace with every table of the house; made once, since each takes a twentieth second."""

    async def make():
        await empty("every_table")
        engine = await open_again(ManualClock(), ALL, "every_table")
        await engine.close()

    asyncio.run(make())
    return "every_table"


async def test_every_declared_table_is_accepted(every_table, driver):
    rows = await driver.execute(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", (every_table,)
    )

    assert {table.name for table in ALL} <= {name for (name,) in rows}


@pytest.mark.parametrize("hot", HOT, ids=lambda hot: hot.name.split(",")[0])
async def test_a_hot_question_is_prepared_without_filtering(hot, every_table, driver):
    await driver.use(every_table)
    text = hot.rule()
    assert "FILTERING" not in text

    assert await driver.prepare(text)


async def test_a_question_that_filters_would_be_refused(every_table, driver):
    await driver.use(every_table)
    with pytest.raises(Unavailable) as refused:
        await driver.execute("SELECT id FROM posts WHERE author_id = 1")
    assert refused.value.code == "storage_refused"
    assert "author_id" not in str(refused.value)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
async def test_every_statement_of_every_declared_table_is_prepared(table, every_table, driver):
    await driver.use(every_table)
    statements = statements_for(table)
    texts = [statements.get, statements.scan]
    texts += (
        [statements.move, statements.settle, statements.take_over]
        if guards(table)
        else [statements.put, statements.delete]
    )
    partition, columns = len(table.partition), len(table.clustering)
    for reverse in (False, True):
        texts += [
            statements.range(partition + fixed, (">", above), below, reverse)
            for fixed in range(columns + 1)
            for above in range(min(2, columns - fixed + 1))
            for below in range(min(2, columns - fixed + 1))
        ]
        if columns > 1:
            texts += [
                statements.range(partition, (sign, count), other, reverse)
                for sign in (">", ">=")
                for count in (0, columns)
                for other in (0, columns)
            ]

    assert all(await asyncio.gather(*map(driver.prepare, texts)))


@pytest.mark.parametrize("hot", HOT, ids=lambda hot: hot.name.split(",")[0])
async def test_the_engine_answers_a_hot_question(hot, every_table):
    engine = await open_again(ManualClock(), ALL, every_table)
    try:
        await hot.ask(engine)
    finally:
        await engine.close()


class Wider(msgspec.Struct, frozen=True):
    """An item, a version later."""

    owner: int
    n: int
    text: str = ""
    colour: str = "none"
    weight: int | None = None


WIDER = dataclasses.replace(ITEMS, row=Wider)
OTHER = dataclasses.replace(ITEMS, name="others")
SECOND = Migration(
    2,
    "colours",
    (
        AddColumn("items", Column("colour", "text", optional=False), "grey"),
        AddColumn("items", Column("weight", "int", optional=True), None),
        AddTable(OTHER),
        DropTable("passes"),
    ),
)


async def test_a_migration_adds_columns_and_tables_and_takes_one_away(keyspace, driver):
    first = await opened(keyspace, migrations=())
    await first.put(ITEMS, Item(1, 1, "old"))
    await first.close()

    second = await opened(keyspace, (WIDER, OTHER, FEED), migrations=(SECOND,))
    await second.put(WIDER, Wider(1, 2, "new", "red", 5))
    await second.put(OTHER, Item(1, 1))
    found = await second.range(WIDER, (1,))
    await second.close()

    assert found == [Wider(1, 1, "old", "grey", None), Wider(1, 2, "new", "red", 5)]
    rows = await driver.execute(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", (keyspace,)
    )
    names = {name for (name,) in rows}
    assert "others" in names
    assert "passes" not in names


async def test_a_migration_that_was_cut_short_is_done_again(keyspace, driver):
    first = await opened(keyspace, migrations=())
    await first.close()
    await driver.define(f'ALTER TABLE {keyspace}."items" ADD "colour" text')
    await driver.define(create_table(OTHER).replace('"others"', f'{keyspace}."others"'))

    second = await opened(keyspace, (WIDER, OTHER, FEED), migrations=(SECOND,))
    await second.put(WIDER, Wider(1, 2, "new", "red", 5))
    await second.close()


async def test_data_of_a_later_version_is_refused(keyspace):
    await (await opened(keyspace, (WIDER, OTHER, FEED), migrations=(SECOND,))).close()

    with pytest.raises(Unavailable) as refused:
        await opened(keyspace, migrations=())
    assert refused.value.code == "data_is_newer"


@pytest.mark.parametrize(
    "other",
    [
        WIDER,
        dataclasses.replace(ITEMS, clustering=(), partition=("owner", "n")),
        dataclasses.replace(ITEMS, descending=True),
        dataclasses.replace(ITEMS, guarded=True),
        dataclasses.replace(ITEMS, expires=True),
    ],
)
async def test_a_table_changed_without_a_migration_is_refused(keyspace, other):
    await (await opened(keyspace)).close()

    with pytest.raises(Unavailable) as refused:
        await opened(keyspace, (other, PASSES, FEED))
    assert refused.value.code == "schema_differs"


class WiderFeedItem(msgspec.Struct, frozen=True):
    """A feed's row, a version later."""

    owner: int
    n: int
    why: str = ""


async def test_what_can_be_rebuilt_is_emptied_when_it_changes(keyspace):
    first = await opened(keyspace)
    await first.rebuild("feeds", 7, [Put(FEED, FeedItem(1, 1))])
    assert first.rebuilt_at_ms == 0
    await first.close()
    clock = ManualClock()
    clock.advance(1000)
    wider: Table[WiderFeedItem] = dataclasses.replace(FEED, row=WiderFeedItem)

    second = await opened(keyspace, (ITEMS, PASSES, wider), clock)

    assert await second.range(wider, (1,)) == []
    assert second.rebuilt_at_ms == clock.now_ms()
    assert await second.position("feeds") > 7
    await second.close()


async def test_two_processes_that_start_together_make_one_schema(keyspace):
    engines = await asyncio.gather(*(opened(keyspace, node=node) for node in (1, 2, 3)))

    await asyncio.gather(*(e.put(ITEMS, Item(n, 1)) for n, e in enumerate(engines)))
    assert len((await engines[0].scan(ITEMS))[0]) == 3
    await asyncio.gather(*(engine.close() for engine in engines))
