"""How members stand as reporters: what became of their reports, warnings, suspensions (Art. 23).

What counts follows from decided cases and is told again after an appeal; a warning comes before a
suspension, both with a statement, and a person answers an appeal against one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from venire.cases import reporter_rules, reporters_told, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.cases.reporter_rules import Reported
from venire.cases.reporters_told import News
from venire.events import CaseStepped
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Throttled, Unavailable
from venire.notices import store as notices
from venire.people.admin_log import log_line
from venire.storage.tables.appeals import (
    REPORT_OUTCOMES,
    REPORTER_APPEALS,
    REPORTERS,
    ReporterAppealRow,
    ReporterStandingRow,
    ReportOutcomeRow,
)
from venire.storage.verbs import Delete, Envelope, Put, Write

_KEPT_MS = 366 * DAY_MS
_TRIES = 8
_SHARD = 0
_HEARD = frozenset({"measure", "lift", "keep"})
REASON_CHARACTERS = 2_000
WAITING = "waiting"
UPHELD = "upheld"
WON = "won"


def _fresh(account_id: int) -> ReporterStandingRow:
    return ReporterStandingRow(account_id, "clear", 0, None, 0, 0, "", "", None, 0)


async def standing_of(court: Court, account_id: int) -> ReporterStandingRow:
    """How a member stands as a reporter, by the clock: a suspension ends with its time."""
    row = await court.world.storage.get(REPORTERS, (account_id,)) or _fresh(account_id)
    now_ms = court.world.now_ms()
    if row.state == "suspended" and row.until_ms is not None and now_ms >= row.until_ms:
        # Warned still: who goes on is suspended again, without another warning.
        return msgspec.structs.replace(
            row,
            state="warned",
            since_ms=row.until_ms,
            counted_from=row.until_ms,
            until_ms=None,
            appeal="",
        )
    return row


async def may_report(court: Court, account_id: int, *, aimed_at: bool) -> None:
    """Raise Forbidden `reporting_suspended`. What is aimed at oneself may always be reported."""
    row = await standing_of(court, account_id)
    if row.state == "suspended" and not aimed_at:
        raise Forbidden(
            "reporting_suspended",
            "your reports are not taken for a time; you can still report what is aimed at you",
            until=None if row.until_ms is None else iso_ms(row.until_ms),
        )


async def within_budget(court: Court, account_id: int, count: int) -> None:
    """Take posts from what one member may report in a day. Raises Throttled `reports_enough`.

    Each may cost a panel: who reported everything there is would use up every juror.
    """
    if not count or court.world.site.acceptance:
        return
    now_ms, most = court.world.now_ms(), court.policy.reporters.posts_a_day
    key = f"reports:{account_id}"
    if not await notices.count_hold(court.world.storage, key, now_ms, most, count=count):
        raise Throttled(
            "reports_enough",
            "you have reported very much today; what is aimed at you is taken still",
            retry_after_s=(DAY_MS - now_ms % DAY_MS) // 1_000 + 1,
        )


async def outcomes_of(court: Court, account_id: int) -> list[Reported]:
    """What became of the last decided reports of a member."""
    rows = await court.world.storage.range(
        REPORT_OUTCOMES, (account_id,), limit=court.policy.reporters.window
    )
    return [Reported(row.outcome, row.at_ms) for row in rows]


async def weight(court: Court, account_id: int, *, aimed_at: bool) -> float:
    """What a report of a member weighs, 0..1; of the person it is aimed at, never less than new."""
    policy = court.policy.reporters
    found = reporter_rules.accuracy(await outcomes_of(court, account_id), policy)
    return round(max(found, policy.prior) if aimed_at else found, 4)


async def on_case_stepped(court: Court, envelope: Envelope) -> None:
    """Note for every reporter of a case what came of it, and what follows for them."""
    event = envelope.event
    if not isinstance(event, CaseStepped) or event.step not in _HEARD:
        return
    case = await store.load(court.world.storage, event.case_id)
    outcome = "" if case is None else reporter_rules.outcome_of(case)
    if case is None or not outcome:
        return
    said = await store.sources(court.world.storage, case.id)
    who = {one.account_id for one in said if one.kind == "report" and one.account_id is not None}
    for account_id in sorted(who):
        await _note(court, case, account_id, outcome)
        await _look_at(court, account_id)


async def _note(court: Court, case: Case, account_id: int, outcome: str) -> None:
    at_ms = case.measured_at_ms or case.decided_at_ms or 0
    row = ReportOutcomeRow(account_id, case.id, outcome, at_ms)
    await court.world.storage.commit(
        f"reporter:{account_id}", [Put(REPORT_OUTCOMES, row, at_ms + _KEPT_MS)]
    )


async def _look_at(court: Court, account_id: int) -> None:
    """Warn, suspend or clear a reporter, as the last reports say."""
    policy, storage = court.policy.reporters, court.world.storage
    for _ in range(_TRIES):
        row = await standing_of(court, account_id)
        outcomes = await outcomes_of(court, account_id)
        now_ms = court.world.now_ms()
        turn = reporter_rules.turn(
            row.state,
            outcomes,
            policy,
            counted_from_ms=row.counted_from,
            since_ms=row.since_ms,
            now_ms=now_ms,
        )
        if turn == "stay" or (turn == "clear" and row.appeal == UPHELD):
            return
        new, news = _turned(court, row, outcomes, turn)
        writes: list[Write] = [
            Put(REPORTERS, new),
            _gone_from_desk(account_id),
            reporters_told.told_of(news),
        ]
        try:
            await storage.commit(f"reporter:{account_id}", writes, expect=row.version)
        except Conflict:
            continue
        return
    raise Unavailable("reporter_busy", "it is tried again")


def _turned(
    court: Court, row: ReporterStandingRow, outcomes: Sequence[Reported], turn: str
) -> tuple[ReporterStandingRow, News]:
    """The new standing, with what is to be said of it."""
    now_ms, policy = court.world.now_ms(), court.policy.reporters
    changed = msgspec.structs.replace(row, version=row.version + 1, since_ms=now_ms, appeal="")
    if turn == "clear":
        counted = now_ms if row.state == "warned" else row.counted_from
        cleared = msgspec.structs.replace(
            changed, state="clear", until_ms=None, counted_from=counted
        )
        return cleared, News(row.account_id, cleared.version, turn, now_ms)
    latest = max((one.at_ms for one in outcomes), default=now_ms)
    suspended = turn == "suspend"
    until_ms = now_ms + policy.suspend_days * DAY_MS if suspended else None
    identifier = court.world.ids.next()
    bad = sum(
        one.outcome == reporter_rules.UNFOUNDED and one.at_ms > row.counted_from for one in outcomes
    )
    news = News(row.account_id, changed.version, turn, now_ms, until_ms, identifier, bad)
    return (
        msgspec.structs.replace(
            changed,
            state="suspended" if suspended else "warned",
            until_ms=until_ms,
            # A suspension keeps counting what led to it, so that what is overturned undoes it.
            counted_from=row.counted_from if suspended else latest,
            statement_id=identifier,
        ),
        news,
    )


# an appeal against a suspension, answered by a person


def _gone_from_desk(account_id: int) -> Write:
    return Delete(REPORTER_APPEALS, ReporterAppealRow(_SHARD, account_id, 0))


async def appeal(court: Court, account_id: int, statement_id: int, reason: str) -> None:
    """Appeal against a suspension of one's reports; a moderator answers.

    Raises Invalid `reason_missing`; Conflict `nothing_to_appeal`, `appealed_already`.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    row = await standing_of(court, account_id)
    if row.state != "suspended" or row.statement_id != statement_id:
        raise Conflict("nothing_to_appeal", "nothing was decided against you here")
    if row.appeal:
        raise Conflict("appealed_already", "a decision is appealed once by each side")
    new = msgspec.structs.replace(row, version=row.version + 1, appeal=WAITING, reason=reason)
    waits = ReporterAppealRow(_SHARD, account_id, court.world.now_ms())
    writes: list[Write] = [Put(REPORTERS, new), Put(REPORTER_APPEALS, waits)]
    await court.world.storage.commit(f"reporter:{account_id}", writes, expect=row.version)


