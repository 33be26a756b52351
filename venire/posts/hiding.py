"""Putting a post out of one's own sight: for whoever it is aimed at, and anyone else.

Nobody is told, nothing is judged, nobody else sees less. What is hidden is not there for this
member, wherever posts are shown; taking it back needs only its id.
"""

from __future__ import annotations

from typing import Final

from venire.kernel.errors import Conflict, Invalid
from venire.storage.memory import Memory
from venire.storage.tables.hidden import HIDDEN_POSTS, HiddenPostRow
from venire.storage.verbs import Delete, Put
from venire.storage.world import World

MOST: Final = 2_000
_NONE: Final[frozenset[int]] = frozenset()
_HIDDEN: Final[Memory[frozenset[int]]] = Memory()


async def hide(world: World, account_id: int, post_id: int, author_id: int) -> None:
    """Hide a post from oneself; again is once. Invalid `own_post`, Conflict `hidden_enough`."""
    if author_id == account_id:
        raise Invalid("own_post", "delete what is yours; it cannot be hidden from you alone")
    hidden = await hidden_posts(world, account_id)
    if post_id in hidden:
        return
    if len(hidden) >= MOST:
        raise Conflict("hidden_enough", "block or mute who posts so much that you hide")
    row = HiddenPostRow(account_id, post_id, world.now_ms())
    await world.storage.commit(f"hidden:{account_id}:{post_id}", [Put(HIDDEN_POSTS, row)])


async def unhide(world: World, account_id: int, post_id: int) -> None:
    """Show it again. Harmless where it was not hidden."""
    row = await world.storage.get(HIDDEN_POSTS, (account_id, post_id))
    if row is not None:
        await world.storage.commit(f"hidden:{account_id}:{post_id}", [Delete(HIDDEN_POSTS, row)])


async def hidden_posts(world: World, account_id: int | None) -> frozenset[int]:
    """What a member has hidden from themselves; kept until they hide or show another."""
    if account_id is None:
        return _NONE

    async def read() -> frozenset[int]:
        rows = await world.storage.range(HIDDEN_POSTS, (account_id,), limit=MOST)
        return frozenset(row.post_id for row in rows) if rows else _NONE

    return await _HIDDEN.recall(world.storage, account_id, ((HIDDEN_POSTS, (account_id,)),), read)
