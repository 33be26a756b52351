"""The jury room over HTTP: consent, summons, seats, ballots. Never visible to anyone else."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import service, views
from venire.cases.court import Court
from venire.jury import actions as jury
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid


def _juror(court: Court, status: jury.Standing) -> dict[str, Any]:
    return {
        "state": status.state,
        "opted_out_of": sorted(status.opt_outs),
        "bench": status.bench,
        "paid": status.paid,
        "eligible": not status.missing,
        "missing": list(status.missing),
        "dose": court.policy.panel.dose,
        "served_today": status.served_today,
    }


async def show(court: Court, request: ApiRequest) -> Response:
    """How the viewer stands with the jury."""
    status = await jury.standing(court.world, court.policy.jury, request.account_id)
    return json_response(_juror(court, status))


async def opt_in(court: Court, request: ApiRequest) -> Response:
    """Consent to serve, after the warning; in force from the next epoch on."""
    form = await request.form()
    if form.flag("consent") is False:
        raise Invalid("consent_missing", "service begins with consent")
    names = {category.name for category in court.policy.categories}
    opt_outs = frozenset(form.texts("opt_outs"))
    if not names.issuperset(opt_outs):
        raise Invalid("category_unknown", "opt_outs are categories of this site's policy")
    await jury.opt_in(court.world, request.account_id, opt_outs=opt_outs)
    return await show(court, request)


async def opt_out(court: Court, request: ApiRequest) -> Response:
    """Leave the jury; in force at once for new draws."""
    await jury.opt_out(court.world, request.account_id)
    return await show(court, request)


async def summons(court: Court, request: ApiRequest) -> Response:
    """The viewer's open summons: what kind of case and until when, no content."""
    found = await views.open_summons(court, request.account_id)
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
            }
            for item in found
        ]
    )


async def _at(court: Court, request: ApiRequest) -> service.SeatAt:
    return await views.seat_at(court, request.path_text("summons"), request.account_id)


async def accept(court: Court, request: ApiRequest) -> Response:
    """Take the seat; the answer is what the panel judges."""
    at = await _at(court, request)
    await service.accept(court.world, court.policy, at)
    return json_response(await views.exhibit(court, at, request.language))


async def show_seat(court: Court, request: ApiRequest) -> Response:
    """What the panel judges, again, for the juror who sits."""
    at = await _at(court, request)
    return json_response(await views.exhibit(court, at, request.language))


async def decline(court: Court, request: ApiRequest) -> Response:
    """Give the seat back, without penalty and without a reason."""
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


async def freeze_epoch(court: Court, _request: ApiRequest) -> Response:
    """Freeze the next pool now (admin); logged in the record as such."""
    epoch = await jury.freeze(court.world, court.sequencer, court.policy, frozen_by="admin")
    return json_response({"epoch": epoch.epoch, "size": epoch.size, "root": epoch.root.hex()})


async def appoint(court: Court, request: ApiRequest) -> Response:
    """Make an account a juror or a member of the bench (admin)."""
    form = await request.form()
    account_id = form.identifier("account_id")
    if account_id is None:
        raise Invalid("account_id_missing", "account_id names who is appointed")
    await jury.appoint(
        court.world,
        account_id,
        bench=bool(form.flag("bench")),
        paid=bool(form.flag("paid")),
    )
    status = await jury.standing(court.world, court.policy.jury, account_id)
    return json_response(_juror(court, status))
