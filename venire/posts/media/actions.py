"""What is done with media: describe, delete, put into a post, keep for later, let lapse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.posts import rules as post_rules
from venire.posts import store as posts
from venire.posts.media import keeping, rules, store
from venire.posts.media.model import IMAGE, Attachment, Medium
from venire.posts.media.studio import Tools, target
from venire.posts.media.uploading import own_thumbnail
from venire.posts.model import DELETED, REMOVED
from venire.storage.world import World

_TRIES: Final = 8


async def load_own(world: World, account_id: int, media_id: int) -> Medium:
    """One's own medium. NotFound, also while a post that carries it is removed."""
    medium = await store.load(world, media_id)
    if medium is None or medium.account_id != account_id or _lapsed(world, medium):
        raise NotFound("record_not_found", "Record not found")
    if medium.attached:
        carriers = await posts.load_many(world, await store.posts_of(world, medium.id))
        if any(post.state == REMOVED for post in carriers):
            # What may harm a child is shown to nobody again, not even to who uploaded it.
            raise NotFound("record_not_found", "Record not found")
    return medium


def _lapsed(world: World, medium: Medium) -> bool:
    return not medium.attached and medium.lapses_at_ms <= world.now_ms()


class Wording(msgspec.Struct, frozen=True):
    """What is changed about a medium; None leaves a thing as it is."""

    description: str | None = None
    focus: tuple[float, float] | None = None
    thumbnail: BinaryIO | None = None


async def describe(tools: Tools, account_id: int, media_id: int, wording: Wording) -> Medium:
    """Change what is said about a medium that no post carries yet.

    NotFound; Invalid `description_too_long`, or a code of `rules.FAULTS` about its thumbnail.
    """
    world = tools.world
    await _own_unattached(world, account_id, media_id)
    description = rules.check_description(wording.description)
    if wording.thumbnail is not None:
        await _new_thumbnail(tools, account_id, media_id, wording.thumbnail)
    for _ in range(_TRIES):
        medium = await _own_unattached(world, account_id, media_id)
        new = _reworded(medium.attachment, wording, description)
        changed = store.next_of(medium, attachment=new)
        if new == medium.attachment or await store.save(world, changed, []):
            return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _new_thumbnail(tools: Tools, account_id: int, media_id: int, thumbnail: BinaryIO) -> None:
    world = tools.world
    with target() as made:
        blank = Attachment(0, IMAGE, "", None, "", "")
        drawn = await own_thumbnail(tools.studio, blank, thumbnail, made)
        key = await keeping.key_of(made.small)
        for _ in range(_TRIES):
            medium = await _own_unattached(world, account_id, media_id)
            user = store.aggregate(medium.id)
            coming = store.next_of(medium, coming=key)
            if not await store.save(world, coming, store.use_writes(user, [key])):
                continue
            await keeping.keep(world, tools.objects, key, made.small)
            new = _with_small(coming.attachment, drawn, key)
            changed = store.next_of(coming, coming=None, attachment=new)
            old = [one for one in medium.keys if one not in changed.keys]
            if await store.save(world, changed, store.end_writes(world, user, old)):
                return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _reworded(attachment: Attachment, wording: Wording, description: str | None) -> Attachment:
    return msgspec.structs.replace(
        attachment,
        description=attachment.description if wording.description is None else description,
        focus=attachment.focus if wording.focus is None else wording.focus,
    )


def _with_small(attachment: Attachment, drawn: Attachment, key: str) -> Attachment:
    return msgspec.structs.replace(
        attachment,
        small=key,
        small_type=drawn.small_type,
        blurhash=drawn.blurhash,
        meta={**attachment.meta, **drawn.meta},
    )


async def _own_unattached(world: World, account_id: int, media_id: int) -> Medium:
    medium = await load_own(world, account_id, media_id)
    if medium.attached:
        raise NotFound("record_not_found", "Record not found")
    return medium


async def delete(world: World, account_id: int, media_id: int) -> None:
    """Delete one's own medium. NotFound; Invalid `media_in_use` where a post carries it."""
    for _ in range(_TRIES):
        medium = await load_own(world, account_id, media_id)
        if medium.attached:
            text = "Media attachment is currently used by a status"
            details = {"status": [{"error": "ERR_TAKEN", "description": "carries it"}]}
            raise Invalid("media_in_use", text, details=details)
        if await store.remove(world, medium):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def claim(
    world: World, author_id: int, media_ids: Sequence[int], *, post_id: int | None = None
) -> tuple[Attachment, ...]:
    """The media that a new post will carry, in the order asked for.

    Theirs alone, ready, and in no other post, unless the author deleted that one (to write it
    again). `post_id`: the post that is being edited; what it carried before may come back.

    Raises Invalid `media_too_many`, `media_unknown`, `media_mixed`, `media_unfinished`,
    `media_failed`.
    """
    wanted = list(dict.fromkeys(media_ids))
    if len(wanted) > post_rules.ATTACHMENTS_MOST:
        raise Invalid("media_too_many", "Cannot attach more than 4 files")
    found: list[Medium] = []
    missing: list[int] = []
    for media_id, medium in zip(wanted, await store.load_many(world, wanted), strict=True):
        usable = (
            medium is not None
            and medium.account_id == author_id
            and not _lapsed(world, medium)
            and await _free(world, medium, post_id)
        )
        if usable and medium is not None:
            found.append(medium)
        else:
            missing.append(media_id)
    if missing:
        named = ", ".join(str(one) for one in missing)
        raise Invalid(
            "media_unknown", f"Media {named} not found or already attached to another post"
        )
    post_rules.check_attachments(tuple(medium.attachment for medium in found))
    for medium in found:
        rules.check_finished(medium)
        await _hold(world, medium, world.now_ms() + rules.GRACE_MS)
    return tuple(medium.attachment for medium in found)


async def _free(world: World, medium: Medium, post_id: int | None) -> bool:
    if not medium.attached:
        return True
    carriers = await posts.load_many(world, await store.posts_of(world, medium.id))
    return all(post.state == DELETED or post.id == post_id for post in carriers)


async def reserve(
    world: World, author_id: int, media_ids: Sequence[int], until_ms: int
) -> tuple[Attachment, ...]:
    """Keep unattached media until a moment at least: a post with them is planned. As `claim`."""
    attachments = await claim(world, author_id, media_ids)
    for media_id in media_ids:
        medium = await store.load(world, media_id)
        if medium is not None:
            await _hold(world, medium, until_ms + rules.GRACE_MS)
    return attachments


async def _hold(world: World, medium: Medium, until_ms: int) -> None:
    """Let a medium lapse no earlier than at a moment."""
    there: Medium | None = medium
    for _ in range(_TRIES):
        if there is None or there.attached or there.lapses_at_ms >= until_ms:
            return
        held = store.next_of(there, lapses_at_ms=until_ms)
        if await store.save(world, held, [store.lapse_timer(held)]):
            return
        there = await store.load(world, medium.id)
    raise Conflict("try_again", "This changed meanwhile: try again")


async def lapse(world: World, key: str) -> None:
    """The timer of a medium: gone, unless a post carries it or it was given more time."""
    if await store.forget(world, int(key)):
        return
    for _ in range(_TRIES):
        medium = await store.load(world, int(key))
        if medium is None or not _lapsed(world, medium) or await store.remove(world, medium):
            return


async def release(tools: Tools, key: str) -> None:
    """The timer of an object: removed, unless something needs it."""
    await keeping.release(tools.world, tools.objects, key)
