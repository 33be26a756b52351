"""Reports on the moderators' desk: docs.joinmastodon.org/methods/admin/reports.

A report belongs to its cases. Resolving it says that the desk is done with it: what waits for a
moderator is kept by that, what jurors were asked goes on (`cases/report_desk.py`).
"""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.admin import admin_report
from venire.api.paging import link_header
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import report_desk, reports
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound


async def list_reports(court: Court, request: ApiRequest) -> Response:
    """Open reports, or resolved ones, newest first; none that is about the viewer."""
    query = request.query
    resolved, unresolved = bool(query.flag("resolved")), query.flag("unresolved")
    limit = query.integer("limit", 100, low=1, high=200)
    states = [report_desk.RESOLVED] if resolved else [report_desk.OPEN]
    if resolved and unresolved:
        states = list(report_desk.STATES)
    found: list[report_desk.Filed] = []
    for state in states:
        asked = report_desk.Search(
            state=state,
            reporter_id=query.identifier("account_id"),
            target_id=query.identifier("target_account_id"),
            above=query.identifier("min_id") or query.identifier("since_id"),
            below=query.identifier("max_id"),
            limit=limit,
            not_about=request.account_id,
        )
        found += await report_desk.search(court.world, asked)
    found = sorted(found, key=lambda filed: -filed.report.id)[:limit]
    ids = [filed.report.id for filed in found]
    links = link_header(
        court.world,
        request,
        newest=ids[0] if ids else None,
        oldest=ids[-1] if ids else None,
        more=len(ids) == limit,
    )
    entities = [await admin_report(court, request, filed) for filed in found]
    return json_response(entities, headers=links)


async def _report(court: Court, request: ApiRequest) -> report_desk.Filed:
    """The report asked for. NotFound also for whom it is about: no author learns who reported."""
    filed = await report_desk.load(court.world, request.path("id"))
    if filed.report.target_account_id == request.account_id:
        raise NotFound("record_not_found", "Record not found")
    return filed


async def show(court: Court, request: ApiRequest) -> Response:
    """One report."""
    filed = await _report(court, request)
    return json_response(await admin_report(court, request, filed))


async def update(court: Court, request: ApiRequest) -> Response:
    """Correct what a report is said to be about."""
    await _report(court, request)
    form = await request.form()
    category = form.text("category", limit=20) or None
    if category is not None and category not in reports.MASTODON_CATEGORIES:
        raise Invalid("category_unknown", "spam, legal, violation or other")
    rule_ids = form.identifiers("rule_ids") if "rule_ids" in form else None
    filed = await report_desk.correct(
        court,
        request.path("id"),
        actor_id=request.account_id,
        category=category,
        rule_ids=None if rule_ids is None else tuple(rule_ids),
    )
    return json_response(await admin_report(court, request, filed))


async def assign(court: Court, request: ApiRequest) -> Response:
    """Look after a report oneself."""
    await _report(court, request)
    me = request.account_id
    filed = await report_desk.assign(court, request.path("id"), actor_id=me, to=me)
    return json_response(await admin_report(court, request, filed))


async def unassign(court: Court, request: ApiRequest) -> Response:
    """Leave a report to others."""
    await _report(court, request)
    filed = await report_desk.assign(
        court, request.path("id"), actor_id=request.account_id, to=None
    )
    return json_response(await admin_report(court, request, filed))


async def resolve(court: Court, request: ApiRequest) -> Response:
    """Be done with a report without action."""
    await _report(court, request)
    filed = await report_desk.resolve(court, request.path("id"), actor_id=request.account_id)
    return json_response(await admin_report(court, request, filed))


async def reopen(court: Court, request: ApiRequest) -> Response:
    """Put a report back on the desk."""
    await _report(court, request)
    filed = await report_desk.reopen(court, request.path("id"), actor_id=request.account_id)
    return json_response(await admin_report(court, request, filed))
