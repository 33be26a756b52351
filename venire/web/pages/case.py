"""A case and its statements of reasons, for stranger, author, reporter and moderator."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.cases import store, views
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.posts import actions as posts
from venire.posts.markup import post_path
from venire.web import moments
from venire.web.visit import Visit

_SEALED = "child_safety"


def statement_values(
    visit: Visit, view: dict[str, Any], *, own: bool, account: bool = False
) -> dict[str, Any]:
    """What the statement's template is given. What a reporter is not told is not there at all."""
    shown = {"text": "", "points": 0, "points_expire": None, "appeal_until": None, **view}
    if shown["category"] == _SEALED:
        # Nothing of this kind is shown again, not even to whoever wrote it.
        shown |= {"text": "", "words": []}
    if not own:
        shown["appeal_until"] = None
    return {"s": shown, "own": own, "account": account, "contact": visit.world.site.contact}


async def show(visit: Visit) -> Response:
    """A case as this viewer may see it."""
    role = "" if visit.viewer is None else visit.viewer.role
    public_id = visit.request.path_params["public_id"]
    shown = await views.case_view(visit.court, public_id, visit.viewer_id, role=role)
    case = await store.case_by_public_id(visit.world.storage, public_id)
    account = case is not None and case.subject_kind == "account"
    values: dict[str, Any] = {"account": account}
    if shown["statement"] is not None:
        own = shown["viewer"] == "author"
        values = statement_values(visit, shown["statement"], own=own, account=account)
    opened_ms = parse_iso_ms(shown["opened_hour"].replace("Z", ":00:00+00:00"))
    return visit.page(
        "case.html", c=shown, opened=moments.hour(opened_ms, visit.language), **values
    )


async def show_statement(visit: Visit) -> Response:
    """One statement of the viewer's own."""
    account = visit.member()
    number = parse_id(visit.request.path_params["statement_id"])
    found = None
    if number is not None:
        found = await store.statement(visit.world.storage, account.id, number)
    if found is None:
        raise NotFound("record_not_found", "There is no such statement")
    post = None if found.post_id is None else await posts.load(visit.world, found.post_id)
    seen = post is not None and await posts.may_see(visit.world, post, account.id)
    path = post_path(account.username, post.id) if post is not None and seen else ""
    view = views.statement_view(visit.court, found)
    values = statement_values(visit, view, own=True, account=found.post_id is None)
    return visit.page("statement.html", **values, post_path=path)
