"""Blocks, mutes, private notes, endorsements: one-sided, found from both sides."""

from __future__ import annotations

import msgspec

from venire.events import Event, RelationChanged
from venire.kernel.errors import Invalid
from venire.kernel.ids import AccountId
from venire.storage.memory import Memory
from venire.storage.tables.ties import RELATIONS, RELATIONS_IN, RelationInRow, RelationRow
from venire.storage.verbs import Delete, Put
from venire.storage.world import World

BLOCK = "block"
MUTE = "mute"
NOTE = "note"
NOTE_LENGTH = 2_000
_PAGE = 1_000


class Hidden(msgspec.Struct, frozen=True):
    """Whose posts a viewer does not see, and why."""

    blocking: frozenset[AccountId]
    blocked_by: frozenset[AccountId]
    muting: frozenset[AccountId]
    until_ms: int | None = None
    """When the first of the mutes ends by itself."""

    @property
    def anyone(self) -> frozenset[AccountId]:
        """All of them."""
        return self.blocking | self.blocked_by | self.muting

    @property
    def empty(self) -> bool:
        """Whether nothing is hidden."""
        return not (self.blocking or self.blocked_by or self.muting)


class Muted(msgspec.Struct, frozen=True):
    """An account that is muted, and until when (None: until undone)."""

    target_id: AccountId
    until_ms: int | None


async def put_relation(
    world: World,
    me: AccountId,
    kind: str,
    target_id: AccountId,
    *,
    comment: str = "",
    notifications: bool = True,
    until_ms: int | None = None,
) -> None:
    """Note a one-sided tie; it ends by itself at `until_ms`."""
    row = RelationRow(me, kind, target_id, comment, notifications, until_ms, world.now_ms())
    inverse = RelationInRow(target_id, kind, me)
    await world.storage.commit(
        f"relation:{me}:{kind}:{target_id}",
        [Put(RELATIONS, row, until_ms), Put(RELATIONS_IN, inverse, until_ms)],
        _told(me, kind, target_id),
    )


def _told(me: AccountId, kind: str, target_id: int) -> list[Event]:
    # A private note changes nothing of what anyone is shown.
    return [RelationChanged(me, target_id)] if kind in {BLOCK, MUTE} else []


async def drop_relation(world: World, me: AccountId, kind: str, target_id: int) -> None:
    """End a one-sided tie. Harmless where there is none."""
    row = await world.storage.get(RELATIONS, (me, kind, target_id))
    if row is not None:
        inverse = RelationInRow(target_id, kind, me)
        await world.storage.commit(
            f"relation:{me}:{kind}:{target_id}",
            [Delete(RELATIONS, row), Delete(RELATIONS_IN, inverse)],
            _told(me, kind, target_id),
        )


async def load_relation(
    world: World, account_id: int, kind: str, target_id: int
) -> RelationRow | None:
    """A one-sided tie, if there is one."""
    return await world.storage.get(RELATIONS, (account_id, kind, target_id))


async def set_note(world: World, me: AccountId, target_id: AccountId, comment: str) -> None:
    """Keep a private note on an account; an empty one is none."""
    if len(comment) > NOTE_LENGTH:
        raise Invalid("text_too_long", f"a note has {NOTE_LENGTH} characters at most")
    if comment:
        await put_relation(world, me, NOTE, target_id, comment=comment)
    else:
        await drop_relation(world, me, NOTE, target_id)


async def blocks_either_way(world: World, one: int, other: int) -> bool:
    """Whether one of two accounts blocks the other."""
    there = await load_relation(world, one, BLOCK, other)
    back = await load_relation(world, other, BLOCK, one)
    return there is not None or back is not None


async def relation_page(
    world: World,
    me: AccountId,
    kind: str,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[Muted]:
    """Whom an account blocks or mutes, by account id downwards; bounds are account ids."""
    rows = await world.storage.range(
        RELATIONS,
        (me, kind),
        above=None if above is None else (above,),
        below=None if below is None else (below,),
        limit=limit,
        reverse=reverse,
    )
    return [Muted(AccountId(row.target_id), row.until_ms) for row in rows]


async def outgoing(world: World, account_id: int, kind: str) -> frozenset[AccountId]:
    """Everyone whom an account blocks or mutes."""
    found: list[AccountId] = []
    below: tuple[int, ...] | None = None
    while True:
        rows = await world.storage.range(RELATIONS, (account_id, kind), below=below, limit=_PAGE)
        found += [AccountId(row.target_id) for row in rows]
        if len(rows) < _PAGE:
            return frozenset(found)
        below = (rows[-1].target_id,)


async def outgoing_ids(world: World, account_id: int, kind: str, most: int) -> set[AccountId]:
    """Some of those whom an account has such a tie to, `most` at most."""
    rows = await world.storage.range(RELATIONS, (account_id, kind), limit=most)
    return {AccountId(row.target_id) for row in rows}


async def incoming(world: World, account_id: int, kind: str) -> frozenset[AccountId]:
    """Everyone who blocks or mutes an account."""
    found: list[AccountId] = []
    below: tuple[int, ...] | None = None
    while True:
        rows = await world.storage.range(RELATIONS_IN, (account_id, kind), below=below, limit=_PAGE)
        found += [AccountId(row.account_id) for row in rows]
        if len(rows) < _PAGE:
            return frozenset(found)
        below = (rows[-1].account_id,)


_HIDDEN: Memory[Hidden] = Memory()


async def hidden_from(world: World, viewer_id: int) -> Hidden:
    """Whose posts a viewer does not see; kept until one of these ties is written or lapses."""
    sources = (
        (RELATIONS, (viewer_id, BLOCK)),
        (RELATIONS, (viewer_id, MUTE)),
        (RELATIONS_IN, (viewer_id, BLOCK)),
    )

    async def read() -> Hidden:
        muted = await _muted(world, viewer_id)
        return Hidden(
            blocking=await outgoing(world, viewer_id, BLOCK),
            blocked_by=await incoming(world, viewer_id, BLOCK),
            muting=frozenset(one.target_id for one in muted),
            until_ms=min((one.until_ms for one in muted if one.until_ms is not None), default=None),
        )

    key: tuple[int, int | None] = (viewer_id, None)
    while True:
        hidden = await _HIDDEN.recall(world.storage, key, sources, read)
        if hidden.until_ms is None or hidden.until_ms > world.now_ms():
            return hidden
        # A mute has lapsed without being written: what was kept before that is another value.
        key = (viewer_id, hidden.until_ms)


async def _muted(world: World, account_id: int) -> list[Muted]:
    found: list[Muted] = []
    below: int | None = None
    while True:
        page = await relation_page(world, AccountId(account_id), MUTE, below=below, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found
        below = page[-1].target_id
