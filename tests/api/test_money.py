"""Money over the API, with stand-ins of the processors over real HTTP behind it."""

from __future__ import annotations

import time

import pytest
import xmlschema
from sepaxml import validation

from tests.kit.tills import open_tills
from venire.cli.drills.counterparts.stripe import ACCOUNT
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.storage.tables.payments import WEBHOOKS
from venire.treasury import actions, payments, reconciling

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

IDR = {"currency": "IDR", "amount": 5_000_000, "period": "month"}
T = "/api/v1/admin/treasury"


@pytest.fixture
async def tills(house):
    async with open_tills(house) as opened:
        yield opened


async def balances(tills):
    await tills.house.settle()
    found = await actions.audit(tills.house.world)
    assert found.faults == []
    assert sum(found.balances.values()) == 0
    return {f"{currency} {name}": one for (currency, name), one in found.balances.items() if one}


async def joined(tills, member, vendor="cards-a", body=None):
    """A member joins, pays, and the processor says so; the payment's id."""
    made = await member.post("/api/v1/memberships/checkout", json=body or IDR)
    assert made.status_code == 200, made.text
    payment_id = int(made.json()["payment_id"])
    told = await tills.deliver(vendor, tills.at(vendor).pay(payment_id))
    assert told.json() == {"taken": "posted"}
    await tills.house.settle()
    return payment_id


async def test_a_member_joins_sees_it_and_ends_the_renewals(tills, bob):
    prices = (await tills.house.site.client.get("/api/v1/memberships/prices")).json()
    assert [one["amount_text"] for one in prices["memberships"]] == ["IDR 50000.00", "EUR 5.00"]
    assert (await bob.get("/api/v1/memberships")).json()["state"] == "none"
    await joined(tills, bob)
    mine = (await bob.get("/api/v1/memberships")).json()
    assert (mine["state"], mine["renews"], mine["amount_text"]) == ("active", True, "IDR 50000.00")
    ended = (await bob.delete("/api/v1/memberships")).json()
    assert (ended["cancelled"], ended["paid_until"]) == (True, mine["paid_until"])
    await tills.house.settle()
    assert len(tills.stripe.ended) == 1
    assert await balances(tills) == {
        "IDR clearing:cards-a": 5_000_000,
        "IDR memberships": -5_000_000,
    }


@pytest.mark.parametrize("how", ["401", "403", "suspended"])
async def test_stripe_closed_is_a_checkout_on_the_second_acquirer_within_two_seconds(
    tills, bob, admin, how
):
    tills.stripe.order(how)
    began = time.monotonic()
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    assert time.monotonic() - began < 2.0
    assert made.status_code == 200
    assert made.json()["url"].startswith("https://pay.invalid/")
    payment_id = int(made.json()["payment_id"])
    await tills.deliver("cards-b", tills.xendit.pay(payment_id))
    await tills.house.settle()
    assert (await bob.get("/api/v1/memberships")).json()["state"] == "active"
    assert await balances(tills) == {
        "IDR clearing:cards-b": 5_000_000,
        "IDR memberships": -5_000_000,
    }
    # Nothing says to a member who the processor is.
    assert "stripe" not in made.text.lower()


async def test_a_processor_that_hangs_costs_no_more_than_two_seconds(tills, bob):
    tills.stripe.order("hang")
    began = time.monotonic()
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    assert made.status_code == 200
    assert time.monotonic() - began < 2.0


async def test_with_every_processor_gone_nothing_is_paid_and_what_is_paid_for_stays(tills, bob):
    await joined(tills, bob)
    tills.stripe.closed = tills.xendit.closed = True
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    assert (made.status_code, made.json()["code"]) == (503, "payments_unavailable")
    assert (await bob.get("/api/v1/memberships")).json()["state"] == "active"


async def test_a_gift_needs_no_account(tills):
    client = tills.house.site.client
    path = "/api/v1/donations/checkout"
    for wrong in ({"amount": 1}, {"amount": 1 << 60}, {"currency": "USD"}, {"amount": "x"}):
        body = {"currency": "IDR", "amount": 2_000_000, **wrong}
        assert (await client.post(path, json=body)).status_code == 422
    made = await client.post(path, json={"currency": "IDR", "amount": 2_000_000})
    payment_id = int(made.json()["payment_id"])
    await tills.deliver("cards-a", tills.stripe.pay(payment_id))
    assert await balances(tills) == {"IDR clearing:cards-a": 2_000_000, "IDR donations": -2_000_000}
    assert (await payments.load(tills.house.world, payment_id)).account_id is None


