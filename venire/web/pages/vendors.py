"""Whom the site depends on: what everyone may know, and the desk of the admins."""

from __future__ import annotations

from starlette.responses import Response

from venire.continuity.vendors import survey as surveys
from venire.kernel.errors import NotFound
from venire.people.model import ADMIN
from venire.web import vendor_words
from venire.web.visit import Visit


async def show(visit: Visit) -> Response:
    """How each kind of vendor stands, and what drills have shown."""
    found = await surveys.survey(visit.world)
    named = {
        state.kind: [
            one.listed.owner or one.listed.name
            for one in found.vendors
            if one.listed.kind == state.kind and one.listed.public
        ]
        for state in found.kinds
    }
    drills = [found.drills[name] for name in sorted(found.drills)]
    return visit.page(
        "continuity.html", kinds=found.kinds, named=named, drills=drills, names=vendor_words
    )


def _admin(visit: Visit) -> None:
    if visit.moderator().role != ADMIN:
        raise NotFound("page_not_found", "There is no such page")


async def index(visit: Visit) -> Response:
    """Every vendor of the settings, and how it does (admins)."""
    _admin(visit)
    found = await surveys.survey(visit.world)
    return visit.page("vendors.html", kinds=found.kinds, vendors=found.vendors, names=vendor_words)


async def act(visit: Visit) -> Response:
    """Let a vendor be asked again, or note that one was used (admins)."""
    _admin(visit)
    params = visit.request.path_params
    one = surveys.find(visit.world, params["kind"], params["name"])
    if visit.form.text("action") == "used":
        await surveys.used(visit.world, one)
    else:
        await surveys.reset(visit.world, one)
    return visit.redirect("/moderation/vendors", done="vendor_noted")
