"""The books on disk: append-only, once per key, counted again from their entries."""

from __future__ import annotations

import asyncio
import contextlib
import random

import msgspec
import pytest

from venire.kernel.errors import Conflict, Invalid, NotFound, Refused
from venire.storage.tables.treasury import LEDGER_ENTRIES, LEDGER_POSTINGS
from venire.treasury import actions, auditing, ledger, payouts, store, totals

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000


async def everything(site):
    """Every row of entries and postings, as it stands."""
    found = []
    for table in (LEDGER_ENTRIES, LEDGER_POSTINGS):
        cursor = None
        while True:
            rows, cursor = await site.storage.scan(table, cursor)
            found += [(table.name, table.key_of(row), row) for row in rows]
            if cursor is None:
                break
    return sorted(found, key=repr)


async def test_the_same_key_is_one_entry_and_another_under_it_is_refused(site):
    assert await actions.earn(site.world, "EUR", 7, 25, key="ballot:1:1:7")
    before = await everything(site)
    site.clock.advance(DAY_MS)
    assert not await actions.earn(site.world, "EUR", 7, 25, key="ballot:1:1:7")
    with pytest.raises(Refused, match="entry_differs"):
        await actions.earn(site.world, "EUR", 7, 26, key="ballot:1:1:7")
    with pytest.raises(Refused, match="entry_differs"):
        await actions.earn(site.world, "EUR", 8, 25, key="ballot:1:1:7")
    assert await everything(site) == before
    # Another currency has books of its own.
    assert await actions.earn(site.world, "IDR", 7, 25, key="ballot:1:1:7")
    await site.settle()
    assert await actions.owed(site.world, "EUR", 7) == 25
    assert await actions.owed(site.world, "IDR", 7) == 25


async def test_many_who_post_at_once_post_each_key_once(site):
    luck = random.Random(5)
    keys = [(f"ballot:{case}:1:{juror}", juror) for case in range(12) for juror in (3, 4)]
    told = keys * 4
    luck.shuffle(told)
    made = await asyncio.gather(
        *(actions.earn(site.world, "EUR", juror, 10, key=key) for key, juror in told)
    )
    assert sum(made) == len(keys)
    await site.settle()
    assert await actions.owed(site.world, "EUR", 3) == 120
    found = await actions.audit(site.world)
    assert (found.entries, found.faults) == (24, [])
    assert found.balances[("EUR", "service")] == 240


async def test_whatever_is_posted_sums_to_zero_and_changes_no_earlier_row(site):
    luck = random.Random(11)
    before: list[object] = []
    for step in range(120):
        juror, amount = luck.randrange(1, 5), luck.randrange(1, 1_000)
        if luck.random() < 0.2:
            await actions.fund(site.world, luck.choice(["EUR", "IDR"]), amount, key=str(step))
        else:
            key = f"ballot:{luck.randrange(40)}:1:{juror}"
            with contextlib.suppress(Refused):
                await actions.earn(site.world, "EUR", juror, amount, key=key)
        site.clock.advance(luck.randrange(DAY_MS))
        if step % 20 == 0:
            now = await everything(site)
            assert [row for row in now if row in before] == before
            before = now
    await site.settle()
    found = await actions.audit(site.world)
    assert found.faults == []
    assert found.entries > 50
    by_ledger: dict[str, int] = {}
    for (name, _), amount in found.balances.items():
        by_ledger[name] = by_ledger.get(name, 0) + amount
    assert set(by_ledger.values()) == {0}


async def test_sums_told_again_and_in_other_pages_are_the_same(site):
    for number in range(20):
        await actions.earn(site.world, "EUR", 7, number + 1, key=f"ballot:{number}:1:7")
    events = list(await site.storage.tail(0, 1_000))
    for start in range(0, len(events), 7):
        page = events[start : start + 7]
        await totals.count_page(site.world, page, page[-1].sequence)
    whole = await actions.balance(site.world, "EUR", "payable:7")
    assert (whole.credits, whole.entries) == (210, 20)
    await totals.count_page(site.world, events, events[-1].sequence)
    assert await actions.balance(site.world, "EUR", "payable:7") == whole


