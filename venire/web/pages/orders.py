"""Authorities: orders about posts, and, for admins alone, demands for data."""

from __future__ import annotations

from starlette.responses import Response

from venire.cases import data_demands, order_sight, orders
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.notices.addresses import parse_post_url
from venire.people.model import ADMIN
from venire.people.store import find_by_handle, load_accounts
from venire.web import office_words
from venire.web.months import asked_month, asked_span
from venire.web.visit import Visit

_ORDER_WAITS = frozenset({"registered", "approved", "lifting"})


def _moment(visit: Visit, name: str) -> int | None:
    text = visit.form.text(name, most=40).strip()
    try:
        return parse_iso_ms(text) if text else None
    except (ValueError, OverflowError) as error:
        raise Invalid("date_invalid", "Validation failed: a date is not valid") from error


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _number(visit: Visit, name: str) -> int:
    number = parse_id(visit.request.path_params[name])
    if number is None:
        raise NotFound("record_not_found", "Record not found")
    return number


async def index(visit: Visit) -> Response:
    """The orders of a month, those of the month before that wait, and the form for another."""
    month, span, actor_id = asked_month(visit), asked_span(visit), visit.moderator().id
    page = await orders.of_month(visit.court, month.name, actor_id=actor_id, span=span)
    rows = page.rows
    if month.now and span.below is None:
        earlier = await orders.of_month(visit.court, month.before, actor_id=actor_id)
        rows = rows + [row for row in earlier.rows if row.state in _ORDER_WAITS]
    return visit.page(
        "orders.html",
        month=month,
        older=page.older,
        rows=[orders.view(visit.court, row) for row in rows],
        demands=visit.moderator().role == ADMIN,
        names=office_words,
    )


def _post_named(visit: Visit, text: str) -> int | None:
    """The post that an id or an address names."""
    return parse_id(text) or parse_post_url(text, visit.world.site.own).post_id


async def register(visit: Visit) -> Response:
    """Take an order in."""
    words = _words(visit.form.text("posts"))
    ids = [_post_named(visit, text) for text in words]
    unknown = [text for text, named in zip(words, ids, strict=True) if named is None]
    if unknown:
        raise Invalid("order_posts_unknown", "there are no such posts", posts=unknown)
    draft = orders.Draft(
        authority=visit.form.text("authority"),
        country=visit.form.text("country", most=40),
        legal_ground=visit.form.text("legal_ground"),
        reference=visit.form.text("reference"),
        post_ids=tuple(dict.fromkeys(one for one in ids if one is not None)),
        territory=tuple(_words(visit.form.text("territory", most=200))),
        urgent=visit.form.flag("urgent"),
        silent_ground=visit.form.text("silent_ground"),
        silent_until_ms=_moment(visit, "silent_until") or 0,
    )
    row = await orders.register(visit.court, draft, actor_id=visit.moderator().id)
    return visit.redirect(f"/moderation/orders/{row.id}", done="received_order")


async def show(visit: Visit) -> Response:
    """One order, and what may be done with it."""
    account = visit.moderator()
    row = await orders.load(visit.court, _number(visit, "order_id"), actor_id=account.id)
    own = account.id in await order_sight.authors(visit.world, row)
    approves = orders.is_approver(visit.court.policy, account) and not own
    return visit.page(
        "order.html",
        o=orders.view(visit.court, row),
        decides=approves and account.id != row.registered_by,
        approves=approves,
        own=own,
        names=office_words,
    )


async def act(visit: Visit) -> Response:
    """Approve, refuse, dispute or lift."""
    order_id, actor_id = _number(visit, "order_id"), visit.moderator().id
    action, reason = visit.form.text("action", most=20), visit.form.text("reason")
    if action == "approve":
        await orders.approve(visit.court, order_id, actor_id=actor_id)
    elif action == "refuse":
        await orders.refuse(visit.court, order_id, actor_id=actor_id, reason=reason)
    elif action == "dispute":
        await orders.dispute(visit.court, order_id, actor_id=actor_id, reason=reason)
    elif action == "lift":
        await orders.lift(visit.court, order_id, actor_id=actor_id, reason=reason)
    else:
        raise Invalid("action_unknown", "remove, hold or keep", action=action)
    return visit.redirect(f"/moderation/orders/{order_id}", done="acted")


async def demands(visit: Visit) -> Response:
    """The demands for data of a month, and those of the month before that wait (admins)."""
    month, span, actor_id = asked_month(visit), asked_span(visit), visit.moderator().id
    page = await data_demands.of_month(visit.court, month.name, actor_id=actor_id, span=span)
    rows = page.rows
    if month.now and span.below is None:
        earlier = await data_demands.of_month(visit.court, month.before, actor_id=actor_id)
        waits = data_demands.DEMAND_STATES.state
        rows = rows + [row for row in earlier.rows if waits(row.state).exits]
    return visit.page(
        "demands.html",
        month=month,
        older=page.older,
        rows=[data_demands.view(visit.court, row) for row in rows],
        names=office_words,
    )


async def register_demand(visit: Visit) -> Response:
    """Take a demand in (admins)."""
    ids = []
    for name in _words(visit.form.text("accounts")):
        account = await find_by_handle(visit.world, name.lstrip("@"))
        if account is None:
            raise NotFound("record_not_found", "There is no such account")
        ids.append(int(account.id))
    draft = data_demands.Draft(
        authority=visit.form.text("authority"),
        country=visit.form.text("country", most=40),
        legal_ground=visit.form.text("legal_ground"),
        reference=visit.form.text("reference"),
        asked_for=visit.form.text("asked_for"),
        account_ids=tuple(dict.fromkeys(ids)),
        silent_ground=visit.form.text("silent_ground"),
        silent_until_ms=_moment(visit, "silent_until") or 0,
    )
    row = await data_demands.register(visit.court, draft, actor_id=visit.moderator().id)
    return visit.redirect(f"/moderation/demands/{row.id}", done="received_order")


async def show_demand(visit: Visit) -> Response:
    """One demand and its review (admins)."""
    demand_id, actor_id = _number(visit, "demand_id"), visit.moderator().id
    row = await data_demands.load(visit.court, demand_id, actor_id=actor_id)
    steps = await data_demands.log(visit.court, row.id)
    shown = data_demands.view(visit.court, row)
    ids = {int(one) for one in shown["accounts"]} | {step.actor_id for step in steps}
    people = await load_accounts(visit.world, ids)
    usernames = {str(one): account.username for one, account in people.items()}
    return visit.page(
        "demand.html",
        d=shown,
        steps=steps,
        usernames=usernames,
        exits=[
            state
            for state in data_demands.DEMAND_STATES.state(row.state).exits
            if state != "answered" or actor_id != row.registered_by
        ],
        registered_it=actor_id == row.registered_by,
        names=office_words,
    )


async def review(visit: Visit) -> Response:
    """Take a demand a step further (admins)."""
    demand_id = _number(visit, "demand_id")
    given = visit.form.text("handed_over").splitlines()
    step = data_demands.Review(
        state=visit.form.text("state", most=20),
        reason=visit.form.text("reason"),
        narrowed_to=visit.form.text("narrowed_to"),
        handed_over=tuple(line.strip() for line in given if line.strip()),
    )
    await data_demands.review(visit.court, demand_id, step, actor_id=visit.moderator().id)
    return visit.redirect(f"/moderation/demands/{demand_id}", done="reviewed")
