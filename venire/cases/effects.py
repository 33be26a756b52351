"""What a recorded step does to the world outside the case.

Heard from `CaseStepped`, after the entry is durable. Every effect is idempotent under the step's
key, so a retelling after a crash changes nothing that has happened.
"""

from __future__ import annotations

from typing import Final

from venire.cases import (
    appeals_messages,
    delivery,
    messages,
    report_desk,
    reports,
    self_lifting,
    statements,
    store,
    sweep,
)
from venire.cases.court import Court
from venire.cases.detection import text_of
from venire.cases.entries import step_number
from venire.cases.in_place import manner_of
from venire.cases.judges import SEALED
from venire.cases.limits import IN_PLACE
from venire.cases.model import Case, Statement
from venire.events import CaseStepped
from venire.kernel.clock import DAY_MS
from venire.kernel.ids import parse_id
from venire.notices import actions as notices
from venire.notices.model import ItemState
from venire.people import actions as people
from venire.people import standing
from venire.posts import actions as posts
from venire.posts import notifications
from venire.storage.verbs import Envelope

_ITEM_STATES: Final[dict[str, ItemState]] = {
    "hold": "held",
    "measure": "removed",
    "lift": "kept",
    "keep": "kept",
    "dispute": "disputed",
}

_MARKS: Final[dict[str, str]] = {
    "sensitive": standing.SENSITIZED,
    "silence": standing.SILENCED,
    "disable": standing.DISABLED,
    "suspend": standing.SUSPENDED,
}


async def on_case_stepped(court: Court, envelope: Envelope) -> None:
    """Carry out a step."""
    event = envelope.event
    if not isinstance(event, CaseStepped):
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None:
        return
    kind = event.step
    if kind == self_lifting.STEP:
        await self_lifting.carry_out(court, case, event, envelope)
    if kind not in _ITEM_STATES:
        return
    if case.subject_kind == "post":
        await _on_post(court, case, kind, event, envelope)
    elif kind in {"measure", "lift"}:
        wanted = {key: _MARKS[limit] for limit, key in case.limits}
        await standing.settle_limits(court.world, case.subject_id, case.id, wanted)
        await _settle_points(court, case, kind, event, envelope.at_ms)
        await _tell_author(court, case, kind, event, envelope)
    if kind in {"measure", "lift", "keep"} and case.state == "decided":
        # Opened again since: its reporters hear what comes of it in the end.
        await _tell_outcomes(court, case)


async def _on_post(
    court: Court, case: Case, kind: str, event: CaseStepped, envelope: Envelope
) -> None:
    state = {"hold": "held", "measure": "removed", "lift": "visible"}.get(kind)
    if kind == "measure" and case.measure in IN_PLACE:
        state = "visible"
    if kind == "hold" and SEALED in case.categories:
        # Locked: not even its author is shown it again, or could delete what must be kept.
        state = "removed"
    stands = state is None or state == _state_of(case)
    # Told late, or again after a crash: a later step has moved the post on, or is about to. Asked
    # of the case and not of the clock, which may have gone back between the two.
    if stands:
        await _show(court, case, kind, state, envelope.at_ms)
    await _settle_points(court, case, kind, event, envelope.at_ms)
    if kind == "lift" and _undone(case, event.key):
        await sweep.forget(court, case)
    if not stands and kind != "hold":
        return
    fence = 0
    if state == "removed" and kind == "measure":
        await sweep.remember(court, case)
        # The message that follows has a later event: an index that has passed this has seen all.
        fence = court.world.ids.next()
    if state is not None:
        await _tell_author(court, case, kind, event, envelope)
    if state is not None and stands:
        await _tell_targets(court, case, kind, event.key)
    if fence:
        await sweep.sweep(court, case, fence)


def _state_of(case: Case) -> str:
    """What others see of a post, by where its case stands now."""
    if case.measure == "remove" or (case.hold == "held" and SEALED in case.categories):
        return "removed"
    return "held" if case.hold == "held" else "visible"


async def _show(court: Court, case: Case, kind: str, state: str | None, at_ms: int) -> None:
    if state is not None:
        manner = await manner_of(court, case)
        await posts.set_state(
            court.world,
            case.subject_id,
            state,
            case_id=case.id,
            rule=court.policy.category(case.category).rule,
            at_ms=at_ms,
            label=manner.label,
            demoted=manner.demoted,
        )
    if state == "visible" and kind == "measure":
        # No item of a notice is answered by it (`limits.measure_for`).
        return
    if kind == "dispute":
        # An item comes to `disputed` by way of `kept`: that is what the bench has said.
        await notices.set_item_states(court.world, case.subject_id, "kept", at_ms=at_ms)
    await notices.set_item_states(court.world, case.subject_id, _ITEM_STATES[kind], at_ms=at_ms)


