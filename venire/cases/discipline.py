"""A moderator's act on an account: a warning, or a limit that goes through its case.

A limit is a measure like any other: reason, entry in the record, statement to its holder, undone by
another moderator. A warning changes nothing and is only told.
"""

from __future__ import annotations

import asyncio

from venire.cases import delivery, intake, moderators, report_desk, rules, store
from venire.cases.court import Court
from venire.cases.limits import LIFTS, LIMITS
from venire.cases.model import Source, Subject
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.people import actions as people
from venire.people import standing
from venire.people.admin_log import log_line
from venire.people.model import ADMIN, DELETED, MEMBER, Account
from venire.people.store import load_account
from venire.posts import notifications
from venire.storage.world import World

WARNING = "none"
ACTS = (WARNING, *LIMITS, *LIFTS)
TEXT_CHARACTERS = 2_000
NO_TEXT = "No text was given."
_WAITS = 12
_WAIT_S = 0.005


async def may_act(world: World, actor_id: int, target_id: int) -> Account:
    """Whom an operator acts on. NotFound; Forbidden `own_account`, `outranked`."""
    actor = await load_account(world, actor_id)
    target = await load_account(world, target_id)
    if target is None or actor is None or target.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    if target.id == actor.id:
        raise Forbidden("own_account", "Another moderator has to act on your account")
    if target.role != MEMBER and actor.role != ADMIN:
        raise Forbidden("outranked", "Only an admin may act on an account with a role")
    return target


async def act_on_account(
    court: Court,
    account_id: int,
    *,
    actor_id: int,
    act: str,
    text: str,
    category: str = "",
    report_id: int | None = None,
) -> None:
    """Warn, limit or free an account; again is harmless. `report_id`: the report that it answers.

    Raises Invalid `action_unknown`, `text_too_long`, `category_unknown`; NotFound; Forbidden;
    Conflict `suspended_by_points`.
    """
    if act not in ACTS:
        raise Invalid("action_unknown", "Validation failed: Type is not included in the list")
    if len(text) > TEXT_CHARACTERS:
        raise Invalid("text_too_long", "A text has 2,000 characters at most")
    target = await may_act(court.world, actor_id, account_id)
    filed = None
    if report_id is not None:
        filed = await report_desk.load(court.world, report_id)
        if filed.report.target_account_id != account_id:
            raise Invalid("report_of_another", "This report is about another account")
    if not category:
        category = "other" if filed is None else _category(court, filed)
    if category not in {known.name for known in court.policy.categories}:
        raise Invalid("category_unknown", "not a category of this site's policy")
    reason = text.strip() or NO_TEXT
    if act == WARNING:
        await _warn(court, target, actor_id, text.strip())
    else:
        await _limit(court, target, actor_id, act, reason, category)
        await _in_force(court.world, account_id, act)
    if report_id is not None:
        await report_desk.mark_resolved(court, report_id, actor_id=actor_id)


async def _in_force(world: World, account_id: int, act: str) -> None:
    """Return once an act is obeyed, after 60 ms at most.

    It goes into the record before it takes effect; moderators' tools look at once whether it did.
    """
    for _ in range(_WAITS):
        account = await load_account(world, account_id)
        if account is None:
            return
        under = {
            "sensitive": account.sensitized,
            "silence": account.silenced,
            "disable": account.disabled,
            "suspend": (await standing.standing(world, account_id)).suspended,
        }
        if under[LIFTS.get(act, act)] == (act in LIMITS):
            return
        await asyncio.sleep(_WAIT_S)


def _category(court: Court, filed: report_desk.Filed) -> str:
    """What a report alleges, in our words: by the first rule that it names."""
    known = {each.rule: each.name for each in court.policy.categories}
    for rule in report_desk.rules_of(filed):
        if rule in known:
            return known[rule]
    return "spam" if (filed.desk.category or filed.report.category) == "spam" else "other"


async def _limit(  # noqa: PLR0917 - who does what to whom, and why
    court: Court, target: Account, actor_id: int, act: str, reason: str, category: str
) -> None:
    case = await store.case_of_subject(court.world.storage, "account", target.id)
    if act in LIFTS:
        limits = set() if case is None else await limits_of(court, target.id)
        if case is None or LIFTS[act] not in limits:
            await _refuse_points(court.world, target.id, act)
            return
    else:
        source = Source(
            kind="moderator",
            ref=str(court.world.ids.next()),
            category=category,
            at_ms=court.world.now_ms(),
            body={"reason": reason},
        )
        subject = Subject("account", target.id, target.id)
        case = await intake.note_source(court.world, court.policy, subject, source)
    try:
        await moderators.act(
            court,
            case.public_id,
            actor_id=actor_id,
            action=act,
            reason=reason,
            category=category,
        )
    except Conflict as conflict:
        if conflict.code != "nothing_to_change":
            raise


async def _refuse_points(world: World, account_id: int, act: str) -> None:
    """Points are given by verdicts: only what undoes those ends a suspension that they cause."""
    if act == "unsuspend" and (await standing.standing(world, account_id)).suspended:
        raise Conflict(
            "suspended_by_points",
            "Verdicts suspend this account: undo those that gave it its points",
        )


async def _warn(court: Court, target: Account, actor_id: int, text: str) -> None:
    """Tell somebody something: a message, and Mastodon's `moderation_warning`."""
    world = court.world
    warning_id = world.ids.next()
    line = log_line(
        world,
        actor_id=actor_id,
        action="warn",
        target=str(target.id),
        reason=text,
        aggregate=f"warning:{warning_id}",
    )
    await world.storage.commit(f"warning:{warning_id}", [line])
    language = await people.language_of(world, target.id)
    told = delivery.warning_text(language, text)
    await delivery.tell(court, target.id, told, key=f"warning:{warning_id}")
    await notifications.notify(
        world,
        warning_id,
        target.id,
        "moderation_warning",
        court.site_account_id,
        None,
        {
            "id": str(warning_id),
            "action": "none",
            "text": text,
            "status_ids": None,
            "appeal": None,
            "created_at_ms": world.now_ms(),
        },
    )


async def limits_of(court: Court, account_id: int) -> set[str]:
    """The limits of an account, those on their way into the record included."""
    case = await store.case_of_subject(court.world.storage, "account", account_id)
    if case is None:
        return set()
    if case.pending is not None:
        case = rules.apply(case, case.pending)
    return {limit for limit, _ in case.limits}


async def suspended_otherwise(court: Court, account_id: int) -> bool:
    """Whether an account is suspended by more than a moderator's limit: by points, or for good."""
    case = await store.case_of_subject(court.world.storage, "account", account_id)
    case_id = None if case is None else case.id
    stands = await standing.standing(court.world, account_id, without_case=case_id)
    return stands.suspended or stands.terminated
