"""Rows brought to a keyspace that is not served: all of them, once, and movable from then on."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cluster.keyspace import contact, open_again
from tests.conformance.tables import HEADS, NOTES, SESSIONS, TABLES, Head, Note, Session
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Conflict
from venire.storage.engines import cql_filling
from venire.storage.engines.cql_driver import CqlDriver
from venire.storage.engines.cql_statements import guards
from venire.storage.verbs import Put

pytestmark = [pytest.mark.anyio, pytest.mark.cluster, pytest.mark.timeout(180)]
SOURCE = 17
OWNERS = range(1, 40)
CLOCK = SystemClock()


@pytest.fixture
async def keyspace():
    """A name of a keyspace that is not there, and will not be."""
    driver = await CqlDriver.connect(contact("none"))
    await driver.define("DROP KEYSPACE IF EXISTS filling_test")
    yield "filling_test"
    await driver.define("DROP KEYSPACE IF EXISTS filling_test")
    await driver.close()


def notes() -> list[Note]:
    """Full, empty, and every other shape between; one larger than a batch."""
    whole = {"no_body": "b", "no_data": b"d", "no_flag": True, "no_ratio": 1.5, "no_number": -7}
    rows = [Note(0, "x" * 40_000), Note(1)]
    for number in range(2, 2 + 64):
        given = {name: value for at, (name, value) in enumerate(whole.items()) if number >> at & 1}
        rows.append(Note(number, f"note {number}", b"\x00", ratio=float(number), **given))
    return rows


def rows_of() -> dict[str, list[tuple[tuple, int | None]]]:
    """By table: rows as SQLite gives them, with 0 and 1 for a boolean."""
    soon, past = CLOCK.now_ms() + 3_600_000, CLOCK.now_ms() - 1
    plain = [msgspec.structs.astuple(note) for note in notes()]
    return {
        NOTES.name: [
            (tuple(int(one) if isinstance(one, bool) else one for one in row), None)
            for row in plain
        ],
        HEADS.name: [((owner, owner + 5, f"head {owner}"), None) for owner in OWNERS],
        SESSIONS.name: [
            ((1, b"stays", "read"), None),
            ((1, b"lapses", "read"), soon),
            ((1, b"lapsed", "read"), past),
        ],
    }


async def fill(keyspace: str, source: int = SOURCE, rows=None) -> int:
    found = rows_of() if rows is None else rows

    async def pages(table):
        there = found.get(table.name, [])
        for start in range(0, max(1, len(there)), 7):
            yield there[start : start + 7]

    return await cql_filling.fill_keyspace(
        contact(keyspace),
        TABLES,
        pages,
        source,
        clock=CLOCK,
        chance=SystemChance(),
        told=lambda _sent: None,
    )


async def opened(keyspace: str):
    return await open_again(SystemClock(), TABLES, keyspace)


async def test_every_row_is_there_as_it_was_and_no_lapsed_one(keyspace):
    assert guards(HEADS)
    assert await fill(keyspace) == 66 + 39 + 2
    storage = await opened(keyspace)
    found, cursor = await storage.scan(NOTES, None, 1_000)
    assert cursor is None
    assert sorted(found, key=lambda note: note.id) == notes()
    heads, _ = await storage.scan(HEADS, None, 1_000)
    assert {head.owner: head.version for head in heads} == {one: one + 5 for one in OWNERS}
    sessions = await storage.range(SESSIONS, (1,), limit=10)
    assert {one.token for one in sessions} == {b"stays", b"lapses"}
    await storage.close()


async def test_tables_that_were_made_ahead_are_filled(keyspace):
    for _ in range(2):
        await cql_filling.prepare_keyspace(
            contact(keyspace), TABLES, clock=CLOCK, chance=SystemChance(), make=True
        )
    assert await fill(keyspace) == 66 + 39 + 2


async def test_a_row_that_was_brought_is_moved_as_any_other(keyspace):
    await fill(keyspace)
    storage = await opened(keyspace)

    async def climb(owner: int) -> None:
        for version in range(owner + 5, owner + 8):
            moved = Put(HEADS, Head(owner, version + 1, "moved"))
            await storage.commit(HEADS.aggregate_of(moved.row), [moved], expect=version)

    await asyncio.gather(*map(climb, OWNERS))
    for owner in OWNERS:
        assert await storage.get(HEADS, (owner,)) == Head(owner, owner + 8, "moved")
        late = Put(HEADS, Head(owner, owner + 6))
        with pytest.raises(Conflict):
            await storage.commit(HEADS.aggregate_of(late.row), [late], expect=owner + 5)
    await storage.put(NOTES, Note(3, "later"))
    await storage.put(SESSIONS, Session(1, b"stays", "write"))
    assert await storage.get(NOTES, (3,)) == Note(3, "later")
    assert await storage.get(SESSIONS, (1, b"stays")) == Session(1, b"stays", "write")
    await storage.close()


async def test_broken_off_it_goes_on_with_the_same_rows_and_with_no_others(keyspace):
    rows = rows_of()
    half = {name: there[: len(there) // 2] for name, there in rows.items()}

    async def cut(table):
        yield half.get(table.name, [])
        if table is HEADS:
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await cql_filling.fill_keyspace(
            contact(keyspace),
            TABLES,
            cut,
            SOURCE,
            clock=CLOCK,
            chance=SystemChance(),
            told=lambda _sent: None,
        )
    with pytest.raises(Conflict) as other:
        await fill(keyspace, SOURCE + 1)
    assert other.value.code == "keyspace_half_filled"
    assert await fill(keyspace) == 66 + 39 + 2
    storage = await opened(keyspace)
    assert len((await storage.scan(NOTES, None, 1_000))[0]) == 66
    await storage.filled()
    await storage.close()
    with pytest.raises(Conflict) as full:
        await fill(keyspace)
    assert full.value.code == "keyspace_not_empty"


async def test_a_keyspace_in_which_a_site_began_is_left_alone(keyspace):
    storage = await opened(keyspace)
    await storage.put(NOTES, Note(1, "mine"))
    await storage.put(HEADS, Head(1, 1))
    await storage.close()
    with pytest.raises(Conflict) as refused:
        await fill(keyspace)
    assert refused.value.code == "keyspace_not_empty"


async def test_an_empty_value_is_left_out_and_no_tombstone(keyspace):
    await fill(keyspace)
    driver = await CqlDriver.connect(contact(keyspace))
    await driver.use(keyspace)
    text = 'SELECT "no_body", writetime("no_body") FROM "notes" WHERE "id" = ?'
    assert await driver.execute(text, (1,)) == [(None, None)]
    ((value, written_us),) = await driver.execute(text, (3,))
    assert value == "b"
    # Before any moment that the cluster's own clock may give a transaction.
    assert written_us < (CLOCK.now_ms() - 3_000_000) * 1_000
    await driver.close()
