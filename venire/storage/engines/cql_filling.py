"""A keyspace that no site serves from yet, filled with rows as fast as it takes them.

Nobody else writes there, so a guarded row needs no transaction: it is put plainly with a settled
claim, where moving it would cost twenty times as much. A transaction takes its moment from the
cluster's clock, which may be behind ours, and one that came out older than the rows it moves would
be lost: all rows are therefore written at one moment an hour ago.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from venire.kernel.chance import Chance
from venire.kernel.clock import HOUR_MS, Clock
from venire.kernel.errors import Conflict, Unavailable, first_in
from venire.storage.engines.cql_driver import UNSET, Contact, CqlDriver, InDoubtError
from venire.storage.engines.cql_schema import Schema, check_settings, copies, enter_keyspace
from venire.storage.engines.cql_statements import FOR_GOOD, statements_for, time_to_live_s
from venire.storage.migrations import MIGRATIONS
from venire.storage.verbs import Table

Values = Sequence[Any]
Page = Sequence[tuple[Values, int | None]]
Pages = Callable[[Table[Any]], AsyncIterator[Page]]

_TABLES_AT_ONCE: Final = 3
_UNDER_WAY: Final = 128
"""Batches of a table."""
_ROWS: Final = 50
"""To a batch: a third less CPU than ten. Of more than ten partitions, the cluster's log says so
once a minute."""
_BYTES: Final = 24_000
"""To a batch: a cluster as it comes refuses 50 KiB."""
_SHAPES: Final = 64
_PATIENCE_S: Final = 60.0


@contextlib.asynccontextmanager
async def _opened(
    contact: Contact, tables: Sequence[Table[Any]], chance: Chance
) -> AsyncIterator[tuple[CqlDriver, Schema]]:
    """A keyspace that is filled from outside: created where it is not there."""
    driver = await CqlDriver.connect(contact)
    try:
        await enter_keyspace(driver, contact.keyspace, await copies(driver))
        yield (
            driver,
            Schema(driver, contact.keyspace, tables, MIGRATIONS, holder=chance.token(8)),
        )
    finally:
        await driver.close()


async def prepare_keyspace(
    contact: Contact, tables: Sequence[Table[Any]], *, clock: Clock, chance: Chance, make: bool
) -> None:
    """See that a keyspace can be filled; `make` its tables too, so that filling finds them.

    Raises Conflict `keyspace_not_empty`; Unavailable `storage_unreachable`, `schema_differs`.
    """
    async with _opened(contact, tables, chance) as (_, schema):
        await schema.filled_from()
        if make:
            await schema.prepare(clock.now_ms())


async def fill_keyspace(
    contact: Contact,
    tables: Sequence[Table[Any]],
    pages: Pages,
    source: int,
    *,
    clock: Clock,
    chance: Chance,
    told: Callable[[int], None],
) -> int:
    """Make the tables in this order and fill each as soon as it is there; how many rows it has.

    `source` names what the rows come from, not 0: broken off, the same may be brought again, and
    nothing else. `told` hears how many rows have been sent. Raises Conflict `keyspace_not_empty`,
    `keyspace_half_filled`; Unavailable `storage_unreachable`, and what the cluster refuses.
    """
    async with _opened(contact, tables, chance) as (driver, schema):
        await check_settings(driver)
        if await schema.filled_from() not in {None, source}:
            raise Conflict(
                "keyspace_half_filled",
                "other rows were begun to be brought here: drop the keyspace, or name another one",
            )
        await schema.fill_from(source)
        filling = Filling(driver, clock, chance, told)
        try:
            await _side_by_side(schema, filling, tables, pages, clock.now_ms())
        except ExceptionGroup as several:
            raise first_in(several) from several
        return filling.sent


async def _side_by_side(
    schema: Schema, filling: Filling, tables: Sequence[Table[Any]], pages: Pages, now_ms: int
) -> None:
    """Make tables, which keeps the cluster waiting for its disk, while those made are filled."""
    made = {table.name: asyncio.Event() for table in tables}
    turns = asyncio.Semaphore(_TABLES_AT_ONCE)

    async def one(table: Table[Any]) -> None:
        await made[table.name].wait()
        async with turns:
            await filling.fill(table, pages(table))

    async with asyncio.TaskGroup() as group:
        for table in tables:
            if not table.rebuildable:
                group.create_task(one(table))
        await schema.prepare(now_ms, lambda name: made[name].set())
        for event in made.values():
            event.set()


class Filling:
    """Puts rows into tables of a fresh keyspace. May be repeated whole: the same rows again."""

    def __init__(
        self,
        driver: CqlDriver,
        clock: Clock,
        chance: Chance,
        told: Callable[[int], None] = lambda _sent: None,
    ) -> None:
        self._driver = driver
        self._told = told
        self.sent = 0
        self._now_ms = clock.now_ms()
        self._at_us = (self._now_ms - HOUR_MS) * 1_000
        self._claims = b"\x00" + self._at_us.to_bytes(8, "big") + chance.token(8)

    async def fill(self, table: Table[Any], pages: AsyncIterator[Page]) -> None:
        """Write the rows of a table, each with its expiry; those that have lapsed are left out.

        A row: values in the order of the columns, a boolean as such or as 0 and 1. Raises what the
        cluster refuses, and Unavailable `storage_in_doubt` once it has not answered for a minute.
        """
        shapes = _Shapes(table, self._claims, self._now_ms)
        gate = asyncio.Semaphore(_UNDER_WAY)
        async with asyncio.TaskGroup() as group:

            async def send(batch: list[tuple[str, Values]]) -> None:
                try:
                    await self._write(batch)
                finally:
                    gate.release()

            async for page in pages:
                for batch in shapes.batches(page):
                    await gate.acquire()
                    self.sent += len(batch)
                    group.create_task(send(batch))
                if page:
                    self._told(self.sent)

    async def _write(self, batch: list[tuple[str, Values]]) -> None:
        """Again and again while it is in doubt or the cluster is busy: it has one moment."""
        loop = asyncio.get_running_loop()
        until_s, pause_s = loop.time() + _PATIENCE_S, 0.05
        while True:
            try:
                await self._driver.batch(batch, self._at_us, logged=False)
            except InDoubtError as error:
                if loop.time() > until_s:
                    raise Unavailable(
                        "storage_in_doubt", "the cluster did not say whether it wrote: begin again"
                    ) from error
            except Unavailable as problem:
                if problem.code == "storage_refused" or loop.time() > until_s:
                    raise
            else:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)


class _Shapes:
    """The statements for one table: a null is left out, since in CQL it would be a tombstone."""

    def __init__(self, table: Table[Any], claims: bytes, now_ms: int) -> None:
        self._table = table
        self._now_ms = now_ms
        self._statements = statements_for(table)
        self._claims = (claims,) if self._statements.guarded else ()
        columns = table.columns
        self._long = [at for at, column in enumerate(columns) if column.kind in {"text", "blob"}]
        self._bools = [at for at, column in enumerate(columns) if column.kind == "bool"]
        self._reals = [at for at, column in enumerate(columns) if column.kind == "real"]
        self._texts: dict[tuple[bool, ...], str] = {}
        self._whole = self._statements.filled(tuple(True for _ in columns))

    def batches(self, page: Page) -> list[list[tuple[str, Values]]]:
        """The page's rows that have not lapsed, a few to a batch."""
        batches: list[list[tuple[str, Values]]] = []
        room = rows = 0
        for values, lapses in page:
            if lapses is not None and lapses <= self._now_ms:
                continue
            size = sum([len(values[at]) for at in self._long if values[at]])
            if not rows or size > room:
                batches.append([])
                room, rows = _BYTES, _ROWS
            room, rows = room - size, rows - 1
            batches[-1].append(self._bound(values, lapses))
        return batches

    def _bound(self, values: Values, lapses: int | None) -> tuple[str, Values]:
        there = list(values)
        for at in self._bools:
            if there[at] is not None:
                there[at] = bool(there[at])
        for at in self._reals:
            if there[at] is not None:
                there[at] = float(there[at])
        behind: tuple[Any, ...] = self._claims
        if self._table.expires:
            moment = FOR_GOOD if lapses is None else lapses
            behind = (moment, *behind, time_to_live_s(lapses, self._now_ms))
        if None not in there:
            return self._whole, [*there, *behind]
        # Built from lists: a generator here is a tenth of what a row costs us.
        shape = tuple([value is not None for value in there])
        text = self._texts.get(shape)
        if text is None:
            if len(self._texts) >= _SHAPES:
                return self._whole, [UNSET if one is None else one for one in there] + [*behind]
            text = self._texts[shape] = self._statements.filled(shape)
        return text, [value for value in there if value is not None] + [*behind]
