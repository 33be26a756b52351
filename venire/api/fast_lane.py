"""What does not wait for a jury: a copy for the police, a post out of sight, the hold key, packets.

And the one figure that answers for it: how many holds did not last.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import hold_figures, hold_keys, packets, police_copy
from venire.cases.court import Court
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.people.model import ADMIN
from venire.posts import actions as posts
from venire.posts import hiding

_NOT_KEPT = {"Cache-Control": "private, no-store"}


async def show_police_copy(court: Court, request: ApiRequest) -> Response:
    """The post as it stood, for whoever it is aimed at; as text with `format=text`."""
    copy = await police_copy.police_copy(court, request.path_text("case"), request.account_id)
    if request.query.text("format") == "text":
        return PlainTextResponse(police_copy.as_text(copy), headers=_NOT_KEPT)
    return json_response(copy, headers=_NOT_KEPT)


async def hide(court: Court, request: ApiRequest) -> Response:
    """Put a post out of the viewer's own sight, at once; nobody is told."""
    post = await posts.load(court.world, request.path("id"))
    aimed = request.account_id in await posts.aimed_at(court.world, request.path("id"))
    if post is None or not (aimed or await posts.may_see(court.world, post, request.account_id)):
        if request.path("id") in await hiding.hidden_posts(court.world, request.account_id):
            return json_response({"id": str(request.path("id")), "hidden": True})
        raise NotFound("record_not_found", "Record not found")
    await hiding.hide(court.world, request.account_id, post.id, post.author_id)
    return json_response({"id": str(post.id), "hidden": True})


async def unhide(court: Court, request: ApiRequest) -> Response:
    """Show it to the viewer again."""
    post_id = request.path("id")
    await hiding.unhide(court.world, request.account_id, post_id)
    return json_response({"id": str(post_id), "hidden": False})


async def hold(court: Court, request: ApiRequest) -> Response:
    """A juror with the hold key hides a threat at once; its case is judged like any other."""
    form = await request.form()
    post_id = form.identifier("status_id")
    if post_id is None:
        raise Invalid("status_id_missing", "status_id names the post")
    reason = form.text("reason") or ""
    case = await hold_keys.hold(court, request.account_id, post_id, reason)
    return json_response({"case": case.public_id, "hold": "held"}, 202)


async def grant_hold_key(court: Court, request: ApiRequest) -> Response:
    """Give a trained juror the hold key, or take it back with `granted=false` (admin)."""
    if request.viewer is None or request.viewer.role != ADMIN:
        raise Forbidden("role_required", "This action is not allowed")
    form = await request.form()
    juror_id, reason = request.path("id"), form.text("reason") or ""
    if form.flag("granted") is False:
        await hold_keys.revoke(court, juror_id, actor_id=request.account_id, reason=reason)
    else:
        await hold_keys.grant(court, juror_id, actor_id=request.account_id, reason=reason)
    has = await hold_keys.has_key(court, juror_id)
    return json_response({"id": str(juror_id), "hold_key": has})


async def figures(court: Court, _request: ApiRequest) -> Response:
    """How many holds there were and how many did not last: counted from the record."""
    found, through = await hold_figures.current(court)
    return json_response(
        {
            "holds": found.holds,
            "false_holds": found.false_holds,
            "lifted": {cause: found.lifted[cause] for cause in sorted(found.lifted)},
            "pending_suspensions": found.pending_suspensions,
            "counted_to": through,
            "record_size": await court.sequencer.size(),
        }
    )


async def list_packets(court: Court, request: ApiRequest) -> Response:
    """The packets of a month, newest first, none of them open (moderators)."""
    month = request.query.text("month") or packets.month_now(court)
    found = await packets.of_month(court, month[:7], viewer_id=request.account_id)
    return json_response([packets.view(case, row, opened=False) for case, row in found])


async def case_packets(court: Court, request: ApiRequest) -> Response:
    """The packets of a case, none of them open: to open one is logged, and is a `release`."""
    public_id = request.path_text("case")
    rows = await packets.of_case(court, public_id, viewer_id=request.account_id)
    case = await packets.case_of(court, public_id)
    return json_response([packets.view(case, row, opened=False) for row in rows], headers=_NOT_KEPT)


async def prepare_packet(court: Court, request: ApiRequest) -> Response:
    """Prepare a packet for the police by hand; it stays sealed."""
    form = await request.form()
    public_id = request.path_text("case")
    row = await packets.prepare(
        court, public_id, actor_id=request.account_id, reason=form.required("reason")
    )
    case = await packets.case_of(court, public_id)
    return json_response(packets.view(case, row, opened=False))


async def release_packet(court: Court, request: ApiRequest) -> Response:
    """Release a packet to a contact: the record has it first, then it is open."""
    form = await request.form()
    public_id = request.path_text("case")
    row = await packets.release(
        court,
        public_id,
        request.path("id"),
        actor_id=request.account_id,
        contact=form.text("contact") or "",
        reason=form.text("reason") or "",
    )
    case = await packets.case_of(court, public_id)
    return json_response(packets.view(case, row, opened=True), headers=_NOT_KEPT)
