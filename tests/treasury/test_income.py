"""What comes in: each fact once, in any order, and the books the same in the end."""

from __future__ import annotations

import itertools
import random

import msgspec
import pytest

from venire.events import PaymentMoved
from venire.kernel.errors import TooLarge
from venire.kernel.money import Fact, Notice
from venire.storage.tables.payments import (
    PAYMENT_DAYS,
    PAYMENT_FACTS,
    WAITING_FACTS,
    WEBHOOKS,
)
from venire.treasury import actions, payments, webhooks

VENDOR = "cards-a"


def facts_of(payment_id: int, at_ms: int) -> list[Fact]:
    """A payment that is paid, paid back in part, disputed twice: won once, lost once."""
    name, ours = f"pi_{payment_id}", payment_id

    def fact(kind, reference, amount, later=0, **more):
        return Fact(kind, f"{reference}_{payment_id}", at_ms + later, "EUR", amount, **more)

    return [
        fact("paid", "pi", 1_000, payment_id=ours, aliases=(f"ch_{payment_id}",)),
        fact("refunded", "re", 300, 1_000, of=name),
        fact("refund_failed", "re", 300, 2_000, of=f"ch_{payment_id}"),
        fact("disputed", "dp", 500, 3_000, of=name),
        fact("dispute_won", "dp", 500, 4_000, of=name),
        fact("dispute_lost", "dq", 200, 5_000, of=name),
    ]


async def begun(site, amount=1_000, **more):
    told = {"purpose": "donation", "ledger": "EUR", "amount": amount, **more}
    return await payments.start(site.world, **told)


async def told(site, fact: Fact, event: str, vendor=VENDOR, raw=b"{}"):
    notice = Notice(event, fact.kind, fact.at_ms, (fact,))
    return await webhooks.receive(site.world, vendor, notice, raw)


async def balances(site) -> dict[str, int]:
    found = await actions.audit(site.world)
    assert found.faults == []
    return {account: one for (ledger, account), one in found.balances.items() if one}


pytestmark = pytest.mark.anyio


async def test_any_order_with_any_repeats_ends_in_the_same_books(site):
    luck = random.Random(3)
    orders = list(itertools.permutations(range(6)))
    wanted = {f"clearing:{VENDOR}": 800, "disputes": 200, "donations": -1_000}
    ends = set()
    for number, order in enumerate(luck.sample(orders, 60)):
        payment = await begun(site)
        facts = facts_of(payment.id, site.clock.now_ms())
        repeated = [*order, *luck.choices(range(6), k=4)]
        for place, which in enumerate(repeated):
            # A repeat comes under its own name or under that of the first delivery.
            event = f"e{number}-{which}" if luck.random() < 0.5 else f"e{number}-{place}-again"
            await told(site, facts[which], event)
            if luck.random() < 0.3:
                site.clock.advance(luck.randrange(10_000))
        await site.settle()
        known = await payments.facts(site.world, payment.id)
        ends.add(frozenset((one.kind, one.reference.split("_")[0], one.amount) for one in known))
    found = await balances(site)
    assert found == {account: amount * 60 for account, amount in wanted.items()}
    assert len(ends) == 1
    assert len(await scanned(site, WAITING_FACTS)) == 0


async def scanned(site, table):
    return (await site.storage.scan(table))[0]


async def test_the_raw_webhook_and_its_posting_are_one_commit(site, monkeypatch):
    payment = await begun(site)
    fact = facts_of(payment.id, site.clock.now_ms())[0]
    commits = []
    whole = site.storage.commit

    async def watched(aggregate, writes, events=(), **more):
        commits.append((aggregate, [write.table.name for write in writes]))
        return await whole(aggregate, writes, events, **more)

    monkeypatch.setattr(site.storage, "commit", watched)
    assert await told(site, fact, "evt_1", raw=b'{"raw": 1}') == "posted"
    ((place, tables),) = commits
    assert place == f"transfer:EUR:payment:{payment.id}:{VENDOR}:paid:pi_{payment.id}"
    assert {"webhooks", "ledger_entries", "payment_facts"} <= set(tables)
    (row,) = await scanned(site, WEBHOOKS)
    assert webhooks.raw_of(row) == b'{"raw": 1}'
    # The same event again is looked up, and nothing is written.
    assert await told(site, fact, "evt_1") == "known"
    assert len(commits) == 1


