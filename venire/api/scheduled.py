"""Planned posts: https://docs.joinmastodon.org/methods/scheduled_statuses/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.scheduled import build_scheduled
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.api.timelines import page_links, window_of
from venire.cases.court import Court
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid
from venire.posts import scheduled
from venire.posts.model import Draft

_MOMENT = 40


def moment_of(text: str) -> int:
    """A moment as clients write it, in ms. Invalid `schedule_unreadable`."""
    try:
        return parse_iso_ms(text.strip())
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "schedule_unreadable",
            "Record invalid",
            details={"scheduled_at": [{"error": "ERR_INVALID", "description": "is invalid"}]},
        ) from error


async def plan(court: Court, request: ApiRequest, draft: Draft, moment: str) -> Response:
    """Plan a post instead of publishing it."""
    at_ms = moment_of(moment)
    made = await scheduled.plan(court.world, request.account_id, draft, at_ms)
    return json_response(build_scheduled(court.world, made))


async def show_plans(court: Court, request: ApiRequest) -> Response:
    """What the member has planned."""
    page = await scheduled.page_of(court.world, request.account_id, window_of(request))
    shown = [build_scheduled(court.world, one) for one in page.items]
    return json_response(shown, headers=page_links(court.world, request, page))


async def show_plan(court: Court, request: ApiRequest) -> Response:
    """One planned post."""
    found = await scheduled.load(court.world, request.account_id, request.path("id"))
    return json_response(build_scheduled(court.world, found))


async def move_plan(court: Court, request: ApiRequest) -> Response:
    """Have a planned post published at another moment."""
    plan_id = request.path("id")
    form = await request.form()
    at_ms = moment_of(form.required("scheduled_at", limit=_MOMENT))
    moved = await scheduled.move(court.world, request.account_id, plan_id, at_ms)
    return json_response(build_scheduled(court.world, moved))


async def take_back_plan(court: Court, request: ApiRequest) -> Response:
    """Never publish a planned post."""
    await scheduled.take_back(court.world, request.account_id, request.path("id"))
    return json_response({})
