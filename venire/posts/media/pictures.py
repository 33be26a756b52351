"""An account's avatar and header: cropped, kept by content, replaced, removed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO, Final

import msgspec

from venire.kernel.errors import Conflict, Invalid
from venire.kernel.ids import AccountId
from venire.posts.media import keeping, rules, store
from venire.posts.media.model import Picture, Pictures
from venire.posts.media.studio import Tools, target
from venire.posts.media.tasks import AVATAR, HEADER
from venire.posts.media.uploading import head
from venire.storage.verbs import Write
from venire.storage.world import World

SIDES: Final = (AVATAR, HEADER)
_TRIES: Final = 8
_COMING_MOST: Final = 8


async def pictures(world: World, account_ids: Iterable[int]) -> dict[AccountId, Pictures]:
    """The pictures of accounts; empty ones for those that set none."""
    return await store.load_pictures(world, list(dict.fromkeys(account_ids)))


def path_of(account_id: int, side: str, picture: Picture | None) -> str | None:
    """The path at which a picture is served, None where there is none. `side`: avatar or header."""
    return None if picture is None else f"/{side}s/{account_id}/{picture.name}"


async def change(
    tools: Tools, account_id: int, sent: Mapping[str, tuple[BinaryIO, int]]
) -> Pictures:
    """Replace pictures. `sent`: avatar or header -> an open file and its size.

    All of them, or none: Invalid `media_type_unknown`, `media_too_large`, `media_empty`, or a code
    of `rules.FAULTS`.
    """
    for file, size in sent.values():
        rules.check_size(size, rules.PICTURE_BYTES)
        form = rules.check_form(rules.form_of(await head(file)), size, films=False)
        if form not in rules.IMAGE_FORMS:
            raise Invalid("media_type_unknown", rules.FAULTS["media_broken"])
    new: dict[str, Picture] = {}
    with contextlib.ExitStack() as open_files:
        files: dict[str, BinaryIO] = {}
        for side, (file, _) in sent.items():
            made = open_files.enter_context(target())
            form = rules.form_of(await head(file)) or ""
            drawn = await tools.studio.draw(file, form, side, made)
            key = await keeping.key_of(made.original)
            new[side] = Picture(
                key, drawn.content_type, rules.file_name(key[:32], drawn.content_type)
            )
            files[key] = made.original
        for _ in range(_TRIES):
            await _announce(tools.world, account_id, sorted(files))
            for key, drawn_file in files.items():
                await keeping.keep(tools.world, tools.objects, key, drawn_file)
            changed = await _replace(tools.world, account_id, new)
            if changed is not None:
                return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def remove(world: World, account_id: int, side: str) -> None:
    """Take a picture away; harmless where there is none."""
    await _replace(world, account_id, {side: None})


async def clear(world: World, account_id: int) -> None:
    """Take every picture away: the account is gone."""
    if (await pictures(world, [account_id]))[AccountId(account_id)].keys:
        await _replace(world, account_id, dict.fromkeys(SIDES), everything=True)


async def _announce(world: World, account_id: int, keys: Sequence[str]) -> None:
    for _ in range(_TRIES):
        there = (await pictures(world, [account_id]))[AccountId(account_id)]
        coming = tuple(dict.fromkeys((*there.coming, *keys)))[-_COMING_MOST:]
        noted = msgspec.structs.replace(there, version=there.version + 1, coming=coming)
        uses = store.use_writes(store.pictures_aggregate(account_id), keys)
        ended = _ended(world, account_id, there, noted)
        if await store.save_pictures(world, account_id, noted, [*ended, *uses]):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _ended(world: World, account_id: int, old: Pictures, new: Pictures) -> list[Write]:
    user = store.pictures_aggregate(account_id)
    return store.end_writes(world, user, sorted(old.keys - new.keys))


async def _replace(
    world: World,
    account_id: int,
    given: Mapping[str, Picture | None],
    *,
    everything: bool = False,
) -> Pictures | None:
    """Show other pictures. None where an object of theirs was let go of meanwhile."""
    arrived = {picture.key for picture in given.values() if picture is not None}
    for _ in range(_TRIES):
        there = (await pictures(world, [account_id]))[AccountId(account_id)]
        if not arrived <= there.keys:
            return None
        coming = () if everything else tuple(one for one in there.coming if one not in arrived)
        new = msgspec.structs.replace(there, version=there.version + 1, coming=coming, **given)
        ended = _ended(world, account_id, there, new)
        if await store.save_pictures(world, account_id, new, ended):
            return new
    raise Conflict("try_again", "This changed meanwhile: try again")
