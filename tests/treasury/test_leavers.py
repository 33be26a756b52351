"""Who has left is charged no more, and gets back what was charged after they had gone."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.people.house import Killed, MortalStorage
from tests.treasury.test_memberships import Till
from venire.events import AccountDeleted, PaymentMoved
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.money import Fact, Notice
from venire.kernel.vendors import AccountClosed, Rejected, VendorUnavailable
from venire.people import departures
from venire.storage.tables.payments import ACCOUNT_PAYMENTS, MEMBERSHIPS, PAYMENTS
from venire.storage.timers import Timers
from venire.storage.verbs import Envelope
from venire.treasury import leavers, memberships, payments, webhooks
from venire.treasury.income import Known
from venire.treasury.leavers import ByHand, owed

pytestmark = pytest.mark.anyio


class Leaving(Till):
    """A member who pays, leaves, and is charged all the same."""

    def __init__(self, site, account_id):
        super().__init__(site)
        self.account_id = account_id
        self.told = []
        self.clocks = Timers(
            site.storage, site.clock, {leavers.TIMER: self._settle, memberships.TIMER: self._ask}
        )

    async def _settle(self, key):
        self.told += await leavers.settle(self.world, self.money, key)

    async def _ask(self, key):
        self.told.append(key)

    async def start(self, **more):
        made, _ = await self.begin(account_id=self.account_id, **more)
        return made

    async def leave(self, **how):
        await departures.leave(self.world, self.account_id, **how)
        told = Envelope(1, 1, 1, "account", AccountDeleted(self.account_id))
        await memberships.on_account_deleted(self.world, told)
        self.site.clock.advance(1_000)

    async def erase(self):
        """What the pass over all tables does to the rows of who left."""
        storage = self.site.storage
        for row in await storage.range(ACCOUNT_PAYMENTS, (self.account_id,), limit=100):
            await storage.delete(PAYMENTS, await storage.get(PAYMENTS, (row.payment_id,)))
            await storage.delete(ACCOUNT_PAYMENTS, row)
        member = await self.row()
        if member is not None:
            await storage.delete(MEMBERSHIPS, member)

    async def row(self):
        return await memberships.load(self.world, self.account_id)

    async def fire(self, later_ms=0):
        self.site.clock.advance(later_ms)
        await self.clocks.fire_due()

    async def pay_back(self, reference, number, vendor="a"):
        now_ms = self.site.clock.now_ms()
        fact = Fact("refunded", f"re_{number}", now_ms, "EUR", 500, of=reference)
        notice = Notice(f"evt_r{number}", "r", now_ms, (fact,))
        await webhooks.receive(self.world, vendor, notice, b"{}")
        await self.site.settle()


@pytest.fixture
async def till(site):
    member = await site.member("ayu")
    return Leaving(site, member.id)


async def test_a_subscription_paid_for_after_leaving_is_ended_and_paid_back_once(till):
    made = await till.start()
    await till.leave()
    reference = await till.pay(made, renewal="sub_1")
    row = await till.row()
    assert (row.renews, row.cancelled_at_ms is None) == (False, False), "nobody is asked to go on"
    for _ in range(3):
        await till.fire()
    assert "sub_1" in till.processors["a"].ended
    assert [one[:2] for one in till.processors["a"].refunds] == [(reference, 500)]
    await till.pay_back(reference, 1)
    await till.fire(DAY_MS)
    assert len(till.processors["a"].refunds) == 1
    assert till.told == []
    assert (await till.row()).paid_until_ms == 0


async def test_the_same_webhook_again_and_again_costs_nobody_anything(till):
    made = await till.start()
    await till.leave()
    await till.pay(made, renewal="sub_1")
    known = (await payments.facts(till.world, made.id))[0]
    for count in range(5):
        fact = Fact("paid", known.reference, known.at_ms, "EUR", 500, made.id, renewal="sub_1")
        notice = Notice(f"again_{count}", "paid", known.at_ms, (fact,))
        await webhooks.receive(till.world, "a", notice, b"{}")
        await till.site.settle()
        await till.fire(HOUR_MS)
    assert len(till.processors["a"].refunds) == 1


async def test_what_was_charged_before_is_not_paid_back_but_renews_no_more(till):
    made = await till.start()
    now_ms = till.site.clock.now_ms()
    till.site.clock.advance(1_000)
    await till.leave()
    fact = Fact("paid", "pi_late", now_ms, "EUR", 500, made.id, renewal="sub_1")
    await webhooks.receive(till.world, "a", Notice("late", "paid", now_ms, (fact,)), b"{}")
    await till.site.settle()
    await till.fire()
    assert "sub_1" in till.processors["a"].ended
    assert till.processors["a"].refunds == []
    assert (await till.row()).paid_until_ms > now_ms, "theirs, should they come back"


async def test_a_renewal_charged_though_it_was_ended_is_paid_back(till):
    made = await till.start()
    await till.pay(made, renewal="sub_1")
    till.site.clock.advance(DAY_MS)
    await till.leave()
    again = await till.pay(made, renewal="sub_1")
    await till.fire()
    assert [one[:2] for one in till.processors["a"].refunds] == [(again, 500)]
    await till.pay_back(again, 1)
    await till.fire(1)
    assert len(till.processors["a"].refunds) == 1, "the first month was theirs"


async def test_two_charges_after_leaving_are_both_paid_back_one_after_the_other(till):
    made = await till.start()
    await till.leave()
    first = await till.pay(made, renewal="sub_1")
    till.site.clock.advance(1_000)
    second = await till.pay(made, renewal="sub_1")
    await till.fire()
    await till.pay_back(second, 1)
    await till.fire(1)
    await till.pay_back(first, 2)
    await till.fire(1)
    assert [one[0] for one in till.processors["a"].refunds] == [second, first]


@pytest.mark.parametrize("fault", [VendorUnavailable("down"), AccountClosed("http_401")])
async def test_a_silent_processor_is_asked_until_it_answers(till, fault):
    made = await till.start()
    await till.leave()
    reference = await till.pay(made, renewal="sub_1")
    till.processors["a"].faults = [fault] * 4
    for _ in range(2):
        await till.fire(leavers.RETRY_MS)
    assert till.processors["a"].refunds == []
    await till.fire(leavers.RETRY_MS)
    assert till.processors["a"].ended[-1] == "sub_1"
    assert [one[0] for one in till.processors["a"].refunds] == [reference]
    assert till.told == []


async def test_what_has_to_be_done_by_hand_is_told(till):
    made = await till.start()
    await till.leave()
    await till.pay(made)
    till.processors["a"].faults = [Rejected("refund_by_hand")]
    await till.fire()
    assert till.told == [ByHand("a", made.id)]


async def test_after_a_month_of_silence_a_person_hears_of_it(till):
    made = await till.start()
    await till.leave()
    await till.pay(made, renewal="sub_1")
    till.processors["a"].faults = [VendorUnavailable("down")] * 2
    told = await leavers.settle(till.world, till.money, f"{made.id}:{leavers.RETRIES}")
    assert told == [ByHand("a", made.id)]
    assert all(not key.endswith(":101") for key, _ in await till.timers(leavers.TIMER))


async def test_who_has_come_back_keeps_what_they_paid_for(till):
    made = await till.start()
    await till.leave()
    await till.pay(made)
    assert await departures.come_back(till.world, till.account_id) is not None
    await till.fire()
    assert till.processors["a"].refunds == []
    assert (await till.row()).paid_until_ms > 0


async def test_a_charge_after_the_erasure_is_ended_and_paid_back_though_nobody_is_named(till):
    made = await till.start()
    await till.pay(made, renewal="sub_1")
    await till.leave()
    till.site.clock.advance(30 * DAY_MS)
    await till.erase()
    reference = await till.pay(made, renewal="sub_1")
    await till.fire()
    assert till.processors["a"].ended[-1] == "sub_1"
    assert [one[0] for one in till.processors["a"].refunds] == [reference]
    assert await till.row() is None, "no row of theirs is written anew"


async def test_nothing_is_written_anew_while_somebody_is_being_erased(till):
    made = await till.start()
    await till.leave(returnable=False)
    assert await departures.begin_erasing(till.world, till.account_id)
    await till.pay(made, renewal="sub_1")
    assert await till.row() is None
    await till.fire()
    assert till.processors["a"].ended == ["sub_1"]
    assert len(till.processors["a"].refunds) == 1


async def test_a_donation_that_was_still_open_is_a_gift(till):
    made, _ = await till.begin(period="", amount=1_000, account_id=till.account_id)
    await till.leave()
    await till.pay(made, amount=1_000)
    await till.fire()
    assert till.processors["a"].refunds == []


async def test_who_stays_is_never_touched(till):
    made = await till.start()
    await till.pay(made, renewal="sub_1")
    assert await till.timers(leavers.TIMER) == []
    assert await leavers.settle(till.world, till.money, f"{made.id}:0") == ()
    assert await leavers.settle(till.world, till.money, "7:0") == ()


@pytest.mark.parametrize("after", [False, True])
async def test_killed_anywhere_it_is_ended_and_paid_back_once(site, after):
    """The processor tells it again, the event is heard again, the clock goes off again."""
    for writes in range(40):
        member = await site.member(f"ayu_{writes}_{after}")
        till = Leaving(site, member.id)
        made = await till.start()
        await till.leave()
        now_ms = site.clock.now_ms()
        fact = Fact("paid", f"pi_{made.id}", now_ms, "EUR", 500, made.id, renewal=f"sub_{made.id}")
        notice = Notice(f"evt_{made.id}", "paid", now_ms, (fact,))
        mortal = MortalStorage(site.storage, writes, after=after)
        world = dataclasses.replace(site.world, storage=mortal)
        died = False
        try:
            await webhooks.receive(world, "a", notice, b"{}")
            heard = Envelope(1, 1, now_ms, "payment", PaymentMoved(made.id))
            await webhooks.on_payment_moved(world, heard)
            await memberships.on_payment_moved(world, heard)
            for key, _ in await till.timers(leavers.TIMER):
                till.told += await leavers.settle(world, till.money, key)
        except Killed:
            died = True
        await webhooks.receive(site.world, "a", notice, b"{}")
        await site.settle()
        await till.fire()
        assert f"sub_{made.id}" in till.processors["a"].ended
        assert [one[:2] for one in till.processors["a"].refunds] == [(f"pi_{made.id}", 500)]
        assert (await till.row()).cancelled_at_ms is not None
        if not died:
            assert writes > 3
            return
    pytest.fail("it never came to its end")


_FACTS = st.lists(
    st.builds(
        Known,
        payment_id=st.just(1),
        vendor=st.sampled_from(["a", "b"]),
        kind=st.sampled_from(["paid", "refunded", "disputed", "dispute_lost", "fee", "expired"]),
        reference=st.sampled_from(["x", "y", "z"]),
        ledger=st.just("EUR"),
        purpose=st.just("membership"),
        amount=st.integers(1, 500),
        at_ms=st.integers(0, 100),
        about=st.sampled_from(["", "x", "y", "z"]),
        renewal=st.sampled_from(["", "sub_1", "sub_2"]),
    ),
    max_size=12,
)


@given(_FACTS, st.integers(0, 100))
def test_only_a_charge_that_stands_and_came_later_is_paid_back_and_every_renewal_ends(told, gone):
    wanted = owed(told, gone)
    assert set(wanted.ends) == {(one.vendor, one.renewal) for one in told if one.renewal}
    if wanted.charge is not None:
        assert wanted.charge.kind == "paid"
        assert wanted.charge.at_ms > gone
    assert owed(list(reversed(told)), gone).ends == wanted.ends
