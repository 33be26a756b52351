"""Many posts at once: say what is meant, see the count, confirm, and undo."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.cases import bulk
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.people.store import find_by_handle, load_accounts
from venire.posts import actions as posts
from venire.storage.tables.bulk import BulkRow
from venire.web import office_words
from venire.web.months import asked_month, asked_span
from venire.web.visit import Visit

_SHOWN = 40
_OPENING = 120


async def index(visit: Visit) -> Response:
    """Those of a month, and the form for another."""
    month = asked_month(visit)
    page = await bulk.of_month(visit.world, month.name, asked_span(visit))
    return visit.page(
        "bulk.html",
        month=month,
        older=page.older,
        rows=[await _line(visit, row) for row in page.rows],
        categories=visit.court.policy.categories,
        names=office_words,
    )


async def _line(visit: Visit, row: BulkRow) -> dict[str, Any]:
    found = {} if row.account_id is None else await load_accounts(visit.world, {row.account_id})
    account = next(iter(found.values()), None)
    return {
        "row": row,
        "sought": row.sought if account is None else f"@{account.username}",
        "confirm": row.counted > visit.court.policy.bulk.confirm_over,
    }


async def create(visit: Visit) -> Response:
    """Begin to count."""
    kind = visit.form.text("kind", most=20)
    sought = visit.form.text("sought", most=bulk.SOUGHT_CHARACTERS).strip()
    account = None
    if kind in {bulk.AUTHOR, bulk.WAVE}:
        account = await find_by_handle(visit.world, sought.lstrip("@"))
        if account is None:
            raise NotFound("record_not_found", "There is no such account")
    now_ms = visit.world.now_ms()
    try:
        days = max(1, min(365, int(visit.form.text("days", "7", most=4))))
    except ValueError as error:
        raise Invalid("parameter_invalid", "A field has the wrong form", field="days") from error
    wanted = bulk.Wanted(
        kind=kind,
        sought="" if account is not None else sought,
        account_id=None if account is None else account.id,
        since_ms=now_ms - days * DAY_MS,
        until_ms=now_ms,
        category=visit.form.text("category", most=40),
        reason=visit.form.text("reason"),
        untold=visit.form.flag("deceptive"),
    )
    row = await bulk.begin(visit.court, wanted, actor_id=visit.moderator().id)
    return visit.redirect(f"/moderation/bulk/{row.id}")


async def _load(visit: Visit) -> BulkRow:
    number = parse_id(visit.request.path_params["bulk_id"])
    if number is None:
        raise NotFound("record_not_found", "Record not found")
    return await bulk.load(visit.world, number)


async def show(visit: Visit) -> Response:
    """One, with the first of the posts that are meant."""
    row = await _load(visit)
    items = await bulk.items(visit.world, row.id, limit=_SHOWN)
    found = {
        int(post.id): post
        for post in await posts.load_many(visit.world, [one.post_id for one in items])
    }
    people = await load_accounts(visit.world, {item.author_id for item in items})
    names = {int(one): account.username for one, account in people.items()}
    lines = []
    for item in items:
        post = found.get(item.post_id)
        hidden = post is None or post.state != "visible"
        lines.append(
            {
                "item": item,
                "username": names.get(item.author_id, "?"),
                "text": "" if hidden or post is None else post.text[:_OPENING],
                "at_ms": None if post is None else post.created_at_ms,
            }
        )
    return visit.page("bulk_act.html", b=await _line(visit, row), lines=lines, names=office_words)


async def act(visit: Visit) -> Response:
    """Go, put back, or give up."""
    row = await _load(visit)
    actor_id = visit.moderator().id
    action = visit.form.text("action", most=20)
    if action == "go":
        count = parse_id(visit.form.text("count", most=10))
        await bulk.go(visit.court, row.id, actor_id=actor_id, count=count)
    elif action == "restore":
        await bulk.restore(visit.court, row.id, actor_id=actor_id)
    elif action == "drop":
        await bulk.drop(visit.court, row.id, actor_id=actor_id)
        return visit.redirect(f"/moderation/bulk/{row.id}", done="reviewed")
    else:
        raise Invalid("action_unknown", "remove, hold or keep", action=action)
    return visit.redirect(f"/moderation/bulk/{row.id}", done="begun")
