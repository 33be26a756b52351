"""A juror's own affairs over HTTP: consent, pause, alerts, statements, payouts. For them alone."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import found_conflicts, juror_exits, pay_statements
from venire.cases.court import Court
from venire.cases.juror_views import juror_view
from venire.jury import actions as jury
from venire.jury import alert_book, choices, warning
from venire.kernel.errors import Conflict, Invalid
from venire.people import store as people
from venire.treasury import payouts
from venire.treasury.model import MOST

_CLOCK: Final = 5


async def show(court: Court, request: ApiRequest) -> Response:
    """How the viewer stands with the jury, and what is missing for a seat."""
    await alert_book.note_seen(court.world, request.account_id)
    return json_response(await juror_view(court, request.account_id, request.language))


async def opt_in(court: Court, request: ApiRequest) -> Response:
    """Consent to serve, after the warning; in force from the next epoch on.

    `consent` has to be said; `version`, if given, is the warning that was shown.
    """
    form = await request.form()
    said = form.flag("consent")
    if said is False or (said is None and not court.world.site.acceptance):
        raise Invalid("consent_missing", "service begins with consent")
    if form.text("version", warning.VERSION, limit=40) != warning.VERSION:
        raise Conflict("warning_changed", "The warning has changed: read it again first")
    names = {category.name for category in court.policy.categories}
    opt_outs = frozenset(form.texts("opt_outs"))
    if not names.issuperset(opt_outs):
        raise Invalid("category_unknown", "opt_outs are categories of this site's policy")
    await jury.opt_in(court.world, request.account_id, opt_outs=opt_outs, language=request.language)
    return await show(court, request)


async def opt_out(court: Court, request: ApiRequest) -> Response:
    """Leave the jury; in force at once, and open seats go on to others."""
    await juror_exits.leave(court, request.account_id)
    return await show(court, request)


async def pause(court: Court, request: ApiRequest) -> Response:
    """Be asked nothing for `days`; 0 ends it."""
    days = (await request.form()).integer("days", 0, high=10_000)
    await juror_exits.pause(court, request.account_id, days)
    return await show(court, request)


async def choose_alerts(court: Court, request: ApiRequest) -> Response:
    """Choose how and when one hears of a summons: `channels`, `quiet_from`, `quiet_to`."""
    form = await request.form()
    changed: dict[str, object] = {}
    if "channels" in form:
        changed["channels"] = choices.check_channels(form.texts("channels", limit=20))
    if "quiet_from" in form or "quiet_to" in form:
        start, end = (
            choices.read_time(form.required(name, limit=_CLOCK))
            for name in ("quiet_from", "quiet_to")
        )
        offset = form.integer("utc_offset", 0, low=-12 * 60, high=14 * 60)
        choices.check_quiet(start, end, offset)
        changed |= {"quiet_from": start, "quiet_to": end, "utc_offset": offset}
    await choices.choose(court.world, request.account_id, **changed)
    return await show(court, request)


async def statements(court: Court, request: ApiRequest) -> Response:
    """What the viewer has served and earned, month by month, and what became of it."""
    return json_response(
        await pay_statements.statements(court.world, court.policy, request.account_id)
    )


async def ask_payout(court: Court, request: ApiRequest) -> Response:
    """Ask for what is owed, or `amount` of it in minor units; `currency`: of former pay."""
    form = await request.form()
    amount = form.integer("amount", 0, high=MOST) if "amount" in form else None
    currency = form.text("currency", limit=3) or court.policy.pay.currency
    made = await payouts.ask(court.world, currency, request.account_id, amount)
    return json_response(pay_statements.payout_view(court.policy, made))


async def withdraw_payout(court: Court, request: ApiRequest) -> Response:
    """Take back a payout that nobody has taken up."""
    payout_id = request.path("id")
    account_id, currency = request.account_id, court.policy.pay.currency
    currency = await payouts.ledger_of(court.world, currency, account_id, payout_id)
    moved = await payouts.move(court.world, currency, account_id, payout_id, "withdrawn")
    return json_response(pay_statements.payout_view(court.policy, moved))


# for admins


async def found_conflicted(court: Court, request: ApiRequest) -> Response:
    """A juror of a case has a tie to it: the ballot is struck, or the verdict judged again."""
    check_admin(request)
    form = await request.form()
    account_id = form.identifier("account_id")
    if account_id is None or await people.load_account(court.world, account_id) is None:
        raise Invalid("account_id_missing", "account_id names whose seat it is")
    outcome = await found_conflicts.found_conflicted(
        court,
        request.path_text("case"),
        account_id,
        actor_id=request.account_id,
        reason=form.required("reason", limit=found_conflicts.REASON_CHARACTERS),
    )
    return json_response({"outcome": outcome})
