"""The author of a severe threat does not post until the verdict; nothing else of theirs is hidden.

Severe is what the detectors are sure of, or a copy of what a verdict removed: a report, a notice or
a juror alone stops nobody's posts. The entry is in the record before the author is stopped, and the
end before they go on: each is found again under its key, so a crash in between loses neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from venire.cases import alarm_words, delivery, entries, statements, store
from venire.cases.court import Court
from venire.cases.model import Case, Source, Statement
from venire.cases.policy import Policy
from venire.events import CaseChanged, CaseStepped, PanelEnded
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people import actions as people
from venire.people import standing
from venire.posts import notifications
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES
from venire.storage.tables.clocks import PENDING, PendingRow
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Envelope, Put

TIMER: Final = "posting_stopped"
HEARS: Final = (CaseStepped, CaseChanged, PanelEnded)
_MOST: Final = 100
_CAUSES: Final = {"moderator": "moderator", "named_person": "moderator"}


def is_severe(case: Case, said: Sequence[Source], policy: Policy) -> bool:
    """Whether a held post is so surely a severe threat that its author waits for the verdict."""
    at = policy.holds.suspend_author_at
    if at <= 0 or case.subject_kind != "post" or not policy.category(case.category).severe:
        return False
    sure = (one for one in said if one.kind == "detector" and one.category == case.category)
    return bool(case.inherits) or any((one.score or 0) >= at for one in sure)


def stands(case: Case) -> bool:
    """Whether what was stopped for a case stays stopped: while it is held and not yet judged."""
    waits = case.state in {"open", "judging"} and case.verdict != "keeps"
    return waits and case.hold == "held" and case.appeal is None


async def hear(court: Court, envelope: Envelope) -> None:
    """Stop an author when a severe threat is held; end it with what ends the hold."""
    event = envelope.event
    if not isinstance(event, HEARS):
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None:
        return
    if not court.world.site.acceptance:
        if isinstance(event, CaseStepped) and event.step == "hold":
            await _on_hold(court, case, event.key)
        elif isinstance(event, CaseChanged) and stands(case) and _is_sure_of(case):
            # Held for something else, before those had looked who are surest of a threat.
            await _on_hold(court, case, case.held)
    if not stands(case):
        await _end_all(court, case)


def _is_sure_of(case: Case) -> bool:
    """Whether it is worth reading what was said of a case."""
    return bool(case.held) and not {"detector", "bank"}.isdisjoint(case.sources)


async def _on_hold(court: Court, case: Case, key: str) -> None:
    storage = court.world.storage
    row = await storage.get(PENDING, (case.id, key))
    if row is None:
        if not stands(case):
            # Told late: it was over before anyone was stopped.
            return
        said = await store.said_by(storage, case.id, "detector", "bank")
        if not is_severe(case, said, court.policy):
            return
        row = await _intend(court, case, key)
    if row.ended_cause or row.record_index is not None:
        return
    if court.world.now_ms() >= row.until_ms:
        # Cut off, and begun again when its time was up: nobody is stopped any more.
        await _end(court, case, row, "clock")
        return
    await _stop(court, case, row)


def aggregate(row: PendingRow) -> str:
    """The aggregate of one suspension."""
    return f"pending:{row.case_id}:{row.key}"


async def _intend(court: Court, case: Case, key: str) -> PendingRow:
    now_ms = court.world.now_ms()
    row = PendingRow(
        case_id=case.id,
        key=key,
        account_id=case.author_id,
        statement_id=court.world.ids.next(),
        since_ms=now_ms,
        until_ms=now_ms + court.policy.holds.suspend_hours * HOUR_MS,
        record_index=None,
        ended_cause="",
        ended_at_ms=None,
        end_index=None,
    )
    salt = court.world.chance.token(SALT_BYTES)
    whole = aggregate(row)
    writes = [
        Put(PENDING, row),
        record_store.put_salt(_entry_key(row), whole, salt, case.author_id),
        timer(whole, TIMER, f"{case.id}:{key}", row.until_ms),
    ]
    await court.world.storage.commit(whole, writes)
    return row


def _entry_key(row: PendingRow, part: str = "suspend") -> str:
    return f"{row.key}:{part}"


async def _entry(court: Court, case: Case, row: PendingRow, kind: str, **more: Any) -> bytes:
    """A leaf, the same at every telling: nothing in it comes from the clock or from chance."""
    salt = await record_store.salt(court.world.storage, _entry_key(row))
    at_ms = row.since_ms if row.ended_at_ms is None else row.ended_at_ms
    header = {
        # What was alleged: a verdict that finds another rule broken does not change this entry.
        "category": case.categories[0],
        "clause": court.policy.category(case.categories[0]).rule,
        "source": entries.source_of(case),
        "automated": row.ended_cause != "moderator",
        **more,
    }
    return entries.encode(
        case,
        court.policy,
        salt or bytes(SALT_BYTES),
        kind=kind,
        at_ms=at_ms,
        header=header,
        commits={"subject": f"account:{row.account_id}"},
    )


async def _stop(court: Court, case: Case, row: PendingRow) -> None:
    """Everything that stopping somebody is, each part once; its place is noted when all is done."""
    days = -(-(row.until_ms - row.since_ms) // DAY_MS)
    entry = await _entry(
        court, case, row, "measure", measure="suspend", days=days, automated_detection=True
    )
    index = await court.sequencer.append(_entry_key(row), entry)
    await standing.stop_posting(court.world, row.account_id, row.key, row.until_ms, case.id)
    await _tell(court, case, row, index)
    # As it is now: its time may have ended it in between.
    now = await court.world.storage.get(PENDING, (row.case_id, row.key)) or row
    done = msgspec.structs.replace(now, record_index=index)
    await court.world.storage.commit(aggregate(row), [Put(PENDING, done)])


async def _tell(court: Court, case: Case, row: PendingRow, index: int) -> None:
    language = await people.language_of(court.world, row.account_id)
    category = court.policy.category(case.categories[0])
    said = await store.sources(court.world.storage, case.id)
    built = statements.build(
        case,
        court.policy,
        kind="hold",
        identifier=row.statement_id,
        text="",
        sources=said,
        record_index=index,
        at_ms=row.since_ms,
        decision=row.key,
    )
    statement: Statement = msgspec.structs.replace(
        built, measure="suspend", automated=True, suspended_until_ms=row.until_ms
    )
    write = store.put_statement(row.account_id, case.id, statement)
    await court.world.storage.commit(store.aggregate(case.id), [write])
    text = alarm_words.posting_stopped_message(language, category, row.until_ms)
    await delivery.tell(court, row.account_id, text, key=f"{row.key}:posting_stopped")
    await notifications.notify(
        court.world,
        row.statement_id,
        row.account_id,
        "moderation_warning",
        court.site_account_id,
        None,
        statements.account_warning(statement, text),
    )


async def _end_all(court: Court, case: Case) -> None:
    for row in await court.world.storage.range(PENDING, (case.id,), limit=_MOST):
        if row.end_index is None:
            await _end(court, case, row, _cause(case))


def _cause(case: Case) -> str:
    """What ended it, in the record's words."""
    if case.state == "closed":
        return "deleted"
    if case.judged_by in _CAUSES:
        return _CAUSES[case.judged_by]
    if case.verdict is not None:
        return "verdict"
    return "appeal" if case.appeal is not None else "clock"


