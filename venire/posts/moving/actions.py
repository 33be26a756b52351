"""What members do with imports: begin one, look at it, stop it. The work itself is in `steps`."""

from __future__ import annotations

import asyncio
import tempfile
from typing import BinaryIO, Final

import msgspec

from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict, Invalid, Problem, Throttled
from venire.kernel.ids import AccountId
from venire.posts.media import keeping
from venire.posts.media.studio import Tools
from venire.posts.moving import csvs, store
from venire.posts.moving.model import (
    ARCHIVE,
    BOOKMARKS,
    FAILED,
    KINDS,
    MERGE,
    MODES,
    RECEIVING,
    SPELLINGS,
    WORKING,
    Import,
    Opened,
    Report,
)
from venire.posts.moving.opening import Bounds, open_archive
from venire.storage.world import World

OPEN_MOST: Final = 10
"""Imports of a member that are under way at once; of archives one."""
_LOOK_AFTER_MS: Final = HOUR_MS
_TRIES: Final = 8


def check_kind(kind: str) -> str:
    """The kind that was asked for, in our spelling. Invalid `import_kind_unknown`."""
    known = SPELLINGS.get(kind, kind)
    if known not in KINDS:
        hint = f"an import is one of {', '.join(KINDS)}"
        raise Invalid("import_kind_unknown", hint)
    return known


def check_mode(mode: str | None) -> str:
    """The mode that was asked for. Invalid `import_mode_unknown`."""
    if mode and mode not in MODES:
        raise Invalid("import_mode_unknown", "an import is merged, or overwrites what is there")
    return mode or MERGE


class _Source(msgspec.Struct, frozen=True):
    """Which part of a kept file holds the rows of an import."""

    kind: str
    mode: str
    start: int
    stop: int
    report: Report


async def begin_file(
    tools: Tools, account_id: int, kind: str, content: bytes, *, mode: str = MERGE
) -> Import:
    """Take in a file of ties. Invalid `import_unreadable`, `import_empty`, and what checks say.

    Throttled `imports_busy`; TooLarge `import_too_large`, `import_too_many_rows`.
    """
    known, mode = check_kind(kind), check_mode(mode)
    await _check_room(tools.world, account_id, archive=False)
    lines = await asyncio.to_thread(csvs.parse, known, content)
    packed = await asyncio.to_thread(csvs.packed, lines)
    waited = 0
    async for _ in store.waiting(tools.world, account_id, known):
        waited += 1
    report = Report(rows=len(lines), waited=waited)
    with tempfile.TemporaryFile() as file:
        file.write(packed)
        file.flush()
        source = _Source(known, mode, 0, len(packed), report)
        return await _begin(tools, account_id, file, source)


async def begin_archive(
    tools: Tools, account_id: int, archive: BinaryIO, size: int, bounds: Bounds | None = None
) -> list[Import]:
    """Take in an archive: the import of its posts, then one of each file of ties in it.

    Raises `opening.fault`s; Throttled `imports_busy`. Nothing stays of one that is refused.
    """
    await _check_room(tools.world, account_id, archive=True)
    async with open_archive(archive, size, bounds or Bounds()) as (opened, file):
        report = Report(
            rows=opened.posts,
            skipped=opened.skipped,
            likes=await asyncio.to_thread(_count_lines, file, opened.likes),
        )
        posts = _Source(ARCHIVE, MERGE, opened.start, opened.stop, report)
        sources = [posts, *await asyncio.to_thread(_parts, file, opened)]
        return [await _begin(tools, account_id, file, source) for source in sources]


def _parts(file: BinaryIO, opened: Opened) -> list[_Source]:
    return [
        _Source(kind, MERGE, start, stop, Report(rows=_count_lines(file, (start, stop))))
        for kind, (start, stop) in sorted(opened.parts.items(), key=lambda part: _turn(part[0]))
        if stop > start
    ]


def _turn(kind: str) -> bool:
    """Bookmarks may be of posts that are brought along: they come last."""
    return kind == BOOKMARKS


def _count_lines(file: BinaryIO, place: tuple[int, int]) -> int:
    file.seek(place[0])
    left, count = place[1] - place[0], 0
    while left > 0 and (part := file.read(min(left, 1 << 20))):
        count += part.count(b"\n")
        left -= len(part)
    return count


async def _check_room(world: World, account_id: int, *, archive: bool) -> None:
    open_now = [
        one
        for one in await store.imports_of(world, account_id, limit=store.IMPORTS_MOST)
        if not one.ended
    ]
    if len(open_now) >= OPEN_MOST or (archive and any(one.kind == ARCHIVE for one in open_now)):
        raise Throttled(
            "imports_busy", "Another import of yours is still under way", retry_after_s=60
        )


async def _begin(tools: Tools, account_id: int, file: BinaryIO, source: _Source) -> Import:
    """Commit what will be kept, keep it, and have the work begin."""
    world = tools.world
    now_ms = world.now_ms()
    one = Import(
        account_id=AccountId(account_id),
        id=world.ids.next(),
        version=1,
        kind=source.kind,
        mode=source.mode,
        state=RECEIVING,
        source_key=await keeping.key_of(file),
        start=source.start,
        stop=source.stop,
        place=source.start,
        made_at_ms=now_ms,
        changed_at_ms=now_ms,
        paused_until_ms=None,
        report=source.report,
    )
    look_after = store.wake_writes(one, now_ms + _LOOK_AFTER_MS)
    await store.save(world, one, [*store.use_writes(one), *look_after])
    try:
        await keeping.keep(world, tools.objects, one.source_key, file)
    except Problem:
        await stop(world, account_id, one.id, code="upload_cut_off")
        raise
    begun = store.next_of(world, one, state=WORKING)
    if not await store.save(world, begun, steps=True):
        raise Conflict("try_again", "This changed meanwhile: try again")
    return begun


async def stop(world: World, account_id: int, import_id: int, *, code: str = "stopped") -> Import:
    """End an import; what it has brought stays. Harmless where it has ended. NotFound."""
    for _ in range(_TRIES):
        one = await store.load(world, account_id, import_id)
        if one.ended:
            return one
        report = msgspec.structs.replace(one.report, code=code)
        ended = store.next_of(world, one, state=FAILED, report=report, paused_until_ms=None)
        if await store.save(world, ended, store.end_writes(world, ended)):
            return ended
    raise Conflict("try_again", "This changed meanwhile: try again")


async def failures_file(world: World, account_id: int, import_id: int) -> bytes:
    """The rows that could not be brought in, and why: a CSV file. NotFound."""
    await store.load(world, account_id, import_id)
    rows: list[tuple[str, str, str]] = []
    above: int | None = None
    while page := await store.failures(world, import_id, above=above):
        rows += [(str(row.n), row.code, row.row) for row in page]
        above = page[-1].n
    return csvs.plain([("Row", "Reason", "As it was"), *rows])
