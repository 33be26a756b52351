"""What is due is done: in order, once it is due, again until it succeeds."""

from __future__ import annotations

import asyncio

import pytest

from tests.storage.house import ITEMS, Item
from venire.storage.tables.outbox import TIMERS
from venire.storage.timers import Timers, timer, timer_gone
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio


class Bell:
    """A handler that remembers, and fails where it is told to."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.failing: set[str] = set()
        self.heard = asyncio.Event()

    async def __call__(self, key: str) -> None:
        if key in self.failing:
            raise ValueError(key)
        self.rung.append(key)
        self.heard.set()


@pytest.fixture
def bell():
    return Bell()


@pytest.fixture
def timers(storage, house, bell):
    return Timers(storage, house.clock, {"bell": bell})


async def arm(storage, *timed: tuple[str, int], kind: str = "bell") -> None:
    for key, due_at_ms in timed:
        await storage.commit("owner:1", [timer("owner:1", kind, key, due_at_ms)])


async def test_a_timer_fires_when_it_is_due_and_not_before(storage, house, timers, bell):
    due_at_ms = house.clock.now_ms() + 100
    await arm(storage, ("a", due_at_ms))

    house.clock.advance(99)
    assert await timers.fire_due() == 0
    house.clock.advance(1)
    assert await timers.fire_due() == 1
    assert bell.rung == ["a"]
    assert await timers.fire_due() == 0


async def test_timers_fire_in_the_order_they_are_due(storage, house, timers, bell):
    now_ms = house.clock.now_ms()
    await arm(storage, ("c", now_ms - 1), ("a", now_ms - 3), ("b", now_ms - 2))

    await timers.fire_due()

    assert bell.rung == ["a", "b", "c"]


async def test_a_timer_and_the_row_that_waits_are_one_commit(storage, house, timers, bell):
    due_at_ms = house.clock.now_ms()
    armed = [Put(ITEMS, Item(1, 1, "waits")), timer("owner:1", "bell", "a", due_at_ms)]
    await storage.commit("owner:1", armed)
    done = [Put(ITEMS, Item(1, 1, "done")), timer_gone("owner:1", "bell", "a", due_at_ms)]
    await storage.commit("owner:1", done)

    assert await timers.fire_due() == 0
    assert bell.rung == []


async def test_a_timer_that_fails_stays_and_does_not_stop_the_others(storage, house, timers, bell):
    now_ms = house.clock.now_ms()
    await arm(storage, ("a", now_ms - 2), ("b", now_ms - 1))
    bell.failing = {"a"}

    await timers.fire_due()
    assert bell.rung == ["b"]
    bell.failing = set()
    await timers.fire_due()

    assert bell.rung == ["b", "a"]
    assert await storage.range(TIMERS, (0,)) == []


async def test_a_hundred_failing_timers_do_not_hide_the_next(storage, house, timers, bell):
    now_ms = house.clock.now_ms()
    bad = {f"bad{n:03}" for n in range(120)}
    await arm(storage, *((key, now_ms - 5) for key in bad), ("good", now_ms - 1))
    bell.failing = bad

    assert await timers.fire_due() == 121

    assert bell.rung == ["good"]
    assert len(await storage.range(TIMERS, (0,), limit=500)) == 120


async def test_a_timer_of_an_unknown_kind_waits_for_one_who_knows_it(storage, house, timers, bell):
    await arm(storage, ("a", house.clock.now_ms()), kind="gong")
    await timers.fire_due()
    assert len(await storage.range(TIMERS, (0,))) == 1

    await Timers(storage, house.clock, {"gong": bell}).fire_due()

    assert bell.rung == ["a"]
    assert await storage.range(TIMERS, (0,)) == []


async def test_a_handler_may_arm_the_next_timer(storage, house):
    rung = []

    async def ring(key: str) -> None:
        rung.append(key)
        if int(key) < 3:
            await arm(storage, (str(int(key) + 1), house.clock.now_ms() + 50))

    timers = Timers(storage, house.clock, {"bell": ring})
    await arm(storage, ("1", house.clock.now_ms()))
    for _ in range(4):
        await timers.fire_due()
        house.clock.advance(50)

    assert rung == ["1", "2", "3"]


async def test_timers_survive_a_restart(house, bell):
    first = house.open()
    await arm(first, ("a", house.clock.now_ms() + 50))
    await first.close()
    house.clock.advance(60)

    second = house.open()
    await Timers(second, house.clock, {"bell": bell}).fire_due()
    await second.close()

    assert bell.rung == ["a"]


async def test_running_timers_fire_until_they_are_stopped(storage, house, timers, bell):
    running = asyncio.create_task(timers.run())
    await arm(storage, ("a", house.clock.now_ms()))
    async with asyncio.timeout(5):
        await bell.heard.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
