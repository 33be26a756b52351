"""A membership never ends in silence, and who has left is charged no more: stand-ins over HTTP."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.kit.tills import PRICES, open_tills
from tests.people.house import Killed, MortalStorage
from venire.cases import membership_news
from venire.kernel.clock import DAY_MS, utc_day
from venire.people import departures, letters
from venire.people.letter_words import words_of
from venire.storage.tables.letters import LETTERS, LETTERS_DUE
from venire.treasury import leavers, memberships, payments

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

IDR = {"currency": "IDR", "amount": 5_000_000, "period": "month"}
GRACE_MS = PRICES.grace_days * DAY_MS


@pytest.fixture
async def tills(house):
    object.__setattr__(house.world.site, "letters", True)
    async with open_tills(house) as opened:
        yield opened


async def begun(member):
    made = await member.post("/api/v1/memberships/checkout", json=IDR)
    assert made.status_code == 200, made.text
    return int(made.json()["payment_id"])


async def joined(tills, member, vendor):
    """A member joins by a processor, and the processor says so."""
    if vendor == "cards-b":
        tills.stripe.closed = True
    tills.stripe.now_s = tills.xendit.now_s = tills.house.site.clock.now_ms() // 1_000
    payment_id = await begun(member)
    told = await tills.deliver(vendor, tills.at(vendor).pay(payment_id))
    assert told.json() == {"taken": "posted"}
    await tills.house.settle()
    return payment_id


async def heard(member):
    """What the site has said to somebody, newest first, without marks."""
    found = (await member.get("/api/v1/conversations")).json()
    posts = [one["last_status"] for one in found]
    if not posts:
        return []
    thread = await member.get("/api/v1/notifications?types[]=mention&limit=40")
    return [re.sub(r"<[^>]+>", "", one["status"]["content"]) for one in thread.json()]


async def written(world, account_id):
    """Letters about memberships that wait."""
    due = await world.storage.range(LETTERS_DUE, (0,), limit=100)
    rows = [await world.storage.get(LETTERS, (one.id,)) for one in due]
    kept = [one for one in rows if one is not None]
    return [one for one in kept if (one.kind, one.account_id) == (letters.MEMBERSHIP, account_id)]


async def later(house, until_ms):
    house.site.clock.advance(until_ms - house.site.clock.now_ms())
    await house.settle()


async def test_who_paid_once_is_told_before_at_and_after_the_end_and_by_letter(tills, bob):
    house = tills.house
    await joined(tills, bob, "cards-b")
    row = await memberships.load(house.world, bob.id)
    assert not row.renews
    ends_ms, over_ms = row.paid_until_ms, row.paid_until_ms + GRACE_MS
    assert (await heard(bob), await written(house.world, bob.id)) == ([], [])
    await later(house, ends_ms - 7 * DAY_MS - 1)
    assert await heard(bob) == []
    await later(house, ends_ms - 7 * DAY_MS)
    (said,) = await heard(bob)
    assert "Nothing is charged by itself" in said
    assert f"until {utc_day(ends_ms)}" in said
    assert f"goes on until {utc_day(over_ms)}" in said
    (letter,) = await written(house.world, bob.id)
    login = await letters.load_login(house.world, bob.id)
    link = await letters.link_of(house.world, letter, login)
    assert link.endswith("/membership")
    assert "pay again" in words_of(letter, house.world.site, "bob", link).text
    await later(house, ends_ms)
    assert "It goes on until" in (await heard(bob))[0]
    assert (await bob.get("/api/v1/memberships")).json()["state"] == "grace"
    await later(house, over_ms - 1)
    assert len(await heard(bob)) == 2
    await later(house, over_ms)
    assert "Your membership is over" in (await heard(bob))[0]
    assert (await bob.get("/api/v1/memberships")).json()["state"] == "lapsed"
    assert len(await written(house.world, bob.id)) == 3
    await later(house, over_ms + 60 * DAY_MS)
    assert len(await heard(bob)) == 3


async def test_who_pays_again_in_time_hears_nothing_more_of_the_old_end(tills, bob):
    house = tills.house
    await joined(tills, bob, "cards-b")
    ends_ms = (await memberships.load(house.world, bob.id)).paid_until_ms
    await later(house, ends_ms - 7 * DAY_MS)
    assert len(await heard(bob)) == 1
    await joined(tills, bob, "cards-b")
    await later(house, ends_ms + GRACE_MS)
    assert (await memberships.load(house.world, bob.id)).paid_until_ms > ends_ms + GRACE_MS
    assert len(await heard(bob)) == 1


async def test_one_that_should_have_been_renewed_is_told_a_day_after_and_when_it_is_over(
    tills, bob
):
    house = tills.house
    await joined(tills, bob, "cards-a")
    row = await memberships.load(house.world, bob.id)
    assert row.renews
    await later(house, row.paid_until_ms)
    assert await heard(bob) == []
    await later(house, row.paid_until_ms + DAY_MS)
    assert "was not renewed" in (await heard(bob))[0]
    await later(house, row.paid_until_ms + GRACE_MS)
    assert "Your membership is over" in (await heard(bob))[0]
    assert len(await heard(bob)) == 2


async def test_a_host_that_was_away_says_what_is_so_now_and_once(tills, bob):
    house = tills.house
    await joined(tills, bob, "cards-b")
    row = await memberships.load(house.world, bob.id)
    await later(house, row.paid_until_ms + GRACE_MS + DAY_MS)
    (said,) = await heard(bob)
    assert "Your membership is over" in said
    key = f"{bob.id}:{row.paid_until_ms}"
    for _ in range(2):
        await membership_news.ask_to_pay(house.court, f"{key}:over")
    await house.settle()
    assert len(await heard(bob)) == 1
    assert len(await written(house.world, bob.id)) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_killed_anywhere_a_reminder_is_said_once_and_the_next_one_comes(tills, bob, after):
    house = tills.house
    await joined(tills, bob, "cards-b")
    row = await memberships.load(house.world, bob.id)
    house.site.clock.advance(row.paid_until_ms - 7 * DAY_MS - house.site.clock.now_ms())
    key, court, world = f"{bob.id}:{row.paid_until_ms}", house.court, house.world
    for writes in range(40):
        mortal = MortalStorage(world.storage, writes, after=after)
        object.__setattr__(court, "world", dataclasses.replace(world, storage=mortal))
        try:
            await membership_news.ask_to_pay(court, key)
        except Killed:
            continue
        finally:
            object.__setattr__(court, "world", world)
        break
    assert writes > 3
    await house.settle()
    assert len(await heard(bob)) == 1
    assert len(await written(house.world, bob.id)) == 1
    await later(house, row.paid_until_ms)
    assert len(await heard(bob)) == 2
    await later(house, row.paid_until_ms + GRACE_MS)
    assert "Your membership is over" in (await heard(bob))[0]
    assert len(await heard(bob)) == 3


async def test_who_has_ended_it_is_left_in_peace(tills, bob):
    house = tills.house
    await joined(tills, bob, "cards-a")
    row = await memberships.load(house.world, bob.id)
    await bob.delete("/api/v1/memberships")
    await later(house, row.paid_until_ms + GRACE_MS + DAY_MS)
    assert await heard(bob) == []


async def test_a_webhook_that_comes_after_leaving_ends_the_subscription_and_pays_back(tills, bob):
    house = tills.house
    payment_id = await begun(bob)
    await departures.leave(house.world, bob.id)
    house.site.clock.advance(2_000)
    tills.stripe.now_s = house.site.clock.now_ms() // 1_000
    webhook = tills.stripe.pay(payment_id)
    for _ in range(2):
        await tills.deliver("cards-a", webhook)
        await house.settle()
    assert len(set(tills.stripe.ended)) == 1
    (refund,) = tills.stripe.things["refunds"].values()
    assert refund["amount"] == 5_000_000
    await tills.deliver("cards-a", tills.stripe.give_back(payment_id, 5_000_000))
    await house.settle()
    facts = await payments.facts(house.world, payment_id)
    assert leavers.owed(facts, 0).charge is None, "nothing is left to pay back"
    assert (await memberships.load(house.world, bob.id)).paid_until_ms == 0


async def test_admins_hear_of_what_a_processor_does_not_pay_back(tills, bob, house, monkeypatch):
    chief = await house.site.member("chief", role="admin")
    payment_id = await begun(bob)
    await departures.leave(house.world, bob.id)
    house.site.clock.advance(2_000)
    tills.stripe.now_s = house.site.clock.now_ms() // 1_000
    whole = tills.stripe._answer

    def bent(call):
        return tills.stripe.refusal(400) if call.path == "/v1/refunds" else whole(call)

    monkeypatch.setattr(tills.stripe, "_answer", bent)
    await tills.deliver("cards-a", tills.stripe.pay(payment_id))
    await house.settle()
    await house.settle()
    said = await heard(chief)
    assert len([one for one in said if f"Payment {payment_id} at cards-a" in one]) == 1
