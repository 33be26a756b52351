"""Where a member says that they are at home: used for orders that are limited to a territory."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.people.countries import said_country, say_country


async def show(court: Court, request: ApiRequest) -> Response:
    """The country, two letters; empty where nothing was said."""
    return json_response({"country": await said_country(court.world, request.account_id)})


async def say(court: Court, request: ApiRequest) -> Response:
    """Say it, change it, or take it back with an empty text."""
    form = await request.form()
    await say_country(court.world, request.account_id, form.text("country", limit=10) or "")
    return await show(court, request)
