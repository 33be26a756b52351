"""The jury room: consent, invitations, the seat, the ballot. Seen by the juror alone."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response, StreamingResponse

from venire.cases import exhibits, juror_exits, pay, service, views
from venire.jury import actions as jury
from venire.jury import alert_book, warning
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.web import words
from venire.web.pages.juror import affairs
from venire.web.visit import Visit

_NEVER_TO_JURORS = frozenset({"named_person", "copyright_procedure", "moderator"})
_MEDIUM_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}
_CLOCKS = tuple(
    (minutes, f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60}:{abs(minutes) % 60:02d}")
    for minutes in sorted({*range(-720, 841, 60), -210, 210, 270, 330, 345, 390, 570, 630})
)
"""Every whole hour, and the half ones at which people live."""


def _categories(visit: Visit) -> list[Any]:
    """The kinds of cases that can come before a juror."""
    return [c for c in visit.court.policy.categories if c.judges not in _NEVER_TO_JURORS]


async def show(visit: Visit) -> Response:
    """How the viewer stands with the jury, and what waits for an answer: no content."""
    account = visit.member()
    policy = visit.court.policy
    await alert_book.note_seen(visit.world, account.id)
    known = await affairs(visit, account.id)
    status = known.status
    found = await views.open_summons(visit.court, account.id)
    summons = [
        {
            "id": f"{item.case.public_id}-{item.round}",
            "state": item.state,
            "deadline_ms": item.deadline_ms,
            "bench": item.bench,
            "rule": policy.category(item.case.category).rule,
            "title": policy.category(item.case.category).title,
            "warning": warning.may_hold(visit.language, item.case.category),
        }
        for item in found
    ]
    opted_out = [c for c in policy.categories if c.name in status.opt_outs]
    years = await pay.years_of(visit.world, account.id)
    # Whoever an operator appointed has read no warning yet, and is asked like everybody else.
    asked = status.state not in {"active", "retraining"} or "no_consent" in status.missing
    return visit.page(
        "jury.html",
        # Who was drawn while leaving still sees the seat that is open.
        serves=not asked or bool(summons),
        bench=status.bench,
        summons=summons,
        missing=_missing(visit, status),
        to_train=status.state == "retraining" or "untrained" in status.missing,
        j=known.view,
        year=years[0] if years else None,
        minimum_age=policy.jury.minimum_age,
        categories=_categories(visit),
        opted_out=status.opt_outs,
        opt_outs=[visit.in_language(c.title) for c in opted_out],
        channels=known.channels,
        channel_words={name: visit.t(text) for name, text in words.CHANNELS.items()},
        clocks=_CLOCKS,
    )


def _missing(visit: Visit, status: jury.Standing) -> list[str]:
    policy = visit.court.policy.jury
    if status.bench:
        # What is asked of the pool is not asked of whom an operator named.
        return []
    return [
        visit.t(words.UNFIT[reason], age=policy.minimum_age, days=policy.minimum_account_days)
        for reason in status.missing
        # The form for it stands on the same page.
        if reason in words.UNFIT and reason != "no_consent"
    ]


async def join(visit: Visit) -> Response:
    """Consent to serve, or change what is left out."""
    account = await visit.writer()
    if not visit.form.flag("consent"):
        raise Invalid("consent_missing", "Service begins with consent")
    if visit.form.text("version", warning.VERSION, most=40) != warning.VERSION:
        raise Conflict("warning_changed", "The warning has changed: read it again first")
    known = {category.name for category in _categories(visit)}
    chosen = frozenset(visit.form.texts("opt_outs", most=40))
    if not known.issuperset(chosen):
        raise Invalid("category_unknown", "Not a category of this site's policy")
    await jury.opt_in(visit.world, account.id, opt_outs=chosen, language=visit.language)
    status = await jury.standing(visit.world, visit.court.policy.jury, account.id)
    return visit.redirect("/jury", done="opted_in_wait" if status.missing else "opted_in")


async def leave(visit: Visit) -> Response:
    """Leave the jury."""
    await juror_exits.leave(visit.court, visit.member().id)
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
    """What kind of thing the panel judges: not a word of it."""
    shown = await exhibits.threshold(visit.court, await _at(visit), visit.language)
    return _seat_page(visit, shown)


async def show_post(visit: Visit) -> Response:
    """What the panel judges, asked for, and the ballot; pictures behind curtains."""
    shown = await exhibits.content(visit.court, await _at(visit), visit.language)
    return _seat_page(visit, shown)


def _seat_page(visit: Visit, shown: dict[str, Any]) -> Response:
    return visit.page(
        "seat.html",
        e=shown,
        summons=visit.request.path_params["summons"],
        categories=_categories(visit),
    )


async def show_medium(visit: Visit) -> Response:
    """One picture of what the panel judges, for the juror who sits."""
    number = parse_id(visit.request.path_params["n"])
    if number is None:
        raise NotFound("record_not_found", "Record not found")
    whole = visit.request.query_params.get("whole") == "1"
    shown = await exhibits.medium(visit.court, await _at(visit), number, whole=whole)
    return StreamingResponse(
        exhibits.pieces(visit.court, shown), headers=_MEDIUM_HEADERS, media_type=shown.content_type
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