@pytest.mark.parametrize("cut", [1, 2, 3])
async def test_killed_between_two_postings_of_one_webhook_it_ends_right_when_it_comes_again(
    site, monkeypatch, cut
):
    payment = await begun(site)
    facts = facts_of(payment.id, site.clock.now_ms())
    notice = Notice("evt_9", "several", facts[0].at_ms, (facts[0], facts[5]))
    whole, count = site.storage.commit, 0

    async def dies(aggregate, writes, events=(), **more):
        nonlocal count
        count += 1
        if count == cut:
            raise KeyboardInterrupt
        return await whole(aggregate, writes, events, **more)

    monkeypatch.setattr(site.storage, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        await webhooks.receive(site.world, VENDOR, notice, b"{}")
    monkeypatch.setattr(site.storage, "commit", whole)
    assert await scanned(site, WEBHOOKS) == []
    await webhooks.receive(site.world, VENDOR, notice, b"{}")
    await site.settle()
    assert await balances(site) == {
        f"clearing:{VENDOR}": 800,
        "disputes": 200,
        "donations": -1_000,
    }


async def test_what_says_nothing_about_money_is_kept_and_known_again(site):
    notice = Notice("evt_2", "customer.updated", site.clock.now_ms())
    assert await webhooks.receive(site.world, VENDOR, notice, b"{}") == "nothing"
    assert await webhooks.receive(site.world, VENDOR, notice, b"{}") == "known"
    # Of another processor the same name is another event.
    assert await webhooks.receive(site.world, "other", notice, b"{}") == "nothing"
    assert await balances(site) == {}


async def test_a_payment_that_is_none_of_ours_moves_nothing(site):
    fact = Fact("paid", "pi_x", site.clock.now_ms(), "EUR", 5, payment_id=123)
    assert await told(site, fact, "evt_3") == "nothing"
    assert await balances(site) == {}


async def test_another_amount_under_the_same_name_is_a_difference_and_changes_nothing(site):
    payment = await begun(site)
    fact = facts_of(payment.id, site.clock.now_ms())[0]
    assert await told(site, fact, "evt_4") == "posted"
    bent = Fact("paid", fact.reference, fact.at_ms, "EUR", 999, payment_id=payment.id)
    assert await told(site, bent, "evt_5") == "differs"
    await site.settle()
    assert (await balances(site))[f"clearing:{VENDOR}"] == 1_000


async def test_a_webhook_larger_than_a_commit_is_refused(site):
    noise = random.Random(1).randbytes(webhooks.BODY_BYTES)
    notice = Notice("evt_6", "x", site.clock.now_ms())
    with pytest.raises(TooLarge):
        await webhooks.receive(site.world, VENDOR, notice, noise)
    assert await scanned(site, WEBHOOKS) == []


async def test_a_processors_clock_is_believed_only_between_start_and_now(site):
    payment = await begun(site)
    for number, at_ms in enumerate((0, 1 << 42)):
        fact = Fact("paid", f"pi_{number}", at_ms, "EUR", 1_000, payment_id=payment.id)
        site.clock.advance(5_000)
        await told(site, fact, f"evt_{number}")
    first, second = await payments.facts(site.world, payment.id)
    assert (first.at_ms, second.at_ms) == (payment.started_at_ms, site.clock.now_ms())
    assert all(row.day for row in await scanned(site, PAYMENT_DAYS))


async def test_what_waits_is_posted_even_if_nobody_did_so_when_the_charge_came(site, monkeypatch):
    payment = await begun(site)
    facts = facts_of(payment.id, site.clock.now_ms())
    assert await told(site, facts[1], "evt_a") == "waiting"
    assert await told(site, facts[0], "evt_b") == "posted"
    assert len(await scanned(site, WAITING_FACTS)) == 1
    await site.settle()
    assert await scanned(site, WAITING_FACTS) == []
    assert (await balances(site))["refunds"] == 300


async def test_a_fact_without_its_entry_and_one_that_differs_are_found(site):
    payment = await begun(site)
    facts = facts_of(payment.id, site.clock.now_ms())
    await told(site, facts[0], "evt_1")
    await told(site, facts[1], "evt_2")
    await site.settle()
    rows = await scanned(site, PAYMENT_FACTS)
    paid = next(row for row in rows if row.kind == "paid")
    back = next(row for row in rows if row.kind == "refunded")
    await site.storage.put(PAYMENT_FACTS, msgspec.structs.replace(paid, amount=7))
    await site.storage.put(PAYMENT_FACTS, msgspec.structs.replace(back, key="payment:9"))
    found = await actions.audit(site.world)
    assert sorted(fault.rpartition(": ")[2] for fault in found.faults) == [
        "a fact without its entry",
        "the fact and its entry differ",
    ]


async def test_every_posting_tells_of_its_payment(site):
    payment = await begun(site)
    await told(site, facts_of(payment.id, site.clock.now_ms())[4], "evt_1")
    await told(site, facts_of(payment.id, site.clock.now_ms())[0], "evt_2")
    await site.settle()
    events = [envelope.event for envelope in await site.storage.tail(0)]
    assert events.count(PaymentMoved(payment.id)) == 3
