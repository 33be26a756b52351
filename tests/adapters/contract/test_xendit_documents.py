"""Xendit's webhooks and refusals in the shapes that its documentation has (docs.xendit.co, 2026).

Webhooks about disputes have no envelope; a webhook says when it was delivered, not when money
moved; and 403 is also said of one way to pay, which is no closed account.
"""

from __future__ import annotations

import msgspec
import pytest

from venire.adapters.payments.xendit_api import check_answer
from venire.cli.drills.counterparts.server import Reply, served
from venire.cli.drills.counterparts.xendit import TOKEN, XenditCounterpart
from venire.kernel.clock import DAY_MS, HOUR_MS, iso_ms
from venire.kernel.money import CheckoutAsk, Fact, Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

NOW_MS = 1_767_225_600_000
OURS = 7_000_000_000_001
HEADERS = {"x-callback-token": TOKEN}


def ask(currency="IDR"):
    return CheckoutAsk(OURS, currency, 5_000_000, "Membership", "https://v.test/membership")


@pytest.fixture
def vendor():
    standing = XenditCounterpart()
    with served(standing):
        yield standing


@pytest.fixture
async def way(vendor):
    adapter = vendor.adapter()
    yield adapter
    await adapter.close()


def dispute(kind, **more):
    """A webhook about a dispute: the dispute itself, and the name of the event in it."""
    said = {
        "event": f"dispute.{kind}",
        "id": "mi-dspt-1",
        "channel_code": "CARDS",
        "card_brands": "AMEX",
        "status": kind.upper(),
        "currency": "IDR",
        "amount": {"initial": "50000.00", "terminal": None},
        "created_at": iso_ms(NOW_MS - DAY_MS),
        "updated_at": iso_ms(NOW_MS),
        "due_date": iso_ms(NOW_MS + DAY_MS),
        "related_disputes": [],
        "payment_id": "py-1",
        "reference_id": str(OURS),
    }
    return msgspec.json.encode({**said, **more})


@pytest.mark.parametrize("kind", ["action_required", "under_review", "due_date_approaching"])
async def test_a_dispute_that_is_not_decided_is_taken_in_and_moves_nothing(way, kind):
    notice = way.read_webhook(dispute(kind), HEADERS, NOW_MS)
    assert (notice.kind, notice.facts, notice.at_ms) == (f"dispute.{kind}", (), NOW_MS)


@pytest.mark.parametrize(
    ("kind", "amount", "fact", "sum_"),
    [
        ("lost", {"initial": "50000.00", "terminal": None}, "dispute_lost", 5_000_000),
        ("lost", {"initial": "50000.00", "terminal": "20000.00"}, "dispute_lost", 2_000_000),
        ("won", {"initial": "50000.00", "terminal": None}, "dispute_won", 5_000_000),
    ],
)
async def test_a_dispute_that_is_decided_is_a_fact_about_its_charge(way, kind, amount, fact, sum_):
    (told,) = way.read_webhook(dispute(kind, amount=amount), HEADERS, NOW_MS).facts
    assert told == Fact(fact, "mi-dspt-1", NOW_MS, "IDR", sum_, OURS, of="py-1")
    (other,) = way.read_webhook(dispute(kind, reference_id="ref-7"), HEADERS, NOW_MS).facts
    assert (other.payment_id, other.of) == (None, "py-1")


async def test_a_dispute_that_cannot_be_read_or_is_old_is_refused(way):
    for wrong in ({"amount": {}}, {"amount": "much"}, {"currency": "rupiah"}, {"id": ""}):
        with pytest.raises(Forged):
            way.read_webhook(dispute("lost", **wrong), HEADERS, NOW_MS)
    with pytest.raises(Forged) as caught:
        way.read_webhook(dispute("lost"), HEADERS, NOW_MS + 5 * DAY_MS)
    assert caught.value.said == "stale"
    with pytest.raises(Forged) as caught:
        way.read_webhook(dispute("lost"), {"x-callback-token": "another"}, NOW_MS)
    assert caught.value.said == "signature"