# webhooks


async def kept(tills):
    return (await tills.house.site.storage.scan(WEBHOOKS))[0]


async def test_forged_changed_and_stale_webhooks_are_refused_counted_and_post_nothing(
    tills, bob, admin
):
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    payment_id = int(made.json()["payment_id"])
    headers, raw = tills.stripe.pay(payment_id)
    now_s = tills.stripe.now_s
    forged = [
        ({}, raw),
        (headers, raw.replace(b"5000000", b"9000000")),
        ({"stripe-signature": headers["stripe-signature"] + "0"}, raw),
        tills.stripe.signed(raw, now_s - 301),
        tills.stripe.signed(raw, now_s + 301),
        tills.stripe.signed(b"[]"),
        tills.stripe.signed(b"\xff{"),
    ]
    for webhook in forged:
        said = await tills.deliver("cards-a", webhook)
        assert (said.status_code, said.json()["code"]) == (400, "webhook_refused")
    assert await kept(tills) == []
    assert await balances(tills) == {}
    shown = (await admin.get(T)).json()
    refused = {one["name"]: one["webhooks_refused"] for one in shown["processors"]}
    assert refused == {"cards-a": len(forged), "cards-b": 0}
    # The genuine one is taken after all that, and once.
    for wanted in ("posted", "known", "known"):
        assert (await tills.deliver("cards-a", (headers, raw))).json() == {"taken": wanted}
    assert len(await kept(tills)) == 1


async def test_one_processors_webhook_is_none_of_another(tills, bob):
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    webhook = tills.stripe.pay(int(made.json()["payment_id"]))
    assert (await tills.deliver("cards-b", webhook)).status_code == 400
    assert (await tills.deliver("nobody", webhook)).status_code == 404
    assert (await tills.deliver("pay-b", webhook)).status_code == 400


async def test_a_webhook_of_an_unknown_kind_is_kept_and_answered(tills):
    webhook = tills.stripe.webhook("radar.early_fraud_warning.created", {"id": "x"})
    assert (await tills.deliver("cards-a", webhook)).json() == {"taken": "nothing"}
    (row,) = await kept(tills)
    assert row.kind == "radar.early_fraud_warning.created"


async def test_a_webhook_that_is_too_large_is_refused(tills):
    headers, raw = tills.stripe.signed(b"{" + b" " * 200_000 + b"}")
    assert (await tills.deliver("cards-a", (headers, raw))).status_code == 413


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 2, 1, 0, 0)])
async def test_payment_refund_and_dispute_in_any_order_end_in_the_same_books(tills, bob, order):
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    payment_id = int(made.json()["payment_id"])
    webhooks = [
        tills.stripe.pay(payment_id),
        tills.stripe.give_back(payment_id, 1_000_000),
        tills.stripe.dispute(payment_id, "lost"),
    ]
    for place in order:
        assert (await tills.deliver("cards-a", webhooks[place])).status_code == 200
    assert await balances(tills) == {
        "IDR clearing:cards-a": -1_000_000,
        "IDR disputes": 5_000_000,
        "IDR memberships": -5_000_000,
        "IDR refunds": 1_000_000,
    }
    assert (await bob.get("/api/v1/memberships")).json()["state"] == "none"


async def test_a_lost_webhook_is_found_by_night_with_its_fee(tills, bob, admin):
    made = await bob.post("/api/v1/memberships/checkout", json=IDR)
    tills.stripe.pay(int(made.json()["payment_id"]))
    tills.house.site.clock.advance(DAY_MS + 4 * HOUR_MS)
    rows = await reconciling.compare_due(tills.house.world, tills.money)
    assert [(one.vendor, one.found, one.said) for one in rows] == [
        ("cards-a", 1, "agrees"),
        ("cards-b", 0, "agrees"),
        ("payer:pay-a", 0, "agrees"),
        ("payer:pay-b", 0, "agrees"),
    ]
    assert (await balances(tills))["IDR fees:cards-a"] == 30
    assert (await bob.get("/api/v1/memberships")).json()["renews"] is True
    shown = (await admin.get(T)).json()["processors"][0]["comparisons"]
    assert [(one["found"], one["differences"]) for one in shown] == [(1, [])]


