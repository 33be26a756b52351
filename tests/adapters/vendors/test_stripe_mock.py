"""The Stripe adapters against stripe-mock: every parameter checked by Stripe's own description."""

from __future__ import annotations

import os

import pytest

from venire.adapters.payments.stripe import Stripe
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.kernel.money import CheckoutAsk, Destination, Digits, Fact, PayoutAsk
from venire.kernel.vendors import AccountClosed, Rejected, VendorUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("stripe")]
BACK = "https://venire.example/back"


@pytest.fixture
async def made():
    """Makes an adapter at stripe-mock; closes its connections."""
    open_ = []

    def make(kind, key="sk_test_venire"):
        address = os.environ["VENIRE_COUNTERPART_STRIPE"]
        open_.append(kind(key, "whsec_x", Digits(), address=address, loopback=True))
        return open_[-1]

    yield make
    for one in open_:
        await one.close()


@pytest.mark.parametrize("period", ["", "month", "year"])
@pytest.mark.parametrize(("currency", "amount"), [("USD", 500), ("JPY", 700), ("IDR", 7_000_000)])
async def test_a_checkout_is_begun_once_or_again_and_again(made, period, currency, amount):
    ask = CheckoutAsk(77, currency, amount, "Membership", BACK, period=period, language="id")
    begun = await made(Stripe).start(ask)
    assert begun.reference.startswith("cs_")
    assert begun.url.startswith("https://")
    assert begun.renews is bool(period)


async def test_what_was_paid_is_listed_whole_with_refunds_and_disputes(made):
    service, cursor, parts = made(Stripe), "", []
    for _ in range(10):
        _, cursor = await service.since(1_795_000_000_000, cursor)
        parts.append(cursor.partition(":")[0])
        if not cursor:
            break
    assert parts == ["refunds", "disputes", ""]


async def test_a_checkout_is_looked_at_and_paid_back_and_a_renewal_is_ended(made):
    service = made(Stripe)
    await service.check()
    await service.fetch("cs_test_1")
    await service.refund(Fact("paid", "pi_1", 0, "USD", 500, 77), 100, "refund-1")
    await service.cancel("sub_1")


async def test_a_juror_is_paid_and_how_stripe_knows_them_is_seen(made):
    service = made(StripeConnect)
    to = Destination("connect", account="acct_1032D82eZvKYlo2C")
    ask = PayoutAsk(99, "payout-99", "USD", 1_200, to, "Jury of November")
    await service.check()
    paid = await service.pay(ask)
    assert (paid.state, paid.reference[:3]) == ("paid", "tr_")
    assert (await service.look(ask, paid.reference)).state == "paid"
    # It keeps nothing, so what it lists is somebody else's.
    with pytest.raises(VendorUnavailable, match="answer_of_another"):
        await service.look(ask, "")
    assert (await service.payee(to)).state
    await service.since(1_795_000_000_000)


async def test_a_key_that_is_none_is_an_account_that_is_refused(made):
    with pytest.raises(AccountClosed):
        await made(Stripe, "not-a-key").check()


async def test_what_stripe_does_not_know_is_refused(made):
    service = made(Stripe)
    with pytest.raises(Rejected):
        await service._api.post("/v1/checkout/sessions", {"mode": "gift"}, "key")
