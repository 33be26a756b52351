"""Sums of accounts by month: told in any pages, again, or late, each entry counts once."""

from __future__ import annotations

import msgspec
import pytest

from venire.events import EntryPosted, Event, PayoutMoved
from venire.storage.verbs import Envelope
from venire.treasury import actions, ledger, payouts, store, totals

pytestmark = pytest.mark.anyio

PAYABLE = "payable:7"


@pytest.fixture
async def told(site):
    """Three ballots and a funding, posted and not yet counted: what a subscriber hears."""
    for number, amount in enumerate((25, 30, 5), 1):
        await actions.earn(site.world, "EUR", 7, amount, key=f"ballot:{number}:1:7")
    await actions.fund(site.world, "EUR", 1_000, key="first")
    return list(await site.storage.tail(0, 100))


async def month(site, account=PAYABLE):
    at = ledger.month_of(site.clock.now_ms())
    return await store.month(site.storage, "EUR", account, at)


async def sums(site, account=PAYABLE):
    row = await month(site, account)
    return row.debits, row.credits, row.posted, row.earned


async def test_each_side_of_each_entry_is_counted_on_its_account(site, told):
    await totals.count_page(site.world, told, told[-1].sequence)
    assert await sums(site) == (0, 60, 3, 60)
    assert await sums(site, "service") == (60, 0, 3, 0)
    assert await sums(site, "fund") == (1_000, 0, 1, 0)
    assert await sums(site, "owner") == (0, 1_000, 1, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_pages_of_any_size_make_the_same_sums(site, told, size):
    for start in range(0, len(told), size):
        page = told[start : start + size]
        await totals.count_page(site.world, page, page[-1].sequence)
    assert await sums(site) == (0, 60, 3, 60)
    assert await sums(site, "owner") == (0, 1_000, 1, 0)


async def test_a_page_that_is_told_again_changes_nothing(site, told):
    first = told[:2]
    await totals.count_page(site.world, first, first[-1].sequence)
    await totals.count_page(site.world, first, first[-1].sequence)
    assert await sums(site) == (0, 55, 2, 55)
    # Killed before the cursor was moved: the next page begins with what was counted.
    await totals.count_page(site.world, told, told[-1].sequence)
    assert await sums(site) == (0, 60, 3, 60)


async def test_an_old_page_that_comes_late_takes_nothing_back(site, told):
    await totals.count_page(site.world, told, told[-1].sequence)
    through = (await month(site)).counted_through
    assert through == told[-1].sequence
    await totals.count_page(site.world, told[:1], told[0].sequence)
    assert (await month(site)).counted_through == through
    assert await sums(site) == (0, 60, 3, 60)


async def test_the_cursor_is_where_the_page_ended(site, told):
    await totals.count_page(site.world, told, told[-1].sequence)
    assert await site.storage.position(totals.CURSOR) == told[-1].sequence
    assert ("ledger_totals", (EntryPosted,)) == (totals.CURSOR, totals.HEARS)


async def test_what_is_told_of_no_entry_counts_for_nothing_and_holds_nothing_up(site, told):
    template = next(one for one in told if isinstance(one.event, EntryPosted))
    unknown = msgspec.structs.replace(template.event, key="ballot:9:9:9")
    other = PayoutMoved("EUR", 7, 1, "asked")
    page = [_with(template, unknown), _with(template, other), *told]
    await totals.count_page(site.world, page, told[-1].sequence)
    assert await sums(site) == (0, 60, 3, 60)


def _with(envelope: Envelope, event: Event) -> Envelope:
    return msgspec.structs.replace(envelope, event=event)


async def test_what_only_moves_earned_money_is_not_earned_again(site, told):
    await totals.count_page(site.world, told, told[-1].sequence)
    await payouts.ask(site.world, "EUR", 7, 40)
    await site.settle()
    assert await sums(site) == (40, 60, 4, 60)


async def test_what_is_taken_back_is_earned_no_more(site, told):
    wrong = ledger.ballot("EUR", "ballot:1:1:7", 7, 25, site.clock.now_ms())
    await actions.post(site.world, ledger.corrected(wrong, site.clock.now_ms()))
    await site.settle()
    assert await sums(site) == (25, 60, 4, 35)
    assert told
