"""The operators' log: who did what to an account or a rule, why and when; written with the deed.

What is done to a case stands in the case's own log (`cases/moderators.py`).
"""

from __future__ import annotations

from venire.kernel.clock import utc_day
from venire.storage.tables.defences import ADMIN_ACTIONS, AdminActionRow
from venire.storage.verbs import Put
from venire.storage.world import World

REASON_CHARACTERS = 2_000
APPOINT_JUROR = "appoint_juror"
SETTLE_PAYOUT = "settle_payout"
OF_JURORS = frozenset({APPOINT_JUROR, SETTLE_PAYOUT, "grant_hold_key", "revoke_hold_key"})
"""What was done to a juror: a moderator reads that it was, an admin to whom."""


def log_line(
    world: World, *, actor_id: int, action: str, target: str, reason: str, aggregate: str
) -> Put[AdminActionRow]:
    """A line as a write of its deed's commit. `aggregate` is that of the commit."""
    now_ms = world.now_ms()
    row = AdminActionRow(
        month=utc_day(now_ms)[:7],
        id=world.ids.next(),
        actor_id=actor_id,
        action=action,
        target=target,
        reason=reason[:REASON_CHARACTERS],
        at_ms=now_ms,
        aggregate=aggregate,
    )
    return Put(ADMIN_ACTIONS, row)


async def log_page(
    world: World, month: str, *, below: int | None = None, limit: int = 100
) -> list[AdminActionRow]:
    """What operators did in a month (`YYYY-MM`), newest first."""
    bound = None if below is None else (below,)
    return await world.storage.range(ADMIN_ACTIONS, (month,), below=bound, limit=limit)
