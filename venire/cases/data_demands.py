"""Demands for data about members: a queue of its own, for admins, with a legal review.

Nothing is handed over by this program: it keeps who asked, on which ground, who reviewed it, how
it was narrowed, what was given as a list, and tells whom it is about as soon as that is allowed.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.cases import delivery, late_desks, month_lists, order_messages, territories
from venire.cases.court import Court
from venire.cases.orders import NAME_CHARACTERS, TEXT_CHARACTERS, check_silence
from venire.kernel.clock import DAY_MS, HOUR_MS, iso_ms, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.states import State, StateMachine
from venire.people import actions as people
from venire.people.model import ADMIN
from venire.people.store import load_account
from venire.storage.tables.orders import (
    DEMAND_LOG,
    DEMANDS,
    DEMANDS_BY_MONTH,
    DemandListRow,
    DemandLogRow,
    DemandRow,
)
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

_BEFORE_THE_END: Final = "whoever reviews it"
DEMAND_STATES: Final = StateMachine(
    name="demand",
    start="received",
    states=(
        State("received", ("under_review", "refused"), "due_at_ms", _BEFORE_THE_END),
        State("under_review", ("narrowed", "refused", "answered"), "due_at_ms", _BEFORE_THE_END),
        State("narrowed", ("refused", "answered"), "due_at_ms", _BEFORE_THE_END),
        State("refused", (), None, "nothing: it was refused, with reasons"),
        State("answered", (), None, "nothing: what was handed over stands in it"),
    ),
)
TIMER = "demand_told"
LATE = "demand_late"
ACCOUNTS_MOST = 50
ITEMS_MOST = 50
_DUE_MS = 10 * DAY_MS
_LOGGED = 200


class Draft(msgspec.Struct, frozen=True):
    """A demand as it came in. `silent_until_ms`, with its ground: until when nobody is told."""

    authority: str
    country: str
    legal_ground: str
    reference: str
    asked_for: str
    account_ids: tuple[int, ...]
    received_at_ms: int | None = None
    due_at_ms: int | None = None
    silent_ground: str = ""
    silent_until_ms: int = 0


class Review(msgspec.Struct, frozen=True):
    """A step of the review: the next state, why, to what it is narrowed, what is handed over."""

    state: str
    reason: str
    narrowed_to: str = ""
    handed_over: tuple[str, ...] = ()


async def _admin(court: Court, actor_id: int) -> None:
    account = await load_account(court.world, actor_id)
    if account is None or account.role != ADMIN:
        raise Forbidden("admin_only", "demands for data are for admins alone")


async def register(court: Court, draft: Draft, *, actor_id: int) -> DemandRow:
    """Take a demand in.

    Raises Invalid `demand_incomplete`, `country_unknown`, `silence_invalid`; NotFound; Forbidden
    `admin_only`, `own_case`.
    """
    await _admin(court, actor_id)
    world = court.world
    now_ms = world.now_ms()
    _check(draft, now_ms)
    if actor_id in draft.account_ids:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    for account_id in draft.account_ids:
        if await load_account(world, account_id) is None:
            raise NotFound("record_not_found", "there is no such account")
    received_ms = draft.received_at_ms if draft.received_at_ms is not None else now_ms
    row = DemandRow(
        id=world.ids.next(),
        version=1,
        state=DEMAND_STATES.start,
        authority=draft.authority.strip(),
        country=territories.authority_country(draft.country),
        legal_ground=draft.legal_ground.strip(),
        reference=draft.reference.strip(),
        asked_for=draft.asked_for.strip(),
        account_ids=msgspec.json.encode(draft.account_ids),
        narrowed_to="",
        handed_over=b"[]",
        silent_ground=draft.silent_ground.strip(),
        silent_until_ms=draft.silent_until_ms,
        told_at_ms=None,
        received_at_ms=received_ms,
        due_at_ms=draft.due_at_ms or received_ms + _DUE_MS,
        registered_by=actor_id,
        decided_by=None,
        decided_at_ms=None,
        reason="",
    )
    listed = Put(DEMANDS_BY_MONTH, DemandListRow(utc_day(now_ms)[:7], row.id))
    line = _line(world, row.id, actor_id, row.state, "")
    late_ms = max(now_ms, late_desks.late_ms(row))
    late = timer(f"demand:{row.id}", LATE, str(row.id), late_ms)
    writes: list[Write] = [Put(DEMANDS, row), listed, line, late]
    await world.storage.commit(f"demand:{row.id}", writes, expect=0)
    return row


def _check(draft: Draft, now_ms: int) -> None:
    texts = {
        "authority": (draft.authority, NAME_CHARACTERS),
        "legal_ground": (draft.legal_ground, TEXT_CHARACTERS),
        "reference": (draft.reference, NAME_CHARACTERS),
        "asked_for": (draft.asked_for, TEXT_CHARACTERS),
    }
    missing = [name for name, (text, _) in texts.items() if not text.strip()]
    missing += [] if draft.account_ids else ["accounts"]
    if missing:
        raise Invalid("demand_incomplete", "a demand says who asks what, and why", missing=missing)
    if any(len(text) > most for text, most in texts.values()) or (
        len(draft.account_ids) > ACCOUNTS_MOST or len(draft.silent_ground) > TEXT_CHARACTERS
    ):
        raise Invalid("demand_too_long", "a demand is about 50 accounts at most, in short texts")
    if draft.received_at_ms is not None and not 0 < draft.received_at_ms <= now_ms + HOUR_MS:
        raise Invalid("date_invalid", "it was received in the past")
    check_silence(draft.silent_ground, draft.silent_until_ms, now_ms)


def _line(world: World, demand_id: int, actor_id: int, state: str, note: str) -> Write:
    row = DemandLogRow(demand_id, world.ids.next(), actor_id, state, note, world.now_ms())
    return Put(DEMAND_LOG, row)


async def load(court: Court, demand_id: int, *, actor_id: int) -> DemandRow:
    """A demand, for an admin whom it is not about. Forbidden `admin_only`; NotFound."""
    await _admin(court, actor_id)
    row = await court.world.storage.get(DEMANDS, (demand_id,))
    if row is None or _is_about(row, actor_id):
        # The same for whom it is about: that there is one may be what they must not know.
        raise NotFound("record_not_found", "Record not found")
    return row


def _is_about(row: DemandRow, account_id: int) -> bool:
    return account_id in msgspec.json.decode(row.account_ids, type=list[int])


async def of_month(
    court: Court, month: str, *, actor_id: int, span: month_lists.Span = month_lists.NEWEST
) -> month_lists.MonthPage[DemandRow]:
    """The demands of a month (`YYYY-MM`), newest first; none about who asks. Forbidden."""
    await _admin(court, actor_id)
    page = await month_lists.read(court.world, DEMANDS_BY_MONTH, DEMANDS, month, span)
    rows = [row for row in page.rows if not _is_about(row, actor_id)]
    return msgspec.structs.replace(page, rows=rows)


async def log(court: Court, demand_id: int) -> list[DemandLogRow]:
    """The steps of a demand's review, oldest first."""
    return await court.world.storage.range(DEMAND_LOG, (demand_id,), limit=_LOGGED)