async def test_the_audit_finds_a_sum_that_is_wrong_and_a_side_of_no_entry(site):
    await actions.earn(site.world, "EUR", 7, 25, key="ballot:1:1:7")
    await site.settle()
    row = await store.month(site.storage, "EUR", "service", ledger.month_of(site.clock.now_ms()))
    await store.put_month(site.storage, msgspec.structs.replace(row, debits=26))
    side = (await site.storage.scan(LEDGER_POSTINGS))[0][0]
    await site.storage.put(LEDGER_POSTINGS, msgspec.structs.replace(side, key="ballot:9:9:9"))
    found = await actions.audit(site.world)
    assert any("service: the sums" in fault for fault in found.faults)
    assert any("a side of no entry" in fault for fault in found.faults)


async def test_the_audit_finds_an_entry_that_does_not_balance_and_one_that_lacks_a_side(site):
    for number in range(3):
        await actions.earn(site.world, "EUR", 7, 25, key=f"ballot:{number}:1:7")
    await site.settle()
    rows = {row.key: row for row in (await site.storage.scan(LEDGER_ENTRIES))[0]}
    forged = rows["ballot:0:1:7"].body.replace(b'"amount":25', b'"amount":90')
    assert forged != rows["ballot:0:1:7"].body
    await site.storage.put(
        LEDGER_ENTRIES, msgspec.structs.replace(rows["ballot:0:1:7"], body=forged)
    )
    nonsense = msgspec.structs.replace(rows["ballot:1:1:7"], body=b"{")
    await site.storage.put(LEDGER_ENTRIES, nonsense)
    sides = (await site.storage.scan(LEDGER_POSTINGS))[0]
    lost = next(row for row in sides if row.key == "ballot:2:1:7" and row.account == "service")
    await site.storage.delete(LEDGER_POSTINGS, lost)
    faults = (await actions.audit(site.world)).faults
    assert "EUR ballot:0:1:7: is no entry that balances" in faults
    assert "EUR ballot:1:1:7: is no entry that balances" in faults
    assert "EUR ballot:2:1:7: the entry lacks a side" in faults


async def test_a_sum_that_is_only_behind_is_no_fault_and_one_for_nothing_is(site):
    await actions.earn(site.world, "EUR", 7, 25, key="ballot:1:1:7")
    await site.settle()
    for number in range(2, 30):
        await actions.earn(site.world, "EUR", 7, number, key=f"ballot:{number}:1:7")
    events = list(await site.storage.tail(0, 1_000))
    at = await site.storage.position(totals.CURSOR)
    waiting = [one for one in events if one.sequence > at]
    assert len(waiting) == 28
    assert (await actions.audit(site.world)).faults == []
    # Killed when one month was counted and the cursor not yet moved.
    service = ledger.month_of(site.clock.now_ms())
    row = await store.month(site.storage, "EUR", "service", service)
    ahead = msgspec.structs.replace(
        row,
        debits=row.debits + sum(range(2, 30)),
        counted_through=waiting[-1].sequence,
    )
    await store.put_month(site.storage, ahead)
    assert (await actions.audit(site.world)).faults == []
    await site.settle()
    assert (await actions.audit(site.world)).faults == []
    nobody = msgspec.structs.replace(row, account="payable:9", juror_id=9, debits=0, credits=5)
    await store.put_month(site.storage, nobody)
    assert (await actions.audit(site.world)).faults == ["EUR payable:9: the sums say otherwise"]


async def test_beside_a_running_site_what_is_posted_meanwhile_is_no_fault(site):
    for number in range(40):
        await actions.earn(site.world, "EUR", 7, 25, key=f"ballot:{number}:1:7")
    await site.settle()

    async def go_on():
        for number in range(40, 80):
            await actions.earn(site.world, "EUR", 7, 25, key=f"ballot:{number}:1:7")

    found, _ = await asyncio.gather(auditing.audit(site.storage), go_on())
    assert found.faults == []
    await site.storage.put(
        LEDGER_POSTINGS,
        msgspec.structs.replace((await site.storage.scan(LEDGER_POSTINGS))[0][0], amount=26),
    )
    await site.settle()
    assert (await auditing.audit(site.storage)).faults


