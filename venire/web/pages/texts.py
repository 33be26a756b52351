"""The operators' desk of texts: counts, money, alarms, and the switch that stops them all."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from venire.kernel.errors import Forbidden
from venire.people import texts
from venire.people.model import ADMIN
from venire.web import text_words
from venire.web.visit import Visit

PLACE: Final = "/moderation/texts"


async def index(visit: Visit) -> Response:
    """What went out, by day and dial code: no number, no person."""
    admin = visit.moderator().role == ADMIN
    shown = await texts.figures(visit.world, visit.court.phones)
    return visit.page("texts.html", s=shown, admin=admin, names=text_words)


async def switch(visit: Visit) -> Response:
    """Stop every text, or let them go again (admins). Forbidden `role_required`."""
    account = visit.moderator()
    if account.role != ADMIN:
        raise Forbidden("role_required", "This is for admins")
    stopped = visit.form.text("action", most=10) != "allow"
    await texts.stop(visit.world, stopped=stopped, actor_id=account.id)
    return visit.redirect(PLACE, done="texts_stopped" if stopped else "texts_allowed")
