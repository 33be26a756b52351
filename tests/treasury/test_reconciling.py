"""The nightly comparison: after any lost, doubled or reordered webhooks the books agree."""

from __future__ import annotations

import random

import msgspec
import pytest

from tests.treasury.vendors import Payer, Processor, money_with
from venire.events import BooksDiffer
from venire.kernel.clock import DAY_MS, HOUR_MS, parse_iso_ms, utc_day
from venire.kernel.money import Fact, Notice
from venire.kernel.vendors import AccountClosed
from venire.treasury import actions, payments, reconciling, webhooks

pytestmark = pytest.mark.anyio


@pytest.fixture
def processor():
    return Processor()


@pytest.fixture
def money(site, processor):
    return money_with(site.world, processors={"a": processor})


async def day_of_payments(site, luck, count):
    """What happened at the processor in a day: payments, refunds, disputes; its own list."""
    listed = []
    for number in range(count):
        made = await payments.start(
            site.world, purpose="donation", ledger="EUR", amount=luck.randrange(100, 1_000)
        )
        site.clock.advance(luck.randrange(60_000))
        now_ms, name = site.clock.now_ms(), f"pi_{number}"
        listed.append(Fact("paid", name, now_ms, "EUR", made.amount, made.id))
        if luck.random() < 0.4:
            part = luck.randrange(1, made.amount)
            kind = luck.choice(["refunded", "disputed", "dispute_won", "dispute_lost"])
            listed.append(Fact(kind, f"x_{number}", now_ms + 5, "EUR", part, of=name))
    return listed


def by_the_list(listed):
    """What the processor owes by its own list."""
    sign = {"paid": 1, "refunded": -1, "disputed": -1, "dispute_won": 0, "dispute_lost": -1}
    return sum(sign[one.kind] * one.amount for one in listed)


async def compared(site, money):
    # The next night, so that yesterday is the day of the payments.
    site.clock.advance(DAY_MS + 4 * HOUR_MS)
    (row,) = await reconciling.compare_due(site.world, money)
    await site.settle()
    return row, msgspec.json.decode(row.differences)


@pytest.mark.parametrize("seed", range(8))
async def test_after_any_lost_doubled_or_reordered_webhooks_the_books_are_the_list(
    site, money, processor, seed
):
    luck = random.Random(seed)
    listed = await day_of_payments(site, luck, 12)
    told = [one for one in listed if luck.random() < 0.6]
    told += luck.choices(told, k=5) if told else []
    luck.shuffle(told)
    for number, fact in enumerate(told):
        notice = Notice(f"evt_{number}", fact.kind, fact.at_ms, (fact,))
        await webhooks.receive(site.world, "a", notice, b"{}")
    await site.settle()
    processor.listed = listed
    row, differences = await compared(site, money)
    assert differences == []
    found = await actions.audit(site.world)
    assert found.faults == []
    assert found.balances[("EUR", "clearing:a")] == by_the_list(listed)
    paid = {one.reference for one in told if one.kind == "paid"}
    # What is about a charge of which nobody told us waits, and is found with it.
    posted = {(one.kind, one.reference) for one in told if not one.of or one.of in paid}
    lost = {(one.kind, one.reference) for one in listed} - posted
    assert row.found == len(lost)
    # Another time nothing is found, and nothing changes.
    again = await reconciling.compare(site.world, money, "a", row.day)
    assert (again.found, again.differences) == (0, b"[]")


async def test_what_the_list_does_not_know_and_what_is_not_ours_is_told_to_an_admin(
    site, money, processor
):
    luck = random.Random(1)
    listed = await day_of_payments(site, luck, 4)
    for number, fact in enumerate(listed):
        notice = Notice(f"evt_{number}", fact.kind, fact.at_ms, (fact,))
        await webhooks.receive(site.world, "a", notice, b"{}")
    await site.settle()
    bent = msgspec.structs.replace(listed[-1], amount=listed[-1].amount + 1)
    strange = Fact("paid", "pi_strange", site.clock.now_ms(), "EUR", 5, payment_id=99)
    processor.listed = [*listed[1:-1], bent, strange]
    row, differences = await compared(site, money)
    assert sorted(one.partition(":")[0] for one in differences) == [
        "another amount",
        "not listed",
        "not ours",
    ]
    events = [envelope.event for envelope in await site.storage.tail(0)]
    assert BooksDiffer("a", row.day) in events
    # A difference changes no entry.
    found = await actions.audit(site.world)
    assert found.balances[("EUR", "clearing:a")] == by_the_list(listed)


async def test_a_processor_that_does_not_answer_is_asked_again_the_next_time(
    site, money, processor
):
    await day_of_payments(site, random.Random(2), 1)
    site.clock.advance(DAY_MS + 4 * HOUR_MS)
    processor.faults = [AccountClosed("account_closed")]
    assert await reconciling.compare_due(site.world, money) == []
    (row,) = await reconciling.compare_due(site.world, money)
    assert await reconciling.compare_due(site.world, money) == []
    assert row.day == utc_day(site.clock.now_ms() - DAY_MS - 2 * HOUR_MS)
    assert [one.day for one in await reconciling.recent(site.world, "a")] == [row.day]


async def test_after_weeks_without_a_comparison_what_happened_in_them_is_found(
    site, money, processor
):
    await reconciling.compare_due(site.world, money)
    site.clock.advance(3 * DAY_MS)
    # The site is down for five weeks; a card is charged meanwhile, and its webhook given up.
    processor.listed = await day_of_payments(site, random.Random(3), 3)
    known = await payments.start(site.world, purpose="donation", ledger="EUR", amount=700)
    fact = Fact("paid", "pi_ours", site.clock.now_ms(), "EUR", 700, known.id)
    await webhooks.receive(site.world, "a", Notice("evt_ours", "paid", fact.at_ms, (fact,)), b"{}")
    site.clock.advance(35 * DAY_MS)
    (row,) = await reconciling.compare_due(site.world, money)
    assert row.found == len(processor.listed)
    # And what is known of those days is looked for in the list.
    assert msgspec.json.decode(row.differences) == ["not listed: paid pi_ours"]
    await site.settle()
    found = await actions.audit(site.world)
    assert found.balances[("EUR", "clearing:a")] == by_the_list(processor.listed) + 700
    assert await reconciling.compare_due(site.world, money) == []


async def test_a_payer_is_compared_over_the_days_that_were_missed(site):
    asked = []

    class Listing(Payer):
        async def since(self, from_ms, cursor=""):
            asked.append(utc_day(from_ms))
            return await super().since(from_ms, cursor)

    money = money_with(site.world, payers={"a": Listing()})
    day = utc_day(site.clock.now_ms())
    site.clock.advance(DAY_MS + 4 * HOUR_MS)
    await reconciling.compare_due(site.world, money)
    site.clock.advance(9 * DAY_MS)
    await reconciling.compare_due(site.world, money)
    assert asked == [utc_day(parse_iso_ms(f"{day}T00:00:00Z") - DAY_MS), day]


async def test_a_list_that_never_ends_is_given_up(site, money, processor, monkeypatch):
    async def endless(from_ms, cursor=""):
        return [], f"{cursor}x"

    monkeypatch.setattr(processor, "since", endless)
    monkeypatch.setattr(reconciling, "PAGES_MOST", 5)
    site.clock.advance(DAY_MS)
    assert await reconciling.compare_due(site.world, money) == []
