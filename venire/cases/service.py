"""A juror's side of a case: summons, seat, ballot. Every answer is one commit on the case.

The panel rule runs inside the ballot's own commit, against the version it read: so no ballot is
ever counted after the stop, and two that arrive together cannot both be the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from venire.cases import clocks, pace, panels, pay, store
from venire.cases.model import Case
from venire.cases.policy import Policy
from venire.cases.rules import is_sealed
from venire.events import CaseChanged
from venire.kernel.clock import utc_day
from venire.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Unavailable
from venire.storage.tables.cases import SeatRow
from venire.storage.timers import timer
from venire.storage.verbs import Write
from venire.storage.world import World

_TRIES = 20
_Answer = Callable[[Case, Sequence[SeatRow], SeatRow], SeatRow]
REASON_CHARACTERS = 1000


class SeatAt(NamedTuple):
    """Which seat: of which case, in which round, of which juror."""

    case_id: int
    round: int
    juror_id: int

    def __str__(self) -> str:
        return f"{self.case_id}:{self.round}:{self.juror_id}"

    @classmethod
    def parse(cls, text: str) -> SeatAt:
        """Read what `str` wrote."""
        case_id, number, juror_id = (int(part) for part in text.split(":"))
        return cls(case_id, number, juror_id)


async def accept(world: World, policy: Policy, at: SeatAt) -> SeatRow:
    """Take the seat that was offered; a paid juror's promise is made in the same commit.

    Again is the same seat with the deadline it has: an answer may be lost on its way to a phone.
    Raises Gone `summons_expired`, `panel_closed`; Forbidden `reported_it`; Throttled `on_break`,
    `dose_reached`.
    """
    await _not_a_reporter(world, policy, at)
    await _within_measure(world, policy, at)
    if (taken := await _taken(world, at)) is not None:
        return taken
    offer = await pay.offer_to(world, policy, at.juror_id)
    now_ms = world.now_ms()

    def promise(seat: SeatRow) -> list[Write]:
        if offer is None:
            return []
        return pay.put_promise(offer, *at, at_ms=now_ms, until_ms=seat.deadline_ms)

    def answer(case: Case, _seats: Sequence[SeatRow], seat: SeatRow) -> SeatRow:
        minutes = policy.panel.ballot_minutes
        deadline_ms = clocks.answer_by_ms(case, policy, world.now_ms(), minutes)
        return msgspec.structs.replace(seat, state="seated", deadline_ms=deadline_ms)

    return await _answer(world, policy, at, answer, from_states=("offered",), also=promise)


async def _taken(world: World, at: SeatAt) -> SeatRow | None:
    """The seat if it was accepted before and is still the juror's to vote in."""
    seat, case = await store.seat(world.storage, *at), await store.load(world.storage, at.case_id)
    if seat is None or case is None or seat.state != "seated":
        return None
    _check(case, seat, ("seated",), now_ms=world.now_ms(), late=False)
    return seat


async def decline(world: World, policy: Policy, at: SeatAt) -> SeatRow:
    """Give the seat back, before or after having seen the post.

    Without a reason and without a penalty: it is not counted, not even towards the day's dose, and
    the record says only that some place in the pool was passed on.
    """

    def answer(_case: Case, _seats: Sequence[SeatRow], seat: SeatRow) -> SeatRow:
        return msgspec.structs.replace(seat, state="declined")

    over = await pay.end_promise(world, *at)
    return await _answer(
        world, policy, at, answer, from_states=("offered", "seated"), also=lambda _: over
    )


async def cast_ballot(
    world: World,
    policy: Policy,
    at: SeatAt,
    *,
    vote: str,
    category: str | None,
    reason: str,
) -> SeatRow:
    """Vote, once. Raises Conflict `ballot_already_cast`, Gone, Forbidden `not_seated`, Invalid."""
    if vote not in {"violates", "keeps"}:
        raise Invalid("vote_unknown", "vote is 'violates' or 'keeps'", vote=str(vote)[:40])
    if len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_too_long", "a reason has 1,000 characters at most")
    if category is not None and category not in {c.name for c in policy.categories}:
        raise Invalid("category_unknown", "not a category of this site's policy")
    await _not_a_reporter(world, policy, at)

    def answer(case: Case, seats: Sequence[SeatRow], seat: SeatRow) -> SeatRow:
        # After every other, also within a millisecond and when the clock is put back: in another
        # order the same ballots may have been enough before the last of them, and for the opposite.
        last_ms = max((one.voted_at_ms or 0 for one in seats), default=0)
        return msgspec.structs.replace(
            seat,
            state="voted",
            vote=vote,
            category=category or case.category,
            reason=reason,
            voted_at_ms=max(world.now_ms(), last_ms + 1),
        )

    kept = await pay.keep_open(world, *at)
    return await _answer(world, policy, at, answer, from_states=("seated",), also=lambda _: kept)


