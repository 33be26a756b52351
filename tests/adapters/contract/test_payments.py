"""What every processor of payments has to do here: the same tests over every adapter."""

from __future__ import annotations

import time

import pytest

from venire.cli.drills.counterparts.btcpay import BtcPayCounterpart
from venire.cli.drills.counterparts.server import Reply, served
from venire.cli.drills.counterparts.stripe import StripeCounterpart
from venire.cli.drills.counterparts.xendit import XenditCounterpart
from venire.kernel.money import CheckoutAsk, Digits, Fact, Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

NOW_MS = 1_767_225_600_000
COUNTERPARTS = {
    "stripe": StripeCounterpart,
    "xendit": XenditCounterpart,
    "btcpay": BtcPayCounterpart,
}
OURS = 7_000_000_000_001


def ask(payment_id=OURS, amount=5_000_000, currency="IDR", period="") -> CheckoutAsk:
    return CheckoutAsk(
        payment_id, currency, amount, "Venire: Membership", "https://v.test/membership", period
    )


@pytest.fixture(params=COUNTERPARTS)
def vendor(request):
    standing = COUNTERPARTS[request.param]()
    with served(standing):
        yield standing


@pytest.fixture
async def way(vendor):
    adapter = vendor.adapter()
    http = getattr(adapter, "_http", None) or adapter._api._http
    http._whole_s = 0.6
    yield adapter
    await adapter.close()


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


async def everything(way) -> list[Fact]:
    found, cursor = [], ""
    while True:
        page, cursor = await way.since(NOW_MS - 86_400_000, cursor)
        found += page
        if not cursor:
            return found


async def test_a_checkout_has_an_address_and_a_name(vendor, way):
    made = await way.start(ask())
    assert made.url.startswith("http")
    assert made.reference
    await way.check()
    assert await way.fetch(made.reference) in ((), [])


async def test_the_webhook_the_checkout_and_the_list_say_the_same_of_a_payment(vendor, way):
    made = await way.start(ask())
    headers, raw = vendor.pay(OURS)
    notice = way.read_webhook(raw, headers, NOW_MS)
    (told,) = notice.facts
    (fetched,) = await way.fetch(made.reference)
    listed = [one for one in await everything(way) if one.kind == "paid"]
    assert len(listed) == 1
    for fact in (told, fetched, *listed):
        assert (fact.kind, fact.reference) == ("paid", told.reference)
        assert fact.payment_id == OURS
        # One of them does not say how much: then it is what was asked.
        assert fact.amount in {5_000_000, None}
        assert fact.currency in {"IDR", ""}
        assert fact.at_ms == NOW_MS
    assert {"paid"} <= way.lists


@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_the_list_is_whole_over_all_of_its_pages(vendor, way, count):
    for number in range(count):
        await way.start(ask(OURS + number))
        vendor.pay(OURS + number)
    paid = [one.payment_id for one in await everything(way) if one.kind == "paid"]
    assert sorted(paid) == [OURS + number for number in range(count)]


async def test_a_line_that_cannot_be_read_hides_none_of_the_others(vendor, way):
    for number in range(2):
        made = await way.start(ask(OURS + number))
        assert made.url
        vendor.pay(OURS + number)
    answer = vendor.answer
    strange = {
        "stripe": {"id": "ch_odd", "object": "charge", "status": "succeeded", "currency": "idr",
                   "payment_intent": "pi_odd", "amount_captured": "much", "created": 1},
        "xendit": {"id": "txn_odd", "status": "SUCCESS", "currency": "IDR", "amount": "much",
                   "created": "2026-01-01T00:00:00Z", "reference_id": "5"},
        "btcpay": {"id": "inv_odd", "status": "Settled", "currency": "BTC", "amount": "0.00031",
                   "metadata": {"orderId": "5"}, "createdTime": 1_767_225_600},
    }[vendor.name]  # fmt: skip

    def with_a_strange_line(call):
        reply = answer(call)
        found = reply.content
        if isinstance(found, list):
            return Reply(reply.status, [strange, *found])
        if isinstance(found, dict) and found.get("data"):
            return Reply(reply.status, {**found, "data": [strange, *found["data"]]})
        return reply

    vendor.answer = with_a_strange_line
    listed = await everything(way)
    ours = [one.payment_id for one in listed if one.kind == "paid" and one.payment_id]
    assert sorted(ours) == [OURS, OURS + 1]
    # It is told, as nobody's.
    assert {one.reference for one in listed if one.payment_id is None} == {
        f"unreadable-{strange['id']}"
    }


