"""An archive of all that is a member's: asked for, made beside, kept for a week, opened by a link.

asked -> ready or failed -> gone. A making that was cut off begins again. The archive is an object
like any other; nobody is led to it but by a link that opens once and lapses.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator
from typing import BinaryIO, Final

import msgspec

from venire.cases.court import Court
from venire.cases.personal_data import personal_data
from venire.events import AccountDeleted, Event, ExportAsked
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Conflict, Gone, NotFound, Problem, Throttled
from venire.people.model import DELETED, Account
from venire.people.store import load_account
from venire.people.tokens import new_secret
from venire.posts.media import keeping
from venire.posts.media.store import end_writes, use_writes
from venire.posts.moving.exporting import Exported, export, room
from venire.storage.tables.moving import EXPORT_LINKS, EXPORTS, ExportLinkRow, ExportRow
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World

CURSOR: Final = "exports"
HEARS: Final = (ExportAsked, AccountDeleted)
TIMER: Final = "export"
ASKED: Final = "asked"
READY: Final = "ready"
FAILED: Final = "failed"
GONE: Final = "gone"
KEPT_MS: Final = 7 * DAY_MS
EVERY_MS: Final = DAY_MS
"""How often a member may ask: an archive costs the site what all their posts cost."""
LINK_MS: Final = HOUR_MS
_ROWS_KEPT_MS: Final = 90 * DAY_MS
_LISTED: Final = 100
_PIECE: Final = 1 << 18

_log = logging.getLogger(__name__)


def _aggregate(export_id: int) -> str:
    return f"export:{export_id}"


async def exports_of(world: World, account_id: int, limit: int = 20) -> list[ExportRow]:
    """The archives that a member asked for, the latest first."""
    return await world.storage.range(EXPORTS, (account_id,), limit=limit)


async def load(world: World, account_id: int, export_id: int) -> ExportRow:
    """One of a member's archives. NotFound `record_not_found`."""
    row = await world.storage.get(EXPORTS, (account_id, export_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def ask(world: World, account_id: int) -> ExportRow:
    """Ask for an archive; while one is being made it is that one. Throttled `export_too_soon`."""
    now_ms = world.now_ms()
    for row in await exports_of(world, account_id, 1):
        if row.state == ASKED:
            return row
        wait_ms = row.made_at_ms + EVERY_MS - now_ms
        if row.state == READY and wait_ms > 0 and not world.site.acceptance:
            raise Throttled(
                "export_too_soon",
                "An archive can be made once a day",
                retry_after_s=-(-wait_ms // 1_000),
            )
    export_id = world.ids.next()
    row = ExportRow(
        account_id=account_id,
        id=export_id,
        version=1,
        state=ASKED,
        made_at_ms=now_ms,
        ends_at_ms=now_ms + KEPT_MS,
        object_key="",
        size=0,
        posts=0,
        media=0,
        left_out=0,
    )
    end = timer(_aggregate(export_id), TIMER, f"{account_id}:{export_id}", row.ends_at_ms)
    await _save(world, row, [end], ExportAsked(export_id, account_id))
    return row


async def _save(world: World, row: ExportRow, writes: list[Write], *events: Event) -> bool:
    head = Put(EXPORTS, row, row.made_at_ms + _ROWS_KEPT_MS)
    try:
        await world.storage.commit(
            _aggregate(row.id), [head, *writes], events, expect=row.version - 1
        )
    except Conflict:
        return False
    return True


def _next(row: ExportRow, **changes: object) -> ExportRow:
    return msgspec.structs.replace(row, version=row.version + 1, **changes)


async def hear(court: Court, envelope: Envelope) -> None:
    """Make an archive; take away those of an account that left. Told twice it is once."""
    match envelope.event:
        case ExportAsked(export_id=export_id, account_id=account_id):
            try:
                row = await load(court.world, account_id, export_id)
            except NotFound:
                return
            if row.state == ASKED:
                await _make(court, row)
        case AccountDeleted(account_id=account_id):
            for row in await exports_of(court.world, account_id, _LISTED):
                await _take_away(court.world, row)
        case _:
            return


async def _make(court: Court, row: ExportRow) -> None:
    world = court.world
    account = await load_account(world, row.account_id)
    if account is None or account.state == DELETED:
        await _take_away(world, row)
        return
    with room() as file:
        try:
            done = await write_archive(court, account, file)
            key = await keeping.key_of(file)
            size = file.seek(0, 2)
            # What will be kept is committed before it is; cut off here, the timer lets go of it.
            kept = _next(row, object_key=key)
            uses = use_writes(_aggregate(row.id), [key])
            if row.object_key not in {"", key}:
                uses += end_writes(world, _aggregate(row.id), [row.object_key])
            if not await _save(world, kept, uses):
                return
            await keeping.keep(world, court.media.objects, key, file)
        except Problem:
            _log.exception("export_failed", extra={"export_id": row.id})
            there = await load(world, row.account_id, row.id)
            await _save(world, _next(there, state=FAILED), [])
            return
    ready = _next(
        kept,
        state=READY,
        size=size,
        posts=done.posts,
        media=done.media,
        left_out=done.left_out,
    )
    await _save(world, ready, [])


async def write_archive(court: Court, account: Account, file: BinaryIO) -> Exported:
    """Write all that is an account's into an open file: also what its tables hold."""
    return await export(court.media, account, file, personal_data(court.world, account.id))


async def _take_away(world: World, row: ExportRow) -> None:
    if row.state == GONE:
        return
    ends = end_writes(world, _aggregate(row.id), [row.object_key]) if row.object_key else []
    if not await _save(world, _next(row, state=GONE, object_key=""), ends):
        raise Conflict("try_again", "This changed meanwhile: try again")


async def link(world: World, account_id: int, export_id: int) -> str:
    """A secret that opens an archive once, within the hour. NotFound; Gone `export_gone`."""
    row = await load(world, account_id, export_id)
    if row.state != READY or row.ends_at_ms <= world.now_ms():
        raise Gone("export_gone", "This archive is not here any more: ask for another")
    secret = new_secret(world)
    made = ExportLinkRow(_hash(secret), account_id, export_id, spent=False)
    await world.storage.put_if_absent(EXPORT_LINKS, made, expires_at_ms=world.now_ms() + LINK_MS)
    return secret


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


async def open_link(world: World, secret: str) -> ExportRow:
    """Spend a link; the archive that it opens. NotFound; Gone `export_gone`."""
    row = await world.storage.get(EXPORT_LINKS, (_hash(secret),))
    if row is None or row.spent:
        raise NotFound("record_not_found", "Record not found")
    spent = msgspec.structs.replace(row, spent=True)
    if not await world.storage.compare_and_set(EXPORT_LINKS, row, spent):
        raise NotFound("record_not_found", "Record not found")
    return await ready(world, row.account_id, row.export_id)


async def parts_of(court: Court, row: ExportRow) -> AsyncIterator[bytes]:
    """The bytes of an archive, a piece at a time."""
    at = 0
    while at < row.size and (part := await court.media.objects.read(row.object_key, at, _PIECE)):
        at += len(part)
        yield part


async def ready(world: World, account_id: int, export_id: int) -> ExportRow:
    """An archive that can be read now. NotFound; Gone `export_gone`."""
    row = await load(world, account_id, export_id)
    if row.state != READY or row.ends_at_ms <= world.now_ms():
        raise Gone("export_gone", "This archive is not here any more: ask for another")
    return row


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of archives does: their week is over."""

    async def ended(key: str) -> None:
        account_id, _, export_id = key.partition(":")
        try:
            row = await load(court.world, int(account_id), int(export_id))
        except NotFound:
            return
        await _take_away(court.world, row)

    return {TIMER: ended}
