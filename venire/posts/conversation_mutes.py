"""Threads of which a member wants to hear no more: nothing said there is told to them."""

from __future__ import annotations

from collections.abc import Iterable

from venire.storage.memory import Memory
from venire.storage.tables.conversations import CONVERSATION_MUTES, ConversationMuteRow
from venire.storage.world import World


async def mute(world: World, account_id: int, conversation_id: int) -> None:
    """Hear no more of a thread. Again is harmless."""
    row = ConversationMuteRow(account_id, conversation_id, world.now_ms())
    await world.storage.put(CONVERSATION_MUTES, row)


async def unmute(world: World, account_id: int, conversation_id: int) -> None:
    """Hear of a thread again. Harmless where it was not muted."""
    row = await world.storage.get(CONVERSATION_MUTES, (account_id, conversation_id))
    if row is not None:
        await world.storage.delete(CONVERSATION_MUTES, row)


_FEW = 200
_SOME: Memory[list[ConversationMuteRow]] = Memory()


async def muted(world: World, viewer_id: int | None, conversation_ids: Iterable[int]) -> set[int]:
    """Those of some threads that a viewer muted."""
    if viewer_id is None:
        return set()
    some = await _SOME.recall(
        world.storage,
        viewer_id,
        ((CONVERSATION_MUTES, (viewer_id,)),),
        lambda: world.storage.range(CONVERSATION_MUTES, (viewer_id,), limit=_FEW),
    )
    if not some:
        return set()
    if len(some) < _FEW:
        return {row.conversation_id for row in some}.intersection(conversation_ids)
    wanted = dict.fromkeys(conversation_ids)
    rows = await world.storage.get_many(CONVERSATION_MUTES, [(viewer_id, one) for one in wanted])
    return {row.conversation_id for row in rows if row is not None}
