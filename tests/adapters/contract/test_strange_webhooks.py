"""Webhooks that are genuine and make no sense: read as nothing, or refused; never a crash."""

from __future__ import annotations

import copy

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.adapters.payments.btcpay import BtcPay
from venire.adapters.payments.signatures import signed_hex
from venire.adapters.payments.stripe import Stripe
from venire.adapters.payments.xendit import Xendit
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.adapters.payouts.xendit import XenditPayouts
from venire.kernel.clock import iso_ms
from venire.kernel.money import Digits, Fact, Forged, Notice
from venire.kernel.vendors import VendorUnavailable

NOW_MS = 1_767_225_600_000
SECRET = "secret"
STRIPE = Stripe("sk", SECRET, Digits())
XENDIT = Xendit("xnd", SECRET, Digits())
BTCPAY = BtcPay("https://pay.test", "k", "s", SECRET, Digits())
CONNECT = StripeConnect("sk", SECRET, Digits())
XENDIT_PAYOUTS = XenditPayouts("xnd", SECRET, Digits())

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "status", "amount", "metadata", "payment_id", "currency"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
KINDS = {
    "stripe": [
        "checkout.session.completed",
        "checkout.session.expired",
        "invoice.paid",
        "refund.created",
        "charge.dispute.closed",
        "transfer.reversed",
    ],
    "xendit": ["payment_session.completed", "refund.failed", "payout.failed", "payment.capture"],
    "btcpay": ["InvoiceSettled", "InvoiceExpired", "InvoiceInvalid"],
}
FIELDS = [
    *("id", "status", "amount", "currency", "metadata", "client_reference_id", "payment_intent"),
    *("amount_total", "payment_status", "mode", "reference_id", "payment_id", "data", "invoiceId"),
    *("subscription", "subscription_details", "amount_paid", "reversed", "charge", "created"),
]
things = st.dictionaries(st.sampled_from(FIELDS), values, max_size=12)


def stripe_event(kind, thing):
    raw = msgspec.json.encode(
        {"id": "evt_1", "type": kind, "created": NOW_MS // 1_000, "data": {"object": thing}}
    )
    stamp = str(NOW_MS // 1_000)
    mark = signed_hex(SECRET, stamp.encode() + b"." + raw)
    return raw, {"stripe-signature": f"t={stamp},v1={mark}"}


def xendit_event(kind, thing):
    event = {"event": kind, "created": iso_ms(NOW_MS), "data": thing}
    return msgspec.json.encode(event), {"x-callback-token": SECRET}


def btcpay_event(kind, thing):
    event = {"deliveryId": "d", **thing, "type": kind, "timestamp": NOW_MS // 1_000}
    raw = msgspec.json.encode(event)
    return raw, {"btcpay-sig": f"sha256={signed_hex(SECRET, raw)}"}


WAYS = [
    ("stripe", stripe_event, STRIPE),
    ("stripe", stripe_event, CONNECT),
    ("xendit", xendit_event, XENDIT),
    ("xendit", xendit_event, XENDIT_PAYOUTS),
    ("btcpay", btcpay_event, BTCPAY),
]


def read(way, raw, headers) -> Notice | None:
    try:
        notice = way.read_webhook(raw, headers, NOW_MS)
    except (Forged, VendorUnavailable):
        return None
    assert notice.id
    return notice


@settings(max_examples=150)
@given(st.data())
@pytest.mark.parametrize(("name", "event", "way"), WAYS)
def test_whatever_a_genuine_webhook_holds_it_is_read_or_refused(name, event, way, data):
    kind = data.draw(st.sampled_from(KINDS[name]))
    raw, headers = event(kind, data.draw(things))
    read(way, raw, headers)


@settings(max_examples=100)
@given(st.binary(max_size=200))
@pytest.mark.parametrize(("name", "event", "way"), WAYS)
def test_bytes_that_are_no_event_are_refused_even_when_they_are_signed(name, event, way, raw):
    del event
    stamp = str(NOW_MS // 1_000)
    headers = {
        "stripe": {
            "stripe-signature": f"t={stamp},v1={signed_hex(SECRET, stamp.encode() + b'.' + raw)}"
        },
        "xendit": {"x-callback-token": SECRET},
        "btcpay": {"btcpay-sig": f"sha256={signed_hex(SECRET, raw)}"},
    }[name]
    found = read(way, raw, headers)
    assert found is None or found.facts == ()


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(["stripe-signature", "x-callback-token", "btcpay-sig"]),
        st.text(max_size=80),
    )
)
@pytest.mark.parametrize(("name", "event", "way"), WAYS)
def test_no_header_that_somebody_makes_up_is_believed(name, event, way, headers):
    raw, good = event(KINDS[name][0], {"id": "x"})
    assert read(way, raw, good) is not None or name != "stripe"
    if {**headers} != {**good}:
        bent = copy.copy(headers)
        for key, value in good.items():
            if bent.get(key) == value:
                del bent[key]
        assert read(way, raw, bent) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"reference": ""},
        {"reference": "None"},
        {"reference": "x" * 201},
        {"reference": "a b"},
        {"of": "\x00"},
        {"currency": "eur"},
        {"currency": "EURO"},
        {"amount": -1},
        {"amount": 1 << 60},
        {"aliases": ("", "x" * 300)},
    ],
)
def test_what_cannot_be_a_fact_is_none(wrong):
    held = {"kind": "paid", "reference": "pi_1", "at_ms": 1, "currency": "EUR", "amount": 5}
    assert Fact(**held)
    with pytest.raises(VendorUnavailable, match="fact_unreadable"):
        Fact(**{**held, **wrong})