async def review(court: Court, demand_id: int, step: Review, *, actor_id: int) -> DemandRow:
    """Take a demand a step further. Who registered it does not answer it.

    Raises Forbidden `admin_only`, `second_person_needed`; Invalid `state_unknown`,
    `reason_missing`, `narrowed_missing`, `handed_over_missing`; Conflict.
    """
    row = await load(court, demand_id, actor_id=actor_id)
    _check_step(step)
    DEMAND_STATES.check(row.state, step.state)
    if step.state == "answered" and actor_id == row.registered_by:
        raise Forbidden("second_person_needed", "who registered a demand does not answer it")
    world = court.world
    now_ms = world.now_ms()
    ended = DEMAND_STATES.is_terminal(step.state)
    new = msgspec.structs.replace(
        row,
        version=row.version + 1,
        state=step.state,
        reason=step.reason.strip(),
        narrowed_to=step.narrowed_to.strip() or row.narrowed_to,
        handed_over=msgspec.json.encode(step.handed_over) if ended else row.handed_over,
        decided_by=actor_id,
        decided_at_ms=now_ms,
    )
    writes: list[Write] = [
        Put(DEMANDS, new),
        _line(world, row.id, actor_id, step.state, step.reason.strip()),
        # Whom it is about is told before anything is handed over, and again what was.
        timer(
            f"demand:{row.id}", TIMER, f"{row.id}:{step.state}", max(now_ms, row.silent_until_ms)
        ),
    ]
    await world.storage.commit(f"demand:{row.id}", writes, expect=row.version)
    return new


