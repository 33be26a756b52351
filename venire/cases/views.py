"""What each pair of eyes may see of a case: a stranger, its author, its reporter, a juror.

A juror sees plain text, no ids and no handles; author and others in the context are A, B, C. No
view shows a tally before the verdict, a reporter to the author, or a juror to anyone.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from venire.cases import appeals_views, panels, questions, service, store
from venire.cases.court import Court
from venire.cases.entries import source_of
from venire.cases.judges import SEALED
from venire.cases.model import Case, Statement
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.posts import actions as posts
from venire.posts import store as post_store
from venire.posts.model import LISTED
from venire.storage.tables.cases import ModeratorActionRow

_HANDLE = re.compile(r"@([A-Za-z0-9_]+)(?:@[\w.:-]+)?")
_CONTEXT = 3
_VERSIONS = 5
_OF_AUTHOR = (
    "points",
    "points_expire",
    "text",
    "id",
    "standing_points",
    "suspend_at",
    "suspended_until",
)


class OpenSummons(NamedTuple):
    """A summons that waits for an answer, or a seat that waits for a ballot."""

    case: Case
    round: int
    state: str
    deadline_ms: int
    bench: bool


def month_of(at_ms: int) -> str:
    """`YYYY-MM`."""
    return utc_day(at_ms)[:7]


async def open_summons(court: Court, juror_id: int) -> list[OpenSummons]:
    """The open summons of a juror, by case."""
    found = []
    for row in await store.summons_of(court.world.storage, juror_id):
        case = await store.load(court.world.storage, row.case_id)
        if case is None or case.round is None or not service.is_voting(case, row.round):
            continue
        if row.deadline_ms > court.world.now_ms():
            bench = case.round.kind == "bench"
            found.append(OpenSummons(case, row.round, row.state, row.deadline_ms, bench))
    return found


async def seat_at(court: Court, summons: str, juror_id: int) -> service.SeatAt:
    """The seat that a summons id names, for this juror. Raises NotFound `summons_not_found`."""
    public_id, _, number = summons.rpartition("-")
    case = await store.case_by_public_id(court.world.storage, public_id)
    parsed = parse_id(number)
    if case is None or parsed is None:
        raise NotFound("summons_not_found", "you have no seat in this panel")
    return service.SeatAt(case.id, parsed, juror_id)


async def exhibit(court: Court, at: service.SeatAt, language: str) -> dict[str, Any]:
    """What a seated juror judges. Raises NotFound `summons_not_found` for anyone else.

    And for everyone once the panel is over, or the case may not be seen by a juror any more.
    """
    case = await store.load(court.world.storage, at.case_id)
    seat = await store.seat(court.world.storage, *at)
    if case is None or case.round is None or seat is None or seat.state not in {"seated", "voted"}:
        raise NotFound("summons_not_found", "you have no seat in this panel")
    if not service.is_voting(case, at.round):
        raise NotFound("summons_not_found", "this panel is over")
    category = court.policy.category(case.category)
    seats = await store.seats(court.world.storage, at.case_id, at.round)
    names: dict[str, str] = {}
    text, context, earlier = await _blind(court, case, names)
    return {
        "case": case.public_id,
        "round": at.round,
        "category": category.name,
        "rule": category.rule,
        "title": category.title.get(language, category.title["en"]),
        "rule_text": category.text.get(language, category.text["en"]),
        "subject": case.subject_kind,
        "text": text,
        "context": context,
        "earlier": earlier,
        "appeal": await appeals_views.before_jurors(court, case, lambda said: _masked(said, names)),
        "deadline": iso_ms(seat.deadline_ms),
        "state": seat.state,
        "ballots_left": panels.ballots_left(case.round, seats, court.policy),
    }


async def _blind(
    court: Court, case: Case, names: dict[str, str]
) -> tuple[str, list[dict[str, str]], list[str]]:
    """The subject's text, what it answers and what it said before, with people as letters.

    What it said before: else an author would change a post under its jurors and be judged by
    words that nobody had complained of.
    """
    question = await questions.question_of(court.world.storage, case)
    if question is not None:
        said_before = msgspec.json.decode(question.context, type=list[str])
        answered = [
            {"from": _letter(names, f"above:{n}"), "text": _masked(said, names)}
            for n, said in enumerate(said_before)
        ]
        return _masked(question.text, names), answered, []
    case = await questions.about(court.world.storage, case)
    if case.subject_kind == "account":
        note, said = await appeals_views.account_texts(court, case, lambda t: _masked(t, names))
        return note, [], said
    post = await posts.load(court.world, case.subject_id)
    if post is None:
        return "", [], []
    context: list[dict[str, str]] = []
    before = post
    while before.in_reply_to_id is not None and len(context) < _CONTEXT:
        above = await posts.load(court.world, before.in_reply_to_id)
        if above is None or above.visibility not in LISTED:
            break
        who = _letter(names, f"id:{above.author_id}")
        context.insert(0, {"from": who, "text": _masked(above.text, names)})
        before = above
    text = _masked(post.text, names)
    versions = await post_store.versions(court.world, post.id)
    earlier = [_masked(row.text, names) for row in versions[-_VERSIONS:]]
    return text, context, list(dict.fromkeys(one for one in earlier if one != text))


def _letter(names: dict[str, str], who: str) -> str:
    if who not in names:
        place = len(names)
        names[who] = chr(ord("A") + place % 26) + (str(place // 26) if place >= 26 else "")  # noqa: PLR2004
    return names[who]


def _masked(text: str, names: dict[str, str]) -> str:
    return _HANDLE.sub(lambda match: "@" + _letter(names, match[1].lower()), text)


def mask_handles(text: str) -> str:
    """A text as a ballot shows it when it stands alone."""
    return _masked(text, {})


async def case_view(
    court: Court, public_id: str, viewer_id: int | None, *, role: str
) -> dict[str, Any]:
    """A case as a viewer may see it. Raises NotFound `case_not_found`."""
    case = await store.case_by_public_id(court.world.storage, public_id)
    reported = case is not None and await _has_reported(court, case, viewer_id)
    moderates = role in {"moderator", "admin"}
    if case is None or (
        case.private and not (reported or moderates or viewer_id == case.author_id)
    ):
        raise NotFound("case_not_found", "there is no such case")
    category = court.policy.category(case.category)
    shown: dict[str, Any] = {
        "case": case.public_id,
        "state": case.state,
        "category": category.name,
        "rule": category.rule,
        "title": category.title,
        "opened_hour": iso_ms(case.opened_at_ms)[:13] + "Z",
        "hold": case.hold,
        "verdict": case.verdict if case.measured_at_ms is not None else None,
        "measure": case.measure or None,
        # Not before it is over: whom the bench asks would know that a panel hung, or that none did.
        "judged_by": (case.judged_by or None) if case.measured_at_ms is not None else None,
        "record": f"{court.world.site.base_url}/record/checkpoint",
        "statement": None,
        "viewer": "stranger",
    }
    if viewer_id is None:
        return shown
    if viewer_id == case.author_id or reported or moderates:
        shown["viewer"] = "author" if viewer_id == case.author_id else "reporter"
        shown["statement"] = await _statement_for(court, case, own=viewer_id == case.author_id)
    if moderates:
        shown["viewer"] = "moderator" if viewer_id != case.author_id else "author"
        shown["queue"] = queue_view(court, case)
    return shown


async def _has_reported(court: Court, case: Case, viewer_id: int | None) -> bool:
    if viewer_id is None:
        return False
    return await store.has_reported(court.world.storage, case.id, viewer_id)


async def _statement_for(court: Court, case: Case, *, own: bool) -> dict[str, Any] | None:
    found = await store.statements(court.world.storage, case.author_id, limit=200)
    for statement in found:
        if statement.case == case.public_id and not _stops_posting(statement):
            view = statement_view(court, statement)
            if not own:
                # A reporter sees what was decided and why, not what it cost the author.
                for hidden in _OF_AUTHOR:
                    view.pop(hidden)
            return view
    return None


def _stops_posting(statement: Statement) -> bool:
    """Whether it is about the account until the verdict, and not about what was decided."""
    return statement.kind == "hold" and statement.measure == "suspend"


def statement_view(court: Court, statement: Statement) -> dict[str, Any]:
    """A statement of reasons as its author reads it."""
    until = statement.appeal_until_ms
    suspended = statement.suspended_until_ms
    expire = statement.points_expire_ms
    return {
        "id": str(statement.id),
        "kind": statement.kind,
        "case": statement.case,
        "case_url": f"{court.world.site.base_url}/cases/{statement.case}",
        "category": statement.category,
        "rule": statement.rule,
        "rule_title": statement.rule_title,
        "rule_text": statement.rule_text,
        "measure": statement.measure,
        "decided_by": statement.decided_by or None,
        "automated": statement.automated,
        "found_by": list(statement.sources),
        "words": list(statement.words),
        "text": statement.text,
        "created_at": iso_ms(statement.at_ms),
        "points": statement.points,
        "points_expire": None if expire is None else iso_ms(expire),
        "appeal_until": None if until is None else iso_ms(until),
        "standing_points": statement.standing_points,
        "suspend_at": statement.suspend_at,
        "suspended_until": None if suspended is None else iso_ms(suspended),
        "record_index": statement.record_index,
    }


def queue_view(court: Court, case: Case) -> dict[str, Any]:
    """A case as moderators see it in the queue; of a sealed one only that it is there."""
    sealed = SEALED in case.categories
    return {
        "case": case.public_id,
        "id": str(case.id),
        "subject": case.subject_kind,
        "subject_id": "" if sealed else str(case.subject_id),
        "author_id": "" if sealed else str(case.author_id),
        "categories": [SEALED] if sealed else list(case.categories),
        "sources": list(case.sources),
        "reports": case.report_count,
        "state": case.state,
        "waits_for": case.waits_for,
        "hold": case.hold,
        "round": 0 if case.round is None else case.round.number,
        "judges": "" if case.round is None else case.round.kind,
        "opened_at": iso_ms(case.opened_at_ms),
        "due_at": iso_ms(case.due_at_ms),
        "overdue": case.state in {"open", "judging"} and case.due_at_ms < court.world.now_ms(),
        "disputed": case.disputed,
    }


def outcome_view(case: Case) -> dict[str, Any]:
    """A case with its outcome, for operators and drills: no reporter, no juror."""
    return {
        "case": case.public_id,
        "id": str(case.id),
        "subject": case.subject_kind,
        "subject_id": str(case.subject_id),
        "category": case.category,
        "source": source_of(case),
        "by": case.held_by or source_of(case),
        "state": case.state,
        "hold": case.hold,
        "held_at": None if case.held_at_ms is None else iso_ms(case.held_at_ms),
        "verdict": case.verdict,
        "judged_by": case.judged_by or None,
        "hung": case.hung,
        "panel_ballots": case.panel_ballots,
        "measure": case.measure or None,
        "measured_at": None if case.measured_at_ms is None else iso_ms(case.measured_at_ms),
        "disputed": case.disputed,
    }


def moderator_action_view(row: ModeratorActionRow) -> dict[str, Any]:
    """A line of the moderators' log."""
    return {
        "id": str(row.id),
        "actor_id": str(row.actor_id),
        "case_id": str(row.case_id),
        "action": row.action,
        "reason": row.reason,
        "at": iso_ms(row.at_ms),
    }
