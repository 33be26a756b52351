"""Mastodon's `Profile` (4.6): a profile as its owner edits it, in plain text."""

from __future__ import annotations

from typing import Any

import msgspec

from venire.api.entities.account import FieldEntity, account_jsons
from venire.people.model import Account
from venire.people.profile_choices import profile_choices
from venire.storage.world import World

_PICTURES = (
    "avatar",
    "avatar_static",
    "avatar_description",
    "header",
    "header_static",
    "header_description",
)


class ProfileEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A profile with all that its owner may change."""

    id: str
    display_name: str
    note: str
    fields: tuple[FieldEntity, ...]
    avatar: str | None
    avatar_static: str | None
    avatar_description: str
    header: str | None
    header_static: str | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool
    discoverable: bool
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: tuple[str, ...]


async def profile_entity(world: World, account: Account) -> ProfileEntity:
    """The entity of a member's own profile."""
    choices = await profile_choices(world, account.id)
    shown: dict[str, Any] = msgspec.json.decode(
        (await account_jsons(world, [account.id]))[account.id]
    )
    return ProfileEntity(
        id=str(account.id),
        display_name=account.display_name,
        note=account.note,
        fields=tuple(FieldEntity(field.name, field.value) for field in account.fields),
        locked=account.locked,
        bot=account.bot,
        hide_collections=account.hide_collections,
        discoverable=account.discoverable,
        indexable=account.indexable,
        show_media=choices.show_media,
        show_media_replies=choices.show_media_replies,
        show_featured=choices.show_featured,
        attribution_domains=choices.attribution_domains,
        **{name: shown[name] for name in _PICTURES},
    )
