"""Our calls to Stripe against `stripe-mock`, which holds its published OpenAPI document.

It has no memory and sends no webhooks: what is tried here is that each call is one that Stripe
knows, with parameters that it takes, and that its own shapes are read.
"""

from __future__ import annotations

import os

import pytest

from venire.adapters.payments.stripe import Stripe
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.kernel.money import CheckoutAsk, Destination, Digits, Fact, PayoutAsk
from venire.kernel.vendors import VendorUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("stripe"), pytest.mark.loopback]

MOCK = os.environ.get("VENIRE_COUNTERPART_STRIPE", "http://127.0.0.1:12111")
KEY = "sk_test_123"


@pytest.fixture
async def way():
    adapter = Stripe(KEY, "whsec", Digits(), address=MOCK, loopback=True)
    yield adapter
    await adapter.close()


@pytest.fixture
async def payer():
    adapter = StripeConnect(KEY, "whsec", Digits(), address=MOCK, loopback=True)
    yield adapter
    await adapter.close()


@pytest.mark.parametrize("period", ["", "month", "year"])
async def test_a_checkout_is_one_that_stripe_knows(way, period):
    ask = CheckoutAsk(7, "EUR", 500, "Venire", "https://v.test/membership", period, "id")
    made = await way.start(ask)
    assert made.reference.startswith("cs_")
    assert made.url


async def test_checks_lists_refunds_and_ends_are_calls_that_stripe_knows(way):
    await way.check()
    cursor, parts = "", []
    for _ in range(6):
        facts, cursor = await way.since(1_767_225_600_000, cursor)
        parts.append(cursor.partition(":")[0])
        assert all(fact.reference and fact.at_ms for fact in facts)
        if not cursor:
            break
    assert {"refunds", "disputes"} <= set(parts)
    await way.fetch("cs_test_1")
    fact = Fact("paid", "pi_1", 1, "EUR", 500, 7)
    await way.refund(fact, 100, "refund-7")
    await way.cancel("sub_1")


async def test_payouts_are_calls_that_stripe_knows(payer):
    await payer.check()
    to = Destination("connect", account="acct_1Mock00000000")
    ask = PayoutAsk(7, "payout-7-0", "EUR", 500, to, "juror pay")
    seen = await payer.pay(ask)
    assert seen.reference.startswith("tr_")
    assert seen.state in {"paid", "failed"}
    await payer.look(ask, seen.reference)
    # It keeps nothing, so what it lists is somebody else's.
    with pytest.raises(VendorUnavailable, match="answer_of_another"):
        await payer.look(ask, "")
    await payer.since(1_767_225_600_000)
    payee = await payer.payee(to)
    assert payee.state
