"""The steps of a draw: exclusions first, then randomness that nobody knew, then seats in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from venire.cases import appeals_ending, draws, entries, panels, rules, store
from venire.cases.court import Court
from venire.cases.model import Case, Round, Step
from venire.jury import gold_store
from venire.jury.beacon import LEAST_MS, round_for, time_of
from venire.kernel.clock import MINUTE_MS, SECOND_MS, utc_day
from venire.record import store as record_store
from venire.storage.tables.cases import SeatRow
from venire.storage.timers import timer

Headers = list[tuple[str, dict[str, Any]]]

PATIENCE_MS: Final = 10 * MINUTE_MS
"""How long a silent beacon is asked before the operator's seed takes its place, in the record."""
_AFTER_MS: Final = SECOND_MS
"""From a round's time until its signature can be had, mostly."""
_LONGEST_PAUSE_MS: Final = 15 * SECOND_MS
_RECORDED_MS: Final = 20 * SECOND_MS
"""Before its round's time: a draw that got into the record later than that is not called fair."""


async def draw(court: Court, case: Case) -> tuple[Step, Headers]:
    """Open the next round: commit to its exclusions before its order can be known."""
    now_ms = court.world.now_ms()
    planned = rules.next_round(case, court.policy, now_ms)
    # A round of its own order: the same batch would ask the same people first again.
    typical = await gold_store.pool_mean(court.world.storage, utc_day(now_ms))
    planned = msgspec.structs.replace(planned, batch=planned.number, typical=typical)
    drawn = None
    if planned.kind != "bench":
        appeal = planned.kind == "appeal"
        least = planned.seats if appeal else panels.panel_rule(planned, court.policy).min_ballots
        drawn = await draws.prepare(court, case, seats=least, appeal=appeal)
        if drawn is not None and appeal:
            planned, drawn = appeals_ending.seated(planned, drawn)
    step = Step("draw", entries.step_key(case, "draw"), now_ms, opens=planned)
    if drawn is None:
        # Nobody to draw from: the bench takes what a panel cannot.
        bench = msgspec.structs.replace(planned, kind="bench", rule="one_of_bench", seats=0)
        return msgspec.structs.replace(step, opens=bench), []
    by_beacon = court.beacons is not None
    planned = msgspec.structs.replace(
        planned,
        epoch=drawn.epoch,
        excluded=tuple(drawn.excluded),
        beacon_round=round_for(now_ms) if by_beacon else 0,
        randomness="" if by_beacon else drawn.randomness,
    )
    headers = entries.draw_headers(
        case,
        planned,
        root=drawn.root,
        rule_hash=drawn.rule_hash,
        small_pool=drawn.panel != "ordinary",
    )
    told: Headers = [("draw", header) for header in headers]
    if not by_beacon:
        told.append(("chance", entries.chance_header(case, planned, seed=drawn.seed)))
    return msgspec.structs.replace(step, opens=planned), told


async def in_time(court: Court, step: Step) -> Step | None:
    """A draw as it may go into the record; None for one whose round would come too soon.

    Such a one is drawn again, unless a part of it is in the record: then the operator's seed has to
    do, and the record says so.
    """
    if step.opens is None or not step.opens.beacon_round or step.type != "draw":
        return step
    if time_of(step.opens.beacon_round) - court.world.now_ms() >= LEAST_MS:
        return step
    storage = court.world.storage
    there = [await record_store.index_of(storage, key) is not None for key, _ in step.entries]
    if all(there):
        return step
    return _late(step) if any(there) else None


def as_recorded(court: Court, step: Step) -> Step:
    """A draw once it is in the record: by the operator's seed, if that took too long."""
    if step.opens is None or not step.opens.beacon_round or step.type != "draw":
        return step
    left_ms = time_of(step.opens.beacon_round) - court.world.now_ms()
    # Long after that it is a crash in between that is told again, not a record that was slow.
    return _late(step) if 0 < left_ms < _RECORDED_MS else step


def _late(step: Step) -> Step:
    if step.opens is None:
        return step
    return msgspec.structs.replace(step, opens=msgspec.structs.replace(step.opens, fallback="late"))