def _undone(case: Case, key: str) -> list[str]:
    """The earlier steps of a case whose points a lift gives back; a later one stands."""
    now = step_number(key)
    return [struck for struck in case.struck if step_number(struck) < now]


async def _settle_points(
    court: Court, case: Case, kind: str, event: CaseStepped, at_ms: int
) -> None:
    if kind == "measure" and event.key in case.struck:
        await _strike(court, case, event.key, at_ms)
    elif kind == "lift" and not case.limits:
        for key in _undone(case, event.key):
            await standing.take_back_strike(court.world, case.author_id, key)


async def _strike(court: Court, case: Case, key: str, at_ms: int) -> None:
    points = court.policy.category(case.category).points
    if points:
        await standing.give_strike(
            court.world,
            case.author_id,
            key=key,
            points=points,
            suspend_at=court.policy.points.suspend_at,
            expires_at_ms=at_ms + court.policy.points.expire_days * DAY_MS,
            case_id=case.id,
        )


async def _tell_author(
    court: Court, case: Case, kind: str, event: CaseStepped, envelope: Envelope
) -> None:
    """The statement of reasons: kept, and sent as a message and a `moderation_warning`."""
    post = await posts.load(court.world, case.subject_id) if case.subject_kind == "post" else None
    if post is None and case.subject_kind == "post":
        return
    if event.key in case.untold:
        return
    # Nothing of what may harm a child is repeated anywhere, not even to who wrote it.
    words = "" if post is None or SEALED in case.categories else text_of(post)
    said = await store.sources(court.world.storage, case.id)
    statement = statements.build(
        case,
        court.policy,
        kind=statements.kind_of(kind, event.key),
        identifier=envelope.id,
        text=words,
        sources=said,
        record_index=event.record_index,
        at_ms=envelope.at_ms,
        limited=event.key in {key for _, key in case.limits},
        decision=event.key,
        stands=await standing.standing(court.world, case.author_id),
    )
    await court.world.storage.commit(
        store.aggregate(case.id), [store.put_statement(case.author_id, case.id, statement)]
    )
    text = await _author_message(court, case, kind, words, statement)
    await delivery.tell(court, case.author_id, text, key=f"{event.key}:author")
    if kind != "lift":
        await notifications.notify(
            court.world,
            envelope.id,
            case.author_id,
            "moderation_warning",
            court.site_account_id,
            None,
            statements.account_warning(statement, text, case.limits[-1][0] if case.limits else ""),
        )


async def _author_message(
    court: Court, case: Case, kind: str, text: str, statement: Statement
) -> str:
    language = await people.language_of(court.world, case.author_id)
    category = court.policy.category(case.category)
    url = f"{court.world.site.base_url}/statements/{statement.id}"
    if SEALED in case.categories:
        text = "…"
    if statement.kind == "overturned":
        return appeals_messages.overturned_message(language, text, url)
    if case.subject_kind == "account":
        return messages.account_message(language, category, kind, statement, url, case=case)
    if kind == "hold":
        if SEALED in case.categories:
            return messages.sealed_message(language, category, url)
        return messages.hold_message(language, category, text, statement.words, url)
    if kind == "measure":
        stays = statement.measure in IN_PLACE
        said = messages.in_place_message if stays else messages.removal_message
        return said(language, category, text, statement, url)
    unjudged = category.judges == "copyright_procedure"
    back = messages.put_back_message if unjudged else messages.lift_message
    return back(language, text, url)


async def _tell_targets(court: Court, case: Case, kind: str, key: str) -> None:
    """Whoever the post is aimed at hears of it, whoever reported."""
    category = court.policy.category(case.category)
    url = f"{court.world.site.base_url}/cases/{case.public_id}"
    for account_id in await posts.aimed_at(court.world, case.subject_id):
        if account_id == case.author_id:
            continue
        language = await people.language_of(court.world, account_id)
        told = case.measure if kind == "measure" else kind
        text = messages.target_message(language, told, category, url)
        await delivery.tell(court, account_id, text, key=f"{key}:target:{account_id}")


async def _tell_outcomes(court: Court, case: Case) -> None:
    for source in await store.sources(court.world.storage, case.id):
        if source.kind == "report" and source.account_id is not None:
            await reports.tell_outcome(court, case, source.account_id)
            report_id = parse_id(source.ref.rpartition(":")[2])
            if report_id is not None:
                await report_desk.note_decided(court, report_id)
