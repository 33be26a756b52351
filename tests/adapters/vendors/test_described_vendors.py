"""Adapters against prism over `tests/counterparts/specs`: what breaks a description is refused.

Errors are those that the description has: prism answers with the one that is preferred.
"""

from __future__ import annotations

import os

import httpx
import pytest

from venire.adapters.payments.btcpay import BtcPay
from venire.adapters.payments.xendit import Xendit
from venire.adapters.payouts.xendit import XenditPayouts
from venire.adapters.sms.infobip import Infobip
from venire.adapters.sms.twilio import Twilio
from venire.kernel.messages import TextMessage
from venire.kernel.money import CheckoutAsk, Destination, Digits, Fact, PayoutAsk
from venire.kernel.vendors import AccountClosed, Rejected, VendorThrottled, VendorUnavailable

pytestmark = pytest.mark.anyio
ACCOUNT = "AC" + "0" * 32
MESSAGE = TextMessage("+628123456789", "Your code is 123456", "0f8fad5b-d9cb-469f", "en")
DIGITS = Digits({"IDR": 0})
CHECKOUT = CheckoutAsk(77, "IDR", 150_000, "Membership", "https://venire.example/back")
PAYOUT = PayoutAsk(
    99,
    "payout-99",
    "IDR",
    50_000,
    Destination("bank", name="Ayu Lestari", account="000000000099", channel="ID_BCA"),
    "Jury of November",
)


def where(name):
    return os.environ[f"VENIRE_COUNTERPART_PRISM_{name.upper()}"]


@pytest.fixture
async def service():
    """Makes the adapter of a vendor, at prism; closes its connections."""
    made = []

    def make(vendor, prefer=""):
        at = where(vendor.removesuffix("_payouts"))
        hook = "https://venire.example/reports"
        match vendor:
            case "twilio":
                one = Twilio(
                    ACCOUNT,
                    "a-token",
                    sender="+15005550006",
                    reports_at=hook,
                    address=at,
                    loopback=True,
                )
            case "infobip":
                one = Infobip(at, "a-key", sender="Venire", reports_at=hook, loopback=True)
            case "xendit":
                one = Xendit("xnd_key", "token", DIGITS, address=at, loopback=True)
            case "xendit_payouts":
                one = XenditPayouts("xnd_key", "token", DIGITS, address=at, loopback=True)
            case _:
                one = BtcPay(at, "key", "store-one", "secret", DIGITS, loopback=True)
        if prefer:
            (one._api._http if hasattr(one, "_api") else one._http)._headers["Prefer"] = prefer
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()


def of(*vendors):
    """Each vendor, where its prism runs."""
    marks = {name: pytest.mark.vendors(f"prism_{name.partition('_')[0]}") for name in vendors}
    return [pytest.param(name, marks=mark) for name, mark in marks.items()]


ASKS = {
    "twilio": lambda one: one.send(MESSAGE),
    "infobip": lambda one: one.send(MESSAGE),
    "xendit": lambda one: one.start(CHECKOUT),
    "xendit_payouts": lambda one: one.pay(PAYOUT),
    "btcpay": lambda one: one.start(CHECKOUT),
}


@pytest.mark.parametrize("vendor", of(*ASKS))
async def test_what_is_asked_is_as_the_vendor_describes_it(vendor, service):
    one = service(vendor)
    await one.check()
    done = await ASKS[vendor](one)
    assert done.reference


@pytest.mark.vendors("prism_twilio")
async def test_a_messaging_service_is_asked_as_described_too(service):
    one = service("twilio")
    one._sender = "MG" + "0" * 32
    assert (await one.send(MESSAGE)).reference.startswith("SM")


@pytest.mark.parametrize("vendor", of(*ASKS))
async def test_an_account_that_is_refused_is_closed(vendor, service):
    with pytest.raises(AccountClosed):
        await ASKS[vendor](service(vendor, "code=401"))


@pytest.mark.parametrize("vendor", of("twilio", "infobip", "xendit", "xendit_payouts"))
async def test_too_many_calls_are_told_with_how_long_to_wait(vendor, service):
    with pytest.raises(VendorThrottled) as caught:
        await ASKS[vendor](service(vendor, "code=429"))
    assert caught.value.retry_after_s is None or caught.value.retry_after_s > 0


@pytest.mark.parametrize("vendor", of(*ASKS))
async def test_a_vendor_that_is_broken_is_in_doubt(vendor, service):
    with pytest.raises(VendorUnavailable) as caught:
        await ASKS[vendor](service(vendor, "code=500"))
    assert caught.value.in_doubt


@pytest.mark.vendors("prism_twilio")
async def test_a_recipient_who_wants_nothing_is_asked_through_nobody_else(service):
    with pytest.raises(Rejected) as caught:
        await service("twilio", "code=400").send(MESSAGE)
    assert caught.value.said == "21610"


@pytest.mark.vendors("prism_xendit")
async def test_lists_and_refunds_are_asked_as_described(service):
    payments, payouts = service("xendit"), service("xendit_payouts")
    facts, cursor = await payments.since(1_795_000_000_000)
    assert (list(facts), cursor) == ([], "REFUND:")
    assert await payments.since(1_795_000_000_000, cursor) == ([], "")
    assert await payouts.since(1_795_000_000_000) == ([], "")
    paid = await payments.fetch("ps-67527107dda8b2513acdaef0")
    assert [(fact.kind, fact.payment_id, fact.amount) for fact in paid] == [("paid", 77, 150_000)]
    fact = Fact("paid", "77", 0, "IDR", 150_000, 77, aliases=("pr-1",))
    await payments.refund(fact, 1_000, "refund-1")
    assert (await payouts.look(PAYOUT, "")).state == "paid"


@pytest.mark.vendors("prism_btcpay")
async def test_invoices_are_listed_and_looked_at_as_described(service):
    one = service("btcpay")
    assert await one.since(1_795_000_000_000) == ([], "")
    paid = await one.fetch("inv-1")
    assert [(fact.kind, fact.payment_id, fact.amount) for fact in paid] == [("paid", 77, 500)]


@pytest.mark.vendors("prism_twilio", "prism_infobip", "prism_xendit", "prism_btcpay")
def test_the_descriptions_refuse_what_they_do_not_describe():
    """A mock that takes anything proves nothing."""
    wrong = {
        "twilio": (f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", {"data": {"To": "0812"}}),
        "infobip": ("/sms/3/messages", {"json": {"messages": [{"to": "1"}]}}),
        "xendit": ("/v2/payouts", {"json": {"reference_id": "1"}}),
        "btcpay": ("/api/v1/stores/one/invoices", {"json": {"amount": 5}}),
    }
    for vendor, (path, sent) in wrong.items():
        with httpx.Client(base_url=where(vendor), trust_env=False) as client:
            assert client.post(path, **sent).status_code == 401, vendor
            signed = {"Authorization": "Basic YTpi"}
            assert client.post(path, headers=signed, **sent).status_code in {400, 422}, vendor
