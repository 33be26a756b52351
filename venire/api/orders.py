"""Orders of authorities, and the queue of their demands for data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from venire.api.form import Form
from venire.api.paging import page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import data_demands, month_lists, orders, views
from venire.cases.court import Court
from venire.kernel.clock import iso_ms, parse_iso_ms
from venire.kernel.errors import Invalid
from venire.kernel.ids import parse_id
from venire.notices.addresses import parse_post_url
from venire.storage.tables.orders import DemandRow


def _moment(form: Form, name: str) -> int | None:
    text = form.text(name, limit=40)
    try:
        return parse_iso_ms(text) if text else None
    except (ValueError, OverflowError) as error:
        raise Invalid("date_invalid", "Validation failed: a date is not valid") from error


def _posts(court: Court, named: Sequence[str]) -> tuple[int, ...]:
    """Ids of the posts that an order names by id or by address. Invalid `order_posts_unknown`."""
    found: dict[int, None] = {}
    unknown = []
    for text in named:
        post_id = parse_id(text.strip())
        if post_id is None:
            post_id = parse_post_url(text, court.world.site.own).post_id
        if post_id is None:
            unknown.append(text[:200])
        else:
            found[post_id] = None
    if unknown:
        raise Invalid("order_posts_unknown", "there are no such posts", posts=unknown[:20])
    return tuple(found)


async def register(court: Court, request: ApiRequest) -> Response:
    """Take an order in; somebody else approves it."""
    form = await request.form()
    draft = orders.Draft(
        authority=form.text("authority", limit=10_000) or "",
        country=form.text("country", limit=40) or "",
        legal_ground=form.text("legal_ground", limit=10_000) or "",
        reference=form.text("reference", limit=10_000) or "",
        post_ids=_posts(court, form.texts("posts", limit=2_048)),
        territory=tuple(form.texts("territory", limit=40)),
        urgent=bool(form.flag("urgent")),
        received_at_ms=_moment(form, "received_at"),
        silent_ground=form.text("silent_ground", limit=10_000) or "",
        silent_until_ms=_moment(form, "silent_until") or 0,
    )
    row = await orders.register(court, draft, actor_id=request.account_id)
    return json_response(orders.view(court, row), 202)


async def index(court: Court, request: ApiRequest) -> Response:
    """A page of the orders of a month, newest first; silent ones to those concerned alone."""
    month = request.query.text("month", limit=7) or views.month_of(court.world.now_ms())
    span = month_lists.Span(**page_of(request, month_lists.PAGE, 100).bounds)
    page = await orders.of_month(court, month, actor_id=request.account_id, span=span)
    shown = [orders.view(court, row) for row in page.rows]
    return paged_response(court.world, request, shown, page.ids, more=page.more)


async def show(court: Court, request: ApiRequest) -> Response:
    """One order."""
    row = await orders.load(court, request.path("id"), actor_id=request.account_id)
    return json_response(orders.view(court, row))


async def approve(court: Court, request: ApiRequest) -> Response:
    """Have it carried out: the named approver, and never who registered it."""
    row = await orders.approve(court, request.path("id"), actor_id=request.account_id)
    return json_response(orders.view(court, row))


async def _reason(request: ApiRequest) -> str:
    return (await request.form()).required("reason", limit=10_000)


async def refuse(court: Court, request: ApiRequest) -> Response:
    """Refuse it, with reasons."""
    row = await orders.refuse(
        court, request.path("id"), actor_id=request.account_id, reason=await _reason(request)
    )
    return json_response(orders.view(court, row))


async def dispute(court: Court, request: ApiRequest) -> Response:
    """Obey under protest, and say why."""
    row = await orders.dispute(
        court, request.path("id"), actor_id=request.account_id, reason=await _reason(request)
    )
    return json_response(orders.view(court, row))


async def lift(court: Court, request: ApiRequest) -> Response:
    """Show again what it withheld."""
    row = await orders.lift(
        court, request.path("id"), actor_id=request.account_id, reason=await _reason(request)
    )
    return json_response(orders.view(court, row))


# demands for data


async def register_demand(court: Court, request: ApiRequest) -> Response:
    """Take a demand for data in (admins)."""
    form = await request.form()
    draft = data_demands.Draft(
        authority=form.text("authority", limit=10_000) or "",
        country=form.text("country", limit=40) or "",
        legal_ground=form.text("legal_ground", limit=10_000) or "",
        reference=form.text("reference", limit=10_000) or "",
        asked_for=form.text("asked_for", limit=10_000) or "",
        account_ids=tuple(form.identifiers("accounts")),
        received_at_ms=_moment(form, "received_at"),
        due_at_ms=_moment(form, "due_at"),
        silent_ground=form.text("silent_ground", limit=10_000) or "",
        silent_until_ms=_moment(form, "silent_until") or 0,
    )
    row = await data_demands.register(court, draft, actor_id=request.account_id)
    return json_response(data_demands.view(court, row), 202)


async def demands(court: Court, request: ApiRequest) -> Response:
    """A page of the demands of a month, newest first (admins whom they are not about)."""
    month = request.query.text("month", limit=7) or views.month_of(court.world.now_ms())
    span = month_lists.Span(**page_of(request, month_lists.PAGE, 100).bounds)
    page = await data_demands.of_month(court, month, actor_id=request.account_id, span=span)
    shown = [data_demands.view(court, row) for row in page.rows]
    return paged_response(court.world, request, shown, page.ids, more=page.more)


async def _with_log(court: Court, row: DemandRow) -> dict[str, Any]:
    steps = [
        {
            "state": line.state,
            "note": line.note,
            "actor_id": str(line.actor_id),
            "at": iso_ms(line.at_ms),
        }
        for line in await data_demands.log(court, row.id)
    ]
    return {**data_demands.view(court, row), "steps": steps}


async def show_demand(court: Court, request: ApiRequest) -> Response:
    """One demand with the steps of its review (admins)."""
    row = await data_demands.load(court, request.path("id"), actor_id=request.account_id)
    return json_response(await _with_log(court, row))


async def review_demand(court: Court, request: ApiRequest) -> Response:
    """Take it a step further: under_review, narrowed, refused, answered (admins)."""
    form = await request.form()
    step = data_demands.Review(
        state=form.text("state", limit=40) or "",
        reason=form.text("reason", limit=10_000) or "",
        narrowed_to=form.text("narrowed_to", limit=10_000) or "",
        handed_over=tuple(form.texts("handed_over", limit=1_000)),
    )
    row = await data_demands.review(court, request.path("id"), step, actor_id=request.account_id)
    return json_response(await _with_log(court, row))
