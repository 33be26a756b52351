"""The desk of the named person for what may harm a child. No picture, no text before a click."""

from __future__ import annotations

from starlette.responses import Response

from venire.cases import child_safety
from venire.people.store import load_accounts
from venire.web import office_words
from venire.web.visit import Visit


async def queue(visit: Visit) -> Response:
    """What waits for the named person."""
    found = await child_safety.desk(visit.court, visit.moderator().id)
    rows = [child_safety.desk_view(case, row) for case, row in found]
    return visit.page("sealed.html", rows=rows, names=office_words)


async def show(visit: Visit) -> Response:
    """One case, closed."""
    return await _page(visit, None)


async def open_text(visit: Visit) -> Response:
    """The same with what was written, once it is logged."""
    public_id = visit.request.path_params["public_id"]
    opened = await child_safety.open_text(visit.court, visit.moderator().id, public_id)
    return await _page(visit, opened)


async def _page(visit: Visit, opened: dict[str, object] | None) -> Response:
    account = visit.moderator()
    public_id = visit.request.path_params["public_id"]
    case, row = await child_safety.show(visit.court, account.id, public_id)
    trail = await child_safety.trail(visit.court, account.id, public_id)
    actors = await load_accounts(visit.world, {line.actor_id for line in trail})
    people = {int(one): found.username for one, found in actors.items()}
    return visit.page(
        "sealed_case.html",
        c=child_safety.desk_view(case, row),
        opened=opened,
        packet=row.packet is not None,
        authority=row.authority or visit.court.policy.child_safety.authority,
        decided=row.decided_by is not None and case.appeal is None and case.state == "decided",
        trail=[
            {
                "act": line.act,
                "by": people.get(line.actor_id, "?"),
                "note": line.note,
                "at_ms": line.at_ms,
            }
            for line in trail
        ],
        names=office_words,
    )


async def decide(visit: Visit) -> Response:
    """Find or dismiss."""
    public_id = visit.request.path_params["public_id"]
    await child_safety.decide(
        visit.court,
        visit.moderator().id,
        public_id,
        verdict=visit.form.text("verdict", most=40),
        reason=visit.form.text("reason"),
    )
    return visit.redirect(f"/moderation/sealed/{public_id}", done="acted")


async def packet(visit: Visit) -> Response:
    """The packet for the authority, as a file."""
    public_id = visit.request.path_params["public_id"]
    found = await child_safety.packet(visit.court, visit.moderator().id, public_id)
    headers = {"Content-Disposition": f'attachment; filename="{public_id}.json"'}
    return Response(found, headers=headers, media_type="application/json")


async def reported(visit: Visit) -> Response:
    """That it went to the authority."""
    public_id = visit.request.path_params["public_id"]
    await child_safety.note_reported(
        visit.court,
        visit.moderator().id,
        public_id,
        authority=visit.form.text("authority"),
        reference=visit.form.text("reference"),
    )
    return visit.redirect(f"/moderation/sealed/{public_id}", done="reviewed")
