"""Copyright: notices from anybody, counter-notices from uploaders (`cases/copyright_desk.py`)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.form import Form
from venire.api.paging import page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import copyright_desk as desk
from venire.cases import copyright_parties as parties
from venire.cases import month_lists, views
from venire.cases.copyright_model import Counter, Notice
from venire.cases.court import Court

_PRIVATE = {"Cache-Control": "no-store"}
_TEXT = 10_000


def notice_of(form: Form) -> Notice:
    """What a claimant states, as it was sent."""
    return Notice(
        name=form.text("name", limit=_TEXT) or "",
        email=form.text("email", limit=_TEXT) or "",
        address=form.text("address", limit=_TEXT) or "",
        phone=form.text("phone", limit=_TEXT) or "",
        owner=form.text("owner", limit=_TEXT) or "",
        work=form.text("work", limit=_TEXT) or "",
        urls=tuple(url.strip() for url in form.texts("urls") if url.strip()),
        good_faith=bool(form.flag("good_faith")),
        accurate=bool(form.flag("accurate")),
        signature=form.text("signature", limit=_TEXT) or "",
    )


async def create(court: Court, request: ApiRequest) -> Response:
    """Take a notice in. The secret is told once: it opens the claimant's own view."""
    row, secret = await desk.receive(court, notice_of(await request.form()))
    found = await parties.claimant_view(court, row)
    return json_response({**found, "secret": secret}, 202, headers=_PRIVATE)


async def index(court: Court, request: ApiRequest) -> Response:
    """A page of the notices of a month, newest first (moderators, none of what is their own)."""
    month = request.query.text("month", limit=7) or views.month_of(court.world.now_ms())
    span = month_lists.Span(**page_of(request, month_lists.PAGE, 100).bounds)
    page = await desk.of_month(court.world, month, span)
    shown = await parties.moderator_list(court, page.rows, request.account_id)
    return paged_response(court.world, request, shown, page.ids, more=page.more)


async def show(court: Court, request: ApiRequest) -> Response:
    """A notice as its reader may see it: its uploader their copy, other moderators all of it."""
    return json_response(await _seen(court, request), headers=_PRIVATE)


async def _seen(court: Court, request: ApiRequest) -> dict[str, Any]:
    viewer = request.viewer
    row = await desk.load(court.world, request.path("id"))
    moderates = viewer is not None and viewer.role in {"moderator", "admin"}
    if moderates and not await parties.is_uploader(court, row, request.account_id):
        return await parties.moderator_view(court, row)
    return await parties.uploader_view(court, row, request.account_id)


async def accept(court: Court, request: ApiRequest) -> Response:
    """Have what it names removed."""
    row = await desk.accept(court, request.path("id"), actor_id=request.account_id)
    return json_response(await parties.moderator_view(court, row))


async def refuse(court: Court, request: ApiRequest) -> Response:
    """Refuse it, with reasons."""
    form = await request.form()
    row = await desk.refuse(
        court,
        request.path("id"),
        actor_id=request.account_id,
        reason=form.required("reason", limit=_TEXT),
    )
    return json_response(await parties.moderator_view(court, row))


async def counter(court: Court, request: ApiRequest) -> Response:
    """The uploader's answer: the post comes back unless an action is filed in time."""
    form = await request.form()
    given = Counter(
        name=form.text("name", limit=_TEXT) or "",
        address=form.text("address", limit=_TEXT) or "",
        contact=form.text("contact", limit=_TEXT) or "",
        mistake=bool(form.flag("mistake")),
        jurisdiction=bool(form.flag("jurisdiction")),
        signature=form.text("signature", limit=_TEXT) or "",
        text=form.text("text", limit=_TEXT) or "",
    )
    item = await desk.counter(
        court, request.path("id"), request.path("n"), given, account_id=request.account_id
    )
    return json_response(desk.item_view(item))


async def claimant(court: Court, request: ApiRequest) -> Response:
    """What became of a notice, to whoever knows its secret."""
    form = await request.form()
    secret = form.text("secret", limit=200) or ""
    row = await desk.claimant(court.world, request.path("id"), secret)
    return json_response(await parties.claimant_view(court, row), headers=_PRIVATE)


async def withdraw(court: Court, request: ApiRequest) -> Response:
    """The claimant takes the notice back."""
    form = await request.form()
    row = await desk.withdraw(court, request.path("id"), form.text("secret", limit=200) or "")
    return json_response(await parties.claimant_view(court, row), headers=_PRIVATE)


async def filed(court: Court, request: ApiRequest) -> Response:
    """The claimant has gone to court: the post stays removed."""
    form = await request.form()
    secret = form.text("secret", limit=200) or ""
    await desk.note_filed(
        court,
        request.path("id"),
        request.path("n"),
        secret,
        form.text("filed", limit=_TEXT) or "",
    )
    row = await desk.claimant(court.world, request.path("id"), secret)
    return json_response(await parties.claimant_view(court, row), headers=_PRIVATE)
