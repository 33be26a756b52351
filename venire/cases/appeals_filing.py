"""Appealing: filed, joined, withdrawn, and ended when there is nobody or nothing left to judge."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from venire.cases import (
    appeals,
    appeals_ending,
    appeals_entries,
    appeals_store,
    entries,
    reporters,
    steps,
    store,
)
from venire.cases.court import Court
from venire.cases.model import Case, Step
from venire.cases.rules import is_sealed
from venire.events import AccountDeleted, CaseChanged
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from venire.people.model import ADMIN
from venire.people.store import load_account
from venire.storage.tables.appeals import AppealRow
from venire.storage.timers import timer
from venire.storage.verbs import Envelope

_TRIES = 20
_WAITS = 2
"""Times two seconds: nobody who appeals waits longer for a step to land."""
_MOST_OF_ACCOUNT = 1_000
Ended = Literal["withdrawn", "moot"]


class _Wish(NamedTuple):
    """Who appeals as what and why; `decision`: against which, empty for the last one.

    `for_site`: for whomever it went against, by the hand of this account.
    """

    account_id: int
    party: appeals.Party
    reason: str
    decision: str
    for_site: bool = False


async def appeal_statement(
    court: Court, account_id: int, statement_id: int, reason: str
) -> AppealRow | None:
    """Appeal against what a statement of one's own says. As `appeal_case`.

    None where it is of no case: a person answers who is asked to take one's reports again.
    """
    statement = await store.statement(court.world.storage, account_id, statement_id)
    if statement is None:
        raise NotFound("record_not_found", "Record not found")
    if statement.kind == "reporting_suspended":
        await reporters.appeal(court, account_id, statement_id, reason)
        return None
    if statement.kind not in {"hold", "measure"}:
        raise Conflict("nothing_to_appeal", "nothing was decided against you here")
    case = await store.case_by_public_id(court.world.storage, statement.case)
    if case is None or case.author_id != account_id:
        raise NotFound("record_not_found", "Record not found")
    return await _file(court, case.id, account_id, reason, decision=statement.decision)


async def appeal_case(court: Court, account_id: int, public_id: str, reason: str) -> AppealRow:
    """Appeal against what was decided last on a case; durable when this returns.

    Raises NotFound `case_not_found`; Forbidden `not_a_party`; Invalid `reason_missing`; Conflict
    `appealed_already`, `appeal_running`, and what `appeals.check` raises.
    """
    case = await party_case(court, account_id, public_id)
    return await _file(court, case.id, account_id, reason)


async def party_case(court: Court, account_id: int, public_id: str) -> Case:
    """The case of its author or of a reporter. NotFound, Forbidden `not_a_party`."""
    case = await store.case_by_public_id(court.world.storage, public_id)
    if case is None:
        raise NotFound("case_not_found", "there is no such case")
    if await party_of(court, case, account_id) is None:
        if case.private:
            raise NotFound("case_not_found", "there is no such case")
        raise Forbidden("not_a_party", "only its author and who reported it may appeal")
    return case


async def party_of(court: Court, case: Case, account_id: int) -> appeals.Party | None:
    """As what an account may appeal on a case."""
    if case.author_id == account_id:
        return "author"
    if await store.has_reported(court.world.storage, case.id, account_id):
        return "reporter"
    return None


async def _file(
    court: Court, case_id: int, account_id: int, reason: str, *, decision: str = ""
) -> AppealRow:
    reason = reason.strip()
    if not reason or len(reason) > appeals.REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    waits = 0
    for _ in range(_TRIES):
        case = await store.load(court.world.storage, case_id)
        if case is None:
            raise NotFound("case_not_found", "there is no such case")
        if case.pending is not None and waits < _WAITS:
            # A step is on its way into the record: it lands first, then this one.
            await steps.settled(court, case.id)
            waits += 1
            continue
        if case.pending is not None:
            break
        party = await party_of(court, case, account_id)
        if party is None:
            raise Forbidden("not_a_party", "only its author and who reported it may appeal")
        try:
            return await _commit(court, case, _Wish(account_id, party, reason, decision))
        except Conflict as conflict:
            if conflict.code != "version_moved":
                raise
    raise Unavailable("case_busy", "the case is moving; try again in a moment")


async def _commit(court: Court, case: Case, wish: _Wish) -> AppealRow:
    """The appeal's row and the intent of its step in one commit; or it joins one that runs."""
    storage = court.world.storage
    joins = case.appeal is not None and case.appeal.party == wish.party == "reporter"
    against = case.appeal.decision if joins and case.appeal else wish.decision
    number = entries.step_number(against or appeals.decision_of(case))
    if await appeals_store.appeal(storage, case.id, number, wish.account_id) is not None:
        raise Conflict("appealed_already", "a decision is appealed once by each side")
    if case.appeal is not None and not joins:
        raise Conflict("appeal_running", "fresh jurors are looking at it already")
    row = _row(court, case, wish, number)
    if joins and case.appeal is not None:
        return await _join(court, case, row)
    appeals.check(case, wish.party, wish.decision, court.policy, court.world.now_ms())
    if await appeals_store.is_appealed(storage, case.id, number, for_site=wish.for_site):
        raise Conflict("appealed_already", "a decision is appealed once by each side")
    step = Step(
        "appeal",
        entries.step_key(case, "appeal"),
        row.filed_at_ms,
        appeal=msgspec.structs.replace(
            appeals.opened(case, wish.account_id, wish.party, wish.decision, row.filed_at_ms),
            for_site=wish.for_site,
        ),
        due_at_ms=row.due_at_ms,
    )
    due = timer(store.aggregate(case.id), "case", str(case.id), row.due_at_ms)
    await steps.intend(
        court,
        case,
        step,
        appeals_entries.filed_headers(case, wish.party),
        {"appellant": str(wish.account_id), "reason": wish.reason},
        also=[*appeals_store.put_appeal(row), due],
        events=[CaseChanged(case.id)],
    )
    return row


