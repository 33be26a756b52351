"""The jury room: consent, invitations, the seat, the ballot. Seen by the juror alone."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.cases import service, views
from venire.jury import actions as jury
from venire.kernel.errors import Invalid
from venire.web import words
from venire.web.visit import Visit

_NEVER_TO_JURORS = frozenset({"named_person", "copyright_procedure", "moderator"})


def _categories(visit: Visit) -> list[Any]:
    """The kinds of cases that can come before a juror."""
    return [c for c in visit.court.policy.categories if c.judges not in _NEVER_TO_JURORS]


async def show(visit: Visit) -> Response:
    """How the viewer stands with the jury, and what waits for an answer: no content."""
    account = visit.member()
    policy = visit.court.policy
    status = await jury.standing(visit.world, policy.jury, account.id)
    found = await views.open_summons(visit.court, account.id)
    summons = [
        {
            "id": f"{item.case.public_id}-{item.round}",
            "state": item.state,
            "deadline_ms": item.deadline_ms,
            "bench": item.bench,
            "rule": policy.category(item.case.category).rule,
            "title": policy.category(item.case.category).title,
        }
        for item in found
    ]
    opted_out = [c for c in policy.categories if c.name in status.opt_outs]
    return visit.page(
        "jury.html",
        # Who was drawn while leaving still sees the seat that is open.
        serves=status.state == "active" or bool(summons),
        bench=status.bench,
        summons=summons,
        missing=_missing(visit, status),
        dose=policy.panel.dose,
        minimum_age=policy.jury.minimum_age,
        categories=_categories(visit),
        opted_out=status.opt_outs,
        opt_outs=[visit.in_language(c.title) for c in opted_out],
    )


def _missing(visit: Visit, status: jury.Standing) -> list[str]:
    policy = visit.court.policy.jury
    return [
        visit.t(words.UNFIT[reason], age=policy.minimum_age, days=policy.minimum_account_days)
        for reason in status.missing
        if reason in words.UNFIT
    ]


async def join(visit: Visit) -> Response:
    """Consent to serve, or change what is left out."""
    account = await visit.writer()
    if not visit.form.flag("consent"):
        raise Invalid("consent_missing", "Service begins with consent")
    known = {category.name for category in _categories(visit)}
    chosen = frozenset(visit.form.texts("opt_outs", most=40))
    if not known.issuperset(chosen):
        raise Invalid("category_unknown", "Not a category of this site's policy")
    await jury.opt_in(visit.world, account.id, opt_outs=chosen)
    return visit.redirect("/jury", done="opted_in")


async def leave(visit: Visit) -> Response:
    """Leave the jury."""
    await jury.opt_out(visit.world, visit.member().id)
    return visit.redirect("/jury", done="opted_out")


async def _at(visit: Visit) -> service.SeatAt:
    summons = visit.request.path_params["summons"]
    return await views.seat_at(visit.court, summons, visit.member().id)


async def accept(visit: Visit) -> Response:
    """Take the seat."""
    await visit.writer()
    await service.accept(visit.world, visit.court.policy, await _at(visit))
    return visit.redirect(f"/jury/{visit.request.path_params['summons']}")


async def decline(visit: Visit) -> Response:
    """Give the seat back, without penalty and without a reason."""
    await service.decline(visit.world, visit.court.policy, await _at(visit))
    return visit.redirect("/jury", done="declined")


async def show_seat(visit: Visit) -> Response:
    """What the panel judges, behind a curtain, and the ballot."""
    shown = await views.exhibit(visit.court, await _at(visit), visit.language)
    return visit.page(
        "seat.html",
        e=shown,
        summons=visit.request.path_params["summons"],
        categories=_categories(visit),
    )


async def vote(visit: Visit) -> Response:
    """Cast the ballot, once."""
    await visit.writer()
    await service.cast_ballot(
        visit.world,
        visit.court.policy,
        await _at(visit),
        vote=visit.form.text("vote", most=20),
        category=visit.form.text("category", most=40) or None,
        reason=visit.form.text("reason"),
    )
    return visit.redirect("/jury", done="voted")
