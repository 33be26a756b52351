"""Before a clock runs out: more jurors are asked, people are told; and again while it is over.

What is told is an event, so that it is told after a crash too; a case says how far it has come, so
that nothing is told twice. At most one message of a kind goes to a person in ten minutes: in a
flood it names one case and the list of the others.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.cases import alarm_words, child_safety, clocks, delivery, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.events import CaseChanged, CaseEscalated
from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Conflict, Unavailable
from venire.people import actions as people
from venire.people.model import ADMIN, MODERATOR
from venire.people.store import find_by_handle, load_account, staff
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Envelope

HEARS: Final = (CaseEscalated,)
_WINDOW_MS: Final = 10 * MINUTE_MS
_TRIES: Final = 20


async def on_clock(court: Court, key: str) -> None:
    """A mark on a case's clock has come (timer `clock`, key: the case)."""
    for _ in range(_TRIES):
        case = await store.load(court.world.storage, int(key))
        if case is None or case.state not in {"open", "judging"}:
            return
        try:
            await _note(court, case)
        except Conflict:
            continue
        return
    raise Unavailable("case_busy", "the case changed too often; it is tried again")


def timers(court: Court) -> dict[str, TimerHandler]:
    """What wakes a case at the marks of its clock."""

    async def clock(key: str) -> None:
        await on_clock(court, key)

    return {clocks.TIMER: clock}


async def _note(court: Court, case: Case) -> None:
    """Say on the case how far its clock has run, and wake it at the next mark."""
    now_ms, aggregate = court.world.now_ms(), store.aggregate(case.id)
    stage = clocks.stage_at(case, court.policy, now_ms)
    next_ms = clocks.next_mark_ms(case, court.policy, now_ms)
    again = timer(aggregate, clocks.TIMER, str(case.id), next_ms)
    if stage < case.alarms:
        # The clock was put back: what was told too early is told again when its time comes.
        early = store.put_case(msgspec.structs.replace(case, alarms=stage))
        await court.world.storage.commit(aggregate, [*early, again], expect=case.version)
        return
    if stage == case.alarms or case.asks:
        # Its clock was started anew: nothing to tell, but it goes on.
        await court.world.storage.commit(aggregate, [again])
        return
    told = msgspec.structs.replace(case, alarms=stage)
    await court.world.storage.commit(
        aggregate,
        [*store.put_case(told), again],
        [CaseEscalated(case.id, stage), CaseChanged(case.id)],
        expect=case.version,
    )


async def on_case_escalated(court: Court, envelope: Envelope) -> None:
    """Tell those who look after the cases, unless it was decided in the meantime."""
    event = envelope.event
    if not isinstance(event, CaseEscalated) or event.stage < clocks.ALARM:
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or case.state not in {"open", "judging"}:
        return
    overdue = event.stage >= clocks.OVERDUE
    kind = "overdue" if overdue else "soon"
    category = court.policy.category(case.category)
    base = court.world.site.base_url
    for account_id, role in await _watchers(court, case):
        language = await people.language_of(court.world, account_id)
        desk = role in {MODERATOR, ADMIN}
        text = alarm_words.clock_message(
            language,
            category,
            case.waits_for,
            case.due_at_ms,
            f"{base}/moderation/cases/{case.public_id}"
            if desk
            else f"{base}/cases/{case.public_id}",
            f"{base}/moderation",
            overdue=overdue,
        )
        window = envelope.at_ms // _WINDOW_MS
        await delivery.tell(court, account_id, text, key=f"clock:{kind}:{account_id}:{window}")


async def _watchers(court: Court, case: Case) -> list[tuple[int, str]]:
    """Whom an alarm goes to, with their roles; of what may harm a child only who is named for it.

    Never the author of what the case is about.
    """
    clock, safety = court.policy.clocks, court.policy.child_safety
    roles = {row.account_id: row.role for row in await staff(court.world)}
    usernames = [clock.owner, clock.deputy]
    if SEALED in case.categories:
        usernames += [safety.person, safety.deputy]
    for username in usernames:
        named = await find_by_handle(court.world, username) if username else None
        if named is not None:
            roles.setdefault(named.id, named.role)
    roles.pop(case.author_id, None)
    if SEALED not in case.categories:
        return sorted(roles.items())
    found = []
    for account_id, role in sorted(roles.items()):
        account = await load_account(court.world, account_id)
        if account is not None and child_safety.is_named(court.policy, account):
            found.append((account_id, role))
    return found
