"""Events reach every subscriber at least once, in order within an aggregate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.storage.house import FEED, ITEMS, FeedItem, Item
from venire.events import AccountCreated, CaseChanged, Followed
from venire.storage.relay import Relay, Subscription
from venire.storage.tables.outbox import PARKED
from venire.storage.verbs import Envelope, Put

pytestmark = pytest.mark.anyio


async def tell(storage, *numbers: int, aggregate: str = "case:1") -> None:
    for number in numbers:
        await storage.commit(aggregate, [], [CaseChanged(number)])


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.002)


class Ear:
    """A handler that remembers, and may be told to be slow or to fail."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.failing: set[int] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, envelope: Envelope) -> None:
        await self.gate.wait()
        assert isinstance(envelope.event, CaseChanged)
        if envelope.event.case_id in self.failing:
            raise ValueError("cannot take " + str(envelope.event.case_id))
        self.heard.append(envelope.event.case_id)


@pytest.fixture
async def relayed(storage):
    """Starts relays and stops them at the end."""
    relays: list[Relay] = []

    def start(*subscriptions: Subscription) -> Relay:
        relay = Relay(storage, subscriptions, pause_s=0.001)
        storage.on_commit(relay.wake)
        relay.start()
        relays.append(relay)
        return relay

    yield start
    for relay in relays:
        await relay.stop()


async def test_a_subscriber_hears_what_was_before_it_and_what_comes_after(storage, relayed):
    ear = Ear()
    await tell(storage, 1, 2)
    relay = relayed(Subscription("ear", ear))
    await until(lambda: len(ear.heard) == 2)
    await tell(storage, 3)

    await until(relay.drained)

    assert ear.heard == [1, 2, 3]


async def test_a_subscriber_hears_only_the_kinds_it_named(storage, relayed):
    heard = []

    async def hear(envelope: Envelope) -> None:
        heard.append(envelope.event)

    relay = relayed(Subscription("ear", hear, hears=(AccountCreated, Followed)))
    await storage.commit("x:1", [], [CaseChanged(1), AccountCreated(2), CaseChanged(3)])
    await storage.commit("x:1", [], [Followed(4, 5)])
    await until(relay.drained)

    assert heard == [AccountCreated(2), Followed(4, 5)]


async def test_events_of_an_aggregate_are_never_heard_side_by_side_nor_out_of_order(
    storage, relayed
):
    running: dict[str, int] = {}
    heard: dict[str, list[int]] = {}

    async def hear(envelope: Envelope) -> None:
        name = envelope.aggregate
        assert not running.get(name)
        running[name] = 1
        # The later ones are the quicker: only waiting for each other keeps them in order.
        await asyncio.sleep(0.003 / (1 + envelope.event.case_id))
        heard.setdefault(name, []).append(envelope.event.case_id)
        running[name] = 0

    relay = relayed(Subscription("ear", hear))
    await asyncio.gather(
        *(tell(storage, *range(20), aggregate=f"case:{case}") for case in range(12))
    )
    await until(relay.drained)

    assert heard == {f"case:{case}": list(range(20)) for case in range(12)}


async def test_aggregates_do_not_wait_for_each_other(storage, relayed):
    gate, heard = asyncio.Event(), []

    async def hear(envelope: Envelope) -> None:
        if envelope.aggregate == "case:slow":
            await gate.wait()
        heard.append(envelope.aggregate)

    await tell(storage, 1, aggregate="case:slow")
    await tell(storage, 1, aggregate="case:quick")
    relayed(Subscription("ear", hear))

    await until(lambda: heard == ["case:quick"])
    gate.set()
    await until(lambda: len(heard) == 2)


async def test_a_slow_subscriber_holds_up_nobody_else(storage, relayed):
    slow, quick = Ear(), Ear()
    slow.gate.clear()
    relay = relayed(Subscription("slow", slow), Subscription("quick", quick))
    await tell(storage, *range(300))

    await until(lambda: len(quick.heard) == 300)
    assert slow.heard == []
    assert not await relay.drained()
    slow.gate.set()
    await until(relay.drained)
    assert slow.heard == list(range(300))


async def test_a_handler_that_stumbles_once_is_asked_again(storage, relayed):
    ear, tries = Ear(), []

    async def hear(envelope: Envelope) -> None:
        tries.append(envelope.event.case_id)
        if len(tries) < 3:
            raise OSError("not now")
        await ear(envelope)

    relay = relayed(Subscription("ear", hear))
    await tell(storage, 1, 2)
    await until(relay.drained)

    assert tries == [1, 1, 1, 2]
    assert ear.heard == [1, 2]
    assert await storage.range(PARKED, ("ear",)) == []


async def test_an_event_that_fails_for_good_is_parked_and_the_rest_goes_on(storage, relayed):
    ear = Ear()
    ear.failing = {2}
    relay = relayed(Subscription("ear", ear))
    await tell(storage, 1, 2, 3)
    await until(relay.drained)

    assert ear.heard == [1, 3]
    [parked] = await storage.range(PARKED, ("ear",))
    assert parked.error == "ValueError: cannot take 2"


async def test_a_parked_event_is_told_again_at_the_next_start(storage, relayed):
    ear = Ear()
    ear.failing = {2, 3}
    relay = relayed(Subscription("ear", ear))
    await tell(storage, 1, 2, 3, 4)
    await until(relay.drained)
    await relay.stop()

    ear.failing = {3}
    again = relayed(Subscription("ear", ear))
    await until(again.drained)

    assert ear.heard == [1, 4, 2]
    [left] = await storage.range(PARKED, ("ear",))
    assert left.error.endswith("cannot take 3")


