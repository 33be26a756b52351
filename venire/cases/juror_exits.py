"""A juror pauses, leaves, or deletes the account: seats go on to others, ballots stay counted.

Whoever is gone owes nothing. A ballot was settled in the commit that counted it, so nothing that
its juror does afterwards takes it back; what was earned stays owed.
"""

from __future__ import annotations

from venire.cases import last_resort, service, store
from venire.cases.court import Court
from venire.events import AccountDeleted
from venire.jury import actions as jury
from venire.jury import choices
from venire.jury import store as jury_store
from venire.kernel.errors import Conflict, Forbidden, Gone, NotFound
from venire.storage.verbs import Envelope


async def give_seats_back(court: Court, juror_id: int) -> int:
    """Pass on every seat that a juror has not voted in yet; how many there were."""
    given = 0
    for row in await store.summons_of(court.world.storage, juror_id):
        at = service.SeatAt(row.case_id, row.round, juror_id)
        try:
            await service.decline(court.world, court.policy, at)
        except (Conflict, Forbidden, Gone, NotFound):
            # Voted, timed out or decided at this moment: there is nothing to give back.
            continue
        given += 1
    return given


async def leave(court: Court, juror_id: int) -> None:
    """Leave the jury: no new draw, and nobody waits for seats that were open."""
    await jury.opt_out(court.world, juror_id)
    await give_seats_back(court, juror_id)


async def pause(court: Court, juror_id: int, days: int) -> None:
    """Be asked nothing for some days; 0 ends it. Raises Invalid `pause_invalid`, NotFound."""
    await choices.pause(court.world, juror_id, days)
    if days:
        await give_seats_back(court, juror_id)


async def on_account_deleted(court: Court, envelope: Envelope) -> None:
    """Who deleted the account serves no more, also if they come back within the time for it."""
    event = envelope.event
    if isinstance(event, AccountDeleted):
        await leave(court, event.account_id)


async def still_fits(court: Court, at: service.SeatAt) -> bool:
    """Whether somebody drawn from a pool that was frozen earlier may still be asked.

    Who has left, pauses, has left the category out or has had enough for today since then gives
    the seat back without being told of it.
    """
    juror = await jury_store.load(court.world.storage, at.juror_id)
    case = await store.load(court.world.storage, at.case_id)
    if case is None:
        return False
    if juror is None or juror.state == "left":
        return await last_resort.is_asked_as_admin(court, at)
    chosen = await choices.load(court.world.storage, at.juror_id)
    pausing = chosen.paused_until_ms > court.world.now_ms()
    return not pausing and case.category not in juror.opt_outs
