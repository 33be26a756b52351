"""What may be seen of an appeal: by who made it, by the jurors who hear it, by a client's app."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from venire.cases import appeals, appeals_filing, appeals_store, entries, reporters, store
from venire.cases.court import Court
from venire.cases.model import Case, Statement
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Conflict, Gone, NotFound
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts.listing import account_entries
from venire.posts.model import LISTED, VISIBLE, Stretch
from venire.storage.tables.appeals import AppealRow
from venire.storage.world import World

_REASONS: Final = 5
_POSTS: Final = 10
_MASTODON: Final = {
    "filed": "pending",
    "judging": "pending",
    "overturned": "approved",
    "upheld": "rejected",
    "moot": "rejected",
}
Mask = Callable[[str], str]


async def state_view(
    court: Court, case: Case, account_id: int, *, decision: str = ""
) -> dict[str, Any]:
    """How a party stands with an appeal: may appeal until when, or what came of it.

    `decision`: what a statement is about; else what was decided last. Nothing of other parties.
    """
    party = await appeals_filing.party_of(court, case, account_id)
    running = case.appeal.decision if case.appeal is not None else ""
    against = decision or running or appeals.decision_of(case)
    number = entries.step_number(against)
    row = await appeals_store.appeal(court.world.storage, case.id, number, account_id)
    decided_ms = case.measured_at_ms or case.decided_at_ms
    shown: dict[str, Any] = {
        "case": case.public_id,
        "case_url": f"{court.world.site.base_url}/cases/{case.public_id}",
        "party": party,
        "state": "none",
        "code": None,
        "reason": None,
        "filed_at": None,
        "due_at": None,
        "ended_at": None,
        "may_appeal": False,
        "refused_for": None,
        "until": None if decided_ms is None else iso_ms(appeals.until_ms(court.policy, decided_ms)),
    }
    if row is not None:
        return shown | await _row_view(court.world, row)
    if party is None:
        return shown | {"refused_for": "not_a_party"}
    refused = await _refusal(court, case, party, decision)
    return shown | {"may_appeal": not refused, "refused_for": refused or None}


async def _row_view(world: World, row: AppealRow) -> dict[str, Any]:
    leading = await appeals_store.leading(world.storage, row)
    ended = leading.ended_at_ms
    return {
        "state": leading.state,
        "code": leading.code or None,
        "reason": row.reason,
        "filed_at": iso_ms(row.filed_at_ms),
        "due_at": iso_ms(row.due_at_ms),
        "ended_at": None if ended is None else iso_ms(ended),
        "refused_for": "appealed_already",
    }


async def _refusal(court: Court, case: Case, party: appeals.Party, decision: str) -> str:
    """Why an appeal would be refused; empty when it would be taken."""
    if case.appeal is not None:
        return "" if case.appeal.party == party == "reporter" else "appeal_running"
    try:
        appeals.check(case, party, decision, court.policy, court.world.now_ms())
    except (Conflict, Gone) as refused:
        return refused.code
    number = entries.step_number(decision or appeals.decision_of(case))
    appealed = await appeals_store.is_appealed(court.world.storage, case.id, number)
    return "appealed_already" if appealed else ""


async def statement_state(court: Court, account_id: int, statement_id: int) -> dict[str, Any]:
    """The same of what a statement of one's own says. NotFound `record_not_found`."""
    statement = await store.statement(court.world.storage, account_id, statement_id)
    if statement is not None and statement.kind == "reporting_suspended":
        return await _of_reporter(court, account_id, statement)
    case = None
    if statement is not None and statement.case:
        case = await store.case_by_public_id(court.world.storage, statement.case)
    if statement is None or case is None:
        raise NotFound("record_not_found", "Record not found")
    if statement.kind not in {"hold", "measure"}:
        seen = await state_view(court, case, account_id)
        return seen | {"may_appeal": False, "refused_for": "nothing_to_appeal"}
    return await state_view(court, case, account_id, decision=statement.decision)


async def _of_reporter(court: Court, account_id: int, statement: Statement) -> dict[str, Any]:
    """How a suspended reporter stands with an appeal that a person answers."""
    row = await reporters.standing_of(court, account_id)
    current = row.statement_id == statement.id
    state = {"waiting": "judging", "upheld": "upheld", "won": "overturned"}.get(row.appeal, "none")
    until = statement.appeal_until_ms
    may_appeal = current and row.state == "suspended" and not row.appeal
    return {
        "case": None,
        "case_url": None,
        "party": "reporter",
        "state": state if current else "none",
        "code": None,
        "reason": row.reason or None if current else None,
        "filed_at": None,
        "due_at": None,
        "ended_at": None,
        "may_appeal": may_appeal,
        "refused_for": None if may_appeal else "nothing_to_appeal",
        "until": None if until is None else iso_ms(until),
    }


async def own_appeals(court: Court, account_id: int) -> list[dict[str, Any]]:
    """The appeals of an account, on the newest cases first."""
    found = []
    for row in await appeals_store.of_account(court.world.storage, account_id):
        case = await store.load(court.world.storage, row.case_id)
        if case is not None:
            head = {"case": case.public_id, "party": row.party}
            found.append(head | await _row_view(court.world, row))
    return found


# what jurors see


async def before_jurors(court: Court, case: Case, mask: Mask) -> dict[str, Any] | None:
    """What was written against the decision, without names; None where nobody appeals."""
    if case.appeal is None:
        return None
    first = await appeals_store.of_case(court.world.storage, case.id, case.appeal)
    rows = [] if first is None else await appeals_store.joined(court.world.storage, first)
    rows = sorted(rows, key=lambda row: (row.account_id != row.leader_id, row.filed_at_ms))
    return {
        "by": case.appeal.party,
        "reasons": [mask(row.reason) for row in rows[:_REASONS]],
    }


async def account_texts(court: Court, case: Case, mask: Mask) -> tuple[str, list[str]]:
    """What jurors see of an account that was judged as a whole: its profile, and what it said.

    Its own words in public alone, without names; the newest first.
    """
    account = await load_account(court.world, case.subject_id)
    note = "" if account is None else account.note
    stretch = Stretch(None, None, 4 * _POSTS)
    listed = await account_entries(court.world, case.subject_id, stretch)
    found = await posts.load_many(
        court.world, [one.id for one in listed if one.reblog_of_id is None]
    )
    said = [
        mask(post.text)
        for post in found
        if post.visibility in LISTED and post.state == VISIBLE and post.text
    ]
    return mask(note), said[:_POSTS]


# Mastodon


async def warning_appeals(
    world: World, account_id: int, statement_ids: Sequence[int]
) -> dict[int, dict[str, str]]:
    """Mastodon's `Appeal` for each AccountWarning of an account that was appealed."""
    found: dict[int, dict[str, str]] = {}
    for statement_id in statement_ids:
        statement = await store.statement(world.storage, account_id, statement_id)
        row = None if statement is None else await _of_statement(world, account_id, statement)
        if row is not None and row.state in _MASTODON:
            found[statement_id] = {"text": row.reason, "state": _MASTODON[row.state]}
    return found


async def _of_statement(world: World, account_id: int, statement: Statement) -> AppealRow | None:
    if not statement.decision:
        return None
    case = await store.case_by_public_id(world.storage, statement.case)
    if case is None:
        return None
    number = entries.step_number(statement.decision)
    return await appeals_store.appeal(world.storage, case.id, number, account_id)
