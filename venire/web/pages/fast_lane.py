"""What a target does at once, and packets for the police: on the case's own pages."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import PlainTextResponse, Response

from venire.cases import packets, police_copy, store
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.posts import actions as posts
from venire.posts import hiding
from venire.web.visit import Visit

_NOT_KEPT = {"Cache-Control": "private, no-store"}


async def targets(visit: Visit, case: Case | None) -> dict[str, bool] | None:
    """What whoever a post is aimed at may do; None for everyone else."""
    if case is None or visit.viewer_id is None:
        return None
    if not await police_copy.may_take(visit.court, case, visit.viewer_id):
        return None
    return {"hidden": case.subject_id in await hiding.hidden_posts(visit.world, visit.viewer_id)}


def _public_id(visit: Visit) -> str:
    return str(visit.request.path_params["public_id"])


async def show_police_copy(visit: Visit) -> Response:
    """The copy for the police, as a text to keep."""
    copy = await police_copy.police_copy(visit.court, _public_id(visit), visit.member().id)
    name = f"copy-{_public_id(visit)[:12]}.txt"
    headers = {**_NOT_KEPT, "Content-Disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(police_copy.as_text(copy), headers=headers)


async def hide(visit: Visit) -> Response:
    """Put the post out of one's own sight, or back."""
    account = visit.member()
    case = await store.case_by_public_id(visit.world.storage, _public_id(visit))
    if case is None or not await police_copy.may_take(visit.court, case, account.id):
        raise NotFound("case_not_found", "There is no such case")
    if visit.form.flag("undo"):
        await hiding.unhide(visit.world, account.id, case.subject_id)
    else:
        post = await posts.load(visit.world, case.subject_id)
        if post is not None:
            await hiding.hide(visit.world, account.id, post.id, post.author_id)
    return visit.redirect(f"/cases/{case.public_id}")


async def packets_of(visit: Visit, case: Case) -> dict[str, Any] | None:
    """The packets of a case for its moderators; None where there can be none."""
    if SEALED in case.categories:
        return None
    rows = await packets.of_case(visit.court, case.public_id, viewer_id=visit.viewer_id or 0)
    return {
        "rows": [packets.view(case, row, opened=False) for row in rows],
        "may": visit.viewer_id is not None and await packets.may_read(visit.court, visit.viewer_id),
        "contact": visit.court.policy.packets.contact,
    }


async def prepare_packet(visit: Visit) -> Response:
    """Prepare a packet by hand."""
    reason = visit.form.text("reason", most=packets.REASON_CHARACTERS + 1)
    actor_id = visit.member().id
    await packets.prepare(visit.court, _public_id(visit), actor_id=actor_id, reason=reason)
    return visit.redirect(f"/moderation/cases/{_public_id(visit)}", done="prepared")


async def release_packet(visit: Visit) -> Response:
    """Release a packet to a contact, or fetch one that was: a file for whoever may have it."""
    packet_id = parse_id(visit.request.path_params["packet_id"])
    if packet_id is None:
        raise NotFound("record_not_found", "There is no such packet")
    row = await packets.release(
        visit.court,
        _public_id(visit),
        packet_id,
        actor_id=visit.member().id,
        contact=visit.form.text("contact", most=packets.CONTACT_CHARACTERS + 1),
        reason=visit.form.text("reason", most=packets.REASON_CHARACTERS + 1),
    )
    headers = {**_NOT_KEPT, "Content-Disposition": f'attachment; filename="packet-{row.id}.json"'}
    body = msgspec.json.format(row.body, indent=2)
    return Response(body, headers=headers, media_type="application/json")
