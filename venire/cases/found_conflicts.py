"""A juror turns out to have a tie to a case after the draw: found by a person, with a reason.

| when | what becomes of the seat, and of the case |
|---|---|
| not voted yet | given back; the next in the order is asked |
| voted, no verdict yet | the ballot is struck and not paid; the panel goes on without it |
| after the verdict, which holds without that ballot | it stays counted |
| after a verdict that hung on it | fresh jurors judge again, as in an appeal; it stands meanwhile |
| there is none | the same answer as where it stays counted |

Whoever asks about one account after another learns who judged: no question is answered before it is
in the operators' log, and an account without a seat is answered like one whose ballot stays.

Nothing is taken back silently: a struck seat is in the record as one that was given back, and the
commitment to the ballots that a verdict rests on does not hold it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from venire.cases import appeals_filing, panels, pay, service, steps, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.events import CaseChanged
from venire.kernel.clock import utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from venire.storage.tables.cases import ModeratorActionRow, SeatRow
from venire.storage.verbs import Write

Outcome = Literal["given_back", "struck", "stands", "judged_again"]
REASON_CHARACTERS = 2_000
TO_FRESH_JURORS = "The site asks: one of those who judged this had a tie to it."
ASKED = "ask_for_a_tie"
"""A question by which no seat was taken, in the operators' log."""
_TRIES = 20
_LOGGED = {"declined": "take_seat", "struck": "strike_ballot"}
"""What the operators' log says of a seat that was taken, by what becomes of it."""


async def found_conflicted(
    court: Court, public_id: str, juror_id: int, *, actor_id: int, reason: str
) -> Outcome:
    """Take a juror's part in a case back, as far as that is still to be done.

    Raises NotFound `case_not_found`; Invalid `reason_missing`; Forbidden `own_case`.
    """
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    for _ in range(_TRIES):
        case = await store.case_by_public_id(court.world.storage, public_id)
        if case is None:
            raise NotFound("case_not_found", "there is no such case")
        if actor_id in {case.author_id, juror_id} or await store.has_reported(
            court.world.storage, case.id, actor_id
        ):
            raise Forbidden("own_case", "another has to say who may not judge this")
        if case.pending is not None:
            # A step is on its way into the record: it lands first, then this one.
            await steps.settled(court, case.id)
            continue
        seat = await _last_seat(court, case, juror_id)
        try:
            return await _settle(court, case, seat, actor_id, reason)
        except Conflict as conflict:
            if conflict.code != "version_moved":
                raise
    raise Unavailable("case_busy", "the case is moving; try again in a moment")


async def _last_seat(court: Court, case: Case, juror_id: int) -> SeatRow | None:
    seats = [
        seat
        for seat in await store.seats(court.world.storage, case.id)
        if seat.juror_id == juror_id and seat.state in {"offered", "seated", "voted", "struck"}
    ]
    return seats[-1] if seats else None


async def _settle(
    court: Court, case: Case, seat: SeatRow | None, actor_id: int, reason: str
) -> Outcome:
    there = seat is not None and seat.state != "struck"
    if seat is not None and there and service.is_voting(case, seat.round):
        given_back = seat.state in {"offered", "seated"}
        await _take(court, case, seat, "declined" if given_back else "struck", actor_id, reason)
        return "given_back" if given_back else "struck"
    hangs = seat is not None and there and await _hangs_on(court, case, seat)
    # Before any answer: one that changes nothing still tells who judged.
    line = _logged(court, case, "judge_again" if hangs else ASKED, actor_id, reason)
    await court.world.storage.commit(store.aggregate(case.id), [line])
    if hangs:
        await appeals_filing.appeal_for_the_site(court, case.id, actor_id, TO_FRESH_JURORS)
        return "judged_again"
    if seat is None:
        return "stands"
    if not there:
        return "struck"
    # Others are looking at it already, and decide without that ballot.
    later = case.state == "judging" and case.round is not None and case.round.number > seat.round
    return "judged_again" if later else "stands"


async def _take(  # noqa: PLR0917 - whose seat of which case, by whom, and why
    court: Court, case: Case, seat: SeatRow, state: str, actor_id: int, reason: str
) -> None:
    """Take a seat out of a round that goes on, with its line in the log in the same commit.

    The panel rule runs again, where a ballot goes with it.
    """
    seats = await store.seats(court.world.storage, case.id, seat.round)
    writes = service.settle(court.policy, case, seats, msgspec.structs.replace(seat, state=state))
    writes += await pay.end_promise(court.world, case.id, seat.round, seat.juror_id)
    await court.world.storage.commit(
        store.aggregate(case.id),
        [*writes, _logged(court, case, _LOGGED[state], actor_id, reason)],
        [CaseChanged(case.id)],
        expect=case.version,
    )


def _logged(court: Court, case: Case, action: str, actor_id: int, reason: str) -> Write:
    """A line of the operators' log: no juror is passed over for a reason that is not in it."""
    now_ms = court.world.now_ms()
    row = ModeratorActionRow(
        month=utc_day(now_ms)[:7],
        id=court.world.ids.next(),
        actor_id=actor_id,
        case_id=case.id,
        action=action,
        reason=reason,
        at_ms=now_ms,
    )
    return store.put_moderator_action(row)


async def _hangs_on(court: Court, case: Case, seat: SeatRow) -> bool:
    """Whether the verdict would not have been reached without this ballot."""
    current = case.round
    if case.state != "decided" or current is None or current.number != seat.round:
        return False
    if case.judged_by != current.kind:
        return False
    seats = await store.seats(court.world.storage, case.id, seat.round)
    rest = [one for one in seats if one.juror_id != seat.juror_id]
    return panels.evaluate(current, rest, court.policy).verdict != case.verdict
