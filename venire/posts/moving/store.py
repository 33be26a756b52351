"""The only opener of the tables of imports and of what waits for other sites."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from venire.events import Event, ImportStepped
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, NotFound
from venire.posts.media import store as media
from venire.posts.moving.model import Import, Report, TieLine
from venire.storage.tables.moving import (
    IMPORT_FAILURES,
    IMPORTS,
    WAITING_TIES,
    ImportFailureRow,
    ImportRow,
    WaitingTieRow,
)
from venire.storage.timers import timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

TIMER = "import"
"""Looks after an import that was cut off, or waits."""
KEPT_MS = 90 * DAY_MS
IMPORTS_MOST = 200
WAITING_MOST = 50_000
"""Rows of one kind that may wait for other sites: a partition has an end."""
_PAGE = 500
_REPORT = msgspec.json.Decoder(Report)
_LINE = msgspec.json.Decoder(TieLine)


def aggregate(import_id: int) -> str:
    """The aggregate of an import."""
    return f"import:{import_id}"


def _import(row: ImportRow) -> Import:
    values = msgspec.structs.asdict(row)
    values["report"] = _REPORT.decode(values.pop("body"))
    return Import(**values)


def put(one: Import) -> Write:
    """The write of an import."""
    values = msgspec.structs.asdict(one)
    values["body"] = msgspec.json.encode(values.pop("report"))
    return Put(IMPORTS, ImportRow(**values), one.made_at_ms + KEPT_MS)


def next_of(world: World, one: Import, **changes: object) -> Import:
    """An import as its next version."""
    return msgspec.structs.replace(
        one, version=one.version + 1, changed_at_ms=world.now_ms(), **changes
    )


async def load(world: World, account_id: int, import_id: int) -> Import:
    """One of a member's imports. NotFound `record_not_found`."""
    row = await world.storage.get(IMPORTS, (account_id, import_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return _import(row)


async def imports_of(
    world: World, account_id: int, *, below: int | None = None, limit: int = 20
) -> list[Import]:
    """A member's imports, the latest first."""
    bound = None if below is None else (below,)
    rows = await world.storage.range(IMPORTS, (account_id,), below=bound, limit=limit)
    return [_import(row) for row in rows]


async def save(
    world: World, one: Import, writes: Sequence[Write] = (), *, steps: bool = False
) -> bool:
    """Commit an import's next version; False where it moved meanwhile.

    `steps`: whoever works on imports is told to go on.
    """
    events: list[Event] = [ImportStepped(one.id, one.account_id)] if steps else []
    try:
        await world.storage.commit(
            aggregate(one.id), [put(one), *writes], events, expect=one.version - 1
        )
    except Conflict:
        return False
    return True


def use_writes(one: Import) -> list[Write]:
    """The writes that say that an import needs its file."""
    return media.use_writes(aggregate(one.id), [one.source_key])


def end_writes(world: World, one: Import) -> list[Write]:
    """The writes that say that it needs it no more."""
    return media.end_writes(world, aggregate(one.id), [one.source_key])


def wake_writes(one: Import, due_ms: int) -> list[Write]:
    """The timer that looks after an import."""
    return [timer(aggregate(one.id), TIMER, f"{one.account_id}:{one.id}", due_ms)]


def failure_write(one: Import, n: int, row: str, code: str) -> Write:
    """The write of a row that could not be brought in."""
    kept = ImportFailureRow(one.account_id, one.id, n, row, code)
    return Put(IMPORT_FAILURES, kept, one.made_at_ms + KEPT_MS)


async def failures(
    world: World, import_id: int, *, above: int | None = None, limit: int = _PAGE
) -> list[ImportFailureRow]:
    """Rows that could not be brought in, in the order of the file."""
    bound = None if above is None else (above,)
    return await world.storage.range(IMPORT_FAILURES, (import_id,), above=bound, limit=limit)


async def put_waiting(world: World, account_id: int, kind: str, line: TieLine) -> None:
    """Note a tie to something elsewhere; again is once."""
    body = msgspec.json.encode(line)
    now_ms = world.now_ms()
    row = WaitingTieRow(account_id, kind, line.address, line.list_title, body, now_ms)
    await world.storage.put(WAITING_TIES, row)


def waiting_line(row: WaitingTieRow) -> TieLine:
    """The row of a file that waits."""
    return _LINE.decode(row.body)


async def drop_waiting(world: World, row: WaitingTieRow) -> None:
    """Forget a tie to something elsewhere."""
    await world.storage.delete(WAITING_TIES, row)


async def waiting_page(
    world: World,
    account_id: int,
    kind: str,
    after: tuple[str, str] | None = None,
    limit: int = _PAGE,
) -> list[WaitingTieRow]:
    """What waits of a kind, by address."""
    return await world.storage.range(WAITING_TIES, (account_id, kind), above=after, limit=limit)


async def waiting(world: World, account_id: int, kind: str) -> AsyncIterator[WaitingTieRow]:
    """Everything that waits of a kind, a page at a time."""
    after: tuple[str, str] | None = None
    while True:
        rows = await waiting_page(world, account_id, kind, after)
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = (rows[-1].address, rows[-1].detail)
