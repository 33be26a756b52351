"""Undoing a removal that was one of many, or a claimant's: put back, judged after all, or left.

What was removed is put back by a moderator's `keep`. But where the post was being judged for
something else, nobody has found that harmless: then its case is opened again, hidden as held, and
its own judges decide. What nobody here may decide is left as it is, and the reason returned, so
that one post never stops those after it.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from venire.cases import clocks, entries, moderators, steps, store, unheard
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case, Step
from venire.events import CaseChanged
from venire.kernel.clock import utc_day
from venire.kernel.errors import Conflict, Forbidden, NotFound, Unavailable
from venire.storage.tables.cases import ModeratorActionRow

JUDGED = "judged_after_all"
_COPYRIGHT = "copyright"
_TRIES = 20


class Undo(NamedTuple):
    """Who undoes a removal, what that had found, and why."""

    actor_id: int
    category: str
    reason: str
    how: moderators.How = moderators.USUAL


async def put_back(court: Court, case_id: int, undo: Undo) -> str:
    """Put a removed post back; empty when it is, or was before, else why it is not.

    Raises Unavailable where its case keeps moving: then it is to be tried again.
    """
    for _ in range(_TRIES):
        case = await store.load(court.world.storage, case_id)
        if case is None:
            return ""
        if case.pending is not None:
            await steps.settled(court, case.id)
            continue
        if case.measure != "remove":
            return JUDGED if case.state == "judging" and case.hold == "held" else ""
        why, opens = await _what(court, case, undo)
        if why:
            return why
        try:
            await (_judge_after_all if opens else _keep)(court, case, undo)
        except Conflict as conflict:
            if conflict.code != "version_moved":
                return "" if conflict.code == "nothing_to_change" else conflict.code
            continue
        except (Forbidden, NotFound) as refused:
            return refused.code
        return JUDGED if opens else ""
    raise Unavailable("case_busy", "the case is moving; try again in a moment")


async def _what(court: Court, case: Case, undo: Undo) -> tuple[str, bool]:
    """Why a post stays removed, if it does; whether its case is opened again, if it does not."""
    why = _not_theirs(case, undo)
    if why:
        return why, False
    if not await _is_unheard(court, case, undo):
        return "", await _origin_waits(court, case, undo)
    if set(case.categories) - {undo.category} == {_COPYRIGHT}:
        # No jury hears a claim of copyright: its notice stands until it is answered.
        return _COPYRIGHT, False
    if case.appeal is not None:
        return "appealed", False
    # A case that is over is never judged again: a moderator looks at it by name.
    return ("case_closed", False) if case.state == "closed" else ("", True)


def _not_theirs(case: Case, undo: Undo) -> str:
    """Why this removal is not theirs to undo, or not the one that stands; empty if it is."""
    if SEALED in case.categories:
        return "sealed"
    if case.author_id == undo.actor_id:
        return "own_case"
    return "" if case.found in {"", undo.category} else "removed_otherwise"


async def _is_unheard(court: Court, case: Case, undo: Undo) -> bool:
    said = await store.sources(court.world.storage, case.id)
    return unheard.is_unheard(case, undo.category, said)


async def _origin_waits(court: Court, case: Case, undo: Undo) -> bool:
    """Whether a post says what another says, which waits for its judges still or again."""
    if not case.inherits or case.state != "decided" or case.appeal is not None:
        return False
    origin = await store.case_by_public_id(court.world.storage, case.inherits)
    if origin is None:
        return False
    if SEALED in origin.categories or (origin.state == "judging" and origin.hold == "held"):
        return True
    return origin.measure == "remove" and await _is_unheard(court, origin, undo)


async def _keep(court: Court, case: Case, undo: Undo) -> None:
    await moderators.act(
        court,
        case.public_id,
        actor_id=undo.actor_id,
        action="keep",
        reason=undo.reason,
        how=undo.how,
    )


async def _judge_after_all(court: Court, case: Case, undo: Undo) -> None:
    """Open a case again as it was before the removal, but for what that had alleged."""
    now_ms = court.world.now_ms()
    left = tuple(name for name in case.categories if name != undo.category) or case.categories
    alleged = msgspec.structs.replace(case, found="", categories=left)
    step = Step(
        "look_again",
        entries.step_key(case, "look_again"),
        now_ms,
        actor_id=undo.actor_id,
        by=case.held_by or "moderator",
        category=undo.category,
        reason=undo.reason,
        due_at_ms=clocks.given_ms("moderator", alleged.category, court.policy, now_ms),
    )
    row = ModeratorActionRow(
        month=utc_day(now_ms)[:7],
        id=court.world.ids.next(),
        actor_id=undo.actor_id,
        case_id=case.id,
        action="hold",
        reason=undo.reason,
        at_ms=now_ms,
    )
    header = entries.moderator_header(alleged, court.policy, "hold")
    header["automated"] = undo.how.automated
    await steps.intend(
        court,
        case,
        step,
        [("moderator_action", header)],
        {"actor": str(undo.actor_id), "reason": undo.reason, "action": "hold"},
        also=[store.put_moderator_action(row)],
        events=[CaseChanged(case.id)],
    )
