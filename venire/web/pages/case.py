"""A case and its statements of reasons, for stranger, author, reporter and moderator."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.cases import appeals_filing, appeals_views, store, views
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.posts import actions as posts
from venire.posts.markup import post_path
from venire.web import appeal_words, moments
from venire.web.pages import fast_lane
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
    appeal = None
    if case is not None and visit.viewer_id is not None and shown["viewer"] != "stranger":
        appeal = await appeals_views.state_view(visit.court, case, visit.viewer_id)
    return visit.page(
        "case.html",
        c=shown,
        opened=moments.hour(opened_ms, visit.language),
        appeal=appeal,
        appeal_words=appeal_words,
        target=await fast_lane.targets(visit, case),
        **values,
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
    appeal = None
    if found.kind in {"hold", "measure", "reporting_suspended"}:
        appeal = await appeals_views.statement_state(visit.court, account.id, found.id)
    return visit.page(
        "statement.html", **values, post_path=path, appeal=appeal, appeal_words=appeal_words
    )


def _statement_id(visit: Visit) -> int:
    number = parse_id(visit.request.path_params["statement_id"])
    if number is None:
        raise NotFound("record_not_found", "There is no such statement")
    return number


async def appeal_statement(visit: Visit) -> Response:
    """Appeal against a statement of the viewer's own. A suspended account may."""
    number, reason = _statement_id(visit), visit.form.text("reason")
    await appeals_filing.appeal_statement(visit.court, visit.member().id, number, reason)
    return visit.redirect(f"/statements/{number}", done="appealed")


async def withdraw_statement(visit: Visit) -> Response:
    """Take that appeal back."""
    number, account = _statement_id(visit), visit.member()
    found = await store.statement(visit.world.storage, account.id, number)
    if found is None:
        raise NotFound("record_not_found", "There is no such statement")
    await appeals_filing.withdraw(visit.court, account.id, found.case)
    return visit.redirect(f"/statements/{number}", done="withdrawn")


async def appeal_case(visit: Visit) -> Response:
    """Appeal on a case that the viewer reported, or wrote."""
    public_id, reason = visit.request.path_params["public_id"], visit.form.text("reason")
    await appeals_filing.appeal_case(visit.court, visit.member().id, public_id, reason)
    return visit.redirect(f"/cases/{public_id}", done="appealed")


async def withdraw_case(visit: Visit) -> Response:
    """Take that appeal back."""
    public_id = visit.request.path_params["public_id"]
    await appeals_filing.withdraw(visit.court, visit.member().id, public_id)
    return visit.redirect(f"/cases/{public_id}", done="withdrawn")
