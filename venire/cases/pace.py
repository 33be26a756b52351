"""How much a juror may look at: the day's dose, and the break that nobody can shorten.

Both are read from the ballots themselves, so there is no counter that could be behind: a seat is
noted for its juror in the same commit that offers it, takes it or counts its ballot.
"""

from __future__ import annotations

from typing import NamedTuple

from venire.cases import store
from venire.cases.policy import Policy
from venire.jury.breaks import Served, break_ends_ms
from venire.kernel.clock import DAY_MS, utc_day
from venire.kernel.errors import Throttled
from venire.storage.tables.cases import SEATS
from venire.storage.world import World


class Pace(NamedTuple):
    """Ballots cast today and seats taken and not yet voted in; until when there is a break."""

    ballots: int
    seated: int
    break_until_ms: int | None


async def pace_of(world: World, policy: Policy, juror_id: int) -> Pace:
    """How much a juror has looked at of late."""
    now_ms = world.now_ms()
    today = await store.service_on(world.storage, juror_id, utc_day(now_ms))
    before = await store.service_on(world.storage, juror_id, utc_day(now_ms - DAY_MS))
    ballots = sum(row.state == "voted" for row in today)
    seated = sum(row.state == "seated" for row in today)
    if world.site.acceptance:
        # A drill's jurors work at the speed of the machine, and do not tire.
        return Pace(ballots, seated, None)
    keys = [(row.case_id, row.round, juror_id) for row in (*before, *today) if row.state == "voted"]
    cast = await world.storage.get_many(SEATS, keys)
    hard = policy.jury.hard_categories
    served = [
        Served(seat.voted_at_ms, seat.category in hard)
        for seat in cast
        if seat is not None and seat.voted_at_ms is not None
    ]
    return Pace(ballots, seated, break_ends_ms(served, policy.jury, now_ms))


async def refuse_in_break(world: World, policy: Policy, juror_id: int) -> None:
    """Throttled `on_break` while a juror has to rest: nothing is taken, nothing is shown."""
    until_ms = (await pace_of(world, policy, juror_id)).break_until_ms
    if until_ms is not None:
        raise on_break(until_ms - world.now_ms())


def on_break(left_ms: int) -> Throttled:
    """What a juror is told who has to rest."""
    return Throttled(
        "on_break",
        "Take a break first. Your seat waits, or another member is asked; both are all right.",
        retry_after_s=max(1, -(-left_ms // 1000)),
    )


def dose_reached(now_ms: int) -> Throttled:
    """What a juror is told who has looked at enough for one day."""
    return Throttled(
        "dose_reached",
        "That is enough for today. Thank you; another member is asked.",
        retry_after_s=max(1, (DAY_MS - now_ms % DAY_MS) // 1000),
    )
