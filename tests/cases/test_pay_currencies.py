"""A site that comes to pay in another currency still owes what it owed."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.test_pay import judged, paid_house, statement, voters
from venire.cases.pay_policy import PayPolicy
from venire.treasury import actions as treasury

pytestmark = pytest.mark.anyio


def pay_in(house, currency, **more):
    policy = house.court.policy
    changed = msgspec.structs.replace(policy.pay, currency=currency, **more)
    object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, pay=changed))


async def one_of(house):
    cast = await voters(house, await judged(house))
    return next(juror for juror in house.jurors if juror.id in cast)


async def test_what_is_owed_in_a_former_currency_is_shown_asked_for_and_settled(tmp_path):
    async with paid_house(tmp_path, rate=500) as house:
        who = await one_of(house)
        admin = await house.site.member("boss", role="admin")
        pay_in(house, "IDR", digits=0, rate=10_000, budget=1_000_000)
        shown = await statement(who)
        assert (shown["currency"], shown["owed"]) == ("IDR", 0)
        (former,) = shown["former"]
        assert (former["currency"], former["owed"], former["owed_text"]) == ("EUR", 500, "EUR 5.00")
        (month,) = shown["months"]
        assert [one["earned_text"] for one in month["former"]] == ["EUR 5.00"]
        assert month["lines"][0]["amount_text"] == "EUR 5.00"

        nothing = await who.post("/api/v1/jury/payouts")
        assert nothing.json()["code"] == "nothing_owed"
        asked = await who.post("/api/v1/jury/payouts", json={"currency": "EUR"})
        assert (asked.json()["amount_text"], asked.json()["currency"]) == ("EUR 5.00", "EUR")
        taken = await who.post(f"/api/v1/jury/payouts/{asked.json()['id']}/withdraw")
        assert taken.json()["state"] == "withdrawn"
        await house.settle()
        asked = (await who.post("/api/v1/jury/payouts", json={"currency": "EUR"})).json()
        await house.settle()
        (former,) = (await statement(who))["former"]
        assert (former["owed"], former["on_its_way"]) == (0, 500)
        done = {"account_id": str(who.id), "id": asked["id"], "state": "paid"}
        (await admin.post("/api/v1/admin/payouts", json=done)).raise_for_status()
        await house.settle()
        shown = await statement(who)
        assert shown["former"] == []
        assert [one["state"] for one in shown["payouts"]] == ["paid", "withdrawn"]
        assert await treasury.owed(house.world, "EUR", who.id) == 0
        assert (await treasury.audit(house.world)).faults == []


async def test_a_payout_that_was_open_when_the_currency_changed_is_still_settled(tmp_path):
    async with paid_house(tmp_path, rate=500) as house:
        who = await one_of(house)
        admin = await house.site.member("boss", role="admin")
        asked = (await who.post("/api/v1/jury/payouts")).json()
        await house.settle()
        pay_in(house, "IDR", digits=0)
        for name in ("1", str(2**62)):
            done = {"account_id": str(who.id), "id": name, "state": "paid"}
            assert (await admin.post("/api/v1/admin/payouts", json=done)).status_code == 404
        done = {"account_id": str(who.id), "id": asked["id"], "state": "paid"}
        settled = await admin.post("/api/v1/admin/payouts", json=done)
        assert settled.json()["state"] == "paid"


async def test_nobody_withdraws_the_payout_of_another_in_whatever_currency(tmp_path):
    async with paid_house(tmp_path, rate=500) as house:
        who = await one_of(house)
        asked = (await who.post("/api/v1/jury/payouts")).json()
        other = next(juror for juror in house.jurors if juror.id != who.id)
        refused = await other.post(f"/api/v1/jury/payouts/{asked['id']}/withdraw")
        assert refused.status_code == 404


@pytest.mark.parametrize(
    ("currency", "text"),
    [("", "IDR 12345"), ("IDR", "IDR 12345"), ("EUR", "EUR 123.45"), ("JPY", "JPY 12345")],
)
def test_an_amount_is_written_as_its_own_currency_is(currency, text):
    assert PayPolicy(currency="IDR", digits=0).written(12_345, currency) == text
