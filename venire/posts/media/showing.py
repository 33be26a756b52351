"""Which object an address leads to, and whether it leads anywhere now.

A hold, a removal, a deletion or a closed account ends every address of a medium at the next
request. Addresses cannot be guessed, and that is all that keeps a followers-only picture from
others: whoever was shown it can pass it on, as they could pass on the picture.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId
from venire.people.countries import countries_of
from venire.people.model import DELETED as ACCOUNT_DELETED
from venire.people.standing import standing
from venire.people.store import load_account
from venire.posts import store as posts
from venire.posts.media import rules, store
from venire.posts.media.model import READY, Medium, Picture
from venire.posts.media.pictures import SIDES, pictures
from venire.posts.model import DELETED, VISIBLE
from venire.storage.world import World

_ALLOWED: Final = frozenset({DELETED, VISIBLE})


class Shown(msgspec.Struct, frozen=True):
    """An object to be served, and as what."""

    key: str
    content_type: str


async def medium(world: World, media_id: int, name: str) -> Shown:
    """The object behind the address of a medium. NotFound."""
    found = await store.load(world, media_id) if rules.is_name(name) else None
    shown = None if found is None else _named(found, name)
    if found is None or shown is None or not await _open(world, found):
        raise NotFound("record_not_found", "Record not found")
    return shown


def _named(found: Medium, name: str) -> Shown | None:
    attachment = found.attachment
    if found.state == READY and hmac.compare_digest(name, attachment.name):
        return Shown(attachment.original, attachment.content_type)
    small = rules.small_name(attachment)
    if small is not None and attachment.small and hmac.compare_digest(name, small):
        return Shown(attachment.small, attachment.small_type or "")
    return None


async def _open(world: World, found: Medium) -> bool:
    if not found.attached:
        return found.lapses_at_ms > world.now_ms() and await account_there(world, found.account_id)
    carriers = await posts.load_many(world, await store.posts_of(world, found.id))
    states = {post.state for post in carriers}
    withheld = {country for post in carriers for country in post.withheld_in}
    if withheld and not withheld.isdisjoint(await countries_of(world, None)):
        # Who asks for a picture shows no token: only where the network is tells the country.
        return False
    # In two posts at once, by a race: what one of them may not show, neither does.
    return VISIBLE in states and states <= _ALLOWED and await account_there(world, found.account_id)


async def open_to_all(world: World, media_id: int, post_id: int) -> bool:
    """Whether anyone anywhere may be shown a medium that a post carries: what copies go by.

    What is withheld in one country is withheld from a copy, which knows no countries.
    """
    found = await store.load(world, media_id)
    if found is None:
        return False
    # The post may have been published a moment ago, before it was tied to what it carries.
    carrying = {post_id, *await store.posts_of(world, media_id)}
    carriers = await posts.load_many(world, sorted(carrying))
    states = {post.state for post in carriers}
    if any(post.withheld_in for post in carriers):
        return False
    return VISIBLE in states and states <= _ALLOWED and await account_there(world, found.account_id)


async def account_there(world: World, account_id: int) -> bool:
    """Whether an account is neither deleted nor closed for good."""
    account = await load_account(world, account_id)
    if account is None or account.state == ACCOUNT_DELETED:
        return False
    return not (await standing(world, account_id)).terminated


async def picture(world: World, account_id: int, side: str, name: str) -> Shown:
    """The object behind the address of an account's picture. NotFound."""
    there = (await pictures(world, [account_id]))[AccountId(account_id)]
    found: Picture | None = None
    if side in SIDES:
        found = there.avatar if side == SIDES[0] else there.header
    if found is None or found.name != name or not await account_there(world, account_id):
        raise NotFound("record_not_found", "Record not found")
    return Shown(found.key, found.content_type)
