"""Who is kept from an order: of one that is silent nobody hears who need not, its author least."""

from __future__ import annotations

import msgspec

from venire.people.model import ADMIN, Account
from venire.posts import actions as posts
from venire.storage.tables.orders import ORDER_POSTS, OrderRow
from venire.storage.world import World

_POSTS_MOST = 100


async def authors(world: World, row: OrderRow) -> frozenset[int]:
    """Whose posts an order names."""
    ids = msgspec.json.decode(row.post_ids, type=list[int])
    found = await posts.load_many(world, ids)
    noted = await world.storage.range(ORDER_POSTS, (row.id,), limit=_POSTS_MOST)
    return frozenset([post.author_id for post in found] + [one.author_id for one in noted])


def is_silent(world: World, row: OrderRow) -> bool:
    """Whether its authors may not be told yet."""
    return row.silent_until_ms > world.now_ms()


async def is_kept_from(world: World, row: OrderRow, account: Account, *, approves: bool) -> bool:
    """Whether somebody at the desk may not know of an order while it is silent."""
    if not is_silent(world, row):
        return False
    concerned = approves or account.role == ADMIN or account.id == row.registered_by
    return not concerned or account.id in await authors(world, row)
