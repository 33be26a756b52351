"""Beside judging, over HTTP: notes, hand-over, a word to the author, appeals of reporters."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import notes, reporters
from venire.cases.court import Court


async def index(court: Court, request: ApiRequest) -> Response:
    """Notes and keeper of a case (moderators)."""
    public_id = request.path_text("case")
    return json_response(await notes.of_case(court, public_id, actor_id=request.account_id))


async def add(court: Court, request: ApiRequest) -> Response:
    """Write a note beside a case (moderators)."""
    form = await request.form()
    public_id = request.path_text("case")
    await notes.add(court, public_id, actor_id=request.account_id, text=form.required("text"))
    return await index(court, request)


async def hand_over(court: Court, request: ApiRequest) -> Response:
    """Give a case to another moderator; to nobody without `account_id` (moderators)."""
    form = await request.form()
    await notes.hand_over(
        court,
        request.path_text("case"),
        actor_id=request.account_id,
        to=form.identifier("account_id"),
        text=form.text("text") or "",
    )
    return await index(court, request)


async def message(court: Court, request: ApiRequest) -> Response:
    """Write to the author without a strike (moderators)."""
    form = await request.form()
    await notes.message_author(
        court,
        request.path_text("case"),
        actor_id=request.account_id,
        text=form.required("text"),
    )
    return json_response({})


async def reporter_appeals(court: Court, _request: ApiRequest) -> Response:
    """Suspended reporters who wait for an answer (moderators)."""
    rows = await reporters.waiting(court)
    return json_response(
        [{"account_id": str(row.account_id), **reporters.view(row)} for row in rows]
    )


async def answer_reporter(court: Court, request: ApiRequest) -> Response:
    """Answer a reporter's appeal: `outcome` won or upheld, `reason` (moderators)."""
    form = await request.form()
    row = await reporters.answer(
        court,
        request.path("id"),
        actor_id=request.account_id,
        outcome=form.text("outcome") or "",
        reason=form.text("reason") or "",
    )
    return json_response({"account_id": str(row.account_id), **reporters.view(row)})


async def own_reporting(court: Court, request: ApiRequest) -> Response:
    """How the viewer stands as a reporter."""
    return json_response(reporters.view(await reporters.standing_of(court, request.account_id)))
