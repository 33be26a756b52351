"""What follows outside from an appeal: who is told of it, and what stood on what it undid.

Heard from `CaseStepped`, apart from `effects.py`, which shows, strikes and states. Every part may
be done twice.
"""

from __future__ import annotations

from venire.cases import (
    appeals,
    appeals_ending,
    appeals_entries,
    appeals_messages,
    appeals_store,
    delivery,
    entries,
    statements,
    steps,
    store,
    sweep,
)
from venire.cases.court import Court
from venire.cases.detection import text_of
from venire.cases.model import Case, Step
from venire.events import CaseChanged, CaseStepped
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict, Unavailable
from venire.people import actions as people
from venire.people import standing
from venire.posts import actions as posts
from venire.storage.tables.appeals import AppealRow
from venire.storage.timers import timer
from venire.storage.verbs import Envelope

_HEARD = frozenset({"appeal", "appeal_end", "lift", "measure", "hold"})
_TRIES = 20


async def on_case_stepped(court: Court, envelope: Envelope) -> None:
    """Tell of an appeal, and look at copies again whose origin it restored."""
    event = envelope.event
    if not isinstance(event, CaseStepped) or event.step not in _HEARD:
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None:
        return
    if event.step == "hold":
        await _give_back(court, case, event.key)
        return
    if event.step == "appeal":
        await _tell_receipt(court, case, event.key)
        return
    ended = await _ended_by(court, case, event.key)
    if ended is None:
        return
    await _tell_end(court, case, ended, envelope, event)
    if ended.state == "overturned" and ended.party == "author":
        await _copies(court, case)


async def _tell_receipt(court: Court, case: Case, key: str) -> None:
    if case.appeal is None:
        return
    row = await appeals_store.of_case(court.world.storage, case.id, case.appeal)
    if row is None:
        return
    language = await people.language_of(court.world, row.account_id)
    text = appeals_messages.receipt_message(language, row, _url(court, case))
    await delivery.tell(court, row.account_id, text, key=f"{key}:receipt")


def _url(court: Court, case: Case) -> str:
    return f"{court.world.site.base_url}/cases/{case.public_id}"


async def _ended_by(court: Court, case: Case, key: str) -> AppealRow | None:
    """The appeal that a step ended, if it ended one."""
    rows = await appeals_store.against_case(court.world.storage, case.id)
    return next((row for row in rows if row.ended_by == key), None)


async def _tell_end(
    court: Court, case: Case, ended: AppealRow, envelope: Envelope, event: CaseStepped
) -> None:
    """Everyone who appealed hears how it ended; an author whose appeal failed has a statement."""
    url = _url(court, case)
    if ended.party == "author" and ended.state == "upheld":
        url = await _state_upheld(court, case, envelope, event)
    if ended.party == "author" and event.key.endswith(":appeal_end") and event.step == "lift":
        # The statement that says so has been sent with its own message.
        return
    for row in await appeals_store.joined(court.world.storage, ended):
        language = await people.language_of(court.world, row.account_id)
        text = appeals_messages.end_message(language, row, ended, url)
        await delivery.tell(court, row.account_id, text, key=f"{event.key}:end:{row.account_id}")


async def _state_upheld(court: Court, case: Case, envelope: Envelope, event: CaseStepped) -> str:
    post = await posts.load(court.world, case.subject_id) if case.subject_kind == "post" else None
    statement = statements.build(
        case,
        court.policy,
        kind="upheld",
        identifier=envelope.id,
        text="" if post is None else text_of(post),
        sources=await store.sources(court.world.storage, case.id),
        record_index=event.record_index,
        at_ms=envelope.at_ms,
        decision=event.key,
    )
    await court.world.storage.commit(
        store.aggregate(case.id), [store.put_statement(case.author_id, case.id, statement)]
    )
    return f"{court.world.site.base_url}/statements/{statement.id}"


# copies of what an appeal restored


async def _copies(court: Court, case: Case) -> None:
    """Look again at each copy that was removed for being one."""
    above: int | None = None
    while True:
        page = await store.copies_page(court.world.storage, case.public_id, above)
        for copy in page:
            if copy.inherits == case.public_id:
                await _look_again(court, copy.id, case)
        if not page:
            return
        above = page[-1].id


async def _look_again(court: Court, copy_id: int, origin: Case) -> None:
    """Open a copy's case again: hidden still, as held, until jurors have looked at it itself."""
    for _ in range(_TRIES):
        copy = await store.load(court.world.storage, copy_id)
        if copy is None or copy.inherits != origin.public_id or copy.measure != "remove":
            return
        if copy.pending is not None or copy.state != "decided":
            if copy.pending is None:
                # Its author appeals: that round judges it by itself already.
                return
            await steps.settled(court, copy.id)
            continue
        now_ms = court.world.now_ms()
        hours = court.policy.category(copy.category).clock_hours
        step = Step(
            "look_again",
            entries.step_key(copy, "look_again"),
            now_ms,
            due_at_ms=now_ms + hours * HOUR_MS,
        )
        corrects = await appeals_ending.place_of(court.world.storage, appeals.decision_of(copy))
        due = timer(store.aggregate(copy.id), "case", str(copy.id), step.due_at_ms)
        try:
            await steps.intend(
                court,
                copy,
                step,
                appeals_entries.correction(copy, corrects, "none"),
                also=[due],
                events=[CaseChanged(copy.id)],
            )
        except Conflict:
            continue
        return
    raise Unavailable("case_busy", "the copy's case is moving; it is tried again")


async def _give_back(court: Court, case: Case, key: str) -> None:
    """The points of a copy whose ground is gone: they come again if its own jurors say so.

    So does its text in the bank, which stood there for the origin's verdict.
    """
    if not key.endswith(":look_again"):
        return
    await sweep.forget_post(court, case.subject_id)
    now = entries.step_number(key)
    for struck in case.struck:
        if entries.step_number(struck) < now:
            await standing.take_back_strike(court.world, case.author_id, struck)
