"""Payouts: what may be asked for, what became of it, and what its states mean for the books."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from venire.events import EntryPosted, PayoutMoved
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.treasury import actions, payouts, store
from venire.treasury.model import MOST, Payout

pytestmark = pytest.mark.anyio


@pytest.fixture
async def earned(site):
    """A site whose juror 7 has earned 100 minor units."""
    await actions.earn(site.world, "EUR", 7, 100, key="ballot:1:1:7")
    await site.settle()
    return site


async def balances(site):
    """What the books say: owed, in transit, paid out of the fund, fees."""
    await site.settle()
    accounts = ("payable:7", "transit", "fund", "fees")
    return tuple([(await actions.balance(site.world, "EUR", name)).balance for name in accounts])


async def desk(site):
    row = await store.desk(site.storage, "EUR", 7)
    return row.taken, row.open_id


async def refused(error, code, asking):
    with pytest.raises(error) as raised:
        await asking
    assert raised.value.code == code
    return raised.value


async def test_who_names_no_amount_is_paid_all_that_is_owed(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    assert asked == Payout(
        ledger="EUR",
        juror_id=7,
        id=asked.id,
        state="asked",
        amount=100,
        fee=0,
        asked_at_ms=earned.clock.now_ms(),
    )
    assert await store.payout(earned.storage, "EUR", 7, asked.id) == asked
    assert await desk(earned) == (100, asked.id)


@pytest.mark.parametrize("amount", [1, 99, 100])
async def test_a_part_may_be_asked_for(earned, amount):
    asked = await payouts.ask(earned.world, "EUR", 7, amount)
    assert (asked.amount, await desk(earned)) == (amount, (amount, asked.id))
    owed, (told,) = await payouts.standing(earned.world, "EUR", 7)
    assert (await balances(earned))[0] == amount - 100
    assert told == asked
    assert owed >= 0


@pytest.mark.parametrize(
    ("amount", "code"), [(0, "nothing_owed"), (-1, "nothing_owed"), (101, "payout_too_large")]
)
async def test_what_cannot_be_paid_is_refused_and_changes_nothing(earned, amount, code):
    error = await refused(Invalid, code, payouts.ask(earned.world, "EUR", 7, amount))
    assert error.data == ({"owed": 100} if code == "payout_too_large" else {})
    assert await desk(earned) == (0, None)


async def test_nothing_is_owed_to_who_has_earned_nothing(earned):
    await refused(Invalid, "nothing_owed", payouts.ask(earned.world, "EUR", 8))
    await refused(Invalid, "nothing_owed", payouts.ask(earned.world, "IDR", 7))
    await refused(Invalid, "nothing_owed", payouts.ask(earned.world, "EUR", 8, 5))


async def test_one_payout_at_a_time(earned):
    asked = await payouts.ask(earned.world, "EUR", 7, 40)
    await refused(Conflict, "payout_open", payouts.ask(earned.world, "EUR", 7, 40))
    await payouts.move(earned.world, "EUR", 7, asked.id, "sent")
    await refused(Conflict, "payout_open", payouts.ask(earned.world, "EUR", 7, 40))
    await payouts.move(earned.world, "EUR", 7, asked.id, "paid")
    again = await payouts.ask(earned.world, "EUR", 7)
    assert (again.amount, await desk(earned)) == (60, (100, again.id))


@pytest.mark.parametrize(
    ("states", "left", "books"),
    [
        (("sent",), (40, True), (-60, -40, 0, 0)),
        (("sent", "paid"), (40, False), (-60, 0, -43, 3)),
        (("paid",), (40, False), (-60, 0, -43, 3)),
        (("sent", "failed"), (0, False), (-100, 0, 0, 0)),
        (("failed",), (0, False), (-100, 0, 0, 0)),
        (("withdrawn",), (0, False), (-100, 0, 0, 0)),
    ],
)
async def test_what_becomes_of_a_payout_is_in_the_books(earned, states, left, books):
    asked = await payouts.ask(earned.world, "EUR", 7, 40)
    for state in states:
        earned.clock.advance(1_000)
        moved = await payouts.move(earned.world, "EUR", 7, asked.id, state, fee=3, said=state)
    taken, open_id = await desk(earned)
    assert (taken, open_id == asked.id) == left
    assert await balances(earned) == books
    over = states[-1] != "sent"
    assert moved == msgspec.structs.replace(
        asked,
        state=states[-1],
        fee=3 if states[-1] == "paid" else 0,
        said=states[-1],
        settled_at_ms=earned.clock.now_ms() if over else None,
    )
    assert (await actions.audit(earned.world)).faults == []


async def test_what_is_noted_twice_is_noted_once(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    first = await payouts.move(earned.world, "EUR", 7, asked.id, "paid", fee=3, said="receipt")
    assert await payouts.move(earned.world, "EUR", 7, asked.id, "paid", fee=9) == first
    await refused(
        Conflict,
        "transition_not_allowed",
        payouts.move(earned.world, "EUR", 7, asked.id, "withdrawn"),
    )
    assert await balances(earned) == (0, 0, -103, 3)


@pytest.mark.parametrize("fee", [-1, MOST + 1])
async def test_a_fee_that_no_reader_keeps_exact_is_refused(earned, fee):
    asked = await payouts.ask(earned.world, "EUR", 7)
    move = payouts.move(earned.world, "EUR", 7, asked.id, "paid", fee=fee)
    await refused(Invalid, "fee_invalid", move)


async def test_a_fee_that_the_books_could_not_take_beside_its_amount_is_refused(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    over = payouts.move(earned.world, "EUR", 7, asked.id, "paid", fee=MOST - 99)
    await refused(Invalid, "fee_invalid", over)
    assert await store.payout(earned.storage, "EUR", 7, asked.id) == asked
    assert await desk(earned) == (100, asked.id)
    await payouts.move(earned.world, "EUR", 7, asked.id, "paid", fee=MOST - 100)
    assert await balances(earned) == (0, 0, -MOST, MOST - 100)
    assert (await actions.audit(earned.world)).faults == []


async def test_the_greatest_fee_is_noted(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    noted = await payouts.move(earned.world, "EUR", 7, asked.id, "sent", fee=MOST)
    assert noted.state == "sent"


async def test_what_nobody_asked_for_is_not_found(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    for juror_id, payout_id in ((7, asked.id + 1), (8, asked.id)):
        move = payouts.move(earned.world, "EUR", juror_id, payout_id, "paid")
        await refused(NotFound, "record_not_found", move)


async def test_of_what_a_payer_says_the_first_500_characters_are_kept(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    moved = await payouts.move(earned.world, "EUR", 7, asked.id, "sent", said="x" * 501)
    assert moved.said == "x" * 500


async def test_each_state_is_posted_for_itself_however_late_it_is_told(earned):
    asked = await payouts.ask(earned.world, "EUR", 7)
    await payouts.move(earned.world, "EUR", 7, asked.id, "sent")
    await payouts.move(earned.world, "EUR", 7, asked.id, "failed")
    told = [
        one for one in await earned.storage.tail(0, 1_000) if isinstance(one.event, PayoutMoved)
    ]
    assert [one.event.state for one in told] == ["asked", "sent", "failed"]
    for envelope in told + told:
        await payouts.on_payout_moved(earned.world, envelope)
    posted = [
        one.event.key
        for one in await earned.storage.tail(0, 1_000)
        if isinstance(one.event, EntryPosted)
    ]
    assert posted == ["ballot:1:1:7", f"payout:{asked.id}:asked", f"payout:{asked.id}:failed"]
    assert await balances(earned) == (-100, 0, 0, 0)


async def test_what_is_told_of_no_payout_posts_nothing(earned):
    await payouts.ask(earned.world, "EUR", 7)
    events = await earned.storage.tail(0, 1_000)
    ours = next(one for one in events if isinstance(one.event, PayoutMoved))
    other = next(one for one in events if not isinstance(one.event, PayoutMoved))
    unknown = msgspec.structs.replace(ours.event, payout_id=1)
    await payouts.on_payout_moved(earned.world, other)
    await payouts.on_payout_moved(earned.world, msgspec.structs.replace(ours, event=unknown))
    assert len(await earned.storage.tail(0, 1_000)) == len(events)


class Busy:
    """Storage on which somebody else was always quicker."""

    def __init__(self, storage, times):
        self.storage, self.times = storage, times

    def __getattr__(self, name):
        return getattr(self.storage, name)

    async def commit(self, *given, **more):
        if self.times:
            self.times -= 1
            raise Conflict("version_moved", "somebody else was quicker")
        return await self.storage.commit(*given, **more)


def busy(site, times):
    return dataclasses.replace(site.world, storage=Busy(site.storage, times))


async def test_who_is_overtaken_tries_again_and_not_for_ever(earned):
    await refused(Conflict, "try_again", payouts.ask(busy(earned, 99), "EUR", 7))
    asked = await payouts.ask(busy(earned, 1), "EUR", 7)
    move = payouts.move(busy(earned, 99), "EUR", 7, asked.id, "sent")
    await refused(Conflict, "try_again", move)
    moved = await payouts.move(busy(earned, 1), "EUR", 7, asked.id, "sent")
    assert (moved.state, await desk(earned)) == ("sent", (100, asked.id))
