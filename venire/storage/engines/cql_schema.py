"""The keyspace and its tables: first schema, migrations, a comparison with what is declared."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from venire.kernel.errors import Conflict, Refused, Unavailable
from venire.storage.engines import cql_journal
from venire.storage.engines.cql_driver import CqlDriver, InDoubtError
from venire.storage.engines.cql_statements import TYPES, create_table, definitions
from venire.storage.migrations import AddColumn, AddTable, Migration, pending
from venire.storage.verbs import Table, Value

_log = logging.getLogger(__name__)
_META = 'CREATE TABLE IF NOT EXISTS "meta" ("name" text PRIMARY KEY, "value" bigint, "holder" blob)'
_FILLED_FROM, _FILLED = "filled_from", 0
_PEERS = "SELECT data_center FROM system.peers"
_COPIES = 3
_LOCK_S = 30
"""How long the lock of a process that was killed stays; who lives renews it."""
_BUSY_S = 300
_KNOWN_TRIES = 100
_PAUSES_S = (0.5, 2.0, 5.0)
T = TypeVar("T")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_LARGEST_BATCH = 256
"""KiB: a commit of 64 KB is a batch of its rows and as much again for the journal."""


@dataclasses.dataclass(frozen=True)
class Opened:
    """What an engine has to know of the data it opens."""

    rebuilt_at_ms: int
    first_us: int
    defaults: Mapping[str, Mapping[str, Value]]


class Schema:
    """Brings a keyspace to the declared tables. One process at a time does."""

    def __init__(
        self,
        driver: CqlDriver,
        keyspace: str,
        tables: Sequence[Table[Any]],
        migrations: tuple[Migration, ...],
        *,
        holder: bytes,
    ) -> None:
        self._driver = driver
        self._keyspace = keyspace
        self._facts = [table for table in tables if not table.rebuildable]
        self._feeds = [table for table in tables if table.rebuildable]
        self._migrations = migrations
        self._holder = holder
        self._now_ms = 0
        self._made: Callable[[str], None] = lambda _table: None

    async def prepare(
        self, now_ms: int, made: Callable[[str], None] = lambda _table: None
    ) -> Opened:
        """Create the schema, or bring it forward; `made` hears of each table that is new.

        Raises Unavailable `data_is_newer`, `schema_differs`, `schema_busy`.
        """
        self._now_ms, self._made = now_ms, made
        there = await self._columns()
        if "meta" not in there:
            await self._driver.define(_META)
        found = await _once_known(lambda: self._meta("schema_version", serial=True))
        if found is None or pending(found, self._migrations) or self._differing(self._feeds, there):
            await self._change()
        there = await self._columns()
        if different := self._differing(self._facts, there):
            raise Unavailable(
                "schema_differs",
                "a table does not have the declared columns or key: a migration is missing",
                table=different[0].name,
                found=there.get(different[0].name),
                expected=_wanted(different[0]),
            )
        defaults: dict[str, dict[str, Value]] = {}
        for migration in self._migrations:
            for step in migration.steps:
                if isinstance(step, AddColumn):
                    defaults.setdefault(step.table, {})[step.column.name] = step.default
        return Opened(
            await self._meta("complete_since_ms") or 0,
            await self._meta("journal_from_us") or 0,
            defaults,
        )

    async def filled_from(self) -> int | None:
        """What is being brought here, where somebody began to. None: nothing is.

        Raises Conflict `keyspace_not_empty`.
        """
        there = await self._columns()
        found, told = None, False
        if "meta" in there:
            found = await _once_known(lambda: self._meta(_FILLED_FROM, serial=True))
        if found is None and "outbox_minutes" in there:
            minutes = 'SELECT "day" FROM "outbox_minutes" LIMIT 1'
            told = bool(await _once_known(lambda: self._driver.execute(minutes)))
        if told or found == _FILLED:
            raise Conflict("keyspace_not_empty", "a site lies in this keyspace: name another one")
        return found

    async def fill_from(self, source: int) -> None:
        """Note what is being brought, before the first row of it is."""
        await self._driver.define(_META)
        await _once_known(lambda: self.set_meta(_FILLED_FROM, source))

    async def filled(self) -> None:
        """All of it is here: from now on it is a site's."""
        await self.set_meta(_FILLED_FROM, _FILLED)

    async def set_meta(self, name: str, value: int) -> None:
        """Note a number; the clocks of hosts have no say in which was the last."""
        text = 'UPDATE "meta" SET "value" = ? WHERE "name" = ? IF "value" = ?'
        try:
            while (there := await self._meta(name, serial=True)) != value:
                await self._driver.cas(text, (value, name, there))
        except InDoubtError as error:
            raise Unavailable("storage_in_doubt", "the cluster did not say what it did") from error

    async def _change(self) -> None:
        await self._lock()
        keeping = asyncio.create_task(self._keep_lock())
        try:
            found = await self._meta("schema_version")
            if found is None:
                await self._create()
                return
            for migration in pending(found, self._migrations):
                await self._migrate(migration)
            if self._differing(self._feeds, await self._columns()):
                await self._recreate_feeds()
        finally:
            keeping.cancel()
            await self._unlock()

    async def _create(self) -> None:
        for text in cql_journal.TABLES:
            await self._make(text)
        for table in [*self._facts, *self._feeds]:
            await self._make(create_table(table))
            self._made(table.name)
        await self.set_meta("complete_since_ms", 0)
        await self.set_meta("journal_from_us", self._now_ms * 1000)
        # Last: whoever was interrupted before it begins again, and every step may be repeated.
        await self.set_meta("schema_version", 1 + len(self._migrations))

    async def _make(self, text: str) -> None:
        """Create what is not there. A cluster that is filled meanwhile may answer late."""
        for pause_s in _PAUSES_S:
            try:
                return await self._driver.define(text)
            except Unavailable as problem:
                if problem.code == "storage_refused":
                    raise
            await asyncio.sleep(pause_s)
        return await self._driver.define(text)

    async def _migrate(self, migration: Migration) -> None:
        for step in migration.steps:
            if isinstance(step, AddTable):
                await self._driver.define(create_table(step.table))
            elif isinstance(step, AddColumn):
                there = await self._columns()
                if step.column.name not in there.get(step.table, {}):
                    kind = TYPES[step.column.kind]
                    await self._driver.define(
                        f'ALTER TABLE "{step.table}" ADD "{step.column.name}" {kind}'
                    )
            else:
                await self._driver.define(f'DROP TABLE IF EXISTS "{step.name}"')
        await self.set_meta("schema_version", migration.version)
        _log.info("migrated", extra={"version": migration.version, "step": migration.name})

    async def _recreate_feeds(self) -> None:
        """What can be rebuilt is thrown away whole; it is complete from now on."""
        there = await self._columns()
        for table in self._feeds:
            if table.name in there:
                await self._driver.define(f'DROP TABLE "{table.name}"')
            await self._driver.define(create_table(table))
        await self.set_meta("complete_since_ms", self._now_ms)
        await self._driver.execute(
            'INSERT INTO "cursors" ("name", "position") VALUES (?, ?)',
            ("feeds", self._now_ms * 1000),
            at_us=self._now_ms * 1000,
        )

    # what is there

    async def _columns(self) -> dict[str, dict[str, str]]:
        """Each table's columns: `bigint`, or `bigint partition 0`, `text clustering 1 desc`."""
        rows = await self._driver.execute(
            "SELECT table_name, column_name, type, kind, position, clustering_order"
            " FROM system_schema.columns WHERE keyspace_name = ?",
            (self._keyspace,),
        )
        there: dict[str, dict[str, str]] = {}
        for table, column, kind, part, position, order in rows:
            place = {
                "partition_key": f" partition {position}",
                "clustering": f" clustering {position} {order}",
            }
            there.setdefault(table, {})[column] = kind + place.get(part, "")
        return there

    def _differing(
        self, tables: Sequence[Table[Any]], there: Mapping[str, Mapping[str, str]]
    ) -> list[Table[Any]]:
        return [table for table in tables if there.get(table.name) != _wanted(table)]

    async def _meta(self, name: str, *, serial: bool = False) -> int | None:
        rows = await self._driver.execute(
            'SELECT "value" FROM "meta" WHERE "name" = ?', (name,), serial=serial
        )
        return int(rows[0][0]) if rows else None

    # one at a time

    async def _lock(self) -> None:
        for second in range(_BUSY_S):
            try:
                taken = await self._driver.cas(
                    'INSERT INTO "meta" ("name", "holder") VALUES (?, ?) IF NOT EXISTS USING TTL ?',
                    ("schema_lock", self._holder, _LOCK_S),
                )
            except InDoubtError:
                taken = False
            if taken or await self._holds():
                return
            if not second:
                _log.warning("schema_is_being_changed", extra={"wait_s": _LOCK_S})
            await asyncio.sleep(1)
        raise Unavailable("schema_busy", "another process has been changing the tables for minutes")

    async def _keep_lock(self) -> None:
        text = 'UPDATE "meta" USING TTL ? SET "holder" = ? WHERE "name" = ? IF "holder" = ?'
        while True:
            await asyncio.sleep(_LOCK_S / 3)
            with contextlib.suppress(InDoubtError, Unavailable):
                await self._driver.cas(text, (_LOCK_S, self._holder, "schema_lock", self._holder))

    async def _holds(self) -> bool:
        rows = await self._driver.execute(
            'SELECT "holder" FROM "meta" WHERE "name" = ?', ("schema_lock",), serial=True
        )
        return bool(rows) and rows[0][0] == self._holder

    async def _unlock(self) -> None:
        try:
            await self._driver.cas(
                'DELETE FROM "meta" WHERE "name" = ? IF "holder" = ?', ("schema_lock", self._holder)
            )
        except (InDoubtError, Unavailable):
            _log.warning("schema_lock_left", extra={"for_s": _LOCK_S})