async def chance(court: Court, case: Case) -> tuple[Step, Headers] | None:
    """The randomness of a draw, where it is known by now; else the case looks again by the clock.

    A beacon that lies, is silent, or is ahead of the clock by which its round was chosen gives way
    to the operator's committed seed: marked, with the reason, for everyone to see.
    """
    current = case.round
    if current is None:
        return None
    now_ms, at_ms = court.world.now_ms(), time_of(current.beacon_round)
    reason, beacons = current.fallback, court.beacons
    if beacons is None:
        reason = reason or "silent"
    elif not reason and now_ms < at_ms:
        if at_ms - now_ms <= 2 * MINUTE_MS:
            await _look_again(court, case, at_ms + _AFTER_MS)
            return None
        # Nobody draws so far ahead: the clock has been put back since.
        reason = "clock"
    elif not reason:
        heard = beacons.heard(current.beacon_round)
        if heard is not None and not heard.early:
            known = msgspec.structs.replace(current, randomness=heard.randomness.hex())
            return _known(case, known, now_ms, signature=heard.signature)
        waited_ms = beacons.want(current.beacon_round)
        if heard is None and waited_ms < PATIENCE_MS:
            pause_ms = min(max(waited_ms // 4, _AFTER_MS), _LONGEST_PAUSE_MS)
            await _look_again(court, case, now_ms + pause_ms)
            return None
        reason = "clock" if heard else "invalid" if beacons.lied(current.beacon_round) else "silent"
    sheet = await court.pools.of(current.epoch)
    fallen = msgspec.structs.replace(current, fallback=reason, randomness=sheet.randomness.hex())
    return _known(case, fallen, now_ms, seed=sheet.seed.hex())


def _known(
    case: Case, known: Round, now_ms: int, *, signature: str = "", seed: str = ""
) -> tuple[Step, Headers]:
    step = Step(
        "chance",
        entries.step_key(case, "chance"),
        now_ms,
        round=known.number,
        randomness=known.randomness,
        fallback=known.fallback,
    )
    return step, [("chance", entries.chance_header(case, known, signature=signature, seed=seed))]


async def _look_again(court: Court, case: Case, at_ms: int) -> None:
    """Have the clock look at a case; one such timer at a time."""
    if court.world.now_ms() < case.look_again_ms <= at_ms:
        return
    waiting = msgspec.structs.replace(case, look_again_ms=at_ms)
    aggregate = store.aggregate(case.id)
    writes = [*store.put_case(waiting), timer(aggregate, "case", str(case.id), at_ms)]
    await court.world.storage.commit(aggregate, writes, expect=case.version)


def gone(current: Round | None, seats: Sequence[SeatRow]) -> list[SeatRow]:
    """Who declined or let the deadline pass, and is not in the record for it yet."""
    if current is None or current.kind == "bench":
        return []
    left = [seat for seat in seats if seat.state in {"declined", "timed_out"}]
    return [seat for seat in left if seat.juror_id not in current.logged]


async def seating(
    court: Court, case: Case, seats: Sequence[SeatRow], wanted: int
) -> tuple[Step, Headers] | None:
    """Seats for the next in the order; who declined or let the deadline pass is logged first."""
    current = case.round
    if current is None:
        return None
    found = await draws.next_in_order(court, case, current, wanted)
    if not found.jurors and current.kind == "bench":
        return None
    left = gone(current, seats)
    headers: Headers = []
    for state, kind in (("declined", "decline"), ("timed_out", "timeout")):
        indices = [s.pool_index for s in left if s.state == state and s.pool_index is not None]
        if indices:
            headers.append((kind, entries.seat_header(case, current, indices)))
    seated = [juror[1] for juror in found.jurors if juror[1] is not None]
    if seated:
        headers.append(("seat", entries.seat_header(case, current, seated)))
    step = Step(
        "seat",
        entries.step_key(case, "seat"),
        court.world.now_ms(),
        round=current.number,
        jurors=tuple(found.jurors),
        logged=tuple(seat.juror_id for seat in left),
        cursor=found.cursor,
        exhausted=current.exhausted or found.exhausted,
    )
    return step, headers