async def test_a_refund_is_told_listed_and_known_by_its_charge(vendor, way):
    if isinstance(vendor, BtcPayCounterpart):
        fact = Fact("paid", "Inv1", NOW_MS, "IDR", 100, OURS)
        fault = await fault_of(way.refund(fact, 100, "k"))
        assert isinstance(fault, Rejected)
        assert fault.said == "refund_by_hand"
        return
    await way.start(ask())
    (charge,) = way.read_webhook(*reversed(vendor.pay(OURS)), NOW_MS).facts
    units = 1_000_000 if isinstance(vendor, StripeCounterpart) else 10_000
    headers, raw = vendor.give_back(OURS, units)
    (told,) = way.read_webhook(raw, headers, NOW_MS).facts
    assert (told.kind, told.amount, told.currency) == ("refunded", 1_000_000, "IDR")
    assert told.payment_id == OURS or told.of in {charge.reference, *charge.aliases}
    (listed,) = [one for one in await everything(way) if one.kind == "refunded"]
    assert (listed.reference, listed.amount) == (told.reference, told.amount)


async def test_a_refund_that_we_ask_for_is_made_once_for_its_key(vendor, way):
    if isinstance(vendor, BtcPayCounterpart):
        pytest.skip("a refund there is claimed by whoever paid")
    await way.start(ask())
    (charge,) = way.read_webhook(*reversed(vendor.pay(OURS)), NOW_MS).facts
    for _ in range(2):
        await way.refund(charge, 2_000_000, "refund-1")
    found = [one for one in await everything(way) if one.kind == "refunded"]
    assert [one.amount for one in found] == [2_000_000]


@pytest.mark.parametrize("fault", ["401", "403", "suspended"])
async def test_an_account_that_is_refused_is_closed(vendor, way, fault):
    vendor.order(fault, fault)
    assert isinstance(await fault_of(way.start(ask())), AccountClosed)
    assert isinstance(await fault_of(way.check()), AccountClosed)


async def test_too_many_is_throttled_and_says_for_how_long(vendor, way):
    vendor.order("429")
    fault = await fault_of(way.start(ask()))
    assert isinstance(fault, VendorThrottled)
    assert fault.retry_after_s == 7.0


@pytest.mark.parametrize(
    "fault", ["500", "503", "hang", "drip", "garbage", "empty", "long", "packed", "cut", "inside"]
)
async def test_what_is_no_answer_is_no_checkout(vendor, way, fault):
    vendor.order(fault)
    began = time.monotonic()
    assert isinstance(await fault_of(way.start(ask())), VendorUnavailable)
    assert time.monotonic() - began < 2
    # The next call is right, whatever was left on the wire.
    assert (await way.start(ask(OURS + 1))).url


async def test_one_that_answers_twice_is_taken_at_its_first_word(vendor, way):
    vendor.order("twice")
    first = await way.start(ask())
    second = await way.start(ask(OURS + 1))
    assert first.reference != second.reference


async def test_a_redirect_is_not_followed(vendor, way):
    vendor.order("redirect")
    await fault_of(way.start(ask()))
    assert len(vendor.calls) == 1


async def test_a_checkout_that_is_not_there_is_said_so(vendor, way):
    fault = await fault_of(way.fetch("nothing/../here"))
    assert isinstance(fault, Rejected)
    assert "/../" not in vendor.calls[-1].path


async def test_what_the_processor_cannot_write_exactly_is_never_asked_for(vendor, way):
    currency, amount = ("KWD", 5_124) if isinstance(vendor, StripeCounterpart) else ("IDR", 1_050)
    if isinstance(vendor, BtcPayCounterpart):
        amount = 0
    fault = await fault_of(way.start(ask(amount=amount, currency=currency)))
    assert fault.said == "amount_not_payable"
    assert vendor.calls == []


async def test_whole_rupiah_in_our_books_are_whole_rupiah_there(vendor):
    way = vendor.adapter(Digits({"IDR": 0}))
    await way.start(ask(amount=50_000))
    sent = vendor.calls[-1]
    held = sent.form if isinstance(vendor, StripeCounterpart) else sent.json()
    told = {
        "stripe": lambda: held["line_items[0][price_data][unit_amount]"],
        "xendit": lambda: held["amount"],
        "btcpay": lambda: held["amount"],
    }[vendor.name]()
    assert str(told) == ("5000000" if vendor.name == "stripe" else "50000")
    await way.close()


# webhooks


async def paid(vendor, way):
    await way.start(ask())
    headers, raw = vendor.pay(OURS)
    return {name.lower(): value for name, value in headers.items()}, raw


async def forged(way, headers, raw, now_ms=NOW_MS) -> str:
    with pytest.raises(Forged) as caught:
        way.read_webhook(raw, headers, now_ms)
    return caught.value.said


