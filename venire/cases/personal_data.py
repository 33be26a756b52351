"""Everything that the tables hold about an account, for its owner: derived from their `subject`.

A row is its first subject's: whoever made it. Who judged, who reported and what was done in office
stay here; so do secrets that open doors, what was removed, and rows that only repeat others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from venire.cases.personal_tables import REPEATED, SECRETS, WITHHELD
from venire.kernel.ids import PostId
from venire.people.endorsements import ENDORSEMENT
from venire.people.letters import SUMMONS
from venire.people.phones import number_in
from venire.people.relations import BLOCK, MUTE, NOTE
from venire.posts.listing import account_entries
from venire.posts.marks import BOOKMARK, FAVOURITE, PIN, REBLOG
from venire.posts.model import REMOVED, Stretch
from venire.posts.moving.model import BLOCKS, BOOKMARKS, FOLLOWS, LISTS, MUTES
from venire.posts.spans import last_id_of, month_of
from venire.posts.store import load_many
from venire.storage.tables.appeals import APPEALS, APPEALS_BY_ACCOUNT
from venire.storage.tables.cases import REPORTS, REPORTS_BY_REPORTER
from venire.storage.tables.conversations import CONVERSATION_LIST, CONVERSATIONS
from venire.storage.tables.every import ALL
from venire.storage.tables.letters import LetterLostRow, LetterRow
from venire.storage.tables.media import MEDIA, POST_MEDIA
from venire.storage.tables.moving import IMPORT_FAILURES, IMPORTS, POST_ORIGINS, WAITING_TIES
from venire.storage.tables.notifications import HELD_NOTIFICATIONS
from venire.storage.tables.payments import ACCOUNT_PAYMENTS, PAYMENTS
from venire.storage.tables.phones import PhoneRow
from venire.storage.tables.posts import (
    ACCOUNT_POSTS,
    ACCOUNT_YEARS,
    DISMISSALS,
    NOTIFICATIONS,
    POST_VERSIONS,
    POSTS,
)
from venire.storage.tables.reactions import ACT_YEARS, ACTS, MARKS
from venire.storage.tables.ties import RELATIONS
from venire.storage.verbs import Key, Table
from venire.storage.world import World

_PAGE = 250
_KINDS_OF_RELATION = (BLOCK, MUTE, NOTE, ENDORSEMENT)
_OFFICE = "admin."
_MONTHS = 9

Rows = AsyncIterator[Any]


def exported_tables() -> tuple[Table[Any], ...]:
    """The tables whose rows go out to their first subject."""
    return tuple(
        table
        for table in ALL
        if table.subject
        and not table.rebuildable
        and table.name not in WITHHELD
        and table.name not in REPEATED
    )


async def personal_data(
    world: World, account_id: int
) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    """A file of JSON lines for each table that holds something, by its name in an archive."""
    for table in exported_tables():
        yield f"data/{table.name}.jsonl", _lines(world, table, rows_of(world, table, account_id))


async def _lines(world: World, table: Table[Any], rows: Rows) -> AsyncIterator[bytes]:
    plain = [column for column in table.columns if column.name not in SECRETS]
    async for row in rows:
        shown = {column.name: _shown(getattr(row, column.name)) for column in plain}
        if isinstance(row, PhoneRow) and row.sealed_number:
            shown["number"] = number_in(world, row)
        yield msgspec.json.encode(shown) + b"\n"


def _shown(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return msgspec.json.decode(value) if value else None
    except msgspec.MsgspecError:
        return None


async def rows_of(world: World, table: Table[Any], account_id: int) -> Rows:
    """The rows of a table whose first subject an account is."""
    way = _WAYS.get(table.name)
    if way is not None:
        found = way(world, account_id)
    elif table.partition == (table.subject[0],):
        found = _partition(world, table, (account_id,))
    else:
        # A table that nobody showed a way through: whole, and so complete.
        found = _scanned(world, table)
    async for row in found:
        if getattr(row, table.subject[0]) == account_id and not _of_duty(row):
            yield row


def _of_duty(row: Any) -> bool:
    """Whether a row tells of a task: a moderator hears who reported, a juror of a summons."""
    if isinstance(row, LetterRow | LetterLostRow):
        return row.kind == SUMMONS
    return str(getattr(row, "type", "")).startswith(_OFFICE)


async def _partition(world: World, table: Table[Any], key: Key) -> Rows:
    after: Key | None = None
    while True:
        if table.descending:
            rows = await world.storage.range(table, key, below=after, limit=_PAGE)
        else:
            rows = await world.storage.range(table, key, above=after, limit=_PAGE)
        for row in rows:
            yield row
        if len(rows) < _PAGE or not table.clustering:
            return
        after = tuple(getattr(rows[-1], name) for name in table.clustering)
        await asyncio.sleep(0)


async def _scanned(world: World, table: Table[Any]) -> Rows:
    cursor: bytes | None = None
    while True:
        rows, cursor = await world.storage.scan(table, cursor, _PAGE)
        for row in rows:
            yield row
        if cursor is None:
            return
        await asyncio.sleep(0)


async def _each(world: World, table: Table[Any], keys: Sequence[Key]) -> Rows:
    for start in range(0, len(keys), _PAGE):
        for row in await world.storage.get_many(table, keys[start : start + _PAGE]):
            if row is not None:
                yield row


async def _post_ids(world: World, account_id: int) -> AsyncIterator[list[PostId]]:
    below: int | None = None
    while True:
        entries = await account_entries(world, account_id, Stretch(None, below, _PAGE))
        found = await load_many(world, [entry.id for entry in entries])
        # What was removed is repeated nowhere, not even to its author.
        yield [post.id for post in found if post.state != REMOVED]
        if len(entries) < _PAGE:
            return
        below = entries[-1].id


def _of_posts(table: Table[Any]) -> Callable[[World, int], Rows]:
    """A table of which each post has a row."""

    async def rows(world: World, account_id: int) -> Rows:
        async for ids in _post_ids(world, account_id):
            async for row in _each(world, table, [(one,) for one in ids]):
                yield row

    return rows


async def _versions(world: World, account_id: int) -> Rows:
    async for ids in _post_ids(world, account_id):
        for post_id in ids:
            async for row in _partition(world, POST_VERSIONS, (post_id,)):
                yield row


async def _media(world: World, account_id: int) -> Rows:
    async for ids in _post_ids(world, account_id):
        for post_id in ids:
            carried = [one async for one in _partition(world, POST_MEDIA, (post_id,))]
            async for row in _each(world, MEDIA, [(one.media_id,) for one in carried]):
                yield row


def _by_year(table: Table[Any]) -> Callable[[World, int], Rows]:
    """A table in parts by the years in which an account posted, or could have acted."""

    async def rows(world: World, account_id: int) -> Rows:
        noted = [one.year async for one in _partition(world, ACCOUNT_YEARS, (account_id,))]
        newest = month_of(last_id_of(world.now_ms())) // 12
        years = set(noted) if table is ACCOUNT_POSTS else range(min([*noted, 2006]), newest + 2)
        for year in sorted(years):
            async for row in _partition(world, table, (account_id, year)):
                yield row

    return rows


async def _acts(world: World, account_id: int) -> Rows:
    for kind in (FAVOURITE, BOOKMARK, REBLOG, PIN):
        # Pins lie in one part, whatever their year.
        years = {0} | {one.year async for one in _partition(world, ACT_YEARS, (account_id, kind))}
        for year in sorted(years):
            async for row in _partition(world, ACTS, (account_id, kind, year)):
                yield row


def _by_month(table: Table[Any]) -> Callable[[World, int], Rows]:
    """A table in parts by the months for which notifications are kept."""

    async def rows(world: World, account_id: int) -> Rows:
        newest = month_of(last_id_of(world.now_ms())) + 1
        for month in range(newest - _MONTHS, newest + 1):
            async for row in _partition(world, table, (account_id, month)):
                yield row

    return rows


def _by_kind(table: Table[Any], kinds: Sequence[str]) -> Callable[[World, int], Rows]:
    """A table in parts by kind."""

    async def rows(world: World, account_id: int) -> Rows:
        for kind in kinds:
            async for row in _partition(world, table, (account_id, kind)):
                yield row

    return rows


async def _conversations(world: World, account_id: int) -> Rows:
    async for one in _partition(world, CONVERSATION_LIST, (account_id,)):
        async for row in _each(world, CONVERSATIONS, [(account_id, one.conversation_id)]):
            yield row


async def _appeals(world: World, account_id: int) -> Rows:
    async for one in _partition(world, APPEALS_BY_ACCOUNT, (account_id,)):
        key = (one.case_id, one.decision, account_id)
        async for row in _each(world, APPEALS, [key]):
            yield row


async def _reports(world: World, account_id: int) -> Rows:
    async for one in _partition(world, REPORTS_BY_REPORTER, (account_id,)):
        async for row in _each(world, REPORTS, [(one.report_id,)]):
            yield row


async def _payments(world: World, account_id: int) -> Rows:
    async for one in _partition(world, ACCOUNT_PAYMENTS, (account_id,)):
        async for row in _each(world, PAYMENTS, [(one.payment_id,)]):
            yield row


async def _failures(world: World, account_id: int) -> Rows:
    async for one in _partition(world, IMPORTS, (account_id,)):
        async for row in _partition(world, IMPORT_FAILURES, (one.id,)):
            yield row


_WAYS: dict[str, Callable[[World, int], Rows]] = {
    "posts": _of_posts(POSTS),
    "post_origins": _of_posts(POST_ORIGINS),
    "post_versions": _versions,
    "account_posts": _by_year(ACCOUNT_POSTS),
    "media": _media,
    "marks": _by_year(MARKS),
    "acts": _acts,
    "relations": _by_kind(RELATIONS, _KINDS_OF_RELATION),
    "waiting_ties": _by_kind(WAITING_TIES, (FOLLOWS, BLOCKS, MUTES, LISTS, BOOKMARKS)),
    "notifications": _by_month(NOTIFICATIONS),
    "notification_dismissals": _by_month(DISMISSALS),
    "held_notifications": _by_month(HELD_NOTIFICATIONS),
    "conversations": _conversations,
    "appeals": _appeals,
    "reports": _reports,
    "payments": _payments,
    "import_failures": _failures,
}
"""How the rows of an account are found where they lie in several parts."""
