"""A report on the moderators' desk: who looks after it, and when it is done with.

A desk is not a court: resolving a report ends nothing that jurors were asked. What waits for a
moderator is kept by it, since that is what "resolved without action" says; the rest goes on.
"""

from __future__ import annotations

import msgspec

from venire.cases import moderators, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.kernel.clock import DAY_MS, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.ids import id_at, id_ms
from venire.people.admin_log import log_line
from venire.storage.tables.cases import REPORTS, ReportRow
from venire.storage.tables.report_desk import (
    REPORT_DESK,
    REPORT_ROLL,
    REPORT_TARGETS,
    ReportDeskRow,
    ReportRollRow,
    ReportTargetRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

OPEN = "open"
RESOLVED = "resolved"
STATES = (OPEN, RESOLVED)
_TRIES = 8
_MONTHS_MOST = 36
_READ_MOST = 1_000
_PAGE = 200
_POSTS_MOST = 100


class Filed(msgspec.Struct, frozen=True):
    """A report and how it stands."""

    report: ReportRow
    desk: ReportDeskRow


class Search(msgspec.Struct, frozen=True):
    """Which reports are asked for, and which part of them: ids, exclusive."""

    state: str = OPEN
    reporter_id: int | None = None
    target_id: int | None = None
    above: int | None = None
    below: int | None = None
    limit: int = 100
    not_about: int | None = None
    """Reports about this account stay unseen: nobody reads who reported them."""


def month_of(report_id: int) -> str:
    """The month under which a report stands."""
    return utc_day(id_ms(report_id))[:7]


def _fresh(row: ReportRow) -> ReportDeskRow:
    return ReportDeskRow(row.id, OPEN, None, None, None, row.created_at_ms, None, None)


async def load(world: World, report_id: int) -> Filed:
    """A report. NotFound `record_not_found`."""
    row = await world.storage.get(REPORTS, (report_id,))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    desk = await world.storage.get(REPORT_DESK, (report_id,))
    return Filed(row, desk or _fresh(row))


async def search(world: World, asked: Search) -> list[Filed]:
    """Reports, newest first."""
    found: list[Filed] = []
    read = 0
    below = asked.below
    while len(found) < asked.limit and read < _READ_MOST:
        ids = await _ids(world, asked, below)
        for report_id in ids:
            filed = await load(world, report_id)
            if _fits(filed, asked) and len(found) < asked.limit:
                found.append(filed)
        if not ids:
            break
        read += len(ids)
        below = ids[-1]
    return found


def _fits(filed: Filed, asked: Search) -> bool:
    row = filed.report
    return (
        filed.desk.state == asked.state
        and row.target_account_id != asked.not_about
        and asked.reporter_id in {None, row.reporter_id}
        and asked.target_id in {None, row.target_account_id}
    )


async def _ids(world: World, asked: Search, below: int | None) -> list[int]:
    above = None if asked.above is None else (asked.above,)
    bound = None if below is None else (below,)
    if asked.target_id is not None:
        about = await world.storage.range(
            REPORT_TARGETS, (asked.target_id,), above=above, below=bound, limit=asked.limit
        )
        return [row.report_id for row in about]
    at_ms = world.now_ms() if below is None else id_ms(below)
    for _ in range(_MONTHS_MOST):
        month = utc_day(at_ms)
        rows = await world.storage.range(
            REPORT_ROLL, (asked.state, month[:7]), above=above, below=bound, limit=asked.limit
        )
        if rows:
            return [row.report_id for row in rows]
        at_ms -= int(month[8:]) * DAY_MS
        if at_ms <= 0 or (asked.above is not None and at_ms < id_ms(asked.above) - 31 * DAY_MS):
            break
    return []


async def cases_of(court: Court, row: ReportRow) -> list[Case]:
    """The cases that a report went into, as far as they are not closed."""
    post_ids = msgspec.json.decode(row.post_ids, type=list[int])[:_POSTS_MOST]
    subjects = [("post", post_id) for post_id in post_ids] or [("account", row.target_account_id)]
    found = [
        await store.case_of_subject(court.world.storage, kind, subject_id)
        for kind, subject_id in subjects
    ]
    return [case for case in found if case is not None]


async def change(
    court: Court, report_id: int, *, actor_id: int, action: str, **changes: object
) -> Filed:
    """Change how a report stands, with its line in the log. NotFound; Forbidden `own_case`."""
    for _ in range(_TRIES):
        filed = await load(court.world, report_id)
        if filed.report.target_account_id == actor_id:
            raise Forbidden("own_case", "another moderator has to act on what is yours")
        line = log_line(
            court.world,
            actor_id=actor_id,
            action=action,
            target=str(report_id),
            reason="",
            aggregate=f"report:{report_id}",
        )
        try:
            return await _save(court.world, filed, changes, [line])
        except Conflict:
            continue
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _save(world: World, filed: Filed, changes: dict[str, object], also: list[Write]) -> Filed:
    desk = msgspec.structs.replace(filed.desk, **{"updated_at_ms": world.now_ms(), **changes})
    row = msgspec.structs.replace(filed.report, version=filed.report.version + 1)
    writes: list[Write] = [Put(REPORTS, row), Put(REPORT_DESK, desk), *also]
    if desk.state != filed.desk.state:
        month = month_of(row.id)
        writes += [
            Delete(REPORT_ROLL, ReportRollRow(filed.desk.state, month, row.id)),
            Put(REPORT_ROLL, ReportRollRow(desk.state, month, row.id)),
        ]
    await world.storage.commit(f"report:{row.id}", writes, expect=filed.report.version)
    return Filed(row, desk)


async def assign(court: Court, report_id: int, *, actor_id: int, to: int | None) -> Filed:
    """Say who looks after a report; nobody when `to` is None."""
    action = "unassign" if to is None else "assign_to_self"
    return await change(court, report_id, actor_id=actor_id, action=action, assigned_id=to)


async def correct(
    court: Court,
    report_id: int,
    *,
    actor_id: int,
    category: str | None,
    rule_ids: tuple[int, ...] | None,
) -> Filed:
    """Correct what a report is said to be about. Its cases keep what was alleged."""
    known = {each.rule for each in court.policy.categories}
    if rule_ids is not None and not known.issuperset(rule_ids):
        raise Invalid("rule_unknown", "no such rule on this site")
    changes: dict[str, object] = {}
    if category is not None:
        changes["category"] = category
    if rule_ids is not None:
        changes["rule_ids"] = msgspec.json.encode(rule_ids)
    return await change(court, report_id, actor_id=actor_id, action="update_report", **changes)


async def resolve(court: Court, report_id: int, *, actor_id: int) -> Filed:
    """Note that the desk is done with a report; keep what waits for a moderator's word."""
    filed = await load(court.world, report_id)
    if filed.report.target_account_id == actor_id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    for case in await cases_of(court, filed.report):
        waits = case.state in {"open", "judging"} and case.waits_for == "moderator"
        if waits and case.author_id != actor_id:
            await moderators.act(
                court,
                case.public_id,
                actor_id=actor_id,
                action="keep",
                reason=f"Report {report_id} was resolved without action.",
            )
    return await mark_resolved(court, report_id, actor_id=actor_id)


async def mark_resolved(court: Court, report_id: int, *, actor_id: int) -> Filed:
    """Note that an action answered a report."""
    return await change(
        court,
        report_id,
        actor_id=actor_id,
        action="resolve_report",
        state=RESOLVED,
        resolved_at_ms=court.world.now_ms(),
        resolved_by=actor_id,
    )


async def reopen(court: Court, report_id: int, *, actor_id: int) -> Filed:
    """Put a report back on the desk. Its cases stay as they were decided."""
    return await change(
        court,
        report_id,
        actor_id=actor_id,
        action="reopen_report",
        state=OPEN,
        resolved_at_ms=None,
        resolved_by=None,
    )


async def note_decided(court: Court, report_id: int) -> None:
    """Take a report off the desk once all its cases are decided; harmless before."""
    for _ in range(_TRIES):
        try:
            filed = await load(court.world, report_id)
        except NotFound:
            return
        cases = await cases_of(court, filed.report)
        if filed.desk.state != OPEN or any(case.state in {"open", "judging"} for case in cases):
            return
        changes = {"state": RESOLVED, "resolved_at_ms": court.world.now_ms()}
        try:
            await _save(court.world, filed, changes, [])
        except Conflict:
            continue
        return


def new_report_writes(row: ReportRow) -> list[Write]:
    """The rows by which a new report is found on the desk."""
    target = ReportTargetRow(row.target_account_id, row.id, row.reporter_id)
    return [
        Put(REPORT_ROLL, ReportRollRow(OPEN, month_of(row.id), row.id)),
        Put(REPORT_TARGETS, target),
    ]


def rules_of(filed: Filed) -> list[int]:
    """The rules that a report names, as corrected."""
    raw = filed.desk.rule_ids if filed.desk.rule_ids is not None else filed.report.rule_ids
    return msgspec.json.decode(raw, type=list[int])


async def case_on_post(court: Court, post_id: int) -> Case | None:
    """The case on a post, as far as it is not closed."""
    return await store.case_of_subject(court.world.storage, "post", post_id)


async def moments(
    world: World, since_ms: int, until_ms: int, *, resolved: bool, most: int
) -> list[int]:
    """When reports were filed, or resolved, within a span; up to `most`, newest first."""
    found: list[int] = []
    for state in (RESOLVED,) if resolved else STATES:
        # What was resolved in the span may have been filed some time before it.
        first_ms = max(0, since_ms - 92 * DAY_MS) if resolved else since_ms
        asked = Search(state=state, above=id_at(first_ms) - 1, below=id_at(until_ms), limit=_PAGE)
        while len(found) < most and (page := await search(world, asked)):
            found += [
                filed.desk.resolved_at_ms or 0 if resolved else id_ms(filed.report.id)
                for filed in page
            ]
            asked = msgspec.structs.replace(asked, below=page[-1].report.id)
    return sorted((each for each in found if since_ms <= each < until_ms), reverse=True)[:most]
