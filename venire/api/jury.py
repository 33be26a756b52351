"""The jury room over HTTP: summons, seats, ballots. Never visible to anyone else.

Content is hidden until asked for: a summons and taking a seat say what kind of thing it is, and
`GET` of the seat is the asking.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response, StreamingResponse

from venire.api.admin_accounts import check_admin
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import exhibits, service, views
from venire.cases.court import Court
from venire.cases.pay import offer_to
from venire.cases.pay_statements import offer_view
from venire.jury import alert_book, warning
from venire.jury.freezing import freeze
from venire.kernel.clock import iso_ms

_MEDIUM_HEADERS: Final = {
    # Nothing of it stays with anybody: not in a cache, not under an address of its own.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}


async def summons(court: Court, request: ApiRequest) -> Response:
    """The viewer's open summons: what kind of case and until when, no content."""
    found = await views.open_summons(court, request.account_id)
    await alert_book.note_seen(court.world, request.account_id)
    if not found:
        return json_response([])
    offer = offer_view(court.policy, await offer_to(court.world, court.policy, request.account_id))
    return json_response(
        [
            {
                "id": f"{item.case.public_id}-{item.round}",
                "case": item.case.public_id,
                "round": item.round,
                "state": item.state,
                "category": item.case.category,
                "rule": court.policy.category(item.case.category).rule,
                "deadline": iso_ms(item.deadline_ms),
                "bench": item.bench,
                "warning": warning.may_hold(request.language, item.case.category),
                "pay": offer,
            }
            for item in found
        ]
    )


async def _at(court: Court, request: ApiRequest) -> service.SeatAt:
    return await views.seat_at(court, request.path_text("summons"), request.account_id)


async def accept(court: Court, request: ApiRequest) -> Response:
    """Take the seat; the answer holds no word of the post, unless `show` asks for it."""
    form = await request.form()
    at = await _at(court, request)
    await service.accept(court.world, court.policy, at)
    look = exhibits.content if form.flag("show") else exhibits.threshold
    return json_response(await look(court, at, request.language))


async def show_seat(court: Court, request: ApiRequest) -> Response:
    """What the panel judges, for the juror who sits and asks to see it."""
    at = await _at(court, request)
    return json_response(await exhibits.content(court, at, request.language))


async def show_medium(court: Court, request: ApiRequest) -> Response:
    """One picture of what the panel judges: small, unless `whole` is asked for."""
    at = await _at(court, request)
    whole = bool(request.query.flag("whole"))
    shown = await exhibits.medium(court, at, request.path("n"), whole=whole)
    return StreamingResponse(
        exhibits.pieces(court, shown),
        headers=_MEDIUM_HEADERS,
        media_type=shown.content_type,
    )


async def decline(court: Court, request: ApiRequest) -> Response:
    """Give the seat back, without penalty and without a reason; also as `skip`."""
    at = await _at(court, request)
    await service.decline(court.world, court.policy, at)
    return json_response({})


async def ballot(court: Court, request: ApiRequest) -> Response:
    """Vote, once."""
    form = await request.form()
    at = await _at(court, request)
    seat = await service.cast_ballot(
        court.world,
        court.policy,
        at,
        vote=form.required("vote"),
        category=form.text("category"),
        reason=form.text("reason") or "",
    )
    return json_response(
        {"case": request.path_text("summons").rsplit("-", 1)[0], "vote": seat.vote, "counted": True}
    )


async def freeze_epoch(court: Court, request: ApiRequest) -> Response:
    """Freeze the next pool now (admin); logged in the record as such."""
    check_admin(request)
    epoch = await freeze(court.world, court.sequencer, court.policy, frozen_by="admin")
    return json_response({"epoch": epoch.epoch, "size": epoch.size, "root": epoch.root.hex()})