async def test_a_payment_was_when_it_was_and_not_when_its_webhook_came(vendor, way):
    await way.start(ask())
    _, raw = vendor.pay(OURS)
    event = msgspec.json.decode(raw)
    event["created"] = iso_ms(NOW_MS + 20 * HOUR_MS)
    late = msgspec.json.encode(event)
    (told,) = way.read_webhook(late, HEADERS, NOW_MS + 20 * HOUR_MS).facts
    assert told.at_ms == NOW_MS
    event["data"]["updated"] = iso_ms(NOW_MS + 30 * DAY_MS)
    (ahead,) = way.read_webhook(msgspec.json.encode(event), HEADERS, NOW_MS + 20 * HOUR_MS).facts
    assert ahead.at_ms == NOW_MS + 20 * HOUR_MS, "no later than it was told"


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        (403, "REFUND_NOT_SUPPORTED", Rejected, "refund_by_hand"),
        (403, "PARTIAL_REFUND_NOT_SUPPORTED", Rejected, "refund_by_hand"),
        (403, "SKIP_3DS_FORBIDDEN", Rejected, "card"),
        (403, "INVALID_MERCHANT_SETTINGS", VendorUnavailable, "INVALID_MERCHANT_SETTINGS"),
        (403, "REQUEST_FORBIDDEN_ERROR", AccountClosed, "REQUEST_FORBIDDEN_ERROR"),
        (403, "", AccountClosed, "http_403"),
        (401, "INVALID_API_KEY", AccountClosed, "INVALID_API_KEY"),
        (400, "REFUND_IN_PROGRESS", VendorUnavailable, "REFUND_IN_PROGRESS"),
        (400, "TEMPORARILY_UNAVAILABLE", VendorUnavailable, "TEMPORARILY_UNAVAILABLE"),
        (400, "INSUFFICIENT_BALANCE", VendorUnavailable, "INSUFFICIENT_BALANCE"),
        (400, "INVALID_PAYMENT_CHANNEL", VendorUnavailable, "INVALID_PAYMENT_CHANNEL"),
        (400, "INVALID_CURRENCY", VendorUnavailable, "INVALID_CURRENCY"),
        (400, "SESSION_TYPE_NOT_SUPPORTED", VendorUnavailable, "SESSION_TYPE_NOT_SUPPORTED"),
        (400, "REFUND_AMOUNT_EXCEEDED", Rejected, "REFUND_AMOUNT_EXCEEDED"),
        (400, "INELIGIBLE_TRANSACTION_STATUS", Rejected, "INELIGIBLE_TRANSACTION_STATUS"),
        (404, "DATA_NOT_FOUND", Rejected, "not_found"),
        (409, "DUPLICATE_ERROR", VendorUnavailable, "DUPLICATE_ERROR"),
        (429, "RATE_LIMIT_EXCEEDED", VendorThrottled, "RATE_LIMIT_EXCEEDED"),
        (503, "CHANNEL_UNAVAILABLE", VendorUnavailable, "CHANNEL_UNAVAILABLE"),
        (500, "SERVER_ERROR", VendorUnavailable, "SERVER_ERROR"),
    ],
)
def test_each_code_of_the_documentation_has_its_class(status, code, kind, said):
    with pytest.raises(VendorFault) as caught:
        check_answer(status, {"error_code": code, "message": "m"}, None, doubt=True)
    assert (type(caught.value), caught.value.said) == (kind, said)


async def test_a_refund_that_one_way_to_pay_has_not_closes_no_account(vendor, way):
    await way.start(ask())
    (charge,) = way.read_webhook(*reversed(vendor.pay(OURS)), NOW_MS).facts
    whole = vendor._answer

    def bent(call):
        if call.path == "/refunds":
            return Reply(403, {"error_code": "REFUND_NOT_SUPPORTED", "message": "m"})
        return whole(call)

    vendor._answer = bent
    with pytest.raises(Rejected) as caught:
        await way.refund(charge, 1_000_000, "k")
    assert caught.value.said == "refund_by_hand"
    assert (await way.start(ask("SGD"))).url


@pytest.mark.parametrize(("state", "fees"), [("COMPLETED", 1), ("REVERSED", 0), ("CANCELED", 0)])
async def test_a_fee_that_was_taken_back_is_none(vendor, way, state, fees):
    await way.start(ask())
    vendor.pay(OURS)
    vendor.moved[0]["fee"]["status"] = state
    facts, _ = await way.since(NOW_MS - DAY_MS)
    assert [one.kind for one in facts].count("fee") == fees
