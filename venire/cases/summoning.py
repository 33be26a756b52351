"""A juror was drawn: whoever cannot sit any more gives the seat back, everyone else is alerted."""

from __future__ import annotations

import contextlib

from venire.cases import alerting, service, store
from venire.cases.court import Court
from venire.cases.juror_exits import still_fits
from venire.cases.pace import pace_of
from venire.events import SummonsOffered
from venire.kernel.errors import Conflict, Forbidden, Gone, NotFound
from venire.storage.verbs import Envelope


async def on_summons_offered(court: Court, envelope: Envelope) -> None:
    """Tell a juror that the jury room has something, in the way that the juror chose."""
    event = envelope.event
    if not isinstance(event, SummonsOffered):
        return
    at = service.SeatAt(event.case_id, event.round, event.juror_id)
    if await still_fits(court, at) and not await _has_had_enough(court, at):
        await alerting.begin(court, event.juror_id)
        return
    # The pool was frozen before: the seat goes on, and the record says that this place did not
    # take it. Nobody is passed over without a word there.
    with contextlib.suppress(Conflict, Forbidden, Gone, NotFound):
        await service.decline(court.world, court.policy, at)


async def _has_had_enough(court: Court, at: service.SeatAt) -> bool:
    """Whether the day's dose is full; it does not bind the bench, which is the last resort."""
    seat = await store.seat(court.world.storage, *at)
    if seat is None or seat.pool_index is None or seat.state != "offered":
        return False
    known = await pace_of(court.world, court.policy, at.juror_id)
    return known.ballots + known.seated >= court.policy.panel.dose
