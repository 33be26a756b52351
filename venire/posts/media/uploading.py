"""From an uploaded file to a medium that can be shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO, Final

import msgspec

from venire.events import MediumUploaded
from venire.kernel.errors import Conflict, Invalid, Problem
from venire.kernel.ids import AccountId
from venire.kernel.ports import ObjectStore
from venire.posts.media import keeping, rules, store, tasks
from venire.posts.media.model import (
    FAILED,
    GIFV,
    IMAGE,
    READY,
    WORKING,
    Attachment,
    Drawn,
    Filmed,
    Medium,
)
from venire.posts.media.studio import Studio, Target, Tools, from_parts, target
from venire.storage.verbs import Envelope
from venire.storage.world import World

HEARS: Final = (MediumUploaded,)
"""What `convert` is told of."""
_TRIES: Final = 8
_READ_BYTES: Final = 1 << 20


class Upload(msgspec.Struct, frozen=True):
    """What a member hands in: open files on disk, and what they say about them."""

    file: BinaryIO
    size: int
    description: str | None = None
    focus: tuple[float, float] | None = None
    thumbnail: BinaryIO | None = None


async def upload(tools: Tools, account_id: int, sent: Upload) -> Medium:
    """Take a file in. A picture is ready at once; a film is working, with its small picture there.

    Raises Invalid `media_empty`, `media_type_unknown`, `media_too_large`, `films_not_supported`,
    `description_too_long`, or a code of `rules.FAULTS`; Unavailable.
    """
    world, studio = tools.world, tools.studio
    description = rules.check_description(sent.description)
    form = rules.check_form(
        rules.form_of(await head(sent.file)), sent.size, films=studio.films is not None
    )
    media_id = world.ids.next()
    first = Attachment(
        id=media_id,
        kind=IMAGE,
        original="",
        small=None,
        content_type="",
        name=world.chance.token(16).hex(),
        description=description,
        focus=sent.focus,
    )
    with target() as made, target() as own:
        raw: BinaryIO | None = None
        if form in rules.IMAGE_FORMS:
            drawn = await studio.draw(sent.file, form, tasks.MEDIUM, made)
            filled = _drawn(first, drawn)
            raw = sent.file if drawn.moving else None
        else:
            filled = _looked(first, await studio.look(sent.file, form, made))
            raw = sent.file
        small = made.small
        if sent.thumbnail is not None:
            filled = await own_thumbnail(studio, filled, sent.thumbnail, own)
            small = own.small
        files = _Files(made.original if raw is None else None, small, raw)
        medium = await _begin(world, account_id, filled, files)
        return await _store_first(tools, medium, files)


class _Files(msgspec.Struct, frozen=True):
    """What a new medium is made of; `original` or `raw` is there."""

    original: BinaryIO | None
    small: BinaryIO
    raw: BinaryIO | None


async def head(file: BinaryIO) -> bytes:
    """The first bytes of a file: enough to see what it is."""
    file.seek(0)
    return await asyncio.to_thread(file.read, 64)


def _drawn(attachment: Attachment, drawn: Drawn) -> Attachment:
    meta = {
        "original": rules.sizes(drawn.width, drawn.height),
        "small": rules.sizes(drawn.small_width, drawn.small_height),
    }
    return msgspec.structs.replace(
        attachment,
        kind=GIFV if drawn.moving else IMAGE,
        content_type=drawn.content_type,
        name=attachment.name
        if drawn.moving
        else rules.file_name(attachment.name, drawn.content_type),
        small_type=drawn.small_type,
        blurhash=drawn.blurhash,
        meta=meta,
    )


def _looked(attachment: Attachment, filmed: Filmed) -> Attachment:
    meta = {"original": filmed.meta}
    if filmed.small_type:
        meta["small"] = rules.sizes(filmed.small_width, filmed.small_height)
    return msgspec.structs.replace(
        attachment,
        kind=filmed.kind,
        small_type=filmed.small_type or None,
        blurhash=filmed.blurhash,
        meta=meta,
    )


async def own_thumbnail(
    studio: Studio, attachment: Attachment, thumbnail: BinaryIO, made: Target
) -> Attachment:
    """An attachment with a picture that its uploader chose. Raises what `Studio.draw` does."""
    form = rules.form_of(await head(thumbnail))
    if form not in rules.IMAGE_FORMS:
        raise rules.fault("media_broken")
    drawn = await studio.draw(thumbnail, form, tasks.THUMBNAIL, made)
    return msgspec.structs.replace(
        attachment,
        small_type=drawn.small_type,
        blurhash=drawn.blurhash,
        meta={**attachment.meta, "small": rules.sizes(drawn.small_width, drawn.small_height)},
    )


async def _begin(world: World, account_id: int, attachment: Attachment, files: _Files) -> Medium:
    """Commit what a new medium will be made of, before any of it is put."""
    now_ms = world.now_ms()
    has_small = attachment.small_type is not None
    medium = Medium(
        id=attachment.id,
        version=1,
        account_id=AccountId(account_id),
        state=WORKING,
        attached=False,
        created_at_ms=now_ms,
        lapses_at_ms=now_ms + rules.LAPSE_MS,
        raw=None if files.raw is None else await keeping.key_of(files.raw),
        attachment=msgspec.structs.replace(
            attachment,
            original="" if files.original is None else await keeping.key_of(files.original),
            small=await keeping.key_of(files.small) if has_small else None,
        ),
    )
    uses = store.use_writes(store.aggregate(medium.id), medium.keys)
    if not await store.save(world, medium, [*uses, store.lapse_timer(medium)]):
        raise Conflict("try_again", "This changed meanwhile: try again")
    return medium


async def _store_first(tools: Tools, medium: Medium, files: _Files) -> Medium:
    """Put the objects of a new medium; a film then waits for its conversion."""
    world, attachment = tools.world, medium.attachment
    wanted = (
        (medium.raw, files.raw),
        (attachment.small, files.small),
        (attachment.original, files.original),
    )
    try:
        for key, file in wanted:
            if key and file is not None:
                await keeping.keep(world, tools.objects, key, file)
    except Problem:
        # Nothing by half: whoever asked is told that it failed.
        await store.remove(world, medium)
        raise
    done = store.next_of(medium, state=READY if files.raw is None else WORKING)
    told = [] if files.raw is None else [MediumUploaded(medium.id)]
    if not await store.save(world, done, [], *told):
        raise Conflict("try_again", "This changed meanwhile: try again")
    return done


async def convert(tools: Tools, envelope: Envelope) -> None:
    """Make of an uploaded film what is shown. Told again, it goes on from where it is."""
    event = envelope.event
    if not isinstance(event, HEARS):
        return
    medium = await store.load(tools.world, event.media_id)
    if medium is None or medium.state != WORKING or medium.raw is None:
        return
    try:
        async with from_parts(_parts(tools.objects, medium.raw)) as file:
            form = rules.form_of(await head(file))
            with target() as made:
                filmed = await tools.studio.convert(file, form or "", made)
                await _finish(tools, medium.id, filmed, made)
    except Invalid:
        await _give_up(tools.world, medium.id)


async def _parts(objects: ObjectStore, key: str) -> AsyncIterator[bytes]:
    start = 0
    while part := await objects.read(key, start, _READ_BYTES):
        start += len(part)
        yield part


async def _finish(tools: Tools, media_id: int, filmed: Filmed, made: Target) -> None:
    world = tools.world
    key = await keeping.key_of(made.original)
    user = store.aggregate(media_id)
    for _ in range(_TRIES):
        there = await store.load(world, media_id)
        if there is None or there.state != WORKING:
            # Deleted meanwhile: what was put for it is not needed.
            await store.look_at(world, key)
            return
        if there.coming != key:
            coming = store.next_of(there, coming=key)
            if not await store.save(world, coming, store.use_writes(user, [key])):
                continue
            there = coming
        await keeping.keep(world, tools.objects, key, made.original)
        ready = store.next_of(
            there, state=READY, raw=None, coming=None, attachment=_filmed(there, filmed, key)
        )
        old = [there.raw] if there.raw and there.raw != key else []
        if await store.save(world, ready, store.end_writes(world, user, old)):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _filmed(medium: Medium, filmed: Filmed, key: str) -> Attachment:
    attachment = medium.attachment
    meta = {**attachment.meta, "original": filmed.meta}
    return msgspec.structs.replace(
        attachment,
        kind=filmed.kind,
        original=key,
        content_type=filmed.content_type,
        name=rules.file_name(attachment.name[:32], filmed.content_type),
        meta={name: meta[name] for name in ("original", "small") if name in meta},
    )


async def _give_up(world: World, media_id: int) -> None:
    for _ in range(_TRIES):
        there = await store.load(world, media_id)
        if there is None or there.state != WORKING:
            return
        failed = store.next_of(there, state=FAILED, raw=None)
        ends = store.end_writes(world, store.aggregate(media_id), [there.raw] if there.raw else [])
        if await store.save(world, failed, ends):
            return