def _row(court: Court, case: Case, wish: _Wish, number: int) -> AppealRow:
    now_ms = court.world.now_ms()
    return AppealRow(
        case_id=case.id,
        decision=number,
        account_id=wish.account_id,
        leader_id=wish.account_id,
        party=wish.party,
        state="filed",
        code="",
        reason=wish.reason,
        filed_at_ms=now_ms,
        due_at_ms=appeals.due_at_ms(case, court.policy, now_ms),
        ended_at_ms=None,
        ended_by=None,
        for_site=wish.for_site,
    )


async def _join(court: Court, case: Case, row: AppealRow) -> AppealRow:
    """One more reporter in an appeal that runs: heard with it, and told of its end."""
    if case.appeal is None:
        raise Conflict("version_moved")
    joined = msgspec.structs.replace(
        row, leader_id=case.appeal.account_id, due_at_ms=case.due_at_ms
    )
    writes = [*store.put_case(case), *appeals_store.put_appeal(joined)]
    await court.world.storage.commit(store.aggregate(case.id), writes, expect=case.version)
    return joined


async def appeal_for_the_site(court: Court, case_id: int, actor_id: int, reason: str) -> AppealRow:
    """Have fresh jurors judge what was decided, for whomever it went against. As `appeal_case`."""
    for _ in range(_TRIES):
        case = await store.load(court.world.storage, case_id)
        if case is None:
            raise NotFound("case_not_found", "there is no such case")
        if case.pending is not None:
            await steps.settled(court, case.id)
            continue
        party: appeals.Party = "author" if case.verdict == "violates" else "reporter"
        try:
            return await _commit(court, case, _Wish(actor_id, party, reason, "", for_site=True))
        except Conflict as conflict:
            if conflict.code != "version_moved":
                raise
    raise Unavailable("case_busy", "the case is moving; try again in a moment")


async def withdraw(court: Court, account_id: int, public_id: str) -> AppealRow:
    """Take an appeal of one's own back: the decision stands, and cannot be appealed again.

    Raises NotFound `no_appeal_runs`; Conflict `others_appealed`, `appeal_decided`.
    """
    case = await party_case(court, account_id, public_id)
    row = None
    if case.appeal is not None and case.appeal.account_id == account_id:
        row = await appeals_store.of_case(court.world.storage, case.id, case.appeal)
    if row is None or case.appeal is None:
        raise NotFound("no_appeal_runs", "you have no appeal that runs here")
    if len(await appeals_store.joined(court.world.storage, row)) > 1:
        raise Conflict("others_appealed", "others appealed with you, so it goes on")
    await end(court, case.id, case.appeal.decision, outcome="withdrawn", code="withdrawn")
    return row


async def end(court: Court, case_id: int, decision: str, *, outcome: Ended, code: str) -> None:
    """End an appeal without a verdict; harmless once it is over. Conflict `appeal_decided`."""
    for _ in range(_TRIES):
        case = await store.load(court.world.storage, case_id)
        if case is None or case.appeal is None or case.appeal.decision != decision:
            return
        if case.pending is not None:
            await steps.settled(court, case.id)
            continue
        current = case.round
        voted = current is not None and current.state == "verdict" and not current.recorded
        if code == "withdrawn" and (voted or case.verdict in {"violates", "keeps"}):
            raise Conflict("appeal_decided", "the last ballot is in")
        key = entries.step_key(case, "appeal_end")
        step = Step("appeal_end", key, court.world.now_ms(), outcome=outcome, code=code)
        headers = await appeals_ending.headers_of(court, case, outcome)
        try:
            await steps.intend(court, case, step, headers, events=[CaseChanged(case.id)])
        except Conflict:
            continue
        return
    raise Unavailable("case_busy", "the case is moving; try again in a moment")


async def on_subject_deleted(court: Court, case: Case) -> None:
    """The author deleted what an appeal is about: there is nothing left to judge."""
    if case.appeal is not None:
        await end(court, case.id, case.appeal.decision, outcome="moot", code="subject_deleted")
        await steps.advance(court, case.id)


async def on_account_deleted(court: Court, envelope: Envelope) -> None:
    """Who appealed has left: the decision stands, unless others appealed with them."""
    event = envelope.event
    if not isinstance(event, AccountDeleted):
        return
    storage = court.world.storage
    for row in await appeals_store.of_account(storage, event.account_id, _MOST_OF_ACCOUNT):
        case = await store.load(storage, row.case_id)
        if case is None or case.appeal is None or case.appeal.account_id != event.account_id:
            continue
        if case.appeal.for_site:
            # Whoever asked for it did so for others.
            continue
        leads = entries.step_number(case.appeal.decision) == row.decision
        if leads and len(await appeals_store.joined(storage, row)) == 1:
            await end(
                court, case.id, case.appeal.decision, outcome="withdrawn", code="appellant_gone"
            )


async def outcome_by(court: Court, case: Case, actor_id: int, action: str) -> str:
    """What a moderator's act makes of the appeal that runs on a case; empty where none ends.

    Raises Conflict `appeal_running`, Forbidden `own_appeal`.
    """
    if case.appeal is None:
        return ""
    if case.appeal.account_id == actor_id:
        raise Forbidden("own_appeal", "another moderator has to decide what you appealed")
    account = await load_account(court.world, actor_id)
    admin = account is not None and account.role == ADMIN
    at_bench = case.round is not None and case.round.kind == "bench"
    last = is_sealed(case) or case.disputed or (admin and at_bench)
    return appeals.outcome_by_moderator(case, action, last_resort=last)