async def _end(court: Court, case: Case, row: PendingRow, cause: str) -> None:
    if not row.ended_cause:
        row = msgspec.structs.replace(row, ended_cause=cause, ended_at_ms=court.world.now_ms())
        await court.world.storage.commit(aggregate(row), [Put(PENDING, row)])
    if row.record_index is not None or await _was_recorded(court, row):
        entry = await _entry(court, case, row, "lift", cause=row.ended_cause, measure="suspend")
        index = await court.sequencer.append(_entry_key(row, "resume"), entry)
        await standing.resume_posting(court.world, row.account_id, row.key)
        language = await people.language_of(court.world, row.account_id)
        text = alarm_words.posting_resumed_message(language)
        await delivery.tell(court, row.account_id, text, key=f"{row.key}:posting_resumed")
    else:
        # Ended before anything was said of it anywhere: there is nothing to take back.
        await standing.resume_posting(court.world, row.account_id, row.key)
        index = -1
    ended = msgspec.structs.replace(row, end_index=index)
    await court.world.storage.commit(aggregate(row), [Put(PENDING, ended)])


async def _was_recorded(court: Court, row: PendingRow) -> bool:
    return await record_store.index_of(court.world.storage, _entry_key(row)) is not None


async def on_due(court: Court, key: str) -> None:
    """A suspension has lasted as long as it may (timer; key: the case and the step's key)."""
    case_id, _, step_key = key.partition(":")
    case = await store.load(court.world.storage, int(case_id))
    row = await court.world.storage.get(PENDING, (int(case_id), step_key))
    if case is not None and row is not None and row.end_index is None:
        await _end(court, case, row, "clock")


def timers(court: Court) -> dict[str, TimerHandler]:
    """The timer that ends it at the latest."""

    async def due(key: str) -> None:
        await on_due(court, key)

    return {TIMER: due}