def _check_step(step: Review) -> None:
    if step.state not in DEMAND_STATES.names:
        raise Invalid("state_unknown", f"a state is one of {', '.join(DEMAND_STATES.names)}")
    if not step.reason.strip() or len(step.reason) > TEXT_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    narrowed = step.narrowed_to.strip()
    if (step.state == "narrowed" and not narrowed) or len(narrowed) > TEXT_CHARACTERS:
        raise Invalid("narrowed_missing", "say to what it was narrowed")
    given = [one.strip() for one in step.handed_over]
    fits = (
        all(given)
        and len(given) <= ITEMS_MOST
        and max(map(len, given), default=0) <= NAME_CHARACTERS
    )
    if not fits or (step.state == "answered") != bool(given):
        raise Invalid("handed_over_missing", "an answer lists what was handed over, line by line")


async def _tell(court: Court, key: str) -> None:
    """Tell whom a demand is about, as it stands now; once for each state."""
    demand_id, _, state = key.partition(":")
    row = await court.world.storage.get(DEMANDS, (int(demand_id),))
    if row is None or row.state != state or state == "narrowed":
        # Narrowed meanwhile, or answered: the later telling says it all.
        return
    for account_id in msgspec.json.decode(row.account_ids, type=list[int]):
        language = await people.language_of(court.world, account_id)
        text = order_messages.demanded(language, row)
        await delivery.tell(court, account_id, text, key=f"demand:{row.id}:{state}:{account_id}")
    told = msgspec.structs.replace(row, version=row.version + 1, told_at_ms=court.world.now_ms())
    try:
        await court.world.storage.commit(
            f"demand:{row.id}", [Put(DEMANDS, told)], expect=row.version
        )
    except Conflict:
        return


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timers of this part do."""

    async def told(key: str) -> None:
        await _tell(court, key)

    async def late(key: str) -> None:
        row = await court.world.storage.get(DEMANDS, (int(key),))
        if row is not None and not DEMAND_STATES.is_terminal(row.state):
            about = msgspec.json.decode(row.account_ids, type=list[int])
            await late_desks.tell_of_demand(court, row, about)

    return {TIMER: told, LATE: late}


def view(court: Court, row: DemandRow) -> dict[str, Any]:
    """A demand as admins read it."""
    ended = DEMAND_STATES.is_terminal(row.state)
    return {
        "id": str(row.id),
        "state": row.state,
        "authority": row.authority,
        "country": row.country,
        "legal_ground": row.legal_ground,
        "reference": row.reference,
        "asked_for": row.asked_for,
        "accounts": [str(one) for one in msgspec.json.decode(row.account_ids, type=list[int])],
        "narrowed_to": row.narrowed_to,
        "handed_over": msgspec.json.decode(row.handed_over),
        "reason": row.reason,
        "received_at": iso_ms(row.received_at_ms),
        "due_at": iso_ms(row.due_at_ms),
        "overdue": not ended and row.due_at_ms < court.world.now_ms(),
        "silent_ground": row.silent_ground,
        "silent_until": iso_ms(row.silent_until_ms) if row.silent_until_ms else None,
        "told_at": None if row.told_at_ms is None else iso_ms(row.told_at_ms),
        "registered_by": str(row.registered_by),
        "decided_by": None if row.decided_by is None else str(row.decided_by),
        "decided_at": None if row.decided_at_ms is None else iso_ms(row.decided_at_ms),
    }