async def copies(driver: CqlDriver) -> int:
    """How many copies of each row a cluster holds: three, where each place has so many nodes."""
    here = await driver.execute("SELECT data_center FROM system.local")
    nodes = Counter(row[0] for row in [*here, *await driver.execute(_PEERS)])
    return max(1, min(_COPIES, *nodes.values()))


async def enter_keyspace(driver: CqlDriver, keyspace: str, replicas: int) -> None:
    """Use a keyspace, created with so many copies of each row if it is not there."""
    if not _NAME.fullmatch(keyspace):
        raise Refused("keyspace_name_wrong", keyspace=keyspace)
    there = await driver.execute(
        "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", (keyspace,)
    )
    if not there:
        await driver.define(
            f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication ="
            f" {{'class': 'NetworkTopologyStrategy', 'replication_factor': {int(replicas)}}}"
        )
    await _once_known(lambda: driver.use(keyspace))


async def _once_known(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again while what another process created a moment ago is not known everywhere."""
    for _ in range(_KNOWN_TRIES):
        try:
            return await ask()
        except Unavailable as problem:
            if problem.code != "storage_refused":
                raise
            await asyncio.sleep(0.1)
    return await ask()


async def check_settings(driver: CqlDriver) -> None:
    """Say which settings of the cluster would lose writes or refuse them.

    Only Cassandra tells them by CQL; ScyllaDB's defaults are wide enough.
    """
    try:
        rows = await driver.execute(
            "SELECT name, value FROM system_views.settings WHERE name IN ?",
            (["batch_size_fail_threshold", "commitlog_sync"],),
        )
    except Unavailable:
        return
    told = {str(name): str(value) for name, value in rows}
    if told.get("commitlog_sync") == "periodic":
        _log.warning("cluster_syncs_late", extra={"commitlog_sync": "periodic"})
    size = re.fullmatch(r"(\d+)KiB", told.get("batch_size_fail_threshold", ""))
    if size and int(size[1]) < _LARGEST_BATCH:
        _log.warning("cluster_refuses_large_commits", extra={"batch_size_fail_threshold": size[0]})


def _wanted(table: Table[Any]) -> dict[str, str]:
    columns = definitions(table)
    for position, name in enumerate(table.partition):
        columns[name] += f" partition {position}"
    for position, name in enumerate(table.clustering):
        columns[name] += f" clustering {position} {'desc' if table.descending else 'asc'}"
    return columns
