"""Turns between those who read and what is worked off behind them."""

from __future__ import annotations

import asyncio
import time

import pytest

from venire.storage.pace import Pace

pytestmark = pytest.mark.anyio


async def steps_done(pace: Pace, count: int, done: list[float]) -> None:
    for _ in range(count):
        await pace.turn()
        done.append(time.monotonic())


async def test_while_nobody_reads_nothing_waits():
    pace, done = Pace(), []
    began = asyncio.get_running_loop().time()
    await steps_done(pace, 10_000, done)
    assert len(done) == 10_000
    assert asyncio.get_running_loop().time() - began < 5


async def test_among_reads_one_step_goes_after_each():
    pace, done = Pace(), []
    pace.read_answered()
    working = asyncio.create_task(steps_done(pace, 100, done))
    for reads in range(1, 40):
        pace.read_answered()
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(done) <= reads + 1
    assert len(done) >= 30
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_step_that_costs_as_much_as_ten_reads_is_paid_by_the_next():
    pace = Pace()
    pace.read_answered()
    await pace.turn(10)
    following = asyncio.create_task(pace.turn())
    for _ in range(9):
        pace.read_answered()
        for _ in range(4):
            await asyncio.sleep(0)
    assert not following.done()
    for _ in range(3):
        pace.read_answered()
        for _ in range(4):
            await asyncio.sleep(0)
    assert following.done()


async def test_once_reading_ends_what_waits_goes_on_by_itself():
    pace, done = Pace(), []
    pace.read_answered()
    async with asyncio.timeout(10):
        await pace.turn(1_000)
        await steps_done(pace, 500, done)
    assert len(done) == 500


async def test_work_goes_on_however_many_read():
    pace, done = Pace(), []
    reading = True

    async def read() -> None:
        while reading:
            pace.read_answered()
            await asyncio.sleep(0)

    reader = asyncio.create_task(read())
    await pace.turn(100)
    async with asyncio.timeout(20):
        await steps_done(pace, 50, done)
    reading = False
    await reader


@pytest.mark.parametrize("steps", [0.5, 1, 256, 10_000])
async def test_no_debt_holds_anything_up_for_ever(steps):
    pace = Pace()
    pace.read_answered()
    await pace.turn(steps)
    async with asyncio.timeout(5):
        await pace.turn()
