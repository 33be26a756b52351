"""The only opener of the tables of media and of account pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from venire.events import Event
from venire.kernel.errors import Conflict
from venire.kernel.ids import AccountId
from venire.posts.media.model import GONE, Attachment, Medium, Pictures
from venire.storage.memory import Decoded
from venire.storage.tables.media import (
    ACCOUNT_PICTURES,
    LEAVING_OBJECTS,
    MEDIA,
    MEDIUM_POSTS,
    OBJECT_USES,
    POST_MEDIA,
    AccountPicturesRow,
    LeavingObjectRow,
    MediumPostRow,
    MediumRow,
    ObjectUseRow,
)
from venire.storage.timers import timer
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

LAPSE_TIMER = "media"
OBJECT_TIMER = "object"
LEAVING_MS = 600_000
_SHARDS = 16
_POSTS_MOST = 90
_ATTACHMENT = msgspec.json.Decoder(Attachment)
_NO_PICTURES = Pictures()
_PICTURES_BODY = msgspec.json.Decoder(Pictures)
_PICTURES: Decoded[AccountPicturesRow, Pictures] = Decoded(
    lambda row: _PICTURES_BODY.decode(row.body)
)


def aggregate(media_id: int) -> str:
    """The aggregate of a medium."""
    return f"media:{media_id}"


def pictures_aggregate(account_id: int) -> str:
    """The aggregate of an account's pictures."""
    return f"pictures:{account_id}"


def _medium(row: MediumRow) -> Medium:
    return Medium(
        id=row.id,
        version=row.version,
        account_id=AccountId(row.account_id),
        state=row.state,
        attached=row.attached,
        created_at_ms=row.created_at_ms,
        lapses_at_ms=row.lapses_at_ms,
        raw=row.raw_key,
        coming=row.coming_key,
        attachment=_ATTACHMENT.decode(row.body),
    )


def _row(medium: Medium) -> MediumRow:
    return MediumRow(
        id=medium.id,
        version=medium.version,
        account_id=medium.account_id,
        state=medium.state,
        attached=medium.attached,
        created_at_ms=medium.created_at_ms,
        lapses_at_ms=medium.lapses_at_ms,
        raw_key=medium.raw,
        coming_key=medium.coming,
        body=msgspec.json.encode(medium.attachment),
    )


async def load(world: World, media_id: int) -> Medium | None:
    """A medium, None where there is none or it was removed."""
    row = await world.storage.get(MEDIA, (media_id,))
    return None if row is None or row.state == GONE else _medium(row)


async def load_many(world: World, media_ids: Sequence[int]) -> list[Medium | None]:
    """Media in the order of their ids, None where there is none."""
    rows = await world.storage.get_many(MEDIA, [(media_id,) for media_id in media_ids])
    return [None if row is None or row.state == GONE else _medium(row) for row in rows]


def next_of(medium: Medium, **changes: object) -> Medium:
    """A medium as its next version."""
    return msgspec.structs.replace(medium, version=medium.version + 1, **changes)


def put(medium: Medium) -> Write:
    """The write of a medium."""
    return Put(MEDIA, _row(medium))


def lapse_timer(medium: Medium) -> Write:
    """The write of the timer by which an unattached medium ends."""
    return timer(aggregate(medium.id), LAPSE_TIMER, str(medium.id), medium.lapses_at_ms)


def use_writes(user: str, keys: Iterable[str]) -> list[Write]:
    """The writes that say that something needs objects."""
    return [Put(OBJECT_USES, ObjectUseRow(key, _shard(user), user)) for key in keys]


def end_writes(world: World, user: str, keys: Iterable[str]) -> list[Write]:
    """The writes that say that it needs them no more, and have the objects looked at."""
    writes: list[Write] = []
    for key in keys:
        writes.append(Delete(OBJECT_USES, ObjectUseRow(key, _shard(user), user)))
        writes.append(timer(user, OBJECT_TIMER, key, world.now_ms()))
    return writes


def _shard(user: str) -> int:
    digits = user.rpartition(":")[2]
    return int(digits) // 2_048 % _SHARDS if digits.isdigit() else 0


async def used(world: World, key: str) -> bool:
    """Whether anything needs an object."""
    for shard in range(_SHARDS):
        if await world.storage.range(OBJECT_USES, (key, shard), limit=1):
            return True
    return False


