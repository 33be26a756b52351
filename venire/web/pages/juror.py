"""A juror's own affairs: alerts, pause, statement, payouts. Seen by the juror alone."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from venire.cases import juror_exits, pay_statements
from venire.cases.juror_views import juror_view
from venire.jury import actions as jury
from venire.jury import choices
from venire.kernel.errors import Invalid
from venire.kernel.ids import parse_id
from venire.people import unsubscribing
from venire.people.letters import SUMMONS
from venire.people.unsubscribing import Stop
from venire.treasury import destinations, payouts
from venire.web import words
from venire.web.visit import Visit


class Affairs(msgspec.Struct, frozen=True):
    """What the jury room is made from."""

    status: jury.Standing
    view: dict[str, Any]
    channels: tuple[str, ...] = choices.USUAL


async def affairs(visit: Visit, account_id: int) -> Affairs:
    """How the viewer stands with the jury, and what they chose."""
    status = await jury.standing(visit.world, visit.court.policy.jury, account_id)
    view = await juror_view(visit.court, account_id, visit.language)
    # A way that this site does not have is offered to nobody.
    there = {"sms": visit.court.phones, "chat": visit.court.chats}
    ways = tuple(name for name in choices.CHANNELS if there.get(name, True) is not None)
    return Affairs(status, view, ways)


async def choose_alerts(visit: Visit) -> Response:
    """Choose how and when one hears of a summons."""
    account = visit.member()
    named = [name for name in visit.form.texts("channels", most=20) if name]
    start, end = (choices.read_time(visit.form.text(n, most=8)) for n in ("quiet_from", "quiet_to"))
    offset = visit.form.text("utc_offset", "0", most=5)
    if not offset.removeprefix("-").isdecimal():
        raise Invalid("quiet_hours_invalid", "Quiet hours are times of the day")
    choices.check_quiet(start, end, int(offset))
    await choices.choose(
        visit.world,
        account.id,
        channels=choices.check_channels(named),
        quiet_from=start,
        quiet_to=end,
        utc_offset=int(offset),
    )
    if "mail" in named:
        # Whoever chooses letters here wants them again.
        await unsubscribing.resume(visit.world, Stop(account.id, SUMMONS))
    return visit.redirect("/jury", done="chosen_alerts")


async def pause(visit: Visit) -> Response:
    """Be asked nothing for some days; 0 ends it."""
    account = visit.member()
    days = parse_id(visit.form.text("days", "0", most=4))
    if days is None:
        raise Invalid("pause_invalid", "A pause has 1 to 366 days; 0 ends it")
    await juror_exits.pause(visit.court, account.id, days)
    return visit.redirect("/jury", done="paused" if days else "pause_over")


async def statement(visit: Visit) -> Response:
    """What the viewer has served and earned."""
    account = visit.member()
    shown = await pay_statements.statements(visit.world, visit.court.policy, account.id)
    view = await juror_view(visit.court, account.id, visit.language)
    return visit.page(
        "jury_statement.html",
        s=shown,
        paid=view["paid"],
        pay=view["pay"],
        payout_words={state: visit.t(text) for state, text in words.PAYOUTS.items()},
        destination=await destinations.shown(visit.world, account.id),
        payable=visit.court.money is not None,
    )


async def ask_payout(visit: Visit) -> Response:
    """Ask for all that is owed in a currency."""
    account = visit.member()
    currency = visit.form.text("currency", most=3) or visit.court.policy.pay.currency
    await payouts.ask(visit.world, currency, account.id)
    return visit.redirect("/jury/statement", done="payout_asked")


async def withdraw_payout(visit: Visit) -> Response:
    """Take a payout back that nobody has taken up."""
    account = visit.member()
    payout_id = parse_id(visit.request.path_params["payout"]) or 0
    now = visit.court.policy.pay.currency
    currency = await payouts.ledger_of(visit.world, now, account.id, payout_id)
    await payouts.move(visit.world, currency, account.id, payout_id, "withdrawn")
    return visit.redirect("/jury/statement", done="payout_withdrawn")
