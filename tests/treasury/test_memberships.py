"""Memberships: ours to remember; a dead processor costs a card entered once more, nothing else."""

from __future__ import annotations

import pytest

from tests.treasury.vendors import PRICES, Processor, money_with
from venire.events import AccountDeleted
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid, Throttled, Unavailable
from venire.kernel.money import Fact, Notice
from venire.kernel.vendors import AccountClosed, Rejected, VendorUnavailable
from venire.storage.tables.outbox import TIMERS
from venire.storage.tables.payments import PAYMENTS
from venire.storage.verbs import Envelope
from venire.treasury import checkouts, memberships, payments, refunding, webhooks
from venire.treasury.membership_rules import (
    later,
    state,
)

pytestmark = pytest.mark.anyio

MEMBER = 42


class Till:
    """A site with processors, and somebody who pays."""

    def __init__(self, site, names=("a", "b")):
        self.site = site
        self.world = site.world
        self.processors = {name: Processor() for name in names}
        self.money = money_with(site.world, processors=self.processors)
        self.count = 0

    async def begin(self, amount=500, period="month", **more):
        told = {
            "purpose": "membership" if period else "donation",
            "currency": "EUR",
            "amount": amount,
            "period": period,
            "account_id": MEMBER if period else None,
            "back": "/membership",
            "language": "en",
        }
        return await checkouts.begin(self.world, self.money, **{**told, **more})

    async def pay(self, made, vendor="a", renewal="", amount=500):
        """The processor says that it was paid, now."""
        self.count += 1
        now_ms = self.site.clock.now_ms()
        reference = f"pi_{self.count}"
        fact = Fact("paid", reference, now_ms, "EUR", amount, made.id, renewal=renewal)
        notice = Notice(f"evt_{self.count}", "paid", now_ms, (fact,))
        await webhooks.receive(self.world, vendor, notice, b"{}")
        await self.site.settle()
        return reference

    async def row(self):
        return await memberships.load(self.world, MEMBER)

    async def timers(self, kind):
        rows = await self.site.storage.range(TIMERS, (0,), limit=100)
        return [(row.key, row.due_at_ms) for row in rows if row.kind == kind]


@pytest.fixture
def till(site):
    return Till(site)


async def test_a_closed_processor_sends_the_checkout_to_the_next_in_the_same_call(till):
    till.processors["a"].faults = [AccountClosed("account_closed")]
    made, checkout = await till.begin()
    assert checkout.url == f"https://pay.test/{made.id}"
    assert [len(one.begun) for one in till.processors.values()] == [0, 1]
    row = await till.site.storage.get(PAYMENTS, (made.id,))
    assert (row.vendor, row.reference, row.account_id) == ("b", f"cs_{made.id}", MEMBER)
    # The closed one is not asked again until a person has looked.
    await till.begin()
    assert [len(one.begun) for one in till.processors.values()] == [0, 2]


async def test_a_processor_that_hangs_is_left_for_the_next(till):
    till.processors["a"].faults = [5.0]
    await till.begin()
    assert [len(one.begun) for one in till.processors.values()] == [0, 1]


async def test_with_nobody_left_it_says_so_and_nothing_is_paid(till):
    for one in till.processors.values():
        one.faults = [VendorUnavailable("down")]
    with pytest.raises(Unavailable, match="payments_unavailable"):
        await till.begin()
    till.processors["a"].faults = [Rejected("card")]
    with pytest.raises(Invalid, match="payment_refused"):
        await till.begin()


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"amount": 499}, Invalid),
        ({"period": "year"}, Invalid),
        ({"currency": "USD"}, Invalid),
        ({"period": "", "amount": 99}, Invalid),
        ({"period": "", "amount": 100_001}, Invalid),
    ],
)
async def test_only_what_has_a_price_can_be_paid_for(till, more, error):
    with pytest.raises(error):
        await till.begin(**more)
    assert all(one.begun == [] for one in till.processors.values())


async def test_who_begins_too_many_payments_has_to_wait(till):
    for _ in range(checkouts.OPEN_MOST):
        await till.begin()
    with pytest.raises(Throttled):
        await till.begin()
    till.site.clock.advance(2 * 3_600_000)
    await till.begin()


