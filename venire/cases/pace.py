"""How much a juror may look at: the day's dose, and the break that nobody can shorten.

Both are read from the ballots themselves, so there is no counter that could be behind: a seat is
noted for its juror in the same commit that offers it, takes it or counts its ballot. That commit is
its case's, and a juror may take seats in two cases at once: so a seat is asked for first in one row
of the juror's own (`reserve`), by whose version one of the two is the later.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from venire.cases import store
from venire.cases.policy import Policy
from venire.jury.breaks import Served, break_ends_ms
from venire.kernel.clock import DAY_MS, MINUTE_MS, utc_day
from venire.kernel.errors import Conflict, Throttled, Unavailable
from venire.storage.tables.cases import SEATS
from venire.storage.tables.service import DOSES, DoseRow
from venire.storage.verbs import Put
from venire.storage.world import World

_TRIES: Final = 20
_ON_ITS_WAY_MS: Final = MINUTE_MS
"""How long a seat that was asked for counts, though its case does not know of it yet."""


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


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A seat that a juror asked for, and when."""

    case_id: int
    round: int
    at_ms: int


async def reserve(world: World, dose: int, juror_id: int, case_id: int, number: int) -> bool:
    """Ask for a seat within the day's dose, before its case gives it; whether there is one left.

    Again for the same seat is once. What was asked for and never taken counts for a minute, what
    was given back not at all.
    """
    now_ms = world.now_ms()
    day, this = utc_day(now_ms), (case_id, number)
    for _ in range(_TRIES):
        row = await world.storage.get(DOSES, (juror_id, day))
        said = [] if row is None else msgspec.json.decode(row.taken, type=list[Asked])
        others = [one for one in said if (one.case_id, one.round) != this]
        live = [one for one in others if await _counts(world, juror_id, one, now_ms)]
        taken = {(one.case_id, one.round) for one in live}
        for service in await store.service_on(world.storage, juror_id, day):
            if service.state in {"seated", "voted"}:
                taken.add((service.case_id, service.round))
        if len(taken - {this}) >= dose:
            return False
        version = 0 if row is None else row.version
        asked = msgspec.json.encode([*live, Asked(case_id, number, now_ms)])
        write = Put(DOSES, DoseRow(juror_id, day, asked, version + 1), now_ms + 2 * DAY_MS)
        try:
            await world.storage.commit(f"dose:{juror_id}:{day}", [write], expect=version)
        except Conflict:
            continue
        return True
    raise Unavailable("case_busy", "the panel is busy; try again in a moment")


async def _counts(world: World, juror_id: int, asked: Asked, now_ms: int) -> bool:
    """Whether a seat that was asked for is taken, or may be at this moment."""
    seat = await store.seat(world.storage, asked.case_id, asked.round, juror_id)
    if seat is None or seat.state != "offered":
        return seat is not None and seat.state in {"seated", "voted"}
    return now_ms < asked.at_ms + _ON_ITS_WAY_MS


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
