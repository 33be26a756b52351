"""What our adapters ask, beside what the vendors' own libraries ask for the same."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.counterparts import ask_oracle
from tests.counterparts.recorder import Recorder
from venire.adapters.payments.signatures import signed_hex
from venire.adapters.payments.stripe import Stripe
from venire.adapters.payments.stripe_api import VERSION
from venire.adapters.payments.xendit import Xendit
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.adapters.payouts.xendit import XenditPayouts
from venire.adapters.sms.infobip import Infobip
from venire.adapters.sms.twilio import Twilio
from venire.kernel.clock import SystemClock
from venire.kernel.messages import TextMessage
from venire.kernel.money import CheckoutAsk, Destination, Digits, Fact, Forged, PayoutAsk
from venire.kernel.vendors import VendorFault

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("oracles")]
ACCOUNT = "AC" + "0" * 32
MESSAGE = TextMessage("+628123456789", "Kode Anda: 123456 & Ünïcode", "0f8fad5b-d9cb-469f", "id")
DIGITS = Digits({"IDR": 0})
BANK = Destination("bank", name="Ayu Lestari", account="000000000099", channel="ID_BCA")
HOOK = "https://venire.example/reports"
SAME = ("authorization", "content-type", "idempotency-key", "stripe-version")


def theirs(call, said, answer=None):
    """What the vendor's library asks."""
    python = os.environ["VENIRE_COUNTERPART_ORACLES"]
    with Recorder(answer) as recorder:
        told = subprocess.run(
            [python, ask_oracle.__file__, call, recorder.address],
            input=json.dumps(said),
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"], "HOME": str(Path.home())},
        )
    assert recorder.asked, told.stderr
    return recorder.asked[0]


def said_by(call, said):
    """What the vendor's library answers by itself."""
    python = os.environ["VENIRE_COUNTERPART_ORACLES"]
    done = subprocess.run(
        [python, ask_oracle.__file__, call, "nowhere"],
        input=json.dumps(said),
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home())},
    )
    assert not done.stderr, done.stderr
    return done.stdout


async def ours(make, act, answer=None):
    """What our adapter asks; what it makes of the answer is not looked at here."""
    with Recorder(answer) as recorder:
        service = make(recorder.address)
        try:
            await act(service)
        except VendorFault:
            pass
        finally:
            await service.close()
    assert recorder.asked
    return recorder.asked[0]


def check_same(mine, oracle, *, left_out=()):
    assert (mine.method, mine.path) == (oracle.method, oracle.path)
    assert mine.query == oracle.query
    assert mine.body == oracle.body
    for name in SAME:
        if name not in left_out:
            one, other = (each.headers.get(name, "").partition(";")[0] for each in (mine, oracle))
            assert one == other, name


async def test_a_text_message_by_twilio_is_what_its_library_sends():
    callback = f"{HOOK}?key={MESSAGE.key}"
    said = {"account": ACCOUNT, "token": "a-token"}
    said["message"] = {
        "to": MESSAGE.to,
        "from_": "+15005550006",
        "body": MESSAGE.text,
        "validity_period": MESSAGE.valid_s,
        "status_callback": callback,
    }
    mine = await ours(
        lambda at: Twilio(
            ACCOUNT, "a-token", sender="+15005550006", reports_at=HOOK, address=at, loopback=True
        ),
        lambda service: service.send(MESSAGE),
    )
    check_same(mine, theirs("twilio_message", said))


async def test_a_text_message_by_infobip_is_what_its_library_makes_of_it():
    mine = await ours(
        lambda at: Infobip(at, "a-key", sender="Venire", reports_at=HOOK, loopback=True),
        lambda service: service.send(MESSAGE),
    )
    check_same(mine, theirs("infobip_message", {"key": "a-key", "body": mine.body}))


STRIPE_CHECKOUT = {
    "client_reference_id": "77",
    "metadata": {"payment_id": "77"},
    "success_url": "https://venire.example/back?paid=77",
    "cancel_url": "https://venire.example/back",
    "locale": "id",
}


@pytest.mark.parametrize("period", ["", "month"])
async def test_a_checkout_by_stripe_is_what_its_library_asks(period):
    price = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Membership"}}
    carrier = {"metadata": {"payment_id": "77"}}
    params = STRIPE_CHECKOUT | {
        "mode": "subscription" if period else "payment",
        "subscription_data" if period else "payment_intent_data": carrier,
        "line_items": [
            {"quantity": 1, "price_data": price | {"recurring": {"interval": period}}}
            if period
            else {"quantity": 1, "price_data": price}
        ],
    }
    ask = CheckoutAsk(
        77, "USD", 500, "Membership", "https://venire.example/back", period=period, language="id"
    )
    mine = await ours(
        lambda at: Stripe("sk_test_1", "whsec", Digits(), address=at, loopback=True),
        lambda service: service.start(ask),
    )
    said = {"call": "checkout.sessions.create", "names": [], "params": params}
    check_same(mine, stripe(said, "checkout-77"))


def stripe(said, again):
    return theirs("stripe_call", {"key": "sk_test_1", "version": VERSION, "again": again, **said})


async def test_a_refund_by_stripe_is_what_its_library_asks():
    params = {"payment_intent": "pi_1", "amount": 100, "metadata": {"payment_id": "77"}}
    mine = await ours(
        lambda at: Stripe("sk_test_1", "whsec", Digits(), address=at, loopback=True),
        lambda service: service.refund(Fact("paid", "pi_1", 0, "USD", 500, 77), 100, "refund-1"),
    )
    check_same(mine, stripe({"call": "refunds.create", "names": [], "params": params}, "refund-1"))


