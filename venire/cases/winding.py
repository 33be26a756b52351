"""Clocks that were wound while the machine's own ran ahead, brought back at the next start.

A deadline is a moment: set by a clock that was a year ahead, it would be waited for all that year.
Ids never go back, so they tell at a start that the clock has; then every case that is open is
looked at once, and what lies further ahead than its own clock allows is brought back to now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from venire.cases import clocks, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.cases.policy import Policy
from venire.cases.service import SeatAt
from venire.kernel.clock import HOUR_MS, MINUTE_MS, utc_day
from venire.kernel.errors import Conflict, Unavailable
from venire.kernel.ids import id_ms
from venire.storage.tables.cases import SeatRow
from venire.storage.timers import timer
from venire.storage.verbs import Write

_BEHIND_MS: Final = MINUTE_MS
_PAGE: Final = 200
_TRIES: Final = 20
_OPEN: Final = frozenset({"offered", "seated"})


async def wind(court: Court) -> int:
    """Bring back what a clock that was put back has left ahead; how many cases had any of it."""
    if id_ms(court.world.ids.next()) <= court.world.now_ms() + _BEHIND_MS:
        return 0
    found = 0
    for shard in range(store.SHARDS):
        above: int | None = None
        while page := await store.open_page(court.world.storage, shard, above, _PAGE):
            for row in page:
                found += await _look_at(court, row.case_id)
            above = page[-1].case_id
    return found


async def _look_at(court: Court, case_id: int) -> bool:
    storage, now_ms = court.world.storage, court.world.now_ms()
    for _ in range(_TRIES):
        case = await store.load(storage, case_id)
        if case is None or case.state not in {"open", "judging"}:
            return False
        back = brought_back(case, court.policy, now_ms)
        number = 0 if case.round is None else case.round.number
        seats = await store.seats(storage, case.id, number) if number else []
        late = seats_too_far(case, seats, court.policy, now_ms)
        if back == case and not late:
            return False
        writes = [*store.put_case(back), *clocks.timers(back, court.policy, now_ms)]
        writes += _hold_timer(back, court.policy)
        for seat in late:
            writes += _seat_writes(seat)
        try:
            await storage.commit(store.aggregate(case.id), writes, expect=case.version)
        except Conflict:
            continue
        return True
    raise Unavailable("case_busy", "the case changed too often; it is tried again")


def brought_back(case: Case, policy: Policy, now_ms: int) -> Case:
    """A case whose clock was started in what is now the future, as if it were started now.

    What was told of while the clock ran ahead may be told of again when its time comes.
    """
    started_ms = case.clock_from_ms or case.opened_at_ms
    if started_ms > now_ms:
        length_ms = case.due_at_ms - started_ms
        case = msgspec.structs.replace(case, clock_from_ms=now_ms, due_at_ms=now_ms + length_ms)
    held_ms, second_ms = case.held_at_ms, policy.reporters.second_hours * HOUR_MS
    return msgspec.structs.replace(
        case,
        held_at_ms=None if held_ms is None else min(held_ms, now_ms),
        second_by_ms=min(case.second_by_ms, now_ms + second_ms),
        alarms=min(case.alarms, clocks.stage_at(case, policy, now_ms)),
    )


def seats_too_far(
    case: Case, seats: Sequence[SeatRow], policy: Policy, now_ms: int
) -> list[SeatRow]:
    """The open seats whose deadline is further ahead than any that is given now, brought back."""
    minutes = max(policy.panel.summons_minutes, policy.panel.ballot_minutes)
    most_ms = clocks.answer_by_ms(case, policy, now_ms, minutes)
    return [
        msgspec.structs.replace(seat, deadline_ms=most_ms)
        for seat in seats
        if seat.state in _OPEN and seat.deadline_ms > most_ms
    ]


def _seat_writes(seat: SeatRow) -> list[Write]:
    at = SeatAt(seat.case_id, seat.round, seat.juror_id)
    due = timer(store.aggregate(seat.case_id), "seat", str(at), seat.deadline_ms)
    return [*store.put_seat(seat, utc_day(seat.offered_at_ms)), due]


def _hold_timer(case: Case, policy: Policy) -> list[Write]:
    ends_ms = clocks.hold_ends_ms(case, policy)
    if ends_ms is None:
        return []
    return [timer(store.aggregate(case.id), "case", str(case.id), ends_ms)]
