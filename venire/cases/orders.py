"""Orders of authorities: registered, approved by a second person, carried out where they reach.

Never before a panel: whether a law forbids a post in some country is no question for jurors. A post
is withheld from viewers who are known to be in the territory, and stands everywhere else. Each
line of the record is there before its effect; what was approved is gone on with after any crash.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.cases import month_lists, order_effects, order_sight, territories
from venire.cases.court import Court
from venire.cases.policy import Policy
from venire.kernel.clock import DAY_MS, HOUR_MS, iso_ms, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.states import State, StateMachine
from venire.people.admin_log import log_line
from venire.people.model import ADMIN, Account
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts.model import DELETED
from venire.storage.tables.orders import (
    ORDERS,
    ORDERS_BY_MONTH,
    OrderListRow,
    OrderRow,
)
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

ORDER_STATES: Final = StateMachine(
    name="order",
    start="registered",
    states=(
        State("registered", ("approved", "refused"), "due_at_ms", "an approver, who is told of it"),
        State("approved", ("carried_out",), "due_at_ms", "its timer, post by post"),
        State("carried_out", ("lifting",), "as the order says", "whoever ends it"),
        State("lifting", ("lifted",), "its timer", "its timer, post by post"),
        State("lifted", (), None, "nothing: it is over"),
        State("refused", (), None, "nothing: it was refused, with reasons"),
    ),
)
TIMER = "order"
TOLD = "order_told"
POSTS_MOST = 100
TEXT_CHARACTERS = 2_000
NAME_CHARACTERS = 200
_SILENT_MOST_MS = 2 * 366 * DAY_MS
_AT_ONCE = 5
_NEXT_MS = 50


class Draft(msgspec.Struct, frozen=True):
    """An order as it came in. `silent_until_ms` with its ground: until when nobody may be told."""

    authority: str
    country: str
    legal_ground: str
    reference: str
    post_ids: tuple[int, ...]
    territory: tuple[str, ...] = ()
    urgent: bool = False
    received_at_ms: int | None = None
    silent_ground: str = ""
    silent_until_ms: int = 0


def is_approver(policy: Policy, account: Account) -> bool:
    """Whether an account may approve orders; with nobody named, an admin may."""
    names = {name.lower() for name in policy.orders.approvers}
    return account.username.lower() in names if names else account.role == ADMIN


async def register(court: Court, draft: Draft, *, actor_id: int) -> OrderRow:
    """Take an order in. Nothing follows before somebody else has approved it.

    Raises Invalid `order_incomplete`, `country_unknown`, `territory_too_wide`, `silence_invalid`,
    `order_posts_unknown`; Forbidden `own_case`.
    """
    world = court.world
    now_ms = world.now_ms()
    country, territory = _checked(draft, now_ms)
    found = await posts.load_many(world, draft.post_ids)
    there = {int(post.id): post for post in found if post.state != DELETED}
    unknown = [str(one) for one in draft.post_ids if one not in there]
    if unknown:
        raise Invalid("order_posts_unknown", "there are no such posts", posts=unknown)
    if any(post.author_id == actor_id for post in there.values()):
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    received_ms = draft.received_at_ms if draft.received_at_ms is not None else now_ms
    row = OrderRow(
        id=world.ids.next(),
        version=1,
        state=ORDER_STATES.start,
        authority=draft.authority.strip(),
        country=country,
        legal_ground=draft.legal_ground.strip(),
        reference=draft.reference.strip(),
        urgent=draft.urgent,
        territory=msgspec.json.encode(territory),
        post_ids=msgspec.json.encode(sorted(there)),
        silent_ground=draft.silent_ground.strip(),
        silent_until_ms=draft.silent_until_ms,
        received_at_ms=received_ms,
        due_at_ms=territories.due_ms(
            court.policy.orders, country, received_ms, urgent=draft.urgent
        ),
        registered_by=actor_id,
        decided_by=None,
        decided_at_ms=None,
        carried_out_at_ms=None,
        reason="",
        disputed="",
        place=0,
        told=False,
    )
    writes: list[Write] = [
        Put(ORDERS, row),
        Put(ORDERS_BY_MONTH, OrderListRow(utc_day(now_ms)[:7], row.id)),
        timer(f"order:{row.id}", TIMER, str(row.id), now_ms),
        # Still not decided when a quarter of its time is left: the approvers hear of it again.
        timer(f"order:{row.id}", TIMER, str(row.id), order_effects.late_ms(row)),
        _line(world, row, actor_id, "order_register", row.reference),
    ]
    await world.storage.commit(f"order:{row.id}", writes, expect=0)
    return row


def _checked(draft: Draft, now_ms: int) -> tuple[str, tuple[str, ...]]:
    texts = {
        "authority": draft.authority,
        "legal_ground": draft.legal_ground,
        "reference": draft.reference,
    }
    missing = [name for name, text in texts.items() if not text.strip()]
    if not draft.post_ids:
        missing.append("posts")
    if missing:
        raise Invalid(
            "order_incomplete", "an order says who, on which ground, what", missing=missing
        )
    sizes = [
        (draft.authority, NAME_CHARACTERS),
        (draft.reference, NAME_CHARACTERS),
        (draft.legal_ground, TEXT_CHARACTERS),
        (draft.silent_ground, TEXT_CHARACTERS),
    ]
    if any(len(text) > most for text, most in sizes) or len(draft.post_ids) > POSTS_MOST:
        raise Invalid("order_too_long", "an order names 100 posts at most, in short texts")
    if draft.received_at_ms is not None and not 0 < draft.received_at_ms <= now_ms + HOUR_MS:
        raise Invalid("date_invalid", "it was received in the past")
    check_silence(draft.silent_ground, draft.silent_until_ms, now_ms)
    country = territories.authority_country(draft.country)
    return country, territories.territory_of(country, draft.territory)


def check_silence(ground: str, until_ms: int, now_ms: int) -> None:
    """Refuse to keep silent without a ground or an end. Invalid `silence_invalid`."""
    if bool(ground.strip()) != bool(until_ms) or not 0 <= until_ms <= now_ms + _SILENT_MOST_MS:
        raise Invalid(
            "silence_invalid",
            "who is concerned is told, unless a ground is named and a day when it ends",
        )


def _line(world: World, row: OrderRow, actor_id: int, action: str, reason: str) -> Write:
    return log_line(
        world,
        actor_id=actor_id,
        action=action,
        target=str(row.id),
        # The log is read by every moderator; what is silent stands with the order alone.
        reason="" if order_sight.is_silent(world, row) else reason,
        aggregate=f"order:{row.id}",
    )


async def _reads(court: Court, row: OrderRow, account: Account | None) -> bool:
    approves = account is not None and is_approver(court.policy, account)
    return account is not None and not await order_sight.is_kept_from(
        court.world, row, account, approves=approves
    )


async def load(court: Court, order_id: int, *, actor_id: int) -> OrderRow:
    """An order, for who may know of it. NotFound `record_not_found`."""
    row = await court.world.storage.get(ORDERS, (order_id,))
    if row is None or not await _reads(court, row, await load_account(court.world, actor_id)):
        raise NotFound("record_not_found", "Record not found")
    return row


async def _load_not_own(court: Court, order_id: int, actor_id: int) -> OrderRow:
    row = await load(court, order_id, actor_id=actor_id)
    if actor_id in await order_sight.authors(court.world, row):
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    return row


async def of_month(
    court: Court, month: str, *, actor_id: int, span: month_lists.Span = month_lists.NEWEST
) -> month_lists.MonthPage[OrderRow]:
    """The orders of a month (`YYYY-MM`) that somebody may know of, newest first."""
    account = await load_account(court.world, actor_id)
    page = await month_lists.read(court.world, ORDERS_BY_MONTH, ORDERS, month, span)
    rows = [row for row in page.rows if await _reads(court, row, account)]
    return msgspec.structs.replace(page, rows=rows)


async def _approver(court: Court, actor_id: int, row: OrderRow | None) -> None:
    account = await load_account(court.world, actor_id)
    if account is None or not is_approver(court.policy, account):
        raise Forbidden("approver_only", "only the person named for orders decides this")
    if row is not None and actor_id == row.registered_by:
        raise Forbidden("second_person_needed", "who registered an order does not approve it")


async def _move(
    world: World, row: OrderRow, actor_id: int, action: str, why: str, **changes: Any
) -> OrderRow:
    state = changes.get("state", row.state)
    if state != row.state:
        ORDER_STATES.check(row.state, state)
    new = msgspec.structs.replace(row, version=row.version + 1, **changes)
    writes: list[Write] = [
        Put(ORDERS, new),
        timer(f"order:{row.id}", TIMER, str(row.id), world.now_ms()),
        _line(world, row, actor_id, action, why),
    ]
    await world.storage.commit(f"order:{row.id}", writes, expect=row.version)
    return new


async def approve(court: Court, order_id: int, *, actor_id: int) -> OrderRow:
    """Have an order carried out.

    Raises Forbidden `own_case`, `approver_only`, `second_person_needed`; NotFound; Conflict.
    """
    row = await _load_not_own(court, order_id, actor_id)
    await _approver(court, actor_id, row)
    now_ms = court.world.now_ms()
    changes = {"state": "approved", "decided_by": actor_id, "decided_at_ms": now_ms}
    return await _move(court.world, row, actor_id, "order_approve", "", **changes)


async def refuse(court: Court, order_id: int, *, actor_id: int, reason: str) -> OrderRow:
    """Refuse an order, with reasons, which the record counts. As `approve`."""
    _check_reason(reason)
    row = await _load_not_own(court, order_id, actor_id)
    await _approver(court, actor_id, row)
    now_ms = court.world.now_ms()
    changes = {
        "state": "refused",
        "decided_by": actor_id,
        "decided_at_ms": now_ms,
        "reason": reason,
    }
    return await _move(court.world, row, actor_id, "order_refuse", reason, **changes)


async def dispute(court: Court, order_id: int, *, actor_id: int, reason: str) -> OrderRow:
    """Note that an order is obeyed under protest, and why: also before a court. Conflict."""
    _check_reason(reason)
    row = await _load_not_own(court, order_id, actor_id)
    if row.state in {"refused", "lifted"}:
        raise Conflict("order_is_over", "this order binds nobody any more")
    if row.disputed:
        raise Conflict("nothing_to_change", "it is disputed already")
    return await _move(court.world, row, actor_id, "order_dispute", reason, disputed=reason)


async def lift(court: Court, order_id: int, *, actor_id: int, reason: str) -> OrderRow:
    """Show again what an order withheld: it was withdrawn, lapsed, or a court annulled it."""
    _check_reason(reason)
    row = await _load_not_own(court, order_id, actor_id)
    await _approver(court, actor_id, None)
    changes = {"state": "lifting", "place": 0, "reason": reason}
    return await _move(court.world, row, actor_id, "order_lift", reason, **changes)


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > TEXT_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")


# what follows, a few posts at a time


async def go_on(court: Court, key: str) -> None:
    """Do the next few things of an order: say it to the record, do it, tell."""
    row = await court.world.storage.get(ORDERS, (int(key),))
    if row is None:
        return
    if row.disputed:
        await order_effects.note(court, row, "disputed")
    if row.state == "registered":
        await order_effects.tell_approvers(court, row)
    elif row.state == "refused":
        await order_effects.note(court, row, "refused")
    elif row.state in {"approved", "lifting"}:
        await _some_posts(court, row)


async def _some_posts(court: Court, row: OrderRow) -> None:
    ids = msgspec.json.decode(row.post_ids, type=list[int])
    lifting = row.state == "lifting"
    part = ids[row.place : row.place + _AT_ONCE]
    for post_id in part:
        await order_effects.carry_out(court, row, post_id, lifting=lifting)
    now_ms = court.world.now_ms()
    place = row.place + len(part)
    new = msgspec.structs.replace(row, version=row.version + 1, place=place)
    writes: list[Write] = []
    if place >= len(ids):
        done = {"state": "lifted" if lifting else "carried_out"}
        ORDER_STATES.check(row.state, done["state"])
        at_ms = row.carried_out_at_ms if lifting else now_ms
        new = msgspec.structs.replace(new, carried_out_at_ms=at_ms, **done)
        # Told now, or once that is allowed.
        due_ms = max(now_ms, row.silent_until_ms)
        writes.append(timer(f"order:{row.id}", TOLD, f"{row.id}:{new.state}", due_ms))
    else:
        writes.append(timer(f"order:{row.id}", TIMER, str(row.id), now_ms + _NEXT_MS))
    await court.world.storage.commit(
        f"order:{row.id}", [Put(ORDERS, new), *writes], expect=row.version
    )


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timers of this part do."""

    async def order(key: str) -> None:
        await go_on(court, key)

    async def told(key: str) -> None:
        order_id, _, state = key.partition(":")
        row = await court.world.storage.get(ORDERS, (int(order_id),))
        if row is not None:
            await order_effects.tell_authors(court, row, state)

    return {TIMER: order, TOLD: told}


def view(court: Court, row: OrderRow) -> dict[str, Any]:
    """An order as the desk reads it."""
    open_still = row.state in {"registered", "approved"}
    return {
        "id": str(row.id),
        "state": row.state,
        "authority": row.authority,
        "country": row.country,
        "territory": msgspec.json.decode(row.territory),
        "legal_ground": row.legal_ground,
        "reference": row.reference,
        "urgent": row.urgent,
        "posts": [str(one) for one in msgspec.json.decode(row.post_ids, type=list[int])],
        "received_at": iso_ms(row.received_at_ms),
        "due_at": iso_ms(row.due_at_ms),
        "overdue": open_still and row.due_at_ms < court.world.now_ms(),
        "registered_by": str(row.registered_by),
        "decided_by": None if row.decided_by is None else str(row.decided_by),
        "decided_at": None if row.decided_at_ms is None else iso_ms(row.decided_at_ms),
        "carried_out_at": None if row.carried_out_at_ms is None else iso_ms(row.carried_out_at_ms),
        "reason": row.reason,
        "disputed": row.disputed,
        "silent_ground": row.silent_ground,
        "silent_until": iso_ms(row.silent_until_ms) if row.silent_until_ms else None,
    }