async def test_a_payout_by_stripe_is_what_its_library_asks():
    ask = PayoutAsk(
        99, "key-99", "USD", 1_200, Destination("connect", account="acct_12345678"), "x"
    )
    params = {
        "amount": 1200,
        "currency": "usd",
        "destination": "acct_12345678",
        "transfer_group": "payout-99",
        "metadata": {"payout_id": "99"},
        "description": "x",
    }
    mine = await ours(
        lambda at: StripeConnect("sk_test_1", "whsec", Digits(), address=at, loopback=True),
        lambda service: service.pay(ask),
    )
    check_same(mine, stripe({"call": "transfers.create", "names": [], "params": params}, "key-99"))


async def test_a_list_by_stripe_is_what_its_library_asks():
    params = {
        "created": {"gte": 1_795_000_000},
        "limit": 100,
        "expand": ["data.balance_transaction", "data.invoice"],
    }
    mine = await ours(
        lambda at: Stripe("sk_test_1", "whsec", Digits(), address=at, loopback=True),
        lambda service: service.since(1_795_000_000_000),
    )
    oracle = stripe({"call": "charges.list", "names": [], "params": params}, None)
    check_same(mine, oracle, left_out=("content-type", "idempotency-key"))


async def test_a_payout_by_xendit_is_what_its_library_asks():
    ask = PayoutAsk(99, "key-99", "IDR", 50_000, BANK, "Jury of November")
    mine = await ours(
        lambda at: XenditPayouts("xnd_key", "token", DIGITS, address=at, loopback=True),
        lambda service: service.pay(ask),
    )
    said = {"key": "xnd_key", "again": "key-99", "body": mine.body}
    check_same(mine, theirs("xendit_payout", said))


async def test_a_refund_by_xendit_is_what_its_library_asks():
    fact = Fact("paid", "77", 0, "IDR", 150_000, 77, aliases=("pr-1",))
    mine = await ours(
        lambda at: Xendit("xnd_key", "token", DIGITS, address=at, loopback=True),
        lambda service: service.refund(fact, 1_000, "refund-1"),
    )
    said = {"key": "xnd_key", "again": "refund-1", "body": mine.body}
    check_same(mine, theirs("xendit_refund", said))


async def test_a_list_by_xendit_is_what_its_library_asks():
    mine = await ours(
        lambda at: Xendit("xnd_key", "token", DIGITS, address=at, loopback=True),
        lambda service: service.since(
            1_795_000_000_000, "PAYMENT:txn_13dd178d-41fa-40b7-8fd3-f2bec13acec1"
        ),
    )
    query = dict(mine.query)
    said = {"key": "xnd_key", "type": "PAYMENT", "limit": 50, "from": query["created[gte]"]}
    oracle = theirs(
        "xendit_transactions", {**said, "after": "txn_13dd178d-41fa-40b7-8fd3-f2bec13acec1"}
    )
    told = dict(oracle.query)
    assert (mine.method, mine.path) == (oracle.method, oracle.path)
    assert mine.headers["authorization"] == oracle.headers["authorization"]
    # Of a range its library makes one field; the reference has `created[gte]`, as we send it.
    assert told.keys() - {"created"} == query.keys() - {"created[gte]"}
    assert (told["types"], told["after_id"]) == (query["types"], query["after_id"])
    assert float(told["limit"]) == float(query["limit"])


async def test_a_balance_by_xendit_is_what_its_library_asks():
    mine = await ours(
        lambda at: Xendit("xnd_key", "token", DIGITS, address=at, loopback=True),
        lambda service: service.check(),
    )
    oracle = theirs("xendit_balance", {"key": "xnd_key"})
    assert (mine.method, mine.path) == (oracle.method, oracle.path)
    assert mine.headers["authorization"] == oracle.headers["authorization"]


FIELDS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+628123456789", "Empty": ""}


@pytest.mark.parametrize("query", ["", "?key=0f8fad5b-d9cb-469f"])
def test_a_receipt_that_twilio_signs_is_believed_and_one_that_is_bent_is_not(query):
    service = Twilio(ACCOUNT, "a-token", sender="+15005550006", reports_at=HOOK)
    said = {"token": "a-token", "url": HOOK + query, "fields": FIELDS}
    signature = said_by("twilio_signature", said)
    assert service.signature(HOOK + query, list(FIELDS.items())).decode() == signature
    raw, headers = urlencode(FIELDS).encode(), {"x-twilio-signature": signature}
    reports = service.read_reports(raw, headers, query.removeprefix("?"), 0)
    assert [one.state for one in reports] == (["delivered"] if query else [])
    with pytest.raises(Forged):
        service.read_reports(raw.replace(b"delivered", b"failed"), headers, query.lstrip("?"), 0)


def test_a_webhook_that_we_take_is_one_that_stripes_library_takes():
    service = Stripe("sk_test_1", "whsec_1", Digits())
    # Its library looks at the real time.
    now_s = SystemClock().now_ms() // 1_000
    event = {"id": "evt_1", "object": "event", "type": "checkout.session.expired", "created": now_s}
    event["data"] = {"object": {"id": "cs_1", "client_reference_id": "77", "status": "expired"}}
    raw = json.dumps(event)
    for secret, taken in (("whsec_1", True), ("whsec_2", False)):
        header = f"t={now_s},v1={signed_hex(secret, f'{now_s}.{raw}'.encode())}"
        theirs_ = said_by("stripe_event", {"body": raw, "header": header, "secret": "whsec_1"})
        assert theirs_ == ("evt_1" if taken else "SignatureVerificationError")
        given = {"stripe-signature": header}
        if taken:
            assert service.read_webhook(raw.encode(), given, now_s * 1_000).id == "evt_1"
        else:
            with pytest.raises(Forged):
                service.read_webhook(raw.encode(), given, now_s * 1_000)
