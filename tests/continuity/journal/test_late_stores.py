"""A store that hangs, and takes what it was sent when nobody waits for it any more."""

from __future__ import annotations

import asyncio

import pytest

from tests.continuity.shipping_kit import Moody, caught_up, journal_in, shipping, store
from venire.events import CaseChanged

pytestmark = pytest.mark.anyio


async def commit(world, count=1):
    for _ in range(count):
        await world.storage.commit("case:1", [], [CaseChanged(1)])


async def whole(world, objects):
    """Wait until a store has everything; it is what the host has."""
    await caught_up(world, objects)
    shipped = await journal_in(objects)
    assert shipped == (await world.storage.journal(0, 100_000))[: len(shipped)]


class Late(Moody):
    """What is put while it is `late` is answered to nobody, and is there once it is let in."""

    def __init__(self) -> None:
        super().__init__()
        self.late = False
        self.held = []

    async def put(self, name, content, *, create=False):
        if self.late:
            self.held.append((name, content))
            await asyncio.Event().wait()
        await super().put(name, content, create=create)

    async def let_in(self):
        self.late = False
        for name, content in self.held:
            await self.inner.put(name, content)


async def lag(world, late, other):
    """One store hangs with a segment half sent, while the other goes on without it."""
    await commit(world)
    await caught_up(world, late)
    late.late = True
    for _ in range(12):
        await commit(world, 3)
        await caught_up(world, other)
    async with asyncio.timeout(5):
        while not late.held:  # noqa: ASYNC110 - a store has no event for this
            await asyncio.sleep(0.01)


async def test_what_a_store_took_after_we_had_given_it_up_is_no_other_host(world):
    late, other = Late(), Moody()
    async with shipping(world, store(late), store(other, "second")) as (_, task):
        await lag(world, late, other)
        await late.let_in()
        for _ in range(10):
            await commit(world, 3)
            await asyncio.sleep(0.02)
        await whole(world, late)
        await whole(world, other)
        assert not task.done()


async def test_what_a_store_took_from_us_before_we_were_started_anew_is_no_other_host(world):
    late, other = Late(), Moody()
    async with shipping(world, store(late), store(other, "second")):
        await lag(world, late, other)
    late.late = False
    async with shipping(world, store(late), store(other, "second")) as (_, task):
        await commit(world, 3)
        await whole(world, late)
        await late.let_in()
        for _ in range(10):
            await commit(world, 3)
            await asyncio.sleep(0.02)
        await caught_up(world, late)
        await whole(world, other)
        assert not task.done()
