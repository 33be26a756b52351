"""What Mastodon has and this site does not: an honest empty answer, never an error.

Clients ask for these right after sign-in, and some give up at the first failure.
"""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court


async def nothing(_court: Court, _request: ApiRequest) -> Response:
    """An empty list."""
    return json_response([])


async def no_entries(_court: Court, _request: ApiRequest) -> Response:
    """An empty object."""
    return json_response({})
