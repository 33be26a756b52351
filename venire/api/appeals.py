"""Appeals over HTTP: by the author against a statement, by author or reporter on a case."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import appeals_filing, appeals_views, store
from venire.cases.court import Court
from venire.kernel.errors import NotFound


async def appeal_statement(court: Court, request: ApiRequest) -> Response:
    """Appeal against a statement of the viewer's own; `reason`, 2,000 characters at most."""
    form = await request.form()
    statement_id = request.path("id")
    reason = form.text("reason") or form.text("text") or ""
    await appeals_filing.appeal_statement(court, request.account_id, statement_id, reason)
    return await show_of_statement(court, request)


async def show_of_statement(court: Court, request: ApiRequest) -> Response:
    """Whether the viewer may appeal against a statement, and what came of it."""
    return json_response(
        await appeals_views.statement_state(court, request.account_id, request.path("id"))
    )


async def withdraw_of_statement(court: Court, request: ApiRequest) -> Response:
    """Take the appeal back; the decision stands."""
    found = await store.statement(court.world.storage, request.account_id, request.path("id"))
    if found is None:
        raise NotFound("record_not_found", "Record not found")
    await appeals_filing.withdraw(court, request.account_id, found.case)
    return await show_of_statement(court, request)


async def appeal_case(court: Court, request: ApiRequest) -> Response:
    """Appeal against what was decided last on a case that the viewer reported, or wrote."""
    form = await request.form()
    reason = form.text("reason") or form.text("text") or ""
    await appeals_filing.appeal_case(court, request.account_id, request.path_text("case"), reason)
    return await show_of_case(court, request)


async def show_of_case(court: Court, request: ApiRequest) -> Response:
    """Whether the viewer may appeal on a case, and what came of it."""
    case = await appeals_filing.party_case(court, request.account_id, request.path_text("case"))
    return json_response(await appeals_views.state_view(court, case, request.account_id))


async def withdraw_of_case(court: Court, request: ApiRequest) -> Response:
    """Take the appeal back; the decision stands."""
    await appeals_filing.withdraw(court, request.account_id, request.path_text("case"))
    return await show_of_case(court, request)


async def index(court: Court, request: ApiRequest) -> Response:
    """The viewer's appeals, on the newest cases first."""
    return json_response(await appeals_views.own_appeals(court, request.account_id))
