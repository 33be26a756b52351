"""What service is worth: a promise before the vote, an entry after the verdict, and thanks.

A ballot is paid because it is valid, never for what it says: in the minority, in a round that hung
or ended without a verdict. The promise is made in the commit that takes the seat; that a round is
over makes each of its ballots *served*, once; and what was served is posted to the books under
case, round and juror, however often it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from venire.cases import delivery, messages, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.cases.policy import Policy
from venire.events import BallotServed, CaseStepped, PanelEnded
from venire.jury import store as jury_store
from venire.kernel.clock import DAY_MS, iso_ms
from venire.people import actions as people
from venire.storage.tables.cases import SeatRow
from venire.storage.tables.service import (
    OPEN_PROMISES,
    PROMISES,
    SERVED,
    SERVED_YEARS,
    OpenPromiseRow,
    PromiseRow,
    ServedRow,
    ServedYearRow,
)
from venire.storage.verbs import Delete, Envelope, Put, Write
from venire.storage.world import World
from venire.treasury import actions as treasury
from venire.treasury.ledger import month_of

HEARS: Final = (CaseStepped, PanelEnded)
CURSOR: Final = "served_years"
_ENDS_NOTHING: Final = frozenset({"hold", "draw", "seat"})
_OPEN_MS: Final = 62 * DAY_MS
"""A round is long over by then; whatever is left of it holds no budget back."""
_OPEN_MOST: Final = 1_000
"""Beyond so many seats at once the budget is a goal that may be missed by some of them."""
_OVER: Final = frozenset({"verdict", "hung", "expired"})


class Offer(msgspec.Struct, frozen=True):
    """What a paid juror would get for a ballot now. `why`: empty, `budget_used_up` or `unpaid`."""

    currency: str
    amount: int
    rate: int
    budget: int
    budget_left: int
    terms: str
    why: str = ""


async def offer_to(world: World, policy: Policy, juror_id: int) -> Offer | None:
    """What a juror would get for a ballot now; None for a volunteer."""
    juror = await jury_store.load(world.storage, juror_id)
    if juror is None or not juror.paid:
        return None
    pay = policy.pay
    spent = await treasury.spent(world, pay.currency, month_of(world.now_ms()))
    left = max(0, pay.budget - spent - await spoken_for(world, pay.currency))
    why = "unpaid" if pay.rate == 0 else ("budget_used_up" if left < pay.rate else "")
    return Offer(pay.currency, 0 if why else pay.rate, pay.rate, pay.budget, left, pay.terms, why)


async def spoken_for(world: World, currency: str) -> int:
    """What was promised and not earned yet, in minor units: this month and the last one."""
    now_ms = world.now_ms()
    this = month_of(now_ms)
    last = month_of(now_ms - int(iso_ms(now_ms)[8:10]) * DAY_MS)
    found = [
        row
        for month in (this, last)
        for row in await world.storage.range(OPEN_PROMISES, (currency, month), limit=_OPEN_MOST)
    ]
    return sum(row.amount for row in found)


def put_promise(
    offer: Offer, case_id: int, number: int, juror_id: int, *, at_ms: int, until_ms: int
) -> list[Write]:
    """The writes of what a juror was told when taking a seat, which is theirs `until_ms`."""
    row = PromiseRow(case_id, number, juror_id, offer.currency, offer.amount, offer.terms, at_ms)
    writes: list[Write] = [Put(PROMISES, row)]
    if row.amount:
        writes.append(Put(OPEN_PROMISES, _open(row), until_ms))
    return writes


def _open(row: PromiseRow) -> OpenPromiseRow:
    month = month_of(row.at_ms)
    return OpenPromiseRow(row.ledger, month, row.case_id, row.round, row.juror_id, row.amount)


async def keep_open(world: World, case_id: int, number: int, juror_id: int) -> list[Write]:
    """The writes by which a promise outlives its seat: the ballot is there, the round not over."""
    row = await promised(world, case_id, number, juror_id)
    if row is None or not row.amount:
        return []
    return [Put(OPEN_PROMISES, _open(row), world.now_ms() + _OPEN_MS)]


async def end_promise(world: World, case_id: int, number: int, juror_id: int) -> list[Write]:
    """The writes by which a promise holds no budget back any more: it is earned, or given back."""
    row = await promised(world, case_id, number, juror_id)
    return [] if row is None or not row.amount else [Delete(OPEN_PROMISES, _open(row))]


async def promised(world: World, case_id: int, number: int, juror_id: int) -> PromiseRow | None:
    """What was promised for a seat; None for a volunteer's."""
    return await world.storage.get(PROMISES, (case_id, number, juror_id))