async def test_a_membership_follows_from_its_payment_and_is_asked_for_before_it_ends(till):
    made, _ = await till.begin()
    assert await till.row() is None
    await till.pay(made)
    row = await till.row()
    assert row.paid_until_ms == later(till.site.clock.now_ms(), "month")
    assert (row.vendor, row.renews, row.amount, row.period) == ("a", False, 500, "month")
    key = f"{MEMBER}:{row.paid_until_ms}"
    assert await till.timers(memberships.TIMER) == [(key, row.paid_until_ms - 7 * DAY_MS)]
    assert (await memberships.due(till.world, key)).paid_until_ms == row.paid_until_ms
    await memberships.note_asked(till.world, row)
    assert await memberships.due(till.world, key) is None


async def test_a_dead_processor_costs_a_card_entered_once_more_and_no_day_of_membership(till):
    made, _ = await till.begin()
    await till.pay(made, renewal="sub_1")
    first = await till.row()
    assert first.renews
    # The processor is gone: nothing is renewed, what was paid for stays.
    till.site.clock.advance(20 * DAY_MS)
    assert await till.row() == first
    assert state(first.paid_until_ms, 14, till.site.clock.now_ms()) == "active"
    till.site.clock.advance(15 * DAY_MS)
    assert state(first.paid_until_ms, 14, till.site.clock.now_ms()) == "grace"
    key = f"{MEMBER}:{first.paid_until_ms}"
    assert (await memberships.due(till.world, key)).renews
    # The card once more, at the other one: it goes on from now, and the old renewal is ended.
    again, _ = await till.begin()
    await till.pay(again, vendor="b", renewal="sub_2")
    row = await till.row()
    assert row.paid_until_ms == later(till.site.clock.now_ms(), "month")
    assert (row.vendor, row.renews) == ("b", True)
    ((renewal, _),) = await till.timers(memberships.RENEWAL_TIMER)
    till.processors["a"].faults = [AccountClosed("account_closed")]
    await memberships.end_renewal(till.world, till.money, renewal)
    assert till.processors["a"].ended == []
    found = await till.timers(memberships.RENEWAL_TIMER)
    later_key = max(found, key=lambda one: one[1])[0]
    await memberships.end_renewal(till.world, till.money, later_key)
    assert till.processors["a"].ended == ["sub_1"]


async def test_each_renewal_adds_its_month(till):
    made, _ = await till.begin()
    ends = []
    for _ in range(3):
        await till.pay(made, renewal="sub_1")
        ends.append((await till.row()).paid_until_ms)
        till.site.clock.advance(20 * DAY_MS)
    assert ends[1] == later(ends[0], "month")
    assert ends[2] == later(ends[1], "month")


async def test_cancelling_ends_the_renewals_and_keeps_what_is_paid_for(till):
    made, _ = await till.begin()
    await till.pay(made, renewal="sub_1")
    before = await till.row()
    for _ in range(2):
        await memberships.cancel(till.world, MEMBER)
    row = await till.row()
    assert (row.paid_until_ms, row.renews) == (before.paid_until_ms, False)
    ((key, _),) = await till.timers(memberships.RENEWAL_TIMER)
    for _ in range(2):
        await memberships.end_renewal(till.world, till.money, key)
    assert set(till.processors["a"].ended) == {"sub_1"}
    assert await memberships.due(till.world, f"{MEMBER}:{row.paid_until_ms}") is None
    # Whoever pays again wants to go on.
    again, _ = await till.begin()
    await till.pay(again)
    assert (await till.row()).cancelled_at_ms is None


async def test_who_is_charged_after_cancelling_has_it_ended_once_more(till):
    made, _ = await till.begin()
    await till.pay(made, renewal="sub_1")
    await memberships.cancel(till.world, MEMBER)
    till.site.clock.advance(30 * DAY_MS)
    await till.pay(made, renewal="sub_1")
    row = await till.row()
    assert (row.renews, row.cancelled_at_ms is None) == (False, False)
    assert [key for key, _ in await till.timers(memberships.RENEWAL_TIMER)] == [
        f"{MEMBER}:0:a:sub_1"
    ] * 2


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (Rejected("not_found"), []),
        (Rejected("parameter_invalid"), [f"{MEMBER}:1:a:sub_1"]),
        (AccountClosed("http_401"), [f"{MEMBER}:1:a:sub_1"]),
    ],
)
async def test_only_a_renewal_that_is_not_there_counts_as_ended(till, fault, again):
    till.processors["a"].faults = [fault]
    await memberships.end_renewal(till.world, till.money, f"{MEMBER}:0:a:sub_1")
    assert [key for key, _ in await till.timers(memberships.RENEWAL_TIMER)] == again


