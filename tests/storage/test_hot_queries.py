"""The ten hottest questions, asked by the verbs, answered by one search in either engine.

`CQL` holds the statement that the second engine would run; it is made by rules that refuse what
Cassandra or ScyllaDB refuse. What SQLite runs is overheard and must be a search by the primary key,
without a sort.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.storage.cql import CqlRefusesError, cql_create, cql_for
from tests.storage.house import ITEMS
from tests.storage.plans import NotASearchError, check_search, overheard
from venire.kernel.ids import id_at
from venire.storage.engines.sqlite_statements import statements_for
from venire.storage.tables.cases import OPEN_CASES, REPORTS, SOURCES, SUMMONS
from venire.storage.tables.detectors import TEXT_BANK
from venire.storage.tables.every import ALL
from venire.storage.tables.outbox import TIMERS
from venire.storage.tables.posts import ACCOUNT_POSTS, FEEDS, NOTIFICATIONS, POSTS, THREAD_POSTS
from venire.storage.tables.record import ENTRIES
from venire.storage.tables.sign_in import TOKENS
from venire.storage.verbs import Storage, Table

ID = id_at(1_767_225_600_000)


@dataclasses.dataclass(frozen=True)
class Hot:
    """A question: its verb, the search that SQLite must make, its CQL from `FROM` on."""

    name: str
    ask: Callable[[Storage], Awaitable[object]]
    search: str
    cql: str
    rule: Callable[[], str]


HOT = [
    Hot(
        "home feed, a page below the last id seen",
        lambda storage: storage.range(FEEDS, (7,), below=(ID,), limit=20),
        "owner_id=? AND entry_id<?",
        "FROM feeds WHERE owner_id = ? AND entry_id < ? LIMIT ?",
        lambda: cql_for(FEEDS, ["owner_id"], below=["entry_id"]),
    ),
    Hot(
        "home feed, what is new above an id (min_id), oldest first",
        lambda storage: storage.range(FEEDS, (7,), above=(ID,), limit=20, reverse=True),
        "owner_id=? AND entry_id>?",
        "FROM feeds WHERE owner_id = ? AND entry_id > ? ORDER BY entry_id ASC LIMIT ?",
        lambda: cql_for(FEEDS, ["owner_id"], above=["entry_id"], reverse=True),
    ),
    Hot(
        "thread, a page of a conversation's posts",
        lambda storage: storage.range(THREAD_POSTS, (ID, 0), above=(ID,), limit=200),
        "conversation_id=? AND bucket=? AND post_id>?",
        "FROM thread_posts WHERE conversation_id = ? AND bucket = ? AND post_id > ? LIMIT ?",
        lambda: cql_for(THREAD_POSTS, ["conversation_id", "bucket"], above=["post_id"]),
    ),
    Hot(
        "profile, an account's posts of a year, newest first",
        lambda storage: storage.range(ACCOUNT_POSTS, (7, 2026), below=(ID,), limit=20),
        "account_id=? AND year=? AND post_id<?",
        "FROM account_posts WHERE account_id = ? AND year = ? AND post_id < ? LIMIT ?",
        lambda: cql_for(ACCOUNT_POSTS, ["account_id", "year"], below=["post_id"]),
    ),
    Hot(
        "notifications of a month, newest first, between two ids",
        lambda storage: storage.range(NOTIFICATIONS, (7, 24_310), above=(1,), below=(ID,)),
        "account_id=? AND month=? AND id>? AND id<?",
        "FROM notifications WHERE account_id = ? AND month = ? AND id > ? AND id < ? LIMIT ?",
        lambda: cql_for(NOTIFICATIONS, ["account_id", "month"], above=["id"], below=["id"]),
    ),
    Hot(
        "open cases of a shard, oldest first",
        lambda storage: storage.range(OPEN_CASES, (3,), limit=100),
        "shard=?",
        "FROM open_cases WHERE shard = ? LIMIT ?",
        lambda: cql_for(OPEN_CASES, ["shard"]),
    ),
    Hot(
        "summons of a juror",
        lambda storage: storage.range(SUMMONS, (7,), limit=40),
        "juror_id=?",
        "FROM summons_by_juror WHERE juror_id = ? LIMIT ?",
        lambda: cql_for(SUMMONS, ["juror_id"]),
    ),
    Hot(
        "record, the entries of a bundle from an index on",
        lambda storage: storage.range(ENTRIES, (1, 0), above=(17,), limit=256),
        "epoch=? AND bundle=? AND leaf_index>?",
        "FROM record_entries WHERE epoch = ? AND bundle = ? AND leaf_index > ? LIMIT ?",
        lambda: cql_for(ENTRIES, ["epoch", "bundle"], above=["leaf_index"]),
    ),
    Hot(
        "token, by the hash of the one presented",
        lambda storage: storage.get(TOKENS, (b"hash",)),
        "token_hash=?",
        "FROM tokens WHERE token_hash = ?",
        lambda: cql_for(TOKENS, ["token_hash"], one=True),
    ),
    Hot(
        "reports of a case",
        lambda storage: storage.range(SOURCES, (7, "report"), limit=1000),
        "case_id=? AND kind=?",
        "FROM case_sources WHERE case_id = ? AND kind = ? LIMIT ?",
        lambda: cql_for(SOURCES, ["case_id", "kind"]),
    ),
    Hot(
        "text bank, a page of a shard",
        lambda storage: storage.range(TEXT_BANK, (3,), above=(ID,), limit=500),
        "shard=? AND post_id>?",
        "FROM text_bank WHERE shard = ? AND post_id > ? LIMIT ?",
        lambda: cql_for(TEXT_BANK, ["shard"], above=["post_id"]),
    ),
    Hot(
        "posts of a page, by id (one such statement for each id, side by side)",
        lambda storage: storage.get_many(POSTS, [(ID + n,) for n in range(20)]),
        "rowid=?",
        "FROM posts WHERE id = ?",
        lambda: cql_for(POSTS, ["id"], one=True),
    ),
    Hot(
        "a report, by id",
        lambda storage: storage.get(REPORTS, (ID,)),
        "rowid=?",
        "FROM reports WHERE id = ?",
        lambda: cql_for(REPORTS, ["id"], one=True),
    ),
    Hot(
        "timers that are due, on from the last one seen",
        lambda storage: storage.range(TIMERS, (0,), above=(5, "case", "1"), below=(9,)),
        "shard=? AND (due_at_ms,kind,key)>(?,?,?) AND due_at_ms<?",
        "FROM timers WHERE shard = ? AND (due_at_ms, kind, key) > (?, ?, ?)"
        " AND (due_at_ms) < (?) LIMIT ?",
        lambda: cql_for(TIMERS, ["shard"], above=["due_at_ms", "kind", "key"], below=["due_at_ms"]),
    ),
]


@pytest.fixture
async def whole(house):
    opened = house.open(ALL)
    yield opened
    await opened.close()


@pytest.mark.anyio
@pytest.mark.parametrize("hot", HOT, ids=lambda hot: hot.name.split(",")[0])
async def test_a_hot_question_is_one_search_by_the_primary_key(hot, whole):
    with overheard(whole) as heard:
        await hot.ask(whole)

    assert len(heard) == 1
    check_search(*heard[0], hot.search)


@pytest.mark.parametrize("hot", HOT, ids=lambda hot: hot.name.split(",")[0])
def test_a_hot_question_is_one_statement_of_cql(hot):
    assert hot.rule().partition(" FROM ")[2] == hot.cql.removeprefix("FROM ")


@pytest.mark.anyio
async def test_the_relay_reads_the_outbox_by_its_index(whole):
    with overheard(whole) as heard:
        await whole.tail(5)

    connection, sql = heard[0]
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", (1, 1)).fetchall()
    assert [row[3] for row in plan] == ["SEARCH outbox USING INDEX outbox_told (sequence>?)"]


@pytest.mark.anyio
async def test_every_statement_of_every_declared_table_is_a_search(whole):
    for table in ALL:
        connection = whole._feeds if table.rebuildable else whole._facts
        statements = statements_for(table)
        check_search(connection, statements.get)
        check_search(connection, statements.delete)
        for prefix in range(len(table.partition), len(table.key) + 1):
            rest = len(table.key) - prefix
            for above in range(rest + 1):
                for below in range(rest + 1):
                    for reverse in (False, True):
                        sql = statements.range(prefix, above, below, reverse)
                        check_search(connection, sql)


@pytest.mark.anyio
async def test_a_sweep_finds_what_lapsed_by_its_index(whole):
    for table in ALL:
        if table.expires:
            connection = whole._feeds if table.rebuildable else whole._facts
            plan = connection.execute(
                f"EXPLAIN QUERY PLAN {statements_for(table).sweep}", (1, 1)
            ).fetchall()
            assert not any("SCAN" in row[3] for row in plan), plan


@pytest.mark.anyio
async def test_a_scan_goes_on_from_its_cursor_without_a_sort(whole):
    for table in ALL:
        connection = whole._feeds if table.rebuildable else whole._facts
        check_search(connection, statements_for(table).scan)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_every_declared_table_is_one_that_cql_could_hold(table: Table[Any]):
    cql_for(table, table.partition)
    cql_for(table, table.key, one=True)
    assert cql_create(table).startswith(f"CREATE TABLE {table.name} (")


def test_cql_declares_keys_and_direction():
    assert cql_create(ACCOUNT_POSTS).endswith(
        "PRIMARY KEY ((account_id, year), post_id)) WITH CLUSTERING ORDER BY (post_id DESC)"
    )


@pytest.mark.parametrize(
    ("reason", "ask"),
    [
        ("filtering", lambda: cql_for(POSTS, ["id", "author_id"])),
        ("filtering", lambda: cql_for(FEEDS, ["owner_id"], above=["author_id"])),
        ("not whole", lambda: cql_for(ACCOUNT_POSTS, ["account_id"])),
        ("not whole", lambda: cql_for(OPEN_CASES, [])),
        ("skipped", lambda: cql_for(THREAD_POSTS, ["bucket", "conversation_id"])),
        ("skipped", lambda: cql_for(SOURCES, ["case_id", "ref"])),
        ("skips", lambda: cql_for(SOURCES, ["case_id"], above=["ref"])),
        ("skips", lambda: cql_for(TIMERS, ["shard"], below=["kind", "key"])),
        (
            "behind a fixed one",
            lambda: cql_for(TIMERS, ["shard", "due_at_ms"], above=["kind", "key"]),
        ),
        ("one direction", lambda: cql_for(FEEDS, ["owner_id"], order=["author_id"])),
        ("one direction", lambda: cql_for(TIMERS, ["shard"], order=["kind", "due_at_ms", "key"])),
        ("whole key", lambda: cql_for(FEEDS, ["owner_id"], one=True)),
    ],
)
def test_the_rule_refuses_what_cql_refuses(reason, ask):
    with pytest.raises(CqlRefusesError, match=reason):
        ask()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM items WHERE text = ?",
        "SELECT n FROM items WHERE n > ?",
        "SELECT n FROM items WHERE owner = ? ORDER BY text",
        "SELECT owner, n FROM items WHERE owner > ? ORDER BY owner ASC, n DESC",
        "SELECT n FROM items WHERE owner IN (SELECT owner FROM items)",
    ],
)
async def test_the_check_of_plans_notices_a_scan_and_a_sort(storage, sql):
    check_search(storage._facts, statements_for(ITEMS).range(1, 1, 0, reverse=False))
    with pytest.raises(NotASearchError):
        check_search(storage._facts, sql)


@pytest.mark.anyio
async def test_the_check_of_plans_notices_a_bound_that_is_not_used(storage):
    sql = "SELECT n FROM items WHERE owner = ? AND +n < ? ORDER BY n"
    check_search(storage._facts, sql, "owner=?")
    with pytest.raises(NotASearchError):
        check_search(storage._facts, sql, "owner=? AND n<?")
