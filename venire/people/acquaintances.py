"""Whom one may know: followers in common, and whom those follow whom one follows.

Both are bounded whatever the size of the site: some point reads, never a walk of a long list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from venire.kernel.ids import AccountId
from venire.people.counts import load_counts
from venire.people.directory import may_be_recommended
from venire.people.follows import (
    followee_ids,
    follower_page,
    followers_among,
    following_among,
    load_ties,
)
from venire.people.model import ACTIVE, NONE, Account
from venire.people.relations import hidden_from, outgoing_ids, put_relation
from venire.people.store import load_account, load_accounts
from venire.storage.world import World

DISMISSAL = "dismissal"
SHOWN_MOST = 20
_LOOKED_AT = 1_000
"""Followers of an account, or followees of the viewer, that are looked at for familiar ones."""
_FRIENDS = 40
_FRIENDS_OF_EACH = 60
_DISMISSED_MOST = 2_000


async def familiar_followers(world: World, viewer_id: int, account_id: int) -> list[Account]:
    """Whom the viewer follows of those who follow an account; none where either hides it.

    From the shorter side: the account's followers where they are few, else the viewer's followees.
    """
    account = await load_account(world, account_id)
    if account is None or account.hide_collections or account.id == viewer_id:
        return []
    counts = await load_counts(world, [account_id])
    if counts[account.id].followers < _LOOKED_AT:
        rows = await follower_page(world, account_id, limit=_LOOKED_AT)
        known = await following_among(world, viewer_id, (one for _, one in rows))
    else:
        followed = await followee_ids(world, viewer_id, most=_LOOKED_AT)
        known = await followers_among(world, account_id, followed)
    found = await load_accounts(world, sorted(known, reverse=True))
    shown = [one for one in found.values() if one.state == ACTIVE and not one.hide_collections]
    return shown[:SHOWN_MOST]


async def friends_of_friends(world: World, viewer_id: int, most: int) -> list[AccountId]:
    """Accounts that several of those follow whom the viewer followed last, the commonest first."""
    counted: Counter[AccountId] = Counter()
    friends = await followee_ids(world, viewer_id, most=_FRIENDS)
    shown = await load_accounts(world, friends)
    for friend in shown.values():
        if not friend.hide_collections:
            counted.update(await followee_ids(world, friend.id, most=_FRIENDS_OF_EACH))
    return [one for one, _ in counted.most_common(most)]


async def suggestible(world: World, viewer_id: int, account_ids: Iterable[int]) -> list[Account]:
    """Of some accounts those that may be suggested to a viewer, in their order.

    Not oneself, nobody followed or asked already, blocked, muted or waved away, nobody who does not
    want to be found.
    """
    wanted = [one for one in dict.fromkeys(account_ids) if one != viewer_id]
    accounts = await load_accounts(world, wanted)
    ties = await load_ties(world, viewer_id, wanted)
    hidden = (await hidden_from(world, viewer_id)).anyone
    waved = await outgoing_ids(world, viewer_id, DISMISSAL, _DISMISSED_MOST)
    return [
        account
        for account in accounts.values()
        if may_be_recommended(account)
        and account.id not in hidden
        and account.id not in waved
        and ties.get(account.id, NONE) == NONE
    ]


async def wave_away(world: World, viewer_id: AccountId, account_id: int) -> None:
    """Suggest an account no more. Harmless where there is no such account."""
    account = await load_account(world, account_id)
    if account is not None:
        await put_relation(world, viewer_id, DISMISSAL, account.id)
