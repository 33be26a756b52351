"""A moderator's own action: at once, in any category, logged with a reason, undone by another.

It goes through the record like every other step, and says `by moderator` wherever it is shown.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from venire.cases import (
    appeals_ending,
    appeals_filing,
    clocks,
    closing,
    entries,
    intake,
    steps,
    store,
)
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.limits import LIFTS, LIMITS
from venire.cases.model import Case, Source, Step, Subject
from venire.events import CaseChanged
from venire.kernel.clock import utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from venire.posts import actions as posts
from venire.storage.tables.cases import ModeratorActionRow

ACTIONS = ("remove", "hold", "keep", *LIMITS, *LIFTS)
REASON_CHARACTERS = 2000
_TRIES = 20


class How(NamedTuple):
    """In which office somebody acts. `untold`: the author gets no statement (`bulk`, DSA 17(2)).

    `by` is moderator, or named_person where only that one may. `automated`: by the clock.
    """

    by: str = "moderator"
    untold: bool = False
    automated: bool = False


USUAL = How()


class _Order(NamedTuple):
    actor_id: int
    action: str
    reason: str
    category: str
    how: How = USUAL


async def act(
    court: Court,
    public_id: str,
    *,
    actor_id: int,
    action: str,
    reason: str,
    category: str = "",
    how: How = USUAL,
) -> None:
    """Remove, hold or keep the subject of a case; `category` is what a removal finds broken.

    An account may also be limited, and a limit be ended: `limits.LIMITS`, `limits.LIFTS`.
    Raises Invalid `nothing_to_hold`, Forbidden `own_case`, `named_person_only`, NotFound, Conflict
    `nothing_to_change`.
    """
    _check(action, reason)
    for _ in range(_TRIES):
        case = await store.case_by_public_id(court.world.storage, public_id)
        if case is None or case.asks:
            raise NotFound("case_not_found", "there is no such case")
        if case.state == "closed" and not closing.may_still(case, action):
            raise Conflict("case_closed", "this case is over")
        if case.pending is not None:
            # A step is on its way into the record: it lands first, then this one.
            await steps.settled(court, case.id)
            continue
        _refuse(case, actor_id, action)
        decides = action == "keep" or case.appeal is not None
        if SEALED in case.categories and decides and how.by != "named_person":
            # Whoever is at hand may hide it; only who has looked may show it again.
            raise Forbidden("named_person_only", "only the person named for such cases decides it")
        try:
            await _intend(court, case, _Order(actor_id, action, reason, category, how))
        except Conflict as conflict:
            if conflict.code != "version_moved":
                raise
            continue
        return
    raise Unavailable("case_busy", "the case is moving; try again in a moment")


def _check(action: str, reason: str) -> None:
    if action not in ACTIONS:
        raise Invalid("action_unknown", "remove, hold or keep", action=action[:40])
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")


def _refuse(case: Case, actor_id: int, action: str) -> None:
    """Refuse what nobody may do in their own case, and what is so already.

    A second removal of the same post would cost its author the points twice.
    """
    if case.author_id == actor_id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    if action == "hold" and case.subject_kind == "account":
        raise Invalid("nothing_to_hold", "an account has nothing that could be hidden for a time")
    limits = {limit for limit, _ in case.limits}
    if action in LIMITS or action in LIFTS:
        if case.subject_kind != "account":
            raise Invalid("not_an_account", "only an account can be limited")
        so = action in limits if action in LIMITS else LIFTS[action] not in limits
    elif case.state == "decided":
        so = case.verdict == "keeps" if action == "keep" else case.measure == "remove"
    else:
        so = action == "hold" and case.hold == "held"
    if so:
        raise Conflict("nothing_to_change", "it is so already; 'keep' undoes a removal")


async def _intend(court: Court, case: Case, order: _Order) -> None:
    actor_id, action, reason, _, how = order
    now_ms = court.world.now_ms()
    found = order.category if action == "remove" or action in LIMITS else ""
    step = Step(
        "moderator_action",
        entries.step_key(case, "moderator"),
        now_ms,
        measure=action,
        actor_id=actor_id,
        by=how.by,
        untold=how.untold,
        reason=reason,
        category=found,
        due_at_ms=clocks.given_ms("moderator", case.category, court.policy, now_ms),
    )
    row = ModeratorActionRow(
        month=utc_day(now_ms)[:7],
        id=court.world.ids.next(),
        actor_id=actor_id,
        case_id=case.id,
        action=action,
        reason=reason,
        at_ms=now_ms,
    )
    outcome = await appeals_filing.outcome_by(court, case, actor_id, action)
    if outcome:
        step = msgspec.structs.replace(step, outcome=outcome, code="by_moderator")
    named = msgspec.structs.replace(case, found=found or case.found)
    header = entries.moderator_header(named, court.policy, action)
    header["automated"] = how.automated
    appealed = await appeals_ending.headers_of(court, named, outcome, by_moderator=True)
    await steps.intend(
        court,
        case,
        step,
        [("moderator_action", header), *appealed],
        {"actor": str(actor_id), "reason": reason, "action": action},
        also=[store.put_moderator_action(row)],
        events=[CaseChanged(case.id)],
    )


async def act_on_post(
    court: Court,
    post_id: int,
    *,
    actor_id: int,
    action: str,
    reason: str,
    category: str,
    how: How = USUAL,
) -> str:
    """The same on a post, opening its case if there is none; return the case's public id."""
    _check(action, reason)
    if category not in {known.name for known in court.policy.categories}:
        raise Invalid("category_unknown", "not a category of this site's policy")
    post = await posts.load(court.world, post_id)
    if post is None or post.visibility not in {"public", "unlisted"}:
        # What was not said in public is read only when a recipient reports it.
        raise NotFound("record_not_found", "Record not found")
    if post.author_id == actor_id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    source = Source(
        kind="moderator",
        ref=str(court.world.ids.next()),
        category=category,
        at_ms=court.world.now_ms(),
        body={"reason": reason},
    )
    subject = Subject("post", post_id, post.author_id)
    case = await intake.note_source(court.world, court.policy, subject, source)
    await act(
        court,
        case.public_id,
        actor_id=actor_id,
        action=action,
        reason=reason,
        category=category,
        how=how,
    )
    return case.public_id