async def waiting(court: Court, limit: int = 100) -> list[ReporterStandingRow]:
    """The suspended reporters who wait for an answer."""
    rows = await court.world.storage.range(REPORTER_APPEALS, (_SHARD,), limit=limit)
    found = await court.world.storage.get_many(REPORTERS, [(row.account_id,) for row in rows])
    return [row for row in found if row is not None]


async def answer(
    court: Court, account_id: int, *, actor_id: int, outcome: str, reason: str
) -> ReporterStandingRow:
    """Answer an appeal, with a reason that is logged.

    Raises NotFound `no_appeal_runs`; Forbidden `own_appeal`; Invalid `reason_missing`,
    `outcome_unknown`.
    """
    row = await standing_of(court, account_id)
    if row.appeal != WAITING:
        raise NotFound("no_appeal_runs", "this reporter has no appeal that runs")
    if outcome not in {WON, UPHELD}:
        raise Invalid("outcome_unknown", "won or upheld")
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    if account_id == actor_id:
        raise Forbidden("own_appeal", "another moderator has to decide what you appealed")
    now_ms = court.world.now_ms()
    won = outcome == WON
    new = msgspec.structs.replace(
        row,
        version=row.version + 1,
        appeal=outcome,
        answered_by=actor_id,
        state="clear" if won else row.state,
        until_ms=None if won else row.until_ms,
        since_ms=now_ms if won else row.since_ms,
        counted_from=now_ms if won else row.counted_from,
    )
    aggregate = f"reporter:{account_id}"
    line = log_line(
        court.world,
        actor_id=actor_id,
        action=f"reporting_appeal_{outcome}",
        target=str(account_id),
        reason=reason,
        aggregate=aggregate,
    )
    news = News(account_id, new.version, outcome, now_ms, row.until_ms)
    writes: list[Write] = [Put(REPORTERS, new), _gone_from_desk(account_id), line]
    writes.append(reporters_told.told_of(news))
    await court.world.storage.commit(aggregate, writes, expect=row.version)
    return new


def view(row: ReporterStandingRow) -> dict[str, Any]:
    """A member's standing as a reporter, for themself and for moderators."""
    return {
        "state": row.state,
        "until": None if row.until_ms is None else iso_ms(row.until_ms),
        "appeal": row.appeal or None,
        "reason": row.reason or None,
        "statement": str(row.statement_id) if row.statement_id else None,
    }
