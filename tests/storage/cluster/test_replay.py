"""A journal of SQLite onto a cluster, a cluster's onto SQLite: the same rows, the same events."""

from __future__ import annotations

import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cluster.keyspace import open_again
from tests.conformance.engines import ENGINES
from tests.conformance.operations import Author, Player
from tests.conformance.tables import FEED, TABLES
from tests.storage.cluster.conftest import KEYSPACE
from venire.kernel.clock import ManualClock, SystemClock
from venire.kernel.ids import Ids
from venire.storage.engines.cql_replay import CqlReplay
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.engines.sqlite_replay import SqliteReplay
from venire.storage.migrations import SCHEMA_VERSION
from venire.storage.verbs import Table

pytestmark = [pytest.mark.anyio, pytest.mark.cluster, pytest.mark.timeout(180)]
FACTS = [table for table in TABLES if table is not FEED]


async def rows_of(storage, tables: list[Table]) -> dict[str, list[str]]:
    found = {}
    for table in tables:
        rows, cursor = await storage.scan(table, None, 10_000)
        while cursor is not None:
            more, cursor = await storage.scan(table, cursor, 10_000)
            rows += more
        found[table.name] = sorted(map(repr, rows))
    return found


async def events_of(storage) -> dict[str, list[tuple[int, str]]]:
    told: dict[str, list[tuple[int, str]]] = {}
    after = 0
    while page := await storage.tail(after, 200):
        for one in page:
            told.setdefault(one.aggregate, []).append((one.id, repr(one.event)))
        after = page[-1].sequence
    return told


async def played(tmp_path, seed: int) -> SqliteStorage:
    clock = ManualClock(SystemClock().now_ms())
    source = await ENGINES["sqlite"](tmp_path, clock, TABLES)
    source._writer._connection.execute("PRAGMA synchronous = OFF")
    await Player(source, clock).answers(Author(seed).operations(150))
    return source


@pytest.mark.parametrize("seed", [900, 901])
async def test_sqlite_to_a_cluster_in_any_portions(tmp_path, storage, seed):
    source = await played(tmp_path, seed)
    entries = await source.journal(0, 10_000)
    replay = CqlReplay(storage, SystemClock(), TABLES)
    for start in range(0, len(entries), 31):
        await replay.apply(entries[max(0, start - 5) : start + 31], SCHEMA_VERSION)
    assert await replay.apply(entries, SCHEMA_VERSION) == 0
    assert await replay.through() == entries[-1].sequence
    lasting = [table for table in FACTS if not table.expires]
    assert await rows_of(storage, lasting) == await rows_of(source, lasting)
    assert await events_of(storage) == await events_of(source)
    await source.close()


async def test_killed_in_the_middle_it_begins_at_its_cursor_again(tmp_path, storage):
    source = await played(tmp_path, 905)
    entries = await source.journal(0, 10_000)
    half = len(entries) // 2
    first = CqlReplay(storage, SystemClock(), TABLES)
    await first.apply(entries[:half], SCHEMA_VERSION)
    # Applied and not noted: as a kill between the two leaves it.
    await storage.advance("restored_through", entries[half // 2].sequence)
    again = await open_again(SystemClock(), TABLES, KEYSPACE, node=1)
    second = CqlReplay(again, SystemClock(), TABLES)
    await second.apply(entries, SCHEMA_VERSION)
    lasting = [table for table in FACTS if not table.expires]
    assert await rows_of(again, lasting) == await rows_of(source, lasting)
    await again.close()
    await source.close()


async def test_a_cluster_to_sqlite(tmp_path, storage):
    clock = SystemClock()
    source = await played(tmp_path, 907)
    await CqlReplay(storage, clock, TABLES).apply(await source.journal(0, 10_000), SCHEMA_VERSION)
    entries = await storage.journal(0, 10_000)
    places = [one.sequence for one in entries]
    assert places == sorted(set(places))
    replay = SqliteReplay(tmp_path / "back.db", TABLES)
    replay.apply(entries, SCHEMA_VERSION)
    replay.finish()
    (tmp_path / "back").mkdir()
    (tmp_path / "back.db").rename(tmp_path / "back" / "venire.db")
    back = SqliteStorage(tmp_path / "back", clock, Ids(clock), TABLES)
    lasting = [table for table in FACTS if not table.expires]
    assert await rows_of(back, lasting) == await rows_of(source, lasting)
    assert await events_of(back) == await events_of(source)
    await back.close()
    await source.close()
