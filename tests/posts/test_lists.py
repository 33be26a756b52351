"""Lists under crashes and crowds: what the API tests do not reach."""

from __future__ import annotations

import asyncio

import pytest

from venire.kernel.errors import Invalid, NotFound
from venire.posts import lists
from venire.posts.lists import ListChoice
from venire.posts.model import Window
from venire.storage.tables.lists import LISTINGS

pytestmark = pytest.mark.anyio


async def a_full_list(town, size: int) -> tuple[int, int, list[int]]:
    owner = await town.account("owner")
    others = [await town.account(f"one{number}") for number in range(size)]
    for other in others:
        await town.follow(owner, other)
    row = await lists.create_list(town.world, owner, ListChoice(title="Close"))
    await lists.put_on(town.world, owner, row.id, others)
    return owner, row.id, others


async def test_a_long_list_is_filled_and_emptied_in_several_commits(town):
    owner, list_id, others = await a_full_list(town, 95)
    row = await lists.load_list(town.world, owner, list_id)
    assert row.size == 95
    assert await lists.members_of(town.world, list_id) == sorted(others, reverse=True)
    await lists.take_off(town.world, owner, list_id, others[:90])
    assert await lists.members_of(town.world, list_id) == sorted(others[90:], reverse=True)
    assert len((await town.storage.scan(LISTINGS))[0]) == 5
    assert (await lists.load_list(town.world, owner, list_id)).size == 5


async def test_two_who_fill_a_list_at_once_do_not_overfill_it(town, monkeypatch):
    monkeypatch.setattr(lists, "MEMBERS_MOST", 6)
    owner, list_id, _ = await a_full_list(town, 0)
    others = [await town.account(f"late{number}") for number in range(12)]
    for other in others:
        await town.follow(owner, other)
    await asyncio.gather(
        *(lists.put_on(town.world, owner, list_id, [other]) for other in others),
        return_exceptions=True,
    )
    row = await lists.load_list(town.world, owner, list_id)
    assert row.size == len(await lists.members_of(town.world, list_id)) <= 6


async def test_an_unfollow_told_late_ends_nothing_that_began_again(town):
    owner, list_id, (other,) = await a_full_list(town, 1)
    from venire.people import follows

    await follows.unfollow(town.world, owner, other)
    await town.follow(owner, other)
    for envelope in await town.storage.tail(0, 1_000):
        await lists.hear(town.world, envelope)
    assert await lists.members_of(town.world, list_id) == [other]


async def test_nobody_else_reads_or_fills_a_list(town):
    owner, list_id, (other,) = await a_full_list(town, 1)
    with pytest.raises(NotFound):
        await lists.list_page(town.world, other, list_id, Window())
    with pytest.raises(NotFound):
        await lists.put_on(town.world, other, list_id, [owner])
    with pytest.raises(NotFound):
        await lists.take_off(town.world, other, list_id, [other])
    with pytest.raises(Invalid):
        await lists.put_on(town.world, owner, list_id, [other])
