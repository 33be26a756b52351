"""Letters that nobody has to get, ended by their link: a mail service's request, or a button.

Opening the link does nothing, since mail programs open links by themselves.
"""

from __future__ import annotations

from starlette.responses import Response

from venire.people import unsubscribing
from venire.people.unsubscribing import Stop
from venire.web.visit import Visit


async def _asked(visit: Visit) -> Stop:
    return await unsubscribing.read(visit.world, visit.request.path_params["token"])


async def _page(visit: Visit, asked: Stop) -> Response:
    stopped = await unsubscribing.has_stopped(visit.world, asked.account_id, asked.kind)
    token = visit.request.path_params["token"]
    return visit.page("unsubscribe.html", stopped=stopped, token=token)


async def show(visit: Visit) -> Response:
    """Whether such letters come, and the button. NotFound `record_not_found`."""
    return await _page(visit, await _asked(visit))


async def act(visit: Visit) -> Response:
    """End them, or let them come again. NotFound `record_not_found`."""
    asked = await _asked(visit)
    change = unsubscribing.resume if visit.form.flag("resume") else unsubscribing.stop
    await change(visit.world, asked)
    return await _page(visit, asked)