async def look_at(world: World, key: str, in_ms: int = 0) -> None:
    """Have an object looked at, now or later: whether anything needs it."""
    due = timer(f"object:{key}", OBJECT_TIMER, key, world.now_ms() + in_ms)
    await world.storage.put(due.table, due.row)


async def mark_leaving(world: World, key: str) -> int | None:
    """Say that an object is being removed, until the moment that is returned at most.

    None where somebody has said so already.
    """
    until_ms = world.now_ms() + LEAVING_MS
    there = await world.storage.put_if_absent(
        LEAVING_OBJECTS, LeavingObjectRow(key), expires_at_ms=until_ms
    )
    return until_ms if there is None else None


async def unmark_leaving(world: World, key: str) -> None:
    """Say that it has been removed, or stays."""
    await world.storage.delete(LEAVING_OBJECTS, LeavingObjectRow(key))


async def leaving(world: World, key: str) -> bool:
    """Whether an object is being removed right now."""
    return await world.storage.get(LEAVING_OBJECTS, (key,)) is not None


async def save(world: World, medium: Medium, writes: Sequence[Write], *events: Event) -> bool:
    """Commit a medium's next version with more of its rows; False where it moved meanwhile."""
    try:
        await world.storage.commit(
            aggregate(medium.id),
            [put(medium), *writes],
            events,
            expect=medium.version - 1,
        )
    except Conflict:
        return False
    return True


async def remove(world: World, medium: Medium) -> bool:
    """Remove a medium, and have its objects looked at; False where it moved meanwhile.

    Its row stays until its timer, empty: only a write can be made on condition.
    """
    user = aggregate(medium.id)
    now_ms = world.now_ms()
    blank = Attachment(medium.id, medium.attachment.kind, "", None, "", "")
    gone = next_of(medium, state=GONE, raw=None, coming=None, lapses_at_ms=now_ms, attachment=blank)
    writes = [*end_writes(world, user, medium.keys), lapse_timer(gone)]
    for post_id in await posts_of(world, medium.id):
        writes += untie_writes(medium.id, post_id)
    return await save(world, gone, writes)


async def forget(world: World, media_id: int) -> bool:
    """Delete the row of a medium that was removed; False for any other."""
    row = await world.storage.get(MEDIA, (media_id,))
    if row is None or row.state != GONE:
        return False
    await world.storage.delete(MEDIA, row)
    return True


def post_writes(media_id: int, post_id: int) -> list[Write]:
    """The writes that tie a medium to a post."""
    row = MediumPostRow(media_id, post_id)
    return [Put(MEDIUM_POSTS, row), Put(POST_MEDIA, row)]


def untie_writes(media_id: int, post_id: int) -> list[Write]:
    """The writes that undo it."""
    row = MediumPostRow(media_id, post_id)
    return [Delete(MEDIUM_POSTS, row), Delete(POST_MEDIA, row)]


async def posts_of(world: World, media_id: int) -> list[int]:
    """The posts that carry a medium, or did: more than one only where it was posted again."""
    rows = await world.storage.range(MEDIUM_POSTS, (media_id,), limit=_POSTS_MOST // 2)
    return [row.post_id for row in rows]


async def media_of(world: World, post_id: int) -> list[int]:
    """The media that a post carries, or did before an edit."""
    found: list[int] = []
    while True:
        above = (found[-1],) if found else None
        rows = await world.storage.range(POST_MEDIA, (post_id,), above=above, limit=_POSTS_MOST)
        found += [row.media_id for row in rows]
        if len(rows) < _POSTS_MOST:
            return found


async def load_pictures(world: World, account_ids: Sequence[int]) -> dict[AccountId, Pictures]:
    """The pictures of accounts, the same objects until they change; empty where there are none."""
    rows = await world.storage.get_many(ACCOUNT_PICTURES, [(one,) for one in account_ids])
    return {
        AccountId(one): _NO_PICTURES if row is None else _PICTURES.of(one, row)
        for one, row in zip(account_ids, rows, strict=True)
    }


async def save_pictures(
    world: World, account_id: int, pictures: Pictures, writes: Sequence[Write]
) -> bool:
    """Commit the next version of an account's pictures; False where they moved meanwhile."""
    row = AccountPicturesRow(account_id, pictures.version, msgspec.json.encode(pictures))
    try:
        await world.storage.commit(
            pictures_aggregate(account_id),
            [Put(ACCOUNT_PICTURES, row), *writes],
            expect=pictures.version - 1,
        )
    except Conflict:
        return False
    return True
