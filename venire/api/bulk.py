"""Acting on many posts at once: what is meant is counted first (`cases/bulk.py`)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.paging import page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import bulk, month_lists, views
from venire.cases.court import Court
from venire.kernel.clock import iso_ms, parse_iso_ms
from venire.kernel.errors import Invalid
from venire.storage.tables.bulk import BulkRow


def bulk_view(court: Court, row: BulkRow) -> dict[str, Any]:
    """A bulk act and how far it has come."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "account_id": None if row.account_id is None else str(row.account_id),
        "sought": row.sought,
        "since": iso_ms(row.since_ms),
        "until": iso_ms(row.until_ms),
        "category": row.category,
        "reason": row.reason,
        "deceptive": row.untold,
        "state": row.state,
        "counted": row.counted,
        "too_many": row.over,
        "confirm": row.counted > court.policy.bulk.confirm_over,
        "done": row.done,
        "left_alone": row.left_alone,
        "actor_id": str(row.actor_id),
        "created_at": iso_ms(row.at_ms),
    }


async def create(court: Court, request: ApiRequest) -> Response:
    """Say what is meant; it is looked for and counted, and nothing is touched."""
    form = await request.form()
    try:
        since_ms = parse_iso_ms(form.required("since", limit=40))
        until = form.text("until", limit=40)
        until_ms = parse_iso_ms(until) if until else court.world.now_ms()
    except (ValueError, OverflowError) as error:
        raise Invalid("date_invalid", "Validation failed: a date is not valid") from error
    wanted = bulk.Wanted(
        kind=form.required("kind", limit=20),
        sought=form.text("sought", limit=10_000) or "",
        account_id=form.identifier("account_id"),
        since_ms=since_ms,
        until_ms=until_ms,
        category=form.text("category", limit=40) or "spam",
        reason=form.text("reason", limit=10_000) or "",
        untold=bool(form.flag("deceptive")),
    )
    row = await bulk.begin(court, wanted, actor_id=request.account_id)
    return json_response(bulk_view(court, row), 202)


async def index(court: Court, request: ApiRequest) -> Response:
    """A page of the bulk acts of a month, newest first."""
    month = request.query.text("month", limit=7) or views.month_of(court.world.now_ms())
    span = month_lists.Span(**page_of(request, month_lists.PAGE, 100).bounds)
    page = await bulk.of_month(court.world, month, span)
    shown = [bulk_view(court, row) for row in page.rows]
    return paged_response(court.world, request, shown, page.ids, more=page.more)


async def show(court: Court, request: ApiRequest) -> Response:
    """One, with a page of the posts that are meant and what became of each."""
    row = await bulk.load(court.world, request.path("id"))
    items = await bulk.items(court.world, row.id, above=request.query.identifier("min_id"))
    listed = [
        {
            "post_id": str(item.post_id),
            "author_id": str(item.author_id),
            "state": item.state,
            "why": item.why,
        }
        for item in items
    ]
    return json_response({**bulk_view(court, row), "items": listed})


async def go(court: Court, request: ApiRequest) -> Response:
    """Act on what was counted; `count` confirms a large number."""
    form = await request.form()
    count = form.integer("count", -1)
    row = await bulk.go(
        court,
        request.path("id"),
        actor_id=request.account_id,
        count=None if count < 0 else count,
    )
    return json_response(bulk_view(court, row), 202)


async def restore(court: Court, request: ApiRequest) -> Response:
    """Bring all of it back."""
    row = await bulk.restore(court, request.path("id"), actor_id=request.account_id)
    return json_response(bulk_view(court, row), 202)


async def drop(court: Court, request: ApiRequest) -> Response:
    """Give up what was counted."""
    row = await bulk.drop(court, request.path("id"), actor_id=request.account_id)
    return json_response(bulk_view(court, row))
