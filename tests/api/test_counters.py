"""Counters that processes share: what is counted in one is known in the other."""

from __future__ import annotations

import asyncio
import os

import pytest
from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter

from venire.api import counters as shared
from venire.api.counters import SharedCounters
from venire.api.limits import LIMITS, LimitReached, RateLimits
from venire.kernel.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def counters(clock):
    return SharedCounters(clock)


def in_another_process(work) -> None:
    """Run something in a fork of this process, which shares its maps of memory and nothing else."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            asyncio.new_event_loop().run_until_complete(work())
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


async def test_what_is_counted_lapses_at_its_time(counters, clock):
    assert [await counters.incr("a", 60), await counters.incr("a", 60)] == [1, 2]
    assert await counters.get_expiry("a") == clock.now_ms() / 1_000 + 60
    clock.advance(59_999)
    assert await counters.incr("a", 60) == 3
    clock.advance(1)
    assert await counters.get("a") == 0
    assert await counters.incr("a", 60, amount=5) == 5


async def test_keys_do_not_disturb_each_other(counters):
    for n in range(500):
        await counters.incr(f"key {n}", 60, amount=n + 1)
    assert [await counters.get(f"key {n}") for n in range(500)] == list(range(1, 501))
    await counters.clear("key 7")
    assert await counters.get("key 7") == 0
    assert await counters.get("key 8") == 9
    await counters.reset()
    assert await counters.get("key 8") == 0


async def test_a_table_that_is_full_forgets_what_would_lapse_first(counters, monkeypatch):
    monkeypatch.setattr(shared, "_SLOTS", 8)
    for n in range(8):
        await counters.incr(f"key {n}", 60 + n)
    await counters.incr("one more", 10)
    assert await counters.get("one more") == 1
    assert await counters.get("key 0") == 0
    assert [await counters.get(f"key {n}") for n in range(1, 8)] == [1] * 7


async def test_what_is_not_counted_is_cleared_without_harm_to_others(counters, monkeypatch):
    monkeypatch.setattr(shared, "_SLOTS", 8)
    for n in range(8):
        await counters.incr(f"key {n}", 60)
    await counters.clear("nobody")
    assert [await counters.get(f"key {n}") for n in range(8)] == [1] * 8


async def test_another_process_counts_on(counters):
    await counters.incr("a", 60)

    async def work() -> None:
        assert await counters.incr("a", 60) == 2
        await counters.incr("b", 60)

    in_another_process(work)
    assert [await counters.get(key) for key in ("a", "b")] == [2, 1]


async def test_a_limit_holds_over_processes_and_ends_with_its_window(counters, clock):
    shared_limit = LIMITS["report"]
    calls = shared_limit.calls
    mine = RateLimits(counters)

    async def work() -> None:
        theirs = RateLimits(counters)
        for _ in range(calls - 1):
            await theirs.take_key("report", "account:1")

    in_another_process(work)
    headers = await mine.take_key("report", "account:1")
    assert headers["X-RateLimit-Remaining"] == "0"
    with pytest.raises(LimitReached) as refused:
        await mine.take_key("report", "account:1")
    assert refused.value.headers["X-RateLimit-Remaining"] == "0"
    assert (await mine.take_key("report", "account:2"))["X-RateLimit-Remaining"] == str(calls - 1)
    clock.advance(shared_limit.minutes * 60_000)
    await mine.take_key("report", "account:1")


async def test_the_library_that_asks_finds_what_it_needs(counters):
    limiter = FixedWindowRateLimiter(counters)
    item = RateLimitItemPerMinute(2, 1)
    assert [await limiter.hit(item, "x") for _ in range(3)] == [True, True, False]
    assert not await limiter.test(item, "x")
    await limiter.clear(item, "x")
    assert await limiter.test(item, "x")
    assert await counters.check()
