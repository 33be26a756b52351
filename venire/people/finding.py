"""Finds accounts by what somebody types: the whole handle first, then beginnings of names.

Reads the rows that are written with an account, so a new one is found at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from venire.kernel.ids import AccountId
from venire.people.follows import followee_ids, following_among
from venire.people.model import ACTIVE, Account
from venire.people.relations import hidden_from
from venire.people.rules import folded_words, handle_of, name_words, searchable
from venire.people.store import find_by_handle, find_by_prefix, load_accounts
from venire.storage.world import World

_WORDS = 6
_LOOKED = 200
_FOLLOWEES = 2_000


def local_name(world: World, text: str) -> str | None:
    """What is sought in `name`, `@name`, `@name@this.site` or an address of an account here.

    Under any name of this site, those that it had before too.

    None where it names another site.
    """
    name = text.strip()
    path = world.site.own.path(name)
    for start in ("/@", "/users/"):
        if path is not None and path.startswith(start):
            name = path.removeprefix(start).rstrip("/")
            break
    username, sign, domain = name.removeprefix("@").partition("@")
    if sign and domain and not world.site.own.has(domain):
        return None
    return username


async def find_accounts(
    world: World,
    viewer_id: int | None,
    text: str,
    *,
    limit: int,
    offset: int = 0,
    following: bool = False,
) -> list[AccountId]:
    """Accounts found by a name, best first: its whole handle, those followed, then by handle.

    Every word must begin the handle or a word of the display name; of a beginning that more than
    200 names share, the first 200 count. Nobody who blocks the viewer or is blocked is among them,
    but for whom the viewer blocks, by the whole handle: a block is undone that way; a minor is
    found by themselves and those who follow them alone. `following`: only those whom the viewer
    follows.
    """
    name = local_name(world, text)
    if name is None or (following and viewer_id is None):
        return []
    exact = await find_by_handle(world, name)
    begun = await _begun(world, viewer_id, _sought(name), following=following)
    found = {one.id: one for one in ([exact] if exact is not None else []) + begun}
    active = [one for one in found.values() if one.state == ACTIVE]
    if not active:
        return []
    followed = set[AccountId]()
    if viewer_id is not None:
        active = await _unblocked(world, viewer_id, active, exact)
        followed = await following_among(world, viewer_id, [one.id for one in active])
    shown = [
        one
        for one in active
        if one.id in followed
        or (not following and (searchable(one) or one.id == viewer_id))
        or (not following and one is exact and not one.minor)
    ]
    shown.sort(key=lambda one: (one is not exact, one.id not in followed))
    return [one.id for one in shown[offset : offset + limit]]


def _sought(name: str) -> list[str]:
    # A handle keeps its underscores, which part the words of a display name.
    whole = handle_of(name)
    return [whole] if whole.isascii() and "_" in whole and " " not in whole else folded_words(name)


async def _begun(
    world: World, viewer_id: int | None, words: Sequence[str], *, following: bool
) -> list[Account]:
    """Accounts of which every word begins a name, in order of the name that was found."""
    words = words[:_WORDS]
    if not words:
        return []
    # The longest word leads to the fewest.
    longest = max(words, key=len)
    ids = await find_by_prefix(world, longest, _LOOKED)
    if following and viewer_id is not None and len(ids) >= _LOOKED:
        ids = await followee_ids(world, viewer_id, most=_FOLLOWEES)
    accounts = (await load_accounts(world, ids)).values()
    if len(words) == 1 and not following:
        return list(accounts)
    return [one for one in accounts if _has_all(one, words)]


def _has_all(account: Account, words: Sequence[str]) -> bool:
    names = name_words(account.username, account.display_name)
    return all(any(name.startswith(word) for name in names) for word in words)


async def _unblocked(
    world: World, viewer_id: int, accounts: list[Account], exact: Account | None
) -> list[Account]:
    hidden = await hidden_from(world, viewer_id)
    return [
        one
        for one in accounts
        if one.id not in hidden.blocked_by and (one is exact or one.id not in hidden.blocking)
    ]
