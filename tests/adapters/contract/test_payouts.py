"""What every vendor of payouts has to do here: the same tests over every adapter."""

from __future__ import annotations

import pytest

from venire.cli.drills.counterparts.server import Reply, served
from venire.cli.drills.counterparts.stripe import ACCOUNT, StripeCounterpart
from venire.cli.drills.counterparts.xendit import XenditCounterpart
from venire.kernel.money import Destination, Forged, PayoutAsk
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

NOW_MS = 1_767_225_600_000
COUNTERPARTS = {"stripe": StripeCounterpart, "xendit": XenditCounterpart}
TO = {
    "stripe": Destination("connect", account=ACCOUNT),
    "xendit": Destination("bank", name="Sari", account="0012345678", channel="ID_BCA"),
}
OURS = 7_000_000_000_001


def ask(vendor, payout_id=OURS, number=0) -> PayoutAsk:
    key = f"payout-{payout_id}-{number}"
    return PayoutAsk(payout_id, key, "IDR", 5_000_000, TO[vendor.name], "juror pay")


@pytest.fixture(params=COUNTERPARTS)
def vendor(request):
    standing = COUNTERPARTS[request.param]()
    with served(standing):
        yield standing


@pytest.fixture
async def way(vendor):
    adapter = vendor.payouts()
    adapter._api._http._whole_s = 0.6
    yield adapter
    await adapter.close()


def made(vendor) -> int:
    """How many payouts the vendor has made."""
    return len(vendor.things["transfers"]) if vendor.name == "stripe" else len(vendor.sent)


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


async def test_the_same_key_pays_once_and_is_found_again(vendor, way):
    await way.check()
    first, again = await way.pay(ask(vendor)), await way.pay(ask(vendor))
    assert first == again
    assert first.state in {"sent", "paid"}
    assert made(vendor) == 1
    assert await way.look(ask(vendor), first.reference) == first
    assert await way.look(ask(vendor), "") == first
    page, cursor = await way.since(NOW_MS - 1_000)
    assert [ours for ours, _ in page] == [OURS]
    assert cursor == ""


async def test_the_list_is_whole_over_all_of_its_pages(vendor, way):
    for number in range(5):
        await way.pay(ask(vendor, OURS + number))
    found, cursor = [], ""
    while True:
        page, cursor = await way.since(NOW_MS - 1_000, cursor)
        found += [ours for ours, _ in page]
        if not cursor:
            break
    assert sorted(found) == [OURS + number for number in range(5)]


async def test_what_the_vendor_does_not_know_is_said_to_be_unknown(vendor, way):
    fault = await fault_of(way.look(ask(vendor), ""))
    assert isinstance(fault, Rejected)
    assert fault.said == "not_found"


@pytest.mark.parametrize(
    "fault", ["409", "500", "503", "hang", "garbage", "empty", "cut", "inside"]
)
async def test_a_payout_without_a_clear_answer_is_in_doubt(vendor, way, fault):
    vendor.order(fault)
    found = await fault_of(way.pay(ask(vendor)))
    assert isinstance(found, VendorUnavailable)
    assert found.in_doubt


@pytest.mark.parametrize("fault", ["401", "403", "suspended"])
async def test_an_account_that_is_refused_is_closed(vendor, way, fault):
    vendor.order(fault)
    assert isinstance(await fault_of(way.pay(ask(vendor))), AccountClosed)
    assert made(vendor) == 0


async def test_too_many_is_throttled(vendor, way):
    vendor.order("429")
    assert isinstance(await fault_of(way.pay(ask(vendor))), VendorThrottled)


async def test_each_pays_only_where_it_can(vendor, way):
    for name, to in TO.items():
        assert way.serves(to, "IDR") is (name == vendor.name)
    assert not way.serves(Destination("bank", name="X", iban="DE89370400440532013000"), "EUR")
    assert not way.serves(Destination("connect", account="acct_../../x"), "IDR")


async def test_how_far_the_vendor_has_come_with_a_person_is_told(vendor, way):
    payee = await way.payee(TO[vendor.name])
    if vendor.name == "stripe":
        assert not payee.may_be_paid
        assert payee.state == "requirements.past_due"
        assert payee.missing == ("individual.id_number",)
    else:
        assert payee.may_be_paid


async def test_what_became_of_it_is_told_by_webhook(vendor, way):
    await way.pay(ask(vendor))
    if vendor.name == "stripe":
        (transfer,) = vendor.things["transfers"].values()
        transfer["reversed"] = True
        headers, raw = vendor.webhook("transfer.reversed", transfer)
        wanted = "failed"
    else:
        headers, raw = vendor.settle(OURS, "SUCCEEDED")
        wanted = "paid"
    ((ours, seen),) = way.read_webhook(raw, headers, NOW_MS).payouts
    assert (ours, seen.state) == (OURS, wanted)
    assert (await way.look(ask(vendor), seen.reference)).state == wanted
    with pytest.raises(Forged):
        way.read_webhook(raw, {}, NOW_MS)
    with pytest.raises(Forged):
        way.read_webhook(raw, headers, NOW_MS + 30 * 86_400_000)


async def test_a_key_that_was_used_otherwise_is_in_doubt_and_no_refusal(vendor, way):
    # What was asked under it then may have been done: a refusal would have it paid once more.
    if vendor.name == "stripe":
        said = Reply(400, {"error": {"type": "idempotency_error", "message": "another body"}})
    else:
        said = Reply(409, {"error_code": "DUPLICATE_ERROR", "message": "used before"})
    vendor.answer = lambda _: said
    found = await fault_of(way.pay(ask(vendor)))
    assert isinstance(found, VendorUnavailable)
    assert found.in_doubt


async def test_a_list_of_somebody_elses_payouts_does_not_answer_for_ours(vendor, way):
    other = await way.pay(ask(vendor, OURS + 1))
    one = (
        vendor.things["transfers"][other.reference]
        if vendor.name == "stripe"
        else vendor.sent[str(OURS + 1)]
    )
    listed = {"data": [one], "has_more": False}
    vendor.answer = lambda _: Reply(200, listed)
    found = await fault_of(way.look(ask(vendor), ""))
    assert isinstance(found, VendorUnavailable)
    # Of whom it is, the very same list does tell.
    assert (await way.look(ask(vendor, OURS + 1), "")).reference == other.reference


async def test_an_account_that_a_juror_made_up_does_not_put_the_payer_out():
    standing = StripeCounterpart()
    standing.answer = lambda _: Reply(
        403, {"error": {"type": "invalid_request_error", "code": "account_invalid"}}
    )
    with served(standing):
        way = standing.payouts()
        assert isinstance(await fault_of(way.payee(TO["stripe"])), Rejected)
        assert isinstance(await fault_of(way.pay(ask(standing))), Rejected)
        assert isinstance(await fault_of(way.check()), AccountClosed)
        await way.close()