async def _within_measure(world: World, policy: Policy, at: SeatAt) -> None:
    """Keep the day's dose and the break. A seat that cannot be taken in time goes on to others."""
    seat = await store.seat(world.storage, *at)
    if seat is None or seat.state != "offered":
        return
    known, now_ms = await pace.pace_of(world, policy, at.juror_id), world.now_ms()
    of_the_lot = seat.pool_index is not None
    if of_the_lot and known.ballots + known.seated >= policy.panel.dose:
        await decline(world, policy, at)
        raise pace.dose_reached(now_ms)
    if known.break_until_ms is not None:
        if seat.deadline_ms <= known.break_until_ms:
            await decline(world, policy, at)
        raise pace.on_break(known.break_until_ms - now_ms)
    if of_the_lot and not await pace.reserve(
        world, policy.panel.dose, at.juror_id, at.case_id, at.round
    ):
        await decline(world, policy, at)
        raise pace.dose_reached(now_ms)


async def _not_a_reporter(world: World, policy: Policy, at: SeatAt) -> None:
    """Give the seat of a juror up who has reported the post since the draw; the record says so."""
    if await store.has_reported(world.storage, at.case_id, at.juror_id):
        await decline(world, policy, at)
        raise Forbidden("reported_it", "who reported a post does not judge it")


async def time_out(world: World, policy: Policy, key: str) -> None:
    """A seat's deadline has come (timer `seat`, key `case:round:juror`): free it if still open."""
    at = SeatAt.parse(key)

    def answer(_case: Case, _seats: Sequence[SeatRow], seat: SeatRow) -> SeatRow:
        if seat.deadline_ms > world.now_ms():
            raise Gone("deadline_moved")
        return msgspec.structs.replace(seat, state="timed_out")

    try:
        await _answer(
            world,
            policy,
            at,
            answer,
            from_states=("offered", "seated"),
            late=True,
        )
    except (Gone, Conflict, NotFound, Forbidden):
        return


async def _answer(
    world: World,
    policy: Policy,
    at: SeatAt,
    answer: _Answer,
    *,
    from_states: tuple[str, ...],
    late: bool = False,
    also: Callable[[SeatRow], Sequence[Write]] = lambda _: (),
) -> SeatRow:
    for _ in range(_TRIES):
        case = await store.load(world.storage, at.case_id)
        seat = await store.seat(world.storage, *at)
        if case is None or seat is None:
            raise NotFound("summons_not_found", "you have no seat in this panel")
        _check(case, seat, from_states, now_ms=world.now_ms(), late=late)
        seats = await store.seats(world.storage, at.case_id, at.round)
        answered = answer(case, seats, seat)
        writes = [*settle(policy, case, seats, answered), *also(answered)]
        try:
            await world.storage.commit(
                store.aggregate(case.id), writes, [CaseChanged(case.id)], expect=case.version
            )
        except Conflict:
            continue
        return answered
    raise Unavailable("case_busy", "the panel is busy; try again in a moment")


def is_voting(case: Case, number: int) -> bool:
    """Whether a round of a case takes ballots: not once it is over or the case is sealed."""
    current = case.round
    there = current is not None and current.number == number and current.state == "voting"
    return there and not is_sealed(case)


def _check(
    case: Case, seat: SeatRow, from_states: tuple[str, ...], *, now_ms: int, late: bool
) -> None:
    """Refuse an answer that comes twice, late, or from someone who may not give it."""
    if seat.state in {"voted", "struck"}:
        raise Conflict("ballot_already_cast", "a ballot counts once and stays as it was cast")
    if seat.state == "timed_out" or (seat.deadline_ms <= now_ms and not late):
        raise Gone("summons_expired", "the deadline has passed; another juror was asked")
    closed = not is_voting(case, seat.round)
    if seat.state == "dismissed" or closed:
        raise Gone("panel_closed", "this panel has decided; thank you for your time")
    if seat.state not in from_states:
        code = "not_seated" if seat.state == "offered" else "summons_answered"
        raise Forbidden(code, "accept the summons first, and answer it once", state=seat.state)


def settle(policy: Policy, case: Case, seats: Sequence[SeatRow], answered: SeatRow) -> list[Write]:
    """The writes of an answer; with a ballot, the panel rule and, at its stop, everyone else.

    A ballot that is struck out of a round that goes on is one that changes it, too.
    """
    day = utc_day(answered.offered_at_ms)
    writes = store.put_seat(answered, day)
    if answered.state == "seated":
        # The first deadline's timer finds it moved and does nothing; this is the new one.
        at = SeatAt(answered.case_id, answered.round, answered.juror_id)
        writes.append(timer(store.aggregate(case.id), "seat", str(at), answered.deadline_ms))
    now = [answered if seat.juror_id == answered.juror_id else seat for seat in seats]
    current = case.round
    if answered.state in {"voted", "struck"} and current is not None:
        outcome = panels.evaluate(current, now, policy)
        current = msgspec.structs.replace(
            current,
            posterior=outcome.posterior,
            violates=outcome.violates,
            keeps=outcome.keeps,
            state=outcome.state,
            verdict=outcome.verdict,
        )
        if outcome.verdict is not None:
            writes += dismiss_open(now)
    return [*store.put_case(msgspec.structs.replace(case, round=current)), *writes]


def dismiss_open(seats: Sequence[SeatRow]) -> list[Write]:
    """The writes that thank everyone whose seat is still open and let them go."""
    return [
        write
        for seat in seats
        if seat.state in {"offered", "seated"}
        for write in store.put_seat(
            msgspec.structs.replace(seat, state="dismissed"), utc_day(seat.offered_at_ms)
        )
    ]
