"""Cases and statements over HTTP, and what a moderator may do by hand."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import moderators, reporter_rules, store, views
from venire.cases.court import Court
from venire.kernel.errors import NotFound


async def show(court: Court, request: ApiRequest) -> Response:
    """A case as this viewer may see it: outcome for all, the statement for author and reporter."""
    viewer = request.viewer
    return json_response(
        await views.case_view(
            court,
            request.path_text("case"),
            None if viewer is None else viewer.account_id,
            role="" if viewer is None else viewer.role,
        )
    )


async def statements(court: Court, request: ApiRequest) -> Response:
    """The statements of reasons sent to the viewer, newest first."""
    form = request.query
    found = await store.statements(
        court.world.storage,
        request.account_id,
        below=form.identifier("max_id"),
        limit=form.integer("limit", 20, low=1, high=40),
    )
    return json_response([views.statement_view(court, statement) for statement in found])


async def show_statement(court: Court, request: ApiRequest) -> Response:
    """One statement of the viewer's own."""
    found = await store.statement(court.world.storage, request.account_id, request.path("id"))
    if found is None:
        raise NotFound("record_not_found", "Record not found")
    return json_response(views.statement_view(court, found))


async def queue(court: Court, _request: ApiRequest) -> Response:
    """The open cases, oldest first (moderators)."""
    rows = await store.open_cases(court.world.storage)
    cases = [await store.load(court.world.storage, row.case_id) for row in rows]
    there = reporter_rules.in_order((case for case in cases if case is not None), court.policy)
    return json_response([views.queue_view(court, case) for case in there])


async def act(court: Court, request: ApiRequest) -> Response:
    """A moderator's own action: remove, hold, keep; logged, with a reason, undone by another."""
    form = await request.form()
    await moderators.act(
        court,
        request.path_text("case"),
        actor_id=request.account_id,
        action=form.required("action"),
        reason=form.required("reason"),
    )
    return await show(court, request)


async def act_on_post(court: Court, request: ApiRequest) -> Response:
    """The same on a post that has no case yet."""
    form = await request.form()
    public_id = await moderators.act_on_post(
        court,
        request.path("id"),
        actor_id=request.account_id,
        action=form.required("action"),
        reason=form.required("reason"),
        category=form.text("category") or "other",
    )
    return json_response({"case": public_id})


async def actions(court: Court, request: ApiRequest) -> Response:
    """What moderators did in a month, newest first (moderators)."""
    month = request.query.text("month") or views.month_of(court.world.now_ms())
    rows = await store.moderator_actions(court.world.storage, month)
    return json_response([views.moderator_action_view(row) for row in rows])
