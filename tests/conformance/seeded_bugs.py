"""Engines that are wrong in one way each. The comparison must notice every one of them."""

# ruff: noqa: ARG002 - to ignore what it was given is what a bug does

from __future__ import annotations

from typing import Any

from tests.conformance.model_engine import Entry, ModelStorage
from venire.storage.verbs import Put


class IncludesItsBound(ModelStorage):
    """`<=` where `<` was meant."""

    def is_below(self, rest, bound):
        return self.place(rest[: len(bound)]) <= self.place(bound)


class ReadsPartialBoundsAsTuples(ModelStorage):
    """(2, 5) is above (2,) to Python, not to the verbs."""

    def is_above(self, rest, bound):
        return self.place(rest) > self.place(bound)


class ComparesOnlyTheFirstColumn(ModelStorage):
    def is_above(self, rest, bound):
        return self.place(rest[:1]) > self.place(bound[:1])


class ForgetsTheDirection(ModelStorage):
    async def range(self, table, prefix, *, reverse=False, **bounds):
        rows = await super().range(table, prefix, reverse=table.descending, **bounds)
        return rows[::-1] if reverse else rows


class IgnoresReverse(ModelStorage):
    async def range(self, table, prefix, *, reverse=False, **bounds):
        return await super().range(table, prefix, **bounds)


class SortsByCodeUnits(ModelStorage):
    """UTF-16, as a JavaScript engine would."""

    def place(self, key):
        return tuple(v.encode("utf-16-be") if isinstance(v, str) else v for v in key)


class IgnoresCase(ModelStorage):
    """COLLATE NOCASE."""

    def place(self, key):
        return tuple(v.lower().encode() if isinstance(v, str) else v for v in key)


class NeverExpires(ModelStorage):
    def alive(self, entry):
        return True


class ExpiresAMomentLate(ModelStorage):
    def alive(self, entry):
        return entry.expires_at_ms is None or entry.expires_at_ms >= self.clock.now_ms()


class NeverConfirmsAClaim(ModelStorage):
    """A later put keeps the moment of the first."""

    def apply(self, write):
        there = self.entries.get(write.table.name, {}).get(write.table.key_of(write.row))
        super().apply(write)
        if isinstance(write, Put) and there is not None and there.expires_at_ms is not None:
            entry = Entry(write.row, there.expires_at_ms)
            self.entries[write.table.name][write.table.key_of(write.row)] = entry


class ReplacesOnConflict(ModelStorage):
    async def put_if_absent(self, table, row, *, expires_at_ms=None):
        there = self.find(table, table.key_of(row))
        await self.put(table, row, expires_at_ms=expires_at_ms)
        return there


class LetsALapsedClaimStand(ModelStorage):
    async def put_if_absent(self, table, row, *, expires_at_ms=None):
        entry = self.entries.get(table.name, {}).get(table.key_of(row))
        if entry is not None and not self.alive(entry):
            return entry.row
        return await super().put_if_absent(table, row, expires_at_ms=expires_at_ms)


class ComparesOnlyTheKey(ModelStorage):
    async def compare_and_set(self, table, old, new):
        there = self.find(table, table.key_of(old))
        return await super().compare_and_set(table, old if there is None else there, new)


class ComparesAndSetsForGood(ModelStorage):
    """A spent code would be kept for ever."""

    async def compare_and_set(self, table, old, new):
        done = await super().compare_and_set(table, old, new)
        if done:
            self.entries[table.name][table.key_of(old)].expires_at_ms = None
        return done


class DeletesNothing(ModelStorage):
    def apply(self, write):
        if isinstance(write, Put):
            super().apply(write)


class ExpectsNothing(ModelStorage):
    def check_expected(self, aggregate, writes, expect):
        return


class WritesBeforeItChecks(ModelStorage):
    """Half of a refused commit stays."""

    async def commit(self, aggregate, writes, events=(), *, expect=None, durable="local"):
        for write in writes[:1]:
            self.apply(write)
        await super().commit(aggregate, writes, events, expect=expect, durable=durable)


class LosesTheSecondEvent(ModelStorage):
    async def commit(self, aggregate, writes, events=(), *, expect=None, durable="local"):
        await super().commit(aggregate, writes, events[:1], expect=expect, durable=durable)


class TearsCommitsApart(ModelStorage):
    async def tail(self, after, limit=256):
        return (await super().tail(after, limit))[:limit]


class RepeatsThePlaceItWasGiven(ModelStorage):
    async def tail(self, after, limit=256):
        return await super().tail(max(after - 1, 0), limit)


class LeavesQuietCommitsOutOfTheJournal(ModelStorage):
    async def journal(self, after, limit=256):
        return [one for one in await super().journal(after, 10**6) if one.events][:limit]


class NamesOnlyTheFirstRowInTheJournal(ModelStorage):
    def note(self, aggregate, writes, events=()):
        super().note(aggregate, writes[:1], events)


class ForgetsTheCursorOfARebuild(ModelStorage):
    async def rebuild(self, cursor, position, writes):
        await super().rebuild(cursor, self.cursors.get(cursor, 0), writes)


class GivesOneTooMany(ModelStorage):
    def clip(self, rows, limit):
        return rows[: limit + 1]


class TakesEmptyForNull(ModelStorage):
    def apply(self, write):
        super().apply(write)
        if isinstance(write, Put):
            row = type(write.row)(
                *[
                    None if column.optional and getattr(write.row, column.name) == "" else value
                    for column, value in zip(write.table.columns, _values(write.row), strict=True)
                ]
            )
            self.entries[write.table.name][write.table.key_of(row)].row = row


def _values(row: Any) -> list[Any]:
    return [getattr(row, name) for name in row.__struct_fields__]


BUGS = [
    kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, ModelStorage) and kind is not ModelStorage
]
