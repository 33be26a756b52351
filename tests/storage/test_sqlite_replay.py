"""Entries of the journal give the same rows on another file, in any portions, again and again."""

from __future__ import annotations

import asyncio

import apsw
import msgspec
import pytest

from tests.conformance.engines import ENGINES
from tests.conformance.operations import Author, Player
from tests.conformance.tables import FEED, TABLES
from tests.storage.house import ITEMS, House, Item
from tests.storage.house import TABLES as SMALL
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Unavailable
from venire.storage.engines.sqlite_replay import SqliteReplay
from venire.storage.engines.sqlite_upkeep import faults_of
from venire.storage.journal import JournalEntry
from venire.storage.migrations import AddColumn, AddTable, DropTable, Migration
from venire.storage.tables.outbox import TIMERS
from venire.storage.verbs import Column, Table


def journal_of(storage) -> list[JournalEntry]:
    sql = "SELECT sequence, at_ms, aggregate, events, writes FROM outbox ORDER BY sequence"
    return [JournalEntry(*row) for row in storage._facts.execute(sql).fetchall()]


def dump(file, tables) -> dict[str, list[tuple]]:
    connection = apsw.Connection(str(file))
    names = [*(table.name for table in tables if not table.rebuildable), "outbox"]
    rows = {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608
        for name in names
    }
    connection.close()
    return rows


@pytest.mark.parametrize("seed", range(700, 712))
def test_any_portions_of_the_journal_give_the_same_rows_and_the_same_outbox(tmp_path, seed):
    async def play() -> None:
        clock = ManualClock()
        storage = await ENGINES["sqlite"](tmp_path, clock, TABLES)
        storage._writer._connection.execute("PRAGMA synchronous = OFF")
        await Player(storage, clock).answers(Author(seed).operations(120))
        entries = journal_of(storage)
        target = tmp_path / "target.db"
        replay = SqliteReplay(target, TABLES)
        at = 0
        while at < len(entries):
            size = 1 + (seed * 7 + at) % 23
            # Each portion begins a little before the end of the last one.
            replay.apply(entries[max(0, at - 3) : at + size], 1)
            at += size
        assert replay.apply(entries, 1) == 0
        replay.finish()
        await storage.close()
        (source,) = tmp_path.rglob("venire.db")
        facts = [table for table in TABLES if table is not FEED]
        assert dump(target, facts) == dump(source, facts)
        assert faults_of(target) == []

    asyncio.run(play())


def entry(sequence: int, *writes: tuple) -> JournalEntry:
    return JournalEntry(sequence, 1_000 + sequence, "owner:1", None, msgspec.msgpack.encode(writes))


def test_a_failed_portion_leaves_nothing_and_can_be_repeated(tmp_path):
    replay = SqliteReplay(tmp_path / "a.db", SMALL, migrations=())
    good = entry(1, ("items", "put", (1, 1, "a"), None))
    bad = entry(2, ("no_such_table", "put", (1,), None))
    with pytest.raises(Unavailable) as refused:
        replay.apply([good, bad], 1)
    assert refused.value.code == "entry_unreadable"
    assert replay.through == 0
    assert replay.apply([good], 1) == 1
    assert replay.through == 1
    replay.close()


class Wider(msgspec.Struct, frozen=True):
    """An item with two columns more, one of them in the middle."""

    owner: int
    n: int
    colour: str = ""
    text: str = ""
    seen: bool = False


WIDER = Table(
    name="items",
    row=Wider,
    question="What has this owner?",
    partition=("owner",),
    clustering=("n",),
    aggregate="owner:{owner}",
    retention="none",
)
STEPS = (
    Migration(
        2, "colours", (AddColumn("items", Column("colour", "text", optional=False), "grey"),)
    ),
    Migration(
        3,
        "seen",
        (
            AddColumn("items", Column("seen", "bool", optional=False), default=False),
            DropTable("gone"),
            AddTable(TIMERS),
        ),
    ),
)


def test_entries_of_older_versions_get_the_defaults_of_the_columns_that_came_later(tmp_path):
    replay = SqliteReplay(tmp_path / "a.db", (WIDER, TIMERS), migrations=STEPS)
    replay.apply([entry(1, ("items", "put", (1, 1, "one"), None))], 1)
    replay.apply([entry(2, ("items", "put", (1, 2, "red", "two"), None))], 2)
    replay.apply([entry(3, ("items", "put", (1, 3, "blue", "three", True), None))], 3)
    replay.apply([entry(4, ("gone", "put", (9,), None), ("gone", "delete", (9,), None))], 2)
    rows = replay.connection.execute("SELECT n, colour, text, seen FROM items").fetchall()
    assert rows == [(1, "grey", "one", 0), (2, "red", "two", 0), (3, "blue", "three", 1)]
    replay.close()


def test_entries_of_a_later_version_are_refused(tmp_path):
    replay = SqliteReplay(tmp_path / "a.db", SMALL, migrations=())
    with pytest.raises(Unavailable) as refused:
        replay.apply([entry(1, ("items", "put", (1, 1, "a"), None))], 2)
    assert refused.value.code == "data_is_newer"
    replay.close()


def test_a_row_of_a_width_that_no_version_had_is_refused(tmp_path):
    replay = SqliteReplay(tmp_path / "a.db", (WIDER,), migrations=STEPS[:1])
    with pytest.raises(Unavailable) as refused:
        replay.apply([entry(1, ("items", "put", (1,), None))], 1)
    assert refused.value.code == "row_unreadable"
    replay.close()


def test_a_site_goes_on_from_what_was_replayed(tmp_path):
    replay = SqliteReplay(tmp_path / "venire.db", SMALL, migrations=())
    replay.apply([entry(41, ("items", "put", (1, 1, "a"), None))], 1)
    replay.finish()

    async def go_on() -> None:
        storage = House(tmp_path).open(SMALL, ())
        assert await storage.get(ITEMS, (1, 1)) == Item(1, 1, "a")
        await storage.put(ITEMS, Item(1, 2, "b"))
        assert [one.sequence for one in journal_of(storage)] == [41, 42]
        await storage.close()

    asyncio.run(go_on())
