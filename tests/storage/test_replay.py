"""The journal alone says what the tables hold: replayed, it gives the same rows."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.conformance.conftest import each_engine
from tests.conformance.engines import ENGINES
from tests.conformance.model_engine import ModelStorage
from tests.conformance.operations import Author, Player
from tests.conformance.tables import FEED, TABLES
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.verbs import Delete, Put

BY_NAME = {table.name: table for table in TABLES}


def replayed(journal: list[bytes], clock: ManualClock) -> ModelStorage:
    """Apply what the journal says, in its order, to an empty house."""
    model = ModelStorage(clock, Ids(clock))
    for entry in journal:
        for name, verb, values, expires_at_ms in msgspec.msgpack.decode(entry):
            table = BY_NAME[name]
            if verb == "put":
                model.apply(Put(table, table.row(*values), expires_at_ms))
            else:
                # A delete names the key; the other columns may be anything.
                found = model.entries.get(name, {}).get(tuple(values))
                if found is not None:
                    model.apply(Delete(table, found.row))
    return model


async def journal_of(storage) -> list[bytes]:
    """Every entry of an engine's journal, in order."""
    if isinstance(storage, SqliteStorage):
        rows = storage._facts.execute("SELECT writes FROM outbox ORDER BY sequence").fetchall()
        return [writes for (writes,) in rows]
    # Out of the cluster's order, which is none: all partitions together, by their places.
    text = 'SELECT "sequence", "writes" FROM "outbox"'
    rows, state = await storage._driver.page(text, (), 1000)
    while state is not None:
        more, state = await storage._driver.page(text, (), 1000, state)
        rows += more
    return [writes for _, writes in sorted(rows)]


@pytest.mark.parametrize("name", each_engine(without=("model",)))
@pytest.mark.parametrize("seed", range(500, 525))
def test_the_journal_gives_the_same_rows(tmp_path, seed, name):
    async def play() -> None:
        clock = ManualClock()
        storage = await ENGINES[name](tmp_path, clock, TABLES)
        if isinstance(storage, SqliteStorage):
            storage._writer._connection.execute("PRAGMA synchronous = OFF")
        await Player(storage, clock).answers(Author(seed).operations(100))
        model = replayed(await journal_of(storage), clock)
        empty = 0
        for table in TABLES:
            if table is not FEED:
                held = (await storage.scan(table))[0]
                wanted = (await model.scan(table))[0]
                assert sorted(map(repr, held)) == sorted(map(repr, wanted)), table.name
                empty += not held
        assert empty < 4
        await storage.close()

    asyncio.run(play())


def test_rebuildable_rows_are_not_in_the_journal(tmp_path):
    async def play() -> None:
        clock = ManualClock()
        storage = await ENGINES["sqlite"](tmp_path, clock, TABLES)
        await storage.rebuild("feeds", 1, [Put(FEED, FEED.row(1, 2, 3))])
        assert storage._facts.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
        await storage.close()

    asyncio.run(play())