async def test_a_webhook_with_another_signature_is_forged(vendor, way):
    headers, raw = await paid(vendor, way)
    (name,) = [one for one in headers if one != "webhook-id"]
    bent = headers[name][:-1] + ("0" if headers[name][-1] != "0" else "1")
    assert await forged(way, {**headers, name: bent}, raw) == "signature"
    assert await forged(way, {**headers, name: ""}, raw) == "signature"
    assert await forged(way, {}, raw) == "signature"
    assert await forged(way, {**headers, name: "ümläut"}, raw) == "signature"
    assert way.read_webhook(raw, headers, NOW_MS).facts


async def test_a_webhook_whose_bytes_were_changed_is_forged(vendor, way):
    headers, raw = await paid(vendor, way)
    if isinstance(vendor, XenditCounterpart):
        pytest.skip("its token is no signature: whoever knows it may write anything")
    assert await forged(way, headers, raw.replace(b"7000000000001", b"7000000000002"))
    assert await forged(way, headers, raw + b" ")


@pytest.mark.parametrize("days", [-5, 5])
async def test_an_old_webhook_and_one_of_tomorrow_are_refused(vendor, way, days):
    headers, raw = await paid(vendor, way)
    assert await forged(way, headers, raw, NOW_MS + days * 86_400_000) == "stale"


async def test_stripe_is_believed_for_five_minutes(vendor, way):
    if not isinstance(vendor, StripeCounterpart):
        pytest.skip("the others have no moment in their signature")
    headers, raw = await paid(vendor, way)
    assert way.read_webhook(raw, headers, NOW_MS + 300_000).facts
    assert await forged(way, headers, raw, NOW_MS + 300_001) == "stale"
    # Several signatures while a secret is exchanged: one of them is enough.
    both = headers["stripe-signature"].replace("v1=", "v1=00ff,v0=11,v1=")
    assert way.read_webhook(raw, {"stripe-signature": both}, NOW_MS).facts


async def test_the_same_event_has_the_same_name_and_another_has_another(vendor, way):
    headers, raw = await paid(vendor, way)
    await way.start(ask(OURS + 1))
    other_headers, other = vendor.pay(OURS + 1)
    names = {
        way.read_webhook(raw, headers, NOW_MS).id,
        way.read_webhook(raw, headers, NOW_MS + 1_000).id,
        way.read_webhook(other, other_headers, NOW_MS).id,
    }
    assert len(names) == 2


async def test_an_event_of_a_kind_that_we_do_not_know_says_nothing_about_money(vendor, way):
    headers, raw = vendor.webhook("something.new", {"id": "x"})
    notice = way.read_webhook(raw, headers, NOW_MS)
    assert notice.facts == ()
    assert notice.id


async def test_disputes_are_told_and_listed(vendor, way):
    if not isinstance(vendor, StripeCounterpart):
        pytest.skip("not told over its interface")
    await way.start(ask())
    vendor.pay(OURS)
    kinds = []
    for status in ("warning_needs_response", "needs_response", "won"):
        headers, raw = vendor.dispute(OURS, status)
        kinds.append([one.kind for one in way.read_webhook(raw, headers, NOW_MS).facts])
    assert kinds == [[], ["disputed"], ["dispute_won"]]
    assert "dispute_won" in {one.kind for one in await everything(way)}


async def test_a_subscription_is_paid_by_its_invoices_and_can_be_ended(vendor, way):
    made = await way.start(ask(period="month"))
    assert made.renews is isinstance(vendor, StripeCounterpart)
    if not made.renews:
        await way.cancel("nothing")
        return
    first = way.read_webhook(*reversed(vendor.pay(OURS)), NOW_MS).facts[0]
    second = way.read_webhook(*reversed(vendor.pay(OURS)), NOW_MS).facts[0]
    assert first.renewal == second.renewal != ""
    assert first.reference != second.reference
    listed = [one for one in await everything(way) if one.kind == "paid"]
    assert {one.reference for one in listed} == {first.reference, second.reference}
    assert {one.payment_id for one in listed} == {OURS}
    assert {one.renewal for one in listed} == {first.renewal}
    await way.cancel(first.renewal)
    assert vendor.ended == [first.renewal]


async def test_no_secret_stands_in_a_repr_or_a_fault(vendor, way):
    vendor.order("401")
    fault = await fault_of(way.start(ask()))
    shown = f"{way!r} {fault!r} {fault.__cause__!r} {fault.__context__!r}"
    assert "standin" not in shown.lower().replace("acct_1standin00000", "")