# from the end of a round to what was served


async def on_round_over(court: Court, envelope: Envelope) -> None:
    """Note every valid ballot of the rounds of a case that are over as served, each once."""
    event = envelope.event
    if isinstance(event, CaseStepped) and event.step in _ENDS_NOTHING:
        return
    if not isinstance(event, HEARS):
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None:
        return
    seats = await store.seats(court.world.storage, case.id)
    cast = [seat for seat in seats if seat.state == "voted" and is_over(case, seat.round)]
    for seat in cast:
        await _note_served(court.world, seat)


def is_over(case: Case, number: int) -> bool:
    """Whether a round takes no ballots any more and its verdict, if any, is in the record."""
    current = case.round
    if case.state == "closed" or current is None or number < current.number:
        return True
    return current.state in _OVER and (current.recorded or case.state == "decided")


async def _note_served(world: World, seat: SeatRow) -> None:
    voted_at_ms = seat.voted_at_ms or seat.offered_at_ms
    key = (seat.juror_id, month_of(voted_at_ms), seat.case_id, seat.round)
    if await world.storage.get(SERVED, key) is not None:
        return
    promise = await promised(world, seat.case_id, seat.round, seat.juror_id)
    row = ServedRow(
        *key,
        voted_at_ms=voted_at_ms,
        ledger="" if promise is None else promise.ledger,
        amount=0 if promise is None else promise.amount,
    )
    told = BallotServed(seat.case_id, seat.round, seat.juror_id)
    over = await end_promise(world, seat.case_id, seat.round, seat.juror_id)
    await world.storage.commit(store.aggregate(seat.case_id), [Put(SERVED, row), *over], [told])


# from what was served to the books, and to a word of thanks


async def on_ballot_served(world: World, envelope: Envelope) -> None:
    """Owe the juror what was promised, once."""
    event = envelope.event
    if not isinstance(event, BallotServed):
        return
    promise = await promised(world, event.case_id, event.round, event.juror_id)
    if promise is None or promise.amount == 0:
        return
    key = f"ballot:{event.case_id}:{event.round}:{event.juror_id}"
    await treasury.earn(world, promise.ledger, event.juror_id, promise.amount, key=key)


async def count_page(court: Court, page: Sequence[Envelope], position: int) -> None:
    """Count ballots by juror and year, thank whoever comes by a round number, move the cursor."""
    world = court.world
    told: dict[tuple[int, int], list[int]] = {}
    for envelope in page:
        if isinstance(envelope.event, BallotServed):
            place = (envelope.event.juror_id, year_of(envelope.at_ms))
            told.setdefault(place, []).append(envelope.sequence)
    for (juror_id, year), sequences in told.items():
        row = await world.storage.get(SERVED_YEARS, (juror_id, year))
        row = row or ServedYearRow(juror_id, year, 0, 0)
        ballots = row.ballots + sum(one > row.counted_through for one in sequences)
        # Before the count: told again after a crash it is the same message, and not lost.
        await _thank(court, juror_id, year, row.ballots, ballots)
        counted = max(position, row.counted_through)
        await world.storage.put(SERVED_YEARS, ServedYearRow(juror_id, year, ballots, counted))
    await world.storage.advance(CURSOR, position)


async def _thank(court: Court, juror_id: int, year: int, before: int, after: int) -> None:
    every = court.policy.jury.thanks_after
    if before // every == after // every:
        return
    count = after // every * every
    language = await people.language_of(court.world, juror_id)
    text = messages.thanks_message(language, count, year)
    await delivery.tell(court, juror_id, text, key=f"thanks:{juror_id}:{year}:{count}")


def year_of(at_ms: int) -> int:
    """The calendar year, UTC."""
    return int(iso_ms(at_ms)[:4])


async def served_in(world: World, juror_id: int, month: str) -> list[ServedRow]:
    """The ballots of a juror that count in a month."""
    return await world.storage.range(SERVED, (juror_id, month), limit=10_000)


async def years_of(world: World, juror_id: int) -> list[ServedYearRow]:
    """How many ballots a juror cast, the newest year first."""
    return await world.storage.range(SERVED_YEARS, (juror_id,), limit=100)
