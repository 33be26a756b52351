"""Memberships and donations over HTTP: where to pay, what is paid for, and the end of renewals."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.kernel.money import Checkout
from venire.storage.tables.payments import MembershipRow
from venire.treasury import checkouts, membership_rules, memberships
from venire.treasury.desk import Money
from venire.treasury.income import Payment
from venire.treasury.membership_rules import Price
from venire.treasury.model import MOST

BACK: Final = "/membership"


def money_of(court: Court) -> Money:
    """What moves money here. NotFound `no_payments`."""
    if court.money is None:
        raise NotFound("no_payments", "This site takes no payments")
    return court.money


async def prices(court: Court, request: ApiRequest) -> Response:
    """What a membership costs here, and what donations have to keep to; amounts in minor units."""
    del request
    money = money_of(court)
    return json_response(
        {
            "memberships": [_price(money, one) for one in money.prices.memberships],
            "donations": [_price(money, one) for one in money.prices.donations],
            "grace_days": money.prices.grace_days,
        }
    )


def _price(money: Money, price: Price) -> dict[str, Any]:
    return {
        "currency": price.currency,
        "amount": price.amount,
        "digits": money.digits.of(price.currency),
        "amount_text": f"{price.currency} {money.digits.written(price.amount, price.currency)}",
        "period": price.period or None,
        "most": price.most or None,
    }


async def show(court: Court, request: ApiRequest) -> Response:
    """The viewer's own membership."""
    row = await memberships.load(court.world, request.account_id)
    return json_response(membership_view(court, row))


def membership_view(court: Court, row: MembershipRow | None) -> dict[str, Any]:
    """A membership as its member reads it: `state` none, active, grace or lapsed."""
    money = money_of(court)
    if row is None or not row.paid_until_ms:
        return {"state": "none", "paid_until": None, "renews": False, "cancelled": False}
    grace, now_ms = money.prices.grace_days, court.world.now_ms()
    return {
        "state": membership_rules.state(row.paid_until_ms, grace, now_ms),
        "paid_until": iso_ms(row.paid_until_ms),
        "renews": row.renews,
        "cancelled": row.cancelled_at_ms is not None,
        "currency": row.ledger,
        "amount": row.amount,
        "amount_text": f"{row.ledger} {money.digits.written(row.amount, row.ledger)}",
        "period": row.period,
    }


async def join(court: Court, request: ApiRequest) -> Response:
    """Begin to pay for a membership: `currency`, `amount` and `period` name one of the prices."""
    form = await request.form()
    made, checkout = await checkouts.begin(
        court.world,
        money_of(court),
        purpose="membership",
        currency=form.required("currency", limit=3),
        amount=form.integer("amount", 0, high=MOST),
        period=form.required("period", limit=10),
        account_id=request.account_id,
        back=BACK,
        language=request.language,
    )
    return json_response(_checkout_view(made, checkout))


async def donate(court: Court, request: ApiRequest) -> Response:
    """Begin to give something, without an account: `currency`, `amount`."""
    form = await request.form()
    made, checkout = await checkouts.begin(
        court.world,
        money_of(court),
        purpose="donation",
        currency=form.required("currency", limit=3),
        amount=form.integer("amount", 0, high=MOST),
        back="/donate",
        language=request.language,
    )
    return json_response(_checkout_view(made, checkout))


def _checkout_view(made: Payment, checkout: Checkout) -> dict[str, Any]:
    """Where to go and pay; nothing of who the processor is."""
    return {"payment_id": str(made.id), "url": checkout.url, "renews": checkout.renews}


async def cancel(court: Court, request: ApiRequest) -> Response:
    """End the renewals; what is paid for stays."""
    money_of(court)
    row = await memberships.cancel(court.world, request.account_id)
    return json_response(membership_view(court, row))
