"""What a member's profile page shows besides who they are, and who may name them as author."""

from __future__ import annotations

import msgspec

from venire.kernel.errors import Invalid
from venire.people.domain_blocks import normal_domain
from venire.storage.tables.discovery import PROFILE_CHOICES, ProfileChoiceRow
from venire.storage.world import World

ATTRIBUTIONS_MOST = 100
_DOMAINS = msgspec.json.Decoder(tuple[str, ...])


class ProfileChoices(msgspec.Struct, frozen=True):
    """`attribution_domains`: sites whose links may name the member as their author."""

    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    attribution_domains: tuple[str, ...] = ()


class ProfileChange(msgspec.Struct, frozen=True):
    """What a member changes of that; None leaves a thing as it is."""

    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: tuple[str, ...] | None = None


async def profile_choices(world: World, account_id: int) -> ProfileChoices:
    """What an account chose."""
    row = await world.storage.get(PROFILE_CHOICES, (account_id,))
    if row is None:
        return ProfileChoices()
    return ProfileChoices(
        row.show_media,
        row.show_media_replies,
        row.show_featured,
        _DOMAINS.decode(row.attribution_domains),
    )


def checked(change: ProfileChange) -> ProfileChange:
    """A change with its domains in one form. Invalid `too_many_domains`, `domain_invalid`."""
    if change.attribution_domains is None:
        return change
    if len(change.attribution_domains) > ATTRIBUTIONS_MOST:
        hint = "Validation failed: There are too many domains"
        raise Invalid("too_many_domains", hint, limit=ATTRIBUTIONS_MOST)
    domains = [normal_domain(one) for one in change.attribution_domains if one.strip()]
    return msgspec.structs.replace(change, attribution_domains=tuple(dict.fromkeys(domains)))


async def change_choices(world: World, account_id: int, change: ProfileChange) -> ProfileChoices:
    """Change some of it; `change` was checked."""
    old = await profile_choices(world, account_id)
    given = {
        name: value for name, value in msgspec.structs.asdict(change).items() if value is not None
    }
    new = msgspec.structs.replace(old, **given)
    if new != old:
        row = ProfileChoiceRow(
            account_id=account_id,
            show_media=new.show_media,
            show_media_replies=new.show_media_replies,
            show_featured=new.show_featured,
            attribution_domains=msgspec.json.encode(new.attribution_domains),
        )
        await world.storage.put(PROFILE_CHOICES, row)
    return new