async def test_a_month_is_spent_by_itself(site):
    month = ledger.month_of(site.clock.now_ms())
    await actions.earn(site.world, "EUR", 7, 25, key="ballot:1:1:7")
    site.clock.advance(40 * DAY_MS)
    await actions.earn(site.world, "EUR", 7, 30, key="ballot:2:1:7")
    await site.settle()
    assert await actions.spent(site.world, "EUR", month) == 25
    assert await actions.owed(site.world, "EUR", 7) == 55
    assert len(await store.months(site.storage, "EUR", "payable:7")) == 2


# payouts


async def earned(site, amount=100):
    await actions.earn(site.world, "EUR", 7, amount, key=f"ballot:{amount}:1:7")
    await site.settle()


async def test_a_payout_moves_what_is_owed_into_transit_and_out_of_the_fund(site):
    await actions.fund(site.world, "EUR", 1_000, key="first")
    await earned(site)
    asked = await payouts.ask(site.world, "EUR", 7)
    with pytest.raises(Conflict, match="payout_open"):
        await payouts.ask(site.world, "EUR", 7)
    await site.settle()
    assert await actions.owed(site.world, "EUR", 7) == 0
    assert (await actions.balance(site.world, "EUR", "transit")).balance == -100
    await payouts.move(site.world, "EUR", 7, asked.id, "sent")
    await payouts.move(site.world, "EUR", 7, asked.id, "paid", fee=3, said="receipt 1")
    # Noted twice, as a payer's callback may come twice.
    await payouts.move(site.world, "EUR", 7, asked.id, "paid", fee=9)
    await site.settle()
    found = await actions.audit(site.world)
    assert found.faults == []
    assert found.balances[("EUR", "fund")] == 897
    assert found.balances[("EUR", "fees")] == 3
    assert found.balances[("EUR", "transit")] == 0
    with pytest.raises(Invalid, match="nothing_owed"):
        await payouts.ask(site.world, "EUR", 7)


async def test_what_is_owed_outlives_a_dead_payer(site):
    await earned(site)
    asked = await payouts.ask(site.world, "EUR", 7, 60)
    await payouts.move(site.world, "EUR", 7, asked.id, "sent")
    await site.settle()
    site.clock.advance(400 * DAY_MS)
    # Nobody answers for a year: it is owed all that time, and may be asked for again.
    owed, found = await payouts.standing(site.world, "EUR", 7)
    assert (owed, [one.state for one in found]) == (40, ["sent"])
    await payouts.move(site.world, "EUR", 7, asked.id, "failed", said="the payer is gone")
    await site.settle()
    assert await actions.owed(site.world, "EUR", 7) == 100
    again = await payouts.ask(site.world, "EUR", 7)
    assert again.amount == 100
    await payouts.move(site.world, "EUR", 7, again.id, "withdrawn")
    await site.settle()
    assert await actions.owed(site.world, "EUR", 7) == 100
    assert (await actions.audit(site.world)).faults == []


async def test_nobody_is_paid_twice_however_many_ask_at_once(site):
    await earned(site)
    made = await asyncio.gather(
        *(payouts.ask(site.world, "EUR", 7) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(one, Exception) for one in made) == 1
    await site.settle()
    assert await actions.owed(site.world, "EUR", 7) == 0


async def test_more_than_is_owed_a_strange_payout_and_a_strange_fee_are_refused(site):
    await earned(site)
    with pytest.raises(Invalid, match="payout_too_large"):
        await payouts.ask(site.world, "EUR", 7, 101)
    with pytest.raises(Invalid, match="nothing_owed"):
        await payouts.ask(site.world, "EUR", 7, 0)
    with pytest.raises(Invalid, match="nothing_owed"):
        await payouts.ask(site.world, "EUR", 8)
    with pytest.raises(NotFound):
        await payouts.move(site.world, "EUR", 7, 1, "paid")
    asked = await payouts.ask(site.world, "EUR", 7)
    with pytest.raises(Invalid, match="fee_invalid"):
        await payouts.move(site.world, "EUR", 7, asked.id, "paid", fee=-1)


async def test_more_earned_after_a_payout_can_be_asked_for_and_no_more(site):
    await earned(site)
    first = await payouts.ask(site.world, "EUR", 7)
    await payouts.move(site.world, "EUR", 7, first.id, "paid")
    await earned(site, 30)
    second = await payouts.ask(site.world, "EUR", 7)
    assert second.amount == 30
    await site.settle()
    assert await actions.owed(site.world, "EUR", 7) == 0
