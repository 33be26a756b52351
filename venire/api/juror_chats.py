"""Where a juror wants to hear by chat: an address at a service of the site, proved by a code."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.jury import chats
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound

_SERVICE = 32
_RECIPIENT = 255


async def show(court: Court, request: ApiRequest) -> Response:
    """The services of this site, and the viewer's addresses: where, and whether proved."""
    there = await chats.chats_of(court.world, request.account_id)
    return json_response(
        {
            "services": [] if court.chats is None else list(court.chats.services),
            "chats": [
                {
                    "service": one.service,
                    "proved": one.proved,
                    "lapses_at": None if one.lapses_ms is None else iso_ms(one.lapses_ms),
                }
                for one in there
            ],
        }
    )


async def begin(court: Court, request: ApiRequest) -> Response:
    """Name an address (`recipient`) at a `service`; a code goes there."""
    form = await request.form()
    await chats.begin(
        court.world,
        court.chats,
        request.account_id,
        form.required("service", limit=_SERVICE),
        form.required("recipient", limit=_RECIPIENT),
        language=request.language,
    )
    return await show(court, request)


async def prove(court: Court, request: ApiRequest) -> Response:
    """Say the `code` that came; from now on this address counts."""
    service = _service(request)
    form = await request.form()
    code = form.required("code", limit=20)
    await chats.prove(court.world, request.account_id, service, code.strip())
    return await show(court, request)


async def forget(court: Court, request: ApiRequest) -> Response:
    """Take an address back; nothing is said there from now on."""
    await chats.forget(court.world, request.account_id, _service(request))
    return await show(court, request)


def _service(request: ApiRequest) -> str:
    service = request.path_text("service")
    if len(service) > _SERVICE:
        raise NotFound("chat_unknown", "This site does not use this chat service")
    return service
