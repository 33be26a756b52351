"""Whom a case goes to that no panel can decide: the bench, and where it is empty an admin.

An admin sits in the bench's own manner, and the record says that it was one. A village has no bench
of trained people, and a case that waits for one would wait for ever.
"""

from __future__ import annotations

import msgspec

from venire.cases import clocks, store
from venire.cases.court import Court
from venire.cases.draw_facts import facts_of
from venire.cases.model import Case, Round
from venire.cases.service import SeatAt
from venire.jury import store as jury_store
from venire.jury.actions import bench
from venire.jury.freezing import Frozen
from venire.jury.rules import barred
from venire.kernel.clock import utc_day
from venire.people.model import ADMIN
from venire.people.store import load_account, staff

_NO_DOSE = 1 << 30
_BENCH, _ADMINS = -1, -2
"""No pool of the record: what is remembered of one is not taken for the other."""


async def in_order(court: Court, case: Case, current: Round) -> list[int]:
    """The bench's members without ties to the case, else the admins without any.

    In a village, where everyone may know everyone, a follow that is not returned is let pass before
    a case is left to nobody. With mutual friends, or worse, alone it waits for a moderator's act.
    """
    members = tuple(juror.account_id for juror in await bench(court.world))
    for accounts, kind in ((members, _BENCH), (await _admins(court, case), _ADMINS)):
        free = await _free_of(court, case, current, accounts, kind)
        if not free and court.policy.jury.preset == "small":
            free = await _free_of(court, case, current, accounts, kind, one_way_follows=True)
        if free:
            return free
    return []


async def _admins(court: Court, case: Case) -> tuple[int, ...]:
    """Who may be asked in place of the bench: at once on a small site, else once time runs short.

    A site with a bench hears first that it is short of one. Never for a question that only tests
    jurors.
    """
    if case.asks or (court.policy.jury.preset != "small" and case.alarms < clocks.MORE):
        return ()
    return tuple(row.account_id for row in await staff(court.world) if row.role == ADMIN)


async def _free_of(
    court: Court,
    case: Case,
    current: Round,
    accounts: tuple[int, ...],
    kind: int,
    *,
    one_way_follows: bool = False,
) -> list[int]:
    """Those without ties to the case, who have the least to do today first.

    Who was late is asked again, after the others, and the daily dose of the lot does not bind them:
    there is nobody else. An admin, who never opted in, has nothing to opt out of.
    """
    storage = court.world.storage
    day = utc_day(court.world.now_ms())
    seats = await store.seats(storage, case.id)
    late = {s.juror_id for s in seats if s.round == current.number and s.state == "timed_out"}
    known = [await jury_store.load(storage, account) for account in accounts]
    pairs = zip(accounts, known, strict=True)
    strangers = {one for one, juror in pairs if juror is None or juror.state == "left"}
    facts = await facts_of(court, case, Frozen(kind, (), accounts))
    facts = msgspec.structs.replace(
        facts,
        earlier_panels=(facts.earlier_panels - late) | set(case.acted),
        opted_out=facts.opted_out - strangers,
    )
    against = barred(facts, dose=_NO_DOSE, one_way_follows=one_way_follows)
    free = [account for account in accounts if account not in against]
    busy = {one: len(await store.service_on(storage, one, day)) for one in free}
    return sorted(free, key=lambda one: (one in late, busy[one], one))


async def is_asked_as_admin(court: Court, at: SeatAt) -> bool:
    """Whether a seat is an admin's who serves on no jury: nobody drew it by lot."""
    seat = await store.seat(court.world.storage, *at)
    account = await load_account(court.world, at.juror_id)
    drawn = seat is None or seat.pool_index is not None
    return not drawn and account is not None and account.role == ADMIN


async def judged_by(court: Court, case: Case) -> str:
    """Who has decided a round, where it is not who it was made for: `admin`, else empty."""
    current = case.round
    if current is None or current.kind != "bench":
        return ""
    for seat in await store.seats(court.world.storage, case.id, current.number):
        if seat.state == "voted":
            juror = await jury_store.load(court.world.storage, seat.juror_id)
            return "" if juror is not None and juror.bench else "admin"
    return ""
