"""A case moves by steps: intent, record, effect.

`advance` is told by `CaseChanged` and asks `rules.what_next` until there is nothing to do. A step
is first committed on the case as an intent with its finished entries, then appended to the record,
then applied with its index. Killed anywhere, the next telling goes on from where it stood: an
intent is finished, an entry is found under its key, an applied step has left no intent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from venire.cases import (
    appeals,
    appeals_ending,
    clocks,
    closing,
    draw_facts,
    drawing,
    entries,
    last_resort,
    panels,
    reporter_rules,
    rules,
    service,
    store,
    tallying,
)
from venire.cases.court import Court
from venire.cases.judges import leaves_the_lot
from venire.cases.limits import measure_for
from venire.cases.model import Case, Round, Step, Verdict
from venire.events import CaseStepped, Event, PanelEnded, SummonsOffered
from venire.kernel.clock import MINUTE_MS, utc_day
from venire.kernel.errors import Conflict, Unavailable
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES
from venire.storage.journal import Durable
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
    wanted = panels.seats_wanted(case.round, seats, court.policy, times=clocks.more_seats(case))
    still_open = sum(seat.state in {"offered", "seated"} for seat in seats)
    if await _before_all(court, case, seats):
        return True
    what = rules.what_next(
        case,
        court.policy,
        seats_wanted=wanted,
        seats_open=still_open,
        overdue=case.due_at_ms <= court.world.now_ms(),
    )
    if what == "verdict" and drawing.gone(case.round, seats):
        # Before the round is over: whoever did not come is in the record.
        what, wanted = "seat", 0
    match what:
        case "wait":
            return await _note_wait(court, case)
        case "draw":
            return await _draw(court, case)
        case "chance":
            return await _chance(court, case)
        case "seat":
            return await _seat(court, case, seats, wanted)
        case "verdict":
            await _verdict(court, case, court.world.now_ms())
        case _:
            await _conclude(court, case, what)
    return True


async def _before_all(court: Court, case: Case, seats: Sequence[SeatRow]) -> bool:
    """Do what does not wait for the round: end one, or a hold or case whose time is up."""
    now_ms = court.world.now_ms()
    if leaves_the_lot(case, court.policy) and rules.ended(case.round) != case.round:
        return await _seal(court, case, seats)
    if closing.is_due(case, court.policy, now_ms):
        await intend(court, case, Step("close", entries.step_key(case, "close"), now_ms), [])
        return True
    if not clocks.hold_is_over(case, court.policy, now_ms):
        return False
    header = entries.lift_header(case, court.policy, by_clock=True)
    step = Step("release", entries.step_key(case, "release"), now_ms)
    await intend(court, case, step, [("lift", header)])
    return True


_Conclusion = Literal["hold", "measure", "lift", "keep", "dispute", "appeal_end", "answer"]


async def _conclude(court: Court, case: Case, what: _Conclusion) -> None:
    step = Step(what, entries.step_key(case, what), court.world.now_ms())
    headers: Sequence[tuple[str, dict[str, Any]]] = []
    match what:
        case "appeal_end":
            step, headers = await appeals_ending.conclusion(court, case)
        case "hold":
            step = msgspec.structs.replace(step, by=case.hold_wanted)
            headers = [("hold", entries.hold_header(case, court.policy, case.hold_wanted))]
        case "measure":
            measure = measure_for(case, court.policy)
            step = msgspec.structs.replace(step, measure=measure)
            headers = [("measure", entries.measure_header(case, court.policy, measure))]
        case "lift":
            headers = [("lift", entries.lift_header(case, court.policy))]
        case _:
            # What shows nobody anything is in no record.
            pass
    await intend(court, case, step, headers)


async def _seal(court: Court, case: Case, seats: Sequence[SeatRow]) -> bool:
    """Let a panel go that must not see what it was drawn for."""
    sealed = msgspec.structs.replace(case, round=rules.ended(case.round))
    writes = [*store.put_case(sealed), *service.dismiss_open(seats)]
    # Whoever has voted by then has served.
    told = [PanelEnded(case.id)]
    await court.world.storage.commit(store.aggregate(case.id), writes, told, expect=case.version)
    return True


async def _verdict(court: Court, case: Case, now_ms: int) -> None:
    inherited = rules.takes_over(case) or case.round is None
    number = 0 if inherited or case.round is None else case.round.number
    verdict: Verdict = "violates"
    if not inherited and case.round is not None:
        verdict = case.round.verdict or await _undecided(court, case, case.round)
    found = await _category_found(court, case, number) if verdict == "violates" else ""
    found = found or appeals.found_before(case)
    step = Step(
        "verdict",
        entries.step_key(case, "verdict"),
        now_ms,
        round=number,
        verdict=verdict,
        category=found,
        by=await last_resort.judged_by(court, case),
    )
    judged = msgspec.structs.replace(case, found=found)
    header = entries.verdict_header(judged, court.policy, verdict)
    header["judged_by"] = step.by or header["judged_by"]
    commits = {"inherits": case.inherits} if inherited else await _ballots(court, case)
    # A question is no post: the record counts verdicts on what was said here, and no others.
    told = [] if case.asks else [("verdict", header)]
    await intend(court, case, step, told, commits)


async def _undecided(court: Court, case: Case, current: Round) -> Verdict:
    """What a round makes of it that ends before its rule stops it: an appeal by all who came."""
    if current.kind != "appeal":
        return "hung"
    seats = await store.seats(court.world.storage, case.id, current.number)
    return panels.of_those_who_came(current, seats, court.policy, least=appeals.SMALLEST_PANEL)


async def _category_found(court: Court, case: Case, number: int) -> str:
    """What a verdict finds broken: what its jurors named, or what the copied post broke."""
    if number == 0:
        said = await store.sources(court.world.storage, case.id)
        return next((source.category for source in said if source.inherits == case.inherits), "")
    seats = await store.seats(court.world.storage, case.id, number)
    votes = [(seat.vote or "", seat.category or "") for seat in seats if seat.state == "voted"]
    return panels.category_found(case, votes)


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
    began_ms = court.world.now_ms()
    intended = await drawing.in_time(court, step)
    if intended is None:
        again = store.put_case(msgspec.structs.replace(case, pending=None))
        await court.world.storage.commit(store.aggregate(case.id), again, expect=case.version)
        return
    index = -1
    for key, entry in intended.entries:
        index = await court.sequencer.append(key, entry)
    step = drawing.as_recorded(court, intended, began_ms=began_ms)
    applied = clocks.wound(case, rules.apply(case, step), step.at_ms)
    writes = store.put_case(applied)
    writes += clocks.timers_after(case, applied, court.policy, step.at_ms)
    writes += closing.writes_after(case, applied, court.policy, step.at_ms)
    writes += await appeals_ending.writes_of(court.world.storage, case, applied, step)
    writes += await tallying.ballots_of(court.world.storage, case, step, index)
    effect = appeals.effect_outside(case, step)
    events: list[Event] = [CaseStepped(case.id, effect, step.key, index)]
    if step.type == "seat" and case.round is not None and case.round.state == "voting":
        more, offered = _offer(court, case, step)
        writes += [*more, *await draw_facts.note_busy(court, case, step)]
        events += offered
    elif applied.state in {"decided", "closed"} or (case.appeal and not applied.appeal):
        seats = await store.seats(court.world.storage, case.id)
        writes += service.dismiss_open(seats)
    durable: Durable = "remote" if step.type == "verdict" else "local"
    await court.world.storage.commit(
        store.aggregate(case.id), writes, events, expect=case.version, durable=durable
    )


def _offer(court: Court, case: Case, step: Step) -> tuple[list[Write], list[Event]]:
    """The summons of a seating: one seat, one deadline, one event for each juror."""
    aggregate = store.aggregate(case.id)
    now_ms, minutes = court.world.now_ms(), court.policy.panel.summons_minutes
    deadline_ms = clocks.answer_by_ms(case, court.policy, now_ms, minutes)
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
    if reporter_rules.waits_for_a_second(case, court.world.now_ms()):
        return await _note_wait(court, case)
    await intend(court, case, *await drawing.draw(court, case))
    return True


async def _chance(court: Court, case: Case) -> bool:
    """Let the order of a draw be known."""
    found = await drawing.chance(court, case)
    if found is not None:
        await intend(court, case, *found)
    return found is not None


async def _seat(court: Court, case: Case, seats: Sequence[SeatRow], wanted: int) -> bool:
    """Offer seats to the next in the order; log who declined or let the deadline pass."""
    found = await drawing.seating(court, case, seats, wanted)
    if found is None:
        return await _note_wait(court, case, look_again=True)
    await intend(court, case, *found)
    return True


async def _note_wait(court: Court, case: Case, *, look_again: bool = False) -> bool:
    """Say on the case what ends its wait; `look_again` by the clock, for as long as it takes.

    One such timer at a time: a case that many report must not look again for each of them.
    """
    waits_for, now_ms = rules.waits_for(case, court.policy), court.world.now_ms()
    # Set by a clock that has been put back since, it would be far away.
    far = case.look_again_ms > now_ms + _NO_BENCH_RETRY_MS
    look_again = look_again and (far or case.look_again_ms <= now_ms)
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