async def test_when_books_and_list_differ_the_admins_are_told(tills, bob, admin):
    await joined(tills, bob)
    tills.stripe.things["charges"].clear()
    tills.house.site.clock.advance(DAY_MS + 4 * HOUR_MS)
    await reconciling.compare_due(tills.house.world, tills.money)
    await tills.house.settle()
    told = (await admin.get("/api/v1/conversations")).json()
    assert "cards-a" in told[0]["last_status"]["content"]


async def test_who_is_not_renewed_is_asked_for_a_card_and_keeps_what_is_paid_for(tills, bob):
    await joined(tills, bob)
    until = (await bob.get("/api/v1/memberships")).json()["paid_until"]
    tills.stripe.closed = True
    tills.house.site.clock.advance(33 * DAY_MS)
    await tills.house.settle()
    mine = (await bob.get("/api/v1/memberships")).json()
    assert (mine["state"], mine["paid_until"]) == ("grace", until)
    told = (await bob.get("/api/v1/conversations")).json()
    assert len(told) == 1
    assert "/membership" in told[0]["last_status"]["content"]


# the admin's desk


async def test_money_is_set_aside_once_for_its_key_and_in_the_log(tills, admin, moderator, bob):
    body = {"currency": "EUR", "amount": 10_000, "key": "november", "reason": "budget"}
    for new in (True, False):
        said = (await admin.post(f"{T}/fund", json=body)).json()
        assert said == {"currency": "EUR", "amount": 10_000, "new": new}
    other = await admin.post(f"{T}/fund", json={**body, "amount": 5})
    assert (other.status_code, other.json()["code"]) == (409, "entry_differs")
    for wrong in ({"key": "a b"}, {"currency": "eur"}, {"amount": 0}, {"amount": "x"}):
        assert (await admin.post(f"{T}/fund", json={**body, **wrong})).status_code == 422
    for who in (moderator, bob):
        assert (await who.post(f"{T}/fund", json=body)).status_code == 403
        assert (await who.get(T)).status_code == 403
    assert await balances(tills) == {"EUR fund": 10_000, "EUR owner": -10_000}
    shown = (await admin.get(T)).json()
    assert shown["currencies"][0]["balances"] == {"fund": 10_000, "owner": -10_000}
    assert shown["bank_file"] == "pain.001.001.09"


async def test_what_a_processor_hands_over_goes_to_the_bank(tills, admin, bob):
    await joined(tills, bob)
    body = {"processor": "cards-a", "currency": "IDR", "amount": 4_000_000, "key": "po_1"}
    assert (await admin.post(f"{T}/settled", json=body)).json()["new"] is True
    assert (await admin.post(f"{T}/settled", json={**body, "processor": "x"})).status_code == 404
    found = await balances(tills)
    assert (found["IDR bank"], found["IDR clearing:cards-a"]) == (4_000_000, 1_000_000)


async def test_a_refund_is_asked_for_once_and_posted_by_the_processors_word(tills, admin, bob):
    payment_id = await joined(tills, bob)
    path = f"{T}/payments/{payment_id}/refund"
    assert (await bob.post(path)).status_code == 403
    assert (await admin.post(f"{T}/payments/5/refund")).status_code == 404
    assert (await admin.post(path, json={"amount": 5_000_001})).status_code == 422
    for _ in range(2):
        said = await admin.post(path, json={"amount": 1_000_000, "reason": "twice"})
        assert said.json() == {"payment_id": str(payment_id), "asked": 1_000_000}
    (made,) = tills.stripe.things["refunds"].values()
    assert "IDR refunds" not in await balances(tills)
    await tills.deliver("cards-a", tills.stripe.webhook("refund.created", made))
    assert (await balances(tills))["IDR refunds"] == 1_000_000
    # The next one is another part.
    await admin.post(path, json={"amount": 1_000_000})
    assert len(tills.stripe.things["refunds"]) == 2


async def test_an_admin_has_no_payment_of_their_own_paid_back(tills, admin):
    payment_id = await joined(tills, admin)
    said = await admin.post(f"{T}/payments/{payment_id}/refund")
    assert (said.status_code, said.json()["code"]) == (403, "own_account")


# jurors are paid

BANK = {"way": "bank", "name": "Sari", "account": "001-234-5678", "bic": "bmriidja"}


async def earned(tills, member, amount=1_000):
    await actions.earn(tills.house.world, "EUR", member.id, amount, key=f"ballot:1:1:{member.id}")
    await actions.fund(tills.house.world, "EUR", amount, key=f"for-{member.id}")
    await tills.house.settle()


