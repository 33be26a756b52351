"""A case moves by steps: intent, record, effect.

`advance` is told by `CaseChanged` and asks `rules.what_next` until there is nothing to do. A step
is first committed on the case as an intent with its finished entries, then appended to the record,
then applied with its index. Killed anywhere, the next telling goes on from where it stood: an
intent is finished, an entry is found under its key, an applied step has left no intent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from venire.cases import draws, entries, limits, panels, rules, service, store
from venire.cases.court import Court
from venire.cases.model import Case, Step
from venire.events import CaseStepped, Event, SummonsOffered
from venire.kernel.clock import MINUTE_MS, utc_day
from venire.kernel.errors import Conflict, Unavailable
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES
from venire.storage.tables.cases import SeatRow
from venire.storage.timers import timer
from venire.storage.verbs import Write

_MOST_STEPS = 100
_PAUSE_S = 0.05
_NO_BENCH_RETRY_MS = 5 * MINUTE_MS


async def advance(court: Court, case_id: int) -> None:
    """Take every step that is due on a case."""
    for _ in range(_MOST_STEPS):
        case = await store.load(court.world.storage, case_id)
        if case is None:
            return
        try:
            if case.pending is not None:
                await _finish(court, case, case.pending)
            elif not await _begin(court, case):
                return
        except Conflict as conflict:
            if conflict.code != "version_moved":
                raise
    raise Unavailable("case_does_not_settle", "a case kept changing", case=case_id)


async def _begin(court: Court, case: Case) -> bool:
    """Commit the intent of the next step; say whether there was one."""
    number = 0 if case.round is None else case.round.number
    seats = await store.seats(court.world.storage, case.id, number) if number else []
    wanted = panels.seats_wanted(case.round, seats, court.policy)
    still_open = sum(seat.state in {"offered", "seated"} for seat in seats)
    now_ms = court.world.now_ms()
    if rules.is_sealed(case) and rules.ended(case.round) != case.round:
        return await _seal(court, case, seats)
    what = rules.what_next(
        case,
        court.policy,
        seats_wanted=wanted,
        seats_open=still_open,
        overdue=case.due_at_ms <= now_ms,
    )
    match what:
        case "wait":
            return await _note_wait(court, case)
        case "draw":
            return await _draw(court, case)
        case "seat":
            return await _seat(court, case, seats, wanted)
        case "hold":
            by = case.hold_wanted
            header = entries.hold_header(case, court.policy, by)
            step = Step("hold", entries.step_key(case, "hold"), now_ms, by=by)
            await intend(court, case, step, [("hold", header)])
        case "verdict":
            await _verdict(court, case, now_ms)
        case "measure":
            measure = court.policy.category(case.category).measure
            header = entries.measure_header(case, court.policy, measure)
            step = Step("measure", entries.step_key(case, "measure"), now_ms, measure=measure)
            await intend(court, case, step, [("measure", header)])
        case "lift":
            header = entries.lift_header(case, court.policy)
            step = Step("lift", entries.step_key(case, "lift"), now_ms)
            await intend(court, case, step, [("lift", header)])
        case "keep" | "dispute":
            await intend(court, case, Step(what, entries.step_key(case, what), now_ms), [])
    return True


async def _seal(court: Court, case: Case, seats: Sequence[SeatRow]) -> bool:
    """Let a panel go that must not see what it was drawn for."""
    sealed = msgspec.structs.replace(case, round=rules.ended(case.round))
    writes = [*store.put_case(sealed), *service.dismiss_open(seats)]
    await court.world.storage.commit(store.aggregate(case.id), writes, expect=case.version)
    return True


async def _verdict(court: Court, case: Case, now_ms: int) -> None:
    inherited = rules.takes_over(case) or case.round is None
    verdict = "violates" if inherited or case.round is None else case.round.verdict or "hung"
    number = 0 if inherited or case.round is None else case.round.number
    found = await _category_found(court, case, number) if verdict == "violates" else ""
    step = Step(
        "verdict",
        entries.step_key(case, "verdict"),
        now_ms,
        round=number,
        verdict=verdict,
        category=found,
    )
    judged = msgspec.structs.replace(case, found=found)
    header = entries.verdict_header(judged, court.policy, verdict)
    commits = {"inherits": case.inherits} if inherited else await _ballots(court, case)
    await intend(court, case, step, [("verdict", header)], commits)


async def _category_found(court: Court, case: Case, number: int) -> str:
    """What a verdict finds broken: what its jurors named, or what the copied post broke."""
    if number == 0:
        said = await store.sources(court.world.storage, case.id)
        return next((source.category for source in said if source.inherits == case.inherits), "")
    seats = await store.seats(court.world.storage, case.id, number)
    votes = [(seat.vote or "", seat.category or "") for seat in seats if seat.state == "voted"]
    return rules.category_found(case, votes)


async def _ballots(court: Court, case: Case) -> dict[str, str]:
    """A commitment to the ballots as they were cast, so that none can be changed later."""
    number = 0 if case.round is None else case.round.number
    seats = await store.seats(court.world.storage, case.id, number)
    cast = sorted((seat.juror_id, seat.vote or "") for seat in seats if seat.state == "voted")
    return {"ballots": ",".join(f"{juror}:{vote}" for juror, vote in cast)}


async def intend(
    court: Court,
    case: Case,
    step: Step,
    headers: Sequence[tuple[str, dict[str, Any]]],
    commits: dict[str, str] | None = None,
    *,
    also: Sequence[Write] = (),
    events: Sequence[Event] = (),
) -> None:
    """Commit a step's intent: its entries, final to the byte, and the salt that blinds them.

    `also` and `events` go into the same commit. Raises Conflict when the case has moved.
    """
    salt = court.world.chance.token(SALT_BYTES)
    leaves = tuple(
        (
            f"{step.key}:{part}" if part else step.key,
            entries.encode(
                case,
                court.policy,
                salt,
                kind=kind,
                at_ms=step.at_ms,
                header=header,
                commits=commits,
            ),
        )
        for part, (kind, header) in enumerate(headers)
    )
    intended = msgspec.structs.replace(case, pending=msgspec.structs.replace(step, entries=leaves))
    aggregate = store.aggregate(case.id)
    writes = [*store.put_case(intended), *also]
    if leaves:
        writes.append(record_store.put_salt(step.key, aggregate, salt, case.author_id))
    await court.world.storage.commit(aggregate, writes, events, expect=case.version)


async def _finish(court: Court, case: Case, step: Step) -> None:
    """Put an intent into the record, then apply it: only now does it take effect outside."""
    index = -1
    for key, entry in step.entries:
        index = await court.sequencer.append(key, entry)
    applied = rules.apply(case, step)
    writes = store.put_case(applied)
    events: list[Event] = [CaseStepped(case.id, limits.effect_of(case, step), step.key, index)]
    if step.type == "seat" and case.round is not None and case.round.state == "voting":
        more, offered = _offer(court, case, step)
        writes += more
        events += offered
    elif applied.state == "decided":
        seats = await store.seats(court.world.storage, case.id)
        writes += service.dismiss_open(seats)
    await court.world.storage.commit(store.aggregate(case.id), writes, events, expect=case.version)


def _offer(court: Court, case: Case, step: Step) -> tuple[list[Write], list[Event]]:
    """The summons of a seating: one seat, one deadline, one event for each juror."""
    aggregate = store.aggregate(case.id)
    deadline_ms = court.world.now_ms() + court.policy.panel.summons_minutes * MINUTE_MS
    writes: list[Write] = []
    for juror_id, pool_index, hit_rate, false_alarm_rate in step.jurors:
        seat = SeatRow(
            case_id=case.id,
            round=step.round,
            juror_id=juror_id,
            pool_index=pool_index,
            state="offered",
            offered_at_ms=step.at_ms,
            deadline_ms=deadline_ms,
            hit_rate=hit_rate,
            false_alarm_rate=false_alarm_rate,
            vote=None,
            category=None,
            reason=None,
            voted_at_ms=None,
        )
        writes += store.put_seat(seat, utc_day(step.at_ms))
        at = service.SeatAt(case.id, step.round, juror_id)
        writes.append(timer(aggregate, "seat", str(at), deadline_ms))
    return writes, [SummonsOffered(case.id, step.round, juror[0]) for juror in step.jurors]


async def _draw(court: Court, case: Case) -> bool:
    """Open the next round: commit to its exclusions before its order can be known."""
    now_ms = court.world.now_ms()
    planned = rules.next_round(case, court.policy, now_ms)
    # A round of its own order: the same batch would ask the same people first again.
    planned = msgspec.structs.replace(planned, batch=planned.number)
    drawn = None
    if planned.kind == "panel":
        drawn = await draws.prepare(court, case)
        if drawn is None:
            # Nobody to draw from: the bench takes what a panel cannot.
            planned = msgspec.structs.replace(planned, kind="bench", rule="one_of_bench")
    step = Step("draw", entries.step_key(case, "draw"), now_ms, opens=planned)
    if drawn is None:
        await intend(court, case, step, [])
        return True
    headers = entries.draw_headers(
        case,
        number=planned.number,
        epoch=drawn.epoch,
        root=drawn.root,
        rule_hash=drawn.rule_hash,
        excluded=drawn.excluded,
        panel_rule=planned.rule,
        contested=planned.contested,
    )
    planned = msgspec.structs.replace(planned, epoch=drawn.epoch, excluded=tuple(drawn.excluded))
    step = msgspec.structs.replace(step, opens=planned)
    await intend(court, case, step, [("draw", header) for header in headers])
    return True


async def _seat(court: Court, case: Case, seats: Sequence[SeatRow], wanted: int) -> bool:
    """Offer seats to the next in the order; log who declined or let the deadline pass."""
    current = case.round
    if current is None:
        return False
    found = await draws.next_in_order(court, case, current, wanted)
    if not found.jurors and current.kind != "panel":
        return await _note_wait(court, case, look_again=True)
    gone = [
        seat
        for seat in seats
        if seat.state in {"declined", "timed_out"} and seat.juror_id not in current.logged
    ]
    headers: list[tuple[str, dict[str, Any]]] = []
    if current.kind == "panel":
        for state, kind in (("declined", "decline"), ("timed_out", "timeout")):
            indices = [s.pool_index for s in gone if s.state == state and s.pool_index is not None]
            if indices:
                header = entries.seat_header(case, current.number, current.epoch, indices)
                headers.append((kind, header))
        seated = [juror[1] for juror in found.jurors if juror[1] is not None]
        if seated:
            header = entries.seat_header(case, current.number, current.epoch, seated)
            headers.append(("seat", header))
    step = Step(
        "seat",
        entries.step_key(case, "seat"),
        court.world.now_ms(),
        round=current.number,
        jurors=tuple(found.jurors),
        logged=tuple(seat.juror_id for seat in gone),
        cursor=found.cursor,
        exhausted=found.exhausted,
    )
    await intend(court, case, step, headers)
    return True


async def _note_wait(court: Court, case: Case, *, look_again: bool = False) -> bool:
    """Say on the case what ends its wait; `look_again` by the clock, for as long as it takes.

    One such timer at a time: a case that many report must not look again for each of them.
    """
    waits_for, now_ms = rules.waits_for(case, court.policy), court.world.now_ms()
    look_again = look_again and case.look_again_ms <= now_ms
    if waits_for == case.waits_for and not look_again:
        return False
    waiting = msgspec.structs.replace(case, waits_for=waits_for)
    aggregate = store.aggregate(case.id)
    more: list[Write] = []
    if look_again:
        again_ms = now_ms + _NO_BENCH_RETRY_MS
        waiting = msgspec.structs.replace(waiting, look_again_ms=again_ms)
        more.append(timer(aggregate, "case", str(case.id), again_ms))
    writes = [*store.put_case(waiting), *more]
    await court.world.storage.commit(aggregate, writes, expect=case.version)
    return False


async def settled(court: Court, case_id: int, *, within_s: float = 2.0) -> None:
    """Wait until a case has no step on its way; harmless when it has none or takes too long."""
    for _ in range(int(within_s / _PAUSE_S)):
        case = await store.load(court.world.storage, case_id)
        if case is None or case.pending is None:
            return
        await asyncio.sleep(_PAUSE_S)
