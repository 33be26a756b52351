"""The CQL engine: the verbs on Apache Cassandra or ScyllaDB.

A commit is one logged batch: its rows and its row of the outbox, at one timestamp. Where it has a
condition, a head or another guarded row moves first, by a lightweight transaction that carries the
rest (`cql_claims.py`). How events keep their order is told in `cql_journal.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from venire.events import Event
from venire.kernel.chance import Chance, SystemChance
from venire.kernel.clock import Clock
from venire.kernel.errors import Conflict, Refused
from venire.kernel.ids import Ids
from venire.storage.engines.cql_claims import Claims, Decide, latest
from venire.storage.engines.cql_commits import Commits
from venire.storage.engines.cql_driver import Contact, CqlDriver
from venire.storage.engines.cql_journal import Draft, Journal, Stamps
from venire.storage.engines.cql_reading import Reader
from venire.storage.engines.cql_schema import Opened, Schema, check_settings, enter_keyspace
from venire.storage.engines.cql_statements import (
    Found,
    check_guarded,
    guards,
    slice_of,
    statements_for,
)
from venire.storage.engines.sqlite_statements import key_type_fits
from venire.storage.engines.sqlite_writes import encode_writes
from venire.storage.journal import Durable, JournalEntry, Offsite
from venire.storage.migrations import MIGRATIONS, Migration
from venire.storage.verbs import (
    Delete,
    Envelope,
    Key,
    Put,
    R,
    Table,
    Write,
    check_commit,
    check_expect,
    check_limit,
)

SILENT_S = 60.0
_PAGE_MOST = 1000
_SIDE_BY_SIDE = 64


class CqlStorage:
    """The verbs (`storage.verbs.Storage`) on a keyspace. Open with `CqlStorage.open`."""

    def __init__(
        self,
        driver: CqlDriver,
        clock: Clock,
        ids: Ids,
        *,
        journal: Journal,
        claims: Claims,
        schema: Schema,
        opened: Opened,
        newest_event_id: int,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._ids = ids
        self._journal = journal
        self._reader = Reader(driver, journal)
        self._claims = claims
        self._commits = Commits(driver, journal, claims)
        self._schema = schema
        self._gate = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._wake: list[Callable[[], None]] = []
        self.offsite: Offsite | None = None
        self._newest_event_id = newest_event_id
        self._closed = False
        self.rebuilt_at_ms = opened.rebuilt_at_ms

    @classmethod
    async def open(
        cls,
        contact: Contact,
        clock: Clock,
        ids: Ids,
        tables: Sequence[Table[Any]],
        *,
        node: int = 0,
        replicas: int = 3,
        migrations: tuple[Migration, ...] = MIGRATIONS,
        chance: Chance | None = None,
        silent_s: float = SILENT_S,
    ) -> CqlStorage:
        """Connect, bring the schema forward, join the other processes; `node` is that of `ids`.

        Raises Unavailable `storage_unreachable`, `data_is_newer`, `schema_differs`, `schema_busy`.
        """
        chance = chance or SystemChance()
        driver = await CqlDriver.connect(contact)
        try:
            await enter_keyspace(driver, contact.keyspace, replicas)
            await check_settings(driver)
            writer, stamps = chance.token(8), Stamps(clock, node)
            schema = Schema(driver, contact.keyspace, tables, migrations, holder=writer)
            opened = await schema.prepare(clock.now_ms())
            journal = Journal(driver, stamps, writer, opened.first_us, silent_s)
            place, newest_event_id = await journal.newest()
            stamps.raise_floor(place)
            await journal.join()
        except BaseException:
            await driver.close()
            raise
        by_name = {table.name: table for table in tables}
        claims = Claims(
            driver, clock, stamps, chance=chance, tables=by_name, defaults=opened.defaults
        )
        return cls(
            driver,
            clock,
            ids,
            journal=journal,
            claims=claims,
            schema=schema,
            opened=opened,
            newest_event_id=newest_event_id,
        )

    async def close(self) -> None:
        """Finish what is under way, say good-bye to the other processes, disconnect."""
        if self._closed:
            return
        self._closed = True
        clean = await self._commits.close()
        await self._journal.leave(clean=clean)
        await self._driver.close()

    async def filled(self) -> None:
        """Note that what was brought here is whole: see `cql_filling`."""
        await self._schema.filled()

    def on_commit(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the loop after each commit of this process that carries events."""
        self._wake.append(wake)

    def data_version(self) -> int:
        """A number that changes when any process has committed, at most half a second later."""
        return self._journal.commits()

    def newest_event_id(self) -> int:
        """The id of the last event told when this was opened. Ids go on above it."""
        return self._newest_event_id

    def stamp(self, table: Table[R], partition: Key) -> object | None:  # noqa: ARG002
        """See `Storage.stamp`: other processes write without telling this one."""
        return None

    # reading

    async def _seen(self, table: Table[R], found: Found, key: Key) -> R | None:
        """What the verbs see of a row, once its last mover's commit is whole."""
        if found.intent is not None:
            found = await self._claims.settled(table, key, found)
        return cast("R", found.row) if found.alive(self._clock.now_ms()) else None

    def _check_key(self, table: Table[Any], key: Key, *, whole: bool = True) -> None:
        if (whole and len(key) != len(table.key)) or not key_type_fits(table, key):
            raise Refused("key_does_not_fit", table=table.name, key=repr(key))

    async def get(self, table: Table[R], key: Key) -> R | None:
        """See `Storage.get`."""
        self._check_key(table, key)
        if len(table.partition) == 1 and key[0] in {"", b""}:
            return None
        return await self._seen(table, await self._claims.find(table, key), key)

    async def get_many(self, table: Table[R], keys: Sequence[Key]) -> list[R | None]:
        """See `Storage.get_many`: one read for each key, side by side, each where its row lies."""
        wanted = list(dict.fromkeys(keys))
        for key in wanted:
            self._check_key(table, key)

        async def one(key: Key) -> R | None:
            async with self._gate:
                return await self.get(table, key)

        found = dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))
        return [found[key] for key in keys]

    async def range(
        self,
        table: Table[R],
        prefix: Key,
        *,
        above: Key | None = None,
        below: Key | None = None,
        limit: int = 40,
        reverse: bool = False,
    ) -> list[R]:
        """See `Storage.range`."""
        self._check_key(table, prefix, whole=False)
        if len(prefix) < len(table.partition):
            raise Refused("partition_incomplete", table=table.name)
        for bound in (above, below):
            if bound is not None and not (bound and key_type_fits(table, bound, len(prefix))):
                raise Refused("bound_does_not_fit", table=table.name, bound=repr(bound))
        check_limit(limit)
        asked = slice_of(table, prefix, above, below)
        empty = len(table.partition) == 1 and prefix[0] in {"", b""}
        if asked is None or empty or not limit:
            return []
        text = statements_for(table).range(asked.fixed, asked.lower, asked.upper, reverse)
        rows: list[R] = []
        state: bytes | None = None
        while len(rows) < limit:
            size = min(limit - len(rows), _PAGE_MOST)
            page, state = await self._driver.page(text, asked.parameters, size, state)
            rows += await self._all_seen(table, page)
            if state is None:
                break
        return rows[:limit]

    async def _all_seen(self, table: Table[R], page: Sequence[tuple[Any, ...]]) -> list[R]:
        rows: list[R] = []
        for values in page:
            found = self._claims.read(table, values)
            key = tuple(values[place] for place in table.key_positions) if found.intent else ()
            row = await self._seen(table, found, key)
            if row is not None:
                rows.append(row)
        return rows

    async def scan(
        self, table: Table[R], cursor: bytes | None = None, limit: int = 500
    ) -> tuple[list[R], bytes | None]:
        """See `Storage.scan`: in the order of the ring; finishes what it finds half done."""
        check_limit(limit)
        text = statements_for(table).scan
        page, state = await self._driver.page(text, (), max(limit, 1), cursor)
        return await self._all_seen(table, page), state

    # writing

    async def put(self, table: Table[R], row: R, *, expires_at_ms: int | None = None) -> None:
        """See `Storage.put`."""
        await self.commit(table.aggregate_of(row), [Put(table, row, expires_at_ms)])

    async def delete(self, table: Table[R], row: R) -> None:
        """See `Storage.delete`."""
        await self.commit(table.aggregate_of(row), [Delete(table, row)])

    async def put_if_absent(
        self, table: Table[R], row: R, *, expires_at_ms: int | None = None
    ) -> R | None:
        """See `Storage.put_if_absent`."""
        write = Put(table, row, expires_at_ms)
        aggregate = table.aggregate_of(row)
        check_commit(aggregate, [write])
        journal = encode_writes([write])
        check_guarded(table)

        def decide(found: Found) -> Write | None:
            return None if found.alive(self._clock.now_ms()) else write

        draft = Draft(b"", self._clock.now_ms(), aggregate, None, journal, (write,))
        there = await self._commits.guarded(draft, write, decide, absent=True)
        return None if there is None else cast("R", there.row)

    async def compare_and_set(self, table: Table[R], old: R, new: R) -> bool:
        """See `Storage.compare_and_set`."""
        if table.key_of(old) != table.key_of(new):
            raise Refused("key_changed", table=table.name)
        aggregate = table.aggregate_of(new)
        check_commit(aggregate, [Put(table, new)])
        encode_writes([Put(table, new)])
        check_guarded(table)
        while True:
            there = await self._claims.settled(table, table.key_of(old))
            if not self._same(there, old):
                return False
            # The moment at which it lapses stays. It belongs into the journal, which is written
            # before the row is compared: where it turns out to be another one, once more.
            write = Put(table, new, there.lapses_at_ms)
            if await self._compared(aggregate, write, old):
                return True

    def _same(self, found: Found, old: object) -> bool:
        return found.alive(self._clock.now_ms()) and found.row == old

    async def _compared(self, aggregate: str, write: Put[Any], old: object) -> bool:
        def decide(found: Found) -> Write | None:
            same = self._same(found, old) and found.lapses_at_ms == write.expires_at_ms
            return write if same else None

        journal = encode_writes([write])
        draft = Draft(b"", self._clock.now_ms(), aggregate, None, journal, (write,))
        return await self._commits.guarded(draft, write, decide) is None

    async def commit(
        self,
        aggregate: str,
        writes: Sequence[Write],
        events: Sequence[Event] = (),
        *,
        expect: int | None = None,
        durable: Durable = "local",
    ) -> None:
        """See `Storage.commit`."""
        head = check_commit(aggregate, writes)
        if expect is not None:
            check_expect(head, expect)
        told = (
            msgspec.msgpack.encode([(self._ids.next(), event) for event in events])
            if events
            else None
        )
        journal = encode_writes(writes, beside=len(told or b""))
        final = latest(writes)
        draft = Draft(b"", self._clock.now_ms(), aggregate, told, journal, final)
        # The head decides, where there is one; else any of the rows that are guarded.
        guarded = sorted(
            (write for write in final if guards(write.table)),
            key=lambda write: (write.table.version is None, isinstance(write, Delete)),
        )
        if guarded:
            decide = self._expecting(aggregate, guarded[0], expect)
            await self._commits.guarded(draft, guarded[0], decide, absent=expect == 0)
        else:
            await self._commits.plain(draft)
        if events or durable != "local":
            for wake in self._wake:
                wake()
        if durable != "local" and self.offsite is not None:
            await self.offsite.shipped(self._journal.newest_own, strict=durable == "strict")

    def _expecting(self, aggregate: str, write: Write, expect: int | None) -> Decide:
        def decide(found: Found) -> Write:
            if expect is not None:
                alive = found.alive(self._clock.now_ms())
                version = write.table.version_of(found.row) if alive else 0
                if version != expect:
                    raise Conflict("version_moved", aggregate=aggregate, found=version)
            return write

        return decide

    async def rebuild(self, cursor: str, position: int, writes: Sequence[Write]) -> None:
        """See `Storage.rebuild`: the rows first, then the cursor; a crash between writes again."""
        for start in range(0, len(writes), 100):
            check_commit("", writes[start : start + 100], rebuildable=True)
        stamp = self._journal.stamps.draw()
        await self._commits.fill(latest(writes), stamp, self._clock.now_ms(), self._gate)
        await self.advance(cursor, position)

    # the journal

    async def position(self, cursor: str) -> int:
        """See `Storage.position`."""
        return await self._journal.position(cursor)

    async def advance(self, cursor: str, position: int) -> None:
        """See `Storage.advance`."""
        cursor_moves = [self._journal.cursor(cursor, position)]
        await self._commits.write(cursor_moves, self._journal.stamps.draw())

    async def tail(self, after: int, limit: int = 256) -> list[Envelope]:
        """See `Storage.tail`: up to where no process has anything under way."""
        return await self._reader.told(after, limit)

    async def journal(self, after: int, limit: int = 256) -> list[JournalEntry]:
        """See `Storage.journal`: up to where no process has anything under way."""
        check_limit(limit)
        return await self._reader.entries(after, limit)

    async def kept_elsewhere(self, *, strict: bool = False) -> None:
        """See `Storage.kept_elsewhere`."""
        if self.offsite is not None:
            place, _ = await self._journal.newest()
            await self.offsite.shipped(place, strict=strict)

    async def sweep(self, limit: int = 1000) -> int:  # noqa: ARG002
        """Nothing to do: the cluster clears lapsed rows away."""
        return 0

    async def prune(self, before_ms: int, limit: int = 10_000) -> int:
        """Drop minutes of the journal that every cursor has passed, older than `before_ms`."""
        gone, first_us = await self._journal.prune(before_ms, limit, self._commits.write)
        if gone:
            await self._schema.set_meta("journal_from_us", first_us)
        return gone