async def test_where_to_be_paid_is_shown_by_its_end_and_to_its_juror_alone(tills, bob, admin):
    path = "/api/v1/jury/payout_destination"
    assert (await bob.get(path)).json()["way"] is None
    shown = await bob.put(path, json=BANK)
    assert shown.json()["ends_with"] == "5678"
    assert "0012345678" not in shown.text
    assert "0012345678" not in (await admin.get(T)).text
    for wrong in ({"way": "cash"}, {"account": "x" * 101}, {"bic": "no"}, {"name": ""}):
        assert (await bob.put(path, json={**BANK, **wrong})).status_code == 422
    assert (await bob.delete(path)).json()["way"] is None


async def test_stripe_closed_payouts_are_a_bank_file_that_validates_and_the_ledger_balances(
    tills, bob, admin
):
    await bob.put("/api/v1/jury/payout_destination", json=BANK)
    tills.stripe.closed = tills.xendit.closed = True
    await earned(tills, bob)
    payout = (await bob.post("/api/v1/jury/payouts")).json()
    await tills.house.settle()
    assert (await admin.get(T)).json()["currencies"][0]["waiting_for_bank"] == 1
    row = (await admin.post(f"{T}/files", json={"currency": "EUR"})).json()
    assert row["payouts"] == [payout["id"]]
    path = f"{T}/files/EUR/{row['id']}"
    got = await admin.get(path)
    assert got.headers["content-type"].startswith("application/xml")
    place = validation.__file__.replace("validation.py", f"schemas/{row['form']}.xsd")
    xmlschema.XMLSchema(place).validate(got.text)
    assert b"0012345678" in got.content
    assert (await bob.get(path)).status_code == 403
    assert (await admin.get(f"{T}/files/EUR/5")).status_code == 404
    assert (await admin.get(f"{T}/files/eur/{row['id']}")).status_code == 404
    assert (await admin.post(f"{path}/settle")).status_code == 409
    assert (await admin.post(f"{path}/sent")).json()["state"] == "sent"
    assert (await admin.post(f"{path}/settle", json={"failed": ["5"]})).status_code == 422
    assert (await admin.post(f"{path}/settle")).json() == {"paid": 1, "failed": 0}
    assert (await admin.post(f"{path}/settle")).json() == {"paid": 0, "failed": 0}
    # Earned, funded, paid: nothing is owed and nothing is left over.
    assert await balances(tills) == {"EUR owner": -1_000, "EUR service": 1_000}
    empty = await admin.post(f"{T}/files", json={"currency": "EUR"})
    assert (empty.status_code, empty.json()["code"]) == (422, "nothing_to_pay")


async def test_a_juror_with_an_account_at_the_payer_is_paid_there_and_its_checks_are_shown(
    tills, bob, admin
):
    to = {"way": "connect", "account": ACCOUNT}
    await bob.put("/api/v1/jury/payout_destination", json=to)
    path = f"{T}/payees/{bob.id}"
    shown = (await admin.get(path)).json()
    assert shown["payers"] == [
        {
            "payer": "pay-a",
            "state": "requirements.past_due",
            "may_be_paid": False,
            "missing": ["individual.id_number"],
        }
    ]
    assert ACCOUNT not in str(shown)
    assert (await bob.get(path)).status_code == 403
    assert (await admin.get(f"{T}/payees/5")).status_code == 404
    await earned(tills, bob)
    await bob.post("/api/v1/jury/payouts")
    await tills.house.settle()
    assert len(tills.stripe.things["transfers"]) == 1
    assert await balances(tills) == {"EUR owner": -1_000, "EUR service": 1_000}
    statement = (await bob.get("/api/v1/jury/statements")).json()
    assert statement["payouts"][0]["state"] == "paid"


async def test_a_site_without_vendors_says_so(house, bob, admin):
    asked = [
        await bob.get("/api/v1/memberships"),
        await bob.delete("/api/v1/memberships"),
        await bob.post("/api/v1/memberships/checkout", json=IDR),
        await house.site.client.get("/api/v1/memberships/prices"),
        await house.site.client.post("/api/v1/donations/checkout", json=IDR),
        await house.site.client.post("/api/v1/webhooks/payments/cards-a", content=b"{}"),
        await bob.put("/api/v1/jury/payout_destination", json=BANK),
        await admin.get(T),
        await admin.post(f"{T}/files", json={"currency": "EUR"}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in asked] == [(404, "no_payments")] * 9