async def test_a_parked_event_that_cannot_be_read_does_not_silence_its_subscriber(storage, relayed):
    ear = Ear()
    ear.failing = {1}
    relay = relayed(Subscription("ear", ear))
    await tell(storage, 1)
    await until(relay.drained)
    await relay.stop()
    [parked] = await storage.range(PARKED, ("ear",))
    unreadable = type(parked)(parked.subscriber, parked.event_id, b"\xc1", parked.error)
    await storage.put(PARKED, unreadable)

    relayed(Subscription("ear", ear))
    await tell(storage, 5)

    await until(lambda: ear.heard == [5])


async def test_the_cursor_moves_only_when_the_whole_page_is_done(storage, relayed):
    ear = Ear()
    gate = asyncio.Event()

    async def hear(envelope: Envelope) -> None:
        if envelope.aggregate == "case:last":
            await gate.wait()
        await ear(envelope)

    await tell(storage, 1, 2)
    await tell(storage, 3, aggregate="case:last")
    relay = relayed(Subscription("ear", hear))
    await until(lambda: ear.heard == [1, 2])
    assert await storage.position("ear") == 0

    gate.set()
    await until(relay.drained)
    assert await storage.position("ear") == (await storage.tail(0))[-1].sequence


async def test_a_page_that_was_not_finished_is_told_again_after_a_restart(storage, relayed):
    first, second = Ear(), Ear()
    gate = asyncio.Event()

    async def hear(envelope: Envelope) -> None:
        await first(envelope)
        if envelope.event.case_id == 2:
            await gate.wait()

    await tell(storage, 1, 2, 3)
    relay = relayed(Subscription("ear", hear))
    await until(lambda: first.heard == [1, 2])
    await relay.stop()

    again = relayed(Subscription("ear", second))
    await until(again.drained)

    assert second.heard == [1, 2, 3]


async def test_what_was_finished_is_not_told_again_after_a_restart(storage, relayed):
    first, second = Ear(), Ear()
    relay = relayed(Subscription("ear", first))
    await tell(storage, 1, 2)
    await until(relay.drained)
    await until(lambda: _at(storage, "ear", 2))
    await relay.stop()

    again = relayed(Subscription("ear", second))
    await tell(storage, 3)
    await until(again.drained)

    assert (first.heard, second.heard) == ([1, 2], [3])


async def _at(storage, name: str, commits: int) -> bool:
    told = await storage.tail(0)
    return await storage.position(name) == told[commits - 1].sequence


async def test_a_subscriber_that_is_new_hears_everything_there_is(storage, relayed):
    old, new = Ear(), Ear()
    relay = relayed(Subscription("old", old))
    await tell(storage, *range(5))
    await until(relay.drained)
    await relay.stop()

    relayed(Subscription("old", old), Subscription("new", new))

    await until(lambda: new.heard == list(range(5)))


async def test_a_subscriber_of_pages_moves_its_cursor_with_its_rows(storage, relayed):
    async def write(page, position: int) -> None:
        rows = [Put(FEED, FeedItem(1, envelope.event.case_id)) for envelope in page]
        await storage.rebuild("feeds", position, rows)

    relay = relayed(Subscription("feeds", page=write))
    await tell(storage, *range(600))
    await until(relay.drained)

    assert await storage.position("feeds") == (await storage.tail(0, 1000))[-1].sequence
    assert len(await storage.range(FEED, (1,), limit=1000)) == 600


async def test_a_page_that_fails_comes_again_whole(storage, relayed, monkeypatch):
    sleep = asyncio.sleep
    monkeypatch.setattr("venire.storage.relay.asyncio.sleep", lambda _: sleep(0))
    pages = []

    async def write(page, position: int) -> None:
        pages.append([envelope.event.case_id for envelope in page])
        if len(pages) == 1:
            raise OSError("not now")
        await storage.rebuild("feeds", position, [])

    await tell(storage, 1, 2)
    relay = relayed(Subscription("feeds", page=write))
    await until(relay.drained)

    assert pages == [[1, 2], [1, 2]]


async def test_the_commit_of_another_process_is_heard_without_a_wake(house, storage, relayed):
    ear = Ear()
    relayed(Subscription("ear", ear))
    other = house.open(node=1)
    try:
        await asyncio.sleep(0.02)
        await tell(other, 7)
        await until(lambda: ear.heard == [7])
    finally:
        await other.close()


async def test_nothing_is_pruned_that_a_subscriber_has_yet_to_hear(house, storage, relayed):
    stuck, quick = Ear(), Ear()
    stuck.gate.clear()
    relay = relayed(Subscription("stuck", stuck), Subscription("quick", quick))
    await tell(storage, *range(5))
    await until(lambda: len(quick.heard) == 5)
    await storage.rebuild("feeds", 99, [])
    house.clock.advance(10**9)

    assert await storage.prune(house.clock.now_ms()) == 0
    stuck.gate.set()
    await until(relay.drained)
    await until(lambda: _at(storage, "stuck", 5))
    assert stuck.heard == list(range(5))
    assert await storage.prune(house.clock.now_ms()) > 0


async def test_a_commit_whose_caller_went_away_is_still_told(storage, relayed):
    ear = Ear()
    relayed(Subscription("ear", ear))
    caller = asyncio.create_task(
        storage.commit("owner:1", [Put(ITEMS, Item(1, 1))], [CaseChanged(1)])
    )
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)

    await until(lambda: ear.heard == [1])
    assert await storage.get(ITEMS, (1, 1)) is not None