async def test_whoever_leaves_is_charged_no_more(till):
    made, _ = await till.begin()
    await till.pay(made, renewal="sub_1")
    told = Envelope(1, 1, 1, "account:42", AccountDeleted(MEMBER))
    await memberships.on_account_deleted(till.world, told)
    ((key, _),) = await till.timers(memberships.RENEWAL_TIMER)
    assert key.endswith(":a:sub_1")


async def test_a_refund_takes_the_month_back_and_is_asked_for_once(till):
    made, _ = await till.begin()
    reference = await till.pay(made)
    with pytest.raises(Invalid, match="amount_not_allowed"):
        await refunding.refund(till.world, till.money, made.id, 501)
    for _ in range(2):
        assert await refunding.refund(till.world, till.money, made.id, None) == 500
    assert [one[:2] for one in till.processors["a"].refunds] == [(reference, 500)]
    now_ms = till.site.clock.now_ms()
    fact = Fact("refunded", "re_1", now_ms, "EUR", 500, of=reference)
    await webhooks.receive(till.world, "a", Notice("evt_r", "r", now_ms, (fact,)), b"{}")
    await till.site.settle()
    assert (await till.row()).paid_until_ms == 0
    with pytest.raises(Exception, match="nothing_to_refund"):
        await refunding.refund(till.world, till.money, made.id, None)


async def test_a_refund_that_failed_is_asked_for_under_another_key(till):
    made, _ = await till.begin()
    reference = await till.pay(made)
    await refunding.refund(till.world, till.money, made.id, None)
    now_ms = till.site.clock.now_ms()
    fact = Fact("refund_failed", "re_1", now_ms, "EUR", 500, of=reference)
    await webhooks.receive(till.world, "a", Notice("evt_r", "r", now_ms, (fact,)), b"{}")
    for _ in range(2):
        assert await refunding.refund(till.world, till.money, made.id, None) == 500
    assert [one[:2] for one in till.processors["a"].refunds] == [(reference, 500)] * 2


async def test_a_checkout_that_nobody_pays_is_forgotten_and_a_paid_one_is_not(till):
    left, _ = await till.begin()
    made, _ = await till.begin()
    await till.pay(made)
    till.site.clock.advance(63 * DAY_MS)
    assert await payments.load(till.world, left.id) is None
    assert (await payments.load(till.world, made.id)).account_id == MEMBER
    assert [one.id for one in await payments.of_account(till.world, MEMBER)] == [made.id]


async def test_a_donation_has_no_account_and_makes_no_member(till):
    made, _ = await till.begin(period="", amount=1_000)
    await till.pay(made, amount=1_000)
    assert await till.row() is None
    assert (await payments.load(till.world, made.id)).account_id is None
    assert PRICES.donations


async def test_books_outlive_the_account_and_name_nobody(till):
    made, _ = await till.begin()
    await till.pay(made)
    row = await till.site.storage.get(PAYMENTS, (made.id,))
    await till.site.storage.delete(PAYMENTS, row)
    left = await payments.load(till.world, made.id)
    assert (left.account_id, left.amount, left.ledger) == (None, 500, "EUR")
    # A refund of it is still posted.
    now_ms = till.site.clock.now_ms()
    fact = Fact("refunded", "re_1", now_ms, "EUR", 500, of="pi_1")
    said = await webhooks.receive(till.world, "a", Notice("evt_r", "r", now_ms, (fact,)), b"{}")
    assert said == "posted"


async def test_of_several_months_each_can_be_paid_back_though_another_was(till):
    made, _ = await till.begin()
    first = await till.pay(made, renewal="sub_1")
    till.site.clock.advance(30 * DAY_MS)
    second = await till.pay(made, renewal="sub_1")
    assert await refunding.refund(till.world, till.money, made.id, None) == 500
    now_ms = till.site.clock.now_ms()
    fact = Fact("refunded", "re_1", now_ms, "EUR", 500, of=second)
    await webhooks.receive(till.world, "a", Notice("evt_r", "r", now_ms, (fact,)), b"{}")
    assert await refunding.refund(till.world, till.money, made.id, 200) == 200
    fact = Fact("refunded", "re_2", now_ms, "EUR", 200, of=first)
    await webhooks.receive(till.world, "a", Notice("evt_s", "r", now_ms, (fact,)), b"{}")
    with pytest.raises(Invalid, match="amount_not_allowed"):
        await refunding.refund(till.world, till.money, made.id, 301)
    assert await refunding.refund(till.world, till.money, made.id, None) == 300
    assert [one[:2] for one in till.processors["a"].refunds] == [
        (second, 500),
        (first, 200),
        (first, 300),
    ]
