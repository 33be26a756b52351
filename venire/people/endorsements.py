"""Endorsements: accounts that a member shows on their own profile."""

from __future__ import annotations

from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import AccountId
from venire.people.follows import is_following
from venire.people.model import DELETED
from venire.people.relations import (
    drop_relation,
    load_relation,
    outgoing_ids,
    put_relation,
    relation_page,
)
from venire.people.store import load_account
from venire.storage.world import World

ENDORSEMENT = "endorsement"
ENDORSED_MOST = 100


async def endorse(world: World, me: AccountId, target_id: int) -> None:
    """Show an account on one's profile; again is once.

    NotFound `record_not_found`; Invalid `endorsement_needs_follow`, `too_many_endorsements`.
    """
    target = await load_account(world, target_id)
    if target is None or target.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    if not await is_following(world, me, target.id):
        hint = "Validation failed: You must be already following the person you want to endorse"
        raise Invalid("endorsement_needs_follow", hint)
    if await load_relation(world, me, ENDORSEMENT, target.id) is not None:
        return
    if len(await outgoing_ids(world, me, ENDORSEMENT, ENDORSED_MOST)) >= ENDORSED_MOST:
        hint = "Validation failed: You endorse as many accounts as you may"
        raise Invalid("too_many_endorsements", hint, limit=ENDORSED_MOST)
    await put_relation(world, me, ENDORSEMENT, target.id)


async def unendorse(world: World, me: AccountId, target_id: int) -> None:
    """Show an account no longer. Harmless where it was not shown."""
    await drop_relation(world, me, ENDORSEMENT, target_id)


async def endorsed_ids(
    world: World,
    account_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[AccountId]:
    """Whom an account endorses, by account id downwards; bounds are account ids, exclusive."""
    rows = await relation_page(
        world,
        AccountId(account_id),
        ENDORSEMENT,
        above=above,
        below=below,
        limit=limit,
        reverse=reverse,
    )
    return [row.target_id for row in rows]
