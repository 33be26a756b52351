"""All that is between two accounts, and what one does to the other: block, mute."""

from __future__ import annotations

from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import AccountId
from venire.people import follows
from venire.people.endorsements import ENDORSEMENT
from venire.people.evasion import forget_block, remember_block
from venire.people.model import DELETED, FOLLOWING, REQUESTED, Relationship
from venire.people.relations import (
    BLOCK,
    MUTE,
    NOTE,
    drop_relation,
    load_relation,
    put_relation,
)
from venire.people.store import load_account
from venire.storage.world import World


async def relationship(world: World, me: int, other: int) -> Relationship:
    """Everything between a viewer and another account."""
    there = await follows.load_tie(world, me, other)
    back = await follows.load_tie(world, other, me)
    muted = await load_relation(world, me, MUTE, other)
    noted = await load_relation(world, me, NOTE, other)
    endorsed = await load_relation(world, me, ENDORSEMENT, other)
    following = there is not None and there.state == FOLLOWING
    return Relationship(
        id=AccountId(other),
        following=following,
        showing_reblogs=there is not None and following and there.reblogs,
        notifying=there is not None and following and there.notify,
        languages=there.languages if there is not None and following else (),
        followed_by=back is not None and back.state == FOLLOWING,
        blocking=await load_relation(world, me, BLOCK, other) is not None,
        blocked_by=await load_relation(world, other, BLOCK, me) is not None,
        muting=muted is not None,
        muting_notifications=muted is not None and muted.notifications,
        muting_expires_at_ms=muted.until_ms if muted is not None else None,
        requested=there is not None and there.state == REQUESTED,
        requested_by=back is not None and back.state == REQUESTED,
        endorsed=endorsed is not None,
        note=noted.comment if noted is not None else "",
    )


async def _other(world: World, me: AccountId, target_id: int) -> AccountId:
    target = await load_account(world, target_id)
    if target is None or target.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    if target.id == me:
        raise Invalid("not_yourself", "You cannot do this to yourself")
    return target.id


async def block(world: World, me: AccountId, target_id: int) -> None:
    """Block an account: neither follows the other, neither sees the other."""
    target = await _other(world, me, target_id)
    await put_relation(world, me, BLOCK, target)
    await remember_block(world, me, target)
    await follows.sever(world, me, target)


async def unblock(world: World, me: AccountId, target_id: int) -> None:
    """End a block."""
    await drop_relation(world, me, BLOCK, target_id)
    await forget_block(world, me, target_id)


async def mute(
    world: World, me: AccountId, target_id: int, *, notifications: bool, lasts_s: int
) -> None:
    """Mute an account for some seconds (0: until undone)."""
    target = await _other(world, me, target_id)
    until_ms = world.now_ms() + lasts_s * 1_000 if lasts_s > 0 else None
    await put_relation(world, me, MUTE, target, notifications=notifications, until_ms=until_ms)


async def unmute(world: World, me: AccountId, target_id: int) -> None:
    """End a mute."""
    await drop_relation(world, me, MUTE, target_id)
