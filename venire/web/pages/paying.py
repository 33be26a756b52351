"""Memberships and gifts on pages: join, see how it stands, end the renewals; and to pay, a link.

A form of ours leads nowhere but to us (its policy says so), so paying is a page with a link to the
processor; nothing of a card is ever typed here.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.kernel.ids import parse_id
from venire.kernel.money import Destination
from venire.treasury import checkouts, destinations, membership_rules, memberships
from venire.treasury import paying as waiting
from venire.treasury.desk import Money
from venire.treasury.income import Purpose
from venire.treasury.membership_rules import Price
from venire.web.visit import Visit

_AMOUNT = 16


def _money(visit: Visit) -> Money:
    if visit.court.money is None:
        raise Invalid("price_unknown", "This site takes no payments")
    return visit.court.money


def _price(money: Money, price: Price) -> dict[str, Any]:
    return {
        "currency": price.currency,
        "amount": price.amount,
        "text": f"{price.currency} {money.digits.written(price.amount, price.currency)}",
        "period": price.period,
    }


async def show(visit: Visit) -> Response:
    """How the viewer's membership stands, and what one costs."""
    account, money = visit.member(), visit.court.money
    row = await memberships.load(visit.world, account.id)
    if money is None or row is None or not row.paid_until_ms:
        state, over_ms = "none", 0
    else:
        grace = money.prices.grace_days
        state = membership_rules.state(row.paid_until_ms, grace, visit.world.now_ms())
        over_ms = row.paid_until_ms + grace * DAY_MS
    offered = [] if money is None else [_price(money, one) for one in money.prices.memberships]
    return visit.page(
        "membership.html",
        row=row,
        state=state,
        over_ms=over_ms,
        prices=offered,
        paid=bool(_came_back(visit)),
    )


def _came_back(visit: Visit) -> int:
    """Whoever has just paid comes back before the processor has said so."""
    return parse_id(visit.request.query_params.get("paid", "")[:20]) or 0


async def join(visit: Visit) -> Response:
    """Begin to pay for a membership."""
    return await _begin(visit, "membership", "/membership", account_id=visit.member().id)


async def cancel(visit: Visit) -> Response:
    """End the renewals; what is paid for stays."""
    await memberships.cancel(visit.world, visit.member().id)
    return visit.redirect("/membership", done="renewals_ended")


async def gift(visit: Visit) -> Response:
    """What can be given, without an account."""
    money = visit.court.money
    offered = [] if money is None else [_price(money, one) for one in money.prices.donations]
    return visit.page("donate.html", prices=offered, paid=bool(_came_back(visit)))


async def give(visit: Visit) -> Response:
    """Begin to give something."""
    return await _begin(visit, "donation", "/donate")


async def _begin(
    visit: Visit, purpose: Purpose, back: str, *, account_id: int | None = None
) -> Response:
    money, form = _money(visit), visit.form
    currency = form.text("currency", most=3)
    if purpose == "donation":
        amount = _typed(money, form.text("amount", most=_AMOUNT), currency)
    else:
        amount = parse_id(form.text("amount", most=_AMOUNT)) or 0
    _, checkout = await checkouts.begin(
        visit.world,
        money,
        purpose=purpose,
        currency=currency,
        amount=amount,
        period=form.text("period", most=10) if purpose == "membership" else "",
        account_id=account_id,
        back=back,
        language=visit.language,
    )
    text = f"{currency} {money.digits.written(amount, currency)}"
    return visit.page("pay_here.html", url=checkout.url, text=text, renews=checkout.renews)


def _typed(money: Money, text: str, currency: str) -> int:
    """An amount as people write it, `12.50`. Invalid `amount_not_allowed`."""
    whole, _, part = text.strip().replace(",", ".").partition(".")
    digits = money.digits.of(currency)
    plain = f"{whole}{part}"
    if not (plain.isascii() and plain.isdigit()) or len(part) > digits:
        raise Invalid("amount_not_allowed", "This is no amount", least=1)
    return int(f"{whole}{part.ljust(digits, '0')}")


# where jurors are paid


async def choose_destination(visit: Visit) -> Response:
    """Choose the account that a juror is paid at."""
    account, form = visit.member(), visit.form
    said = {
        name: form.text(name, most=100) for name in ("name", "iban", "account", "bic", "channel")
    }
    to = Destination(way="bank", **said)
    await destinations.choose(visit.world, _money(visit), account.id, to)
    await waiting.wake(visit.world, account.id)
    return visit.redirect("/jury/statement", done="destination_chosen")


async def forget_destination(visit: Visit) -> Response:
    """Take it back; what is owed stays owed."""
    await destinations.forget(visit.world, visit.member().id)
    return visit.redirect("/jury/statement", done="destination_forgotten")
