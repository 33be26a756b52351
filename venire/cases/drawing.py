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
from venire.record.entry import decode_entry
from venire.storage.tables.cases import SeatRow
from venire.storage.timers import timer

Headers = list[tuple[str, dict[str, Any]]]

PATIENCE_MS: Final = 10 * MINUTE_MS
"""How long a silent beacon is asked before the operator's seed takes its place, in the record."""
_AFTER_MS: Final = SECOND_MS
"""From a round's time until its signature can be had, mostly."""
_LONGEST_PAUSE_MS: Final = 15 * SECOND_MS
_GONE: Final = {"declined": "decline", "struck": "decline", "timed_out": "timeout"}
"""What the record says of a seat that is free again, by its state."""
_RECORDED_MS: Final = 20 * SECOND_MS
"""Before its round's time: a draw that got into the record later than that is not called fair."""


async def draw(court: Court, case: Case) -> tuple[Step, Headers]:
    """Open the next round: commit to its exclusions before its order can be known."""
    now_ms = court.world.now_ms()
    planned = rules.next_round(case, court.policy, now_ms)
    # A round of its own order: the same batch would ask the same people first again.
    typical = await gold_store.pool_mean(court.world.storage, utc_day(now_ms))
    numbers = panels.numbers_of(planned, court.policy)
    planned = msgspec.structs.replace(
        planned, batch=planned.number, typical=typical, numbers=numbers
    )
    drawn = None
    if planned.kind != "bench":
        appeal = planned.kind == "appeal"
        least = planned.seats if appeal else numbers.min_ballots
        drawn = await draws.prepare(court, case, seats=least, appeal=appeal)
        if drawn is not None and appeal:
            planned, drawn = appeals_ending.seated(planned, drawn)
    step = Step("draw", entries.step_key(case, "draw"), now_ms, opens=planned)
    if drawn is None:
        # Nobody to draw from: the bench takes what a panel cannot.
        bench = msgspec.structs.replace(
            planned,
            kind="bench",
            rule="one_of_bench",
            seats=0,
            small_pool=planned.kind != "bench" and court.policy.jury.preset == "small",
        )
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
    """A draw as it may go into the record; None for one that has to be drawn again.

    Its round would come too soon, or policy or pool have changed since it was written. Unless a
    part of it is in the record: then it stands, for a late one by the operator's seed, and the
    record says so.
    """
    if step.opens is None or step.type != "draw" or not step.entries:
        return step
    late = _left_ms(court, step.opens) < LEAST_MS
    if not late and await _is_current(court, step, step.opens):
        return step
    storage = court.world.storage
    there = [await record_store.index_of(storage, key) is not None for key, _ in step.entries]
    if not any(there):
        return None
    return step if all(there) or not late else _late(step)


async def _is_current(court: Court, step: Step, opens: Round) -> bool:
    """Whether a draw is by the policy and from the pool that whoever reads the record expects."""
    said = decode_entry(step.entries[0][1]).header["rules"]
    as_planned = msgspec.structs.replace(opens, rule=court.policy.panel.rule)
    same = opens.numbers in (None, panels.numbers_of(as_planned, court.policy))
    return same and said == court.policy.version and await court.pools.is_in_force(opens.epoch)


def _left_ms(court: Court, opens: Round) -> int:
    """Until the round of a draw is signed; for ever, where no beacon orders it."""
    if not opens.beacon_round:
        return LEAST_MS
    return time_of(opens.beacon_round) - court.world.now_ms()


def as_recorded(court: Court, step: Step, *, began_ms: int) -> Step:
    """A draw once it is in the record: by the operator's seed, if that took too long.

    `began_ms`: when it was begun to be put there. One that had less time left by then was in the
    record already: told again after a crash, it was not slow.
    """
    if step.opens is None or not step.opens.beacon_round or step.type != "draw":
        return step
    at_ms = time_of(step.opens.beacon_round)
    slow = at_ms - began_ms >= LEAST_MS and at_ms - court.world.now_ms() < _RECORDED_MS
    return _late(step) if slow else step


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
    """Who declined, let the deadline pass or was struck out, and is not in the record for it."""
    if current is None or current.kind == "bench":
        return []
    left = [seat for seat in seats if seat.state in _GONE]
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
    for kind in ("decline", "timeout"):
        gone_so = [seat for seat in left if _GONE[seat.state] == kind]
        indices = [seat.pool_index for seat in gone_so if seat.pool_index is not None]
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
