"""The work on imports: some rows at a time, each step one commit that asks for the next.

receiving -> working -> (removing ->) done, or failed. Killed anywhere, the step is done again: a
row done twice changes nothing more.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import msgspec

from venire.events import AccountDeleted, ImportStepped
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import NotFound, Problem, Throttled
from venire.kernel.ids import AccountId
from venire.people.model import DELETED as ACCOUNT_DELETED
from venire.people.model import Account
from venire.people.rules import may_write
from venire.people.standing import standing
from venire.people.store import load_account
from venire.posts.media.studio import Tools
from venire.posts.moving import store
from venire.posts.moving.applying import apply_filter, apply_tie
from venire.posts.moving.archive_posts import bring_post
from venire.posts.moving.model import (
    ARCHIVE,
    BROUGHT,
    DONE,
    FAILED,
    FILTERS,
    OVERWRITE,
    RECEIVING,
    REFUSED,
    REMOVING,
    SKIPPED,
    THERE,
    WAITS,
    BroughtPost,
    FilterLine,
    Import,
    Outcome,
    Report,
    TieLine,
)
from venire.posts.moving.removing import remove_unnamed, wanted_of
from venire.storage.verbs import Envelope, Write
from venire.storage.world import World

CURSOR: Final = "imports"
HEARS: Final = (ImportStepped, AccountDeleted)
ROWS_AT_ONCE: Final = 40
FAILURES_MOST: Final = 10_000
"""Rows that are kept to be looked at; beyond, they are counted only."""
_BREATH_S: Final = 0.05
"""Between steps: what members post meanwhile comes first."""
_READ_BYTES: Final = 1 << 18
_LAG: Final = 2_000
_LAG_ROUNDS: Final = 40
_STUMBLES_MOST: Final = 20
_TEXT: Final = 300
_LINE_BYTES: Final = 1 << 17
_TYPES: Final = {ARCHIVE: BroughtPost, FILTERS: FilterLine}

Line = TieLine | FilterLine | BroughtPost

_log = logging.getLogger(__name__)


async def hear_ties(tools: Tools, envelope: Envelope) -> None:
    """Go on with an import of ties; end all those of an account that left. Told twice is once."""
    match envelope.event:
        case ImportStepped(import_id=import_id, account_id=account_id):
            if not await _is_archive(tools.world, account_id, import_id):
                await step(tools, account_id, import_id)
        case AccountDeleted(account_id=account_id):
            for one in await store.imports_of(tools.world, account_id, limit=store.IMPORTS_MOST):
                await _end(tools.world, one, FAILED, code="account_closed")
        case _:
            return


async def hear_archives(tools: Tools, envelope: Envelope) -> None:
    """Go on with the import of an archive. Told twice is once."""
    event = envelope.event
    if isinstance(event, ImportStepped) and await _is_archive(
        tools.world, event.account_id, event.import_id
    ):
        await _yield_to_detection(tools.world, envelope.sequence)
        await step(tools, event.account_id, event.import_id)


async def _is_archive(world: World, account_id: int, import_id: int) -> bool:
    try:
        return (await store.load(world, account_id, import_id)).kind == ARCHIVE
    except NotFound:
        return False


async def on_timer(tools: Tools, key: str) -> None:
    """Look after an import: one that never arrived whole is ended, one that paused goes on."""
    account_id, _, import_id = key.partition(":")
    world = tools.world
    try:
        one = await store.load(world, int(account_id), int(import_id))
    except NotFound:
        return
    if one.state == RECEIVING:
        await _end(world, one, FAILED, code="upload_cut_off")
    elif one.paused_until_ms is not None and one.paused_until_ms <= world.now_ms():
        await store.save(world, store.next_of(world, one, paused_until_ms=None), steps=True)


async def _yield_to_detection(world: World, sequence: int) -> None:
    """Wait while detectors are far behind: a threat posted now is read before old posts are."""
    for _ in range(_LAG_ROUNDS):
        if sequence - await world.storage.position("detection") <= _LAG:
            return
        await asyncio.sleep(0.25)


async def step(tools: Tools, account_id: int, import_id: int, *, alone: bool = False) -> Import:
    """Do the next rows of an import; the import as it is then. NotFound.

    `alone`: no site runs beside (a command): films are converted here.
    """
    world = tools.world
    one = await store.load(world, account_id, import_id)
    if one.ended or one.state == RECEIVING or _paused(world, one):
        return one
    me = await load_account(world, account_id)
    if me is None or me.state == ACCOUNT_DELETED:
        return await _end(world, one, FAILED, code="account_closed")
    if (hindered := await _hindered(world, one)) is not None:
        return hindered
    if one.state == REMOVING:
        stepped = await _remove(tools, me, one)
    else:
        stepped = await _work(tools, me, one, alone=alone)
    if not stepped.ended and not alone:
        await asyncio.sleep(_BREATH_S)
    return stepped


def _paused(world: World, one: Import) -> bool:
    return one.paused_until_ms is not None and one.paused_until_ms > world.now_ms()


async def _hindered(world: World, one: Import) -> Import | None:
    """An import of someone who may not write now: ended, or put off for an hour."""
    stands = await standing(world, one.account_id)
    if may_write(stands, posting=one.kind == ARCHIVE, waived=world.site.acceptance):
        return None
    if stands.suspended or stands.terminated:
        return await _end(world, one, FAILED, code="account_suspended")
    return await _pause(world, one, HOUR_MS)


async def _pause(world: World, one: Import, for_ms: int, report: Report | None = None) -> Import:
    until_ms = world.now_ms() + for_ms
    later = store.next_of(
        world, one, paused_until_ms=until_ms, report=one.report if report is None else report
    )
    saved = await store.save(world, later, store.wake_writes(later, until_ms))
    return later if saved else await store.load(world, one.account_id, one.id)


async def _end(world: World, one: Import, state: str, *, code: str = "") -> Import:
    while not one.ended:
        report = msgspec.structs.replace(one.report, code=code)
        ended = store.next_of(world, one, state=state, report=report, paused_until_ms=None)
        if await store.save(world, ended, store.end_writes(world, one)):
            return ended
        one = await store.load(world, one.account_id, one.id)
    return one


async def _work(tools: Tools, me: Account, one: Import, *, alone: bool) -> Import:
    world = tools.world
    raws = await _raw_lines(tools, one)
    if not raws and one.place < one.stop:
        return await _end(world, one, FAILED, code="source_missing")
    report, place, writes = one.report, one.place, list[Write]()
    wait_ms = 0
    for raw in raws:
        line = msgspec.json.decode(raw, type=_TYPES.get(one.kind, TieLine))
        try:
            outcome = await _apply(tools, me, one, line, report, alone=alone)
        except Throttled as throttled:
            # A new account's budget: the rest waits until there is one again.
            wait_ms = int(str(throttled.data.get("retry_after_s", 60))) * 1_000
            break
        except Problem:
            raise
        except Exception:  # noqa: BLE001 - one odd row does not hold up all that follow
            _log.exception("import_row_failed", extra={"import_id": one.id})
            outcome = Outcome(REFUSED, "internal_error")
        report = counted(report, outcome)
        place += len(raw) + 1
        if outcome.state == REFUSED and sum(report.refused.values()) <= FAILURES_MOST:
            writes.append(store.failure_write(one, line.n, _shown(line), outcome.code))
    moved = store.next_of(world, one, report=report, place=place, paused_until_ms=None)
    return await _note(world, moved, writes, wait_ms)


async def _note(world: World, moved: Import, writes: list[Write], wait_ms: int) -> Import:
    """Commit what a step did, and what comes next."""
    if wait_ms:
        until_ms = world.now_ms() + wait_ms
        moved = msgspec.structs.replace(moved, paused_until_ms=until_ms)
        writes += store.wake_writes(moved, until_ms)
    elif moved.place >= moved.stop:
        removes = moved.mode == OVERWRITE and moved.kind != ARCHIVE
        moved = msgspec.structs.replace(moved, state=REMOVING if removes else DONE)
        writes += [] if removes else store.end_writes(world, moved)
    goes_on = not moved.ended and not wait_ms
    if await store.save(world, moved, writes, steps=goes_on):
        return moved
    return await store.load(world, moved.account_id, moved.id)


async def _apply(
    tools: Tools, me: Account, one: Import, line: Line, report: Report, *, alone: bool
) -> Outcome:
    if isinstance(line, BroughtPost):
        return await bring_post(tools, me, one.source_key, line, alone=alone)
    if isinstance(line, FilterLine):
        return await apply_filter(tools.world, AccountId(me.id), line)
    if report.waited + report.waiting >= store.WAITING_MOST:
        return Outcome(REFUSED, "too_many_waiting")
    return await apply_tie(tools.world, me, one.kind, line)


def _shown(line: Line) -> str:
    return (line.uri if isinstance(line, BroughtPost) else line.text)[:_TEXT]


def counted(report: Report, outcome: Outcome) -> Report:
    """A report with one more row."""
    changes: dict[str, object] = {}
    match outcome.state:
        case state if state in {BROUGHT, THERE, WAITS}:
            changes[state] = getattr(report, state) + 1
        case state:
            kind = "skipped" if state == SKIPPED else "refused"
            codes = getattr(report, kind)
            changes[kind] = {**codes, outcome.code: codes.get(outcome.code, 0) + 1}
    changes["media"] = report.media + outcome.media
    changes["media_missing"] = report.media_missing + outcome.media_missing
    return msgspec.structs.replace(report, **changes)


async def _raw_lines(tools: Tools, one: Import) -> list[bytes]:
    """The next rows as they are kept, whole ones only."""
    size = min(_READ_BYTES, one.stop - one.place)
    piece = await tools.objects.read(one.source_key, one.place, size) if size > 0 else b""
    whole, _, _ = piece.rpartition(b"\n")
    return whole.split(b"\n")[:ROWS_AT_ONCE] if whole else []


async def _remove(tools: Tools, me: Account, one: Import) -> Import:
    """Take away the next ties that the file does not name."""
    world = tools.world
    kind = _TYPES.get(one.kind, TieLine)
    content = await _whole(tools, one)
    lines = [msgspec.json.decode(raw, type=kind) for raw in content.splitlines()]
    wanted = wanted_of(world, one.kind, [x for x in lines if not isinstance(x, BroughtPost)])
    removed = await remove_unnamed(world, me, one.kind, wanted, one.report.reached)
    report = msgspec.structs.replace(
        one.report, removed=one.report.removed + removed.count, reached=removed.reached or ""
    )
    state = DONE if removed.reached is None else REMOVING
    moved = store.next_of(world, one, report=report, state=state)
    writes = store.end_writes(world, moved) if moved.ended else []
    if await store.save(world, moved, writes, steps=not moved.ended):
        return moved
    return await store.load(world, one.account_id, one.id)


async def _whole(tools: Tools, one: Import) -> bytes:
    parts = []
    place = one.start
    while place < one.stop:
        part = await tools.objects.read(
            one.source_key, place, min(_READ_BYTES * 4, one.stop - place)
        )
        if not part:
            break
        parts.append(part)
        place += len(part)
    return b"".join(parts)
